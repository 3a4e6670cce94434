"""Records survive the way through JSON, and nothing else becomes one."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pharmrs.core.files.record_json import NotARecord, from_json, to_json
from pharmrs.core.records.arrays import ComplexArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    number: float
    count: int
    yes: bool
    maybe: float | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    inner: tuple[Inner, ...]
    pair: tuple[str, float]
    named: dict[str, float]
    raw: bytes
    signal: ComplexArray


def through(value: Outer) -> Outer:
    return from_json(Outer, json.loads(json.dumps(to_json(value))))


numbers = st.floats(allow_nan=False)
inners = st.builds(
    Inner, number=numbers, count=st.integers(), yes=st.booleans(), maybe=st.none() | numbers, text=st.text()
)


@given(
    inner=st.lists(inners, max_size=3),
    pair=st.tuples(st.text(), numbers),
    named=st.dictionaries(st.text(), numbers, max_size=3),
    raw=st.binary(),
    signal=st.lists(st.complex_numbers(allow_nan=False), max_size=5),
)
def test_everything_comes_back(
    inner: list[Inner], pair: tuple[str, float], named: dict[str, float], raw: bytes, signal: list[complex]
) -> None:
    """Exactly: Python writes floats with as many digits as they need, arrays go as bytes."""
    value = Outer(inner=tuple(inner), pair=pair, named=named, raw=raw, signal=np.array(signal, dtype=np.complex128))
    found = through(value)
    assert (found.inner, found.pair, found.named, found.raw) == (value.inner, value.pair, value.named, value.raw)
    np.testing.assert_array_equal(found.signal, value.signal)
    assert found.signal.dtype == np.complex128


def test_not_a_number_and_numbers_of_numpy() -> None:
    given_inner = Inner(number=np.float64(math.nan), count=3, yes=np.bool_(True), maybe=math.inf, text="")  # type: ignore[arg-type]
    inner = from_json(Inner, json.loads(json.dumps(to_json(given_inner))))
    assert math.isnan(inner.number) and inner.maybe == math.inf and inner.yes is True


GOOD = {"number": 1.5, "count": 2, "yes": True, "maybe": None, "text": "a"}


@pytest.mark.parametrize(
    "change",
    [
        {"number": "1.5"},
        {"number": True},
        {"count": 2.5},
        {"yes": 1},
        {"text": None},
        {"more": 1},
        {"maybe": [1.0]},
        {"maybe": {"__reduce__": "os.system"}},
    ],
)
def test_other_forms_are_refused(change: dict[str, object]) -> None:
    assert from_json(Inner, GOOD).count == 2
    with pytest.raises(NotARecord):
        from_json(Inner, GOOD | change)


@pytest.mark.parametrize("content", [None, [], "text", 3, {}, {"number": 1.0}])
def test_what_is_no_record_at_all(content: object) -> None:
    with pytest.raises(NotARecord):
        from_json(Inner, content)


@pytest.mark.parametrize(
    "array",
    [
        {"dtype": "|O", "shape": [1], "data": "AAAAAAAAAAA="},
        {"dtype": "<f8", "shape": [2], "data": "AAAAAAAAAAA="},
        {"dtype": "<f8", "shape": [1], "data": "not base64!"},
        {"dtype": "nonsense", "shape": [1], "data": ""},
    ],
)
def test_arrays_that_are_none(array: dict[str, object]) -> None:
    outer = {"inner": [], "pair": ["a", 1.0], "named": {}, "raw": "", "signal": array}
    with pytest.raises(NotARecord):
        from_json(Outer, outer)
