"""Which parts a study has: any of spectra, plates, genotypes and statistics, and nothing is asked for another part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pharmrs.core.errors import InputProblem, input_problem
from pharmrs.core.files.places import STUDY_FILE
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.read.tissue_table import read_tissue_table
from pharmrs.spectra.records.foreign import ForeignScan
from pharmrs.study.declared import Study


def check_parts(
    root: Path, study: Study, scans: Sequence[ScanFiles], foreign: Sequence[ForeignScan]
) -> list[InputProblem]:
    """What the parts that are there need and study.yaml does not say; nothing can be done before it does."""
    file, problems = root / STUDY_FILE, []
    spectra = bool(scans or foreign or study.basis is not None or study.results is not None)
    if scans and study.basis is None and study.results is None:
        rule, value = "recordings need a basis set that they are fitted with", "missing"
        remedy = "add basis: (docs/basis-sets.md), or results: for values of another program"
        problems.append(input_problem(file, "basis", rule, value, remedy))
    if spectra and not study.quantification.primary_scale:
        rule = "this key is required where there are spectra"
        remedy = "add it, declared before the analysis: e.g. ratio_tcr, lcmodel_water, tissue_molal"
        problems.append(input_problem(file, "quantification.primary_scale", rule, "missing", remedy))
    declared = (study.assay, study.genotype, study.analysis, study.power)
    if not spectra and not any(part is not None for part in declared):
        rule = "must declare something to be done"
        remedy = "add basis: or results: for spectra, assay:, genotype:, or design: and analysis: (`pharmrs init`)"
        problems.append(input_problem(file, "file", rule, "a title alone", remedy))
    return problems


def with_tissue_table(root: Path, study: Study, scans: Sequence[ScanFiles]) -> tuple[Study, list[InputProblem]]:
    """The study with the fractions of its table beside those that study.yaml gives itself, which come first."""
    plan = study.quantification
    if plan.tissue_table is None:
        return study, []
    found, problems = read_tissue_table(root / plan.tissue_table, scans)
    return replace(study, quantification=replace(plan, tissue_by_scan={**found, **plan.tissue_by_scan})), problems
