"""The page of the reproduction: every quoted value is met, and the page in the documents is the computed one."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.reproduction import CONTRADICTED, DIFFERS, SAME, as_printed, lines, page
from benchmarks.reproduction_values import surrogate_chain

from pharmrs.trial.records.analysis_result import ReferenceChain


@pytest.fixture(scope="module")
def chain() -> ReferenceChain:
    return surrogate_chain()


def test_every_quoted_value_is_met(chain: ReferenceChain) -> None:
    found = lines(chain)
    assert [line for line in found if line.verdict == DIFFERS] == []
    assert sum(line.verdict == SAME for line in found) >= 31
    assert [line.key for line in found if line.verdict == CONTRADICTED] == ["main.intercept.t", "main.glu.se"]


def test_the_page_of_the_documents_is_the_computed_one(chain: ReferenceChain) -> None:
    written = Path(__file__).parents[2] / "docs" / "reproduction.md"
    assert written.read_text(encoding="utf-8") == page(chain), "run `make reproduction`"


@pytest.mark.parametrize(
    ("value", "decimals", "text"), [(0.0497, 4, ".0497"), (-0.29, 2, "-.29"), (26.0, 0, "26"), (-1.011, 2, "-1.01")]
)
def test_as_printed(value: float, decimals: int, text: str) -> None:
    assert as_printed(value, decimals) == text
