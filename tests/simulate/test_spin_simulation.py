"""The density-matrix simulation against theory done by hand and against a second, brute-force simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pharmrs.spectra.basis.basis_set import pulse_actions
from pharmrs.spectra.basis.evolution import part_lines, receiver_phase, sampled, transitions
from pharmrs.spectra.basis.sequences import PulseSequence, pulse_sequence
from pharmrs.spectra.basis.spin_operators import coherence_order, diagonalise, product_rotation, spin_z
from pharmrs.spectra.basis.spin_parts import coupled_groups, proton_systems
from pharmrs.spectra.records.spin_system import SpinPart
from tests.simulate import brute_force

ASP_HZ = (4.65 - np.array([3.8914, 2.8011, 2.6533])) * 123.2  # 3 T: strongly coupled
ASP_J = np.array([[0, 3.647, 9.107], [3.647, 0, -17.426], [9.107, -17.426, 0]])


def signal(
    offsets_hz: np.ndarray, j_hz: np.ndarray, sequence: PulseSequence, points: int = 1, dwell: float = 1e-3
) -> np.ndarray:
    actions = pulse_actions(sequence, ())
    frequencies, amplitudes = transitions(np.asarray(offsets_hz, float), np.asarray(j_hz, float), sequence, actions)
    return receiver_phase(sequence, actions) * sampled(frequencies, amplitudes, dwell, points, 0.0)


def pair(j_hz: float) -> np.ndarray:
    return np.array([[0.0, j_hz], [j_hz, 0.0]])


def test_ab_quartet_by_hand() -> None:
    """Two strongly coupled spins: lines at +-(D +- J) / 2, intensities 1 -+ J / D with D^2 = dv^2 + J^2."""
    shift, j, sequence = 20.0, 12.0, pulse_sequence("press", 1e-12, 0.0)
    offsets = np.array([-shift / 2, shift / 2])
    frequencies, amplitudes = transitions(offsets, pair(j), sequence, pulse_actions(sequence, ()))
    d = np.hypot(shift, j)
    order = np.argsort(frequencies)
    np.testing.assert_allclose(frequencies[order], np.array([-d - j, -d + j, d - j, d + j]) / 2, atol=1e-9)
    np.testing.assert_allclose(2 * np.abs(amplitudes[order]), [1 - j / d, 1 + j / d, 1 + j / d, 1 - j / d], atol=1e-8)


@pytest.mark.parametrize("te_s", [0.0125, 0.05, 0.1, 0.15])
def test_two_weakly_coupled_spins_under_press(te_s: float) -> None:
    """In phase cos(pi J TE), antiphase sin(pi J TE): each line of a doublet turns by +-pi J TE, to 1e-3 at J / dv."""
    j, offsets = 10.0, np.array([-20e3, 20e3])
    sequence = pulse_sequence("press", te_s, 0.0)
    assert signal(offsets, pair(j), sequence)[0] == pytest.approx(2 * np.cos(np.pi * j * te_s), abs=2e-3)
    actions = pulse_actions(sequence, ())
    frequencies, amplitudes = transitions(offsets, pair(j), sequence, actions)
    amplitudes = amplitudes * receiver_phase(sequence, actions)
    strong = np.abs(amplitudes) > 0.1
    sides = np.sign(frequencies[strong] - np.where(frequencies[strong] > 0, 20e3, -20e3))
    np.testing.assert_allclose(amplitudes[strong], 0.5 * np.exp(1j * np.pi * j * te_s * sides), atol=2e-3)


@pytest.mark.parametrize(("te_s", "tm_s"), [(0.011, 0.032), (0.02, 0.0), (0.1, 0.5)])
def test_a_stimulated_echo_keeps_half_of_a_singlet(te_s: float, tm_s: float) -> None:
    fid = signal(np.array([37.0]), np.zeros((1, 1)), pulse_sequence("steam", te_s, tm_s), points=3)
    np.testing.assert_allclose(fid, 0.5 * np.exp(2j * np.pi * 37.0 * np.arange(3) * 1e-3), atol=1e-12)


@pytest.mark.parametrize("name", ["press", "slaser"])
def test_a_spin_echo_keeps_all_of_a_singlet(name: str) -> None:
    fid = signal(np.array([-150.0]), np.zeros((1, 1)), pulse_sequence(name, 0.035, 0.0), points=3)
    np.testing.assert_allclose(fid, np.exp(-2j * np.pi * 150.0 * np.arange(3) * 1e-3), atol=1e-12)


@pytest.mark.parametrize("tm_s", [0.0, 0.00731, 0.010, 0.01234])
def test_zero_quantum_coherence_evolves_in_tm(tm_s: float) -> None:
    """Product operators of an AX pair under STEAM, t = TE / 2, d = 2 pi (vA - vX):
    S = cos^2(pi J t) - 1/2 sin^2(pi J t) cos(d TM) (1 - cos(d t)). The second term is what the ZQ coherence brings."""
    j, te_s, shift = 10.0, 0.04003, 20e3
    t, d = te_s / 2, 2 * np.pi * shift
    expected = np.cos(np.pi * j * t) ** 2
    expected -= 0.5 * np.sin(np.pi * j * t) ** 2 * np.cos(d * tm_s) * (1 - np.cos(d * t))
    found = signal(np.array([-shift / 2, shift / 2]), pair(j), pulse_sequence("steam", te_s, tm_s))[0]
    assert found == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("tm_s", [0.0, 0.010, 0.032])
def test_steam_by_isochromats(tm_s: float) -> None:
    expected = brute_force.steam(brute_force.System(ASP_HZ, ASP_J), 0.02, tm_s, 2.5e-4, 40)
    found = signal(ASP_HZ, ASP_J, pulse_sequence("steam", 0.02, tm_s), 40, 2.5e-4)
    turn = found[0] / expected[0]  # the phase of the receiver is free
    assert abs(turn) == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(found, turn * expected, atol=1e-9)
    # and that phase is the one that makes a singlet real and positive
    lone = brute_force.steam(brute_force.System(np.zeros(1), np.zeros((1, 1))), 0.02, tm_s, 2.5e-4, 1)
    assert turn * lone[0] == pytest.approx(0.5, abs=1e-9)


def test_press_by_matrix_exponentials() -> None:
    expected = brute_force.press(brute_force.System(ASP_HZ, ASP_J), 0.035, 2.5e-4, 40)
    found = signal(ASP_HZ, ASP_J, pulse_sequence("press", 0.035, 0.0), 40, 2.5e-4)
    turn = found[0] / expected[0]
    assert abs(turn) == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(found, turn * expected, atol=1e-9)


def test_intervals_matter_under_strong_coupling_only() -> None:
    even, uneven = (0.01, 0.02, 0.01), (0.003, 0.02, 0.017)
    fids = [signal(ASP_HZ, ASP_J, pulse_sequence("press", 0.04, 0.0, one), 50) for one in (even, uneven)]
    assert np.abs(fids[0] - fids[1]).max() > 0.01
    far = np.array([-20e3, 20e3])
    fids = [signal(far, pair(8.0), pulse_sequence("press", 0.04, 0.0, one), 50) for one in (even, uneven)]
    np.testing.assert_allclose(fids[0], fids[1], atol=2e-3)


def test_an_unobserved_partner_splits_and_is_refocused() -> None:
    """31P: a doublet J apart that begins in phase whatever TE; 14N: three lines of equal height."""
    sequence = pulse_sequence("press", 0.08, 0.0)
    actions = pulse_actions(sequence, ())
    for nucleus, places in (("31P", [-3.0, 3.0]), ("14N", [-6.0, 0.0, 6.0])):
        part = SpinPart(nuclei=("1H", nucleus), shifts_ppm=np.array([4.65, 0.0]), j_hz=pair(6.0), scale=3.0)
        frequencies, amplitudes = part_lines(part, 123.2, 4.65, sequence, actions)
        order = np.argsort(frequencies)
        np.testing.assert_allclose(frequencies[order], places, atol=1e-9)
        expected = 3.0 / len(places)
        np.testing.assert_allclose(amplitudes * receiver_phase(sequence, actions), expected, atol=1e-9)


def test_higher_ppm_is_lower_frequency() -> None:
    (system,) = proton_systems(
        SpinPart(nuclei=("1H",), shifts_ppm=np.array([2.0]), j_hz=np.zeros((1, 1))), mhz=300.0, receiver_ppm=4.65
    )
    assert system.offsets_hz[0] == pytest.approx(795.0)


def test_uncoupled_spins_are_apart() -> None:
    j_hz = np.zeros((5, 5))
    j_hz[0, 3] = j_hz[3, 0] = 7.0
    j_hz[4, 3] = j_hz[3, 4] = 2.0
    assert coupled_groups(j_hz) == [[0, 3, 4], [1], [2]]


def test_orders_and_rotations() -> None:
    np.testing.assert_array_equal(spin_z(2), [[0.5, -0.5, 0.5, -0.5], [0.5, 0.5, -0.5, -0.5]])
    assert coherence_order(2)[0, 3] == 2 and coherence_order(2)[1, 2] == 0 and coherence_order(2)[3, 1] == -1
    first, second = np.array([[1, 2], [3, 4]]), np.array([[5, 6], [7, 8]])
    np.testing.assert_array_equal(product_rotation(np.array([first, second])).real, np.kron(second, first))


def test_eigenstates_solve_the_whole_matrix() -> None:
    found = diagonalise(ASP_HZ, ASP_J)
    whole = brute_force.System(ASP_HZ, ASP_J).hamiltonian
    np.testing.assert_allclose(np.sort(found.energies_hz), np.linalg.eigvalsh(whole), atol=1e-9)
    np.testing.assert_allclose(found.vectors @ found.vectors.T, np.eye(8), atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(
    shifts=st.lists(st.floats(-600, 600), min_size=3, max_size=3),
    couplings=st.lists(st.floats(-18, 18), min_size=3, max_size=3),
    order=st.permutations(range(3)),
    move=st.floats(-400, 400),
    te_s=st.floats(0.001, 0.2),
)
def test_names_of_spins_and_the_receiver_do_not_matter(
    shifts: list[float], couplings: list[float], order: list[int], move: float, te_s: float
) -> None:
    j_hz = np.zeros((3, 3))
    j_hz[np.triu_indices(3, 1)] = couplings
    j_hz += j_hz.T
    for sequence in (pulse_sequence("steam", te_s, 0.01), pulse_sequence("slaser", te_s, 0.0)):
        plain = signal(np.array(shifts), j_hz, sequence, 20)
        renamed = signal(np.array(shifts)[order], j_hz[np.ix_(order, order)], sequence, 20)
        np.testing.assert_allclose(renamed, plain, atol=1e-7)
        moved = signal(np.array(shifts) + move, j_hz, sequence, 20)
        np.testing.assert_allclose(moved, plain * np.exp(2j * np.pi * move * np.arange(20) * 1e-3), atol=1e-7)
