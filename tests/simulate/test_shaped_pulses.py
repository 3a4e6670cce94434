"""Shaped pulses against the Bloch equations by hand and against step-by-step matrix exponentials."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.spectra.basis.basis_set import pulse_actions, simulated_basis
from pharmrs.spectra.basis.evolution import PulseAction, sampled, transitions
from pharmrs.spectra.basis.sequences import PulseSequence, pulse_sequence
from pharmrs.spectra.basis.shaped_pulses import ShapedAction, turned
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.shaped_pulse import ShapedPulse
from tests.simulate import brute_force, pulses

OFFSETS, J_HZ = np.array([180.0, 90.0]), np.array([[0.0, 14.0], [14.0, 0.0]])
DWELL_S, POINTS = 5e-4, 40
PRESS = BasisProtocol(
    sequence="press", echo_time_s=0.144, spectrometer_frequency_mhz=123.2, bandwidth_hz=2000, points=1024
)


def hard(flip_deg: float, steps: int = 10, duration_s: float = 1e-3) -> ShapedPulse:
    b1_hz = np.full(steps, flip_deg / 360 / duration_s)
    return ShapedPulse(flip_deg=flip_deg, duration_s=duration_s, b1_hz=b1_hz, source="hard")


def test_rotation_of_a_hard_pulse_by_hand() -> None:
    """Off resonance the field is tilted: effective rate sqrt(b1^2 + f^2), excited share (b1/eff sin)^2 + ..."""
    pulse, offset = hard(90), 200.0
    rotation = turned(pulse.b1_hz, pulse.step_s, np.array([0.0, offset]))
    np.testing.assert_allclose(rotation[0], np.array([[1, -1j], [-1j, 1]]) / np.sqrt(2), atol=1e-12)
    b1 = 250.0
    rate = np.hypot(b1, offset)
    flipped = (b1 / rate * np.sin(np.pi * rate * 1e-3)) ** 2
    assert abs(rotation[1, 1, 0]) ** 2 == pytest.approx(flipped, abs=1e-12)


def operators(pulse: ShapedPulse, positions_hz: np.ndarray) -> np.ndarray:
    system = brute_force.System(OFFSETS, J_HZ)
    result = np.broadcast_to(np.eye(4, dtype=complex), (positions_hz.size, 4, 4))
    for b1 in pulse.b1_hz:
        field = system.hamiltonian + b1.real * system.x + b1.imag * system.y + positions_hz[:, None, None] * system.z
        energies, vectors = np.linalg.eigh(field)
        phase = np.exp(-2j * np.pi * energies * pulse.step_s)
        result = (vectors * phase[:, None, :]) @ vectors.conj().swapaxes(1, 2) @ result
    return result


def keep(density: np.ndarray, order: int) -> np.ndarray:
    z = np.diag(brute_force.System(OFFSETS, J_HZ).z).real
    return np.where(np.isclose(np.subtract.outer(z, z), order), density, 0)


def slow(sequence: PulseSequence, actions: list[PulseAction], shaped: dict[int, ShapedPulse]) -> np.ndarray:
    """The sequence on a grid of positions of its own; timing and slice refocusing as the actions declare them."""
    system, order_in = brute_force.System(OFFSETS, J_HZ), 0
    positions, z = np.arange(-6000.0, 6000.1, 20.0), np.diag(system.z).real
    density = system.z.astype(complex)
    following = [*(action.before_s for action in actions[1:]), 0.0]
    for number, (step, action, next_s) in enumerate(zip(sequence.pulses, actions, following, strict=True)):
        if number in shaped:
            pulse = operators(shaped[number], positions)
            if order_in == 0:
                pulse = _turn(positions, z, action.after_s) @ pulse
            elif step.order == 0:
                pulse = pulse @ _turn(positions, z, action.before_s)
            density = np.einsum("nab,bc,ndc->ad", pulse, density, pulse.conj()) * 20.0 / action.bandwidth_hz
        else:
            density = system.rotate(density, step.flip_deg)
        density = system.wait(keep(density, step.order), step.interval_s - action.after_s - next_s)
        order_in = step.order
    return system.observe(density, DWELL_S, POINTS)


def _turn(positions_hz: np.ndarray, z: np.ndarray, seconds: float) -> np.ndarray:
    """Gradient lobe: the opposite of `seconds` of precession at each position, (positions, states, states)."""
    return np.exp(2j * np.pi * positions_hz[:, None] * seconds * z)[:, :, None] * np.eye(z.size)


@pytest.mark.parametrize(("name", "numbers"), [("press", (0,)), ("press", (1, 2)), ("steam", (0, 1, 2))])
def test_against_matrix_exponentials(name: str, numbers: tuple[int, ...]) -> None:
    sequence = pulse_sequence(name, 0.03, 0.012 if name == "steam" else 0.0)
    shaped = {k: pulses.pulse(sequence.pulses[k].flip_deg, 0.002) for k in numbers}
    actions: list[PulseAction] = list(pulse_actions(sequence, ()))
    for k, pulse in shaped.items():
        actions[k] = ShapedAction(pulse, sequence.pulses[k - 1].order if k else 0, sequence.pulses[k].order)
    expected = slow(sequence, actions, shaped)
    found = sampled(*transitions(OFFSETS, J_HZ, sequence, actions), DWELL_S, POINTS, 0.0)
    # a quadrature of 32 points a slice, and couplings that act in stretches of 0.25 ms
    np.testing.assert_allclose(found, expected, atol=3e-3 * np.abs(expected).max())


def test_a_slice_of_a_singlet_is_in_phase_and_nearly_whole() -> None:
    protocol = replace(PRESS, sequence="steam", mixing_time_s=0.03, echo_time_s=0.02)
    basis = simulated_basis(protocol, ["H2O", "Cr"], macromolecules=False, pulses=[pulses.pulse(90, 0.0025)])
    ideal = simulated_basis(protocol, ["H2O", "Cr"], macromolecules=False)
    assert 0.45 < basis.proton_amplitude < 0.5  # transition bands excite less than a rectangle of the same width
    for one, whole in zip(basis.fids, ideal.fids, strict=True):
        np.testing.assert_allclose(one / basis.proton_amplitude, whole / 0.5, atol=2e-3 * abs(whole[0]))
    assert "bandwidth 2" in basis.notes[0]


def test_chemical_shift_displacement_of_lactate() -> None:
    """At TE 144 ms the doublet of lactate is inverted. Where the slices of its two groups are apart it is not, so
    that the signal cancels in part of the voxel: the less so the wider the band (Yablonskiy 1998, MRM 39, 169). Edges
    of the slice, where pulses turn by less than 180 degrees, keep even the widest band from the ideal signal."""
    strength = {}
    for duration_s in (0.0005, 0.002, 0.006):
        basis = simulated_basis(PRESS, ["Lac"], macromolecules=False, pulses=[pulses.pulse(180, duration_s)])
        spectrum = np.fft.fft(basis.fids[0] / basis.proton_amplitude)
        strength[duration_s] = spectrum[np.abs(np.asarray(basis.ppm_axis()) - 1.31) < 0.1].real.min()
    ideal = np.fft.fft(simulated_basis(PRESS, ["Lac"], macromolecules=False).fids[0]).real.min()
    assert ideal < strength[0.0005] < strength[0.002] < strength[0.006]
    assert strength[0.0005] < 0.6 * ideal
    assert strength[0.006] > 0.3 * ideal


def test_pulses_that_do_not_fit() -> None:
    short = replace(PRESS, echo_time_s=0.004)
    for protocol, given, rule in (
        (PRESS, [pulses.pulse(120, 0.002)], "PRESS has pulses of 90, 180 degrees"),
        (PRESS, [pulses.pulse(180, 0.002), pulses.pulse(180, 0.003)], "one file for each flip angle"),
        (replace(PRESS, sequence="slaser"), [pulses.pulse(180, 0.002)], "taken as ideal"),
        (short, [pulses.pulse(180, 0.004)], "must leave room for the pulses"),
    ):
        with pytest.raises(InputError, match=rule):
            simulated_basis(protocol, ["Cr"], pulses=given)
