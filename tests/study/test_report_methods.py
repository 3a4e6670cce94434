"""The methods text mentions what was executed, and only that."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from pharmrs.spectra.records import Exclusion, ScanResult
from pharmrs.spectra.records.declared import QualityRules, Quantification, Tissue
from pharmrs.spectra.report import methods_fit, methods_quantification
from pharmrs.study.report.methods import methods_text
from tests.study import report_factory


def _with_steps(result: ScanResult, *names: str) -> ScanResult:
    steps = tuple(step for step in result.preprocessed.steps if step.name in names)
    return dataclasses.replace(result, preprocessed=dataclasses.replace(result.preprocessed, steps=steps))


def test_names_every_step_with_its_publication(results: list[ScanResult]) -> None:
    text = methods_text(report_factory.study(), results)
    for step in results[0].preprocessed.steps:
        assert f"**{step.name}**" in text
    for doi in ("10.1002/mrm.1910140104", "10.1002/mrm.22230", "10.1016/0022-2364(87)90023-0", "10.1002/nbm.701"):
        assert f"doi:{doi}" in text
    assert "5 scans of 3 participants" in text
    assert "echo time 20 ms; mixing time 10 ms" in text


def test_says_nothing_of_steps_not_executed(results: list[ScanResult]) -> None:
    bare = [_with_steps(result) for result in results]
    text = methods_text(report_factory.study(), bare)
    assert "without preprocessing" in text
    assert "Klose" not in text
    assert "Rodgers" not in text
    some = [_with_steps(results[0], "eddy-current correction"), *bare[1:]]
    text = methods_text(report_factory.study(), some)
    assert "(Klose 1990) in 1 of 5 scans" in text
    assert "Barkhuijsen" not in text


def test_summaries_that_differ_in_numbers_become_a_range(results: list[ScanResult]) -> None:
    def averaged(result: ScanResult, summary: str) -> ScanResult:
        step = dataclasses.replace(result.preprocessed.steps[0], name="averaging", summary=summary, numbers={})
        return dataclasses.replace(result, preprocessed=dataclasses.replace(result.preprocessed, steps=(step,)))

    scans = [
        averaged(results[0], "weighted mean of 32 transients, 0 rejected"),
        averaged(results[1], "weighted mean of 32 transients, 2 rejected (number 3, 17)"),
        averaged(results[2], "one transient: nothing to average"),
    ]
    text = methods_text(report_factory.study(), scans)
    assert "- **averaging**: Weighted mean of 32 transients, 0 to 2 rejected in 2 of 3 scans." in text
    assert "- **averaging**: One transient: nothing to average in 1 of 3 scans." in text


def test_unknown_step_speaks_for_itself(results: list[ScanResult]) -> None:
    step = dataclasses.replace(results[0].preprocessed.steps[0], name="zero filling", summary="Filled to 8192 points.")
    one = dataclasses.replace(results[0], preprocessed=dataclasses.replace(results[0].preprocessed, steps=(step,)))
    assert "**zero filling**: Filled to 8192 points." in methods_text(report_factory.study(), [one])


def test_only_scales_with_values_are_described(results: list[ScanResult]) -> None:
    text = methods_text(report_factory.study(), results)
    assert "`lcmodel_water` (primary scale)" in text
    assert "35880 mmol/L" in text
    assert "gm_wm_normalised" not in text  # declared, but no value could be given


def test_scale_with_tissue_names_the_fractions(results: list[ScanResult]) -> None:
    tissue = Tissue(gray_matter=0.6, white_matter=0.3, csf=0.1, source="atlas")
    plan = Quantification(primary_scale="gm_wm_normalised", tissue=tissue)
    study = dataclasses.replace(report_factory.study(), quantification=plan)
    given = [
        dataclasses.replace(
            result,
            concentrations=tuple(
                dataclasses.replace(item, value=1.0, sd=0.1, reason="") for item in result.concentrations
            ),
        )
        for result in results
    ]
    text = methods_text(study, given)
    assert "grey matter 0.6, white matter 0.3, CSF 0.1, SD 0.02 (source: atlas)" in text


def test_fit_settings_are_those_of_the_fit(results: list[ScanResult]) -> None:
    other = dataclasses.replace(results[0].fit.settings, ppm_high=4.0, omit=("Asc",), line_shape_knot_s=0.0)
    changed = [dataclasses.replace(results[0], fit=dataclasses.replace(results[0].fit, settings=other)), *results[1:]]
    text = methods_text(report_factory.study(), changed)
    assert "The spectra of 1 of 5 scans were fitted as complex data between 0.2 and 4 ppm" in text
    assert "left out of the basis set: Asc" in text
    assert text.count("free-form part") == 1


def test_added_components_are_named(results: list[ScanResult]) -> None:
    plain = methods_text(report_factory.study(), results)
    assert "added to the basis set" not in plain and "10.1002/nbm.4393" not in plain
    other = dataclasses.replace(results[0].fit.settings, add=("mm", "lipids"))
    changed = [dataclasses.replace(one, fit=dataclasses.replace(one.fit, settings=other)) for one in results]
    text = methods_text(report_factory.study(), changed)
    assert "Parametrised macromolecules were added to the basis set as one component, mm" in text
    assert "Lip09, Lip13 and Lip20, with positions and widths as in LCModel" in text
    assert "doi:10.1002/nbm.4393" in text and "doi:10.1002/mrm.28282" in text


def test_rules_and_their_counts(results: list[ScanResult]) -> None:
    text = methods_text(report_factory.study(), results)
    assert "line width of the scan above 24 Hz: 1 scan, 0 single values." in text
    failed = Exclusion(scan="x", metabolite="*", rule="fit converged", limit=1.0, value=0.0, decided_by="fit")
    seen = Exclusion(scan="x", metabolite="", rule="visual inspection", limit=math.nan, value=math.nan, decided_by="AB")
    more = [dataclasses.replace(results[0], exclusions=(failed, seen)), *results[1:]]
    text = methods_text(report_factory.study(), more)
    assert "- the fit of the scan did not converge: 1 scan, 0 single values." in text
    assert "- the scan was rejected on visual inspection: 1 scan, 0 single values." in text
    assert "decided by: AB, fit, pre-declared rule." in text
    clean = [dataclasses.replace(result, exclusions=()) for result in results]
    none = dataclasses.replace(report_factory.study(), quality=QualityRules())
    assert "No exclusion rule was declared" in methods_text(none, clean)


def test_no_scan_at_all() -> None:
    assert "No scan of the study could be analysed" in methods_text(report_factory.study(), [])


def test_points_left_out_of_fits_are_told_from_what_the_run_keeps(results: list[ScanResult]) -> None:
    """Their share stands in the quality figures: the spectra themselves are not kept with a result."""
    assert "left out of the fit" not in methods_text(report_factory.study(), results)
    shares = (7.5, 2.0)
    gapped = [
        dataclasses.replace(
            result,
            fit=dataclasses.replace(result.fit, gaps_ppm=((2.1, 2.3),), ppm=np.empty(0)),
            quality=dataclasses.replace(result.quality, left_out_percent=share),
        )
        for result, share in zip(results, shares, strict=False)
    ]
    text = methods_text(report_factory.study(), [*gapped, *results[2:]])
    assert "left out of the fit (2 of 5 scans, at most 7.5 % of the window; see the quality table)" in text


def test_numbers_of_the_methods_are_those_that_were_used(
    results: list[ScanResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of another constant the text tells another number."""
    study = report_factory.study()
    plan = dataclasses.replace(study.quantification, primary_scale="tissue_molal")
    molal = [
        dataclasses.replace(
            one, concentrations=tuple(dataclasses.replace(c, scale="tissue_molal") for c in one.concentrations)
        )
        for one in results
    ]
    study = dataclasses.replace(study, quantification=plan)
    assert "relative densities of 0.78, 0.65 and 0.97" in methods_text(study, molal)
    monkeypatch.setattr(methods_quantification, "water_density", lambda: (0.8, 0.7, 1.0))
    monkeypatch.setattr(methods_fit, "WITHOUT_BROAD", 3.0)
    text = methods_text(study, molal)
    assert "relative densities of 0.80, 0.70 and 1.00" in text and "(3 times as long" in text
