"""The stage for values of other programs: brought to the scales of the study, judged by its rules, joined with ours."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from pharmrs.core.constants import LCMODEL_WATER_ATTENUATION, LCMODEL_WATER_CONCENTRATION_MM
from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.records.handover import Handover
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.records.tissue import TISSUE, StudyTissue
from pharmrs.core.report.section import MethodsPart
from pharmrs.core.report.tables import write_table
from pharmrs.core.stage import Stage, StageOutcome, StudyContext
from pharmrs.spectra.checks.finding import Quantified, findings, problems_of
from pharmrs.spectra.checks.of_results import CONCENTRATION_CHECKS
from pharmrs.spectra.quantify.foreign import (
    Assumed,
    RecordingKnown,
    foreign_amplitudes,
    foreign_concentrations,
    foreign_exclusions,
    foreign_quality,
)
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.read.results.of_study import map_file
from pharmrs.spectra.records.acquisition import Acquisition
from pharmrs.spectra.records.declared import ForeignResults, SpectraPlan
from pharmrs.spectra.records.foreign import ForeignResult, ForeignScan
from pharmrs.spectra.records.quantification import Exclusion
from pharmrs.spectra.records.scan import ForeignValues, ValuesOutcome
from pharmrs.spectra.report.foreign_section import both_table, foreign_paragraphs, foreign_sections
from pharmrs.spectra.stage.scan import without_value
from pharmrs.spectra.stage.scans import JUDGED, SCANS
from pharmrs.spectra.stage.settings import ScanSettings, settings_by_scan

FOREIGN: Handover[tuple[ForeignScan, ...]] = Handover("scans with values of another program", ())
OTHERS: Handover[tuple[ValuesOutcome, ...]] = Handover("values of scans that have others that count", ())
_MEAN_TE_S, _ANY_TR_S = 0.03, 2.0  # for ranges of what is plausible where nothing tells them
_NOT_TOLD = 3.0 * 42.577


def assumed_of(declared: ForeignResults) -> Assumed:
    """How values are scaled whose file does not say it."""
    theirs = declared.water_concentration_mm * declared.water_attenuation / declared.metabolite_attenuation
    factor = LCMODEL_WATER_CONCENTRATION_MM.value * LCMODEL_WATER_ATTENUATION.value / theirs
    return Assumed(scale=declared.scale or "", factor=factor)


def recorded_of(scan: ForeignScan, declared: ForeignResults) -> RecordingKnown:
    """What the recording tells, else the file of the program, else the plan."""
    if scan.files.metabolite:
        with suppress(InputError):  # reported where the recording is looked at
            water = scan.files.quantification
            return RecordingKnown(
                acquisition=read_fids(scan.files.metabolite).acquisition,
                water_acquisition=read_fids(water).acquisition if water else None,
            )
    needed = known_times(scan.source, declared)
    mhz, echo_s, repetition_s = needed.values()
    lacking = [f"results.{name}" for name, value in needed.items() if not value]
    if mhz is None or echo_s is None or repetition_s is None:
        return RecordingKnown(
            acquisition=None, lacking=f"neither a recording nor study.yaml gives it: {', '.join(lacking)}"
        )
    acquisition = Acquisition(
        spectrometer_frequency_mhz=mhz, dwell_time_s=math.nan, echo_time_s=echo_s, repetition_time_s=repetition_s,
        mixing_time_s=_seconds(declared.mixing_time_ms),
    )  # fmt: skip
    return RecordingKnown(acquisition=acquisition)


def known_times(source: ForeignResult, declared: ForeignResults) -> dict[str, float | None]:
    """Frequency (MHz), TE and TR (s) of a scan without a recording, by the keys that declare them."""
    return {
        "spectrometer_frequency_mhz": frequency_of(source, declared),
        "echo_time_ms": source.stated.get("echo_time_s") or _seconds(declared.echo_time_ms),
        "repetition_time_ms": _seconds(declared.repetition_time_ms),
    }


def frequency_of(source: ForeignResult, declared: ForeignResults) -> float | None:
    """Spectrometer frequency of a scan without a recording, MHz."""
    return source.stated.get("spectrometer_frequency_mhz") or declared.spectrometer_frequency_mhz


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else 1e-3 * milliseconds


def foreign_outcome(
    scan: ForeignScan, declared: ForeignResults, settings: ScanSettings, judged: Sequence[Exclusion] = ()
) -> ValuesOutcome:
    """One scan as the tables, the rules and the statistics take it."""
    assumed, recorded, source = assumed_of(declared), recorded_of(scan, declared), scan.source
    values = foreign_concentrations(source, assumed, recorded, settings.quantification)
    rows = foreign_amplitudes(source, assumed)
    mhz = recorded.acquisition.spectrometer_frequency_mhz if recorded.acquisition else frequency_of(source, declared)
    quality = foreign_quality(source, mhz)
    broken, silent = foreign_exclusions(scan.files.name, quality, rows, settings.rules)
    problems = [*scan.problems, *_not_applied(source, silent), *_implausible(scan, values, recorded)]
    result = ForeignValues(
        files=scan.files, amplitudes=rows, concentrations=values, quality=quality, exclusions=(*broken, *judged),
        source=source,
    )  # fmt: skip
    on_scale = [one for one in values if one.scale == settings.primary_scale]
    why = ""
    if not any(math.isfinite(one.value) for one in on_scale):
        why = next((one.reason for one in on_scale if one.reason), "no metabolite has a finite value")
        problems.append(without_value(source.file, settings.primary_scale, why))
    return ValuesOutcome(files=scan.files, result=result, problems=tuple(problems), without_value=why)


def _not_applied(source: ForeignResult, silent: Sequence[str]) -> list[InputProblem]:
    rule, remedy = "cannot be applied: the file has nothing for it", "leave the rule out, or judge these scans by eye"
    return [
        input_problem(source.file, f"quality.{key}", rule, f"nothing in the file of {source.tool}", remedy, "warning")
        for key in silent
    ]


def _implausible(scan: ForeignScan, values: Sequence[object], recorded: RecordingKnown) -> tuple[InputProblem, ...]:
    acquisition = recorded.acquisition or Acquisition(
        spectrometer_frequency_mhz=_NOT_TOLD, dwell_time_s=math.nan, echo_time_s=_MEAN_TE_S, repetition_time_s=_ANY_TR_S
    )
    seen = Quantified(name=scan.files.name, acquisition=acquisition, concentrations=tuple(values))  # type: ignore[arg-type]
    about = ScanFiles(name=scan.files.name, subject="", session="", metabolite=scan.source.file)
    return problems_of(findings(CONCENTRATION_CHECKS, seen), about)


def foreign_outcomes(
    plan: SpectraPlan, scans: Sequence[ForeignScan], tissue: StudyTissue | None = None,
    judged: Mapping[str, Sequence[Exclusion]] | None = None,
) -> list[ValuesOutcome]:  # fmt: skip
    """All of them, in their order."""
    assert plan.results is not None
    settings = settings_by_scan(plan, [one.files.name for one in scans], tissue)
    return [
        foreign_outcome(one, plan.results, settings[one.files.name], (judged or {}).get(one.files.name, ()))
        for one in scans
    ]


def _run(context: StudyContext[SpectraPlan]) -> StageOutcome:
    plan, scans = context.plan, context.given(FOREIGN)
    assert plan.results is not None
    theirs = foreign_outcomes(plan, scans, context.given(TISSUE), context.given(JUDGED))
    ours = context.given(SCANS)
    counted, others = joined(ours, theirs, plan.results.prefer)
    scale = plan.quantification.primary_scale
    pairs = [(one, other) for one in ours for other in theirs if one.files.name == other.files.name]
    if pairs:
        write_table(context.output, both_table(pairs))
    return StageOutcome(
        sections=foreign_sections(theirs, pairs, scale, plan.results.prefer),
        methods=(
            MethodsPart(title="Values of another program", write=partial(foreign_paragraphs, plan, theirs, pairs)),
        ),
        handed={SCANS: counted, OTHERS: others},
    )


def joined(
    ours: Sequence[ValuesOutcome], theirs: Sequence[ValuesOutcome], prefer: str
) -> tuple[tuple[ValuesOutcome, ...], tuple[ValuesOutcome, ...]]:
    """The outcomes that count, by name of the scan, and those that stand back; what failed never does for another."""
    first, second = (theirs, ours) if prefer == "theirs" else (ours, theirs)
    counted: dict[str, ValuesOutcome] = {}
    others: list[ValuesOutcome] = []
    for one in (*first, *second):
        former = counted.get(one.files.name)
        if former is None or former.result is None:
            counted[one.files.name] = one
            others += [] if former is None else [former]
        else:
            others.append(one)
    return tuple(counted[name] for name in sorted(counted)), tuple(others)


def _inputs(context: StudyContext[SpectraPlan]) -> tuple[Path, ...]:
    """The files that values were taken from, and the table that says which is which."""
    if context.plan.results is None:
        return ()
    mapped = map_file(context.root, context.plan.results)
    files = [Path(one.source.file) for one in context.given(FOREIGN)]
    files += [Path(one.source.curves.file) for one in context.given(FOREIGN) if one.source.curves is not None]
    voxels = [Path(one.files.voxel) for one in context.given(FOREIGN) if one.files.voxel]
    return tuple(dict.fromkeys([*files, *voxels, *([mapped] if mapped is not None else [])]))


FOREIGN_STAGE: Stage[SpectraPlan] = Stage(
    name="values of another program",
    outputs=("both_programs.*",),
    wanted=lambda _root, plan: plan.results is not None,
    run=_run,
    inputs=_inputs,
)
