"""The recordings of a study as they were found: plan, basis set, scans, and every problem on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.declared import SpectraPlan

PlanT_co = TypeVar("PlanT_co", bound=SpectraPlan, covariant=True)


@dataclass(frozen=True, slots=True)
class Dataset(Generic[PlanT_co]):
    """What can be used of a dataset. `study` or `basis` is None where it could not be read."""

    root: Path
    study: PlanT_co | None
    basis: BasisSet | None
    scans: tuple[ScanFiles, ...]
    problems: tuple[InputProblem, ...]

    def usable(self) -> tuple[PlanT_co, BasisSet]:
        """Plan and basis set. Raises InputError with all problems when the dataset cannot be worked on at all."""
        if self.study is None or self.basis is None or not self.scans:
            raise InputError(self.problems)
        return self.study, self.basis

    @property
    def general_problems(self) -> tuple[InputProblem, ...]:
        """Problems of the dataset that concern no single scan."""
        scans = {scan.metabolite for scan in self.scans}
        return tuple(problem for problem in self.problems if problem.file not in scans)
