"""From raw coils and transients to ratios: what must not matter does not, every step says what it did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.simulate.raw_scan import simulate_scan
from pharmrs.simulate.scan_records import SimulatedScan, SimulatedScanner
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.preprocess.coils import noise_covariance
from pharmrs.spectra.preprocess.preprocess import PreprocessingSettings, Recordings, preprocess
from pharmrs.spectra.quantify.quantify import Context, QuantificationSettings, concentrations
from pharmrs.spectra.quantify.water import water_amplitude
from pharmrs.spectra.records import BasisSet, Fids, PreprocessedScan
from tests.spectra.simulated import ACQUISITION, AMOUNTS, MHZ, POINTS

TIME_S = ACQUISITION.time_axis_s(POINTS)[:, None, None]
COILS, TRANSIENTS = 4, 16
DEFAULTS = PreprocessingSettings()


@dataclass(frozen=True)
class Outcome:
    prepared: PreprocessedScan
    values: dict[tuple[str, str], float]
    sds: dict[tuple[str, str], float]


def recordings(scan: SimulatedScan, change: Callable[[np.ndarray], np.ndarray] = lambda data: data) -> Recordings:
    def changed(fids: Fids) -> Fids:
        return replace(fids, data=change(fids.data))

    water = changed(scan.eddy_current)
    return Recordings(
        metabolite=changed(scan.metabolite),
        quantification=changed(scan.quantification),
        eddy_current=water,
        coil_combination=water,
    )


def quantified(basis: BasisSet, given: Recordings, chosen: PreprocessingSettings = DEFAULTS) -> Outcome:
    prepared = preprocess(given, chosen)
    fit = fit_spectrum(prepared.spectrum, basis)
    context = Context(
        fit=fit,
        acquisition=prepared.spectrum.acquisition,
        water_acquisition=None,
        water=water_amplitude(prepared.water) if prepared.water is not None else None,
        proton_amplitude=basis.proton_amplitude,
        settings=QuantificationSettings(),
    )
    found = [
        c for c in concentrations(context, metabolite_amplitudes(fit)) if c.scale in ("ratio_tcr", "lcmodel_water")
    ]
    return Outcome(
        prepared,
        {(c.metabolite, c.scale): c.value for c in found},
        {(c.metabolite, c.scale): c.sd for c in found},
    )


def furthest(outcome: Outcome, reference: Outcome) -> float:
    """Largest difference over all metabolites and both scales, in SD of the reference (tCr over itself has none)."""
    keys = [key for key in reference.values if key != ("tCr", "ratio_tcr")]
    return max(abs(outcome.values[key] - reference.values[key]) / reference.sds[key] for key in keys)


@pytest.fixture(scope="module")
def scan(basis: BasisSet) -> SimulatedScan:
    """S/N 40, drift, jitter, eddy currents, residual water; one transient ruined by motion."""
    chosen = SimulatedScanner(coils=COILS, transients=TRANSIENTS, spoiled=(5,))
    return simulate_scan(basis, AMOUNTS, ACQUISITION, np.random.default_rng(2), points=POINTS, settings=chosen)


@pytest.fixture(scope="module")
def reference(basis: BasisSet, scan: SimulatedScan) -> Outcome:
    return quantified(basis, recordings(scan))


def test_ratios_are_the_truth_within_their_uncertainty(reference: Outcome) -> None:
    for name in ("Glu", "Ins", "NAA", "tNAA", "Gln", "GSH"):
        truth = {"tNAA": 12.3}.get(name, AMOUNTS.get(name, 0.0)) / 8.0
        assert abs(reference.values[name, "ratio_tcr"] - truth) < 3.0 * reference.sds[name, "ratio_tcr"], name


# Invariances that hold exactly: 1e-6 SD is what rounding of 1e-16 becomes on its way through the search.
EXACT = 1e-6


@settings(max_examples=3)
@given(order=st.permutations(range(TRANSIENTS)))
def test_order_of_transients(basis: BasisSet, scan: SimulatedScan, reference: Outcome, order: list[int]) -> None:
    """The course of the frequency over the scan is taken from the order, by as much as single transients are noisy."""
    found = quantified(basis, _in_order(scan, order))
    assert furthest(found, reference) < 0.3
    assert found.prepared.rejected_transients == (order.index(5),)


def test_from_last_to_first_is_the_same(basis: BasisSet, scan: SimulatedScan, reference: Outcome) -> None:
    assert furthest(quantified(basis, _in_order(scan, list(range(TRANSIENTS))[::-1])), reference) < EXACT


def _in_order(scan: SimulatedScan, order: list[int]) -> Recordings:
    return replace(recordings(scan), metabolite=replace(scan.metabolite, data=scan.metabolite.data[:, :, order]))


@settings(max_examples=5)
@given(
    order=st.permutations(range(COILS)),
    log_gains=st.lists(st.floats(-4.0, 4.0), min_size=COILS, max_size=COILS),
    phases=st.lists(st.floats(-np.pi, np.pi), min_size=COILS, max_size=COILS),
)
def test_order_and_complex_gain_of_coils(
    basis: BasisSet,
    scan: SimulatedScan,
    reference: Outcome,
    order: list[int],
    log_gains: list[float],
    phases: list[float],
) -> None:
    factor = (10.0 ** np.array(log_gains) * np.exp(1j * np.array(phases)))[:, None]
    found = quantified(basis, recordings(scan, lambda data: (data * factor)[:, order]))
    assert furthest(found, reference) < EXACT


@settings(max_examples=5)
@given(exponent=st.integers(-12, 12), phase_rad=st.floats(-np.pi, np.pi))
def test_scale_and_phase_of_all_recordings(
    basis: BasisSet, scan: SimulatedScan, reference: Outcome, exponent: int, phase_rad: float
) -> None:
    factor = 10.0**exponent * np.exp(1j * phase_rad)
    assert furthest(quantified(basis, recordings(scan, lambda data: data * factor)), reference) < EXACT


@settings(max_examples=5)
@given(phase_rad=st.floats(-np.pi, np.pi))
def test_phase_of_the_metabolite_recording_alone(
    basis: BasisSet, scan: SimulatedScan, reference: Outcome, phase_rad: float
) -> None:
    """The receiver's phase may differ between the recordings: 0.02 SD, as for the fit alone."""
    turned = replace(scan.metabolite, data=scan.metabolite.data * np.exp(1j * phase_rad))
    assert furthest(quantified(basis, replace(recordings(scan), metabolite=turned)), reference) < 0.02


