"""The recordings of a study as they were found: plan, basis set, scans, and every problem on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.records.foreign import ForeignScan

PlanT_co = TypeVar("PlanT_co", bound=SpectraPlan, covariant=True)


@dataclass(frozen=True, slots=True)
class Dataset(Generic[PlanT_co]):
    """What can be used of a dataset. `study` is None where it could not be read, `basis` also where there is none.

    `scans`: recordings; `foreign`: scans with values of another program. `stopped`: nothing can be done before the
    problems are solved.
    """

    root: Path
    study: PlanT_co | None
    basis: BasisSet | None
    scans: tuple[ScanFiles, ...]
    problems: tuple[InputProblem, ...]
    foreign: tuple[ForeignScan, ...] = ()
    stopped: bool = False

    def usable(self) -> PlanT_co:
        """The plan. Raises InputError with all problems when the dataset cannot be worked on at all."""
        if self.study is None or self.stopped:
            raise InputError(self.problems)
        return self.study

    def to_fit(self) -> tuple[PlanT_co, BasisSet]:
        """Plan and basis set, for who needs fits of recordings. Raises InputError where there can be none."""
        study = self.usable()
        if self.basis is None or not self.scans:
            rule, remedy = "needs recordings and a basis set", "bring recordings (*_svs.nii.gz) and declare a basis set"
            field = "basis" if self.basis is None else "recordings"
            raise InputError([*self.problems, input_problem(self.root, field, rule, "none", remedy)])
        return study, self.basis

    @property
    def all_scans(self) -> tuple[ScanFiles, ...]:
        """Every scan once: recordings, then those of which there are only values of another program."""
        recorded = {scan.name for scan in self.scans}
        return (*self.scans, *(one.files for one in self.foreign if one.files.name not in recorded))

    @property
    def general_problems(self) -> tuple[InputProblem, ...]:
        """Problems of the dataset that concern no single scan."""
        scans = {scan.metabolite for scan in self.scans}
        return tuple(problem for problem in self.problems if problem.file not in scans)
