"""The methods text: what was executed, with the settings it was executed with, and nothing else."""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from pharmrs.core.report.numbers import count_text
from pharmrs.core.report.references import Citations
from pharmrs.core.report.section import MethodsPart
from pharmrs.core.unit import Within, unbounded
from pharmrs.spectra.records.rules import rule_sentence
from pharmrs.spectra.records.scan import ScanResult, ScanValues
from pharmrs.spectra.report.methods_basis import basis_paragraphs
from pharmrs.spectra.report.methods_fit import fit_paragraphs
from pharmrs.spectra.report.methods_preprocessing import preprocessing_paragraphs
from pharmrs.spectra.report.methods_quantification import quantification_paragraphs
from pharmrs.spectra.report.summary import rule_counts

if TYPE_CHECKING:
    from pharmrs.spectra.records.declared import QualityRules
    from pharmrs.study.declared import Study


def methods_text(
    study: Study, results: Sequence[ScanValues], further: Sequence[MethodsPart] = (), within: Within = unbounded
) -> str:
    """Methods section in Markdown, from the steps, settings and constants found in the results.

    `further`: parts of the stages after the scans, in their order. `within`: the boundary of each of these.

    A step, scale or rule that was not executed is not mentioned; one that was executed in some scans only is given
    with the number of scans.
    """
    ordered = sorted(results, key=lambda result: result.files.name)
    cite = Citations()
    ours = [result for result in ordered if isinstance(result, ScanResult)]
    sections: list[tuple[str, Iterable[str]]] = [("Data", _data(ours, study))]
    if ours and study.basis is not None:
        sections += [
            ("Preprocessing", preprocessing_paragraphs(ours, cite)),
            ("Spectral fitting", [*basis_paragraphs(study.basis, cite), *fit_paragraphs(ours, cite)]),
        ]
    if ordered:
        sections += [
            ("Quantification", quantification_paragraphs(study, ordered, cite)),
            ("Quality control", _quality(study.quality, ordered)),
        ]
    for part in further:
        paragraphs = within(partial(part.write, cite), part.title, "methods text")
        sections += [(part.title, paragraphs)] if paragraphs is not None else []
    parts = [f"## {title}\n\n" + "\n\n".join(paragraphs) for title, paragraphs in sections]
    if cite.listed():
        parts.append("## References\n\n" + "\n".join(f"- {line}" for line in cite.listed()))
    return "\n\n".join(parts) + "\n"


def _data(results: Sequence[ScanResult], study: Study) -> list[str]:
    version = importlib.metadata.version("pharmrs")
    if study.basis is None:
        return [f"The study was analysed with pharmrs {version}; no spectrum was fitted by it."]
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
        _values("recorded transients", (result.quality.transients or 0 for result in results), ""),
    ]
    text = (
        f"{count_text(len(results), 'scan')} of {count_text(subjects, 'participant')} ({nuclei} spectroscopy"
        f"{', ' + sequences if sequences else ''}; {'; '.join(fact for fact in facts if fact)}) "
        f"{'was' if len(results) == 1 else 'were'} analysed with pharmrs {version}."
    )
    return [text, "Allocation to treatment is not read at this stage."]


def _quality(rules: QualityRules, results: Sequence[ScanValues]) -> list[str]:
    counts = rule_counts(results, rules.limits())
    definitions = (
        "Line width is the full width at half maximum of a modelled singlet of the fit. Signal-to-noise ratio is the "
        "highest peak of the data minus the baseline over twice the root mean square of the residual."
    )
    ours = any(isinstance(result, ScanResult) for result in results)
    said = [definitions] if ours else []
    if not counts:
        return [*said, "No exclusion rule was declared and no value was excluded."]
    lines: list[str] = []
    for item in counts:
        target = f" (applied to {', '.join(rules.metabolites)})" if _is_restricted(item.rule, rules) else ""
        found = f"{count_text(item.scans, 'scan')}, {count_text(item.values, 'single value')}"
        lines.append(f"- {rule_sentence(item.rule, item.limit)}{target}: {found}.")
    deciders = sorted({item.decided_by for result in results for item in result.exclusions})
    by = [f"Exclusions were decided by: {', '.join(deciders)}."] if deciders else []
    return [*said, "Exclusion criteria, and what each excluded:", "\n".join(lines), *by]


def _is_restricted(rule: str, rules: QualityRules) -> bool:
    return rule == "max_crlb_percent" and bool(rules.metabolites)


def _values(name: str, values: Iterable[float], unit: str, digits: int = 4) -> str:
    """`name value unit`, or the range where scans differ; empty without a value."""
    texts = dict.fromkeys(f"{value:.{digits}g}" for value in sorted(values) if math.isfinite(value))
    if not texts:
        return ""
    ends = list(texts)
    text = ends[0] if len(ends) == 1 else f"{ends[0]} to {ends[-1]}"
    return f"{name} {text} {unit}".strip()
