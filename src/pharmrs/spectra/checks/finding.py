"""What a check of recordings, spectra and results looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from pharmrs.core.errors import InputProblem
from pharmrs.core.records.scan_files import REFERENCE_PURPOSES, ScanFiles
from pharmrs.spectra.preprocess.preprocess import Recordings
from pharmrs.spectra.records.acquisition import Acquisition, Fids
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import LinearCombinationFit
from pharmrs.spectra.records.preprocessing import PreprocessedScan, WaterAmplitude
from pharmrs.spectra.records.quantification import Concentration

METABOLITE = "metabolite"  # the recording a finding is about, beside the purposes of references


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A spectrum before its fit. `recordings`: what it was made of; `basis`: None where there is none yet."""

    recordings: Recordings
    scan: PreprocessedScan
    basis: BasisSet | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A fit and what it was made with. `corrected`: eddy currents were taken off by a water reference."""

    acquisition: Acquisition
    fit: LinearCombinationFit
    water: WaterAmplitude | None
    corrected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantified:
    """The concentrations of one scan; its `name`, which may tell the region, and the header of its spectrum."""

    name: str
    acquisition: Acquisition
    concentrations: tuple[Concentration, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a check found; the fields are those of `InputProblem`.

    `about`: `METABOLITE` or a purpose of references. `unusable`: that recording must not be used.
    """

    field: str
    rule: str
    value: str
    remedy: str
    about: str = METABOLITE
    severity: str = "warning"
    unusable: bool = False


EvidenceT = TypeVar("EvidenceT")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalCheck(Generic[EvidenceT]):
    """One thing that is looked at. `about`: in a sentence, for the documentation, with its source where it has one."""

    name: str
    about: str
    look: Callable[[EvidenceT], Iterable[Finding]]


def findings(checks: Sequence[SignalCheck[EvidenceT]], evidence: EvidenceT) -> tuple[Finding, ...]:
    """Everything that `checks` find, in their order."""
    return tuple(finding for check in checks for finding in check.look(evidence))


def problems_of(found: Iterable[Finding], files: ScanFiles) -> tuple[InputProblem, ...]:
    """The findings as problems of the files they are about; one file that serves several purposes is named once."""
    return tuple(
        dict.fromkeys(
            InputProblem(
                file=files.metabolite if one.about == METABOLITE else files.reference(one.about),
                field=one.field, rule=one.rule, value=one.value, remedy=one.remedy, severity=one.severity,
            )
            for one in found
        )
    )  # fmt: skip


def each_recording(recordings: Recordings) -> Iterator[tuple[str, Fids]]:
    """Every recording that is there with what it is for; one that serves several purposes comes for each."""
    yield METABOLITE, recordings.metabolite
    yield from each_reference(recordings)


def each_reference(recordings: Recordings) -> Iterator[tuple[str, Fids]]:
    """Every water reference that is there with its purpose."""
    for purpose in REFERENCE_PURPOSES:
        reference = getattr(recordings, purpose)
        if reference is not None:
            yield purpose, reference


def without_unusable(recordings: Recordings, found: Iterable[Finding]) -> Recordings:
    """The recordings without the references that must not be used."""
    useless = {one.about for one in found if one.unusable}
    kept = {purpose: reference for purpose, reference in each_reference(recordings) if purpose not in useless}
    return Recordings(metabolite=recordings.metabolite, **kept)
