"""Write a basis set as an LCModel `.basis` file, or as a folder of FSL-MRS JSON files.

LCModel and LCMgui User's Manual 6.3, section 8: namelists, then per metabolite the discrete Fourier transform
of its signal as (real, imaginary) pairs. LCModel itself wants signals zero-filled to twice their length; the caller
decides on that, this module writes the points it is given. FSL-MRS documentation, "Basis spectra": a JSON file per
metabolite with its signal in the phase sense opposite to NIfTI-MRS.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.atomic_folder import writing_folder
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.records import BasisSet


def write_lcmodel_basis(path: str | Path, basis: BasisSet, sequence: str = "") -> None:
    """Write `basis` to `path`; read back it is the same to the nine digits that are written.

    `sequence`: its name for the header. Raises `ValueError` where the format cannot hold it (0 Hz must be at 4.65 ppm,
    names without quotes).
    """
    if not math.isclose(basis.receiver_ppm, WATER_PPM.value):
        raise ValueError(f"LCModel basis sets have {WATER_PPM.value} ppm at 0 Hz, this one {basis.receiver_ppm:g} ppm")
    if quoted := [name for name in basis.names if "'" in name]:
        raise ValueError(f"names must not contain quotes: {', '.join(quoted)}")
    blocks = [_head(basis, sequence), *(_entry(name, fid) for name, fid in zip(basis.names, basis.fids, strict=True))]
    write_text(Path(path), "".join(blocks))


def write_fsl_json(folder: str | Path, basis: BasisSet, line_width_hz: float) -> list[Path]:
    """Write one file per component to `folder`, all or none; returns their paths. `line_width_hz`: that of the lines.

    What is in `folder` is replaced.
    """
    place = Path(folder)
    with writing_folder(place) as part:
        for name, fid in zip(basis.names, basis.fids, strict=True):
            content = {
                "basis": {
                    "basis_re": fid.real.tolist(),
                    "basis_im": (-fid.imag).tolist(),
                    "basis_dwell": basis.dwell_time_s,
                    "basis_centre": basis.spectrometer_frequency_mhz,
                    "basis_width": line_width_hz,
                    "basis_name": name,
                },
                "source": f"pharmrs, {basis.source}",
            }
            write_text(part / f"{name}.json", json.dumps(content) + "\n")
    return [place / f"{name}.json" for name in basis.names]


def _head(basis: BasisSet, sequence: str) -> str:
    echo_ms = -1.0 if math.isnan(basis.echo_time_s) else 1000.0 * basis.echo_time_s
    return (
        " $SEQPAR\n"
        " FWHMBA = -1.,\n"
        f" HZPPPM = {basis.spectrometer_frequency_mhz:.9f},\n"
        f" ECHOT = {echo_ms:.6f},\n"
        f" SEQ = '{sequence or ' '}'\n"
        " $END\n"
        " $BASIS1\n"
        " IDBASI = 'pharmrs',\n"
        " FMTBAS = '(2E16.8)',\n"
        f" BADELT = {basis.dwell_time_s:.12E},\n"
        f" NDATAB = {basis.points}\n"
        " $END\n"
    )


def _entry(name: str, fid: ComplexArray) -> str:
    spectrum = np.fft.fft(fid)
    lines = [f"{value.real:16.8E}{value.imag:16.8E}\n" for value in spectrum]
    head = (
        " $NMUSED\n"
        f" FILRAW = '{name}',\n"
        " AUTOPH = F,\n"
        " AUTOSC = F,\n"
        " DO_CONTAM = F,\n"
        " FLATEN = F\n"
        " $END\n"
        " $BASIS\n"
        f" ID = '{name}',\n"
        f" METABO = '{name}',\n"
        " CONC = 1.,\n"
        " TRAMP = 1.,\n"
        " VOLUME = 1.,\n"
        " ISHIFT = 0\n"
        " $END\n"
    )
    return head + "".join(lines)
