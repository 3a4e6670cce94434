"""Hand-checkable facts of first-order multiplets."""

import numpy as np
import pytest

from pharmrs.records import Acquisition
from pharmrs.simulate.multiplets import MACROMOLECULE_NAME, macromolecule_fid, multiplet_basis, split
from pharmrs.simulate.spin_groups import MACROMOLECULES, METABOLITES, SpinGroup

POINTS = 8192


def acquisition(mhz: float = 297.2) -> Acquisition:
    return Acquisition(spectrometer_frequency_mhz=mhz, dwell_time_s=1 / 6000, echo_time_s=0.02, repetition_time_s=5.0)


# non-exchanging protons inside the module's scope, counted by hand from the structural formulas
PROTONS = {"NAA": 6, "Cr": 5, "PCr": 5, "Glu": 5, "Gln": 5, "Ins": 6, "GABA": 6, "Tau": 4, "Lac": 4, "Asp": 3}
PROTONS |= {"Scyllo": 6, "Gly": 2, "GPC": 18, "PCho": 13, "GSH": 10}


def test_initial_amplitude_is_the_proton_count() -> None:
    basis = multiplet_basis(acquisition(), 256)
    for name, count in PROTONS.items():
        assert basis.fids[basis.names.index(name), 0] == pytest.approx(count), name
    assert basis.proton_amplitude == 1.0


def test_integral_of_a_line_is_its_proton_count() -> None:
    basis = multiplet_basis(acquisition(), POINTS, ["NAA"], macromolecules=False)
    fid = basis.fids[0].copy()
    fid[0] *= 0.5  # trapezoid: otherwise the discrete transform adds half the first sample to every bin
    ppm = np.asarray(basis.ppm_axis())
    near = np.abs(ppm - 2.008) < 0.3
    # the sum over all bins of the real part is points * fid[0]; tails of a 1 Hz line outside +-89 Hz hold 0.4 %, the
    # aspartyl lines' tails add less than that
    assert np.fft.fft(fid)[near].real.sum() / POINTS == pytest.approx(3 * 0.5, rel=0.02)


@pytest.mark.parametrize("mhz", [123.2, 297.2, 400.1])
@pytest.mark.parametrize(("name", "ppm"), [("Scyllo", 3.34), ("Gly", 3.548)])
def test_singlets_stay_at_their_ppm_at_any_field(mhz: float, name: str, ppm: float) -> None:
    basis = multiplet_basis(acquisition(mhz), POINTS, [name], macromolecules=False)
    peak = np.asarray(basis.ppm_axis())[np.argmax(np.abs(np.fft.fft(basis.fids[0])))]
    assert peak == pytest.approx(ppm, abs=6000 / POINTS / mhz)


def test_higher_ppm_is_lower_frequency() -> None:
    basis = multiplet_basis(acquisition(), POINTS, ["Scyllo"], macromolecules=False)
    turn_hz = np.angle(basis.fids[0, 1] / basis.fids[0, 0]) * 6000 / (2 * np.pi)
    assert turn_hz == pytest.approx((4.65 - 3.34) * 297.2)


def test_splitting_of_lactate_by_hand() -> None:
    doublet, quartet = METABOLITES["Lac"]
    offsets, areas = split(doublet)
    np.testing.assert_allclose(offsets, [-3.4665, 3.4665])
    np.testing.assert_allclose(areas, [1.5, 1.5])
    offsets, areas = split(quartet)
    np.testing.assert_allclose(offsets, np.array([-1.5, -0.5, 0.5, 1.5]) * 6.933)
    np.testing.assert_allclose(areas, np.array([1, 3, 3, 1]) / 8)


def test_splitting_keeps_area_and_centre() -> None:
    offsets, areas = split(SpinGroup(2.0, 2, ((7.0, 2), (3.0, 1), (15.0, 1))))
    assert offsets.size == 12
    assert areas.sum() == pytest.approx(2.0)
    assert offsets @ areas == pytest.approx(0.0, abs=1e-12)


def test_macromolecules_have_their_area_and_positions() -> None:
    fid = macromolecule_fid(acquisition(), POINTS)
    assert fid[0] == pytest.approx(sum(peak.protons for peak in MACROMOLECULES))
    ppm = acquisition().ppm_axis(POINTS)
    window = np.abs(ppm - 0.92) < 0.1
    highest = ppm[window][np.argmax(np.fft.fft(fid)[window].real)]
    assert highest == pytest.approx(0.92, abs=0.01)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="Glukose"):
        multiplet_basis(acquisition(), 64, ["NAA", "Glukose"])


def test_names_and_macromolecules() -> None:
    assert multiplet_basis(acquisition(), 64).names == (*METABOLITES, MACROMOLECULE_NAME)
    assert multiplet_basis(acquisition(), 64, ["Cr"], macromolecules=False).names == ("Cr",)
