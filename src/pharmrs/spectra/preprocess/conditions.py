"""Which transient of an edited measurement is of which condition: proven by the data.

Conditions differ as the basis set says they must. A way of dividing the transients whose difference does not look like
that is not the right one, and where none does, the recording is not of this editing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.records.arrays import BoolArray, ComplexArray, IntArray
from pharmrs.spectra.preprocess.alignment import registered
from pharmrs.spectra.preprocess.band import Band, make_band
from pharmrs.spectra.records.acquisition import Acquisition, Fids

_BAND_PPM = (1.0, 4.1)
_WIDTH_HZ, _USUAL_HZ, _REACH_PPM = 6.0, 5.0, 0.3
_PROVEN, _PLAUSIBLE, _CLEAR = 0.5, 0.25, 0.1
_ALIKE, _STANDS_OUT = 0.03, 0.08  # of the highest line
_FAR_FROM_WATER_PPM = 3.7  # residual water is what is left of a signal that is not the metabolites'
_FROM_FILE = "as DIM_EDIT says"
# how conditions follow one another in the files of the vendors
_ORDERS: dict[str, Callable[[IntArray, int, int], IntArray]] = {
    "taking turns": lambda index, count, _all: index % count,
    "taking turns by twos": lambda index, count, _all: index // 2 % count,
    "one after the other": lambda index, count, whole: index * count // whole,
}


@dataclass(frozen=True, slots=True)
class Sorted:
    """`condition` (transients,) of each transient, OFF is 0; `order` in words; `likeness`: of the differences between
    conditions to what they must be, 1 where they are equal. `shift_hz`, `phase_rad`: of the data from the basis set."""

    condition: IntArray
    order: str
    likeness: float
    shift_hz: float
    phase_rad: float


def sort_conditions(fids: Fids, transients: ComplexArray, expected: ComplexArray) -> Sorted:
    """Conditions of the roughly aligned `transients` (points, count) of the recording `fids`.

    `expected` (conditions, points): a typical spectrum of each condition, on the clock of the data.
    Raises InputError where no way of dividing the transients gives the expected differences.
    """
    count, acquisition = expected.shape[0], fids.acquisition
    tried = [
        _best_named(order, groups, transients, expected, acquisition)
        for order, groups in _divisions(fids, transients.shape[1], count)
    ]
    tried.sort(key=lambda one: -one.likeness)
    if not tried:
        raise _no(fids, f"has {count} conditions", f"{transients.shape[1]} transients")
    best = tried[0]
    least = _PLAUSIBLE if best.order == _FROM_FILE else _PROVEN
    others = [one.likeness for one in tried[1:]]
    if best.likeness < least or (others and best.likeness - others[0] < _CLEAR):
        named = ", ".join(f"{one.order} {one.likeness:.2f}" for one in tried)
        rule = "the conditions must differ as the editing pulses of the basis set make them differ (1 where they do)"
        raise _no(fids, rule, named)
    return best


def _divisions(fids: Fids, transients: int, count: int) -> Iterator[tuple[str, IntArray]]:
    index = np.arange(transients)
    if len(fids.conditions) == transients and max(fids.conditions) + 1 == count:
        yield _FROM_FILE, np.array(fids.conditions)
        return
    if transients < count or transients % count:
        return
    seen: set[bytes] = set()
    for order, of in _ORDERS.items():
        groups = np.asarray(of(index, count, transients))
        if len(np.unique(groups)) == count and groups.tobytes() not in seen:
            seen.add(groups.tobytes())
            yield order, groups


def _best_named(
    order: str, groups: IntArray, transients: ComplexArray, expected: ComplexArray, acquisition: Acquisition
) -> Sorted:
    """The naming of the groups under which their differences are most like the expected ones."""
    count = expected.shape[0]
    band = make_band(acquisition, transients.shape[0], *_BAND_PPM)
    fade = np.exp(-np.pi * _WIDTH_HZ * band.time_s[: band.count])
    means = np.stack([transients[:, groups == group].mean(axis=1) for group in range(count)])
    # lines of a basis set are narrow, those of a brain are not
    usual = np.exp(-np.pi * _USUAL_HZ * band.time_s[: band.count])
    seen, wanted = band.decimate(means) * fade, band.decimate(expected) * fade * usual
    reach_hz = _REACH_PPM * acquisition.spectrometer_frequency_mhz
    shift_hz, phase = registered(seen.mean(axis=0), wanted.mean(axis=0), band, reach_hz)
    seen = seen * np.exp(-2j * np.pi * shift_hz * band.time_s[: band.count] - 1j * phase)
    values, typical = band.spectrum(seen), band.spectrum(wanted)
    middle = typical.mean(axis=0)
    size = float(np.vdot(middle, values.mean(axis=0)).real / np.vdot(middle, middle).real)
    observed, differences = values - values.mean(axis=0), typical - middle
    energy = max(size, 1e-300) * float(np.sum(np.abs(differences) ** 2))
    likeness = {
        names: float(np.vdot(differences[list(names)], observed).real) / energy for names in permutations(range(count))
    }
    names = max(likeness, key=lambda one: likeness[one])
    return Sorted(np.array(names)[groups], order, likeness[names], shift_hz, phase)


def unchanged_by_editing(band: Band, expected: ComplexArray) -> BoolArray:
    """Points of the window (n,) where there is signal and all conditions are alike."""
    values = band.spectrum(band.decimate(expected) * np.exp(-np.pi * _WIDTH_HZ * band.time_s[: band.count]))
    size, largest = np.abs(values[0]), float(np.abs(values[0]).max())
    moved = np.max(np.abs(values - values[0]), axis=0)
    near_water = band.ppm > _FAR_FROM_WATER_PPM
    return np.asarray((moved < _ALIKE * largest) & (size > _STANDS_OUT * largest) & ~near_water)


def _no(fids: Fids, rule: str, value: str) -> InputError:
    return InputError(
        [
            InputProblem(
                file=fids.source, field="conditions", rule=rule, value=value,
                remedy="check where the editing pulses act (basis.simulate.editing), and that every transient of the "
                "measurement is in the file; a measurement without editing needs a basis set without editing",
            )
        ]
    )  # fmt: skip
