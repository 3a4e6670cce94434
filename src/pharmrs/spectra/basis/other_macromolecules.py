"""A second published account of macromolecules, to see how far the built-in one decides on metabolites.

At 3 T and below their lines lie under those of metabolites, and published shares differ by a factor of two: LCModel
expects half of what metabolite-nulled spectra at 7 T hold from 1.2 to 2.3 ppm beside as much at 0.9 ppm. Fits with
either describe a spectrum as well, with metabolites that differ by up to 10 %.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.spectra.basis.broad_components import (
    LCMODEL_DOI,
    BroadLine,
    broad_signal,
    macromolecule_lines,
    relaxed,
)
from pharmrs.spectra.records.basis import BasisSet

_NAME = "mm"
_THE_SAME = 0.995  # of the built-in signal, to the precision of a file


def _line(ppm: float, width_ppm: float, protons: float) -> BroadLine:
    return BroadLine(ppm, width_ppm, "ppm", protons, LCMODEL_DOI)


# Lines and expected ratios (MM12 .3, MM14 .75, MM17 .375, MM20 1.5 of MM09) of the LCModel manual, as in spant and
# Osprey. The rest from 2.4 ppm on it leaves to its baseline.
_OTHER: dict[str, tuple[BroadLine, ...]] = {
    "M0.92": (_line(0.91, 0.14, 3.0),),
    "M1.21": (_line(1.21, 0.15, 0.6),),
    "M1.39": (_line(1.43, 0.17, 1.5),),
    "M1.67": (_line(1.67, 0.15, 0.75),),
    "M2.04": (_line(1.95, 0.15, 0.5), _line(2.08, 0.15, 2.0)),
    "M2.26": (_line(2.25, 0.20, 0.5),),
    "M2.99": (_line(3.00, 0.20, 0.6),),
}


def with_other_account(basis: BasisSet) -> BasisSet | None:
    """`basis` with the macromolecules of the other account; None where its own are not the built-in ones."""
    if _NAME not in basis.names:
        return None
    index = basis.names.index(_NAME)
    mhz, echo_s = basis.spectrometer_frequency_mhz, basis.echo_time_s
    own, fid = broad_signal(macromolecule_lines(mhz, echo_s), basis), basis.fids[index]
    sizes = float(np.linalg.norm(own) * np.linalg.norm(fid))
    scale = np.vdot(own, fid)
    if sizes == 0.0 or abs(scale) < _THE_SAME * sizes:
        return None
    lines = [relaxed(line, name, mhz, echo_s) for name, account in _OTHER.items() for line in account]
    fids = basis.fids.copy()
    fids[index] = broad_signal(tuple(lines), basis) * scale / np.vdot(own, own)
    return replace(basis, fids=fids)
