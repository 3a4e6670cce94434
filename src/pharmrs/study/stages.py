"""The stages after the scans, in their order: later ones read what earlier ones left in the derivative."""

from __future__ import annotations

from pharmrs.assay.stage.stage import ASSAY_STAGE
from pharmrs.core.stage import Stage
from pharmrs.genotype.stage.stage import GENOTYPE_STAGE
from pharmrs.spectra.review.stage import INSPECTION_STAGE
from pharmrs.spectra.stage.checklist import CHECKLIST
from pharmrs.study.analysis_stage import ANALYSIS
from pharmrs.study.sample_flow import SAMPLE_FLOW_STAGE

STAGES: tuple[Stage, ...] = (
    INSPECTION_STAGE,
    ASSAY_STAGE,
    GENOTYPE_STAGE,
    SAMPLE_FLOW_STAGE,
    CHECKLIST,
    ANALYSIS,
)
