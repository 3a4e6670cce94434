"""Each fault of a kind is named by the check for it, and a good scan by none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.simulate.raw_scan import simulate_scan
from pharmrs.simulate.scan_records import SimulatedScanner
from pharmrs.spectra.checks.echo import echo_delay, rise_of_water
from pharmrs.spectra.checks.finding import (
    Finding,
    Fitted,
    Prepared,
    Quantified,
    findings,
    problems_of,
    without_unusable,
)
from pharmrs.spectra.checks.normal_ranges import REGIONS, region_of
from pharmrs.spectra.checks.of_recordings import RECORDING_CHECKS
from pharmrs.spectra.checks.of_results import CONCENTRATION_CHECKS, FIT_CHECKS
from pharmrs.spectra.checks.of_spectra import SPECTRUM_CHECKS, sharpness
from pharmrs.spectra.preprocess.preprocess import PreprocessingSettings, Recordings, preprocess
from pharmrs.spectra.records import BasisSet, Concentration, Fids
from pharmrs.spectra.records.acquisition import Acquisition, Scanner
from tests.spectra.simulated import ACQUISITION, AMOUNTS, POINTS, brain, made_up_fit, made_up_water, noise

FILES = ScanFiles(
    name="sub-01", subject="01", session="", metabolite="svs", quantification="quant", eddy_current="ecc",
    coil_combination="ecc",
)  # fmt: skip
COILS = 2


@pytest.fixture(scope="module")
def good(basis: BasisSet) -> Recordings:
    rng = np.random.default_rng(4)
    settings = SimulatedScanner(coils=COILS, transients=16)
    scan = simulate_scan(basis, AMOUNTS, ACQUISITION, rng, points=POINTS, settings=settings)
    return Recordings(
        metabolite=scan.metabolite,
        quantification=scan.quantification,
        eddy_current=scan.eddy_current,
        coil_combination=scan.eddy_current,
    )


def seen(recordings: Recordings, basis: BasisSet | None = None) -> tuple[Finding, ...]:
    """What is found before the fit, as for a scan of a study."""
    found = findings(RECORDING_CHECKS, recordings)
    usable = without_unusable(recordings, found)
    scan = preprocess(usable, PreprocessingSettings())
    return found + findings(SPECTRUM_CHECKS, Prepared(recordings=usable, scan=scan, basis=basis))


def every(recordings: Recordings, change: Callable[[Fids], Fids]) -> Recordings:
    names = ("metabolite", "quantification", "eddy_current", "coil_combination")
    return Recordings(**{name: change(getattr(recordings, name)) for name in names})


def test_a_good_scan_is_passed_without_a_word(good: Recordings, basis: BasisSet) -> None:
    assert seen(good, replace(basis, echo_time_s=ACQUISITION.echo_time_s)) == ()


@pytest.mark.parametrize("points", [8, 40])
def test_a_recording_that_begins_before_the_echo_says_when_the_echo_is(good: Recordings, points: int) -> None:
    """Points of the echo's rising side, made by the symmetry of an echo: s(-t) = conj(s(t)) for lines in phase."""

    def early(fids: Fids) -> Fids:
        # every line turns backwards from its phase at the top; the shim has dephased it by as much as after it
        turned = np.exp(-2j * np.angle(fids.data[:1])) * fids.data
        return replace(fids, data=np.concatenate([turned[1 : points + 1][::-1].conj(), fids.data])[:POINTS])

    echo = [one for one in seen(every(good, early)) if one.field == "first point"]
    assert len(echo) == 1
    assert f"({points} points) after the first sample" in echo[0].value
    assert f"skip_points: {points}" in echo[0].remedy


@pytest.mark.parametrize("dropped", [12, 24])
def test_a_recording_without_its_first_points_says_so(basis: BasisSet, dropped: int) -> None:
    fid = brain(basis, AMOUNTS)[dropped:]
    rng = np.random.default_rng(2)
    delay = echo_delay(fid + noise(rng, fid.shape[0], 0.5), ACQUISITION)
    assert delay is not None
    assert delay.delay_s == pytest.approx(-dropped * ACQUISITION.dwell_time_s, abs=3e-4)
    assert delay.coherence - delay.at_start > 0.05


def test_water_that_only_decays_has_no_rise_whatever_its_shim() -> None:
    time_s = ACQUISITION.time_axis_s(POINTS)
    rng = np.random.default_rng(1)
    for _ in range(50):
        offsets, shares = rng.normal(0.0, 15.0, 6), rng.uniform(0.1, 1.0, 6)
        water = np.sum(shares[:, None] * np.exp((2j * np.pi * offsets[:, None] - 20.0) * time_s), axis=0)
        water[:2] *= 0.8  # the receiver's filter
        assert rise_of_water(water + noise(rng, POINTS, 1e-3), ACQUISITION) == 0.0


