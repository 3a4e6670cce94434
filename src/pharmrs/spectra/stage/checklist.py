"""The stage that fills in the MRSinMRS checklist."""

from __future__ import annotations

import math
from contextlib import suppress

from pharmrs.core.errors import InputError
from pharmrs.core.report.tables import write_table
from pharmrs.core.stage import Stage, StageOutcome, StudyContext
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.records.acquisition import Acquisition
from pharmrs.spectra.records.declared import ForeignResults, SpectraPlan
from pharmrs.spectra.records.foreign import ForeignScan
from pharmrs.spectra.records.scaling import SCALES
from pharmrs.spectra.records.scan import ForeignValues, fitted_here
from pharmrs.spectra.report.checklist import TheirScan, checklist, checklist_section, checklist_table
from pharmrs.spectra.stage.foreign_scans import FOREIGN, known_times
from pharmrs.spectra.stage.scans import SCANS


def _run(context: StudyContext[SpectraPlan]) -> StageOutcome:
    scale = SCALES[context.plan.quantification.primary_scale]
    outcomes = context.given(SCANS)
    results = fitted_here(outcomes)
    theirs = [one.result for one in outcomes if isinstance(one.result, ForeignValues)]
    places = {one.files.name: one for one in context.given(FOREIGN)}
    declared = context.plan.results or ForeignResults()
    others = [their_scan(one, places[one.files.name], declared) for one in theirs if one.files.name in places]
    items = checklist(context.plan, results, scale.definition_with_unit, others)
    write_table(context.output, checklist_table(items))
    return StageOutcome(sections=(checklist_section(items),))


def their_scan(values: ForeignValues, scan: ForeignScan, declared: ForeignResults) -> TheirScan:
    """What recording, file of the program and plan tell of the acquisition."""
    if scan.files.metabolite:
        with suppress(InputError):  # told where the recording is looked at
            fids = read_fids(scan.files.metabolite)
            return TheirScan(values=values, acquisition=fids.acquisition, affine=fids.affine)
    known = known_times(scan.source, declared)
    acquisition = Acquisition(
        spectrometer_frequency_mhz=known["spectrometer_frequency_mhz"] or math.nan, dwell_time_s=math.nan,
        echo_time_s=known["echo_time_ms"] or math.nan, repetition_time_s=known["repetition_time_ms"] or math.nan,
    )  # fmt: skip
    return TheirScan(values=values, acquisition=acquisition)


CHECKLIST: Stage[SpectraPlan] = Stage(
    name="MRSinMRS checklist",
    outputs=("mrsinmrs.tsv", "mrsinmrs.json"),
    wanted=lambda _root, study: study.basis is not None or study.results is not None,
    run=_run,
)
