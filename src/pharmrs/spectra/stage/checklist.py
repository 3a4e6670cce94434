"""The stage that fills in the MRSinMRS checklist."""

from __future__ import annotations

from pharmrs.core.report.tables import write_table
from pharmrs.core.stage import Stage, StageOutcome, StudyContext
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.records.scaling import SCALES
from pharmrs.spectra.records.scan import fitted_here
from pharmrs.spectra.report.checklist import checklist, checklist_section, checklist_table
from pharmrs.spectra.stage.scans import SCANS


def _run(context: StudyContext[SpectraPlan]) -> StageOutcome:
    scale = SCALES[context.plan.quantification.primary_scale]
    outcomes = context.given(SCANS)
    results = fitted_here(outcomes)
    items = checklist(context.plan, results, scale.definition_with_unit)
    write_table(context.output, checklist_table(items))
    return StageOutcome(sections=(checklist_section(items),))


CHECKLIST: Stage[SpectraPlan] = Stage(
    name="MRSinMRS checklist",
    outputs=("mrsinmrs.tsv", "mrsinmrs.json"),
    wanted=lambda _root, study: study.basis is not None,
    run=_run,
)
