"""The whole command on the real recording: raw transients to concentrations.

Limits of the ratios: issue 2. Peers on the same recording: LCModel Glu/tCr 1.043, NAA/tCr 1.276, Ins/tCr 0.822;
FSL-MRS Glu/tCr 0.950 and 1.100.
"""

from __future__ import annotations

import json

import nibabel as nib
import pytest

from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.read.nifti_mrs import read_fids
from tests.cli.real_run import RealRun
from tests.study.e2e import contents, plain, table

SCAN = "sub-01_acq-steam"
IDENTITY = ("F7T_2019_005_003", "19810730", "FMRIB University", "Street StreetNo", "18928.0", "meas_MID31")


@pytest.fixture(scope="module")
def ratios(real: RealRun) -> dict[str, float]:
    return {row["metabolite"]: float(row["ratio_tcr"]) for row in table(real.results / "metabolites.tsv")}


def test_it_ends_well(real: RealRun) -> None:
    assert real.ended.returncode == 0, real.ended.stderr
    *values, place = real.ended.stdout.split("\n")[:-1]
    assert place.strip() == str(real.results / "report.html")
    assert ["tCr", "1.00", "n/a", "1", "1"] in [line.split() for line in values]
    assert "1 of 1 scans processed, 0 excluded" in real.ended.stderr
    assert "Traceback" not in real.ended.stderr
    assert "error: " not in real.ended.stderr


@pytest.mark.parametrize(("name", "low", "high"), [("Glu", 0.98, 1.12), ("NAA", 1.20, 1.40), ("Ins", 0.74, 0.90)])
def test_ratio(ratios: dict[str, float], name: str, low: float, high: float) -> None:
    assert low <= ratios[name] <= high


def test_quality(real: RealRun) -> None:
    (quality,) = table(real.results / "quality.tsv")
    assert quality["status"] == "analysed"
    assert quality["converged"] == "yes"
    assert abs(float(quality["residual_autocorrelation"])) < 0.2  # the residual looks like noise
    assert (quality["transients"], quality["transients_rejected"]) == ("16", "0")
    # LCModel on the peer-processed spectrum: S/N 27, FWHM 0.035 ppm = 10.4 Hz
    assert 25 < float(quality["signal_to_noise"]) < 80
    assert 8 < float(quality["line_width_hz"]) < 13


def test_no_component_is_silently_missing(real: RealRun) -> None:
    basis = read_basis(real.root / "basis" / "STEAM_7T_11ms.basis")
    assert len(basis.names) == 23
    rows = table(real.results / "metabolites.tsv")
    fitted = {row["metabolite"] for row in rows if "+" not in row["parts"]}
    listed = table(real.results / "problems.tsv")
    explained = {row["field"].removeprefix("component ") for row in listed if row["field"].startswith("component ")}
    assert fitted | explained == set(basis.names)
    assert not fitted & explained
    assert explained == {"G_glu", "G_gly"}
    assert all("it is part of GSH" in row["value"] for row in listed if row["field"].startswith("component "))
    assert {"tNAA", "tCr", "tCho", "Glx"} <= {row["metabolite"] for row in rows}
    for row in rows:  # a scale has a value, or the reason why not is in the table
        for scale in ("ratio_tcr", "institutional", "lcmodel_water", "water_relaxation", "gm_wm_normalised"):
            assert row[scale] != "n/a" or f"{scale}: " in row["reason"]


def test_derivative_is_complete(real: RealRun) -> None:
    names = set(contents(real.results))
    for name in ("metabolites", "quality", "exclusions", "problems"):
        columns = (real.results / f"{name}.tsv").read_text().splitlines()[0].split("\t")
        assert list(json.loads((real.results / f"{name}.json").read_text())) == columns
    assert json.loads((real.results / "dataset_description.json").read_text())["DatasetType"] == "derivative"
    assert {"report.html", "methods.md", "provenance.json", "pharmrs.log"} <= names
    folder = f"sub-01/mrs/{SCAN}"
    assert {f"{folder}_desc-preproc_svs.nii.gz", f"{folder}_desc-preproc_mrsref.nii.gz"} <= names
    assert f"sub-01/mrs/figures/{SCAN}_fit.svg" in names
    spectrum = read_fids(real.results / f"{folder}_desc-preproc_svs.nii.gz")
    assert spectrum.data.shape == (4096, 1, 1)


def test_nothing_identifying_gets_out(real: RealRun, steam: object) -> None:
    raw = bytes(nib.load(f"{steam}/metab_raw.nii.gz").header.extensions[0].get_content())
    assert all(text.encode() in raw for text in IDENTITY)  # the raw files do hold it
    for name, content in contents(real.root).items():
        found = [text for text in IDENTITY if text.encode() in plain(content)]
        assert not found, f"{found} in {name}"


def test_input_is_unchanged(real: RealRun) -> None:
    assert len(real.before) > 10
    assert real.after == real.before