@settings(max_examples=5)
@given(shift_ppm=st.floats(-0.2, 0.2))
def test_frequency_shift_of_all_recordings(
    basis: BasisSet, scan: SimulatedScan, reference: Outcome, shift_ppm: float
) -> None:
    """Eddy-current correction puts water, and with it everything, back where it was."""
    turn = np.exp(2j * np.pi * shift_ppm * MHZ * TIME_S)
    assert furthest(quantified(basis, recordings(scan, lambda data: data * turn)), reference) < EXACT


@pytest.mark.parametrize("shift_ppm", [-0.2, -0.07, 0.07, 0.2])
def test_frequency_shift_without_eddy_current_correction(
    basis: BasisSet, scan: SimulatedScan, shift_ppm: float
) -> None:
    """Alignment and fit find the shift themselves. Residual water and NAA's and GPC's signals beside it are now taken
    off elsewhere, 0.35 ppm on both sides of 4.65 ppm: 0.6 SD of NAAG. Eddy currents stay in the spectrum, and the fit
    describes them: tNAA/tCr is the truth within 1 % (it was 3 % off when skew had to)."""
    off = replace(DEFAULTS, eddy_current_correction=False)
    turn = np.exp(2j * np.pi * shift_ppm * MHZ * TIME_S)
    still, moved = (
        quantified(basis, recordings(scan), off),
        quantified(basis, recordings(scan, lambda d: d * turn), off),
    )
    assert furthest(moved, still) < 0.65
    for found in (still, moved):
        assert found.values["tNAA", "ratio_tcr"] == pytest.approx(12.3 / 8.0, rel=0.01)


