"""Settling is not enough: noise, a shift out of reach and unexplained signal are told, with the reason."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.fit.fit import LARGEST_SHIFT_PPM, fit_from, fit_spectrum
from pharmrs.spectra.fit.line_shape import full_width_hz
from pharmrs.spectra.fit.verdict import EXPLAINED_NOISE
from pharmrs.spectra.records import Acquisition, FitSettings, Spectrum
from pharmrs.spectra.records.basis_protocol import BasisProtocol
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


@pytest.mark.parametrize("phase", [0.0, 2.0])
def test_lipids_are_told_and_their_lines_under_naa_are_not_naa(phase: float) -> None:
    """Lipids as triglycerides have them (1.28, 2.04 and 2.25 ppm, areas 1 : 0.10 : 0.05), 20 % of the peak of NAA, in a
    phase of their own: a note says where, and NAA is that of the same spectrum without them to 2 %."""
    time_s = ACQUISITION.time_axis_s(2048)
    clean = fit_spectrum(spectrum(), BASIS)
    decay = np.exp(-((np.pi * 0.14 * 297.2 * time_s) ** 2) / (4.0 * np.log(2.0)))
    places = ((1.28, 1.0), (2.04, 0.10), (2.25, 0.05))
    lipids = sum(area * decay * np.exp(2j * np.pi * (4.65 - ppm) * 297.2 * time_s) for ppm, area in places)
    peak = np.abs(np.fft.fft(10.0 * BASIS.fids[BASIS.names.index("NAA"), :2048] * np.exp(-15.0 * time_s))).max()
    lipids = 0.2 * peak / np.abs(np.fft.fft(np.asarray(lipids))).max() * np.asarray(lipids)
    fit = fit_spectrum(spectrum(extra=np.exp(1j * phase) * lipids), BASIS)
    assert len(fit.unexplained) == 1
    assert fit.unexplained[0].startswith(
        "lipids, or macromolecules unlike those of the basis set, stand out at 1.3 ppm"
    )
    naa = [dict(zip(one.names, one.amplitudes, strict=True))["NAA"] for one in (fit, clean)]
    assert naa[0] == pytest.approx(naa[1], rel=0.02)


def test_the_free_form_does_not_restore_a_narrow_peak_on_a_pedestal() -> None:
    """3 T, macromolecules as LCModel expects them and narrower than the fit has them. A Voigt profile broader than the
    lines describes a part of them, if the free form may add to it: NAA rose by 30 % (SD 5 %) instead of 12."""
    protocol = BasisProtocol(
        sequence="press", echo_time_s=0.030, spectrometer_frequency_mhz=127.7, bandwidth_hz=2000.0, points=2048
    )
    basis = simulated_basis(protocol, ("NAA", "Cr", "GPC", "Ins", "Glu"))
    time_s = np.arange(1024) * 5e-4
    line = np.exp(-np.pi * 3.5 * time_s - (np.pi * 3.0 * time_s) ** 2 / (4.0 * np.log(2.0)))
    clean = np.array([12.0, 8.0, 1.6, 6.0, 9.0]) @ basis.fids[:5, :1024] * line
    lines = ((0.91, 24.0, 3.0), (1.21, 25.0, 0.6), (1.43, 28.0, 1.5), (1.67, 25.0, 0.75), (1.95, 25.0, 0.5),
             (2.08, 25.0, 2.0), (2.25, 32.0, 0.5), (3.0, 32.0, 0.6), (3.22, 22.0, 0.8), (3.68, 45.0, 1.1))  # fmt: skip
    for ppm, width, area in lines:
        decay = (np.pi * width * time_s) ** 2 / (4.0 * np.log(2.0))
        clean = clean + 6.0 * area * np.exp(2j * np.pi * (4.65 - ppm) * 127.7 * time_s - decay)
    sd = np.abs(np.fft.fft(clean)).max() / (2.0 * 40.0 * np.sqrt(1024.0))
    rng = np.random.default_rng(1)
    fid = clean + sd * (rng.standard_normal(1024) + 1j * rng.standard_normal(1024))
    acquisition = replace(ACQUISITION, spectrometer_frequency_mhz=127.7, dwell_time_s=5e-4, echo_time_s=0.030)
    ended = fit_from(
        Spectrum(fid=fid, acquisition=acquisition, affine=np.eye(4), source="3 T"), basis, FitSettings(), None
    )
    model, theta = ended.outcome.problem.model, ended.outcome.optimum.state.theta
    assert theta[model.layout.sizes[0]] >= -0.05
    voigt = full_width_hz(model.skewed_voigt(theta)[: model.band.count], model.band.time_s[: model.band.count])
    assert ended.fit.line_width_hz > 0.85 * voigt  # 0.70 without the bound
    assert ended.fit.amplitudes[0] < 1.2 * 12.0
    assert ended.fit.unexplained  # what is left of it is told


def test_a_shift_at_the_edge_of_the_search_is_not_believed() -> None:
    time_s = ACQUISITION.time_axis_s(2048)
    good = spectrum()
    turned = good.fid * np.exp(2j * np.pi * 0.995 * LARGEST_SHIFT_PPM * 297.2 * time_s)
    fit = fit_spectrum(replace(good, fid=turned), BASIS)
    assert not fit.converged
    assert "edge of the searched range" in fit.message
