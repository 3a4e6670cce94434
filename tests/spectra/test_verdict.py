"""Settling is not enough: noise, a shift out of reach and unexplained signal are told, with the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.spectra.fit.fit import LARGEST_SHIFT_PPM, fit_spectrum
from pharmrs.spectra.fit.verdict import EXPLAINED_NOISE
from pharmrs.spectra.records import Acquisition, Spectrum
from tests.spectra.first_order import multiplet_basis

ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=297.2, dwell_time_s=1 / 6000, echo_time_s=0.011, repetition_time_s=5.0
)
BASIS = multiplet_basis(ACQUISITION, 4096)
AMOUNTS = {"NAA": 10.0, "Cr": 4.0, "PCr": 4.0, "Glu": 9.0, "Ins": 6.0, "GPC": 1.2, "mm": 1.0}


def spectrum(noise_sd: float = 0.5, extra: object = 0.0, amount: float = 1.0) -> Spectrum:
    time_s = ACQUISITION.time_axis_s(2048)
    clean = sum(AMOUNTS[name] * BASIS.fids[BASIS.names.index(name), :2048] for name in AMOUNTS)
    rng = np.random.default_rng(3)
    noise = noise_sd * (rng.standard_normal(2048) + 1j * rng.standard_normal(2048))
    fid = amount * (np.asarray(clean) * np.exp(-15.0 * time_s) + extra) + noise
    return Spectrum(fid=fid, acquisition=ACQUISITION, affine=np.eye(4), source="simulated")


def test_a_good_spectrum_converges_without_a_remark() -> None:
    fit = fit_spectrum(spectrum(), BASIS)
    assert (fit.converged, fit.message, fit.notes) == (True, "settled", ())


def test_noise_alone_does_not_converge_and_says_why() -> None:
    fit = fit_spectrum(spectrum(amount=0.0), BASIS)
    assert not fit.converged
    assert "no component stands out of the noise" in fit.message


@pytest.mark.parametrize("ppm", [1.19, 2.85])
def test_a_line_that_no_component_has_is_left_out_with_a_note(ppm: float) -> None:
    time_s = ACQUISITION.time_axis_s(2048)
    line = 12.0 * np.exp((-2j * np.pi * (ppm - 4.65) * 297.2 - 20.0) * time_s)
    fit = fit_spectrum(spectrum(extra=line), BASIS)
    assert len(fit.gaps_ppm) == 1
    assert fit.gaps_ppm[0][0] < ppm < fit.gaps_ppm[0][1]
    where = f"{fit.gaps_ppm[0][0]:.2f}-{fit.gaps_ppm[0][1]:.2f} ppm"
    assert fit.notes == (f"the residual at {where} is signal that nothing in the fit describes: left out of it",)


def test_signal_all_over_the_window_is_a_note() -> None:
    """Eleven lines of 25 Hz, a quarter of a ppm apart: too much to do without."""
    time_s = ACQUISITION.time_axis_s(2048)
    comb = sum(np.exp((2j * np.pi * (4.65 - ppm) * 297.2 - 80.0) * time_s) for ppm in np.arange(1.0, 3.6, 0.25))
    fit = fit_spectrum(spectrum(extra=12.0 * np.asarray(comb)), BASIS)
    assert len(fit.notes) >= 1
    assert "times the noise" in fit.notes[-1]
    assert float(fit.notes[-1].split()[3]) > EXPLAINED_NOISE


def test_a_shift_at_the_edge_of_the_search_is_not_believed() -> None:
    time_s = ACQUISITION.time_axis_s(2048)
    good = spectrum()
    turned = good.fid * np.exp(2j * np.pi * 0.995 * LARGEST_SHIFT_PPM * 297.2 * time_s)
    fit = fit_spectrum(replace(good, fid=turned), BASIS)
    assert not fit.converged
    assert "edge of the searched range" in fit.message
