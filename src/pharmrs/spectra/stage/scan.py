"""One scan from its files to its concentrations, or to the reasons why not."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

from pharmrs.core.errors import FitFailure, InputError, InputProblem
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.core.records.scan_files import REFERENCE_PURPOSES, ScanFiles
from pharmrs.spectra.checks.finding import (
    METABOLITE,
    Fitted,
    Prepared,
    Quantified,
    each_recording,
    findings,
    problems_of,
    without_unusable,
)
from pharmrs.spectra.checks.of_recordings import EDITED_CHECKS, RECORDING_CHECKS
from pharmrs.spectra.checks.of_results import CONCENTRATION_CHECKS, FIT_CHECKS
from pharmrs.spectra.checks.of_spectra import SPECTRUM_CHECKS
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.fit.fit_setup import chosen_basis
from pharmrs.spectra.fit.resample import check_field
from pharmrs.spectra.fit.stability import fit_with_stability
from pharmrs.spectra.preprocess.preprocess import Recordings, preprocess
from pharmrs.spectra.quantify.editing import edited_figures
from pharmrs.spectra.quantify.quality import broken_rules, scan_quality
from pharmrs.spectra.quantify.quantify import Context, Given, concentrations, why_missing
from pharmrs.spectra.quantify.water import water_amplitude
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.read.recordings import check_pair
from pharmrs.spectra.records.acquisition import Fids
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.edited import EditedScan
from pharmrs.spectra.records.fit import LinearCombinationFit
from pharmrs.spectra.records.preprocessing import PreprocessedScan, WaterAmplitude
from pharmrs.spectra.records.scan import ScanOutcome, ScanResult
from pharmrs.spectra.stage.settings import ScanSettings
from pharmrs.spectra.together.edited import FittedEdited, expected_conditions, fit_edited


@dataclass(frozen=True, slots=True)
class Opened:
    """The recordings of a scan and what is wrong with them; None where they cannot be used at all."""

    recordings: Recordings | None
    problems: tuple[InputProblem, ...]


def open_scan(files: ScanFiles) -> Opened:
    """Read and check every recording of a scan."""
    problems: list[InputProblem] = []
    read: dict[str, Fids] = {}
    for path in files.paths:
        try:
            read[path] = read_fids(path)
        except InputError as error:
            problems += error.problems
    metabolite = read.get(files.metabolite)
    if metabolite is None:
        return Opened(None, tuple(problems))
    for path, reference in read.items():
        if path != files.metabolite:
            problems += check_pair(metabolite, reference, files.metabolite, path)
    if any(problem.severity == "error" for problem in problems):
        return Opened(None, tuple(problems))
    references = {purpose: read.get(files.reference(purpose)) for purpose in REFERENCE_PURPOSES}
    return Opened(Recordings(metabolite=metabolite, **references), tuple(problems))


def _cut(recordings: Recordings) -> Recordings:
    """All up to the shortest, where one corrects the other point by point."""
    if recordings.eddy_current is None:
        return recordings
    every = dict(each_recording(recordings))
    shortest = min(fids.points for fids in every.values())
    cut = {about: replace(fids, data=fids.data[:shortest]) for about, fids in every.items()}
    return Recordings(metabolite=cut.pop(METABOLITE), **cut)


def check_scan(
    files: ScanFiles, basis: BasisSet | None, settings: ScanSettings
) -> tuple[PreprocessedScan | None, tuple[InputProblem, ...]]:
    """Everything that can be found wrong without fitting; the preprocessed scan when nothing stands in its way."""
    return check_opened(open_scan(files), files, basis, settings)


def check_opened(
    opened: Opened, files: ScanFiles, basis: BasisSet | None, settings: ScanSettings
) -> tuple[PreprocessedScan | None, tuple[InputProblem, ...]]:
    """The same for recordings that were read already."""
    problems = list(opened.problems)
    if opened.recordings is None:
        return None, tuple(problems)
    edited = basis is not None and bool(basis.edited)
    found = findings(EDITED_CHECKS if edited else RECORDING_CHECKS, opened.recordings)
    problems += problems_of(found, files)
    if any(problem.severity == "error" for problem in problems):
        return None, tuple(problems)
    recordings = _cut(without_unusable(opened.recordings, found))
    try:
        if basis is not None:
            check_field(basis, recordings.metabolite.acquisition)
        prepared = preprocess(recordings, settings.preprocessing, _expected(recordings, basis))
    except InputError as error:
        problems += [problem if problem.file else replace(problem, file=files.metabolite) for problem in error.problems]
        return None, tuple(problems)
    seen = Prepared(recordings=recordings, scan=prepared, basis=basis)
    problems += problems_of(findings(SPECTRUM_CHECKS, seen), files)
    stopped = any(problem.severity == "error" for problem in problems)
    return None if stopped else prepared, tuple(problems)


def _expected(recordings: Recordings, basis: BasisSet | None) -> ComplexArray | None:
    """What the conditions of an edited measurement look like; None where there are none."""
    if basis is None or not basis.edited:
        return None
    fids = recordings.metabolite
    return expected_conditions(basis, fids.acquisition, fids.points)


def process_scan(files: ScanFiles, basis: BasisSet, settings: ScanSettings) -> ScanOutcome:
    """Preprocess, fit, quantify, judge. Expected bad data is an outcome with problems; bugs propagate."""
    return quantified(fitted_scan(files, basis, settings), basis.proton_amplitude, settings)


def fitted_scan(files: ScanFiles, basis: BasisSet, settings: ScanSettings) -> ScanOutcome:
    """Preprocess and fit: all that takes time. The result has no concentrations and no exclusions yet.

    Of `settings` only `preprocessing` and `fit` matter here, so the outcome outlives a change of the others.
    """
    began = time.process_time()
    outcome = fitted(open_scan(files), files, basis, settings)
    if outcome.result is None:
        return outcome
    result = replace(outcome.result, cpu_s=time.process_time() - began)
    return replace(outcome, result=result, problems=outcome.problems + _left_out(result.fit, basis))


def fitted(opened: Opened, files: ScanFiles, basis: BasisSet, settings: ScanSettings) -> ScanOutcome:
    """The same for recordings that were read already; what the fit left out by itself stands in its notes."""
    prepared, problems = check_opened(opened, files, basis, settings)
    if prepared is None:
        return ScanOutcome(files=files, result=None, problems=problems)
    together: FittedEdited | None = None
    try:
        if basis.edited:
            together = fit_edited((prepared.spectrum, *prepared.edited), basis, settings.fit)
            fit = together.fit
        else:
            fit = fit_with_stability(prepared.spectrum, basis, settings.fit)
    except (FitFailure, InputError) as error:
        return ScanOutcome(files=files, result=None, problems=problems + fit_problems(error, files.metabolite))
    water, water_problems = water_of(prepared, files)
    corrected = any(step.name == "eddy-current correction" for step in prepared.steps)
    seen = Fitted(acquisition=prepared.spectrum.acquisition, fit=fit, water=water, corrected=corrected)
    noticed = problems_of(findings(FIT_CHECKS, seen), files)
    edited = _edited(files.name, together, basis, prepared)
    result = ScanResult(
        files=files,
        acquisition=prepared.spectrum.acquisition,
        preprocessed=prepared,
        points=prepared.spectrum.points,
        fit=fit,
        amplitudes=metabolite_amplitudes(fit),
        water=water,
        concentrations=(),
        quality=scan_quality(prepared, fit, water, edited),
        exclusions=(),
        edited=edited,
    )
    return ScanOutcome(files=files, result=result, problems=problems + water_problems + noticed)


def _edited(scan: str, together: FittedEdited | None, basis: BasisSet, prepared: PreprocessedScan) -> EditedScan | None:
    if together is None:
        return None
    figures = edited_figures(scan, together.fit, together.differences, basis.edited_ppm, together.crushed, prepared)
    return EditedScan(differences=together.differences, figures=figures)


def quantified(outcome: ScanOutcome, proton_amplitude: float, settings: ScanSettings) -> ScanOutcome:
    """The same outcome with concentrations and the rules it breaks; spectra are not needed any more."""
    result = outcome.result
    if result is None:
        return outcome
    reference = result.preprocessed.water
    context = Context(
        fit=result.fit,
        acquisition=result.acquisition,
        water_acquisition=reference.acquisition if reference is not None else None,
        water=result.water,
        proton_amplitude=proton_amplitude,
        settings=settings.quantification,
        water_given=bool(result.files.quantification),
    )
    broken = broken_rules(result.files.name, result.quality, result.amplitudes, settings.rules)
    values = concentrations(context, result.amplitudes)
    seen = Quantified(name=result.files.name, acquisition=result.acquisition, concentrations=values)
    problems = outcome.problems + problems_of(findings(CONCENTRATION_CHECKS, seen), result.files)
    done = replace(result, concentrations=values, exclusions=broken)
    given = [one for one in done.concentrations if one.scale == settings.primary_scale]
    if not given or any(math.isfinite(one.value) for one in given):
        return replace(outcome, result=done, problems=problems)
    why = next((one.reason for one in given if one.reason), "no metabolite has a finite value")
    problem = without_value(result.files.metabolite, settings.primary_scale, why)
    return replace(outcome, result=done, problems=(*problems, problem), without_value=why)


def without_value(file: str, scale: str, why: str) -> InputProblem:
    """A scan that gives nothing on the scale the study asks for has failed, however good its fit is."""
    return InputProblem(
        file=file,
        field=f"value on {scale}",
        rule="every scan needs a value on quantification.primary_scale",
        value=why,
        remedy="add what is missing, or declare another primary_scale in study.yaml; until then the scan counts as "
        "failed",
    )


def check_value(
    prepared: PreprocessedScan, files: ScanFiles, settings: ScanSettings, proton_amplitude: float
) -> tuple[InputProblem, ...]:
    """What is wrong with the water reference, and whether the scan can have a value on the primary scale at all."""
    water, problems = water_of(prepared, files)
    reference = prepared.water
    given = Given(
        acquisition=prepared.spectrum.acquisition,
        water_acquisition=reference.acquisition if reference is not None else None,
        water=water,
        proton_amplitude=proton_amplitude,
        settings=settings.quantification,
        water_given=bool(files.quantification),
    )
    why = why_missing(settings.primary_scale, given)
    return (*problems, without_value(files.metabolite, settings.primary_scale, why)) if why else problems


def _left_out(fit: LinearCombinationFit, basis: BasisSet) -> tuple[InputProblem, ...]:
    """A warning for every component that the fit left out by itself, so that none is missing without a word."""
    missing = [name for name in chosen_basis(basis, fit.settings).names if name not in fit.names]
    reasons = dict(fit.left_out)
    return tuple(
        InputProblem(
            file=basis.source,
            field=f"component {name}",
            rule="should have a signal of its own in the fit window",
            value=f"{name} left out: {reasons[name]}" if name in reasons else "none",
            remedy="nothing, if this is intended; named in fit.omit of study.yaml it is left out without a warning",
            severity="warning",
        )
        for name in missing
    )


def water_of(prepared: PreprocessedScan, files: ScanFiles) -> tuple[WaterAmplitude | None, tuple[InputProblem, ...]]:
    """The amplitude of the water reference; None where there is none, and with a warning where it shows no water."""
    if prepared.water is None:
        return None, ()
    try:
        return water_amplitude(prepared.water), ()
    except FitFailure as error:
        return None, (
            InputProblem(
                file=files.quantification,
                field="water reference",
                rule="must hold a decaying water signal",
                value=str(error),
                remedy="check that this recording is without water suppression",
                severity="warning",
            ),
        )


def fit_problems(error: FitFailure | InputError, file: str) -> tuple[InputProblem, ...]:
    """Why `file` could not be fitted."""
    if isinstance(error, InputError):
        return tuple(problem if problem.file else replace(problem, file=file) for problem in error.problems)
    return (
        InputProblem(
            file=file,
            field="fit",
            rule="must reach an optimum",
            value=str(error),
            remedy="look at the spectrum; check that basis set and data belong together",
        ),
    )
