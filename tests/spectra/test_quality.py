"""Every rule, and what breaks it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.spectra.quantify.quality import broken_rules, scan_quality
from pharmrs.spectra.records import MetaboliteAmplitude, PreprocessedScan, PreprocessingStep, ScanQuality
from pharmrs.spectra.records.edited import edits_gaba
from pharmrs.spectra.records.rules import Rules
from tests.spectra.simulated import line, made_up_fit, made_up_water, spectrum

GOOD = ScanQuality(
    signal_to_noise=40.0,
    line_width_hz=11.0,
    water_line_width_hz=10.0,
    residual_autocorrelation=0.05,
    noise_sd=1.0,
    transients=16,
    transients_rejected=0,
    frequency_drift_hz=2.0,
    baseline_freedom=20.0,
    left_out_percent=0.0,
    converged=True,
    message="settled",
)
RULES = Rules(max_crlb_percent=20.0, max_line_width_hz=24.0, min_signal_to_noise=20.0)
NAN = float("nan")


def row(metabolite: str, crlb_percent: float) -> MetaboliteAmplitude:
    return MetaboliteAmplitude(
        metabolite=metabolite,
        amplitude=1.0,
        sd=0.01 * crlb_percent,
        crlb_percent=crlb_percent,
        classical_crlb_percent=crlb_percent,
        shift_hz=0.0,
        damping_hz=0.0,
        parts=(metabolite,),
    )


def found(quality: ScanQuality, *rows: MetaboliteAmplitude, rules: Rules = RULES) -> list[tuple[str, str, float]]:
    return [(e.metabolite, e.rule, e.value) for e in broken_rules("sub-01", quality, rows, rules)]


def test_a_good_scan_breaks_nothing() -> None:
    assert found(GOOD, row("Glu", 5.0)) == []


def test_limits_themselves_are_allowed() -> None:
    at_limits = replace(GOOD, line_width_hz=24.0, signal_to_noise=20.0)
    assert found(at_limits, row("Glu", 20.0)) == []


@pytest.mark.parametrize("width", [24.001, 60.0, float("inf")])
def test_line_width(width: float) -> None:
    assert found(replace(GOOD, line_width_hz=width)) == [("*", "line width above the limit (Hz)", width)]


@pytest.mark.parametrize("signal_to_noise", [19.999, 0.0, -3.0])
def test_signal_to_noise(signal_to_noise: float) -> None:
    assert found(replace(GOOD, signal_to_noise=signal_to_noise)) == [("*", "S/N below the limit", signal_to_noise)]


def test_crlb_of_each_metabolite() -> None:
    rows = (row("Glu", 5.0), row("Lac", 20.01), row("Asp", float("inf")))
    assert found(GOOD, *rows) == [
        ("Lac", "CRLB above the limit (%)", 20.01),
        ("Asp", "CRLB above the limit (%)", float("inf")),
    ]


def test_crlb_of_the_named_metabolites_only() -> None:
    rules = replace(RULES, metabolites=("Glu", "Asp"))
    broken = found(GOOD, row("Glu", 25.0), row("Lac", 90.0), row("Asp", 3.0), rules=rules)
    assert broken == [("Glu", "CRLB above the limit (%)", 25.0)]


@pytest.mark.parametrize(
    ("quality", "rows", "rule"),
    [
        (replace(GOOD, line_width_hz=NAN), (), "line width above the limit (Hz)"),
        (replace(GOOD, signal_to_noise=NAN), (), "S/N below the limit"),
        (GOOD, (row("Glu", NAN),), "CRLB above the limit (%)"),
    ],
)
def test_what_could_not_be_measured_breaks_its_rule(
    quality: ScanQuality, rows: tuple[MetaboliteAmplitude, ...], rule: str
) -> None:
    (broken,) = found(quality, *rows)
    assert broken[1] == rule
    assert np.isnan(broken[2])


def test_rules_that_were_not_declared_are_not_applied() -> None:
    terrible = replace(GOOD, line_width_hz=NAN, signal_to_noise=0.0)
    assert found(terrible, row("Glu", 999.0), rules=Rules()) == []


def test_a_fit_that_did_not_converge_is_excluded_whatever_was_declared() -> None:
    (exclusion,) = broken_rules("sub-01", replace(GOOD, converged=False), (), Rules())
    assert (exclusion.scan, exclusion.metabolite, exclusion.rule) == ("sub-01", "*", "fit did not converge")
    assert exclusion.decided_by == "fit"


def test_every_broken_rule_is_listed_with_its_limit() -> None:
    bad = replace(GOOD, converged=False, line_width_hz=30.0, signal_to_noise=8.0)
    exclusions = broken_rules("sub-02", bad, (row("Glu", 30.0),), RULES)
    assert [(e.rule, e.limit, e.value) for e in exclusions] == [
        ("fit did not converge", 1.0, 0.0),
        ("line width above the limit (Hz)", 24.0, 30.0),
        ("S/N below the limit", 20.0, 8.0),
        ("CRLB above the limit (%)", 20.0, 30.0),
    ]
    assert {e.decided_by for e in exclusions[1:]} == {"pre-declared rule"}


def test_quality_is_collected_from_where_it_was_measured() -> None:
    fid = line(2.0)
    step = PreprocessingStep(
        name="alignment",
        summary="",
        before=fid,
        after=fid,
        series={"frequency offset (Hz)": (-1.5, 0.25, 2.0)},
    )
    prepared = PreprocessedScan(
        spectrum=replace(spectrum(fid), averages=14), water=None, steps=(step,), rejected_transients=(3, 7)
    )
    water = made_up_water(1.0, 0.1)
    fit = made_up_fit(("Glu",), [1.0], np.eye(1), signal_to_noise=33.0, line_width_hz=12.0)
    quality = scan_quality(prepared, fit, water)
    assert (quality.signal_to_noise, quality.line_width_hz, quality.water_line_width_hz) == (33.0, 12.0, 9.0)
    assert (quality.transients, quality.transients_rejected) == (16, 2)
    assert quality.frequency_drift_hz == 3.5
    assert (quality.converged, quality.message) == (True, "settled")
    without = scan_quality(replace(prepared, steps=()), fit, None)
    assert np.isnan(without.frequency_drift_hz)
    assert np.isnan(without.water_line_width_hz)


def test_what_only_an_edited_scan_has_is_judged_there_alone() -> None:
    """None: not edited, or not for GABA; NaN: it could not be measured, which breaks the rule."""
    rules = Rules(max_choline_artefact_percent=10.0, max_naa_residue_percent=15.0)
    assert found(GOOD, row("Glu", 5.0), rules=rules) == []
    edited = replace(GOOD, choline_artefact_percent=4.0, naa_residue_percent=3.0)
    assert found(edited, rules=rules) == []
    assert [one[1] for one in found(replace(edited, naa_residue_percent=15.1), rules=rules)] == [
        "NAA left by the editing pulse above the limit (%)"
    ]
    assert [one[1] for one in found(replace(edited, choline_artefact_percent=float("nan")), rules=rules)] == [
        "subtraction artefact at Cho above the limit (%)"
    ]
    assert edits_gaba(1.9) and edits_gaba(1.88) and not edits_gaba(4.56) and not edits_gaba(4.1)
