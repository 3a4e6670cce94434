"""What reads each kind of input, as the pipeline calls it: (input folder, output folder) -> what was read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pharmrs.anatomy.read.volumes import read_box, read_maps, read_volume
from pharmrs.anatomy.records.images import AnatomyFiles
from pharmrs.anatomy.stage.head import _known
from pharmrs.assay.read.layout import read_layout
from pharmrs.assay.read.registry import read_export
from pharmrs.assay.records.results import AssaySettings
from pharmrs.assay.science.layout_match import match_plates
from pharmrs.assay.stage.plates import analyse_files
from pharmrs.core.errors import InputError
from pharmrs.core.files.checksums import Checksums
from pharmrs.core.read.cluster_file import read_cluster
from pharmrs.core.read.participants import participant_labels, read_participants
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.genotype.read.band_table import read_bands
from pharmrs.genotype.read.markers import find_markers
from pharmrs.genotype.records.marker import CallRules
from pharmrs.genotype.science.calling import call_genotypes
from pharmrs.genotype.science.digestion import simulate_assay
from pharmrs.spectra.basis.spin_system_file import read_spin_systems
from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.read.import_table import read_import_table
from pharmrs.spectra.read.nifti_mrs import identifying_fields, read_fids
from pharmrs.spectra.read.pulse_file import read_pulse
from pharmrs.spectra.read.scans import find_scans
from pharmrs.spectra.records.declared import QualityRules, Quantification
from pharmrs.spectra.records.declared_basis import StudyBasis
from pharmrs.spectra.review.log import DecisionLog, read_decisions
from pharmrs.spectra.stage.page_cache import PageCache
from pharmrs.spectra.stage.scan_cache import ScanCache
from pharmrs.spectra.stage.scan_key import ScanKey
from pharmrs.spectra.stage.study_basis import _intact, _read_kept
from pharmrs.study.declared import Study
from pharmrs.study.observations import read_trial
from pharmrs.study.rerun import rerun
from pharmrs.study.study_file import read_plan, read_power_plan, read_study
from pharmrs.trial.read.derivative_values import read_biomarker, read_genotypes, read_metabolite
from pharmrs.trial.read.observations import read_observations
from pharmrs.trial.read.reported import read_reported_table
from pharmrs.trial.records.declared_design import Design
from tests.robustness.right_files import HEAD_KEY

Reader = Callable[[Path, Path], Any]
DESIGN = Design(kind="crossover", treatments=("placebo", "drug"), baseline="before", follow_up="after")
STUDY = Study(
    title="x",
    basis=StudyBasis(path="x"),
    quantification=Quantification(primary_scale="ratio_tcr"),
    quality=QualityRules(),
)


def _each(*calls: Callable[[], Any]) -> None:
    """Every call in turn, those after a refusal too; then what was refused."""
    refused = []
    for call in calls:
        try:
            call()
        except InputError as error:
            refused += error.problems
    if refused:
        raise InputError(refused)


def _checked(read: Callable[[Problems], Any], place: Path) -> Any:
    problems = Problems(str(place))
    found = read(problems)
    problems.raise_errors()
    return found


def _recording(folder: Path, _out: Path) -> None:
    path = next(iter(sorted(folder.glob("*.nii*"))), folder / "missing.nii")
    _each(lambda: read_fids(path), lambda: identifying_fields(path), lambda: read_box(path))


def _sidecar(folder: Path, _out: Path) -> None:
    scans, problems = find_scans(folder, STUDY)
    _each(*(lambda path=scan.metabolite: read_fids(path) for scan in scans))  # type: ignore[misc]
    if any(problem.severity == "error" for problem in problems):
        raise InputError(problems)


def _maps(folder: Path, _out: Path) -> None:
    names = [str(folder / f"{name}.nii.gz") for name in ("GM", "WM", "CSF")]
    read_maps(AnatomyFiles(gray_matter=names[0], white_matter=names[1], csf=names[2], subject="01", session=""), "maps")


def _trial(folder: Path, _out: Path) -> None:
    participants = Problems(str(folder / "participants.tsv"))
    read_participants(folder, participants)
    participant_labels(folder)
    _, problems = read_trial(folder, replace(STUDY, design=DESIGN))
    if problems or participants.found:
        raise InputError([*participants.found, *problems])


def _plate(export: str) -> Reader:
    def read(folder: Path, _out: Path) -> None:
        settings = AssaySettings(analyte="BDNF", unit="pg/mL", wavelength_nm=450, bootstrap_draws=0)
        outcome = analyse_files([folder / export], [folder / "layout.tsv"], settings)
        if any(problem.severity == "error" for problem in outcome.problems):
            raise InputError(outcome.problems)

    return read


def _standards(folder: Path, _out: Path) -> None:
    export = read_export(folder / "s.csv")
    match_plates(list(export.plates), [export.layout] if export.layout is not None else [])


def _bands(folder: Path, _out: Path) -> None:
    (marker,) = find_markers(["rs6265"], [], "test")
    call_genotypes(simulate_assay(marker), CallRules(), [row.lane for row in read_bands(folder / "bands.tsv")], ())


def _marker(folder: Path, _out: Path) -> None:
    (marker,) = find_markers(["own"], [folder / "marker.yaml"], "test")
    simulate_assay(marker)


def _observations(folder: Path, _out: Path) -> None:
    plan = read_plan(folder / "study.yaml")
    read_observations(folder / "observations.tsv", plan.design, plan.analysis.plan())


def _derived(folder: Path, _out: Path) -> None:
    from dataclasses import replace

    plan = replace(_PLAN, scale="ratio_tcr")
    _each(
        lambda: _checked(lambda found: read_metabolite(folder, plan, "", found), folder / "metabolites.tsv"),
        lambda: _checked(lambda found: read_biomarker(folder, "BDNF", found), folder / "biomarkers.tsv"),
        lambda: _checked(lambda found: read_genotypes(folder, found), folder / "genotypes.tsv"),
    )


def _decisions(folder: Path, out: Path) -> None:
    def open_log() -> None:
        copy = out / "review"
        copy.mkdir(parents=True)
        for path in folder.iterdir():
            if path.is_file():
                (copy / path.name).write_bytes(path.read_bytes()[:1_000_000] if path.stat().st_size else b"")
        with DecisionLog(copy, "AB"):
            pass

    _each(lambda: read_decisions(folder), open_log)


def _cached(folder: Path, _out: Path) -> None:
    cache = ScanCache(folder, folder)
    files = ScanFiles(name="x", subject="01", session="", metabolite="x_svs.nii")
    cache.reasons(files, ScanKey(parts={"code": "1"}))
    cache.load(files)


def _pages(folder: Path, _out: Path) -> None:
    PageCache(folder, ScanCache(folder, folder)).is_right(folder / "scan-1.html", "a" * 64)


def _rerun(folder: Path, _out: Path) -> None:
    rerun(folder / "provenance.json", folder / "no dataset", 1)


def _reported(path: str, read: Callable[[Path], Any]) -> Reader:
    return lambda folder, _out: read(folder / path)


def _plan() -> Any:
    from pharmrs.trial.records.analysis import AnalysisPlan

    return AnalysisPlan(metabolite="Glu", biomarker="BDNF")


_PLAN = _plan()
READERS: dict[str, Reader] = {
    "recording": _recording,
    "gzipped recording": _recording,
    "sidecar": _sidecar,
    "image of the head": _reported("t1.nii.gz", read_volume),
    "tissue map": _maps,
    "participants": _trial,
    "allocation": _trial,
    "sessions": _trial,
    "layout": lambda folder, out: _each(lambda: read_layout(folder / "layout.tsv"), lambda: _plate("P1.tsv")(folder,
        out)),
    "plate as text": _plate("P1.tsv"),
    "plate as workbook": _plate("P1.xlsx"),
    "list of standards": _standards,
    "Tecan workbook": _reported("P1.xlsx", read_export),
    "MARS export": _reported("mars.csv", read_export),
    "SoftMax export": _reported("softmax.txt", read_export),
    "old workbook": _reported("P1.xls", read_export),
    "bands": _bands,
    "observations": _observations,
    "data dictionary": _observations,
    "mapping table": _reported("import.tsv", read_import_table),
    "reported statistics": _reported("reported.tsv", lambda path: read_reported_table(path, lambda _note: None)),
    "metabolites": _derived,
    "biomarkers": _derived,
    "genotypes": _derived,
    "decisions": _decisions,
    "study": lambda folder, _out: _each(lambda: read_study(folder / "study.yaml"),
        lambda: read_plan(folder / "study.yaml")),
    "analysis plan": _reported("study.yaml", read_plan),
    "power plan": _reported("study.yaml", read_power_plan),
    "marker": _marker,
    "LCModel basis": _reported("a.basis", read_basis),
    "jMRUI basis": _reported("a.txt", read_basis),
    "FSL-MRS basis": _reported("a", read_basis),
    "pulse": _reported("pulse.txt", read_pulse),
    "spin systems": _reported("spins.json", lambda path: read_spin_systems(path, {"1H", "31P"})),
    "provenance": _rerun,
    "checksums": _reported("checksums.json", Checksums.load),
    "cached scan": _cached,
    "cached pages": _pages,
    "record of a head": lambda folder, _out: _known(folder, "sub-01", HEAD_KEY),
    "kept basis": lambda folder, _out: _intact(folder / "a.basis") and _read_kept(folder / "a.basis"),
    "cluster": _reported("cluster.yaml", read_cluster),
}  # fmt: skip
