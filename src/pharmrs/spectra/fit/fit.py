"""Fit one spectrum with a basis set."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.errors import FitFailure
from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.fit.attempts import AttemptOutcome, Task, best_attempt
from pharmrs.spectra.fit.fit_setup import at_field, chosen_basis, make_model
from pharmrs.spectra.fit.gaps import intervals
from pharmrs.spectra.fit.line_shape import full_width_hz, gauss_of_quadratic
from pharmrs.spectra.fit.model import LORENTZ, PHASE0, PHASE1, QUADRATIC, SHARED, SHIFT, stack
from pharmrs.spectra.fit.ratios import make_ratios
from pharmrs.spectra.fit.resample import resample_basis
from pharmrs.spectra.fit.search import Optimum
from pharmrs.spectra.fit.starting_values import Start, find_starts
from pharmrs.spectra.fit.variances import Variances
from pharmrs.spectra.fit.verdict import foreign_signal, judged
from pharmrs.spectra.preprocess.band import make_band
from pharmrs.spectra.records.acquisition import Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit

LARGEST_SHIFT_PPM = 0.4


@dataclass(frozen=True, slots=True)
class Ended:
    """A fit with what was fitted and where its search ended, to search again from there."""

    fit: LinearCombinationFit
    made: Made
    outcome: AttemptOutcome

    @property
    def shift_hz(self) -> float:
        """Taken off the data before."""
        return self.made.shift_hz


def fit_spectrum(spectrum: Spectrum, basis: BasisSet, settings: FitSettings | None = None) -> LinearCombinationFit:
    """Fit `spectrum` with `basis` (any dwell time and length: resampled to the data's clock).

    Returns amplitudes in units of the basis signals with their posterior covariance and everything the report shows.
    Raises InputError when spectrum, basis and fit window do not go together, FitFailure when no optimum was found.
    """
    return fit_from(spectrum, basis, settings or FitSettings(), None).fit


@dataclass(frozen=True, slots=True)
class Made:
    """A task made of a spectrum: names of its components and the norms taken off them, what was left out and why."""

    task: Task
    names: tuple[str, ...]
    norms: FloatArray
    left_out: tuple[tuple[str, str], ...]
    shift_hz: float
    scale: float
    starts: tuple[Start, ...]
    reach_hz: float


def made(
    spectrum: Spectrum,
    basis: BasisSet,
    settings: FitSettings,
    shift_hz: float | None,
    *,
    parts: bool,
    broad: tuple[str, ...] = (),
) -> Made:
    """The task of fitting `spectrum` with `basis`, which is chosen already and may be on another clock.

    `settings` at the field; `shift_hz`: to take off the data before (None: that of the best start). `parts`: whether
    components that are parts of another are left out; `broad`: components that count as broad whatever their width.
    """
    fid = _without_zero_filling(spectrum.fid)
    resampled = resample_basis(basis, spectrum.acquisition, fid.shape[0])
    band = make_band(spectrum.acquisition, fid.shape[0], settings.ppm_low, settings.ppm_high)
    model, kept, norms, left_out = make_model(resampled, band, settings, parts=parts, told_broad=broad)
    reach_hz = LARGEST_SHIFT_PPM * spectrum.acquisition.spectrometer_frequency_mhz
    starts = find_starts(model, band.decimate(fid), model.broad, reach_hz) if shift_hz is None else []
    # the window follows the metabolites: what is inside must not depend on the shift of the data
    shift_hz = starts[0].shift_hz if shift_hz is None else shift_hz
    time_s = spectrum.acquisition.time_axis_s(fid.shape[0])
    data = band.decimate(fid * np.exp(-2j * np.pi * shift_hz * time_s))
    values = band.spectrum(data)
    scale = float(np.sqrt(np.mean(np.abs(values) ** 2)))
    if not np.isfinite(scale) or scale == 0.0:
        raise FitFailure(f"{spectrum.source}: no signal in {settings.ppm_low}-{settings.ppm_high} ppm")
    task = Task(
        values=values / scale,
        model=model,
        settings=settings,
        ratios=make_ratios(settings.ratio_priors, kept, norms),
        noise_sd=_tail_noise(data) / scale,
    )
    moved = tuple(replace(start, shift_hz=start.shift_hz - shift_hz) for start in starts)
    return Made(task, kept, norms, left_out, shift_hz, scale, moved, reach_hz)


def fit_from(
    spectrum: Spectrum,
    basis: BasisSet,
    settings: FitSettings,
    before: Ended | None,
    search_again: Callable[[Ended, Task, tuple[str, ...], float], AttemptOutcome] | None = None,
    *,
    parts: bool = True,
) -> Ended:
    """The same with where the search ended.

    `before`: a fit of nearly the same, from which `search_again` starts. `parts`: whether components that are parts of
    others are looked for.
    """
    settings = at_field(settings, spectrum.acquisition.spectrometer_frequency_mhz)
    began = time.process_time()
    shift_hz = before.shift_hz if before is not None else None
    one = made(spectrum, chosen_basis(basis, settings), settings, shift_hz, parts=parts)
    if before is not None and search_again is not None:
        outcome = search_again(before, one.task, one.names, one.scale)
    else:
        outcome = best_attempt(one.task, list(one.starts))
    return Ended(recorded(one, outcome, began), one, outcome)


def recorded(one: Made, outcome: AttemptOutcome, began: float) -> LinearCombinationFit:
    """The fit of a task, judged; `began`: process time when it was begun."""
    fit = _record(one.task, outcome, one.names, one.scale, one.norms)
    metabolites = outcome.components[~one.task.model.broad].sum(axis=0)
    sentences = foreign_signal(outcome.foreign, metabolites, fit.ppm)
    fit = replace(fit, shift_hz=fit.shift_hz + one.shift_hz, left_out=one.left_out, unexplained=sentences)
    fit = judged(fit, one.task.noise_sd * one.scale, one.reach_hz)
    return replace(fit, cpu_s=time.process_time() - began)


def _without_zero_filling(fid: ComplexArray) -> ComplexArray:
    """The recorded points: zeros appended after the recording hold no information and would colour the noise."""
    recorded = np.flatnonzero(fid)
    return fid[: int(recorded[-1]) + 1] if recorded.size else fid


def _tail_noise(data: ComplexArray) -> float:
    """SD of real and imaginary parts of the spectrum's noise from the last quarter of the FID; 0 if zero-filled."""
    count = data.shape[0]
    tail = data[count * 11 // 16 : count * 15 // 16]
    return float(np.sqrt(0.5 * np.mean(np.abs(tail) ** 2) * count))


def _record(
    task: Task, outcome: AttemptOutcome, names: tuple[str, ...], scale: float, norms: FloatArray
) -> LinearCombinationFit:
    model, optimum = task.model, outcome.optimum
    state, variances = optimum.state, optimum.variances
    layout, band, theta = model.layout, model.band, state.theta
    data, components, baseline = task.values, outcome.components, outcome.baseline
    residual = data - components.sum(axis=0) - baseline
    fitted = np.where(outcome.left_out, 0.0, residual)
    used = int(np.count_nonzero(~outcome.left_out))
    # data that begin late: lines are absorptive at t = 0
    phase = model.phase(theta) * np.exp(2j * np.pi * band.hz * band.time_s[0])
    unit = scale / norms
    count = len(names)
    abscissa_per_ppm = 2.0 / (band.ppm[0] - band.ppm[-1])
    peak = float(np.max(((data - baseline) * phase.conj()).real))
    rms = float(np.sqrt(np.sum((fitted * phase.conj()).real ** 2) / used))
    return LinearCombinationFit(
        names=names,
        amplitudes=state.amplitudes * unit,
        covariance=optimum.posterior[:count, :count] * np.outer(unit, unit),
        classical_covariance=_classical(optimum, variances, count) * np.outer(unit, unit),
        shifts_hz=theta[layout.shifts],
        dampings_hz=theta[layout.dampings],
        at_zero=~state.free,
        ppm=band.ppm,
        data=data * scale,
        model=components.sum(axis=0) * scale,
        baseline=baseline * scale,
        components=components * scale,
        phase=phase,
        phase0_rad=float(np.angle(np.exp(1j * theta[PHASE0]))),
        phase1_rad_per_ppm=float(theta[PHASE1] * abscissa_per_ppm),
        shift_hz=float(theta[SHIFT]),
        lorentz_hz=float(theta[LORENTZ]),
        gauss_hz=gauss_of_quadratic(float(theta[QUADRATIC])),
        line_width_hz=full_width_hz(model.line_shape(theta)[: band.count], band.time_s[: band.count]),
        signal_to_noise=peak / (2.0 * rms),
        noise_sd=float(np.sqrt(variances.noise)) * scale,
        residual_autocorrelation=float(np.vdot(fitted[:-1], fitted[1:]).real / np.vdot(fitted, fitted).real),
        baseline_smoothness=variances.smoothness[0],
        baseline_freedom=optimum.baseline_freedom,
        line_shape_sd=float(np.hypot(variances.real_shape_sd, variances.imaginary_shape_sd)) if layout.shapes else 0.0,
        shift_sd_hz=variances.shift_sd_hz,
        damping_sd_hz=variances.damping_sd_hz,
        iterations=optimum.iterations,
        converged=optimum.converged,
        message=optimum.message,
        settings=task.settings,
        gaps_ppm=intervals(outcome.left_out, band.ppm),
    )


def _classical(optimum: Optimum, variances: Variances, count: int) -> FloatArray:
    """Inverse Fisher information of the amplitudes and the shared phase, shift and widths, (M, M).

    No priors, no baseline, no single deviations: the Cramer-Rao bound as peers print it (Cavassila 2001,
    10.1002/nbm.701). Smaller than the posterior covariance, and optimistic. NaN for components at zero.
    """
    state = optimum.state
    columns = np.concatenate([state.stacked, stack(optimum.curvature.jacobian[:, :SHARED])], axis=1)
    kept = np.concatenate([state.free, np.sum(columns[:, count:] ** 2, axis=0) > 0])
    useful = np.flatnonzero(kept)
    fisher = columns[:, useful].T @ columns[:, useful] / variances.noise
    scale = 1.0 / np.sqrt(np.diag(fisher))
    inverse = np.linalg.pinv(fisher * np.outer(scale, scale), hermitian=True) * np.outer(scale, scale)
    bound = np.full((columns.shape[1], columns.shape[1]), np.nan)
    bound[np.ix_(useful, useful)] = inverse
    return bound[:count, :count]