def test_every_transient_twice(basis: BasisSet, scan: SimulatedScan, reference: Outcome) -> None:
    """A copy adds nothing. The reference of each transient's alignment then holds its own copy, and the noise of copies
    is found too alike."""
    twice = replace(scan.metabolite, data=np.repeat(scan.metabolite.data, 2, axis=2))
    # the same noise twice looks like a course: it moves values by as much as another order
    assert furthest(quantified(basis, replace(recordings(scan), metabolite=twice)), reference) < 0.3


def test_transients_of_half_the_length(basis: BasisSet, scan: SimulatedScan, reference: Outcome) -> None:
    """Each transient as two of half the averages: independent noise of sqrt(2) the SD, whose mean is the transient.

    The sum of all data is the same; alignment works at lower S/N (0.03 Hz and 0.5 degrees more of jitter) and robust
    weights see other distances: a quarter of an SD.
    """
    covariance = noise_covariance(scan.metabolite)
    white = np.random.default_rng(9).standard_normal((2, COILS, POINTS * TRANSIENTS)) / np.sqrt(2.0)
    extra = (np.linalg.cholesky(covariance) @ (white[0] + 1j * white[1])).reshape(COILS, POINTS, TRANSIENTS)
    extra = extra.transpose(1, 0, 2)
    halves = np.stack([scan.metabolite.data + extra, scan.metabolite.data - extra], axis=3)
    split = replace(scan.metabolite, data=halves.reshape(POINTS, COILS, 2 * TRANSIENTS))
    found = quantified(basis, replace(recordings(scan), metabolite=split))
    assert found.prepared.rejected_transients == (10, 11)
    assert furthest(found, reference) < 0.25


# ---- the steps


def test_every_step_is_recorded_in_order(scan: SimulatedScan) -> None:
    prepared = preprocess(recordings(scan), replace(DEFAULTS, skip_points=1))
    names = [step.name for step in prepared.steps]
    assert names == [
        "trim",
        "coil combination",
        "eddy-current correction",
        "alignment",
        "averaging",
        "residual water",
    ]
    for first, second in zip(prepared.steps[1:], prepared.steps[2:], strict=False):
        assert second.before.shape == first.after.shape == (POINTS - 1,)
    np.testing.assert_array_equal(prepared.steps[-1].after, prepared.spectrum.fid)
    assert prepared.rejected_transients == (5,)
    assert prepared.spectrum.averages == TRANSIENTS - 1
    assert any("1 of 16 transients rejected" in warning for warning in prepared.warnings)


def test_what_alignment_reports_is_the_truth(scan: SimulatedScan) -> None:
    """Frequencies of the good transients against their mean: 0.1 Hz is twice the Cramer-Rao bound at S/N 10 each."""
    prepared = preprocess(recordings(scan), DEFAULTS)
    (step,) = [step for step in prepared.steps if step.name == "alignment"]
    good = np.arange(TRANSIENTS) != 5
    found = np.array(step.series["frequency offset (Hz)"])[good]
    truth = scan.truth.frequencies_hz[good]
    error = (found - found.mean()) - (truth - truth.mean())
    assert np.sqrt(np.mean(error**2)) < 0.2
    assert np.std(truth) > 0.8


@pytest.mark.parametrize(
    ("switched_off", "missing"),
    [
        ({"eddy_current_correction": False}, "eddy-current correction"),
        ({"align_transients": False}, "alignment"),
        ({"remove_residual_water": False}, "residual water"),
    ],
)
def test_steps_can_be_switched_off(scan: SimulatedScan, switched_off: dict[str, bool], missing: str) -> None:
    everything = [step.name for step in preprocess(recordings(scan), DEFAULTS).steps]
    names = [step.name for step in preprocess(recordings(scan), replace(DEFAULTS, **switched_off)).steps]
    assert names == [name for name in everything if name != missing]


