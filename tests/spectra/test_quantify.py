"""Every scale by hand arithmetic, what is missing and why, and known concentrations through the whole chain."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pharmrs.simulate.raw_scan import simulate_scan
from pharmrs.simulate.scan_records import SimulatedScanner
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.preprocess.preprocess import PreprocessingSettings, Recordings, preprocess
from pharmrs.spectra.quantify.quantify import Context, QuantificationSettings, concentrations
from pharmrs.spectra.quantify.relaxation import signal_fraction
from pharmrs.spectra.quantify.water import water_amplitude
from pharmrs.spectra.records import Acquisition, Concentration, TissueFractions
from pharmrs.spectra.records.scaling import SCALES, Relaxation, TissueRatio
from tests.spectra.first_order import multiplet_basis
from tests.spectra.simulated import ACQUISITION, AMOUNTS, made_up_fit, made_up_water

NAMES = ("Cr", "PCr", "Glu")
AMPLITUDES = [4.0, 6.0, 12.0]
COVARIANCE = np.array([[0.04, -0.03, 0.0], [-0.03, 0.09, 0.02], [0.0, 0.02, 0.16]])
FIT = made_up_fit(NAMES, AMPLITUDES, COVARIANCE)
WATER = made_up_water(5000.0, 50.0)
RELAXATION = Relaxation(
    t1_metabolite_s=1.5, t2_metabolite_s=0.11, t1_water_s=2.0, t2_water_s=0.05, source="round numbers"
)
TISSUE = TissueFractions(
    gray_matter=0.6,
    white_matter=0.2,
    csf=0.2,
    gray_matter_sd=0.03,
    white_matter_sd=0.025,
    csf_sd=0.02,
    source="hand",
)
CONTEXT = Context(
    fit=FIT,
    acquisition=ACQUISITION,
    water_acquisition=replace(ACQUISITION, repetition_time_s=10.0),
    water=WATER,
    proton_amplitude=0.5,
    settings=QuantificationSettings(
        water_concentration_mm=40000.0,
        water_attenuation=0.7,
        relaxation=RELAXATION,
        tissue=TISSUE,
        alpha=dict.fromkeys((*NAMES, "tCr", "Glx"), TissueRatio(value=0.8, sd=0.05, source="hand")),
        group_tissue=(0.55, 0.25),
    ),
)


def quantified(context: Context = CONTEXT) -> dict[tuple[str, str], Concentration]:
    found = concentrations(context, metabolite_amplitudes(context.fit))
    return {(c.metabolite, c.scale): c for c in found}


def test_every_metabolite_on_every_scale() -> None:
    found = quantified()
    assert set(found) == {(m, s) for m in ("Cr", "PCr", "Glu", "tCr", "Glx") for s in SCALES}
    assert all(c.unit == SCALES[c.scale].unit for c in found.values())
    assert all((c.reason == "") == math.isfinite(c.value) for c in found.values())


def test_ratio_to_creatine_by_hand() -> None:
    """12 / 10; gradient (-0.12, -0.12, 0.1): variance 0.0144 (0.04 + 0.09 - 0.06) - 2 * 0.012 * 0.02 + 0.01 * 0.16."""
    ratio = quantified()["Glu", "ratio_tcr"]
    assert (ratio.value, ratio.unit) == (pytest.approx(1.2), "1")
    assert ratio.sd == pytest.approx(math.sqrt(0.0144 * 0.07 - 0.00048 + 0.0016))


def test_ratio_of_creatine_to_itself_is_one_without_error() -> None:
    ratio = quantified()["tCr", "ratio_tcr"]
    assert (ratio.value, ratio.sd) == (1.0, pytest.approx(0.0, abs=1e-9))


def test_sd_of_the_ratio_by_brute_force() -> None:
    """Amplitudes drawn from their covariance, scaled down to where the ratio is linear; 2e5 draws: SD to 0.2 %."""
    fit = replace(FIT, covariance=1e-4 * COVARIANCE)
    draws = np.random.default_rng(1).multivariate_normal(AMPLITUDES, 1e-4 * COVARIANCE, 200_000)
    expected = np.std(draws[:, 2] / (draws[:, 0] + draws[:, 1]))
    assert quantified(replace(CONTEXT, fit=fit))["Glu", "ratio_tcr"].sd == pytest.approx(expected, rel=0.01)


def test_institutional_units_by_hand() -> None:
    """12 in units of the basis, one proton starts at 0.5, water's two protons at 5000: 12 * 0.5 / (5000 / 2)."""
    found = quantified()["Glu", "institutional"]
    assert (found.value, found.unit) == (pytest.approx(2.4e-3), "1")
    # relative SD: 0.4 / 12 of the fit and 1 % of the water
    assert found.sd == pytest.approx(2.4e-3 * math.hypot(0.4 / 12.0, 0.01))


