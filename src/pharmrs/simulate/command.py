"""`pharmrs simulate`: a trial for a given or the built-in study, its recordings made on several processes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pharmrs.assay.records.declared import Assay
from pharmrs.assay.records.settings import DeclaredLimit
from pharmrs.core.errors import InputError, input_problem
from pharmrs.core.read.declarations import checked
from pharmrs.core.records.scan_files import REFERENCE_PURPOSES
from pharmrs.core.workers.execution import Workers, map_tasks, workforce
from pharmrs.simulate.chemistry import TISSUE_MM
from pharmrs.simulate.effects import SERIES_PERCENT, Effects, reference_effects
from pharmrs.simulate.person import PersonRecorded, PersonTask
from pharmrs.simulate.plates import SimulatedAssay
from pharmrs.simulate.recordings import ACQUISITION, POINTS, ScannerSettings
from pharmrs.simulate.session_series import planted_series
from pharmrs.simulate.trial import draw_trial
from pharmrs.simulate.trial_dataset import GivenStudy, Instruments, write_trial
from pharmrs.simulate.trial_records import Trial, TrialSettings
from pharmrs.spectra.records import Acquisition, BasisSet
from pharmrs.spectra.records.declared_basis import SimulatedBasis
from pharmrs.spectra.stage.study_basis import basis_files, basis_for
from pharmrs.study.declared import Study
from pharmrs.study.study_file import read_study
from pharmrs.trial.records.declared_design import Design

REFERENCE_DESIGN = Design(kind="crossover", treatments=("placebo", "S-ketamine"))
_COMMAND = "pharmrs simulate"
_PERSON_S = 3.0  # one participant, expected: signals of four visits and a head


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulationRequest:
    """What the command asks for. None: as the study declares, or as in the reference study."""

    study: Path | None = None
    kind: str | None = None
    participants: int = 35
    seed: int = 1
    interaction: float | None = None
    series_percent: float = SERIES_PERCENT
    recordings: bool = True
    workers: int | Workers = 1


def simulate_trial(
    folder: Path,
    request: SimulationRequest,
    begin: Callable[[int], None] = lambda _count: None,
    done: Callable[[PersonRecorded], None] = lambda _recorded: None,
) -> Trial:
    """Simulate what `request` asks for into `folder`. Raises `InputError` with every problem of study and request.

    `begin` is told the number of participants, `done` each one as it is recorded.
    """
    study = read_study(request.study) if request.study is not None else None
    trial = draw_trial(_settings(request, study), _COMMAND)
    given = _given(request.study, study) if request.study is not None and study is not None else None
    instruments = Instruments(scanner=ScannerSettings() if request.recordings else None)
    if study is not None:
        instruments = replace(
            instruments,
            head=instruments.head if study.anatomy is not None else None,
            assay=_assay(study.assay) if study.assay is not None else None,
            gel=instruments.gel if study.genotype is not None else None,
        )

    def run_tasks(
        function: Callable[[PersonTask], PersonRecorded], tasks: Sequence[PersonTask]
    ) -> list[PersonRecorded]:
        begin(len(tasks))
        with workforce(request.workers) as team:
            team.check([folder])
            return map_tasks(function, tasks, team, done, seconds_each=_PERSON_S)

    return write_trial(folder, trial, instruments, given, run_tasks)


def planned_trial(request: SimulationRequest) -> Trial:
    """The trial that `request` would simulate, before anything is written. Raises `InputError`."""
    return draw_trial(_settings(request, read_study(request.study) if request.study is not None else None), _COMMAND)


def _settings(request: SimulationRequest, study: Study | None) -> TrialSettings:
    design = study.design if study is not None else REFERENCE_DESIGN
    if design is None:
        rule, remedy = "a trial needs a design", "add design: {kind: ..., treatments: [...]} to study.yaml"
        raise InputError([input_problem(str(request.study), "design", rule, "missing", remedy)])
    if request.kind is not None and request.kind != design.kind:
        if study is not None:
            remedy = "leave --kind out, or change design.kind in study.yaml"
            raise InputError(
                [input_problem(_COMMAND, "kind", f"study.yaml declares {design.kind}", request.kind, remedy)]
            )
        design = checked(Design, {**asdict(design), "kind": request.kind})
    effects = reference_effects(design.treatments)
    if request.interaction is not None:
        effects = _with_interaction(effects, design, request.interaction)
    settings = TrialSettings(design=design, participants=request.participants, seed=request.seed, effects=effects)
    if study is None:
        return settings
    settings = _as_declared(settings, effects, study)
    if study.series is None or not request.recordings:
        return settings
    planted = planted_series(study.series, settings.metabolite, design.treatments, request.series_percent)
    return replace(settings, series=planted)


def _as_declared(settings: TrialSettings, effects: Effects, study: Study) -> TrialSettings:
    """Metabolite, analyte and unit of `study`; the biomarker lies as far above its limit as in the reference study."""
    population = effects.population
    if study.analysis is not None:
        tissue_mm = TISSUE_MM.get(study.analysis.metabolite.lower(), population.metabolite_mm)
        settings = replace(settings, metabolite=study.analysis.metabolite or settings.metabolite)
        population = replace(population, metabolite_mm=tissue_mm)
    if study.assay is not None:
        median = population.biomarker_median * _assay(study.assay).limit / SimulatedAssay().limit
        settings = replace(settings, analyte=study.assay.analyte, unit=study.assay.unit)
        population = replace(population, biomarker_median=median)
    return replace(settings, effects=replace(effects, population=population))


def _assay(declared: Assay) -> SimulatedAssay:
    """The simulated assay of a study: its wavelengths, and standards down to its limit."""
    usual = SimulatedAssay()
    wavelengths = tuple(nm for nm in (declared.wavelength_nm, declared.reference_wavelength_nm) if nm is not None)
    settings = replace(usual, wavelengths_nm=wavelengths or usual.wavelengths_nm[:1])
    if not isinstance(declared.lower_limit, DeclaredLimit):
        return settings
    limit = declared.lower_limit.value
    in_well = limit if declared.lower_limit.refers_to == "in_well" else limit / usual.dilution
    factor = in_well / usual.nominals[-1]
    return replace(
        settings,
        highest_standard=factor * usual.highest_standard,
        half_density_at=factor * usual.half_density_at,
        controls=tuple(factor * level for level in usual.controls),
    )


def _with_interaction(effects: Effects, design: Design, interaction: float) -> Effects:
    """The slope of every treatment but the reference lies `interaction` above that of the reference."""
    reference = design.treatments[0]
    slope = effects.treatments[reference].slope + interaction
    changed = {
        name: effect if name == reference else replace(effect, slope=slope)
        for name, effect in effects.treatments.items()
    }
    return replace(effects, treatments=changed)


def _given(path: Path, study: Study) -> GivenStudy:
    if study.basis is None:
        rule, remedy = "this key is required to simulate spectra", "declare a basis set (docs/basis-sets.md)"
        raise InputError([input_problem(path, "basis", rule, "missing", remedy)])
    names = basis_files(study.basis)
    if outside := [name for name in names if Path(name).is_absolute() or ".." in Path(name).parts]:
        rule, remedy = "must lie below study.yaml", "copy the basis set beside study.yaml and name it from there"
        raise InputError([input_problem(path, "basis", rule, ", ".join(outside), remedy)])
    basis = basis_for(path.parent, study.basis, ACQUISITION, POINTS)
    return GivenStudy(
        text=path.read_text(encoding="utf-8-sig"),
        basis=basis,
        basis_files=tuple((name, path.parent / name) for name in names),
        acquisition=_acquisition(basis, study.basis.simulate),
        references=_references(study),
    )


def _acquisition(basis: BasisSet, declared: SimulatedBasis | None) -> Acquisition:
    """The protocol of the reference study on the clock, field, echo time (and sequence, if told) of `basis`."""
    protocol = ACQUISITION
    if declared is not None:
        mixing_s = None if declared.tm_ms is None else declared.tm_ms / 1e3
        protocol = replace(protocol, sequence=declared.sequence.upper(), mixing_time_s=mixing_s)
    echo_s = ACQUISITION.echo_time_s if basis.echo_time_s != basis.echo_time_s else basis.echo_time_s
    return replace(
        protocol,
        dwell_time_s=basis.dwell_time_s,
        spectrometer_frequency_mhz=basis.spectrometer_frequency_mhz,
        receiver_ppm=basis.receiver_ppm,
        echo_time_s=echo_s,
    )


def _references(study: Study) -> tuple[tuple[str, str], ...]:
    """The water references the study file expects; one that serves everything where it names none."""
    found: dict[str, str] = {}
    for purpose in REFERENCE_PURPOSES:
        entity = getattr(study.references, purpose)
        if entity is not None:
            found.setdefault(entity, "quantification" if purpose == "quantification" else "eddy_current")
    return tuple(found.items()) or (("", "quantification"),)
