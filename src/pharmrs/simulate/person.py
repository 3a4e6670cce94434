"""Everything that is recorded of one participant: images of the head, then the scans of every visit."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.simulate.head import HeadSettings, PlacedVisit, draw_head, place_visits, write_head
from pharmrs.simulate.recordings import REFERENCES, RecordingTask, ScannerSettings, SimulatedRecording, record_visit
from pharmrs.simulate.trial_records import Participant, Trial, Visit
from pharmrs.spectra.records import Acquisition, BasisSet


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonTask:
    """One participant to be recorded by a worker. Without `head` there are no images, and the box lies as in all."""

    root: Path
    trial: Trial
    person: Participant
    basis: BasisSet
    acquisition: Acquisition
    scanner: ScannerSettings
    head: HeadSettings | None
    references: tuple[tuple[str, str], ...] = REFERENCES


@dataclass(frozen=True, slots=True)
class PersonRecorded:
    """The visits with the tissue that their voxels really hold, and what was recorded."""

    person: Participant
    visits: tuple[Visit, ...]
    recorded: tuple[SimulatedRecording, ...]


def record_person(task: PersonTask) -> PersonRecorded:
    """Simulate and write the images and recordings of one participant."""
    own = [visit for visit in task.trial.visits if visit.participant == task.person]
    if task.head is not None:
        head = draw_head(task.trial, task.person, task.head)
        write_head(task.root, task.trial, task.person, head, task.head)
        placed = place_visits(task.trial, task.person, head, task.head)
    else:
        placed = [PlacedVisit(visit, voxel_affine()) for visit in own]
    recorded = tuple(_record(task, one) for one in placed if one.visit.has_scan)
    return PersonRecorded(task.person, tuple(one.visit for one in placed), recorded)


def _record(task: PersonTask, placed: PlacedVisit) -> SimulatedRecording:
    return record_visit(
        RecordingTask(
            root=task.root,
            trial=task.trial,
            visit=placed.visit,
            basis=task.basis,
            acquisition=task.acquisition,
            scanner=task.scanner,
            affine=placed.affine,
            references=task.references,
        )
    )


def voxel_affine() -> FloatArray:
    """20 x 15 x 10 mm near the pregenual anterior cingulate cortex, axes along the scanner's, shape (4, 4)."""
    affine = np.diag([20.0, 15.0, 10.0, 1.0])
    affine[:3, 3] = (0.0, 40.0, 10.0)
    return affine
