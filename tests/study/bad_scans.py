"""What can be wrong with one scan: how to make it so, and what must be said about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.study.e2e import Recordings, edit_data, edit_header, edit_image, edit_sidecar, sidecar


@dataclass(frozen=True)
class Case:
    """`spoil` changes the files. Then `field` of the file whose name ends in `file` breaks `rule`, found `value`,
    to be mended by `remedy` (parts of the texts). `severity` `error`: the scan fails, the others do not."""

    spoil: Callable[[Recordings], None]
    file: str
    field: str
    rule: str
    value: str
    remedy: str
    severity: str = "error"


def _truncate(scan: Recordings) -> None:
    content = scan.svs.read_bytes()
    scan.svs.write_bytes(content[: len(content) // 2])


def _nan(path: Path) -> None:
    def change(data: np.ndarray) -> np.ndarray:
        data[0, 0, 0, 100] = np.nan
        return data

    edit_data(path, change)


def _noise(data: np.ndarray) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.normal(size=data.shape) + 1j * rng.normal(size=data.shape)


def _other_bandwidth(scan: Recordings) -> None:
    edit_image(scan.quant, dwell=1.0 / 4000.0)
    edit_header(scan.quant, SpectralWidth=4000.0)


def _two_references(scan: Recordings) -> None:
    second = scan.quant.with_name(scan.quant.name.replace("_mrsref", "_run-2_mrsref"))
    shutil.copy(scan.quant, second)
    shutil.copy(sidecar(scan.quant), sidecar(second))


def _no_water(scan: Recordings) -> None:
    for path in (scan.quant, scan.ecc):
        path.unlink()
        sidecar(path).unlink()


CASES: dict[str, Case] = {
    "truncated": Case(_truncate, "svs.nii.gz", "file", "complete gzip", "", "copy or download the file again"),
    "nonifti": Case(
        lambda scan: scan.svs.write_text("ceci n'est pas un spectre"),
        "svs.nii.gz",
        "file",
        "complete gzip",
        "",
        "copy or download",
    ),
    "nomrs": Case(
        lambda scan: edit_image(scan.svs, intent="bold"), "svs.nii.gz", "intent_name", "NIfTI-MRS", "bold", "spec2nii"
    ),
    "nucleus": Case(
        lambda scan: edit_header(scan.svs, ResonantNucleus=["31P"]),
        "svs.nii.gz",
        "ResonantNucleus",
        "must be 1H",
        "31P",
        "leave this recording out",
    ),
    "note": Case(
        lambda scan: edit_header(scan.svs, drop=["EchoTime"]),
        "svs.nii.gz",
        "EchoTime",
        "must be given",
        "missing",
        "add EchoTime",
    ),
    "notr": Case(
        lambda scan: edit_header(scan.svs, drop=["RepetitionTime"]),
        "svs.nii.gz",
        "RepetitionTime",
        "must be given",
        "missing",
        "add RepetitionTime",
    ),
    "milliseconds": Case(
        lambda scan: edit_header(scan.svs, EchoTime=20.0),
        "svs.nii.gz",
        "EchoTime",
        "at most 0.5 s",
        "20",
        "divide it by 1000",
    ),
    "dwell": Case(
        lambda scan: edit_sidecar(scan.svs, SpectralWidth=5000.0),
        "svs.nii.gz",
        "SpectralWidth",
        "must agree with the dwell time",
        "5000",
        "correct the one that is wrong",
    ),
    "bandwidth": Case(
        _other_bandwidth, "quant_mrsref.nii.gz", "dwell time", "that of the metabolite", "0.00025 s", "the same session"
    ),
    "nan": Case(lambda scan: _nan(scan.svs), "svs.nii.gz", "data", "finite", "NaN", "convert the recording again"),
    "nanwater": Case(lambda scan: _nan(scan.quant), "quant_mrsref.nii.gz", "data", "finite", "NaN", "convert"),
    "zeros": Case(
        lambda scan: edit_data(scan.svs, np.zeros_like), "svs.nii.gz", "data", "hold a signal", "all zeros", "export"
    ),
    "conjugated": Case(
        lambda scan: [edit_data(path, np.conj) for path in scan.all],
        "svs.nii.gz",
        "phase sense",
        "higher chemical shifts at lower frequencies",
        "complex conjugate",
        "conjugate the data once",
    ),
    "ambiguous": Case(
        _two_references,
        "svs.nii.gz",
        "references.quantification",
        "exactly one reference",
        "run-2",
        "declare references",
    ),
    "shortwater": Case(
        lambda scan: edit_data(scan.quant, lambda data: data[:, :, :, :1536]),
        "quant_mrsref.nii.gz",
        "points",
        "as many as in the metabolite",
        "1536, metabolites 2048",
        "up to the shorter length",
        "warning",
    ),
    "noisewater": Case(
        lambda scan: edit_data(scan.quant, _noise),
        "quant_mrsref.nii.gz",
        "water reference",
        "a water reference must show water",
        "times as high as the rest",
        "without water suppression",
        "warning",
    ),
    "nowater": Case(
        _no_water, "svs.nii.gz", "water reference", "should have a", "none", "add the water reference", "warning"
    ),
}
