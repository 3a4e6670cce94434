"""The baseline in its orthonormal functions is the dense penalised least-squares fit of causal signals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.spectra.fit.baseline import FOREIGN, SMOOTH, LinearBackground, UnmodelledLine, make_baseline, water_tail

PPM = np.linspace(4.2, 0.2, 407)  # descending, as the fit has it
WATER = water_tail(PPM, 4.65)
MHZ = 297.2


def smooth_only(
    knots_per_ppm: float, lines: tuple[UnmodelledLine, ...] = (), left_out: np.ndarray | None = None
) -> LinearBackground:
    """The baseline without lipids; detail as that of a spline with so many knots."""
    return make_baseline(PPM, MHZ, 0.5 * knots_per_ppm / MHZ, lines, left_out, foreign=False)


def smooth(baseline: LinearBackground, values: np.ndarray, smoothness: float) -> np.ndarray:
    """What the fit does: shrunk coefficients, evaluated; complex in, complex out."""
    stacked = np.concatenate([values.real, values.imag])
    factors = (smoothness, 1e-3)
    found = baseline.evaluate(baseline.solver(factors) @ baseline.project(stacked[:, None])[:, 0])
    return found[: PPM.size] + 1j * found[PPM.size :]


def dense_hat_matrix(knots_per_ppm: float, smoothness: float) -> np.ndarray:
    """E (E^H E / n + smoothness P)^-1 E^H / n: signals at times from 0 on, penalty (time / 5 ms)^6."""
    cycles = np.arange(int(round(0.5 * knots_per_ppm * 8.0, 9)) + 1) / 8.0
    signals = np.exp(2j * np.pi * PPM[:, None] * cycles)
    penalty = np.diag(smoothness * (cycles / (0.005 * MHZ)) ** 6)
    return (
        signals
        @ np.linalg.lstsq(signals.conj().T @ signals / PPM.size + penalty, signals.conj().T / PPM.size, rcond=1e-15)[0]
    )


def causal_line(width_ppm: float, centre_ppm: float = 2.0) -> np.ndarray:
    """Spectrum of a Gaussian line as the discrete transform of a signal that begins at 0, phase 0.7."""
    cycles = np.arange(0.0, 8.0, 0.002)
    decay = np.exp(-((np.pi * width_ppm * cycles) ** 2) / (4.0 * np.log(2.0)))
    signal = decay * np.exp(-2j * np.pi * centre_ppm * cycles + 0.7j)
    return np.exp(2j * np.pi * PPM[:, None] * cycles) @ signal * 0.002


@settings(max_examples=15)
@given(log_smoothness=st.floats(-2.0, 5.0), knots_per_ppm=st.sampled_from([2.0, 3.0, 5.5]), seed=st.integers(0, 1000))
def test_it_is_penalised_least_squares(log_smoothness: float, knots_per_ppm: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    data = rng.normal(size=PPM.size) + 1j * rng.normal(size=PPM.size)
    expected = dense_hat_matrix(knots_per_ppm, 10.0**log_smoothness) @ data
    found = smooth(smooth_only(knots_per_ppm), data, 10.0**log_smoothness)
    # functions of which the window shows next to nothing are left out, and penalties below 1e-5 are none
    np.testing.assert_allclose(found, expected, atol=0.03)


@pytest.mark.parametrize("smoothness", [1e-1, 1.0, 1e2])
def test_effective_freedom_is_the_trace_of_the_hat_matrix(smoothness: float) -> None:
    baseline = smooth_only(3.0)
    freedom = 2.0 * np.trace(baseline.solver((smoothness, 1.0))).real
    assert freedom == pytest.approx(2.0 * np.trace(dense_hat_matrix(3.0, smoothness)).real, abs=0.02)


def test_a_constant_costs_nothing_and_a_bend_does() -> None:
    baseline = smooth_only(3.0)
    constant = np.full(PPM.size, 1.0 - 2.0j)
    np.testing.assert_allclose(smooth(baseline, constant, 1e3), constant, atol=0.01)
    bend = causal_line(1.0)
    assert np.abs(smooth(baseline, bend, 1e-4) - bend).max() < 0.01 * np.abs(bend).max()
    assert np.abs(smooth(baseline, bend, 1e6) - bend).max() > 0.1 * np.abs(bend).max()


def test_a_signal_before_the_first_point_is_not_taken_up() -> None:
    """The conjugate of a causal line's spectrum, mirrored in phase only, belongs to times before 0."""
    baseline = smooth_only(3.0)
    line = causal_line(0.8)

    def left(values: np.ndarray) -> float:
        return float(np.linalg.norm(values - smooth(baseline, values, 1e-2)) / np.linalg.norm(values))

    assert left(line) < 0.02
    assert left(line.conj()) > 10.0 * left(line)


@pytest.mark.parametrize("phase", [0.0, 1.0, 2.5])
def test_the_tail_of_water_is_taken_up(phase: float) -> None:
    tail = np.exp(1j * phase) / (0.025 + 1j * (4.65 - PPM))
    scale = np.abs(tail).max()
    assert np.abs(smooth(smooth_only(3.0, WATER), tail, 1e-3) - tail).max() < 2e-3 * scale
    assert np.abs(smooth(smooth_only(3.0), tail, 1e-3) - tail).max() > 0.015 * scale


