"""Fit one spectrum with a basis set."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from pharmrs.constants import WATER_PPM
from pharmrs.errors import FitFailure
from pharmrs.mrs.band import make_band
from pharmrs.mrs.baseline import make_baseline
from pharmrs.mrs.broad_components import widened
from pharmrs.mrs.fit_setup import chosen_basis, make_model
from pharmrs.mrs.line_shape import full_width_hz, gauss_of_quadratic, quadratic_of_gauss
from pharmrs.mrs.model import LORENTZ, PHASE0, PHASE1, QUADRATIC, SHARED, SHIFT, stack, unstack
from pharmrs.mrs.ratios import make_ratios
from pharmrs.mrs.resample import resample_basis
from pharmrs.mrs.search import Optimum, Problem, baseline_coefficients, search
from pharmrs.mrs.starting_values import Start, find_starts
from pharmrs.mrs.variances import Variances
from pharmrs.mrs.verdict import judged
from pharmrs.records.acquisition import Spectrum
from pharmrs.records.arrays import ComplexArray, FloatArray
from pharmrs.records.basis import BasisSet
from pharmrs.records.fit import FitSettings, LinearCombinationFit

LARGEST_SHIFT_PPM = 0.4
_FIRST_SMOOTHNESS, _STIFF, _FIRST_NOISE, _FIRST_SHAPE_SD = 10.0, 1000.0, 0.01, 0.1
_MISFIT_FACTOR = 1.5  # residual over noise at which another starting point is tried
_LOOSE_SHARE = 0.6  # of the baseline's freedom: a baseline that takes more is suspected of having eaten signal
_MOST_STARTS = 3
_WITHOUT_BROAD = 4.0  # times as much detail, where the baseline has to do for the macromolecules too


def fit_spectrum(spectrum: Spectrum, basis: BasisSet, settings: FitSettings | None = None) -> LinearCombinationFit:
    """Fit `spectrum` with `basis` (any dwell time and length: resampled to the data's clock).

    Returns amplitudes in units of the basis signals with their posterior covariance and everything the report shows.
    Raises InputError when spectrum, basis and fit window do not go together, FitFailure when no optimum was found.
    """
    settings = widened(settings or FitSettings(), spectrum.acquisition.spectrometer_frequency_mhz)
    began = time.process_time()
    fid = _without_zero_filling(spectrum.fid)
    resampled = resample_basis(chosen_basis(basis, settings), spectrum.acquisition, fid.shape[0])
    band = make_band(spectrum.acquisition, fid.shape[0], settings.ppm_low, settings.ppm_high)
    model, kept, norms, notes = make_model(resampled, band, settings)
    reach_hz = LARGEST_SHIFT_PPM * spectrum.acquisition.spectrometer_frequency_mhz
    starts = find_starts(model, band.decimate(fid), model.broad, reach_hz)
    # the window follows the metabolites: what is inside must not depend on the shift of the data
    shift_hz = starts[0].shift_hz
    time_s = spectrum.acquisition.time_axis_s(fid.shape[0])
    data = band.decimate(fid * np.exp(-2j * np.pi * shift_hz * time_s))
    values = band.spectrum(data)
    scale = float(np.sqrt(np.mean(np.abs(values) ** 2)))
    if not np.isfinite(scale) or scale == 0.0:
        raise FitFailure(f"{spectrum.source}: no signal in {settings.ppm_low}-{settings.ppm_high} ppm")
    detail = settings.knots_per_ppm * (1.0 if model.broad.any() else _WITHOUT_BROAD)
    baseline = make_baseline(band.ppm, detail, WATER_PPM.value)
    stacked = stack(values / scale)
    problem = Problem(
        data=stacked,
        model=model,
        baseline=baseline,
        settings=settings,
        data_projected=baseline.project(stacked[:, None])[:, 0],
        ratios=make_ratios(settings.ratio_priors, kept, norms),
        ratio_penalty=np.zeros((len(kept), len(kept))),
    )
    noise = _tail_noise(data)
    moved = [replace(start, shift_hz=start.shift_hz - shift_hz) for start in starts]
    fit = _record(problem, _best(problem, moved, noise / scale), kept, scale, norms)
    fit = judged(replace(fit, shift_hz=fit.shift_hz + shift_hz, notes=notes), noise, reach_hz)
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


def _best(problem: Problem, starts: list[Start], noise: float) -> Optimum:
    """The optimum of highest evidence; one start is enough when nothing about its optimum is suspicious."""
    best: Optimum | None = None
    for start, smoothness in [(starts[0], _FIRST_SMOOTHNESS), *((start, _STIFF) for start in starts[:_MOST_STARTS])]:
        theta = np.zeros(problem.model.layout.size)
        theta[PHASE0], theta[SHIFT] = start.phase_rad, start.shift_hz
        theta[LORENTZ], theta[QUADRATIC] = 0.5 * start.width_hz, quadratic_of_gauss(0.6 * start.width_hz)
        variances = Variances(
            smoothness=smoothness,
            noise=_FIRST_NOISE,
            real_shape_sd=_FIRST_SHAPE_SD,
            imaginary_shape_sd=_FIRST_SHAPE_SD,
            group_sd=_FIRST_SHAPE_SD,
            skew_sd=_FIRST_SHAPE_SD,
            shift_sd_hz=problem.settings.shift_sd_hz,
            damping_sd_hz=problem.settings.damping_sd_hz,
        )
        try:
            optimum = search(problem, theta, variances)
        except (np.linalg.LinAlgError, ArithmeticError):
            continue
        if best is None or (optimum.converged, -optimum.objective) > (best.converged, -best.objective):
            best = optimum
        misfit = np.sqrt(best.variances.noise) > _MISFIT_FACTOR * noise
        if best.converged and not misfit and best.baseline_freedom < _LOOSE_SHARE * 2.0 * problem.baseline.size:
            break
    if best is None:
        raise FitFailure("the normal equations could not be solved from any starting point")
    return best


def _record(
    problem: Problem,
    optimum: Optimum,
    names: tuple[str, ...],
    scale: float,
    norms: FloatArray,
) -> LinearCombinationFit:
    model, state, variances = problem.model, optimum.state, optimum.variances
    layout, band, theta = model.layout, model.band, state.theta
    baseline = unstack(problem.baseline.evaluate(baseline_coefficients(problem, state, variances)))
    components = state.amplitudes[:, None] * state.spectra
    data = unstack(problem.data)
    residual = data - components.sum(axis=0) - baseline
    # data that begin late: lines are absorptive at t = 0
    phase = model.phase(theta) * np.exp(2j * np.pi * band.hz * band.time_s[0])
    unit = scale / norms
    count = len(names)
    abscissa_per_ppm = 2.0 / (band.ppm[0] - band.ppm[-1])
    peak = float(np.max(((data - baseline) * phase.conj()).real))
    rms = float(np.sqrt(np.mean((residual * phase.conj()).real ** 2)))
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
        residual_autocorrelation=float(np.vdot(residual[:-1], residual[1:]).real / np.vdot(residual, residual).real),
        baseline_smoothness=variances.smoothness,
        baseline_freedom=optimum.baseline_freedom,
        line_shape_sd=float(np.hypot(variances.real_shape_sd, variances.imaginary_shape_sd)) if layout.shapes else 0.0,
        shift_sd_hz=variances.shift_sd_hz,
        damping_sd_hz=variances.damping_sd_hz,
        iterations=optimum.iterations,
        converged=optimum.converged,
        message=optimum.message,
        settings=problem.settings,
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
