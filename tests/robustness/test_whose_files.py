"""pharmrs writes, replaces and deletes what is its own; a link leads nowhere, a forged cache is not believed."""

from __future__ import annotations

import json
import os
import shutil
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.owned import MARKER, claim, open_written, remove, remove_written
from pharmrs.core.files.targets import check_output_folder, claim_output
from tests.study.e2e import RESULTS, contents, layers, pharmrs, results, table


def snapshot(folder: Path) -> dict[str, str]:
    return {name: sha256(content).hexdigest() for name, content in contents(folder).items()}


@pytest.mark.parametrize("name", ["README", "results.json", ".part-thesis/chapter1.tex", "sub/.video.part", ".x.part"])
def test_a_folder_with_anything_in_it_is_refused(name: str, tmp_path: Path) -> None:
    place = tmp_path / "proj"
    (place / name).parent.mkdir(parents=True)
    (place / name).write_text("mine")
    before = snapshot(place)
    (problem,) = check_output_folder(place)
    assert "must be new, empty" in problem.rule and problem.remedy
    with pytest.raises(InputError):
        claim_output(place)
    assert snapshot(place) == before


@pytest.mark.parametrize("command", ["plate", "genotype", "analyse", "power", "audit", "voxel"])
def test_no_command_writes_into_the_folder_of_somebody_else(command: str, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "thesis.tex").write_text("mine")
    table_file = tmp_path / "in.tsv"
    table_file.write_text("label\tt\tdf\tp\na\t2.39\t25\t.0249\n")
    words = {"analyse": ["--plan", table_file], "voxel": [table_file]}.get(command, [])
    end = pharmrs(command, table_file, *words, "--out", tmp_path / "out")
    assert end.code == 2
    assert contents(tmp_path / "out") == {"thesis.tex": b"mine"}


def test_what_would_land_beside_the_named_file_is_nobodys(tmp_path: Path, make_nifti: Callable[..., Path]) -> None:
    """Tables of quality, pictures, pages, templates, a printed report, a set of metabolites: each is in the way."""
    place = tmp_path / "place"
    spectrum = make_nifti("s.nii.gz")
    basis = [
        "--sequence",
        "steam",
        "--te-ms",
        20,
        "--tm-ms",
        10,
        "--larmor-mhz",
        297,
        "--bandwidth-hz",
        5000,
        "-m",
        "Cr",
    ]
    (tmp_path / "report.html").write_text("<p>ours</p>")
    (tmp_path / "results.csv").write_text("Row, Col, NAA, NAA %SD\n1,1,1.0,5\n")
    commands: dict[str, list[object]] = {
        "t_quality.tsv": ["fit", spectrum, "-o", place / "t.tsv"],
        "t_concentrations.tsv": ["fit", spectrum, "-o", place / "t.tsv"],
        "s_fit.png": ["fit", spectrum, "-o", place],
        "s_fit.html": ["fit", spectrum, "-o", tmp_path / "t.tsv", "--figure", place],
        "b.png": ["basis", *basis, "-o", place / "b.basis"],
        "b_json/Cr.json": ["basis", *basis, "-o", place / "b.basis"],
        "layout-template.tsv": ["plate", "--template", "-o", place],
        "layout.html": ["plate", "--template", "-o", place],
        "report.pdf": ["pdf", tmp_path / "report.html", "-o", place / "report.pdf"],
        "r_quality.tsv": ["results", tmp_path / "results.csv", "-o", place / "r.tsv"],
        "notes": ["results", tmp_path / "results.csv", "--as", "lcmodel", "-o", place],
    }
    for name, words in commands.items():
        (place / name).parent.mkdir(parents=True)
        (place / name).write_text("mine")
        if name.startswith("layout-"):
            (place / "layout.tsv").write_text("mine, too")
        before = snapshot(place)
        end = pharmrs(*words)
        assert end.code == 2 and snapshot(place) == before, (name, end)
        shutil.rmtree(place)


def test_init_adds_and_replaces_nothing(tmp_path: Path) -> None:
    """Whatever of a study is there, links among it: each stays as it is, and nothing is written through a link."""
    (tmp_path / "theirs").write_text("mine")
    study = tmp_path / "study"
    (study / "sub-01" / "ses-1" / "mrs").mkdir(parents=True)
    (study / "sub-01" / "ses-1" / "mrs" / "sub-01_ses-1_svs.nii.gz").touch()
    assert pharmrs("init", study).code == 0
    made = sorted(contents(study))
    assert len(made) > 3
    for name in made:
        (study / name).write_text("mine")
    before = snapshot(study)
    assert pharmrs("init", study).code == 0
    assert snapshot(study) == before
    for name in ("study.yaml", "participants.tsv"):
        (study / name).unlink()
        (study / name).symlink_to(tmp_path / "theirs")
    pharmrs("init", study)
    assert (tmp_path / "theirs").read_text() == "mine"
    (tmp_path / "theirs").unlink()  # now the links lead nowhere
    pharmrs("init", study)
    assert not (tmp_path / "theirs").exists()


