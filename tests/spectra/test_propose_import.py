"""A folder of vendor files becomes a mapping table that can be imported, with no name of a person in it."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePath

import pytest

from pharmrs.core.errors import InputError
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.read.proposal.propose import propose
from pharmrs.spectra.read.proposal.words import acquisition_of, is_water
from pharmrs.spectra.stage.import_recordings import import_recordings, propose_table
from tests.spectra.philips_files import write_pair
from tests.spectra.test_import import signal
from tests.spectra.test_import_old_files import CONTROL, write_raw
from tests.spectra.vendor_files import write_rda
from tests.study.e2e import pharmrs, table


@pytest.fixture
def scanner(tmp_path: Path) -> Path:
    """Three people: pairs of Philips files by sessions, RDA transients one by one, LCModel files; and other things."""
    folder = tmp_path / "scanner"
    for session in ("pre", "post"):
        place = folder / "P07" / session
        place.mkdir(parents=True)
        write_pair(place, "svs_30_act", signal(1, 2))
        write_pair(place, "svs_30_ref", 50 * signal(2, 1))
    (folder / "sub-08").mkdir()
    for number in (1, 2, 10):
        write_rda(folder / "sub-08" / f"t{number}.rda", signal(number, 1)[:, 0], SeriesNumber="4")
    write_rda(folder / "sub-08" / "u1.rda", signal(5, 1)[:, 0], SeriesNumber="5")
    (folder / "subj9_visit2").mkdir()
    write_raw(folder / "subj9_visit2" / "a.RAW", signal(5, 1)[:, 0])
    write_raw(folder / "subj9_visit2" / "a.h2o", 100 * signal(6, 1)[:, 0])
    (folder / "subj9_visit2" / "a.control").write_text(CONTROL)
    (folder / "notes.txt").write_text("hello")
    (folder / "table.raw").write_text("hello")
    (folder / "t1.dcm").write_bytes(b"\0" * 200)
    return folder


def test_what_each_file_is_whose_and_when(scanner: Path) -> None:
    rows = {row["file"]: row for row in propose(scanner).rows}
    assert set(rows) == {
        "P07/post/svs_30_act.SDAT", "P07/post/svs_30_ref.SDAT", "P07/pre/svs_30_act.SDAT", "P07/pre/svs_30_ref.SDAT",
        "sub-08/t*.rda", "sub-08/u1.rda", "subj9_visit2/a.RAW", "subj9_visit2/a.h2o",
    }  # fmt: skip
    act, ref = rows["P07/pre/svs_30_act.SDAT"], rows["P07/pre/svs_30_ref.SDAT"]
    assert (act["format"], act["subject"], act["session"], act["acquisition"]) == ("philips", "P07", "pre", "press")
    assert (act["suffix"], ref["suffix"]) == ("svs", "mrsref")
    assert act["second_file"] == "P07/pre/svs_30_act.SPAR"
    many, single = rows["sub-08/t*.rda"], rows["sub-08/u1.rda"]
    assert (many["subject"], many["format"], many["run"], single["run"]) == ("08", "rda", "1", "2")
    raw, water = rows["subj9_visit2/a.RAW"], rows["subj9_visit2/a.h2o"]
    assert (raw["subject"], raw["session"], raw["suffix"], water["suffix"]) == ("9", "2", "svs", "mrsref")
    assert raw["second_file"] == "subj9_visit2/a.control"


def test_the_proposed_table_can_be_imported_as_it_is(scanner: Path, tmp_path: Path) -> None:
    place = tmp_path / "work" / "map.tsv"
    place.parent.mkdir()
    assert len(propose_table(scanner, place).rows) == 8
    text = place.read_text()
    assert "Doe" not in text and "Jane" not in text
    kept = [line for line in text.splitlines() if "LCModel" not in line and "lcmodel" not in line]  # needs its TR
    place.write_text("\n".join(kept) + "\n")
    (tmp_path / "dataset").mkdir()
    done = import_recordings(place, tmp_path / "dataset")
    assert [one.problems for one in done if not one.files] == []
    assert len(done) == 6
    whole = tmp_path / "dataset" / "sub-08" / "mrs" / "sub-08_acq-press_run-1_svs.nii.gz"
    assert read_fids(whole).transients == 3
    assert {row["participant_id"] for row in table(tmp_path / "dataset" / "participants.tsv")} == {"sub-08", "sub-P07"}


@pytest.mark.parametrize(
    ("name", "protocol", "water", "acquisition"),
    [
        ("sub-01_press_act.sdat", "", False, "press"),
        ("sub-01_press_ref.sdat", "", True, "press"),
        ("S01_PRESS_35_H2O.dat", "", True, "press"),
        ("PRESS_ACC_no_WS.rda", "", True, "pressACC"),
        ("press_ws.rda", "", False, "press"),
        ("press_WS_off.rda", "", True, "press"),
        ("water_suppressed_press.rda", "", False, "press"),
        ("svs_se_30_unsuppressed.IMA", "", True, "press"),
        ("001.IMA", "svs_se_30_pgACC_wref", True, "presspgACC"),
        ("press-ref/raw.sdat", "", True, "press"),
        ("press/raw.sdat", "", False, "press"),
        ("PRESS-Inverted_TI-600_raw-act.SDAT", "", False, "pressinv"),
        ("PRESS_MM_ref.SDAT", "", True, "pressinv"),
        ("metabolite_nulled_steam.dat", "", False, "steaminv"),
        ("press_20x20x20mm_invivo.rda", "", False, "press"),
        ("press_20 mm_TE30.rda", "", False, "press"),
        ("MEGA-PRESS_lDLPFC.7", "", False, "megapresslDLPFC"),
        ("left_hippocampus_semi-LASER.dat", "", False, "slaserlhippocampus"),
        ("hermes_GABA_GSH.sdat", "", False, "hermes"),
    ],
)
def test_what_names_tell(name: str, protocol: str, water: bool, acquisition: str) -> None:
    where = PurePath(name)
    assert is_water(where, protocol) is water
    text = f"{protocol} {where.as_posix()}"
    assert acquisition_of(text, inverted=False) == acquisition


def test_a_mixed_visit_is_told_apart_by_names_and_headers(tmp_path: Path) -> None:
    """Two voxels and two echo times, each with its water, and a scan for macromolecules that only its header tells."""
    folder = tmp_path / "sub-01" / "ses-1"
    folder.mkdir(parents=True)
    for number, changed in enumerate((
        {"TE": "30.0"}, {"TE": "135.0"}, {"TE": "30.0", "VOIPositionTra": "62.0"}, {"TE": "30.0", "TI": "920.0"},
    )):  # fmt: skip
        write_rda(folder / f"x{number}.rda", signal(number, 1)[:, 0], SeriesNumber=str(number), **changed)
        if number < 3:
            write_rda(folder / f"x{number}_w.rda", signal(number, 1)[:, 0], SeriesNumber=f"1{number}", **changed)
    proposal = propose(tmp_path)
    found = {Path(row["file"]).name: (row["acquisition"], row["suffix"], row["run"]) for row in proposal.rows}
    assert found == {
        "x0.rda": ("presste30voi1", "svs", ""), "x0_w.rda": ("presste30voi1", "mrsref", ""),
        "x1.rda": ("presste135", "svs", ""), "x1_w.rda": ("presste135", "mrsref", ""),
        "x2.rda": ("presste30voi2", "svs", ""), "x2_w.rda": ("presste30voi2", "mrsref", ""),
        "x3.rda": ("pressinv", "svs", ""),
    }  # fmt: skip
    assert len(proposal.notes) == 1 and "1 seem to be inverted" in proposal.notes[0]


def test_people_in_one_folder_are_not_taken_for_transients(tmp_path: Path) -> None:
    for number in range(1, 5):
        write_rda(tmp_path / f"s{number}.rda", signal(number, 1)[:, 0])
    rows = propose(tmp_path).rows
    assert [row["file"] for row in rows] == [f"s{number}.rda" for number in range(1, 5)]
    assert [row["subject"] for row in rows] == ["1", "2", "3", "4"]


def test_a_folder_without_recordings_says_what_was_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="SDAT, RDA, twix"):
        propose_table(tmp_path, tmp_path / "map.tsv")
    assert not (tmp_path / "map.tsv").exists()
    (tmp_path / "mine.tsv").write_text("my own table\n")
    with pytest.raises(InputError, match="must not replace a file"):
        propose_table(tmp_path, tmp_path / "mine.tsv")


def test_a_folder_becomes_a_dataset_and_the_guess_can_be_corrected(tmp_path: Path) -> None:
    """One command; the table that was guessed lies beside the dataset, and the same command takes it corrected."""
    folder, study = tmp_path / "P07" / "pre", tmp_path / "study"
    folder.mkdir(parents=True)
    write_pair(folder, "a_acq-dlpfc_act", signal(1, 2))
    write_pair(folder, "b_ref", 50 * signal(2, 1))
    end = pharmrs("import", tmp_path / "P07", "--out", study)
    assert end.code == 0 and f"pharmrs init {study}" in end.err, end.err
    guessed = tmp_path / "study_recordings.tsv"
    assert f"{study / 'sub-pre' / 'mrs' / 'sub-pre_acq-dlpfc_svs.nii.gz'}\t" in end.out
    guessed.write_text(guessed.read_text().replace("\tpre\t", "\t07\t"))
    shutil.rmtree(study)
    assert pharmrs("import", tmp_path / "P07", "--out", study).code == 0
    names = {path.name for path in study.rglob("*.nii.gz")}
    assert names == {"sub-07_acq-dlpfc_svs.nii.gz", "sub-07_acq-press_mrsref.nii.gz"}


def test_what_init_proposes_for_recordings_that_name_no_sequence(tmp_path: Path) -> None:
    """Water without an acq- counts, and of the basis set only the sequence is left to say."""
    write_pair(tmp_path, "x_act", signal(1, 2))
    write_pair(tmp_path, "x_ref", 50 * signal(2, 1))
    for path in tmp_path.glob("*.SPAR"):
        lines = path.read_text().splitlines()
        path.write_text("\n".join("scan_id : removed" if "scan_id" in line else line for line in lines) + "\n")
    study = tmp_path / "study"
    assert pharmrs("import", tmp_path, "--out", study).code == 0
    assert pharmrs("init", study).code == 0
    text = (study / "study.yaml").read_text()
    assert "primary_scale: lcmodel_water" in text and "sequence: TODO" in text and "te_ms: " in text
    assert sum("TODO" in line for line in text.splitlines() if not line.startswith("#")) == 1