def test_a_reference_that_is_the_spectrum_is_not_used(good: Recordings) -> None:
    spectrum = good.metabolite
    copied = replace(spectrum, data=spectrum.data.mean(axis=2, keepdims=True))
    found = findings(RECORDING_CHECKS, replace(good, quantification=copied))
    assert [(one.about, one.unusable) for one in found] == [("quantification", True)]
    assert "another recording" in found[0].rule
    assert without_unusable(replace(good, quantification=copied), found).quantification is None


def test_a_suppressed_reference_is_not_used_and_named_once_for_each_file(basis: BasisSet, good: Recordings) -> None:
    rng = np.random.default_rng(8)
    other = simulate_scan(
        basis, AMOUNTS, ACQUISITION, rng, points=POINTS, settings=SimulatedScanner(coils=COILS, residual_water=0.002)
    ).metabolite
    found = findings(RECORDING_CHECKS, replace(good, eddy_current=other, coil_combination=other))
    assert {(one.about, one.unusable) for one in found} == {("eddy_current", True), ("coil_combination", True)}
    problems = problems_of(found, FILES)
    assert [problem.file for problem in problems] == ["ecc"]
    assert "no eddy-current correction" in problems[0].remedy


def test_a_reference_with_hardly_more_water_than_the_spectrum_is_not_used(good: Recordings) -> None:
    """A phantom holds little beside water, so that suppressed water still stands 15 times above the rest."""
    residual = good.quantification
    assert residual is not None
    spectrum = replace(good.metabolite, data=good.metabolite.data + 0.02 * residual.data.mean(axis=2, keepdims=True))
    weak = replace(residual, data=0.05 * residual.data)
    (found,) = findings(RECORDING_CHECKS, Recordings(metabolite=spectrum, quantification=weak))
    assert found.unusable
    assert "residual water" in found.rule


@pytest.mark.parametrize(
    ("names", "several"),
    [
        ({"SequenceName": "megapress"}, True),
        ({"ProtocolName": "PRESS_MEGA_GABA"}, True),
        ({"ProtocolName": "HERMES_4"}, True),
        ({"SequenceName": "eja_svs_mpress"}, True),
        ({"SeriesDescription": "press edited, OFF"}, False),
    ],
)
def test_names_of_edited_measurements_are_recognised(good: Recordings, names: dict[str, str], several: bool) -> None:
    spectrum = replace(good.metabolite, header=names)
    if not several:
        spectrum = replace(spectrum, data=spectrum.data[:, :, :1])
    (found,) = findings(RECORDING_CHECKS, replace(good, metabolite=spectrum))
    assert found.severity == ("error" if several else "warning")
    assert found.field in names
    assert next(iter(names.values())) in found.value


@pytest.mark.parametrize("name", ["svs_se_30", "eja_svs_slaser", "omega", "press_credit", "expression"])
def test_names_of_others_are_not(good: Recordings, name: str) -> None:
    spectrum = replace(good.metabolite, header={"ProtocolName": name})
    assert findings(RECORDING_CHECKS, replace(good, metabolite=spectrum)) == ()


@pytest.mark.parametrize(
    ("pattern", "field"),
    [
        ([0, 1] * 8, "odd and even transients"),
        ([0, 0, 1, 1] * 4, "pairs of transients"),
        ([0] * 8 + [1] * 8, "first and second half"),
    ],
)
def test_transients_of_two_kinds_are_told_by_their_signal(
    basis: BasisSet, good: Recordings, pattern: list[int], field: str
) -> None:
    """NAA saturated in every second transient, as editing of GABA does, and no name that tells."""
    quiet = dict.fromkeys(("NAA", "NAAG"), 0.0)
    scans = [
        simulate_scan(basis, AMOUNTS | less, ACQUISITION, np.random.default_rng(4), points=POINTS,
                      settings=SimulatedScanner(coils=COILS)).metabolite
        for less in ({}, quiet)
    ]  # fmt: skip
    data = np.stack([scans[kind].data[:, :, index] for index, kind in enumerate(pattern)], axis=2)
    (found,) = [
        one for one in seen(replace(good, metabolite=replace(scans[0], data=data))) if one.field == "transients"
    ]
    assert found.value.startswith(field)
    assert found.severity == ("warning" if field.startswith("first") else "error")


def test_a_correction_with_another_scans_water_is_told_by_its_lines(good: Recordings) -> None:
    water = good.eddy_current
    assert water is not None
    time_s = ACQUISITION.time_axis_s(POINTS)
    wrong = replace(water, data=water.data * np.exp(3j * np.sin(2 * np.pi * 25.0 * time_s))[:, None, None])
    (found,) = [one for one in seen(replace(good, eddy_current=wrong)) if one.field == "eddy-current correction"]
    assert "less sharp" in found.value
    assert "eddy_current_correction: false" in found.remedy


def test_sharpness_falls_with_the_width_and_not_with_amplitude_or_phase(basis: BasisSet) -> None:
    narrow, broad = (brain(basis, AMOUNTS, width_hz=width) for width in (6.0, 12.0))
    assert sharpness(broad, ACQUISITION) < 0.8 * sharpness(narrow, ACQUISITION)
    assert sharpness(3j * narrow, ACQUISITION) == pytest.approx(sharpness(narrow, ACQUISITION))


