"""`pharmrs voxel`: the tissues in the voxel of one spectrum."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import AnatomyFiles, VoxelTissue
from pharmrs.anatomy.report.section import tissue_section, tissue_table
from pharmrs.anatomy.stage.plan import TissueTask
from pharmrs.anatomy.stage.tissue import measure_tissue
from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.read.sidecar import stem_of
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.report.embedded import EmbeddedFigure
from pharmrs.core.report.site import write_page
from pharmrs.core.report.tables import write_table


@dataclass(frozen=True, slots=True)
class VoxelResult:
    """What was found, the files written, and warnings."""

    tissue: VoxelTissue
    files: tuple[Path, ...]
    problems: tuple[InputProblem, ...]


def measure_voxel(t1: Path, spectrum: Path, out: Path, frequency_of: Callable[[str], float]) -> VoxelResult:
    """Segment `t1`, find the tissues in the box of `spectrum`, write table, picture and maps to `out`.

    `frequency_of`: spectrometer frequency of a recording by its path, MHz.
    Raises InputError, without a table, where one of the files cannot be used.
    """
    name = stem_of(spectrum).removesuffix("_svs")
    label = re.sub(r"[^A-Za-z0-9]", "", name.removeprefix("sub-").split("_")[0]) or "01"
    session = re.search(r"_ses-([A-Za-z0-9]+)", name)
    scan = ScanFiles(name=name, subject=label, session=session[1] if session else "", metabolite=str(spectrum))
    files = AnatomyFiles(subject=label, session=scan.session, t1=str(t1))
    done = measure_tissue(TissueTask(files, (scan,), Anatomy(), t1.absolute().parent, out, frequency_of))
    if not done.found:
        raise InputError(done.problems)
    (found,) = done.found
    assert isinstance(found.figure, EmbeddedFigure)
    table = write_table(out, tissue_table([found.tissue], {}))
    picture = out / f"{name}_voxel.png"
    write_bytes(picture, found.figure.content)
    section = tissue_section([found.tissue], {}, {name: found.figure}, {}, None)
    page = write_page(out / f"{name}_voxel.html", kind="Tissues of a voxel", heading=name, sections=(section,))
    return VoxelResult(found.tissue, (page, *table, picture), done.problems)
