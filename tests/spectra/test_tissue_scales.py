"""Scales that use the tissues of the voxel: hand arithmetic, limits, and error by brute force."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.quantify.quantify import Context, QuantificationSettings, concentrations
from pharmrs.spectra.quantify.relaxation import published_times
from pharmrs.spectra.quantify.tissue_correction import ALL, TISSUE_ONLY, tissue_factor
from pharmrs.spectra.records import Acquisition, Concentration, TissueFractions
from pharmrs.spectra.records.scaling import Relaxation, TissueRatio, TissueWaterTimes
from tests.spectra.simulated import made_up_fit, made_up_water

# no relaxation to speak of, unless a test asks for it: then all is density
_NONE = TissueWaterTimes(t1_s=(1e-6,) * 3, t2_s=(1e9,) * 3, source="none")
ACQUISITION = Acquisition(spectrometer_frequency_mhz=123.2, dwell_time_s=5e-4, echo_time_s=0.03, repetition_time_s=2.0)
TISSUE = TissueFractions(
    gray_matter=0.5,
    white_matter=0.3,
    csf=0.2,
    gray_matter_sd=0.03,
    white_matter_sd=0.025,
    csf_sd=0.02,
    source="hand",
)
CONTEXT = Context(
    fit=made_up_fit(("Cr", "GABA"), [8.0, 2.0], np.diag([1e-12, 1e-12])),
    acquisition=ACQUISITION,
    water_acquisition=None,
    water=made_up_water(4000.0, 0.0),
    proton_amplitude=1.0,
    settings=QuantificationSettings(
        relaxation=Relaxation(t1_metabolite_s=1e-6, t2_metabolite_s=1e9, t1_water_s=1.0, t2_water_s=1.0, source="none"),
        tissue_water=_NONE,
        tissue=TISSUE,
        alpha={"GABA": TissueRatio(value=0.5, sd=0.1, source="10.1002/jmri.24903")},
        group_tissue=(0.6, 0.3),
    ),
)
RATIO = 8.0 / 2000.0  # one proton of Cr over one of water


def quantified(settings: QuantificationSettings = CONTEXT.settings) -> dict[tuple[str, str], Concentration]:
    context = replace(CONTEXT, settings=settings)
    return {(c.metabolite, c.scale): c for c in concentrations(context, metabolite_amplitudes(context.fit))}


def test_molal_by_hand() -> None:
    """Water 0.5 * 0.78 + 0.3 * 0.65 + 0.2 * 0.97 = 0.779, of which 0.585 in tissue."""
    found = quantified()["Cr", "tissue_molal"]
    assert (found.value, found.unit) == (pytest.approx(RATIO * 55510 * 0.779 / 0.585), "mmol/kg")


def test_molar_by_hand() -> None:
    """The same water, 55.51 mol/kg of 0.9933 kg/L, over 0.8 of the volume."""
    found = quantified()["Cr", "tissue_molar"]
    assert (found.value, found.unit) == (pytest.approx(RATIO * 55510 * 0.9933 * 0.779 / 0.8), "mmol/L")


def test_molal_with_relaxation_by_hand() -> None:
    """Spin echo, TE 30 ms, TR 2 s, at 3 T; metabolites T1 1.4 s, T2 0.18 s; every tissue's water with its own times."""
    t1, t2, density = (1.5, 0.97, 4.47), (0.088, 0.073, 2.03), (0.78, 0.65, 0.97)
    left = [math.exp(-0.03 / b) * (1 - math.exp(-2 / a)) for a, b in zip(t1, t2, strict=True)]
    water = sum(f * d * r for f, d, r in zip((0.5, 0.3, 0.2), density, left, strict=True))
    metabolite = math.exp(-0.03 / 0.18) * (1 - math.exp(-2 / 1.4))
    relaxation = Relaxation(t1_metabolite_s=1.4, t2_metabolite_s=0.18, t1_water_s=1.0, t2_water_s=1.0, source="hand")
    found = quantified(replace(CONTEXT.settings, relaxation=relaxation, tissue_water=None))["Cr", "tissue_molal"]
    assert found.value == pytest.approx(RATIO * 55510 * water / 0.585 / metabolite)


def test_published_times_belong_to_the_field() -> None:
    at_3t = published_times(ACQUISITION)
    at_7t = published_times(replace(ACQUISITION, spectrometer_frequency_mhz=297.2))
    assert at_3t is not None
    assert at_7t is not None
    # T1 grows and T2 falls with the field; 2.89 T is a 3 T scanner; nothing is invented for 1.5 or 9.4 T
    assert all(low < high for low, high in zip(at_3t.t1_s[:2], at_7t.t1_s[:2], strict=True))
    assert all(low > high for low, high in zip(at_3t.t2_s, at_7t.t2_s, strict=True))
    for mhz in (63.9, 400.2):
        assert published_times(replace(ACQUISITION, spectrometer_frequency_mhz=mhz)) is None
    found = concentrations(
        replace(
            CONTEXT,
            acquisition=replace(ACQUISITION, spectrometer_frequency_mhz=400.2),
            settings=replace(CONTEXT.settings, tissue_water=None),
        ),
        metabolite_amplitudes(CONTEXT.fit),
    )
    reasons = {one.scale: one.reason for one in found if one.metabolite == "GABA"}
    assert "quantification.tissue_water" in reasons["tissue_molal"]
    assert reasons["gm_wm_normalised"] == ""