def header(**changes: object) -> Acquisition:
    return replace(ACQUISITION, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("acquisition", "field", "value"),
    [
        (header(repetition_time_s=0.025), "RepetitionTime", "TE 20 ms + TM 10 ms, TR 25 ms"),
        (header(scanner=Scanner(field_strength="3.0 T")), "MagneticFieldStrength", "3.0 T"),
        (header(sequence="press", echo_time_s=0.003), "EchoTime", "3 ms"),
    ],
)
def test_headers_that_cannot_be(good: Recordings, acquisition: Acquisition, field: str, value: str) -> None:
    spectrum = replace(good.metabolite, acquisition=acquisition)
    found = findings(RECORDING_CHECKS, replace(good, metabolite=spectrum))
    assert [(one.field, one.value) for one in found] == [(field, value)]


def test_a_voxel_without_a_size_is_told(good: Recordings) -> None:
    (found,) = findings(RECORDING_CHECKS, Recordings(metabolite=replace(good.metabolite, affine=np.eye(4))))
    assert (found.field, found.value) == ("affine", "0.001 ml")


def fitted(width_hz: float, shift_hz: float = 0.0) -> tuple[Finding, ...]:
    fit = made_up_fit(("Cr",), [1.0], np.eye(1), line_width_hz=width_hz, shift_hz=shift_hz)
    water = made_up_water(1.0, 0.01)  # of 9 Hz
    return findings(FIT_CHECKS, Fitted(acquisition=ACQUISITION, fit=fit, water=water, corrected=True))


def test_lines_of_metabolites_and_water_are_compared() -> None:
    assert fitted(7.0) == ()
    assert [one.field for one in fitted(1.0)] == ["line width"]
    assert "this scan's" in fitted(1.0)[0].remedy
    assert "drift" in fitted(20.0)[0].remedy


def test_water_that_was_elsewhere_is_told() -> None:
    (found,) = fitted(7.0, shift_hz=-0.2 * ACQUISITION.spectrometer_frequency_mhz)
    assert "+0.20 ppm" in found.value


def value_of(metabolite: str, value: float, sd: float, scale: str = "lcmodel_water") -> Concentration:
    return Concentration(metabolite=metabolite, scale=scale, value=value, sd=sd, unit="mmol/L")


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (value_of("tCr", 474.0, 5.0), True),
        (value_of("tCr", 0.7, 0.02), True),
        (value_of("tCr", 8.0, 0.1), False),
        (value_of("tCr", 30.0, 20.0), False),  # hardly measured
        (value_of("Glu", 0.26, 0.02, "ratio_tcr"), True),
        (value_of("Glu", 1.2, 0.1, "ratio_tcr"), False),
        (value_of("Ins", 0.0, 0.1, "ratio_tcr"), False),
        (value_of("Ins", 0.0, 0.03, "ratio_tcr"), True),
        (value_of("Tau", 90.0, 1.0), False),  # no range is known for it
        (value_of("tCr", 474.0, 5.0, "gm_wm_normalised"), False),  # told once, on the scale with ranges
    ],
)
def test_values_that_cannot_be_are_told_with_their_range(value: Concentration, told: bool) -> None:
    found = findings(CONCENTRATION_CHECKS, Quantified(name="", acquisition=ACQUISITION, concentrations=(value,)))
    assert bool(found) == told
    assert all("plausible in brain" in one.rule for one in found)


def test_ratios_of_coupled_metabolites_are_judged_at_short_echo_times_only() -> None:
    glutamate = (value_of("Glu", 0.2, 0.01, "ratio_tcr"),)
    long = replace(ACQUISITION, echo_time_s=0.135)
    assert findings(CONCENTRATION_CHECKS, Quantified(name="", acquisition=long, concentrations=glutamate)) == ()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("left cerebellar vermis", "cerebellum"),
        ("sub-01_acq-pons", "brain stem"),
        ("sub-01_acq-WM", "white matter"),
        ("Thalamus", "thalamus and basal ganglia"),
        ("pACC", "brain"),
        ("swm1", "brain"),
    ],
)
def test_regions_by_what_headers_call_them(text: str, label: str) -> None:
    assert region_of(text).label == label


def test_ranges_are_ranges() -> None:
    for region in (*REGIONS, region_of("")):
        assert region.absolute.keys() >= {"tNAA", "tCr", "tCho", "Ins", "Glu", "Glx"}
        assert all(0 < low < high for low, high in (*region.absolute.values(), *region.to_tcr.values()))


def test_a_basis_set_of_the_neighbouring_frequency_is_told_with_what_it_means(
    good: Recordings, basis: BasisSet
) -> None:
    """As 123.2 MHz (Siemens) to 127.8 (Philips, GE)."""
    other = replace(basis, spectrometer_frequency_mhz=1.037 * basis.spectrometer_frequency_mhz)
    (found,) = seen(good, other)
    assert found.severity == "warning" and "3.7 % in the couplings" in found.remedy
