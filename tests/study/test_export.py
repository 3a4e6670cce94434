"""`pharmrs export`: spectra and tables of a run, read back by other programs' readers."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pandas.io.stata import StataReader
from spec2nii.jmrui import readjMRUItxt

from pharmrs.core.files.owned import claim
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.columns import Column
from pharmrs.core.report.tables import Table, write_table
from pharmrs.spectra.read.lcmodel_raw import read_lcmodel_raw
from pharmrs.spectra.read.nifti_mrs import write_spectrum
from pharmrs.spectra.records import Acquisition, Spectrum
from pharmrs.spectra.records.import_plan import ImportLine
from tests.study.e2e import RESULTS, pharmrs, table

NAME = "sub-01_ses-1_acq-steam"
ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=123.25, dwell_time_s=0.00041, echo_time_s=0.0285, repetition_time_s=3.0,
    receiver_ppm=4.7, sequence="PRESS",
)  # fmt: skip
COLUMNS = {
    "subject": Column("Participant label."),
    "value": Column(
        "Concentration of the metabolite in tissue, corrected for everything that a long text can name.", "mM"
    ),
    "never": Column("A figure nobody has.", "Hz"),
    "excluded": Column("Whether it is excluded."),
    "reason": Column("Why."),
    "if": Column("A word of Stata.", "1"),
}
ROWS = [
    {"subject": "01", "value": 8.25, "never": None, "excluded": False, "reason": 'said "no"', "if": 1.0},
    {"subject": "02", "value": None, "never": None, "excluded": True, "reason": None, "if": float("inf")},
]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    root = tmp_path / "study"
    folder = root / RESULTS / "sub-01" / "ses-1" / "mrs"
    folder.mkdir(parents=True)
    claim(root / RESULTS)
    for kind, factor in (("svs", 1.0), ("mrsref", 100.0)):
        write_spectrum(folder / f"{NAME}_desc-preproc_{kind}.nii.gz", spectrum(factor))
    write_table(root / RESULTS, Table(name="metabolites", columns=COLUMNS, rows=ROWS))
    return root


def spectrum(factor: float = 1.0) -> Spectrum:
    fid = factor * (3.0 - 2.0j) * np.exp((2j * np.pi * 37.0 - 20.0) * np.arange(256) * ACQUISITION.dwell_time_s)
    return Spectrum(fid=fid, acquisition=ACQUISITION, affine=np.eye(4), source="")


def test_lcmodel_gets_signal_water_and_a_control_file_that_tells_the_clock(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    end = pharmrs("export", study, "--as", "lcmodel", "-o", out, "--basis", "press.basis", "--omit", "G_glu, G_gly")
    assert end.code == 0 and end.out == f"3 files in {out}\n"
    control = (out / f"{NAME}.control").read_text()
    for wanted in (" DOWS=T", f" FILH2O='{NAME}.H2O'", " FILBAS='press.basis'", " NOMIT=2", " CHOMIT(2)='G_gly'",
                 " NUNFIL=256", " PPMCEN=4.7"):  # fmt: skip
        assert wanted in control.splitlines()
    line = ImportLine(
        where="line 2", format="lcmodel", part="", target="",
        files=(str(out / f"{NAME}.RAW"), str(out / f"{NAME}.control")), sidecar={"RepetitionTime": 3.0},
    )  # fmt: skip
    problems = Problems("test")
    back = read_lcmodel_raw(line, problems)
    assert back is not None and not problems.found
    assert back.data[:, 0, 0] == pytest.approx(spectrum().fid, rel=2e-7)  # seven decimals are printed
    told = back.acquisition
    assert (told.dwell_time_s, told.spectrometer_frequency_mhz, told.receiver_ppm) == (0.00041, 123.25, 4.7)
    assert told.echo_time_s == pytest.approx(0.0285) and told.sequence == "PRESS"


def test_jmrui_reads_the_same_signal(study: Path, tmp_path: Path) -> None:
    assert pharmrs("export", study, "--as", "jmrui", "-o", tmp_path / "out").code == 0
    data, header = readjMRUItxt(tmp_path / "out" / f"{NAME}_water.txt")
    assert data == pytest.approx(spectrum(100.0).fid, rel=1e-8)
    assert header["SamplingInterval"] == pytest.approx(0.41)
    assert header["TransmitterFrequency"] == pytest.approx(123.25e6)
    assert header["MagneticField"] == pytest.approx(2.895, abs=1e-3)


def test_stata_gets_labels_types_and_missing_values(study: Path, tmp_path: Path) -> None:
    end = pharmrs("export", study, "--as", "stata", "-o", tmp_path / "out")
    assert "1 infinite cell" in end.err
    place = tmp_path / "out" / "metabolites.dta"
    with StataReader(place) as reader:
        frame, labels = reader.read(convert_categoricals=False), reader.variable_labels()
    assert list(frame.columns) == ["subject", "value", "never", "excluded", "reason", "_if"]
    assert list(frame["subject"]) == ["01", "02"] and list(frame["excluded"]) == [0.0, 1.0]
    assert frame["value"][0] == 8.25 and np.isnan(frame["value"][1]) and np.isnan(frame["_if"][1])
    assert frame["never"].isna().all() and frame["reason"][0] == 'said "no"'
    assert labels["subject"] == "Participant label" and labels["never"] == "A figure nobody has (Hz)"
    assert len(labels["value"]) <= 80 and labels["value"].endswith("...")
    pharmrs("export", study, "--as", "stata", "-o", tmp_path / "again")
    assert (tmp_path / "again" / "metabolites.dta").read_bytes() == place.read_bytes()


def test_r_gets_labels_types_and_missing_values(study: Path, tmp_path: Path) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("R is not installed")
    assert pharmrs("export", study, "--as", "r", "-o", tmp_path / "out").code == 0
    asked = (
        'source("tables.R"); m <- pharmrs$metabolites; cat(m$subject, m$value, m$excluded, is.na(m$never), m[["if"]], '
        'class(m$never), attr(m$never, "label"), m$reason[1], sep = "|")'
    )
    ended = subprocess.run(["Rscript", "-e", asked], cwd=tmp_path / "out", capture_output=True, text=True, check=False)
    assert ended.stdout == '01|02|8.25|NA|FALSE|TRUE|TRUE|TRUE|1|Inf|numeric|A figure nobody has (Hz)|said "no"', ended


def test_figures_come_as_pdf_too(study: Path, tmp_path: Path) -> None:
    folder = study / RESULTS / "sub-01" / "ses-1" / "mrs" / "figures"
    folder.mkdir()
    (folder / "fit.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50"><path d="M0 0l10 10" stroke="#000"/></svg>'
    )
    assert pharmrs("export", study, "--as", "figures", "-o", tmp_path / "out").code == 0
    assert (tmp_path / "out" / "fit.pdf").read_bytes().startswith(b"%PDF") and (tmp_path / "out" / "fit.svg").is_file()


@pytest.mark.parametrize(("form", "back"), [("osprey", "QuantifyResults"), ("fsl_mrs", "")])
def test_concentrations_go_to_another_program_and_back_with_every_digit(
    form: str, back: str, study: Path, tmp_path: Path
) -> None:
    names = ("scan", "metabolite", "crlb_percent", "ratio_tcr", "tissue_molal", "water_relaxation")
    lines = [
        "s1\tGlu\t5.123456789\t1.234567891\t11.00000001\t9.87654321e-05",
        "s1\ttCr\t2.5\t1\t8.123456789\t7",
        "s2\tGlu\tinf\t0\t0\t0",
        "s2\ttCr\t3\t1\t9\tn/a",
        "s2\tIns\t7\t0.8\t6.25\t5",
    ]
    (study / RESULTS / "metabolites.tsv").write_text("\n".join(["\t".join(names), *lines, ""]))
    (study / RESULTS / "quality.tsv").write_text("scan\tsignal_to_noise\tline_width_hz\ns2\t33.71607478\t7.45653211\n")
    before, after = tmp_path / "before.tsv", tmp_path / "after.tsv"
    assert pharmrs("results", study / RESULTS / "metabolites.tsv", "-o", before).code == 0
    assert pharmrs("export", study, "--as", form, "-o", tmp_path / "out").code == 0
    files = sorted((tmp_path / "out" / back).glob("*" if form == "osprey" else "*/summary.csv"))
    assert pharmrs("results", *files, "-o", after).code == 0
    there = {"osprey": ("ratio_tcr", "tissue_molal", "water_relaxation"), "fsl_mrs": ("ratio_tcr", "tissue_molal")}

    def told(place: Path) -> dict[tuple[str, ...], tuple[str, str]]:
        return {(row["scan"], row["metabolite"], row["scale"]): (row["value"], row["crlb_percent"])
                for row in table(place) if row["scale"] in there[form]}  # fmt: skip

    assert told(after) == told(before) and len(told(before)) > 7
    (quality,) = [row for row in table(tmp_path / "after_quality.tsv") if row["scan"] == "s2"]
    assert (quality["signal_to_noise"], quality["line_width_hz"]) == ("33.71607478", "7.45653211")


@pytest.mark.parametrize("form", ["excel", ""])
def test_a_form_nobody_knows(form: str, study: Path) -> None:
    end = pharmrs("export", study, "--as", form)
    assert end.code == 2 and "lcmodel, jmrui, fsl_mrs, osprey, stata, r, figures" in end.err


def test_nothing_to_export_and_a_folder_of_somebody_else(study: Path, tmp_path: Path) -> None:
    end = pharmrs("export", tmp_path, "--as", "r", "-o", tmp_path / "out")
    assert end.code == 2 and "must be a study that was run" in end.err and not (tmp_path / "out").exists()
    end = pharmrs("export", study, "--as", "figures", "-o", tmp_path / "out")
    assert end.code == 2 and "must hold what `figures` is made of" in end.err and not (tmp_path / "out").exists()
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "note.txt").write_text("mine")
    end = pharmrs("export", study, "--as", "r", "-o", tmp_path / "theirs")
    assert end.code == 2 and [path.name for path in (tmp_path / "theirs").iterdir()] == ["note.txt"]
