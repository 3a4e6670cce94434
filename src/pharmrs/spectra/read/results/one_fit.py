"""The files that a program leaves of one fit: which hold results, and several that do as one result."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pharmrs.core.errors import InputProblem
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.read.results.osprey import BESIDE, kind_of
from pharmrs.spectra.records.foreign import ForeignResult, ForeignValue

_BETTER_FIRST = (".table", ".coord", ".print", ".csv")  # of one fit by LCModel
_NOT_RESULTS = (
    ".json", ".ps", ".pdf", ".png", ".svg", ".html", ".raw", ".h2o", ".control", ".basis", ".nii", ".gz", ".rds",
    ".rmd", ".mat",
)  # fmt: skip
# of Osprey, of a run of ours, of FSL-MRS, of spant
_BESIDE = frozenset({
    *BESIDE, "quality.tsv", "qc.csv", "all_parameters.csv", "all_samples.csv", "concentration_samples.csv",
    "options.txt", "fit_plot_data.csv",
})  # fmt: skip
_ALIKE = 0.01  # several files about one fit may differ by their digits


def may_hold_results(path: Path) -> bool:
    """Whether it is none of the files that a program leaves beside its results."""
    return path.suffix.lower() not in _NOT_RESULTS and path.name not in _BESIDE and kind_of(path) != "crlb"


def joined(results: Sequence[ForeignResult], problems: Problems) -> ForeignResult | None:
    """Several files of one tool about one scan (LCModel's .table and .coord, Osprey's scales) as one result.

    None, with the reason in `problems`, where they cannot be of one fit.
    """
    ordered = sorted(results, key=lambda one: (_rank(one), one.file))
    first = ordered[0]
    values: dict[tuple[str, str], ForeignValue] = {}
    for one in ordered:
        wrong = "" if one.tool == first.tool else f"{first.tool} and {one.tool}"
        for value in one.values:
            former = values.setdefault((value.metabolite, value.scale), value)
            if abs(former.value - value.value) > _ALIKE * abs(former.value) + 1e-3:
                wrong = wrong or f"{value.printed} {former.value:g} and {value.value:g}"
        if wrong:
            rule = "files about one scan must be of one fit"
            found = f"{wrong} in {Path(first.file).name} and {Path(one.file).name}"
            remedy = "keep one of them, or correct names or map: they may be of different scans"
            problems.found.append(InputProblem(file=one.file, field="scan", rule=rule, value=found, remedy=remedy))
            return None
    return replace(
        first,
        values=tuple(values.values()),
        signal_to_noise=_first_number([one.signal_to_noise for one in ordered]),
        line_width_hz=_first_number([one.line_width_hz for one in ordered]),
        notes=tuple(dict.fromkeys(note for one in ordered[:1] or ordered for note in one.notes)),
        curves=next((one.curves for one in ordered if one.curves is not None), None),
        stated={name: value for one in reversed(ordered) for name, value in one.stated.items()},
    )


def _rank(result: ForeignResult) -> int:
    suffix = Path(result.file).suffix.lower()
    return _BETTER_FIRST.index(suffix) if suffix in _BETTER_FIRST else 0


def _first_number(values: Sequence[float]) -> float:
    return next((value for value in values if math.isfinite(value)), math.nan)
