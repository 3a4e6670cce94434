"""`python -m benchmarks.reproduction [--write PAGE]`: the reference paper's values beside ours, with a verdict each."""

from __future__ import annotations

import argparse
import csv
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.reproduction_values import surrogate_chain, values
from pharmrs.trial.records.analysis_result import ReferenceChain
from pharmrs.trial.tests.spearman import as89_p

PRINTED = Path(__file__).with_name("printed_values.tsv")
MISPRINT = "misprint"
_OWN_DECIMALS = 5
SAME, DIFFERS, NOT_QUOTED, CONTRADICTED = "same", "DIFFERS", "not quoted", "misprint in the paper"

_PAGE = Path(__file__).with_name("reproduction_page.md")  # prose with a place for every number


@dataclass(frozen=True, slots=True)
class Line:
    """One printed value, ours at the same decimals, and what the comparison says."""

    key: str
    quantity: str
    paper: str
    ours: str
    verdict: str


def lines(chain: ReferenceChain) -> list[Line]:
    """Every line of printed_values.tsv with our value."""
    computed = values(chain)
    with PRINTED.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    return [_line(row["key"], row["quantity"], row["printed"] or "", computed[row["key"]]) for row in rows]


def _line(key: str, quantity: str, printed: str, value: float) -> Line:
    if printed in ("", MISPRINT):
        verdict = CONTRADICTED if printed else NOT_QUOTED
        return Line(key, quantity, "", as_printed(value, _OWN_DECIMALS), verdict)
    ours = as_printed(value, len(printed.partition(".")[2]))
    return Line(key, quantity, printed, ours, SAME if ours == printed else DIFFERS)


def as_printed(value: float, decimals: int) -> str:
    """`value` with the given decimals and, as the paper prints, no zero before the point."""
    text = f"{value:.{decimals}f}"
    sign, digits = ("-", text[1:]) if text.startswith("-") else ("", text)
    return sign + (digits[1:] if digits.startswith("0.") else digits)


def page(chain: ReferenceChain) -> str:
    """The whole page in Markdown."""
    found = lines(chain)
    quoted = [line for line in found if line.paper]
    agree = sum(line.verdict == SAME for line in quoted)
    table = ["| quantity | paper | ours | verdict |", "|---|---:|---:|---|"]
    table += [f"| {line.quantity} | {line.paper or '–'} | {line.ours} | {line.verdict} |" for line in found]
    model, changes, levels = chain.model, chain.changes, chain.levels
    assert model is not None and changes is not None and levels is not None
    summary = f"{agree} of {len(quoted)} quoted values are the same at printed precision; n = {model.n} pairs of "
    summary += f"{model.subjects} participants (20 placebo, 26 ketamine)."
    computed = values(chain)
    rows = {
        f"{term}_{name}": computed[f"main.{term}.{name}"]
        for term in ("intercept", "glu")
        for name in ("beta", "se", "t", "p")
    }
    (pearson,) = [test for test in chain.correlations if (test.family, test.group) == ("pearson", "ketamine")]
    (everyone,) = [test for test in chain.oldham if test.group == "all treatments"]
    units = ["| BDNF multiplied by | β of the interaction | p |", "|---:|---:|---:|"]
    units += [f"| {item.factor:g} | {item.estimate:.3f} | {item.p:.4f} |" for item in chain.unit_changes]
    return _PAGE.read_text(encoding="utf-8").format(
        summary=summary, table="\n".join(table), samples=levels.samples, shift=levels.shift, r=pearson.estimate,
        oldham_all=everyone.estimate, oldham_all_p=everyone.p, units="\n".join(units),
        as89_even=as89_p(1 - 6 * 1716 / (20**3 - 20), 20), **rows,
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reproduction", description=__doc__)
    parser.add_argument("--write", type=Path, help="page to write, e.g. docs/reproduction.md")
    arguments = parser.parse_args()
    chain = surrogate_chain()
    text = page(chain)
    if arguments.write:
        arguments.write.write_text(text, encoding="utf-8")
    else:
        print(text)
    return int(any(line.verdict == DIFFERS for line in lines(chain)))


if __name__ == "__main__":
    sys.exit(main())
