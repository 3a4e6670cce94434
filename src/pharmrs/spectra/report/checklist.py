"""The checklist of minimum reporting standards for in vivo spectroscopy (MRSinMRS), filled in from what was done.

Items: Lin et al. 2021, NMR Biomed 34:e4484, doi:10.1002/nbm.4484, table 1.
"""

from __future__ import annotations

import importlib.metadata
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.records.columns import Column
from pharmrs.core.report.section import Section, render_section
from pharmrs.core.report.tables import Table
from pharmrs.core.report.view_tables import CellView, TableView
from pharmrs.spectra.records.acquisition import NO_PLACE, Acquisition
from pharmrs.spectra.records.editing import Editing
from pharmrs.spectra.records.rules import rule_sentence
from pharmrs.spectra.records.scan import ForeignValues, ScanResult

if TYPE_CHECKING:
    from pharmrs.spectra.records.declared import SpectraPlan

COMPUTED, HEADER, DECLARED, NOT_REPORTED = "computed", "header", "study.yaml", "missing"
COLUMNS = {
    "section": Column("Section of the checklist."),
    "item": Column("What has to be reported."),
    "value": Column("What is reported; n/a where it is missing."),
    "source": Column(
        "Where the value comes from.",
        levels={
            HEADER: "header or sidecar of the recordings",
            DECLARED: "declared in study.yaml",
            COMPUTED: "known from the analysis itself",
            NOT_REPORTED: "nobody reporting; `remedy` says how to",
        },
    ),
    "remedy": Column("How a missing item can be supplied."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistItem:
    """One line of the checklist. `value` is empty exactly where `source` is `missing`."""

    section: str
    item: str
    value: str
    source: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TheirScan:
    """A scan that another program fitted, and what is known of its recording; what is not is NaN.

    `affine`: of the recording, None without one.
    """

    values: ForeignValues
    acquisition: Acquisition
    affine: FloatArray | None = None


def checklist(
    study: SpectraPlan, results: Sequence[ScanResult], scale: str, theirs: Sequence[TheirScan] = ()
) -> tuple[ChecklistItem, ...]:
    """The items in the order of the standard. `scale`: the primary scale in words; `theirs`: of another program."""
    acquisitions = [result.acquisition for result in sorted(results, key=lambda result: result.files.name)]
    acquisitions += [one.acquisition for one in theirs]
    affines = [result.preprocessed.spectrum.affine for result in results]
    affines += [one.affine for one in theirs if one.affine is not None]
    told = (*_hardware(study, acquisitions), *_acquisition(study, results, acquisitions, _joined(map(_voxel, affines))))
    told = told if affines or not theirs else tuple(map(_without_recording, told))
    return (*told, *_analysis(study, results, scale, theirs))


def _without_recording(item: ChecklistItem) -> ChecklistItem:
    """Where there is no recording, nothing can be added to its sidecar."""
    if item.source != NOT_REPORTED or item.remedy.startswith("declare"):
        return item
    keys = {"Repetition time": "results.repetition_time_ms", "Echo time": "results.echo_time_ms"}
    key = keys.get(item.item)
    remedy = f"declare {key} in study.yaml" if key else "there is no recording to take it from: state it in the paper"
    return replace(item, remedy=remedy)


def checklist_table(items: Sequence[ChecklistItem]) -> Table:
    """The checklist as `mrsinmrs.tsv`."""
    rows = tuple({name: getattr(item, name) for name in COLUMNS} for item in items)
    return Table(name="mrsinmrs", columns=COLUMNS, rows=rows)


def checklist_section(items: Sequence[ChecklistItem]) -> Section:
    """The checklist as a section of the report, what is missing first in words."""
    missing = [item for item in items if item.source == NOT_REPORTED]
    rows = tuple(
        (
            CellView(item.item),
            CellView(item.section),
            CellView(item.value) if item.value else CellView(f"missing: {item.remedy}", tone="bad"),
            CellView(item.source),
        )
        for item in items
    )
    view = TableView(
        caption="Minimum reporting standards for in vivo magnetic resonance spectroscopy",
        columns=("Item", "Section", "Reported", "Source"),
        rows=rows,
    )
    return render_section(
        "checklist",
        "MRSinMRS checklist",
        "section_checklist.html.j2",
        page="methods",
        view=view,
        missing=missing,
        total=len(items),
    )


def _hardware(study: SpectraPlan, acquisitions: Sequence[Acquisition]) -> list[ChecklistItem]:
    reporting = study.reporting

    def from_header(item: str, key: str, declared: str | None, unit: str = "") -> ChecklistItem:
        found = _joined(getattr(acquisition.scanner, key) for acquisition in acquisitions)
        return _item("1 Hardware", item, declared, f"{found} {unit}".strip() if found else "", f"reporting.{key}")

    field = from_header("Field strength", "field_strength", None, "T")
    mhz = _spread([one.spectrometer_frequency_mhz for one in acquisitions], 5)
    if not field.value and mhz:
        field = ChecklistItem(
            section=field.section, item=field.item, value=f"spectrometer frequency {mhz} MHz", source=HEADER
        )
    manufacturer = _joined(one.manufacturer for one in acquisitions)
    return [
        field,
        _item("1 Hardware", "Manufacturer", None, manufacturer, "", "add Manufacturer to the sidecars"),
        from_header("Model", "model", reporting.model),
        from_header("Software version", "software", reporting.software),
        from_header("Transmit coil", "transmit_coil", reporting.transmit_coil),
        from_header("Receive coil", "receive_coil", reporting.receive_coil),
        _item("1 Hardware", "Additional hardware", reporting.additional_hardware, "", "reporting.additional_hardware"),
    ]


def _acquisition(
    study: SpectraPlan, results: Sequence[ScanResult], acquisitions: Sequence[Acquisition], voxels: str
) -> list[ChecklistItem]:
    reporting, part = study.reporting, "2 Acquisition"

    def number(item: str, value: Callable[[Acquisition], float | None], unit: str, digits: int = 4) -> ChecklistItem:
        text = _spread([found for one in acquisitions if (found := value(one)) is not None], digits)
        return _item(part, item, None, f"{text} {unit}" if text else "", "", "add it to the sidecars")

    sequences = _joined(one.sequence for one in acquisitions)
    items = [
        _item(part, "Pulse sequence", None, sequences, "", "add PulseSequenceType to the sidecars"),
        _item(
            part,
            "Region of the voxel",
            reporting.region,
            _joined(a.scanner.region for a in acquisitions),
            "reporting.region",
        ),
        _item(part, "Nominal size of the voxel", None, voxels, "", "store the affine in the header"),
        number("Repetition time", lambda one: one.repetition_time_s * 1e3, "ms", 5),
        number("Echo time", lambda one: one.echo_time_s * 1e3, "ms"),
        *_editing(study, results),
    ]
    if any(one.mixing_time_s is not None for one in acquisitions) or "steam" in sequences.lower():
        mixing = number("Mixing time", lambda one: None if one.mixing_time_s is None else one.mixing_time_s * 1e3, "ms")
        items.append(mixing)
    transients = _spread([result.quality.transients or 0 for result in results], 5)
    points = _spread([result.points for result in results], 5)
    width = number("Spectral width and points", lambda one: one.spectral_width_hz, "Hz", 5)
    told = f"{width.value}, {points} points" if points else width.value
    return [
        *items,
        _item(part, "Transients per spectrum", None, transients, ""),
        ChecklistItem(section=part, item=width.item, value=told, source=HEADER) if width.value else width,
        _item(
            part,
            "Water suppression",
            reporting.water_suppression,
            _joined(one.scanner.water_suppression for one in acquisitions),
            "reporting.water_suppression",
        ),
        _item(
            part,
            "Shimming",
            reporting.shimming,
            _joined(a.scanner.shimming for a in acquisitions),
            "reporting.shimming",
        ),
        _item(part, "Triggering or motion correction", reporting.motion_correction, "", "reporting.motion_correction"),
    ]


def _editing(study: SpectraPlan, results: Sequence[ScanResult]) -> list[ChecklistItem]:
    """Editing pulses and the order of the conditions, of an edited measurement."""
    edited = [row for result in results if result.edited is not None for row in result.edited.figures]
    if not edited:
        return []
    simulated = study.basis.simulate if study.basis is not None else None
    pulses = ""
    if simulated is not None:
        editing = simulated.editing or Editing()
        shape = editing.shape or f"Gaussian of {editing.duration_ms:g} ms"
        bands = " / ".join(" and ".join(f"{ppm:g}" for ppm in one) for one in editing.conditions)
        pulses = f"{shape} at {bands} ppm (OFF first), as in the basis set"
    order = _joined(row.order for row in edited)
    remedy = "simulate the basis set with basis.simulate.editing in study.yaml, which names pulse and bands"
    return [
        ChecklistItem(section="2 Acquisition", item="Editing pulses", value=pulses, source=DECLARED)
        if pulses
        else ChecklistItem(
            section="2 Acquisition", item="Editing pulses", value="", source=NOT_REPORTED, remedy=remedy
        ),
        _computed("2 Acquisition", "Order of the conditions", order, "no scan was sorted"),
    ]


def _analysis(
    study: SpectraPlan, results: Sequence[ScanResult], scale: str, theirs: Sequence[TheirScan]
) -> list[ChecklistItem]:
    steps = list(dict.fromkeys(step.name for result in results for step in result.preprocessed.steps))
    rules = study.quality.limits()
    quality = [one.quality for one in (*results, *(one.values for one in theirs))]
    programs = _joined(one.values.source.tool for one in theirs)
    own = f"pharmrs {importlib.metadata.version('pharmrs')}"
    bounds = ["posterior SD, Cramer-Rao bound and residual autocorrelation of every scan"] if results else []
    bounds += [f"Cramer-Rao bounds of {programs}"] if theirs else []
    drawn = len(results) + sum(one.values.source.curves is not None for one in theirs)
    values = {
        "Analysis software": f"{own}; spectra fitted with {programs}" if theirs else own,
        "Processing steps": ", ".join(steps),
        "Output measure": scale,
        "Fitting model": "; ".join(_models(results, theirs)),
        "Quantification assumptions": f"scale {study.quantification.primary_scale}; see the methods text",
    }
    assessed = {
        "Signal-to-noise ratio": _spread([one.signal_to_noise for one in quality], 3),
        "Line width": _with_unit(
            _spread([one.line_width_hz for one in quality], 3),
            f"Hz, as {programs} defines it" if theirs else "Hz, FWHM of a modelled singlet",
        ),
        "Exclusion criteria": "; ".join(rule_sentence(rule, limit) for rule, limit in rules.items()) or "none declared",
        "Quality of the fit": f"{', '.join(bounds)} (quality.tsv, metabolites.tsv)" if bounds else "",
        "Sample spectrum": f"every spectrum with its fit, {drawn} in this report" if drawn else "",
    }
    unknown = f"no file of {programs} gives it: state it in the paper" if theirs else "no scan could be analysed"
    return [
        *(_computed("3 Data analysis", item, value, unknown) for item, value in values.items()),
        *(_computed("4 Data quality", item, value, unknown) for item, value in assessed.items()),
    ]


def _models(results: Sequence[ScanResult], theirs: Sequence[TheirScan]) -> Iterator[str]:
    """What was fitted, by this program and by others."""
    components = list(dict.fromkeys(name for result in results for name in result.fit.names))
    if components:
        settings = results[0].fit.settings
        window = f"{settings.ppm_low:g}-{settings.ppm_high:g} ppm"
        yield f"linear combination of {len(components)} signals, {window}: {', '.join(components)}"
    printed: dict[str, dict[str, None]] = {}
    for one in theirs:
        names = (row.metabolite for row in one.values.amplitudes)
        printed.setdefault(one.values.source.tool, {}).update(dict.fromkeys(names))
    for tool, found in printed.items():
        yield f"that of {tool}, which reports {', '.join(found)}"


def _computed(section: str, item: str, value: str, unknown: str) -> ChecklistItem:
    source = COMPUTED if value else NOT_REPORTED
    return ChecklistItem(section=section, item=item, value=value, source=source, remedy="" if value else unknown)


def _item(
    section: str, item: str, declared: str | None, found: str, key: str, remedy: str = "add it to the sidecars"
) -> ChecklistItem:
    if declared or found:
        source = DECLARED if declared else HEADER
        return ChecklistItem(section=section, item=item, value=declared or found, source=source)
    advice = f"declare {key} in study.yaml" if key else remedy
    return ChecklistItem(section=section, item=item, value="", source=NOT_REPORTED, remedy=advice)


def _joined(texts: Iterable[str]) -> str:
    return ", ".join(sorted({text for text in texts if text}))


def _with_unit(text: str, unit: str) -> str:
    return f"{text} {unit}" if text else ""


def _spread(values: Sequence[float], digits: int) -> str:
    """The value, or lowest and highest where scans differ; empty without a value."""
    known = sorted(value for value in values if math.isfinite(value))
    texts = list(dict.fromkeys(f"{value:.{digits}g}" for value in known))
    return "" if not texts else texts[0] if len(texts) == 1 else f"{texts[0]} to {texts[-1]}"


def _voxel(affine: FloatArray) -> str:
    """Edges of the voxel from the columns of its affine, mm; nothing where the header says that they are unknown."""
    edges = np.linalg.norm(affine[:3, :3], axis=0)
    if np.allclose(edges, np.diag(NO_PLACE)[:3]):
        return ""
    volume = float(np.prod(edges)) / 1000.0
    return f"{' x '.join(f'{edge:.3g}' for edge in edges)} mm ({volume:.3g} mL)"
