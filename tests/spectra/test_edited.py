"""Edited scans: conditions proven by the data, pairs, alignment, and a fit against a truth that it does not share."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.read.declarations import checked
from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.basis.proposal import acquisition_label, proposed_protocol
from pharmrs.spectra.basis.write_basis import write_lcmodel_basis
from pharmrs.spectra.checks.finding import Fitted
from pharmrs.spectra.checks.of_recordings import EDITED_CHECKS, RECORDING_CHECKS
from pharmrs.spectra.checks.of_results import FIT_CHECKS
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.preprocess.preprocess import PreprocessingSettings, Recordings, preprocess
from pharmrs.spectra.quantify.editing import choline_artefact, gaussian_gaba
from pharmrs.spectra.read.basis import condition_file, read_basis
from pharmrs.spectra.read.nifti_mrs import read_fids, write_fids
from pharmrs.spectra.records import Acquisition, BasisSet, Fids, ScanResult, Spectrum
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.declared_basis import StudyBasis
from pharmrs.spectra.records.edited import EditedFigures, EditedScan
from pharmrs.spectra.records.editing import Editing
from pharmrs.spectra.records.fit import FitSettings
from pharmrs.spectra.report.checklist import checklist
from pharmrs.spectra.together.edited import FittedEdited, contrasts, expected_conditions, fit_edited
from tests.study import report_factory

MHZ, DWELL_S, POINTS, PAIRS = 127.7, 5e-4, 1024, 8
ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=MHZ, dwell_time_s=DWELL_S, echo_time_s=0.068, repetition_time_s=2.0, sequence="megapress"
)
TIME_S = np.arange(POINTS) * DWELL_S
TRUTH = {"NAA": 10.0, "Cr": 8.0, "GPC": 1.6, "Glu": 9.0, "Gln": 2.5, "Ins": 6.0, "GABA": 1.4, "GSH": 1.3}


@lru_cache(maxsize=1)
def _basis() -> BasisSet:
    protocol = BasisProtocol(
        sequence="megapress", echo_time_s=0.068, spectrometer_frequency_mhz=MHZ, bandwidth_hz=2000, points=2 * POINTS
    )
    return simulated_basis(protocol, list(TRUTH), macromolecules=False)


@lru_cache(maxsize=1)
def _conditions() -> tuple[np.ndarray, np.ndarray, float]:
    """OFF and ON with lines of a width of their own and a macromolecule of 1.2 mM GABA, and what that is in protons."""
    basis = _basis()
    amounts = np.array([TRUTH[name] for name in basis.names])
    shape = np.exp(-np.pi * 2.0 * TIME_S - (np.pi * 5.0 * TIME_S) ** 2 / (4 * np.log(2)))
    off, on = ((amounts @ one.fids[:, :POINTS]) * shape for one in (basis, basis.edited[0]))
    row = basis.names.index("GABA")
    ppm = basis.ppm_axis()
    edited = np.fft.fft(basis.edited[0].fids[row] - basis.fids[row]).real[(ppm > 2.8) & (ppm < 3.2)]
    protons = 2.0 * float(edited.sum()) / basis.points
    broad = np.exp(2j * np.pi * (4.65 - 3.0) * MHZ * TIME_S - (np.pi * 20.0 * TIME_S) ** 2 / (4 * np.log(2)))
    return off, on + 1.2 * protons * broad, protons


def _order(name: str) -> np.ndarray:
    index = np.arange(2 * PAIRS)
    return {"turns": index % 2, "twos": index // 2 % 2, "blocks": index // PAIRS, "on first": 1 - index % 2}[name]


def _fids(order: np.ndarray, noise: float = 1.0, seed: int = 0) -> Fids:
    rng = np.random.default_rng(seed)
    signals = np.stack([_conditions()[on] for on in order], axis=1)
    count = order.size
    hz, phase = np.linspace(-3, 3, count) + rng.normal(0, 0.3, count), 0.7 + rng.normal(0, 0.05, count)
    signals = signals * np.exp(2j * np.pi * TIME_S[:, None] * hz + 1j * phase)
    data = signals + noise * (rng.normal(size=signals.shape) + 1j * rng.normal(size=signals.shape))
    return Fids(data=data[:, None, :], acquisition=ACQUISITION, affine=np.diag([30.0, 30, 30, 1]), source="made MEGA")


def _expected() -> np.ndarray:
    return expected_conditions(_basis(), ACQUISITION, POINTS)


@pytest.mark.parametrize("order", ["turns", "twos", "blocks", "on first"])
def test_conditions_are_told_by_the_data(order: str) -> None:
    found = preprocess(Recordings(metabolite=_fids(_order(order))), PreprocessingSettings(), _expected())
    at_naa = np.abs(ACQUISITION.ppm_axis(POINTS) - 2.01) < 0.05
    off, on = (np.abs(np.fft.fft(one.fid))[at_naa].max() for one in (found.spectrum, *found.edited))
    assert off > 4.0 * on  # the pulse at 1.9 ppm crushes it
    # the made brain has twice the Cr for its NAA that a typical one has
    assert 0.6 < found.steps[1].numbers["likeness of the differences"] < 1.2


def test_dim_edit_is_read_written_and_believed(tmp_path: Path) -> None:
    fids = replace(_fids(_order("on first")), conditions=(0, 1) * PAIRS)
    write_fids(tmp_path / "mega_svs.nii.gz", fids)
    back = read_fids(tmp_path / "mega_svs.nii.gz")
    assert back.conditions == (0, 1) * PAIRS
    np.testing.assert_allclose(back.data, fids.data)
    found = preprocess(Recordings(metabolite=back), PreprocessingSettings(), _expected())
    assert "DIM_EDIT" in found.steps[1].summary
    assert "OFF is number 2" in found.steps[1].summary


def test_what_is_not_edited_like_that_is_refused() -> None:
    plain = _fids(np.zeros(2 * PAIRS, dtype=int))
    with pytest.raises(InputError, match="conditions must differ as the editing pulses"):
        preprocess(Recordings(metabolite=plain), PreprocessingSettings(), _expected())
    single = replace(plain, data=plain.data[:, :, :1])
    with pytest.raises(InputError, match="2 conditions"):
        preprocess(Recordings(metabolite=single), PreprocessingSettings(), _expected())


def test_a_bad_transient_takes_its_partner_along() -> None:
    fids = _fids(_order("turns"), noise=0.3)
    data = fids.data.copy()
    data[:, :, 5] = 0.3 * data[:, :, 5] * np.exp(-60 * TIME_S)[:, None]
    found = preprocess(Recordings(metabolite=replace(fids, data=data)), PreprocessingSettings(), _expected())
    assert found.rejected_transients == (4, 5)


def test_without_a_basis_set_of_conditions_edited_data_are_refused() -> None:
    edited = replace(_fids(_order("turns")), acquisition=replace(ACQUISITION, sequence=""), conditions=(0, 1) * PAIRS)
    found = [one for check in RECORDING_CHECKS for one in check.look(Recordings(metabolite=edited))]
    assert any(one.field == "DIM_EDIT" and one.severity == "error" and "megapress" in one.remedy for one in found)
    assert not [
        one for check in EDITED_CHECKS for one in check.look(Recordings(metabolite=edited)) if "edited" in one.rule
    ]


@lru_cache(maxsize=4)
def _fitted(coedited: str) -> FittedEdited:
    rng = np.random.default_rng(3)
    spectra = [
        Spectrum(
            fid=fid + 0.4 * (rng.normal(size=POINTS) + 1j * rng.normal(size=POINTS)),
            acquisition=ACQUISITION,
            affine=np.eye(4),
            source="made",
        )
        for fid in _conditions()[:2]
    ]
    return fit_edited(spectra, _basis(), FitSettings(stability=False, coedited=coedited))  # type: ignore[arg-type]


@pytest.mark.parametrize("coedited", ["1to1GABAsoft", "fixedGauss", "freeGauss"])
def test_gaba_plus_is_gaba_with_what_comes_along(coedited: str) -> None:
    found = _fitted(coedited)
    rows = {row.metabolite: row for row in metabolite_amplitudes(found.fit)}
    assert rows["GABA+"].parts == ("GABA", "MM3co")
    assert abs(rows["GABA+"].amplitude - 2.6) < max(3.0 * rows["GABA+"].sd, 0.13)
    assert abs(rows["Cr"].amplitude - 8.0) < max(3.0 * rows["Cr"].sd, 0.16)
    assert found.crushed == pytest.approx(1.0, abs=0.05)


def test_a_tied_macromolecule_is_as_large_as_it_is_told() -> None:
    fit = _fitted("1to1GABA").fit
    named = dict(zip(fit.names, fit.amplitudes, strict=True))
    assert named["MM3co"] == pytest.approx(named["GABA"], rel=1e-9)
    gaba, mm = fit.names.index("GABA"), fit.names.index("MM3co")
    assert fit.covariance[gaba, mm] == pytest.approx(fit.covariance[gaba, gaba], rel=1e-9)


def test_the_simple_gaussian_is_a_second_opinion() -> None:
    """It sees all of the peak at 3.0 ppm; on data without artefacts it must agree within a quarter."""
    found = _fitted("1to1GABAsoft")
    value, sd = gaussian_gaba(found.differences[0])
    assert value == pytest.approx(2.6, rel=0.25)
    assert 0.0 < sd < 0.5
    assert choline_artefact(found.fit, found.differences[0]) < 4.0


def test_without_what_comes_along_there_is_no_gaba_plus() -> None:
    found = _fitted("none")
    assert "MM3co" not in found.fit.names
    assert "GABA+" not in {row.metabolite for row in metabolite_amplitudes(found.fit)}


def test_contrasts_of_two_and_of_four_conditions() -> None:
    plain, (difference,) = contrasts(2)
    np.testing.assert_array_equal(plain, [1, 0])
    np.testing.assert_array_equal(difference, [-1, 1])
    mean, (first, second) = contrasts(4)
    np.testing.assert_array_equal(mean, [0.25] * 4)
    np.testing.assert_array_equal(first, [-0.5, 0.5, -0.5, 0.5])
    np.testing.assert_array_equal(second, [-0.5, -0.5, 0.5, 0.5])


def test_conditions_lie_beside_the_basis_set(tmp_path: Path) -> None:
    place, basis = tmp_path / "mega.basis", _basis()
    write_lcmodel_basis(place, basis)
    write_lcmodel_basis(condition_file(place, 1), basis.edited[0])
    back = read_basis(place)
    assert back.edited_ppm == (1.9,)
    np.testing.assert_allclose(back.edited[0].fids, basis.edited[0].fids, atol=1e-6 * np.abs(basis.fids).max())
    write_lcmodel_basis(condition_file(place, 1), replace(basis.edited[0], names=("X", *basis.names[1:])))
    with pytest.raises(InputError, match="components and the clock of OFF"):
        read_basis(place)


@pytest.mark.parametrize(("on", "name"), [(4.56, "GSH"), (4.1, "Lac")])
def test_the_band_of_a_basis_set_of_ones_own_is_told_by_its_signals(on: float, name: str, tmp_path: Path) -> None:
    protocol = BasisProtocol(
        sequence="megapress", echo_time_s=0.08, spectrometer_frequency_mhz=MHZ, bandwidth_hz=2000, points=POINTS,
        editing=Editing(on_ppm=(on,)),
    )  # fmt: skip
    basis = simulated_basis(protocol, ["GSH", "Lac", "NAA", "Cr"], macromolecules=False)
    place = tmp_path / f"{name}.basis"
    write_lcmodel_basis(place, basis)
    write_lcmodel_basis(condition_file(place, 1), basis.edited[0])
    assert read_basis(place).edited_ppm == (on,)


def test_hercules_has_another_pulse_instead_of_none() -> None:
    """Oeltzschner 2019 (10.1016/j.neuroimage.2018.10.002): 4.58 and 1.9, 4.18 and 1.9, 4.58, 4.18 ppm."""
    hercules = Editing(on_ppm=(1.9, 4.58), instead_ppm=4.18).conditions
    assert hercules == ((4.18,), (1.9, 4.18), (4.58,), (1.9, 4.58))
    assert Editing(on_ppm=(1.9, 4.56)).conditions == ((7.5,), (1.9,), (4.56,), (1.9, 4.56))
    with pytest.raises(ValueError, match="two bands"):
        Editing(on_ppm=(1.9,), instead_ppm=4.18)


def test_a_difference_alone_is_told_by_its_data() -> None:
    """Fitted as a plain spectrum it passes, whatever its phase; OFF of the same measurement is no difference."""
    rng, (off, on, _) = np.random.default_rng(5), _conditions()
    plain = replace(_basis(), edited=())

    def told(fid: np.ndarray) -> list[str]:
        noisy = fid + 0.4 * (rng.normal(size=POINTS) + 1j * rng.normal(size=POINTS))
        spectrum = Spectrum(fid=noisy, acquisition=ACQUISITION, affine=np.eye(4), source="made")
        fit = fit_spectrum(spectrum, plain, FitSettings())
        seen = Fitted(acquisition=ACQUISITION, fit=fit, water=None, corrected=False)
        return [one.value for check in FIT_CHECKS if check.name == "difference" for one in check.look(seen)]

    assert "difference (ON - OFF)" in told(on - off)[0]
    assert "difference (ON - OFF)" in told(off - on)[0]
    assert told(off) == [] and told(on) == []


def test_a_file_name_of_bids_may_tell_of_editing() -> None:
    named = replace(
        _fids(_order("turns")), source="sub-01/mrs/sub-01_acq-megapress68_svs.nii.gz",
        acquisition=replace(ACQUISITION, sequence=""),
    )  # fmt: skip
    found = [one for check in RECORDING_CHECKS for one in check.look(Recordings(metabolite=named))]
    assert any(one.field == "file name" and one.severity == "error" for one in found)
    protocol, words = proposed_protocol(named)
    assert protocol.sequence == "megapress" and "acq" not in words.split("(")[0]
    assert acquisition_label("sub-01_ses-1_acq-pgacc_svs.nii.gz") == "pgacc" and acquisition_label("scan.nii") == ""


def test_the_checklist_names_pulses_and_order(results: list[ScanResult]) -> None:
    figures = EditedFigures(
        scan="a", band_ppm="1.9", likeness=1.0, order="taking turns, OFF is number 1", pairs=8, pairs_rejected=0,
        drift_hz=0.0, choline_artefact_percent=1.0,
    )  # fmt: skip
    edited = [replace(one, edited=EditedScan(differences=(), figures=(figures,))) for one in results]
    simulated = checked(StudyBasis, {"simulate": {"sequence": "megapress", "te_ms": 68}})
    study = replace(report_factory.study(), basis=simulated)
    items = {item.item: item for item in checklist(study, edited, "a scale")}
    assert items["Editing pulses"].value == "Gaussian of 14 ms at 7.5 / 1.9 ppm (OFF first), as in the basis set"
    assert items["Order of the conditions"].value == "taking turns, OFF is number 1"
    assert "Editing pulses" not in {item.item for item in checklist(study, results, "a scale")}
