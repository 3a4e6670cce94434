"""`pharmrs export`: what a run has left, in the forms that other programs take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from pharmrs.core.errors import InputError, input_problem
from pharmrs.core.files.atomic import write_bytes, write_text
from pharmrs.core.files.content import read_text
from pharmrs.core.files.json_text import read_json
from pharmrs.core.files.owned import is_marked
from pharmrs.core.files.places import default_output
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import read_text_table
from pharmrs.core.report.svg_figure import svg_figure
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.read.results.registry import read_results
from pharmrs.spectra.records import Spectrum
from pharmrs.spectra.report.foreign_tables import FORMS as TABLES
from pharmrs.spectra.report.recording_text import jmrui_text, lcmodel_control, lcmodel_raw
from pharmrs.study.report.labelled_tables import LabelledTable, r_tables, stata_bytes

_PREPARED = "_desc-preproc"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is asked for: the `derivative`, where to write, and for LCModel its basis set and what it leaves out."""

    derivative: Path
    folder: Path
    basis: Path = Path("basis.basis")
    omit: tuple[str, ...] = ()


@dataclass(slots=True)
class Exported:
    """The files that were made, and what a reader must know of them."""

    files: list[Path] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def derivative_of(place: Path) -> Path:
    """The derivative that `place` is, or holds. Raises InputError where no run has left one."""
    for folder in (place, default_output(place)):
        if is_marked(folder):
            return folder
    rule, remedy = "must be a study that was run, or its derivative", "pharmrs run STUDY first"
    raise InputError([input_problem(place, "study", rule, "no results of a run", remedy)])


def export(form: str, asked: Export) -> Exported:
    """Write the form below `asked.folder`. Raises InputError where the derivative holds nothing of that kind."""
    done = Exported()
    for name, content in FORMS[form](asked, done.notes):
        done.files.append(asked.folder / name)
        write_bytes(done.files[-1], content) if isinstance(content, bytes) else write_text(done.files[-1], content)
    if not done.files:
        rule = f"must hold what `{form}` is made of"
        raise InputError([input_problem(asked.derivative, "derivative", rule, "none", "run the whole study first")])
    return done


Files = Iterator[tuple[str, str | bytes]]


def _lcmodel(asked: Export, notes: list[str]) -> Files:
    """For each scan .RAW, .H2O where there is water, and the control file."""
    for name, spectrum, water in _spectra(asked.derivative):
        yield f"{name}.RAW", lcmodel_raw(name, spectrum)
        if water is not None:
            yield f"{name}.H2O", lcmodel_raw(name, water)
        yield (
            f"{name}.control",
            lcmodel_control(name, spectrum, PurePath(asked.basis), asked.omit, water=water is not None),
        )
    notes.append("in LCModel: lcmodel < SCAN.control, in this folder; eddy currents are corrected already")


def _jmrui(asked: Export, notes: list[str]) -> Files:
    for name, spectrum, water in _spectra(asked.derivative):
        yield f"{name}.txt", jmrui_text(name, spectrum)
        if water is not None:
            yield f"{name}_water.txt", jmrui_text(f"{name}_water", water)
    notes.append("times in ms, frequencies in Hz, phase sense of jMRUI")


def _spectra(derivative: Path) -> Iterator[tuple[str, Spectrum, Spectrum | None]]:
    """Name, combined and corrected signal, and water of each scan."""
    for path in sorted(derivative.glob(f"sub-*/**/mrs/*{_PREPARED}_svs.nii.gz")):
        water = path.with_name(path.name.replace("_svs.", "_mrsref."))
        name = path.name.split(_PREPARED)[0]
        yield name, _single(path), _single(water) if water.is_file() else None


def _single(path: Path) -> Spectrum:
    fids = read_fids(path)
    return Spectrum(fid=fids.data[:, 0, 0], acquisition=fids.acquisition, affine=fids.affine, source=str(path))


def _values(form: str) -> Callable[[Export, list[str]], Files]:
    """The concentrations of a run as the tables of another program."""

    def made(asked: Export, notes: list[str]) -> Files:
        table = asked.derivative / "metabolites.tsv"
        if table.is_file():
            yield from TABLES[form](read_results(table))
        notes.append("scales, bounds and quality are as this program defines them (docs/quantification.md)")

    return made


def _stata(asked: Export, notes: list[str]) -> Files:
    infinite = 0
    for table in _tables(asked.derivative):
        content, lost = stata_bytes(table)
        infinite += lost
        yield f"{table.name}.dta", content
    if infinite:
        notes.append(
            f"{infinite} infinite cells (CRLB of an amplitude of zero) are missing values: Stata has no infinity"
        )


def _r(asked: Export, _notes: list[str]) -> Files:
    tables = list(_tables(asked.derivative))
    for table in tables:
        header = "\t".join(table.cells)
        rows = zip(*table.cells.values(), strict=True)
        yield (
            f"{table.name}.tsv",
            "\n".join([header, *("\t".join(cell or "n/a" for cell in row) for row in rows)]) + "\n",
        )
    if tables:
        yield "tables.R", r_tables(tables)


def _tables(derivative: Path) -> Iterator[LabelledTable]:
    """Every table of the derivative that has lines, with its dictionary."""
    for path in sorted([*derivative.glob("*.tsv"), *derivative.glob("statistics/*.tsv")]):
        dictionary = path.with_suffix(".json")
        if not dictionary.is_file():
            continue
        problems = Problems(str(path))
        rows = read_text_table(path, problems, ())
        header = read_text(path, "utf-8").split("\n", 1)[0].split("\t")
        if rows:
            said = read_json(dictionary)
            yield LabelledTable(
                name=path.stem,
                cells={name: [row.text(name) for row in rows] for name in header},
                labels={name: _label(said.get(name, {})) for name in header},
                measured=frozenset(name for name in header if "Units" in said.get(name, {})),
            )


def _label(said: dict[str, str]) -> str:
    unit = said.get("Units", "")
    text = str(said.get("Description", "")).rstrip(".")
    return f"{text} ({unit})" if unit and unit != "1" else text


def _figures(asked: Export, notes: list[str]) -> Files:
    """Every picture of a scan as SVG and PDF, those of plates and gels (SVG) and of the statistics (both)."""
    from pharmrs.core.report.figure_style import figure_pdf_bytes

    for path in sorted(asked.derivative.glob("sub-*/**/figures/*.svg")):
        yield f"{path.stem}.svg", path.read_bytes()
        yield f"{path.stem}.pdf", figure_pdf_bytes(svg_figure(path.read_text(encoding="utf-8")))
    for place, kind in (("statistics/figures", "statistics"), ("figures/assay", "assay"), ("figures/gels", "gels")):
        for path in sorted(asked.derivative.glob(f"{place}/*")):
            if path.suffix in (".svg", ".pdf"):
                yield f"{kind}-{path.name}", path.read_bytes()
    notes.append("fonts are embedded in PDF (TrueType); in SVG of statistics, plates and gels letters are outlines")


FORMS: dict[str, Callable[[Export, list[str]], Files]] = {
    "lcmodel": _lcmodel,
    "jmrui": _jmrui,
    "fsl_mrs": _values("fsl_mrs"),
    "osprey": _values("osprey"),
    "stata": _stata,
    "r": _r,
    "figures": _figures,
}
