"""MEGA-PRESS of three vendors through `pharmrs import`: the conditions are told by the data, whoever stored them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.preprocess.preprocess import PreprocessingSettings, Recordings, preprocess
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.together.edited import expected_conditions
from tests.spectra.philips_files import write_pair
from tests.spectra.twix_files import Twix, write_twix
from tests.spectra.vendor_files import write_ge
from tests.study.e2e import pharmrs

MHZ, POINTS, PAIRS, NOISE = 127.76, 1024, 4, 0.5
AMOUNTS = {"NAA": 10.0, "Cr": 8.0, "Glu": 9.0, "GABA": 2.5, "GPC": 1.6}


def _signals(width_hz: float) -> NDArray[np.complex128]:
    """OFF and ON of a made brain, (points, 2)."""
    protocol = BasisProtocol(
        sequence="megapress", echo_time_s=0.068, spectrometer_frequency_mhz=MHZ, bandwidth_hz=width_hz, points=POINTS
    )
    basis = simulated_basis(protocol, list(AMOUNTS), macromolecules=False)
    amounts, time_s = np.array(list(AMOUNTS.values())), np.arange(POINTS) / width_hz
    fids = [(amounts @ one.fids) * np.exp(-np.pi * 4.0 * time_s) for one in (basis, *basis.edited)]
    return np.stack(fids, axis=1)


def _transients(width_hz: float, order: list[int], coils: int = 1) -> NDArray[np.complex128]:
    rng = np.random.default_rng(len(order) + coils)
    signals = _signals(width_hz)[:, None, order] * np.exp(1j * np.arange(coils))[None, :, None]
    return np.asarray(signals + NOISE * (rng.normal(size=signals.shape) + 1j * rng.normal(size=signals.shape)))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Siemens takes turns, ON first; Philips stores OFF, then ON; GE two conditions that its reader tells apart."""
    folder = tmp_path_factory.mktemp("mega")
    turns, blocks = [1, 0] * PAIRS, [0] * PAIRS + [1] * PAIRS
    told = Twix(sequence="svs_edit", dwell_ns=500_000, echo_time_us=68_000, repetition_time_us=2_000_000,
                frequency_hz=MHZ * 1e6)  # fmt: skip
    write_twix(folder / "siemens.dat", _transients(2000.0, turns, 2), told)
    write_pair(folder, "philips", _transients(2000.0, blocks)[:, 0, :])
    spar = folder / "philips.SPAR"
    spar.write_text(spar.read_text().replace("echo_time : 30", "echo_time : 68"))
    count = 2 * PAIRS
    water = np.ones((POINTS, 2, 8), dtype=complex)
    write_ge(
        folder / "P2.7", _transients(5000.0, [0, 1] * PAIRS, 2), water, rhi_psdname=b"gaba", rhi_te=68_000,
        rhs_se_desc=b"mega press gaba", rhr_rh_nechoes=1, rhr_rh_navs=2, rhr_rh_nframes=count + 8,
        rhr_rh_da_xres=POINTS, rhr_rh_da_yres=count + 9, rhr_rh_user4=2.0 * count, rhr_rh_user19=8.0, rhi_user19=1.0,
        rhi_user24=0.0, rhr_rh_ps_mps_freq=round(MHZ * 1e7),
    )  # fmt: skip
    head = "file\tformat\tsubject\tsuffix\tpart\tsecond_file\n"
    rows = ["siemens.dat\ttwix\t01\tsvs\t\t", "philips.SDAT\tphilips\t02\tsvs\t\tphilips.SPAR",
            "P2.7\tge\t03\tsvs\t(plain)\t"]  # fmt: skip
    (folder / "map.tsv").write_text(head + "\n".join(rows) + "\n")
    end = pharmrs("import", folder / "map.tsv", "--out", folder / "dataset")
    assert end.code == 0, end.err
    return folder / "dataset"


@pytest.mark.parametrize(
    ("subject", "width_hz", "order"),
    [("01", 2000.0, "taking turns"), ("02", 2000.0, "one after the other"), ("03", 5000.0, "as DIM_EDIT says")],
)
def test_off_and_on_come_out(subject: str, width_hz: float, order: str, dataset: Path) -> None:
    fids = read_fids(dataset / f"sub-{subject}" / "mrs" / f"sub-{subject}_svs.nii.gz")
    assert fids.acquisition.echo_time_s == pytest.approx(0.068)
    protocol = BasisProtocol(
        sequence="megapress", echo_time_s=0.068, spectrometer_frequency_mhz=MHZ, bandwidth_hz=width_hz, points=POINTS
    )
    basis = simulated_basis(protocol, list(AMOUNTS), macromolecules=False)
    expected = expected_conditions(basis, fids.acquisition, fids.points)
    settings = PreprocessingSettings(remove_residual_water=False)
    found = preprocess(Recordings(metabolite=fids), settings, expected)
    assert found.editing_order.startswith(order)
    off, on = (np.abs(np.fft.fft(one.fid)) for one in (found.spectrum, *found.edited))
    ppm = fids.acquisition.ppm_axis(fids.points)
    naa, cr = (np.abs(ppm - place) < 0.06 for place in (2.01, 3.03))
    assert off[naa].max() > 4.0 * on[naa].max()  # the pulse at 1.9 ppm crushes it
    assert on[cr].max() == pytest.approx(off[cr].max(), rel=0.15)
    truth = np.abs(np.fft.fft(_signals(width_hz)[:, 0]))
    if fids.coils == 1:
        assert off[naa].max() == pytest.approx(truth[naa].max(), rel=0.1)
