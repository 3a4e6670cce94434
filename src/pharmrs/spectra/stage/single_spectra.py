"""`pharmrs fit`: single spectra, preprocessed or raw, on the way of a scan of a study."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.workers.execution import Workers, map_tasks, workforce
from pharmrs.spectra.basis.proposal import proposed_protocol
from pharmrs.spectra.preprocess.preprocess import PreprocessingSettings, Recordings
from pharmrs.spectra.quantify.quantify import QuantificationSettings
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.records.acquisition import Fids
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.edited import EditedScan
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.records.preprocessing import PreprocessedScan
from pharmrs.spectra.records.quantification import Concentration
from pharmrs.spectra.records.rules import Rules
from pharmrs.spectra.stage.scan import Opened, check_opened, fitted, open_scan, quantified
from pharmrs.spectra.stage.settings import ABOVE_WINDOW_PPM, ScanSettings
from pharmrs.spectra.stage.simulated_basis import BasisRequest, simulate
from pharmrs.spectra.stage.study_basis import open_basis, usable

_SPECTRUM_S = 0.1  # one fit, expected
_AS_IT_IS = {
    "eddy_current_correction": False,
    "align_transients": False,
    "reject_transients": False,
    "remove_residual_water": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SpectrumFitting:
    """What every spectrum of a command is fitted with.

    `raw`: whether it is preprocessed first; None: where coils or transients are still apart.
    """

    basis: BasisSet
    water: Path | None
    settings: FitSettings
    raw: bool | None = None
    skip_points: int = 0


@dataclass(frozen=True, slots=True)
class SpectrumOutcome:
    """The fit of one file, or the problems that prevented it. `steps`: what preprocessing did, in words."""

    file: Path
    fit: LinearCombinationFit | None
    amplitudes: tuple[MetaboliteAmplitude, ...] = ()
    concentrations: tuple[Concentration, ...] = ()
    problems: tuple[InputProblem, ...] = ()
    steps: tuple[str, ...] = ()
    edited: EditedScan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenBasis:
    """The basis set of a command, what is wrong with it, and how it was made where none was named."""

    basis: BasisSet
    problems: tuple[InputProblem, ...] = ()
    note: str = ""


def choose_basis(path: Path | None, files: Sequence[Path], settings: FitSettings, sequence: str = "") -> ChosenBasis:
    """The basis set at `path`, or one simulated for the header of the first of `files` that can be read.

    `sequence`: its name where the header does not tell it.

    Raises InputError when it is unusable, or when no header tells what to simulate.
    """
    if path is not None:
        basis, found = open_basis(path, settings)
        if basis is None:
            raise InputError(found)
        return ChosenBasis(basis=basis, problems=tuple(found))
    protocol, note = proposed_protocol(_first(files), sequence)
    made = simulate(BasisRequest(protocol=protocol, macromolecules="mm" not in settings.add), Problems(str(files[0])))
    basis, found = usable(replace(made, source="simulated from the header"), settings)
    if basis is None:
        raise InputError(found)
    return ChosenBasis(basis=basis, problems=tuple(found), note=note)


def fit_file(file: Path, fitting: SpectrumFitting) -> SpectrumOutcome:
    """Read, check, preprocess where it is raw, and fit one file."""
    files, opened, raw = open_file(file, fitting.water, fitting.raw)
    if opened.recordings is None:
        return SpectrumOutcome(file, None, problems=opened.problems)
    settings = scan_settings(fitting.settings, fitting.skip_points, raw=raw)
    outcome = quantified(fitted(opened, files, fitting.basis, settings), fitting.basis.proton_amplitude, settings)
    result = outcome.result
    if result is None:
        return SpectrumOutcome(file, None, problems=outcome.problems)
    return SpectrumOutcome(
        file,
        result.fit,
        result.amplitudes,
        result.concentrations,
        outcome.problems,
        tuple(step.summary for step in result.preprocessed.steps) if raw else (),
        result.edited,
    )


def open_file(file: Path, water: Path | None, raw: bool | None) -> tuple[ScanFiles, Opened, bool]:
    """A file with its water reference, for all purposes where it is raw (None: coils or transients are still apart)."""
    name, beside = file.name.split(".")[0], "" if water is None else str(water)
    files = ScanFiles(name=name, subject="", session="", metabolite=str(file), quantification=beside)
    opened = open_scan(files)
    if opened.recordings is None:
        return files, opened, bool(raw)
    metabolite, reference = opened.recordings.metabolite, opened.recordings.quantification
    if raw if raw is not None else metabolite.coils > 1 or metabolite.transients > 1:
        every = Recordings(
            metabolite=metabolite, quantification=reference, eddy_current=reference, coil_combination=reference
        )
        return replace(files, eddy_current=beside, coil_combination=beside), replace(opened, recordings=every), True
    # of the reference only its beginning is used
    return files, Opened(opened.recordings, tuple(one for one in opened.problems if one.field != "points")), False


def scan_settings(fit: FitSettings, skip_points: int, *, raw: bool) -> ScanSettings:
    steps = PreprocessingSettings(
        skip_points=skip_points, lowest_water_ppm=fit.ppm_high + ABOVE_WINDOW_PPM, **({} if raw else _AS_IT_IS)
    )
    return ScanSettings(preprocessing=steps, fit=fit, quantification=QuantificationSettings(), rules=Rules())


def prepare_file(
    file: Path, water: Path | None, skip_points: int = 0
) -> tuple[PreprocessedScan | None, tuple[InputProblem, ...]]:
    """Read, check and preprocess one raw recording as a scan of a study; None, with the reasons, where it cannot be."""
    files, opened, _ = open_file(file, water, raw=True)
    return check_opened(opened, files, None, scan_settings(FitSettings(), skip_points, raw=True))


def fit_files(
    files: Sequence[Path],
    fitting: SpectrumFitting,
    workers: int | Workers,
    done: Callable[[SpectrumOutcome], None] = lambda _outcome: None,
) -> tuple[SpectrumOutcome, ...]:
    """Fit every file with one basis set. Raises InputError when the water reference cannot be read."""
    if fitting.water is not None:
        read_fids(fitting.water)  # told once, not for each spectrum
    with workforce(workers) as team:
        team.check(files)
        fit_one = partial(fit_file, fitting=fitting)
        return tuple(map_tasks(fit_one, files, team, done, lost=_lost, seconds_each=_SPECTRUM_S))


def _lost(file: Path, what: str) -> SpectrumOutcome:
    """The outcome for a spectrum whose worker died every time."""
    remedy = "fit it again; if memory ran out, use fewer workers"
    problem = InputProblem(file=str(file), field="processing", rule="must finish", value=what, remedy=remedy)
    return SpectrumOutcome(file, None, problems=(problem,))


def _first(files: Sequence[Path]) -> Fids:
    """The first that can be read; raises what is wrong with all where none can."""
    problems: list[InputProblem] = []
    for file in files:
        try:
            return read_fids(file)
        except InputError as error:
            problems += error.problems
    raise InputError(problems)
