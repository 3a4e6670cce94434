"""Several spectra fitted together: a set of one is the single fit, shared numbers are what a combination should be."""

from __future__ import annotations

import numpy as np
import pytest

from pharmrs.spectra.fit.climb import climb
from pharmrs.spectra.fit.fit import Ended, fit_from
from pharmrs.spectra.fit.search import Alone, posterior
from pharmrs.spectra.records import Acquisition, BasisSet, Spectrum
from pharmrs.spectra.records.fit import FitSettings
from pharmrs.spectra.together import fit as together
from pharmrs.spectra.together.fit import Member, fit_together
from pharmrs.spectra.together.sharing import GROUPS, SINGLE, Sharing, own, regressed, shared

SETTINGS = FitSettings(stability=False)
MHZ, DWELL_S, POINTS = 127.7, 5e-4, 1024
ACQUISITION = Acquisition(spectrometer_frequency_mhz=MHZ, dwell_time_s=DWELL_S, echo_time_s=0.03, repetition_time_s=2.0)
TIME_S = np.arange(POINTS) * DWELL_S
LINES = {"NAA": ((2.01, 3.0), (2.6, 1.0)), "Cr": ((3.03, 3.0), (3.92, 2.0)), "Glu": ((2.34, 2.0), (3.75, 1.0))}
TRUTH = {"NAA": 12.0, "Cr": 8.0, "Glu": 10.0}


def _signal(lines: tuple[tuple[float, float], ...], width_hz: float) -> np.ndarray:
    rates = 2j * np.pi * (4.65 - np.array([ppm for ppm, _ in lines])) * MHZ - np.pi * width_hz
    return np.exp(np.outer(TIME_S, rates)) @ np.array([protons for _, protons in lines])


BASIS = BasisSet(
    names=tuple(LINES),
    fids=np.array([_signal(lines, 1.0) for lines in LINES.values()]),
    dwell_time_s=DWELL_S,
    spectrometer_frequency_mhz=MHZ,
    receiver_ppm=4.65,
    source="three made metabolites",
)


def _spectrum(seed: int, glu: float = TRUTH["Glu"], noise: float = 1.0) -> Spectrum:
    rng = np.random.default_rng(seed)
    truth = TRUTH | {"Glu": glu}
    fid = sum(truth[name] * _signal(lines, 5.0) for name, lines in LINES.items())
    fid = fid + noise * (rng.normal(size=POINTS) + 1j * rng.normal(size=POINTS))
    return Spectrum(fid=fid, acquisition=ACQUISITION, affine=np.eye(4), source=f"made {seed}")


@pytest.fixture(scope="module")
def first() -> Ended:
    return fit_from(_spectrum(0), BASIS, SETTINGS, None)


def test_a_set_of_one_is_the_single_fit(first: Ended) -> None:
    """The engine of several, run with one: the same numbers, found in the same steps."""
    theta, variances = 0.9 * first.outcome.optimum.state.theta, first.outcome.optimum.variances
    alone, land = climb(Alone(first.outcome.problem), theta, variances)
    one, there = climb(together.landscape(first, [first.made], Sharing(1), []), theta, (variances,))
    assert one.iterations == alone.iterations
    np.testing.assert_allclose(one.state.amplitudes, alone.state.amplitudes, rtol=1e-10)
    np.testing.assert_allclose(one.state.theta, alone.state.theta, rtol=1e-10, atol=1e-12)
    assert isinstance(land, Alone) and isinstance(there, together.Together)
    expected = posterior(
        land.problem, alone.state, alone.variances, land.prior(alone.variances), land.bend(alone.state, alone.variances)
    )
    found = there.posterior(one.state, one.variances, there.bend(one.state, one.variances))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-14)


def test_nothing_to_share_is_the_single_fit(first: Ended) -> None:
    found = fit_together(first, (), Sharing(1))
    assert found.fits == (first.fit,)
    np.testing.assert_array_equal(found.values, first.fit.amplitudes)


def test_shared_amplitudes_are_as_certain_as_the_mean_of_independent_fits(first: Ended) -> None:
    """Four spectra of one truth: the SD of a shared amplitude is half that of one spectrum, and its error is in it."""
    others = [Member(_spectrum(seed), BASIS, SETTINGS) for seed in (1, 2, 3)]
    four = Sharing(4, parameters={SINGLE: shared(4), GROUPS: shared(4)})
    found = fit_together(first, others, four)
    assert all(fit.converged for fit in found.fits)
    at = found.where("NAA")
    sd = float(np.sqrt(found.covariance[at, at]))
    alone = float(np.sqrt(first.fit.covariance[first.fit.names.index("NAA")][first.fit.names.index("NAA")]))
    assert sd == pytest.approx(0.5 * alone, rel=0.3)
    assert abs(found.values[at] - TRUTH["NAA"]) < 4.0 * sd


def test_a_course_gives_level_and_slope(first: Ended) -> None:
    """Glu falls from 10 to 7 in four steps of one: level and slope per step, the slope of either sign."""
    spectra = [_spectrum(10 + k, glu=10.0 - k) for k in range(4)]
    start = fit_from(spectra[0], BASIS, SETTINGS, None)
    course = regressed(np.arange(4.0)[:, None])
    sharing = Sharing(4, amplitudes={"Glu": course, "Cr": own(4)}, parameters={SINGLE: shared(4)})
    found = fit_together(start, [Member(one, BASIS, SETTINGS) for one in spectra[1:]], sharing)
    level, slope = found.places("Glu")
    for at, truth in ((level, 10.0), (slope, -1.0)):
        assert abs(found.values[at] - truth) < 4.0 * np.sqrt(found.covariance[at, at])
    assert found.values[slope] < -0.5
    assert len(found.places("Cr")) == 4
    glu = [fit.amplitudes[fit.names.index("Glu")] for fit in found.fits]
    np.testing.assert_allclose(np.diff(glu), found.values[slope], rtol=1e-9)


def test_a_tied_component_is_a_multiple_of_its_leader(first: Ended) -> None:
    sharing = Sharing(2, tied={"Glu": ("Cr", 1.25)})
    found = fit_together(first, [Member(_spectrum(4), BASIS, SETTINGS)], sharing)
    assert {name for name, _ in found.labels} == {"NAA", "Cr"}
    for fit in found.fits:
        named = dict(zip(fit.names, fit.amplitudes, strict=True))
        assert named["Glu"] == pytest.approx(1.25 * named["Cr"], rel=1e-9)
