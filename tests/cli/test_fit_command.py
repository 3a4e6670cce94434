"""`pharmrs fit`: single spectra to a table and a picture."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.cli.real_run import RealRun
from tests.study.e2e import Finished, edit_data, edit_image, pharmrs, table

COLUMNS = "file\tmetabolite\tamplitude\tsd\tstability_sd\tcrlb_percent\tshift_hz\tdamping_hz"
SUMS = {"tNAA": ("NAA", "NAAG"), "tCr": ("Cr", "PCr"), "tCho": ("GPC", "PCho"), "Glx": ("Glu", "Gln")}


@pytest.fixture(scope="module")
def basis(steam: Path) -> Path:
    return steam / "STEAM_7T_11ms.BASIS.gz"


@pytest.fixture(scope="module")
def peer(steam: Path) -> Path:
    """The recording as a peer processed it."""
    return steam / "metab.nii.gz"


@pytest.fixture(scope="module")
def fitted(peer: Path, basis: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finished, Path]:
    folder = tmp_path_factory.mktemp("fit")
    end = pharmrs("fit", peer, "--basis", basis, "--out", folder / "t.tsv", "--figure", folder / "figures")
    return end, folder


def amplitudes(path: Path) -> dict[str, dict[str, float]]:
    """file name -> metabolite -> amplitude"""
    found: dict[str, dict[str, float]] = {}
    for row in table(path):
        found.setdefault(Path(row["file"]).name, {})[row["metabolite"]] = float(row["amplitude"])
    return found


def test_table(fitted: tuple[Finished, Path], peer: Path) -> None:
    end, folder = fitted
    assert end.code == 0
    assert [str(folder / "t.tsv"), str(folder / "t_quality.tsv")] == [
        line
        for line in end.out.splitlines()
        if line.startswith(str(folder)) and line.endswith(("t.tsv", "quality.tsv"))
    ]
    assert (folder / "t.tsv").read_text().splitlines()[0] == COLUMNS
    rows = {row["metabolite"]: row for row in table(folder / "t.tsv")}
    assert {row["file"] for row in rows.values()} == {str(peer)}
    for total, parts in SUMS.items():
        assert float(rows[total]["amplitude"]) == pytest.approx(
            sum(float(rows[p]["amplitude"]) for p in parts), rel=1e-8
        )
        assert rows[total]["shift_hz"] == rows[total]["damping_hz"] == "n/a"
    for row in rows.values():
        value, sd, percent = (float(row[key]) for key in ("amplitude", "sd", "crlb_percent"))
        assert value >= 0 and sd > 0
        assert percent == pytest.approx(100 * sd / value, rel=1e-8) if value else percent == float("inf")


def test_all_components_are_accounted_for(fitted: tuple[Finished, Path]) -> None:
    end, folder = fitted
    rows = {row["metabolite"] for row in table(folder / "t.tsv")} - set(SUMS)
    noted = {line.split()[1] for line in end.err.splitlines() if line.startswith("note: ") and "left out" in line}
    assert noted == {"G_glu", "G_gly"}
    assert len(rows) == 21 and not rows & noted


def test_peer_processed_spectrum_agrees_with_the_raw_route(fitted: tuple[Finished, Path], real: RealRun) -> None:
    (peer,) = amplitudes(fitted[1] / "t.tsv").values()
    raw = {row["metabolite"]: float(row["ratio_tcr"]) for row in table(real.results / "metabolites.tsv")}
    assert peer["Glu"] / peer["tCr"] == pytest.approx(raw["Glu"], rel=0.03)  # issue 2


def test_quality_table_and_pictures(fitted: tuple[Finished, Path]) -> None:
    _, folder = fitted
    (quality,) = table(folder / "t_quality.tsv")
    assert quality["converged"] == "yes"
    assert 8 < float(quality["line_width_hz"]) < 13
    assert abs(float(quality["residual_autocorrelation"])) < 0.2
    assert (folder / "figures" / "metab_fit.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "figures" / "metab_fit.pdf").read_bytes().startswith(b"%PDF")
    page = (folder / "figures" / "metab_fit.html").read_text(encoding="utf-8")
    assert "<h1>metab.nii.gz</h1>" in page and len(page.encode()) < 400_000


def test_raw_transients_and_their_water_are_preprocessed_as_in_a_study(
    peer: Path, basis: Path, real: RealRun, tmp_path: Path
) -> None:
    """One water recording for everything, where the study has three: other coil weights, within the SD (tCho 7 %)."""
    raw, water = (peer.with_name(f"{name}_raw.nii.gz") for name in ("metab", "quant"))
    end = pharmrs("fit", raw, "-b", basis, "-w", water, "-o", tmp_path / "t.tsv")
    assert end.code == 0
    assert "note: 4 coils combined with noise-whitened weights from the water reference" in end.err
    (found,) = amplitudes(tmp_path / "t.tsv").values()
    of_study = {row["metabolite"]: float(row["ratio_tcr"]) for row in table(real.results / "metabolites.tsv")}
    for name in ("Glu", "tNAA", "Ins", "tCho"):
        assert found[name] / found["tCr"] == pytest.approx(of_study[name], rel=0.04)


def test_several_spectra_with_water_as_the_whole_command_has_it(
    real: RealRun, peer: Path, basis: Path, tmp_path: Path
) -> None:
    preprocessed = next(real.results.rglob("*_desc-preproc_svs.nii.gz"))
    water = next(real.results.rglob("*_desc-preproc_mrsref.nii.gz"))
    end = pharmrs("fit", peer, preprocessed, "-b", basis, "-o", tmp_path / "t.tsv", "--water", water, "-j", 1)
    assert end.code == 0
    assert all(peer.name in line and "residual" in line for line in end.lines("warning"))  # 1.3 x the noise there
    assert list(amplitudes(tmp_path / "t.tsv")) == [peer.name, preprocessed.name]
    assert [Path(row["file"]).name for row in table(tmp_path / "t_quality.tsv")] == [peer.name, preprocessed.name]
    scaled = {
        (row["metabolite"], row["scale"]): row
        for row in table(tmp_path / "t_concentrations.tsv")
        if row["file"] == str(preprocessed)
    }
    compared = 0
    for row in table(real.results / "metabolites.tsv"):
        for scale, unit in (("ratio_tcr", "1"), ("lcmodel_water", "mmol/L"), ("institutional", "1")):
            mine = scaled[row["metabolite"], scale]
            assert mine["unit"] == unit
            # the same numbers through a file: measured equal in all ten digits
            assert float(mine["value"]) == pytest.approx(
                float(row[scale]), rel=1e-6, abs=1e-6 * float(row[f"{scale}_sd"])
            )
            compared += 1
    assert compared == 3 * 25


def test_without_water_there_are_no_water_scales(fitted: tuple[Finished, Path]) -> None:
    assert {row["scale"] for row in table(fitted[1] / "t_concentrations.tsv")} == {"ratio_tcr"}


def test_window_is_honoured(fitted: tuple[Finished, Path], peer: Path, basis: Path, tmp_path: Path) -> None:
    """A strong line at 1.2 ppm ruins a fit that covers it and leaves one from 1.8 ppm on nearly as it was."""

    def add_line(data: np.ndarray) -> np.ndarray:
        time_s = np.arange(data.shape[3]) / 12000.0
        line = np.exp(-2j * np.pi * 297.22 * (1.2 - 4.65) * time_s - 20.0 * time_s)
        return data + (0.1 * np.abs(data).max() * line)[None, None, None, :].astype(data.dtype)

    spoiled = tmp_path / "spoiled.nii.gz"
    shutil.copy(peer, spoiled)
    spoiled.with_name("spoiled.json").write_text("{}")
    edit_data(spoiled, add_line)
    narrow, wide = tmp_path / "narrow.tsv", tmp_path / "wide.tsv"
    assert pharmrs("fit", peer, spoiled, "-b", basis, "-o", narrow, "--ppm", 1.8, 4.2, "-j", 1).code == 0
    assert pharmrs("fit", spoiled, "-b", basis, "-o", wide, "-j", 1).code == 0
    clean, beside, across = (
        amplitudes(narrow)[peer.name],
        amplitudes(narrow)[spoiled.name],
        amplitudes(wide)["spoiled.nii.gz"],
    )
    reference = amplitudes(fitted[1] / "t.tsv")[peer.name]
    names = ("Glu", "tCr", "tNAA")
    assert max(abs(beside[name] / clean[name] - 1) for name in names) < 0.02
    assert max(abs(across[name] / reference[name] - 1) for name in names) > 0.2


def test_omit(peer: Path, basis: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.tsv"
    end = pharmrs("fit", peer, "-b", basis, "-o", out, "--omit", "PE", "--omit", "Scyllo", "-j", 1)
    assert end.code == 0
    assert not {"PE", "Scyllo"} & set(amplitudes(out)[peer.name])
    assert "Gly" in amplitudes(out)[peer.name]


def test_ratio(peer: Path, basis: Path, tmp_path: Path) -> None:
    """A tight declared ratio is met, and is the only thing that makes NAAG/NAA 0.15 here."""
    found = []
    for options in ([], ["--ratio", "NAAG/NAA=0.15:0.001"]):
        out = tmp_path / f"{len(options)}.tsv"
        assert pharmrs("fit", peer, "-b", basis, "-o", out, *options, "-j", 1).code == 0
        rows = amplitudes(out)[peer.name]
        found.append(rows["NAAG"] / rows["NAA"])
    assert found[0] > 0.18
    assert found[1] == pytest.approx(0.15, abs=0.005)


def test_add(peer: Path, basis: Path, tmp_path: Path) -> None:
    out = tmp_path / "t.tsv"
    end = pharmrs("fit", peer, "-b", basis, "-o", out, "--omit", "mm", "--add", "mm", "--add", "lipids", "-j", 1)
    assert end.code == 0, end.err
    assert {"mm", "Lip09", "Lip13", "Lip20"} <= set(amplitudes(out)[peer.name])


def _truncated(peer: Path, path: Path) -> None:
    path.write_bytes(peer.read_bytes()[:9000])


def _changed(change: Callable[[Path], None]) -> Callable[[Path, Path], None]:
    def make(peer: Path, path: Path) -> None:
        shutil.copy(peer, path)
        path.with_name(path.name.replace(".nii.gz", ".json")).write_text("{}")
        change(path)

    return make


BAD: dict[str, tuple[Callable[[Path, Path], None], str, str, str]] = {
    "absent": (lambda _peer, _path: None, "file", "must exist", "check the path"),
    "truncated": (_truncated, "file", "complete gzip", "copy or download"),
    "raw": (
        lambda peer, path: shutil.copy(peer.with_name("metab_raw.nii.gz"), path),
        "DIM_COIL",
        "as many coils as the metabolite recording (found: 1 coils, 4 in ",
        "store both uncombined",
    ),
    "conjugated": (
        _changed(lambda path: edit_data(path, np.conj)),
        "phase sense",
        "lower frequencies",
        "conjugate the data",
    ),
    "zeros": (_changed(lambda path: edit_data(path, np.zeros_like)), "data", "must hold a signal", "export"),
    "other bandwidth": (
        _changed(lambda path: edit_image(path, dwell=1 / 10000.0)),
        "dwell time",
        "that of the metabolite",
        "same session",
    ),
}


def test_bad_files_are_named_and_do_not_stop_the_good_one(
    fitted: tuple[Finished, Path], real: RealRun, peer: Path, basis: Path, tmp_path: Path
) -> None:
    paths = {name: tmp_path / f"{name}.nii.gz" for name in BAD}
    for name, path in paths.items():
        BAD[name][0](peer, path)
    water = next(real.results.rglob("*_desc-preproc_mrsref.nii.gz"))
    out = tmp_path / "t.tsv"
    end = pharmrs("fit", *paths.values(), peer, "-b", basis, "-o", out, "--water", water, "-j", 1)
    assert end.code == 3
    for name, (_, field, rule, remedy) in BAD.items():
        told = [
            line for line in end.lines("error") if f": {paths[name]}: {field}: " in line or str(paths[name]) in line
        ]
        assert any(field in line and rule in line and remedy in line.split("Remedy:")[1] for line in told), (name, told)
    assert amplitudes(out) == amplitudes(fitted[1] / "t.tsv")
    assert "Traceback" not in end.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{absent}", "--basis", "{basis}"], "file: must exist"),
        (["{peer}", "--basis", "{absent}"], "basis: must exist"),
        (["{peer}", "--basis", "{peer}"], "basis: must be one of: LCModel"),
        (["{peer}", "--basis", "{basis}", "--water", "{absent}"], "file: must exist"),
        (["{peer}", "--basis", "{basis}", "--omit", "Unobtainium"], "fit.omit: must name components of the basis set"),
        (["{peer}", "--basis", "{basis}", "--add", "mm"], "fit.add: `mm` is for a basis set without such components"),
        (["{peer}", "--basis", "{basis}", "--add", "fat"], "choose from mm, lipids"),
        (["{peer}", "--basis", "{basis}", "--ratio", "NAAG"], "is not like NAAG/NAA=0.15:0.15"),
        (["{peer}", "--basis", "{basis}", "--ratio", "NAAG/NAA=0.1:0"], "the SD must be above 0"),
        (["{peer}", "--basis", "{basis}", "--ratio", "Foo/NAA=0.1:1"], "fit.ratio_priors: must name components"),
        (["{peer}", "--basis", "{basis}", "--ppm", "4.2", "0.2"], "HIGH must be at least 0.5 ppm above LOW"),
        (["{peer}"], "MixingTime: STEAM has a mixing time (found: not in the header)"),
        (["{peer}", "--basis", "{basis}", "--out", "{folder}/t.xlsx"], "out: must end in .tsv"),
        (["{folder}", "--basis", "{basis}"], "must exist and be a file (found: a folder)"),
    ],
)
def test_nothing_usable(arguments: list[str], message: str, peer: Path, basis: Path, tmp_path: Path) -> None:
    places = {"absent": tmp_path / "absent.nii.gz", "peer": peer, "basis": basis, "folder": tmp_path}
    filled = [text.format(**places) for text in arguments]
    end = pharmrs("fit", "--out", tmp_path / "t.tsv", *filled, "-j", 1)
    assert end.code == 2
    assert message in end.err
    assert "Traceback" not in end.err
    assert list(tmp_path.iterdir()) == []
