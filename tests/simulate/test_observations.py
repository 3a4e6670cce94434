"""The fast path: the truth as an observation table, and the errors of each stage of the size that was asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pharmrs.simulate.command import REFERENCE_DESIGN
from pharmrs.simulate.observations import WITHOUT_ERRORS, StageErrors, observed_table
from pharmrs.simulate.recovered import planted_plan
from pharmrs.simulate.trial import draw_trial
from pharmrs.simulate.trial_records import Trial, TrialSettings
from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.chain.main_model import main_model
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.observations import ObservationTable


@pytest.fixture(scope="module")
def trial() -> Trial:
    return draw_trial(TrialSettings(design=REFERENCE_DESIGN, participants=800, seed=2))


def column(table: ObservationTable, name: str) -> np.ndarray:
    return np.array([getattr(row, name) for row in table.rows], dtype=float)


def test_without_errors_it_is_the_truth(trial: Trial) -> None:
    table = observed_table(trial)
    assert len(table.rows) == len(trial.visits)
    for visit in trial.visits[:40]:
        row = table.at(f"sub-{visit.participant.label}", visit.treatment, visit.time_point)
        assert row is not None
        assert (row.metabolite, row.biomarker) == (visit.metabolite_mm, visit.biomarker)
        assert (row.period, row.clock_time_h) == (visit.period, visit.clock_time_h)
        assert row.covariates["genotype"] == visit.participant.genotype


def test_the_projects_analysis_finds_what_was_planted(trial: Trial) -> None:
    """1600 pairs: the standard error of the interaction is about 0.09 and 0.06 of each slope; 4 of them allowed."""
    plan = planted_plan(AnalysisPlan(metabolite="Glu", biomarker="BDNF"))
    model = main_model(change_table(observed_table(trial), plan)[0], plan)
    found = {one.term: one for one in model.estimates}
    interaction = found["change in Glu × S-ketamine"]
    assert interaction.se < 0.1
    assert interaction.estimate == pytest.approx(1.005, abs=4 * interaction.se)
    assert found["change in Glu"].estimate == pytest.approx(-0.330, abs=4 * found["change in Glu"].se)
    assert model.sigma == pytest.approx(0.178 * np.sqrt(2), rel=0.05)


def test_each_stage_errs_as_declared_and_alone(trial: Trial) -> None:
    truth = observed_table(trial)
    errors = StageErrors()
    fit = observed_table(trial, replace(WITHOUT_ERRORS, fit_cv=0.03))
    error = np.log(column(fit, "metabolite") / column(truth, "metabolite"))
    assert error.std() == pytest.approx(0.03, rel=0.06)
    assert np.array_equal(column(fit, "biomarker"), column(truth, "biomarker"))
    assay = observed_table(trial, replace(WITHOUT_ERRORS, assay_cv=0.05))
    assert np.log(column(assay, "biomarker") / column(truth, "biomarker")).std() == pytest.approx(0.05, rel=0.06)
    tissue = observed_table(trial, replace(WITHOUT_ERRORS, tissue_sd=0.012))
    error = np.log(column(tissue, "metabolite") / column(truth, "metabolite"))
    assert 0.012 / 0.85 < error.std() < 0.06  # the fractions, and the water of voxels that differ
    censored = observed_table(trial, replace(WITHOUT_ERRORS, limit=errors.limit))
    below = column(truth, "biomarker") < errors.limit
    assert np.array_equal(np.isnan(column(censored, "biomarker")), below)
    assert {row.biomarker_censored for row in censored.rows} == {"none", "left"}
    lost = observed_table(trial, replace(WITHOUT_ERRORS, losses=True))
    assert np.isnan(column(lost, "metabolite")).sum() == sum(not visit.has_scan for visit in trial.visits)
    assert np.isnan(column(lost, "biomarker")).sum() == sum(not visit.has_sample for visit in trial.visits)
    assert sum(bool(row.exclusions) for row in lost.rows) == sum(visit.bad_scan for visit in trial.visits)


def test_stages_do_not_disturb_each_other(trial: Trial) -> None:
    """The same noise of the fit whether or not the plates err: stages can be compared trial by trial."""
    alone = observed_table(trial, replace(WITHOUT_ERRORS, fit_cv=0.03))
    together = observed_table(trial, replace(WITHOUT_ERRORS, fit_cv=0.03, assay_cv=0.05, limit=150.0))
    assert np.array_equal(column(alone, "metabolite"), column(together, "metabolite"))
    # as text: from Python 3.13 on, records with a NaN differ from themselves
    assert repr(observed_table(trial, StageErrors())) == repr(observed_table(trial, StageErrors()))