def test_rejection_can_be_switched_off(scan: SimulatedScan) -> None:
    prepared = preprocess(recordings(scan), replace(DEFAULTS, reject_transients=False))
    assert prepared.rejected_transients == ()
    assert prepared.spectrum.averages == TRANSIENTS


def test_points_before_the_echo_are_dropped_from_every_recording(
    basis: BasisSet, scan: SimulatedScan, reference: Outcome
) -> None:
    """Three samples recorded before the echo's top: without them everything is as it would have been."""
    early = replace(ACQUISITION, acquisition_start_time_s=-3.0 * ACQUISITION.dwell_time_s)

    def with_early(fids: Fids) -> Fids:
        return replace(fids, data=np.concatenate([fids.data[:3] * 0.5, fids.data]), acquisition=early)

    given = recordings(scan)
    water = with_early(scan.eddy_current)
    given = Recordings(
        metabolite=with_early(scan.metabolite),
        quantification=with_early(scan.quantification),
        eddy_current=water,
        coil_combination=water,
    )
    found = quantified(basis, given)
    assert found.prepared.steps[0].numbers == {"points dropped": 3.0}
    assert found.prepared.spectrum.acquisition.acquisition_start_time_s == 0.0
    assert furthest(found, reference) < EXACT


@pytest.mark.parametrize("skipped", [1, 3, 12])
def test_corrupt_first_points_can_be_dropped(
    basis: BasisSet, scan: SimulatedScan, reference: Outcome, skipped: int
) -> None:
    """The fit is told of the delay (0.2 to 2 ms). What is lost is what the points said about broad signals,
    which moves the others by 1.1 SD at 2 ms."""

    def corrupted(data: np.ndarray) -> np.ndarray:
        changed = data.copy()
        changed[:skipped] *= 0.1
        return changed

    found = quantified(basis, recordings(scan, corrupted), replace(DEFAULTS, skip_points=skipped))
    late_s = found.prepared.spectrum.acquisition.acquisition_start_time_s
    assert late_s == pytest.approx(skipped * ACQUISITION.dwell_time_s)
    keys = [key for key in reference.values if key[0] in ("Glu", "NAA", "Ins", "tNAA", "Glx")]
    assert max(abs(found.values[key] - reference.values[key]) / reference.sds[key] for key in keys) < 1.5


# ---- what may be missing


def test_without_any_water_reference(basis: BasisSet, scan: SimulatedScan, reference: Outcome) -> None:
    """Coils are combined by the metabolite signal itself, nothing is corrected for eddy currents, ratios stand."""
    off = replace(DEFAULTS, remove_residual_water=True)
    found = quantified(basis, Recordings(metabolite=scan.metabolite), off)
    assert found.prepared.water is None
    assert "metabolite signal itself" in found.prepared.steps[0].summary
    assert "eddy-current correction" not in [step.name for step in found.prepared.steps]
    assert np.isnan(found.values["Glu", "lcmodel_water"])


def test_one_coil_and_one_transient(basis: BasisSet) -> None:
    chosen = SimulatedScanner(coils=1, transients=1, water_transients=1)
    single = simulate_scan(basis, AMOUNTS, ACQUISITION, np.random.default_rng(3), points=POINTS, settings=chosen)
    found = quantified(basis, recordings(single))
    assert "alignment" not in [step.name for step in found.prepared.steps]
    assert found.prepared.steps[0].summary.startswith("one coil")
    assert found.prepared.spectrum.averages == 1
    assert found.values["Glu", "ratio_tcr"] == pytest.approx(1.2, abs=4.0 * found.sds["Glu", "ratio_tcr"])


def test_input_is_never_changed(scan: SimulatedScan) -> None:
    before = scan.metabolite.data.copy()
    preprocess(recordings(scan), DEFAULTS)
    np.testing.assert_array_equal(scan.metabolite.data, before)
