"""The stages of a study in their order: later ones take what earlier ones left in the derivative or handed on."""

from __future__ import annotations

from pharmrs.anatomy.stage.stage import TissuePart, tissue_stage
from pharmrs.assay.stage.stage import ASSAY_STAGE
from pharmrs.core.stage import Stage
from pharmrs.genotype.stage.stage import GENOTYPE_STAGE
from pharmrs.spectra.read.nifti_mrs import spectrometer_frequency_mhz
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.review.stage import INSPECTION_STAGE
from pharmrs.spectra.stage.checklist import CHECKLIST
from pharmrs.spectra.stage.foreign_scans import FOREIGN_STAGE
from pharmrs.spectra.stage.scans import SCAN_STAGE
from pharmrs.spectra.stage.series_stage import SERIES_STAGE
from pharmrs.spectra.stage.shared_macromolecules import SHARED_STAGE
from pharmrs.study.analysis_stage import ANALYSIS
from pharmrs.study.declared import Study
from pharmrs.study.outputs import SCAN_TABLES
from pharmrs.study.sample_flow import SAMPLE_FLOW_STAGE
from pharmrs.study.series_across_people import SERIES_ACROSS_PEOPLE


def _itself(study: Study) -> SpectraPlan:
    return study


# what is done for each participant alone, and what needs all of them
OF_PARTICIPANTS: tuple[Stage[Study], ...] = (
    tissue_stage(spectrometer_frequency_mhz).of(
        lambda study: TissuePart(study.anatomy, study.quantification.tissue_by_scan)
    ),
    SCAN_STAGE.of(_itself),
    FOREIGN_STAGE.of(_itself),
    SCAN_TABLES,
    SHARED_STAGE.of(_itself),
    SERIES_STAGE.of(_itself),
    INSPECTION_STAGE.of(_itself),
)
OF_STUDY: tuple[Stage[Study], ...] = (
    ASSAY_STAGE.of(lambda study: study.assay),
    GENOTYPE_STAGE.of(lambda study: study.genotype),
    SAMPLE_FLOW_STAGE,
    CHECKLIST.of(_itself),
    SERIES_ACROSS_PEOPLE,
    ANALYSIS,
)
STAGES = (*OF_PARTICIPANTS, *OF_STUDY)