def test_lcmodel_scale_by_hand() -> None:
    """WCONC 40000 * ATTH2O 0.7 times 2.4e-3."""
    found = quantified()["Glu", "lcmodel_water"]
    assert (found.value, found.unit) == (pytest.approx(67.2), "mmol/L")
    assert found.sd == pytest.approx(67.2 * math.hypot(0.4 / 12.0, 0.01))


def test_lcmodel_constants_are_the_defaults() -> None:
    found = quantified(replace(CONTEXT, settings=QuantificationSettings()))["Glu", "lcmodel_water"]
    assert found.value == pytest.approx(2.4e-3 * 35880.0 * 0.7)


def test_relaxation_scale_by_hand() -> None:
    """STEAM, TE 20 ms, TM 10 ms: recovery TR - 20 ms; metabolites TR 5 s, the reference TR 10 s."""
    metabolite = math.exp(-0.02 / 0.11 - 0.01 / 1.5) * (1.0 - math.exp(-4.98 / 1.5))
    water = math.exp(-0.02 / 0.05 - 0.01 / 2.0) * (1.0 - math.exp(-9.98 / 2.0))
    found = quantified()["Glu", "water_relaxation"]
    assert found.value == pytest.approx(2.4e-3 * 40000.0 * water / metabolite)
    assert found.sd / found.value == pytest.approx(math.hypot(0.4 / 12.0, 0.01))


def test_relaxation_scale_of_a_reference_with_the_metabolites_own_timing() -> None:
    own = quantified(replace(CONTEXT, water_acquisition=None))["Glu", "water_relaxation"].value
    same = quantified(replace(CONTEXT, water_acquisition=ACQUISITION))["Glu", "water_relaxation"].value
    assert own == same != quantified()["Glu", "water_relaxation"].value


def test_tissue_scale_by_hand() -> None:
    """67.2 / (0.6 + 0.2); GM + WM is 1 - CSF, so its SD is that of CSF: 0.02 / 0.8 of relative SD."""
    found = quantified()["Glu", "gm_wm_normalised"]
    assert found.value == pytest.approx(84.0)
    assert found.sd == pytest.approx(84.0 * math.sqrt((0.4 / 12) ** 2 + 0.01**2 + (0.02 / 0.8) ** 2))


def test_sums_are_quantified_with_their_own_sd() -> None:
    found = quantified()["tCr", "institutional"]
    assert found.value == pytest.approx(2e-3)
    assert found.sd == pytest.approx(2e-3 * math.hypot(math.sqrt(0.07) / 10.0, 0.01))


ALPHA_SCALES = ("alpha_corrected", "alpha_normalised")
TISSUE_WATER_SCALES = ("tissue_molal", "tissue_molar", *ALPHA_SCALES)
TISSUE_SCALES = ("gm_wm_normalised", *TISSUE_WATER_SCALES)
WATER_SCALES = ("institutional", "lcmodel_water", "water_relaxation", *TISSUE_SCALES)


