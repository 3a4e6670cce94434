"""Transients that a scanner stores in separate files, put together to one recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pharmrs.core.errors import some_of
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.records import Fids

_MOVED_MM = 1.0


def together(parts: Sequence[Fids], names: Sequence[str], where: str, problems: Problems) -> Fids | None:
    """One recording of all transients in the order of `parts`; None where they are not of one measurement."""
    first = parts[0]
    differing: dict[str, list[str]] = {}
    for part, name in zip(parts[1:], names[1:], strict=True):
        for what in _differences(first, part):
            differing.setdefault(what, []).append(name)
    for what, files in differing.items():
        rule = f"transients of one recording have the same {what}"
        remedy = "give each measurement a line of its own, told apart by acquisition or run"
        problems.add(where, rule, f"that of {names[0]} differs from {some_of(files, 3)}", remedy)
    if differing:
        return None
    return replace(first, data=np.concatenate([part.data for part in parts], axis=2))


def _differences(first: Fids, other: Fids) -> list[str]:
    one, two = first.acquisition, other.acquisition
    pairs = {
        "number of points": (first.points, other.points),
        "number of coils": (first.coils, other.coils),
        "dwell time": (one.dwell_time_s, two.dwell_time_s),
        "echo time": (one.echo_time_s, two.echo_time_s),
        "repetition time": (one.repetition_time_s, two.repetition_time_s),
    }
    found = [what for what, values in pairs.items() if not np.isclose(*values, rtol=1e-4)]
    if not np.isclose(one.spectrometer_frequency_mhz, two.spectrometer_frequency_mhz, rtol=1e-4):
        found.append("spectrometer frequency")
    if not np.allclose(first.affine, other.affine, atol=_MOVED_MM):
        found.append("voxel")
    return found
