"""The stages after the scans, in their order: later ones read what earlier ones left in the derivative."""

from __future__ import annotations

from pharmrs.assay.stage.stage import ASSAY_STAGE
from pharmrs.core.stage import Stage
from pharmrs.genotype.stage.stage import GENOTYPE_STAGE
from pharmrs.spectra.records import ScanOutcome
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.review.stage import INSPECTION_STAGE
from pharmrs.spectra.stage.checklist import CHECKLIST
from pharmrs.study.analysis_stage import ANALYSIS
from pharmrs.study.declared import Study
from pharmrs.study.sample_flow import SAMPLE_FLOW_STAGE


def _itself(study: Study) -> SpectraPlan:
    return study


STAGES: tuple[Stage[Study, ScanOutcome], ...] = (
    INSPECTION_STAGE.of(_itself),
    ASSAY_STAGE.of(lambda study: study.assay),
    GENOTYPE_STAGE.of(lambda study: study.genotype),
    SAMPLE_FLOW_STAGE,
    CHECKLIST.of(_itself),
    ANALYSIS,
)
