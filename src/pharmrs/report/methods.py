"""The methods text: what was executed, with the settings it was executed with, and nothing else."""

from __future__ import annotations

import importlib.metadata
import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from pharmrs.records.scan import ScanResult
from pharmrs.report.methods_fit import fit_paragraphs
from pharmrs.report.methods_quantification import quantification_paragraphs
from pharmrs.report.references import Citations
from pharmrs.report.summary import rule_counts

if TYPE_CHECKING:
    from pharmrs.records.study import QualityRules, Study

# what the name of a step must contain -> what the step is, and the publication of the method if there is one
_STEP_SENTENCES: tuple[tuple[str, str, str], ...] = (
    (
        "coil",
        "The signals of the receive coils were combined into one, weighted by their sensitivity and noise",
        "coils",
    ),
    ("reject", "Transients that deviated from the others were rejected", "preprocessing"),
    ("align", "Transients were aligned in frequency and phase", "preprocessing"),
    ("averag", "Transients were averaged", ""),
    ("eddy", "Eddy-current distortion was removed by subtracting the phase of a water reference", "eddy"),
    ("residual water", "The residual water signal was modelled by damped exponentials and subtracted", "hsvd"),
)


def methods_text(study: Study, results: Sequence[ScanResult]) -> str:
    """Methods section in Markdown, from the steps, settings and constants found in the results.

    A step, scale or rule that was not executed is not mentioned; one that was executed in some scans only is given
    with the number of scans.
    """
    ordered = sorted(results, key=lambda result: result.files.name)
    cite = Citations()
    sections: list[tuple[str, Iterable[str]]] = [("Data", _data(study, ordered))]
    if ordered:
        sections += [
            ("Preprocessing", _preprocessing(ordered, cite)),
            ("Spectral fitting", fit_paragraphs(ordered, cite)),
            ("Quantification", quantification_paragraphs(study, ordered, cite)),
            ("Quality control", _quality(study.quality, ordered)),
        ]
    parts = [f"## {title}\n\n" + "\n\n".join(paragraphs) for title, paragraphs in sections]
    if cite.listed():
        parts.append("## References\n\n" + "\n".join(f"- {line}" for line in cite.listed()))
    return "\n\n".join(parts) + "\n"


def _data(study: Study, results: Sequence[ScanResult]) -> list[str]:
    version = importlib.metadata.version("pharmrs")
    if not results:
        return [f"No scan of the study could be analysed (pharmrs {version})."]
    subjects = len({result.files.subject for result in results})
    acquisitions = [result.acquisition for result in results]
    nuclei = "/".join(sorted({item.nucleus for item in acquisitions}))
    sequences = ", ".join(sorted({item.sequence for item in acquisitions if item.sequence}))
    facts = [
        _values("spectrometer frequency", (item.spectrometer_frequency_mhz for item in acquisitions), "MHz", 5),
        _values("echo time", (1e3 * item.echo_time_s for item in acquisitions), "ms"),
        _values("mixing time", (1e3 * t for item in acquisitions if (t := item.mixing_time_s) is not None), "ms"),
        _values("repetition time", (1e3 * item.repetition_time_s for item in acquisitions), "ms", 5),
        _values("spectral width", (item.spectral_width_hz for item in acquisitions), "Hz", 5),
        _values("recorded transients", (result.quality.transients for result in results), ""),
    ]
    text = (
        f"{_count(len(results), 'scan')} of {_count(subjects, 'participant')} ({nuclei} spectroscopy"
        f"{', ' + sequences if sequences else ''}; {'; '.join(fact for fact in facts if fact)}) "
        f"{'was' if len(results) == 1 else 'were'} analysed with pharmrs {version}."
    )
    return [text, "Allocation to treatment is not read at this stage."]


def _preprocessing(results: Sequence[ScanResult], cite: Citations) -> list[str]:
    names = dict.fromkeys(step.name for result in results for step in result.preprocessed.steps)
    if not names:
        return ["The spectra were taken as they were, without preprocessing."]
    return [
        "The following steps were executed, in this order.",
        "\n".join(_step(name, results, cite) for name in names),
    ]


def _step(name: str, results: Sequence[ScanResult], cite: Citations) -> str:
    steps = [step for result in results for step in result.preprocessed.steps if step.name == name]
    scans = sum(any(step.name == name for step in result.preprocessed.steps) for result in results)
    known = next((entry for entry in _STEP_SENTENCES if entry[0] in name.casefold()), None)
    sentence = f"**{name}**: "
    if known is None:
        summaries = list(dict.fromkeys(step.summary.rstrip(".") for step in steps))
        sentence += summaries[0] + (" (as in the first scan; numbers differ between scans)" if summaries[1:] else "")
    else:
        sentence += known[1] + (f" {cite.cite(known[2])}" if known[2] else "")
    where = "" if scans == len(results) else f" in {scans} of {_count(len(results), 'scan')}"
    keys = dict.fromkeys(key for step in steps for key in step.numbers)
    numbers = [_spread(key, [step.numbers[key] for step in steps if key in step.numbers]) for key in keys]
    return f"- {sentence}{where}." + (f" Numbers: {'; '.join(numbers)}." if numbers else "")


def _quality(rules: QualityRules, results: Sequence[ScanResult]) -> list[str]:
    counts = rule_counts(results, {key: getattr(rules, key) for key in RULE_TEXT})
    definitions = (
        "Line width is the full width at half maximum of a modelled singlet of the fit. Signal-to-noise ratio is the "
        "highest peak of the data minus the baseline over twice the root mean square of the residual."
    )
    if not counts:
        return [definitions, "No exclusion rule was declared and no value was excluded."]
    lines: list[str] = []
    for count in counts:
        words = RULE_TEXT.get(count.rule, lambda limit, rule=count.rule: f"{rule} (limit {limit:g})")
        target = ""
        if count.rule == "max_crlb_percent" and rules.metabolites:
            target = f" (applied to {', '.join(rules.metabolites)})"
        found = f"{_count(count.scans, 'scan')}, {_count(count.values, 'single value')}"
        lines.append(f"- {words(count.limit)}{target}: {found}.")
    deciders = sorted({item.decided_by for result in results for item in result.exclusions})
    by = [f"Exclusions were decided by: {', '.join(deciders)}."] if deciders else []
    return [definitions, "Exclusion criteria, and what each excluded:", "\n".join(lines), *by]


RULE_TEXT: dict[str, Callable[[float], str]] = {
    "max_line_width_hz": lambda limit: f"line width of the scan above {limit:g} Hz",
    "min_signal_to_noise": lambda limit: f"signal-to-noise ratio of the scan below {limit:g}",
    "max_crlb_percent": lambda limit: f"relative uncertainty (CRLB) of the value above {limit:g} %",
}


def _values(name: str, values: Iterable[float], unit: str, digits: int = 4) -> str:
    """`name value unit`, or the range where scans differ; empty without a value."""
    texts = dict.fromkeys(f"{value:.{digits}g}" for value in sorted(values) if math.isfinite(value))
    if not texts:
        return ""
    ends = list(texts)
    text = ends[0] if len(ends) == 1 else f"{ends[0]} to {ends[-1]}"
    return f"{name} {text} {unit}".strip()


def _spread(name: str, values: Sequence[float]) -> str:
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return f"{name}: not available"
    if min(finite) == max(finite):
        return f"{name}: {finite[0]:.4g}"
    low, middle, high = min(finite), statistics.median(finite), max(finite)
    return f"{name}: median {middle:.3g}, range {low:.3g} to {high:.3g}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
