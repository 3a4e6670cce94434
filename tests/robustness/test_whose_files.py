"""pharmrs writes, replaces and deletes what is its own; a link leads nowhere, a forged cache is not believed."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.owned import MARKER, claim, open_written, remove, remove_written
from pharmrs.core.files.targets import check_output_folder, claim_output
from tests.study.e2e import RESULTS, contents, pharmrs, results, table


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
    assert not [name for name, content in contents(output).items() if str(root).encode() in content]  # no place of ours

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
