"""The stages after the scans, in their order: later ones read what earlier ones left in the derivative."""

from __future__ import annotations

from pharmrs.pipeline.analysis_stage import ANALYSIS
from pharmrs.pipeline.assay_stage import ASSAY_STAGE
from pharmrs.pipeline.checklist_stage import CHECKLIST
from pharmrs.pipeline.genotyping import GENOTYPE_STAGE
from pharmrs.pipeline.sample_flow import SAMPLE_FLOW_STAGE
from pharmrs.pipeline.study_stages import Stage
from pharmrs.pipeline.visual_inspection import INSPECTION_STAGE

STAGES: tuple[Stage, ...] = (
    INSPECTION_STAGE,
    ASSAY_STAGE,
    GENOTYPE_STAGE,
    SAMPLE_FLOW_STAGE,
    CHECKLIST,
    ANALYSIS,
)