@pytest.mark.parametrize(
    ("changes", "scales", "reason"),
    [
        ({"water": None, "water_acquisition": None}, WATER_SCALES, "no water reference"),
        ({"water": None}, WATER_SCALES, "water reference"),
        ({"proton_amplitude": float("nan")}, WATER_SCALES, "amplitude of one proton"),
        (
            {"settings": replace(CONTEXT.settings, relaxation=None)},
            ("water_relaxation", *TISSUE_WATER_SCALES),
            "quantification.relaxation",
        ),
        ({"settings": replace(CONTEXT.settings, tissue=None)}, TISSUE_SCALES, "quantification.tissue"),
        ({"settings": replace(CONTEXT.settings, alpha={})}, ALPHA_SCALES, "quantification.alpha"),
        ({"settings": replace(CONTEXT.settings, group_tissue=None)}, ("alpha_normalised",), "mean voxel"),
        (
            {"settings": replace(CONTEXT.settings, tissue=replace(TISSUE, gray_matter=0.0, white_matter=0.0))},
            TISSUE_SCALES,
            "no grey or white matter",
        ),
        ({"fit": made_up_fit(NAMES, [0.0, 0.0, 12.0], COVARIANCE)}, ("ratio_tcr",), "tCr is zero"),
        ({"fit": made_up_fit(("Glc", "NAA", "Glu"), AMPLITUDES, COVARIANCE)}, ("ratio_tcr",), "tCr is zero or not in"),
    ],
)
def test_what_is_missing_has_a_reason_and_the_other_scales_stand(
    changes: dict[str, object], scales: tuple[str, ...], reason: str
) -> None:
    found = quantified(replace(CONTEXT, **changes))
    for scale in SCALES:
        entry = found["Glu", scale]
        if scale in scales:
            assert math.isnan(entry.value)
            assert math.isnan(entry.sd)
            assert reason in entry.reason
        else:
            assert math.isfinite(entry.value)
            assert entry.reason == ""


def test_signal_fraction_without_a_mixing_time() -> None:
    echo = replace(ACQUISITION, mixing_time_s=None, echo_time_s=0.135, repetition_time_s=2.0)
    expected = math.exp(-0.135 / 0.2) * (1.0 - math.exp(-2.0 / 1.3))
    assert signal_fraction(echo, 1.3, 0.2) == pytest.approx(expected)


CHAIN = {
    "STEAM TE 11": replace(ACQUISITION, echo_time_s=0.011),
    "STEAM TE 20": replace(ACQUISITION, echo_time_s=0.020),
    "STEAM TE 35": replace(ACQUISITION, echo_time_s=0.035, mixing_time_s=0.032, repetition_time_s=2.5),
    "spin echo TE 35": replace(ACQUISITION, echo_time_s=0.035, mixing_time_s=None, repetition_time_s=2.0),
    "spin echo TE 135": replace(ACQUISITION, echo_time_s=0.135, mixing_time_s=None, repetition_time_s=1.5),
}


@pytest.mark.parametrize("acquisition", CHAIN.values(), ids=CHAIN.keys())
def test_known_concentrations_come_back_within_one_percent(acquisition: Acquisition) -> None:
    """Raw coils and transients with drift, jitter, eddy currents, residual water and relaxation, S/N 10 000.

    With the relaxation times and the water concentration the scan was made with, every metabolite, tCr, tNAA, tCho and
    Glx are within 1 %. Macromolecules trade signal with the baseline (their SD is 3 %) and are left out.
    """
    basis = multiplet_basis(acquisition, 4096)
    simulated = simulate_scan(
        basis, AMOUNTS, acquisition, np.random.default_rng(21), settings=SimulatedScanner(signal_to_noise=1e4)
    )
    recordings = Recordings(
        metabolite=simulated.metabolite,
        quantification=simulated.quantification,
        eddy_current=simulated.eddy_current,
        coil_combination=simulated.eddy_current,
    )
    prepared = preprocess(recordings, PreprocessingSettings())
    assert prepared.water is not None
    fit = fit_spectrum(prepared.spectrum, basis)
    times = simulated.truth.relaxation
    settings = QuantificationSettings(
        water_concentration_mm=simulated.truth.water_concentration_mm,
        relaxation=Relaxation(
            t1_metabolite_s=times.t1_metabolite_s,
            t2_metabolite_s=times.t2_metabolite_s,
            t1_water_s=times.t1_water_s,
            t2_water_s=times.t2_water_s,
            source="truth",
        ),
    )
    context = Context(
        fit=fit,
        acquisition=prepared.spectrum.acquisition,
        water_acquisition=prepared.water.acquisition,
        water=water_amplitude(prepared.water),
        proton_amplitude=basis.proton_amplitude,
        settings=settings,
    )
    expected = {name: amount for name, amount in AMOUNTS.items() if name != "mm"}
    expected |= {"tCr": 8.0, "tNAA": 12.3, "tCho": 1.5, "Glx": 12.2}
    found = {name: quantified(context)[name, "water_relaxation"].value for name in expected}
    assert found == pytest.approx(expected, rel=0.01)
