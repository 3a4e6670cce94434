"""Philips SDAT and SPAR files as a scanner writes them: VAX F floats, ms, the conjugate of NIfTI-MRS."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SPAR = """\
! made for a test
examination_name : secret
scan_id : press_te30
scan_date : 2020.01.01 10:00:00
patient_name : Jane Doe
patient_birth_date : 1980.01.01
patient_position : "head_first"
patient_orientation : "supine"
samples : {samples}
rows : {rows}
synthesizer_frequency : 127760000
offset_frequency : 0
sample_frequency : 2000
echo_nr : 1
mix_number : 1
nucleus : 1H
t0_mu1_direction : 0
echo_time : 30
repetition_time : 2000
averages : 16
volume_selection_enable : "yes"
volumes : 1
ap_size : 15
lr_size : 20
cc_size : 10
ap_off_center : 5
lr_off_center : 3
cc_off_center : -7
ap_angulation : 0
lr_angulation : 0
cc_angulation : 0
spectrum_inversion_time : 0
equipment_sw_verions : 5.6.1
"""


def vax_float(value: float) -> bytes:
    """VAX F: sign, exponent + 128 of a fraction in [0.5, 1), 23 bits, 16-bit words swapped (VAX manual)."""
    if value == 0.0:
        return bytes(4)
    fraction, exponent = math.frexp(abs(value))
    bits = round((fraction - 0.5) * 2**24)
    if bits == 2**23:
        bits, exponent = 0, exponent + 1
    word = ((value < 0) << 31) | ((exponent + 128) << 23) | bits
    high, low = word >> 16, word & 0xFFFF
    return high.to_bytes(2, "little") + low.to_bytes(2, "little")


def write_pair(folder: Path, name: str, signal: NDArray[np.complex128]) -> None:
    """`name`.SDAT and `name`.SPAR for NIfTI-MRS `signal`, shape (points, transients)."""
    points, rows = signal.shape
    stored = np.conj(signal).T.ravel()
    values = np.column_stack([stored.real, stored.imag]).ravel()
    (folder / f"{name}.SDAT").write_bytes(b"".join(vax_float(float(value)) for value in values))
    (folder / f"{name}.SPAR").write_text(SPAR.format(samples=points, rows=rows))
