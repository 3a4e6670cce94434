"""Built-in macromolecules and lipids: lines where they should be, groups, recovery of known amounts, bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.basis.broad_components import (
    LIPIDS,
    MACROMOLECULES,
    T2_S,
    BroadLine,
    broad_signal,
    is_broad,
    macromolecule_lines,
    widened,
    with_broad,
)
from pharmrs.spectra.basis.other_macromolecules import with_other_account
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.fit.fit_setup import make_model
from pharmrs.spectra.fit.line_shape import full_width_hz
from pharmrs.spectra.fit.macromolecules import COARSE_EDGES_PPM, split_groups
from pharmrs.spectra.preprocess.band import make_band
from pharmrs.spectra.records import BasisSet, FitSettings, LinearCombinationFit
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from tests.spectra.first_order import macromolecule_fid, multiplet_basis
from tests.spectra.simulated import ACQUISITION, AMOUNTS, MHZ, POINTS, brain, noise, noise_sd_for, spectrum
from tests.spectra.spin_groups import MACROMOLECULES as OTHER_TABLE
from tests.spectra.spin_groups import BroadPeak

TIME_S = ACQUISITION.time_axis_s(POINTS)
FINE = 16 * POINTS
LIPID_LINES = {f"{name} {line.ppm}": line for name, lines in LIPIDS.items() for line in lines}
ALL_LINES = MACROMOLECULES | LIPID_LINES


@pytest.fixture(scope="module")
def metabolites() -> BasisSet:
    """A basis set without any broad component."""
    return multiplet_basis(ACQUISITION, POINTS, macromolecules=False)


def amplitudes(fit: LinearCombinationFit) -> dict[str, float]:
    return dict(zip(fit.names, fit.amplitudes.tolist(), strict=True))


# ---- the signals


@pytest.mark.parametrize("name", ALL_LINES)
def test_each_line_is_at_its_ppm_with_its_width_and_area(metabolites: BasisSet, name: str) -> None:
    line = ALL_LINES[name]
    signal = broad_signal((line,), metabolites)
    peak = ACQUISITION.ppm_axis(FINE)[int(np.argmax(np.fft.fft(signal, FINE).real))]
    assert peak == pytest.approx(line.ppm, abs=0.5 * 6000.0 / FINE / MHZ)  # half a bin
    stated_hz = line.width if line.unit == "Hz" else line.width * MHZ
    assert full_width_hz(np.asarray(np.abs(signal), dtype=complex), TIME_S) == pytest.approx(stated_hz, rel=1e-3)
    assert signal[0] == pytest.approx(line.protons)


def test_shares_change_with_long_echoes_at_3_t_alone() -> None:
    """M2.04 over M0.92 by hand: 5.06/3 up to 35 ms, then times exp(t/26.6 - t/14.3), t in ms beyond 35."""
    for te_s, share in ((0.0, 1.6867), (0.035, 1.6867), (0.068, 0.5803), (0.135, 0.06648)):
        areas = {line.ppm: line.protons for line in macromolecule_lines(127.7, te_s)}
        assert areas[0.92] == pytest.approx(3.0)
        assert areas[2.04] / areas[0.92] == pytest.approx(share, rel=2e-3)
    for mhz, te_s in ((297.2, 0.068), (127.7, float("nan"))):
        assert macromolecule_lines(mhz, te_s) == tuple(MACROMOLECULES.values())


@pytest.mark.parametrize("mhz", [63.9, 127.7, 297.2])
@pytest.mark.parametrize("te_s", [0.011, 0.030, 0.135])
def test_macromolecules_and_lipids_are_broad_at_every_field(mhz: float, te_s: float) -> None:
    """Fitted as such: with line shape and shift of their own, in groups. At 1.5 T only their names tell."""
    protocol = BasisProtocol(
        sequence="press", echo_time_s=te_s, spectrometer_frequency_mhz=mhz, bandwidth_hz=4000.0, points=2048
    )
    basis = with_broad(simulated_basis(protocol, ("NAA", "Cr"), macromolecules=False), ("mm", "lipids"))
    band = make_band(replace(ACQUISITION, spectrometer_frequency_mhz=mhz, dwell_time_s=2.5e-4), 2048, 0.2, 4.0)
    model, names, _, _ = make_model(basis, band, FitSettings())
    assert dict(zip(names, model.broad, strict=True)) == {
        "NAA": False, "Cr": False, "mm": True, "Lip09": True, "Lip13": True, "Lip20": True
    }  # fmt: skip
    alone = is_broad(basis.fids, np.arange(2048) * 2.5e-4)
    assert alone[:3].tolist() == [False, False, True]


def test_added_and_simulated_macromolecules_are_the_same_lines() -> None:
    """PRESS of 68 ms at 3 T: `mm` of `simulated_basis`, and `mm` added to the same metabolites without it."""
    protocol = BasisProtocol(
        sequence="press", echo_time_s=0.068, spectrometer_frequency_mhz=127.7, bandwidth_hz=2000.0, points=1024
    )
    whole = simulated_basis(protocol, ("NAA", "Cr"))
    added = with_broad(simulated_basis(protocol, ("NAA", "Cr"), macromolecules=False), ("mm",))
    assert whole.names == added.names
    ratio = whole.fids[-1] / added.fids[-1]
    np.testing.assert_allclose(ratio[:100], np.exp(-0.068 / 0.027), rtol=1e-9)


def test_the_names_are_the_positions() -> None:
    assert {name: f"M{line.ppm:.2f}" for name, line in MACROMOLECULES.items()} == {n: n for n in MACROMOLECULES}
    assert all(line.doi.startswith("10.") for line in ALL_LINES.values())


def test_the_component_is_the_sum_of_its_lines_made_elsewhere(metabolites: BasisSet) -> None:
    peaks = [BroadPeak(line.ppm, line.width / MHZ, line.protons) for line in MACROMOLECULES.values()]
    made = with_broad(metabolites, ("mm",))
    np.testing.assert_allclose(made.fids[-1], macromolecule_fid(ACQUISITION, POINTS, peaks), atol=1e-9)


def test_its_groups_add_up_to_it(metabolites: BasisSet) -> None:
    fid = with_broad(metabolites, ("mm",)).fids[-1]
    groups = split_groups(fid, metabolites.ppm_axis(), COARSE_EDGES_PPM)
    assert groups.shape == (6, POINTS)
    np.testing.assert_allclose(groups.sum(axis=0), fid, atol=1e-9 * np.abs(fid).max())
    # protons of M0.92 | M1.21, M1.39 | M1.67 | M2.04 to M2.56 | M2.70 to M3.21 | the rest, as far as the lines overlap
    np.testing.assert_allclose(groups[:, 0].real, [3.0, 4.17, 2.37, 9.96, 4.45, 4.66], rtol=0.05)


def test_a_line_outside_the_band_is_left_out_not_folded_in(metabolites: BasisSet) -> None:
    """Half the band is 3000 Hz: a line 15 ppm from the receiver would appear at the other side."""
    far = BroadLine(4.65 - 15.0, 30.0, "Hz", 1.0, "10.0/none")
    assert not broad_signal((far,), metabolites).any()


def test_units_are_those_of_the_basis(metabolites: BasisSet) -> None:
    loud = replace(metabolites, fids=1e4 * metabolites.fids, proton_amplitude=1e4)
    plain, scaled = (with_broad(one, ("mm", "lipids")) for one in (metabolites, loud))
    np.testing.assert_allclose(scaled.fids, 1e4 * plain.fids)
    assert plain.names == (*metabolites.names, "mm", "Lip09", "Lip13", "Lip20")
    assert plain.proton_amplitude == 1.0
    assert len(plain.notes) == len(metabolites.notes) + 4
    unknown = with_broad(replace(loud, proton_amplitude=np.nan), ("lipids",))
    median = np.median(np.abs(loud.fids[:, 0]))
    np.testing.assert_allclose(unknown.fids[-3:, 0].real, median * np.array([3.0, 2.0, 2.87]))


def test_nothing_to_add_changes_nothing(basis: BasisSet) -> None:
    assert with_broad(basis, ()) is basis


def test_broad_is_what_has_decayed(metabolites: BasisSet) -> None:
    made = with_broad(metabolites, ("mm", "lipids"))
    assert is_broad(made.fids, TIME_S).tolist() == [False] * len(metabolites.names) + [True] * 4


# ---- the fit

SKULL = AMOUNTS | {"mm": 1.5, "Lip09": 2.0, "Lip13": 6.0, "Lip20": 2.0}


def test_known_macromolecules_and_lipids_are_recovered(metabolites: BasisSet) -> None:
    """Mean of 8 spectra of S/N 60; SD of one Glu about 1.5 %, so 0.5 % of the mean. Without the broad components the
    baseline has to follow them and NAA is off (measured: 8 %)."""
    made = with_broad(metabolites, ("mm", "lipids"))
    broad = np.array([name == "mm" or name.startswith("Lip") for name in made.names])
    amounts = np.array([SKULL.get(name, 0.0) for name in made.names])
    clean = brain(metabolites, AMOUNTS) + (amounts * broad) @ made.fids
    rng = np.random.default_rng(7)
    sd = noise_sd_for(clean, 60.0)
    data = [spectrum(clean + noise(rng, POINTS, sd)) for _ in range(8)]
    with_them = [amplitudes(fit_spectrum(one, metabolites, FitSettings(add=("mm", "lipids")))) for one in data]
    without = [amplitudes(fit_spectrum(one, metabolites)) for one in data]
    mean = {name: float(np.mean([fit[name] for fit in with_them])) for name in with_them[0]}
    assert mean["Glu"] == pytest.approx(AMOUNTS["Glu"], rel=0.02)
    assert mean["NAA"] == pytest.approx(AMOUNTS["NAA"], rel=0.02)
    assert mean["mm"] == pytest.approx(SKULL["mm"], rel=0.15)
    assert mean["Lip13"] == pytest.approx(SKULL["Lip13"], rel=0.1)
    assert abs(np.mean([fit["NAA"] for fit in without]) / AMOUNTS["NAA"] - 1.0) > 0.05


def test_macromolecules_of_another_table_are_met_half_way(basis: BasisSet) -> None:
    """The data hold nine other lines (other widths, other ratios). Six spectra of S/N 40: without macromolecules Glu
    and NAA are 6.7 and 5.0 % too high; with the built-in ones in their place less than half of that is left.
    """
    assert len(OTHER_TABLE) != len(MACROMOLECULES)
    clean = brain(basis, AMOUNTS)
    sd = noise_sd_for(clean, 40.0)
    data = [spectrum(clean + noise(np.random.default_rng(seed), POINTS, sd)) for seed in range(6)]
    bias = {}
    for key, chosen in (("none", FitSettings(omit=("mm",))), ("built-in", FitSettings(omit=("mm",), add=("mm",)))):
        fits = [amplitudes(fit_spectrum(one, basis, chosen)) for one in data]
        bias[key] = np.array([np.mean([fit[name] for fit in fits]) / AMOUNTS[name] - 1.0 for name in ("Glu", "NAA")])
    assert (bias["none"] > 0.04).all()
    assert (np.abs(bias["built-in"]) < 0.5 * bias["none"]).all()


def test_added_macromolecules_get_room_for_position_and_width_and_the_result_says_so(basis: BasisSet) -> None:
    """0.02 ppm at 297.2 MHz are 6 Hz. Measured macromolecules, and lipids beside them, keep the narrow priors."""
    data = spectrum(brain(basis, AMOUNTS))
    built_in = fit_spectrum(data, basis, FitSettings(omit=("mm",), add=("mm",))).settings
    assert (built_in.broad_shift_sd_hz, built_in.broad_damping_sd_hz) == (6.0, 8.0)
    plain = FitSettings(add=("lipids",))
    assert fit_spectrum(data, basis, plain).settings == plain
    generous = FitSettings(add=("mm",), broad_shift_sd_hz=20.0, broad_damping_sd_hz=30.0)
    assert widened(generous, MHZ) == generous


def test_macromolecules_elsewhere_are_followed(metabolites: BasisSet) -> None:
    """Built-in macromolecules 9 Hz (0.03 ppm) off, as between published tables, S/N 60: Glu stays within 2 %."""
    own = with_broad(metabolites, ("mm",)).fids[-1] * np.exp(2j * np.pi * 9.0 * TIME_S)
    clean = brain(metabolites, AMOUNTS) + AMOUNTS["mm"] * own
    sd = noise_sd_for(clean, 60.0)
    data = [spectrum(clean + noise(np.random.default_rng(seed), POINTS, sd)) for seed in range(8)]
    fits = [fit_spectrum(one, metabolites, FitSettings(add=("mm",))) for one in data]
    assert np.mean([fit.shifts_hz[fit.names.index("mm")] for fit in fits]) == pytest.approx(9.0, abs=1.5)
    assert np.mean([amplitudes(fit)["Glu"] for fit in fits]) == pytest.approx(AMOUNTS["Glu"], rel=0.02)


# ---- bad input


def problem(basis: BasisSet, add: tuple[str, ...]) -> tuple[str, str, str]:
    with pytest.raises(InputError) as caught:
        with_broad(basis, add)
    (one,) = caught.value.problems
    assert (one.file, one.field) == (basis.source, "fit.add")
    return one.rule, one.value, one.remedy


def test_unknown_additions_are_named(metabolites: BasisSet) -> None:
    assert problem(metabolites, ("mm", "fat", "MM")) == (
        "names built-in components",
        "fat, MM",
        "choose from mm, lipids",
    )


@pytest.mark.parametrize("name", ["mm", "MM20", "Mac", "Lip13a"])
def test_macromolecules_by_name_are_not_added_twice(metabolites: BasisSet, name: str) -> None:
    """The signal itself is a narrow one: the name suffices."""
    named = replace(metabolites, names=(*metabolites.names[:-1], name))
    rule, value, remedy = problem(named, ("mm",))
    assert "without such components" in rule
    assert value == name
    assert f"--omit: {name}" in remedy


def test_macromolecules_by_decay_are_not_added_twice(basis: BasisSet) -> None:
    named = replace(basis, names=tuple("background" if name == "mm" else name for name in basis.names))
    assert problem(named, ("mm",))[1] == "background"


def test_lipids_beside_measured_macromolecules_but_not_beside_lipids(basis: BasisSet) -> None:
    made = with_broad(basis, ("lipids",))
    assert made.names[-4:] == ("mm", "Lip09", "Lip13", "Lip20")
    assert problem(made, ("lipids",))[1] == "Lip09, Lip13, Lip20"


def test_omitted_macromolecules_can_be_replaced(basis: BasisSet) -> None:
    """The fit leaves out first, then adds; otherwise the same settings are an error."""
    data = spectrum(brain(basis, AMOUNTS))
    with pytest.raises(InputError, match=r"fit\.add"):
        fit_spectrum(data, basis, FitSettings(add=("mm",)))
    fit = fit_spectrum(data, basis, FitSettings(omit=("mm",), add=("mm", "mm")))
    assert fit.names.count("mm") == 1


# ---- the other account


MANUAL = {  # areas over that of MM09: expected ratio times the area of the group over 3 protons
    "M0.92": 1.0,
    "M1.21": 0.3 * 2.0 / 3.0,
    "M1.39": 0.75 * 2.0 / 3.0,
    "M1.67": 0.375 * 2.0 / 3.0,
    "M2.04": 1.5 * (1.33 + 0.33) / 3.0,
    "M2.26": 1.5 * 0.33 / 3.0,
    "M2.99": 1.5 * 0.40 / 3.0,
}


@pytest.mark.parametrize(("te_s", "longer_s"), [(0.03, 0.0), (0.08, 0.045)])
def test_the_other_account_has_the_areas_of_the_lcmodel_manual(te_s: float, longer_s: float) -> None:
    protocol = BasisProtocol(
        sequence="press", echo_time_s=te_s, spectrometer_frequency_mhz=127.7, bandwidth_hz=2000.0, points=2048
    )
    basis = simulated_basis(protocol, ("NAA",))
    other = with_other_account(basis)
    assert other is not None

    def left(areas: dict[str, float]) -> float:
        return sum(area * np.exp(longer_s / T2_S["M0.92"] - longer_s / T2_S[name]) for name, area in areas.items())

    expected = left(MANUAL) / left({name: line.protons / 3.0 for name, line in MACROMOLECULES.items()})
    assert abs(other.fids[1][0] / basis.fids[1][0]) == pytest.approx(expected, rel=0.02)


def test_measured_macromolecules_have_no_other_account(metabolites: BasisSet) -> None:
    assert with_other_account(metabolites) is None
    measured = broad_signal((BroadLine(1.3, 60.0, "Hz", 3.0, ""), BroadLine(2.1, 60.0, "Hz", 3.0, "")), metabolites)
    basis = replace(metabolites, names=(*metabolites.names, "mm"), fids=np.vstack([metabolites.fids, measured]))
    assert with_other_account(basis) is None
