"""How far amplitudes move under changes that should not matter.

The posterior SD of a fit holds within its model. Whether the first point is kept, where the window ends, whether small
components are fitted, how free macromolecules, baseline and line shape are: no choice is right, defensible ones give
different amplitudes, and in real spectra they differ by more than the noise explains. Each fit is therefore searched
again under a fixed set of such changes, from where it ended. The covariance of the amplitudes between the models is
added to that of the noise; the amplitudes are the mean over the models, all counting the same, for evidence is no judge
between wrong models.

Where built-in macromolecules lie under the metabolites (3 T and below), two published accounts of them count the same,
as if every change had been made with either: half the difference goes to the mean, and all of that half to the spread.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from pharmrs.core.errors import FitFailure, InputError
from pharmrs.core.records.arrays import FloatArray
from pharmrs.spectra.basis.broad_components import widened
from pharmrs.spectra.basis.other_macromolecules import with_other_account
from pharmrs.spectra.fit.attempts import AttemptOutcome, Task, again
from pharmrs.spectra.fit.fit import Ended, fit_from
from pharmrs.spectra.fit.fit_setup import chosen_basis
from pharmrs.spectra.fit.macromolecules import levels
from pharmrs.spectra.fit.model import PHASE0, PHASE1, Model, ParameterLayout
from pharmrs.spectra.records.acquisition import Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit, Stability

_LOW_PPM, _HIGH_PPM, _NEARER_HZ = 1.8, 4.0, 57.0
_RIGID = 0.05  # SD of the logarithm of groups of macromolecules
_FREER, _STIFFER = 1.5, 0.6  # times as much detail of the baseline
_COARSER = 1.6  # times as far from knot to knot of the line shape's free form
OTHER_ACCOUNT = "macromolecules as LCModel expects them"
SMALL = ("Ala", "Asc", "Glc", "Gly", "Ser")  # not PE, whose lines lie under those of tCho
_MOST_PARTS = 0.5  # of the components may be small ones


def fit_with_stability(spectrum: Spectrum, basis: BasisSet, settings: FitSettings) -> LinearCombinationFit:
    """`fit_spectrum`, and the same under harmless changes: amplitudes averaged, their spread in the covariance.

    Only the fit itself where `settings.stability` is False or it did not converge. Raises what `fit_spectrum` raises.
    """
    first = fit_from(spectrum, basis, settings, None)
    fit = first.fit
    if not settings.stability or not fit.converged:
        return fit
    changes, rows, cpu_s = [], [fit.amplitudes], fit.cpu_s
    fitted, settings = _without_parts(basis, settings, fit)
    for change, changed, with_basis, chosen in _all_variations(spectrum, fitted, settings, fit):
        try:
            other = fit_from(changed, with_basis, chosen, first, searched_again, parts=False).fit
        except (FitFailure, InputError, np.linalg.LinAlgError, ArithmeticError):
            continue
        cpu_s += other.cpu_s
        if other.converged:
            changes.append(change)
            rows.append(amplitudes_of(other, fit))
    return replace(with_spread(fit, changes, rows), cpu_s=cpu_s)


def with_spread(fit: LinearCombinationFit, changes: Sequence[str], rows: Sequence[FloatArray]) -> LinearCombinationFit:
    """`fit` with the mean amplitudes and the spread of `rows`: those of the fit as it is, then those of each change."""
    if not changes:
        return fit
    values = np.array(rows)
    accounts = np.array([change == OTHER_ACCOUNT for change in ("as it is", *changes)])
    ones = values[~accounts]
    mean, between = ones.mean(axis=0), np.zeros_like(fit.covariance)
    if ones.shape[0] > 1:
        between += np.atleast_2d(np.cov(ones, rowvar=False))
    for other in values[accounts]:
        half = 0.5 * (other - values[0])
        mean, between = np.maximum(mean + half, 0.0), between + np.outer(half, half)
    return replace(
        fit,
        amplitudes=mean,
        covariance=fit.covariance + between,
        stability=Stability(
            changes=("as it is", *changes), amplitudes=values, covariance=between, noise_covariance=fit.covariance
        ),
    )


def _without_parts(basis: BasisSet, settings: FitSettings, fit: LinearCombinationFit) -> tuple[BasisSet, FitSettings]:
    """What `fit` fitted, without looking again for components that are parts of others, and what is still omitted."""
    found = [name for name, _ in fit.left_out if name in basis.names]
    if not found:
        return basis, settings
    kept = [index for index, name in enumerate(basis.names) if name not in found]
    smaller = replace(basis, names=tuple(basis.names[index] for index in kept), fids=basis.fids[kept])
    return smaller, replace(settings, omit=tuple(name for name in settings.omit if name not in found))


def _all_variations(
    spectrum: Spectrum, basis: BasisSet, settings: FitSettings, fit: LinearCombinationFit
) -> Iterator[tuple[str, Spectrum, BasisSet, FitSettings]]:
    """Each change in words, the spectrum, the basis set and the settings it leads to."""
    for change, changed, chosen in variations(spectrum, basis, settings, fit):
        yield change, changed, basis, chosen
    mhz = spectrum.acquisition.spectrometer_frequency_mhz
    other = with_other_account(chosen_basis(basis, settings)) if len(levels(mhz)) == 1 else None
    if other is not None:
        yield OTHER_ACCOUNT, spectrum, other, replace(widened(settings, mhz), add=(), omit=())


def variations(
    spectrum: Spectrum, basis: BasisSet, settings: FitSettings, fit: LinearCombinationFit
) -> Iterator[tuple[str, Spectrum, FitSettings]]:
    """Each change in words, the spectrum and the settings it leads to."""
    acquisition = spectrum.acquisition
    later_s = max(acquisition.acquisition_start_time_s, 0.0) + acquisition.dwell_time_s
    later = replace(acquisition, acquisition_start_time_s=later_s)
    yield "first point dropped", replace(spectrum, fid=spectrum.fid[1:], acquisition=later), settings
    window = fit.settings
    if window.ppm_low < _LOW_PPM - 0.5 and window.ppm_high > _LOW_PPM + 1.0:
        yield f"window from {_LOW_PPM:g} ppm", spectrum, replace(settings, ppm_low=_LOW_PPM)
    if window.ppm_high > _HIGH_PPM + 0.1:
        yield f"window to {_HIGH_PPM:g} ppm", spectrum, replace(settings, ppm_high=_HIGH_PPM)
    elif window.ppm_high < settings.ppm_high:
        yield "window nearer to water", spectrum, replace(settings, water_reach_hz=_NEARER_HZ)
    yield "rigid macromolecules", spectrum, replace(settings, group_sd_limit=_RIGID)
    small = tuple(name for name in SMALL if name in basis.names and name not in settings.omit)
    if small and len(small) < _MOST_PARTS * len(fit.names):
        priors = tuple(
            prior for prior in settings.ratio_priors if not {prior.numerator, *prior.denominator} & set(small)
        )
        chosen = replace(settings, omit=(*settings.omit, *small), ratio_priors=priors)
        yield f"without {', '.join(small)}", spectrum, chosen
    yield "freer baseline", spectrum, replace(settings, baseline_detail_s=_FREER * settings.baseline_detail_s)
    yield "stiffer baseline", spectrum, replace(settings, baseline_detail_s=_STIFFER * settings.baseline_detail_s)
    knot_s = _COARSER * settings.line_shape_knot_s
    if knot_s > 0.0:
        yield "coarser line shape", spectrum, replace(settings, line_shape_knot_s=knot_s)


def amplitudes_of(other: LinearCombinationFit, fit: LinearCombinationFit) -> FloatArray:
    """Amplitudes of `other` in the order of `fit`; what it did not fit is as in `fit`."""
    found = dict(zip(other.names, other.amplitudes, strict=True))
    return np.array([found.get(name, value) for name, value in zip(fit.names, fit.amplitudes, strict=True)])


def searched_again(before: Ended, task: Task, names: tuple[str, ...], scale: float) -> AttemptOutcome:
    """The optimum of `task` from where the search of `before` ended."""
    model, old = task.model, before.made.task.model
    state, variances = before.outcome.optimum.state, before.outcome.optimum.variances
    layout, old_layout = model.layout, old.layout
    theta = np.zeros(layout.size)
    theta[: layout.turns.stop] = state.theta[: layout.turns.stop]
    if layout.shapes == old_layout.shapes:
        for here, there in zip(_free_form(layout), _free_form(old_layout), strict=True):
            theta[here] = state.theta[there]
    elif layout.shapes:
        _carry_over(theta, model, state.theta, old)
    groups = min(layout.groups, old_layout.groups)
    theta[layout.group_scales][:groups] = state.theta[old_layout.group_scales][:groups]
    # the first-order phase turns about the middle of the window
    per_ppm = state.theta[PHASE1] * 2.0 / (old.band.ppm[0] - old.band.ppm[-1])
    theta[PHASE0] += per_ppm * 0.5 * (model.band.ppm[0] + model.band.ppm[-1] - old.band.ppm[0] - old.band.ppm[-1])
    theta[PHASE1] = per_ppm * 0.5 * (model.band.ppm[0] - model.band.ppm[-1])
    places = [before.made.names.index(name) for name in names]
    theta[layout.shifts] = state.theta[old_layout.shifts][places]
    theta[layout.dampings] = state.theta[old_layout.dampings][places]
    left_out = np.zeros(model.band.ppm.shape[0], dtype=bool)
    for low, high in before.fit.gaps_ppm:
        left_out |= (model.band.ppm >= low) & (model.band.ppm <= high)
    left_out[[0, -1]] = False
    noise = variances.noise * (before.made.scale / scale) ** 2
    return again(task, theta, replace(variances, noise=noise), left_out)


def _free_form(layout: ParameterLayout) -> tuple[slice, slice]:
    return layout.real_shape, layout.imaginary_shape


def _carry_over(theta: FloatArray, model: Model, before: FloatArray, old: Model) -> None:
    """Into `theta` the free form at `before` of the model `old`, as well as the functions of `model` can say it."""
    count = min(model.band.count, old.band.count)
    for here, there in zip(_free_form(model.layout), _free_form(old.layout), strict=True):
        wanted = before[there] @ old.shapes[:, :count]
        theta[here] = np.linalg.lstsq(model.shapes[:, :count].T, wanted, rcond=None)[0]