def test_what_others_put_into_our_folder_stays(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    claim(folder)
    write_text(folder / "figures" / "a.svg", "ours")
    (folder / "figures" / "b.svg").write_text("theirs")
    (folder / "results.json").write_text("theirs")
    remove_written(folder, ["figures/*", "results.json"])
    remove(folder / "results.json")
    assert contents(folder, [MARKER]) == {"figures/b.svg": b"theirs", "results.json": b"theirs"}
    with pytest.raises(InputError, match="did not write"):
        write_text(folder / "results.json", "ours")
    write_text(folder / "figures" / "a.svg", "ours again")
    assert contents(folder, [MARKER])["results.json"] == b"theirs"


def test_half_a_line_of_a_killed_process_in_the_list(tmp_path: Path) -> None:
    claim(tmp_path)
    with (tmp_path / MARKER).open("a") as stream:
        stream.write("half of a na")
    for _ in range(2):
        write_text(tmp_path / "a", "1")
        write_text(tmp_path / "b", "2")
    assert {"a", "b"} <= set((tmp_path / MARKER).read_text().splitlines())


@pytest.mark.parametrize("linked", ["sub-01", "sub-01/mrs", "cache"])
def test_no_folder_behind_a_link_is_written_to(linked: str, tmp_path: Path) -> None:
    theirs, ours = tmp_path / "theirs", tmp_path / "ours"
    theirs.mkdir()
    claim(ours)
    (ours / linked).parent.mkdir(exist_ok=True)
    (ours / linked).symlink_to(theirs)
    with pytest.raises(InputError, match="not a link"):
        write_text(ours / linked / "mrs" / "a.tsv", "ours")
    with pytest.raises(InputError, match="links to other folders"):
        claim(ours)
    assert list(theirs.iterdir()) == []


def test_a_link_in_place_of_a_file_gives_way(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs")
    ours = tmp_path / "ours"
    claim(ours)
    for name in ("log", "table"):
        (ours / name).symlink_to(tmp_path / "theirs")
    with os.fdopen(open_written(ours / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), "w") as stream:
        stream.write("ours")
    write_text(ours / "table", "ours")
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert not (ours / "log").is_symlink() and (ours / "log").read_text() == (ours / "table").read_text() == "ours"


def test_the_mask_of_the_person_holds(tmp_path: Path) -> None:
    former = os.umask(0o077)
    try:
        claim(tmp_path / "out")
        write_text(tmp_path / "out" / "a", "private")
    finally:
        os.umask(former)
    assert {stat.S_IMODE((tmp_path / "out" / name).stat().st_mode) for name in ("a", MARKER)} == {0o600}


def test_a_run_touches_only_its_own(copy_of_demo: Callable[[str], Path], tmp_path: Path) -> None:
    """Cases 01, 02, 05 and 09 of the shared robustness cases, on one small study."""
    root, theirs = copy_of_demo("dataset"), tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "bashrc").write_text("mine")
    output = root / RESULTS
    (output / "cache").mkdir(parents=True)
    (output / "pharmrs.log").symlink_to(theirs / "bashrc")
    (output / "cache" / "lock").symlink_to(theirs / "bashrc")
    (output / "sub-01").symlink_to(theirs)
    end = pharmrs("run", root, "-j", "1")
    assert end.code == 2 and "links to other folders" in end.err
    assert snapshot(theirs) == {"bashrc": sha256(b"mine").hexdigest()}
    (output / "sub-01").unlink()

    first = pharmrs("run", root, "-j", "1")
    assert (theirs / "bashrc").read_text() == "mine" and (output / "report.html").is_file()
    told = (output / "metabolites.tsv").read_text()
    place = str(root).encode()
    assert not [name for name, content in contents(output).items() if any(place in layer for layer in layers(content))]

    entry = next((output / "cache" / "scans").glob("*ses-1*.json"))
    head, key, content = entry.read_text().split("\n", 2)
    forged = json.loads(content)
    for row in forged["outcome"]["result"]["amplitudes"]:
        row["amplitude"] *= 2
    entry.write_text("\n".join([head, key, json.dumps(forged)]))
    again = pharmrs("run", root, "-j", "1")
    assert again.code == first.code
    assert (output / "metabolites.tsv").read_text() == told
    assert "not as it was written: fitted again" in (output / "pharmrs.log").read_text()

    before = results(root)
    (output / "notes.md").write_text("mine")
    long = "desc-" + "x" * 190
    for path in list((root / "sub-01" / "ses-2" / "mrs").iterdir()):
        path.rename(path.with_name(path.name.replace("ses-2_", f"ses-2_{long}_")))
    end = pharmrs("run", root, "-j", "1")
    assert end.code == 3 and "at most 150 bytes" in end.err
    kept = {name: content for name, content in before.items() if "ses-1" in name}
    after = results(root)
    assert kept and {name: after[name] for name in kept} == kept and after["notes.md"] == b"mine"
    assert {row["scan"] for row in table(output / "metabolites.tsv")} == {"sub-01_ses-1_acq-steam"}
