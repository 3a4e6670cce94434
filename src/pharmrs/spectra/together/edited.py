"""Edited spectra: OFF and the differences fitted together, with what is edited along with GABA.

A difference has the phase, the place and the line shape of OFF, and the same concentrations: one fit says so. What
OFF alone can tell (line shape, tCr) it tells there; the difference adds what editing uncovers. NAA is crushed by the
pulse at 1.9 ppm, so its amplitude in the difference is its own, and what is left of it tells how well that worked.
With HERMES the mean of all conditions stands for OFF.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.errors import FitFailure, InputError
from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.basis.broad_components import MACROMOLECULES, BroadLine, broad_signal
from pharmrs.spectra.fit.fit import Ended, fit_from
from pharmrs.spectra.fit.fit_setup import chosen_basis
from pharmrs.spectra.fit.resample import resample_basis
from pharmrs.spectra.fit.stability import amplitudes_of, searched_again, variations, with_spread
from pharmrs.spectra.records.acquisition import Acquisition, Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.editing import Coedited
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit, RatioPrior
from pharmrs.spectra.together.fit import FittedSet, Member, fit_together
from pharmrs.spectra.together.sharing import PHASE, PLACE, SHAPE, SINGLE, SKEWED, WIDTH, Sharing, own, shared

MM3CO, MM09 = "MM3co", "MM09co"
# mM in healthy brain, rounded: only to tell conditions apart
_TYPICAL = {
    "NAA": 11.0, "NAAG": 1.5, "Cr": 4.5, "PCr": 4.0, "GPC": 1.2, "PCho": 0.6, "Glu": 9.0, "Gln": 2.5, "Ins": 6.0,
    "GABA": 1.5, "GSH": 1.5, "Lac": 0.8, "Asp": 2.0, "Tau": 1.5,
}  # fmt: skip
_CRUSHED = ("NAA", "NAAG")
_EDITED_PPM = (2.8, 3.2)  # of GABA
_MM3CO_PPM, _MM3CO_HZ = 3.0, 14.0  # Osprey's
_SOFT_SD = 0.5
_LEAST_EDITED = 0.01  # of the strongest signal in a difference: nothing tells less from what the subtraction leaves
_OTHER_MODEL: dict[str, Coedited] = {"1to1GABAsoft": "3to2MM", "fixedGauss": "freeGauss", "freeGauss": "fixedGauss"}
_WIDTH_SD_HZ = {"fixedGauss": 0.05, "freeGauss": 8.0}
_USUAL_WIDTH_SD_HZ, _PLACE_SD_HZ = 2.0, 2.0


@dataclass(frozen=True, slots=True)
class FittedEdited:
    """`fit`: that of OFF with the amplitudes of the set, what only a difference shows included; `differences`: the
    fits of the differences, one for each band of the editing pulse; `crushed`: share of NAA that ON has lost, or NaN.
    """

    fit: LinearCombinationFit
    differences: tuple[LinearCombinationFit, ...]
    crushed: float


def expected_conditions(basis: BasisSet, acquisition: Acquisition, points: int) -> ComplexArray:
    """A typical brain in each condition, OFF first, (conditions, points) on the clock of the data."""
    amounts = np.array([_TYPICAL.get(name, 0.0) for name in basis.names])
    return np.stack([amounts @ resample_basis(one, acquisition, points).fids for one in (basis, *basis.edited)])


def contrasts(conditions: int) -> tuple[FloatArray, tuple[FloatArray, ...]]:
    """Weights of the conditions in the spectrum that stands for OFF, and in the difference of each band.

    Conditions in the order of `Editing.conditions`: the bits of their number say which bands are on.
    """
    bands = max(conditions.bit_length() - 1, 1)
    number = np.arange(conditions)
    on = [(number >> band & 1).astype(float) for band in range(bands)]
    differences = tuple((2.0 * one - 1.0) * 2.0 / conditions for one in on)
    plain = np.full(conditions, 1.0 / conditions) if bands > 1 else 1.0 - on[0]
    return np.asarray(plain), differences


def combined(weights: FloatArray, spectra: Sequence[Spectrum]) -> Spectrum:
    """The weighted sum of the conditions."""
    fid: ComplexArray = np.stack([one.fid for one in spectra]).T @ weights
    return replace(spectra[0], fid=fid)


def combined_basis(weights: FloatArray, basis: BasisSet) -> BasisSet:
    """The basis set of such a sum."""
    fids: ComplexArray = np.stack([one.fids for one in (basis, *basis.edited)], axis=-1) @ weights
    return replace(basis, fids=fids, edited=())


def fit_edited(spectra: Sequence[Spectrum], basis: BasisSet, settings: FitSettings) -> FittedEdited:
    """Fit the conditions `spectra`, OFF first, with their `basis`. Raises what `fit_spectrum` raises.

    With `settings.stability` again under harmless changes, and with another model of what is edited along: amplitudes
    are averaged, their spread is part of the SD.
    """
    first, found = _fitted(spectra, basis, settings, None)
    if not settings.stability or not found.fit.converged:
        return found
    changes, rows, cpu_s = [], [found.fit.amplitudes], found.fit.cpu_s
    for change, changed, chosen in _variations(spectra, basis, settings, first):
        try:
            _, other = _fitted(changed, basis, chosen, first)
        except (FitFailure, InputError, np.linalg.LinAlgError, ArithmeticError):
            continue
        cpu_s += other.fit.cpu_s
        if other.fit.converged:
            changes.append(change)
            rows.append(amplitudes_of(other.fit, found.fit))
    return replace(found, fit=replace(with_spread(found.fit, changes, rows), cpu_s=cpu_s))


def _variations(
    spectra: Sequence[Spectrum], basis: BasisSet, settings: FitSettings, first: Ended
) -> Iterator[tuple[str, Sequence[Spectrum], FitSettings]]:
    for change, one, chosen in variations(spectra[0], basis, settings, first.fit):
        changed = [replace(other, fid=other.fid[-one.points :], acquisition=one.acquisition) for other in spectra]
        yield change, changed, chosen
    if settings.coedited in _OTHER_MODEL:
        other = _OTHER_MODEL[settings.coedited]
        yield f"{other} instead of {settings.coedited}", spectra, replace(settings, coedited=other)


def _fitted(
    spectra: Sequence[Spectrum], basis: BasisSet, settings: FitSettings, before: Ended | None
) -> tuple[Ended, FittedEdited]:
    """Where the fit of what stands for OFF ended, and the fit of the set; from `before` where there is one."""
    plain, differences = contrasts(len(spectra))
    again = searched_again if before is not None else None
    first = fit_from(combined(plain, spectra), combined_basis(plain, basis), settings, before, again)
    kept = chosen_basis(replace(basis, edited=()), settings).names
    members = [
        difference_member(combined(weights, spectra), combined_basis(weights, basis), kept, settings)
        for weights in differences
    ]
    count = 1 + len(members)
    sharing = Sharing(
        count,
        amplitudes={name: own(count) for name in _CRUSHED},
        tied=_tied(settings.coedited),
        parameters=dict.fromkeys((PHASE, PLACE, WIDTH, SKEWED, SHAPE, SINGLE), shared(count)),
    )
    found = fit_together(first, members, sharing)
    return first, FittedEdited(_merged(found), found.fits[1:], _crushed(found))


def difference_member(spectrum: Spectrum, basis: BasisSet, kept: tuple[str, ...], settings: FitSettings) -> Member:
    """A difference with its basis set: signals of the metabolites and, where GABA is edited, what comes along."""
    strength = np.sqrt(np.sum(np.abs(basis.fids) ** 2, axis=1))
    seen = [
        index
        for index, name in enumerate(basis.names)
        if name in kept and strength[index] > _LEAST_EDITED * float(strength.max())
    ]
    less = replace(basis, names=tuple(basis.names[index] for index in seen), fids=basis.fids[seen])
    usual = replace(settings, ratio_priors=(), omit=(), add=())
    remains = tuple(name for name in kept if name not in less.names)
    area, coedited = _edited_area(less), settings.coedited
    if coedited == "none" or area <= 0.0:
        return Member(spectrum, less, usual, remains=remains)
    mhz = basis.spectrometer_frequency_mhz
    lines = {
        MM3CO: BroadLine(_MM3CO_PPM, _MM3CO_HZ, "Hz", area, "10.1002/nbm.4618"),
        MM09: BroadLine(0.92, MACROMOLECULES["M0.92"].width_hz(mhz), "Hz", 1.5 * area, MACROMOLECULES["M0.92"].doi),
    }
    made = [broad_signal((line,), less) for line in lines.values()]
    whole = replace(less, names=(*less.names, *lines), fids=np.concatenate([less.fids, made]))
    priors = (RatioPrior(numerator=MM3CO, denominator=("GABA",), ratio=1.0, sd=_SOFT_SD),)
    return Member(
        spectrum,
        whole,
        replace(
            usual,
            ratio_priors=priors if coedited == "1to1GABAsoft" else (),
            broad_damping_sd_hz=_WIDTH_SD_HZ.get(coedited, _USUAL_WIDTH_SD_HZ),
            broad_shift_sd_hz=_PLACE_SD_HZ,
        ),
        broad=tuple(lines),
        remains=remains,
    )


def _edited_area(difference: BasisSet) -> float:
    """Protons that GABA shows near 3.0 ppm for 1 mM; 0 where it is not edited."""
    if "GABA" not in difference.names:
        return 0.0
    ppm = difference.ppm_axis()
    inside = (ppm > _EDITED_PPM[0]) & (ppm < _EDITED_PPM[1])
    spectrum = np.fft.fft(difference.fids[difference.names.index("GABA")]).real
    protons = 2.0 * float(spectrum[inside].sum()) / difference.points
    return protons if protons > 0.2 * difference.proton_amplitude else 0.0


def _tied(coedited: Coedited) -> dict[str, tuple[str, float]]:
    if coedited == "1to1GABA":
        return {MM3CO: ("GABA", 1.0)}
    return {MM3CO: (MM09, 1.0)} if coedited == "3to2MM" else {}


def _crushed(found: FittedSet) -> float:
    """1 where ON has lost all NAA, 0 where it has all."""
    labels = found.labels
    if ("NAA", 0) not in labels or ("NAA", 1) not in labels:
        return float("nan")
    whole, lost = found.values[found.where("NAA", 0)], found.values[found.where("NAA", 1)]
    return float(lost / whole) if whole > 0.0 else float("nan")


def _merged(found: FittedSet) -> LinearCombinationFit:
    """The fit of OFF, with the components that only a difference shows."""
    first = found.fits[0]
    whole = first
    for other in found.fits[1:]:
        extra = [row for row, name in enumerate(other.names) if name not in whole.names]
        if not extra:
            continue
        points = first.ppm.shape[0]
        whole = replace(
            whole,
            names=(*whole.names, *(other.names[row] for row in extra)),
            amplitudes=np.concatenate([whole.amplitudes, other.amplitudes[extra]]),
            shifts_hz=np.concatenate([whole.shifts_hz, other.shifts_hz[extra]]),
            dampings_hz=np.concatenate([whole.dampings_hz, other.dampings_hz[extra]]),
            at_zero=np.concatenate([whole.at_zero, other.at_zero[extra]]),
            components=np.concatenate([whole.components, np.zeros((len(extra), points), dtype=complex)]),
        )
    return replace(whole, covariance=_covariance(found, whole.names), classical_covariance=_bound(found, whole.names))


def _covariance(found: FittedSet, names: tuple[str, ...]) -> FloatArray:
    """Of the amplitudes `names`, as the set gives it: components that are tied to another one move with it."""
    return np.asarray(found.between(names) @ found.covariance @ found.between(names).T)


def _bound(found: FittedSet, names: tuple[str, ...]) -> FloatArray:
    """Classical bound of each amplitude alone: that of the spectrum that tells most of it."""
    bound = np.full((len(names), len(names)), np.nan)
    for fit in found.fits:
        for row, name in enumerate(fit.names):
            at = names.index(name)
            bound[at, at] = np.fmin(bound[at, at], fit.classical_covariance[row, row])
    return bound
