"""The LCModel basis writer against the package's own reader."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pharmrs.spectra.basis.basis_set import protocol_of, simulated_basis
from pharmrs.spectra.basis.write_basis import write_lcmodel_basis
from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.records import Acquisition

ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=297.2, dwell_time_s=1 / 6000, echo_time_s=0.02, repetition_time_s=5.0
)


def test_round_trip(tmp_path: Path) -> None:
    basis = simulated_basis(protocol_of(ACQUISITION, 4096, "press"))
    path = tmp_path / "demo.basis"
    write_lcmodel_basis(path, basis)
    back = read_basis(path)
    assert back.names == basis.names
    # nine digits are written of spectra whose largest value is some 2000 times the largest sample
    np.testing.assert_allclose(back.fids, basis.fids, atol=1e-6)
    assert back.dwell_time_s == pytest.approx(basis.dwell_time_s, rel=1e-11)
    assert back.spectrometer_frequency_mhz == pytest.approx(297.2)
    assert back.receiver_ppm == pytest.approx(4.65)
    assert back.echo_time_s == pytest.approx(0.02)
    # the reader estimates it from singlets that stand on the tails of other lines
    assert back.proton_amplitude == pytest.approx(1.0, abs=0.02)


def test_what_the_format_cannot_hold_is_refused(tmp_path: Path) -> None:
    basis = simulated_basis(protocol_of(ACQUISITION, 64, "press"), ["Cr"], macromolecules=False)
    with pytest.raises(ValueError, match=r"4\.65 ppm"):
        write_lcmodel_basis(tmp_path / "a.basis", replace(basis, receiver_ppm=4.7))
    with pytest.raises(ValueError, match="quotes"):
        write_lcmodel_basis(tmp_path / "a.basis", replace(basis, names=("Cr'",)))
