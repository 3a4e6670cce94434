"""Tiny basis sets with known lines, written in the formats that are read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

MHZ = 123.25
DWELL_S = 5e-4
POINTS = 1024
# name -> (ppm, protons) lines
LINES = {
    "NAA": [(2.008, 3.0), (2.6, 1.0)],
    "Cr": [(3.027, 3.0), (3.913, 2.0)],
    "GPC": [(3.212, 9.0), (3.66, 2.0)],
    "Lac": [(1.32, 3.0)],
}


def fid(name: str, *, reference: float = 0.0, damping: float = 6.0) -> np.ndarray[Any, np.dtype[np.complex128]]:
    """Signal of one metabolite in the NIfTI-MRS sense, one unit per proton; `reference`: amplitude of a 0 ppm line."""
    times = np.arange(POINTS) * DWELL_S
    lines = [*LINES[name], (0.0, reference)]
    return sum(a * np.exp((2j * np.pi * (4.65 - ppm) * MHZ - damping) * times) for ppm, a in lines)


def lcmodel_text(
    *,
    reference: float = 0.0,
    shift: int = 0,
    names: tuple[str, ...] = tuple(LINES),
    general: str = f"HZPPPM = {MHZ}, ",
    badelt: str = "5.0D-04",
    conc: str = "1.",
) -> str:
    """An LCModel basis set as its Fortran writes it; `shift` is stored as ISHIFT and undone in the data."""
    text = f" $SEQPAR\n FWHMBA = 0.01,\n {general}\n ECHOT = 11.,\n SEQ = 'STEAM'\n $END\n"
    text += f" $BASIS1\n IDBASI = 'a test',\n FMTBAS = '(6E13.5)',\n BADELT = {badelt},\n NDATAB = {POINTS}\n $END\n"
    for name in names:
        signal = fid(name if name in LINES else "Lac", reference=reference)
        spectrum = np.fft.fft(signal * np.exp(2j * np.pi * shift * np.arange(POINTS) / POINTS))
        numbers = np.column_stack([spectrum.real, spectrum.imag]).ravel()
        text += f" $NMUSED\n FILRAW = '/a/{name}.RAW',\n PPMSEP = 4.65\n $END\n"
        text += f" $BASIS\n ID = '{name}',\n METABO = '{name}',\n CONC = {conc},\n"
        text += f" TRAMP = 1.,\n VOLUME = 1.,\n ISHIFT = {shift}\n $END\n"
        text += "\n".join("".join(f"{v:13.5E}" for v in numbers[i : i + 6]) for i in range(0, numbers.size, 6)) + "\n"
    return text


def write_fsl_json(folder: Path, *, conjugate: bool, changes: dict[str, Any] | None = None) -> None:
    folder.mkdir()
    for name in LINES:
        signal = fid(name).conj() if conjugate else fid(name)
        basis = {
            "basis_re": signal.real.tolist(),
            "basis_im": signal.imag.tolist(),
            "basis_dwell": DWELL_S,
            "basis_centre": MHZ,
            "basis_width": 2.0,
            "basis_name": name,
            **(changes or {}),
        }
        (folder / f"{name}.json").write_text(json.dumps({"basis": basis, "seq": {}}))


def jmrui_text(names: tuple[str, ...] = tuple(LINES), *, conjugate: bool = False, header: str = "") -> str:
    text = "jMRUI Data Textfile\n\nFilename: basis.txt\n\n"
    defaults = {
        "PointsInDataset": str(POINTS),
        "DatasetsInFile": str(len(names)),
        "SamplingInterval": "5E-1",
        "TransmitterFrequency": f"{MHZ}E6",
        "NucleusOfInterest": "1H",
        "SignalNames": ";".join(names),
    }
    for line in header.splitlines():
        key, value = line.split(":")
        defaults[key] = value.strip()
    text += "\n".join(f"{key}: {value}" for key, value in defaults.items()) + "\n\n\nSignal and FFT\n"
    text += "sig(real)\tsig(imag)\tfft(real)\tfft(imag)\n"
    for i, name in enumerate(names, start=1):
        signal = fid(name).conj() if conjugate else fid(name)
        text += f"Signal {i} out of {len(names)} in file\n"
        text += "".join(f"{v.real:.9E}\t{v.imag:.9E}\t0\t0\n" for v in signal)
    return text
