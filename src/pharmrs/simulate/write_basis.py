"""Write a basis set as an LCModel `.basis` file.

Format: LCModel and LCMgui User's Manual 6.3, section 8: namelists, then per metabolite the discrete Fourier transform
of its signal as (real, imaginary) pairs. LCModel itself wants signals zero-filled to twice their length; the caller
decides on that, this module writes the points it is given.
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np

from pharmrs.constants import WATER_PPM
from pharmrs.records import BasisSet
from pharmrs.records.arrays import ComplexArray


def write_lcmodel_basis(path: str | Path, basis: BasisSet) -> None:
    """Write `basis` to `path`; read back it is the same to the nine digits that are written.

    Raises `ValueError` where the format cannot hold it (0 Hz must be at 4.65 ppm, names without quotes).
    """
    if not math.isclose(basis.receiver_ppm, WATER_PPM.value):
        raise ValueError(f"LCModel basis sets have {WATER_PPM.value} ppm at 0 Hz, this one {basis.receiver_ppm:g} ppm")
    if quoted := [name for name in basis.names if "'" in name]:
        raise ValueError(f"names must not contain quotes: {', '.join(quoted)}")
    blocks = [_head(basis), *(_entry(name, fid) for name, fid in zip(basis.names, basis.fids, strict=True))]
    # one newline convention on every system, so that the same basis gives the same bytes
    Path(path).write_text("".join(blocks), encoding="ascii", newline="\n")


def _head(basis: BasisSet) -> str:
    echo_ms = -1.0 if math.isnan(basis.echo_time_s) else 1000.0 * basis.echo_time_s
    return (
        " $SEQPAR\n"
        " FWHMBA = -1.,\n"
        f" HZPPPM = {basis.spectrometer_frequency_mhz:.9f},\n"
        f" ECHOT = {echo_ms:.6f},\n"
        " SEQ = 'STEAM'\n"
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
