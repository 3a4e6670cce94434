"""How the head lay in the visit of a scan, when the images that tell its tissues are of another visit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pharmrs.anatomy.read.transform import read_image_transform
from pharmrs.anatomy.read.volumes import read_volume
from pharmrs.anatomy.records.declared import Anatomy
from pharmrs.anatomy.records.images import Movement, VisitFiles, Volume
from pharmrs.anatomy.science.grids import inverse
from pharmrs.anatomy.science.visits import NotFound, Pair, apart_mm, find_movement
from pharmrs.core.errors import InputError, InputProblem, input_problem

_OF_FILE_MM = 0.5  # SD along each axis of a transform that no image could be compared with
_MOST_APART_MM = 2.0


def movement_of(
    visit: VisitFiles, head: Volume, brain: Volume, plan: Anatomy, notes: list[InputProblem]
) -> tuple[Movement, Volume | None]:
    """The movement, and the image of the visit where there is one. Raises InputError; warnings go to `notes`.

    `head`: an image of the head that the maps are of, `brain`: 1 in its brain.
    """
    image = read_volume(visit.image, notes) if visit.image else None
    given = _given(visit, notes) if visit.transform else None
    if image is None and given is None:
        return _declared(plan), None
    if image is None:
        assert given is not None
        return given, None
    pair = Pair(head, brain, image)
    try:
        found = find_movement(pair, f"registration of {Path(visit.image).name}")
    except NotFound as error:
        return _not_found(visit, str(error), given, plan, notes), image
    return (found if given is None else _agreed(given, found, pair, visit, notes)), image


def _given(visit: VisitFiles, notes: list[InputProblem]) -> Movement | None:
    try:
        to_head = read_image_transform(visit.transform)
    except InputError as error:
        notes += [replace(one, severity="warning") for one in error.problems]
        return None
    unknown = float("nan")
    return Movement(
        to_head=to_head,
        error_mm=_OF_FILE_MM,
        information=unknown,
        elsewhere=unknown,
        overlap=unknown,
        how=f"transform {Path(visit.transform).name}",
    )


def _agreed(given: Movement, found: Movement, pair: Pair, visit: VisitFiles, notes: list[InputProblem]) -> Movement:
    """The transform of the file where the images bear it out, with the difference as its error; else what they show."""
    apart = apart_mm(pair, given.to_head, found.to_head)
    if apart <= _MOST_APART_MM:
        return replace(
            given,
            error_mm=max(found.error_mm, apart / np.sqrt(3.0)),
            information=pair.information(given.to_head),
            elsewhere=found.elsewhere,
            overlap=found.overlap,
            how=f"{given.how}, borne out by {found.how}",
        )
    turned = apart_mm(pair, inverse(given.to_head), found.to_head) <= _MOST_APART_MM
    notes.append(
        input_problem(
            visit.transform,
            "transform",
            "must take the image of the visit to the participant's space, as the images show it",
            f"{apart:.1f} mm from the registration" + (", which its inverse fits" if turned else ""),
            "the registration was used; look at the picture, and give the file as fMRIPrep wrote it",
            severity="warning",
        )
    )
    return found


def _declared(plan: Anatomy) -> Movement:
    assert plan.other_visit_sd_mm is not None
    unknown = float("nan")
    how = f"declared: SD {plan.other_visit_sd_mm:g} mm"
    return Movement(
        to_head=np.eye(4),
        error_mm=plan.other_visit_sd_mm,
        information=unknown,
        elsewhere=unknown,
        overlap=unknown,
        how=how,
    )


def _not_found(
    visit: VisitFiles, why: str, given: Movement | None, plan: Anatomy, notes: list[InputProblem]
) -> Movement:
    rule = "the image of this visit must show how the head lay"
    if given is None and plan.other_visit_sd_mm is None:
        remedy = (
            "check that it is of the same person and covers the brain; give another image of the head of this "
            "visit, or declare anatomy: {other_visit_sd_mm: ...}"
        )
        raise InputError([input_problem(visit.image, "registration", rule, why, remedy)])
    taken = given or _declared(plan)
    remedy = "look at the picture, or give another image of the head of this visit"
    notes.append(
        input_problem(visit.image, "registration", rule, f"{why}; {taken.how} was taken", remedy, severity="warning")
    )
    return taken
