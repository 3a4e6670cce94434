"""Methods text: the steps of the preprocessing, in the words in which each step reported what it did."""

from __future__ import annotations

import math
import re
import statistics
from collections.abc import Sequence

from pharmrs.core.report.numbers import count_text
from pharmrs.core.report.references import Citations
from pharmrs.spectra.records.preprocessing import PreprocessingStep
from pharmrs.spectra.records.scan import ScanResult

# a method named in the summary of a step -> its publication
_METHODS = {
    "whitened": "coils",
    "spectral registration": "registration",
    "Klose": "eddy",
    "HSVD": "hsvd",
}
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MEMBERS = re.compile(r"\s*\(numbers? [\d, ]+\)")  # which transients: a detail of one scan


def preprocessing_paragraphs(results: Sequence[ScanResult], cite: Citations) -> list[str]:
    """The executed steps in order; scans that report a step in other words are told apart, with their number."""
    groups: dict[tuple[str, str], list[PreprocessingStep]] = {}
    order = dict.fromkeys(step.name for result in results for step in result.preprocessed.steps)
    for result in results:
        for step in result.preprocessed.steps:
            groups.setdefault((step.name, _pattern(step.summary)), []).append(step)
    if not groups:
        return ["The spectra were taken as they were, without preprocessing."]
    places = {name: position for position, name in enumerate(order)}
    lines = [_line(groups[key], len(results), cite) for key in sorted(groups, key=lambda key: places[key[0]])]
    return ["The following steps were executed, in this order.", "\n".join(lines)]


def _line(steps: Sequence[PreprocessingStep], scans: int, cite: Citations) -> str:
    text = _merged([step.summary for step in steps])
    for word, key in _METHODS.items():
        if word in text:
            name = cite.name(key)
            text += "" if name in text else f" ({name})"
    where = "" if len(steps) == scans else f" in {len(steps)} of {count_text(scans, 'scan')}"
    keys = dict.fromkeys(key for step in steps for key in step.numbers)
    numbers = [_spread(key, [step.numbers[key] for step in steps if key in step.numbers]) for key in keys]
    return f"- **{steps[0].name}**: {text}{where}." + (f" Over scans: {'; '.join(numbers)}." if numbers else "")


def _plain(summary: str) -> str:
    return _MEMBERS.sub("", summary).strip().rstrip(".")


def _pattern(summary: str) -> str:
    return _NUMBER.sub("#", _plain(summary))


def _merged(summaries: Sequence[str]) -> str:
    """One text for summaries that differ in their numbers only: the range where a number differs."""
    texts = [_plain(summary) for summary in summaries]
    columns = zip(*(_NUMBER.findall(text) for text in texts), strict=True)
    ranges = [_range(column) for column in columns]
    fill = iter(ranges)
    merged = _NUMBER.sub(lambda _: next(fill), texts[0])
    return merged[:1].upper() + merged[1:]


def _range(numbers: Sequence[str]) -> str:
    low, high = min(numbers, key=float), max(numbers, key=float)
    return low if float(low) == float(high) else f"{low} to {high}"


def _spread(name: str, values: Sequence[float]) -> str:
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return f"{name}: not available"
    low, middle, high = (f"{value:.3g}" for value in (min(finite), statistics.median(finite), max(finite)))
    if low == high:
        return f"{name}: {middle}"
    return f"{name}: median {middle}, range {low} to {high}"
