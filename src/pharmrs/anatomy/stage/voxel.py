"""`pharmrs voxel`: the tissues in the voxels of spectra that go with one image."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import AnatomyFiles, VisitFiles, VoxelTissue
from pharmrs.anatomy.report.section import regions_table, tissue_section, tissue_table
from pharmrs.anatomy.stage.plan import TissueTask
from pharmrs.anatomy.stage.tissue import measure_tissue
from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.read.sidecar import stem_of
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.core.report.site import write_page
from pharmrs.core.report.tables import write_table


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadInput:
    """The image, or what another program made of it; `visit`: an image of the head in the visit of the spectra."""

    t1: Path | None = None
    maps: Sequence[Path] = ()
    labels: Path | None = None
    visit: Path | None = None


@dataclass(frozen=True, slots=True)
class VoxelResult:
    """What was found, the files written, warnings, and how many spectra have no fractions."""

    tissues: tuple[VoxelTissue, ...]
    files: tuple[Path, ...]
    problems: tuple[InputProblem, ...]
    missing: int


def measure_voxels(
    head: HeadInput, spectra: Sequence[Path], out: Path, plan: Anatomy, frequency_of: Callable[[str], float]
) -> VoxelResult:
    """Find the tissues in the box of each spectrum, write table, page, pictures, masks and maps to `out`.

    `frequency_of`: spectrometer frequency of a recording by its path, MHz.
    Raises InputError, without a table, where no spectrum has fractions.
    """
    scans = _scans(spectra)
    files = _files(head, scans[0])
    visit = None if head.visit is None else VisitFiles(session="", image=str(head.visit))
    visits = {} if visit is None else {scan.name: visit for scan in scans}
    root = Path(files.tissues).absolute().parent
    done = measure_tissue(TissueTask(files, scans, plan, root, out, frequency_of, visits))
    if not done.found:
        raise InputError(done.problems)
    tissues = tuple(one.tissue for one in done.found)
    missing = {
        scan.name: (scan.subject, scan.session, done.missing[scan.name]) for scan in scans if scan.name in done.missing
    }
    figures = {one.tissue.scan: one.figure for one in done.found}
    section = tissue_section(tissues, missing, figures, {}, None)
    heading = scans[0].name if len(scans) == 1 else f"sub-{scans[0].subject}"
    page = write_page(out / f"{heading}_voxel.html", kind="Tissues of a voxel", heading=heading, sections=(section,))
    written = [page, *write_table(out, tissue_table(tissues, missing))]
    if any(tissue.regions for tissue in tissues):
        written += write_table(out, regions_table(tissues))
    for scan, figure in figures.items():
        assert isinstance(figure, EmbeddedFigure)
        write_bytes(out / f"{scan}_voxel.png", figure.content)
        written.append(out / f"{scan}_voxel.png")
    return VoxelResult(tissues, tuple(written), done.problems, len(missing))


def _scans(spectra: Sequence[Path]) -> tuple[ScanFiles, ...]:
    scans = []
    for path in spectra:
        name = stem_of(path).removesuffix("_svs")
        label = re.sub(r"[^A-Za-z0-9]", "", name.removeprefix("sub-").split("_")[0]) or "01"
        session = re.search(r"_ses-([A-Za-z0-9]+)", name)
        scans.append(ScanFiles(name=name, subject=label, session=session[1] if session else "", metabolite=str(path)))
    names = [scan.name for scan in scans]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        remedy = "give spectra of one person under different names"
        raise InputError([input_problem(twice[0], "spectra", "names must be different", ", ".join(twice), remedy)])
    return tuple(scans)


def _files(head: HeadInput, first: ScanFiles) -> AnatomyFiles:
    if not (head.t1 or head.maps or head.labels):
        remedy = "give a T1w image, --maps GM WM CSF, or --labels"
        raise InputError([input_problem("pharmrs voxel", "image", "an image of the head is needed", "none", remedy)])
    if head.maps and len(head.maps) != 3:
        remedy = "give --maps three times: grey matter, white matter, CSF"
        shown = ", ".join(str(path) for path in head.maps)
        raise InputError([input_problem(str(head.maps[0]), "--maps", "three maps are needed", shown, remedy)])
    gray, white, csf = (str(path) for path in head.maps) if head.maps else ("", "", "")
    return AnatomyFiles(
        subject=first.subject,
        session=first.session,
        t1=str(head.t1 or ""),
        gray_matter=gray,
        white_matter=white,
        csf=csf,
        labels=str(head.labels or ""),
    )