def test_alpha_by_hand() -> None:
    """GABA, alpha 0.5: per litre of grey matter, water over 0.5 + 0.5 * 0.3; mean voxel 0.6 and 0.3: 0.75 / 0.9."""
    raw = 2.0 / 2000.0 * 55510 * 0.9933 * 0.779
    corrected, normalised = (quantified()["GABA", scale] for scale in ("alpha_corrected", "alpha_normalised"))
    assert corrected.value == pytest.approx(raw / 0.65)
    assert normalised.value == pytest.approx(raw / 0.65 * 0.75 / 0.9)
    assert normalised.sd / normalised.value == pytest.approx(corrected.sd / corrected.value)
    missing = quantified()["Cr", "alpha_corrected"]
    assert math.isnan(missing.value)
    assert "quantification.alpha" in missing.reason


def test_alpha_one_is_per_litre_of_tissue_and_alpha_zero_per_litre_of_grey_matter() -> None:
    for alpha, expected in ((1.0, 0.8), (0.0, 0.5)):
        ratio = {"GABA": TissueRatio(value=alpha, sd=0.0, source="")}
        found = quantified(replace(CONTEXT.settings, alpha=ratio))["GABA", "alpha_corrected"]
        assert found.value == pytest.approx(2.0 / 2000.0 * 55510 * 0.9933 * 0.779 / expected)


def test_covariance_has_the_sds_and_no_error_of_the_sum() -> None:
    """Var CSF = var GM + var WM + 2 cov: cov(GM, WM) = (4e-4 - 9e-4 - 6.25e-4) / 2."""
    covariance = TISSUE.covariance
    assert np.sqrt(np.diag(covariance)) == pytest.approx([0.03, 0.025, 0.02])
    assert covariance[0, 1] == pytest.approx((4e-4 - 9e-4 - 6.25e-4) / 2)
    assert covariance.sum(axis=0) == pytest.approx(np.zeros(3), abs=1e-18)


@pytest.mark.parametrize(
    ("over", "under"), [(ALL, TISSUE_ONLY), (np.array([0.78, 0.65, 0.97]), np.array([0.78, 0.65, 0.0]))]
)
def test_error_of_a_factor_by_brute_force(over: np.ndarray, under: np.ndarray) -> None:
    """Fractions drawn from their covariance, scaled down to where the ratio is linear; 2e5 draws: SD to 0.2 %."""
    small = replace(TISSUE, gray_matter_sd=0.003, white_matter_sd=0.0025, csf_sd=0.002)
    draws = np.random.default_rng(3).multivariate_normal(small.values, small.covariance, 200_000)
    expected = np.std(draws @ over / (draws @ under))
    factor, relative = tissue_factor(small, over, under)
    assert factor * relative == pytest.approx(expected, rel=0.01)


def test_error_of_alpha_adds() -> None:
    """Alpha 0.5 +- 0.1: 0.1 * 0.3 / 0.65 of relative SD beside that of the fractions."""
    exact = {"GABA": TissueRatio(value=0.5, sd=0.0, source="")}
    without = quantified(replace(CONTEXT.settings, alpha=exact))["GABA", "alpha_corrected"]
    found = quantified()["GABA", "alpha_corrected"]
    assert found.sd == pytest.approx(math.hypot(without.sd, found.value * 0.03 / 0.65))


def test_a_scan_without_tissue_says_why_and_keeps_its_other_scales() -> None:
    found = quantified(replace(CONTEXT.settings, tissue=None, tissue_missing="no T1w image"))
    for scale in ("gm_wm_normalised", "tissue_molal", "tissue_molar"):
        assert found["Cr", scale].reason == "no tissue fractions (no T1w image)"
    assert found["Cr", "institutional"].value == pytest.approx(RATIO)


def test_a_common_error_of_fluid_moves_corrected_scales_alone() -> None:
    """0.05 more fluid, 0.05 less grey matter, by slopes: per grey and white matter 1 / 0.8 of it; molal
    0.19 / 0.779 + 0.78 / 0.585. The SD of the scan stays; ratios have none."""
    found = quantified(replace(CONTEXT.settings, tissue=replace(TISSUE, csf_common_sd=0.05)))
    expected = {"gm_wm_normalised": 1 / 0.8, "tissue_molal": 0.19 / 0.779 + 0.78 / 0.585, "ratio_tcr": 0.0}
    for scale, slope in expected.items():
        one = found["Cr", scale]
        assert one.common_sd == pytest.approx(0.05 * slope * one.value, rel=1e-3, abs=1e-12)
        assert one.sd == quantified()["Cr", scale].sd
    assert all(one.common_sd == 0.0 for one in quantified().values())