def test_water_inside_the_window_is_no_tail() -> None:
    assert [water_tail(PPM, inside) for inside in (4.0, 4.3, 0.1)] == [(), (), ()]
    assert [line.ppm for outside in (4.65, -0.2) for line in water_tail(PPM, outside)] == [4.65, -0.2]


def test_across_a_gap_the_baseline_goes_on() -> None:
    """With the points of a gap left out, a smooth background is found in the gap too, whatever stands there."""
    background = causal_line(1.2)
    left_out = (PPM > 2.1) & (PPM < 2.4)
    baseline = smooth_only(3.0, (), left_out)
    assert baseline.functions.shape[0] == np.count_nonzero(~left_out)
    kept = background[~left_out]
    stacked = np.concatenate([kept.real, kept.imag])
    coefficients = baseline.solver((1e-4, 1.0)) @ baseline.project(stacked[:, None])[:, 0]
    across = baseline.across_gaps(coefficients)
    there = baseline.evaluate(coefficients)
    np.testing.assert_allclose(across[~left_out], there[: kept.size] + 1j * there[kept.size :], atol=1e-9)
    assert np.abs(across - background)[left_out].max() < 0.03 * np.abs(background).max()
    np.testing.assert_allclose(baseline.adjoint @ baseline.functions, np.eye(baseline.size), atol=1e-10)


def test_a_line_in_a_gap_takes_its_tails_along() -> None:
    tails = np.exp(0.4j) / (0.012 + 1j * (2.22 - PPM))
    left_out = np.abs(PPM - 2.22) < 0.06
    stacked = np.concatenate([tails[~left_out].real, tails[~left_out].imag])

    def rest(lines: tuple[UnmodelledLine, ...]) -> float:
        baseline = smooth_only(3.0, lines, left_out)
        found = baseline.evaluate(baseline.solver((1.0, 1.0)) @ baseline.project(stacked[:, None])[:, 0])
        return float(np.abs(found - stacked).max() / np.abs(stacked).max())

    assert rest((UnmodelledLine(2.22, 0.012),)) < 0.1 * rest(())


def test_penalised_rank_and_order() -> None:
    baseline = smooth_only(3.0, WATER)
    assert np.count_nonzero(baseline.of(SMOOTH)) == np.count_nonzero(baseline.roughness)
    assert not baseline.of(FOREIGN).any()
    assert (np.diff(baseline.roughness) >= 0.0).all()
    assert np.count_nonzero(smooth_only(3.0).roughness == 0.0) == 2  # the constant and the longest wave


def test_functions_are_orthonormal() -> None:
    """The normal matrix is the identity: projecting what was evaluated gives the coefficients back."""
    baseline = smooth_only(3.0, WATER)
    coefficients = np.random.default_rng(3).normal(size=baseline.size) * (1.0 + 0.5j)
    back = baseline.project(baseline.evaluate(coefficients)[:, None])[:, 0]
    np.testing.assert_allclose(back, coefficients, atol=1e-10)


@pytest.mark.parametrize("phase", [0.0, 1.0, 3.0])
@pytest.mark.parametrize("mhz", [127.7, 297.2])
def test_a_lipid_of_any_phase_is_foreign_and_not_smooth(phase: float, mhz: float) -> None:
    """A Lorentzian line of 0.2 ppm at 1.28 ppm: only with the foreign lines is it taken up, wherever the field."""
    lipid = np.exp(1j * phase) / (0.1 + 1j * (1.28 - PPM))
    stacked = np.concatenate([lipid.real, lipid.imag])

    def left(*, foreign: bool) -> float:
        baseline = make_baseline(PPM, mhz, 0.005, foreign=foreign)
        found = baseline.evaluate(baseline.solver((1.0, 1e-4)) @ baseline.project(stacked[:, None])[:, 0])
        return float(np.linalg.norm(found - stacked) / np.linalg.norm(stacked))

    assert left(foreign=True) < 0.1
    assert left(foreign=False) > 2.0 * left(foreign=True)


def test_foreign_lines_outside_the_window_are_left_out() -> None:
    high = PPM[PPM > 1.8]
    inside = make_baseline(high, MHZ, 0.005)
    assert np.count_nonzero(inside.of(FOREIGN)) == 3  # those among the metabolites
    assert np.count_nonzero(make_baseline(PPM, MHZ, 0.005).of(FOREIGN)) > 10


def test_detail_is_a_time_at_every_field() -> None:
    """A line of 30 Hz, as macromolecules have, is no baseline at 3 T either."""
    for mhz in (127.7, 297.2):
        cycles = np.arange(0.0, 0.2, 2e-5) * mhz  # per ppm
        decay = np.exp(-((np.pi * 30.0 * cycles / mhz) ** 2) / (4.0 * np.log(2.0)))
        line = np.exp(2j * np.pi * (PPM[:, None] - 2.2) * cycles) @ decay
        baseline = make_baseline(PPM, mhz, 0.005, foreign=False)
        assert np.abs(smooth(baseline, line, 1e-4) - line).max() > 0.3 * np.abs(line).max()
