"""The observation table of a simulated trial without recordings: the truth, and the errors of each stage on demand.

It is the fast path of recovery studies: what preprocessing, fit, tissue maps and plates do to a value is replaced by an
error of the size they were measured to make (docs/recovery.md); the analysis is the project's own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.tissue import TissueFractions
from pharmrs.simulate.relaxation import water_concentration_mm
from pharmrs.simulate.trial import VOXEL_MEAN, stream
from pharmrs.simulate.trial_records import Trial, Visit
from pharmrs.trial.records.observations import LEFT, NOT_CENSORED, Observation, ObservationTable

_FIT, _TISSUE, _ASSAY = 60, 61, 62  # streams of random numbers: one for each stage, so stages can be switched alone
_EXCLUDED = "bad on purpose"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageErrors:
    """Errors of the stages; 0 or False: without. The defaults are what full simulations gave (docs/recovery.md).

    `fit_cv`: relative SD of a metabolite by noise and fit. `tissue_sd`: SD of the fraction of grey and white matter;
    with it also the water of the voxel, which the reference study's scale takes as constant, enters. `assay_cv`:
    relative SD of a biomarker by dilution, pipetting, reading and curve. `limit`: below it a sample is censored; 0:
    none is. `losses`: lost and bad scans, lost samples.
    """

    fit_cv: float = 0.025
    tissue_sd: float = 0.0065
    assay_cv: float = 0.05
    limit: float = 187.5
    losses: bool = True


WITHOUT_ERRORS = StageErrors(fit_cv=0.0, tissue_sd=0.0, assay_cv=0.0, limit=0.0, losses=False)


def observed_table(trial: Trial, errors: StageErrors = WITHOUT_ERRORS) -> ObservationTable:
    """The observation table an analysis would be given; the same trial and errors give the same table.

    The metabolite is per grey and white matter, water-scaled with constant water (the reference study's scale).
    """
    settings = trial.settings
    count = len(trial.visits)
    fit = stream(settings, _FIT).normal(0.0, 1.0, count) * errors.fit_cv
    tissue = stream(settings, _TISSUE).normal(0.0, 1.0, count) * errors.tissue_sd
    assay = stream(settings, _ASSAY).normal(0.0, 1.0, count) * errors.assay_cv
    rows = [
        _observation(visit, errors, float(fit[place]), float(tissue[place]), float(assay[place]))
        for place, visit in enumerate(trial.visits)
    ]
    design = settings.design
    return ObservationTable.of(
        rows,
        kind=design.kind,
        treatments=design.treatments,
        baseline=design.baseline,
        follow_up=design.follow_up,
        metabolite_unit="mmol/L",
        biomarker_unit=settings.unit,
    )


def _observation(visit: Visit, errors: StageErrors, fit: float, tissue: float, assay: float) -> Observation:
    person = visit.participant
    metabolite = visit.metabolite_mm * math.exp(fit) * _tissue_factor(visit, errors, tissue)
    relative_sd = math.hypot(errors.fit_cv, errors.tissue_sd / (visit.gray_matter + visit.white_matter))
    biomarker = visit.biomarker * math.exp(assay)
    scanned = visit.has_scan or not errors.losses
    sampled = visit.has_sample or not errors.losses
    below = sampled and biomarker < errors.limit
    return Observation(
        subject=f"sub-{person.label}",
        treatment=visit.treatment,
        time_point=visit.time_point,
        sequence="->".join(person.sequence),
        period=visit.period,
        clock_time_h=visit.clock_time_h if sampled else math.nan,
        metabolite=metabolite if scanned else math.nan,
        metabolite_sd=metabolite * relative_sd if scanned else math.nan,
        exclusions=(_EXCLUDED,) if errors.losses and visit.bad_scan else (),
        biomarker=biomarker if sampled and not below else math.nan,
        biomarker_sd=biomarker * errors.assay_cv if sampled and not below else math.nan,
        biomarker_censored=LEFT if below else NOT_CENSORED,
        biomarker_limit=errors.limit if below else math.nan,
        covariates={"age": person.age_years, "bmi": person.bmi, "genotype": person.genotype},
    )


def _tissue_factor(visit: Visit, errors: StageErrors, error: float) -> float:
    """What wrong fractions and unequal water of the voxel do to a value per grey and white matter."""
    if errors.tissue_sd == 0.0:
        return 1.0
    brain = visit.gray_matter + visit.white_matter
    found = float(np.clip(brain + error, 0.3, 1.0))
    return brain / found * _water(*VOXEL_MEAN) / _water(visit.gray_matter, visit.white_matter, visit.csf)


def _water(gray: float, white: float, csf: float) -> float:
    fractions = TissueFractions(
        gray_matter=gray, white_matter=white, csf=csf, gray_matter_sd=0.0, white_matter_sd=0.0, csf_sd=0.0, source=""
    )
    return water_concentration_mm(fractions)
