"""Effects of the place on the plate: edge against inner wells, drift along rows and columns.

Every replicate is compared with the mean of its group, every standard's too, in SD of the plate's noise: what the
wells hold cancels, what their places do stays. Groups that lie side by side in one kind of place tell nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from pharmrs.assay.records.acceptance import AcceptanceCheck, RuleName, Verdict
from pharmrs.assay.records.plate import well_position
from pharmrs.assay.records.standard_curve import AssayWell, ReplicateNoise
from pharmrs.assay.science.noise import well_variance
from pharmrs.core.records.arrays import FloatArray

_NOTED_P, _NOTED_SHARE = 0.001, 0.05
_FEWEST = 6  # degrees of freedom of what is compared
_STRONG_FOLD, _PLACE_P = 4.0, 0.001
_LINES = ("rows", "columns")


@dataclass(frozen=True, slots=True)
class _Effect:
    """What a place may do: its value for each well, and the difference of it that counts."""

    values: FloatArray
    reach: float


def judge_places(
    wells: Sequence[AssayWell], noise: ReplicateNoise, largest: float, shape: tuple[int, int]
) -> tuple[AcceptanceCheck, ...]:
    """Two checks: edge, and drift over rows or columns."""
    values, places, cv = _within_groups(wells, noise, largest)
    outer = [(places[:, axis] % (shape[axis] - 1)) == 0 for axis in (0, 1)]
    reach = [float(np.ptp(places[:, axis])) if len(places) else 0.0 for axis in (0, 1)]
    edge = {"at the edge": _Effect((outer[0] | outer[1]).astype(float), 1.0)}
    sides = {f"in the outer {name}": outer[axis].astype(float) for axis, name in enumerate(_LINES)}
    drift = {
        f"from the first to the last {name[:-1]}": _Effect(places[:, axis], reach[axis])
        for axis, name in enumerate(_LINES)
    }
    return (
        _judged("edge", "wells at the edge must read as inner ones", values, cv, edge, sides),
        _judged(
            "drift",
            "readings must not drift along rows or columns",
            values,
            cv,
            drift,
            {name: one.values for name, one in drift.items()},
        ),
    )


def judge_place_alone(wells: Sequence[AssayWell], noise: ReplicateNoise) -> AcceptanceCheck:
    """Whether the rows (or columns) alone explain what the plate reads: a gradient over a plate without any response.

    Standards stand in rows by their concentration, so a gradient looks like a curve. Samples give it away: they then
    read as the standards of their row. Only weak plates are asked: a sample may be the standard of its row by chance.
    """
    asked = "readings must follow what the wells hold, not only where they lie"
    groups = [group for group in _groups(wells) if all(well_position(well.well) for well in group)]
    means = np.array([np.mean([well.response for well in group]) for group in groups])
    if len(groups) < _FEWEST or not means.min() > 0 or means.max() / means.min() > _STRONG_FOLD:
        strong = len(groups) >= _FEWEST
        found = "the readings differ too much for it" if strong else "too few groups of replicates"
        return AcceptanceCheck(rule="place", asked=asked, found=found, verdict="met" if strong else "not judged")
    variance = well_variance(noise, means, float(means.max())) / [len(group) for group in groups]
    best, sentence = 0.0, ""
    for axis, name in enumerate(("row", "column")):
        at = [{position[axis] for well in group if (position := well_position(well.well))} for group in groups]
        lines = np.array([min(places) if len(places) == 1 else -1 for places in at])
        known = [line for line in set(lines.tolist()) if line >= 0]
        freedom = int(np.sum(lines >= 0)) - len(known)
        if len(known) < 2 or freedom < _FEWEST:
            continue
        misfit = 0.0
        for line in known:
            here = lines == line
            middle = np.average(means[here], weights=1 / variance[here])
            misfit += float(np.sum((means[here] - middle) ** 2 / variance[here]))
        p = float(stats.f.sf(misfit / freedom, freedom, noise.freedom))
        best, sentence = max((best, sentence), (p, f"every group of wells reads as its {name} does (p {p:.2g})"))
    if not sentence:
        return AcceptanceCheck(
            rule="place", asked=asked, found="groups lie in lines of their own", verdict="not judged"
        )
    verdict: Verdict = "failed" if best > _PLACE_P else "met"
    found = sentence if verdict == "failed" else f"what the wells hold matters (p {best:.2g})"
    return AcceptanceCheck(rule="place", asked=asked, found=found, verdict=verdict, rejects=True)


def _groups(wells: Sequence[AssayWell]) -> list[list[AssayWell]]:
    """Wells that hold the same, measured ones only."""
    groups: dict[tuple[str, str, float, str], list[AssayWell]] = {}
    for well in wells:
        if well.missing is None and np.isfinite(well.response):
            key = (well.role, well.sample, well.dilution, f"{well.nominal}")
            groups.setdefault(key, []).append(well)
    return list(groups.values())


def _within_groups(
    wells: Sequence[AssayWell], noise: ReplicateNoise, largest: float
) -> tuple[list[tuple[list[int], FloatArray]], FloatArray, float]:
    """Per group of replicates: rows of the place array, and deviations in SD; the places (wells, 2); median CV."""
    found: list[tuple[list[int], FloatArray]] = []
    places: list[tuple[int, int]] = []
    sizes: list[float] = []
    for group in _groups(wells):
        if len(group) < 2:
            continue
        responses = np.array([well.response for well in group])
        sd = float(np.sqrt(well_variance(noise, np.array([responses.mean()]), largest)[0]))
        sizes.append(sd / max(abs(float(responses.mean())), 1e-300))
        rows = list(range(len(places), len(places) + len(group)))
        places += [position for well in group if (position := well_position(well.well)) is not None]
        found.append((rows, (responses - responses.mean()) / sd if sd > 0 else responses * 0.0))
    return found, np.array(places, dtype=float).reshape(-1, 2), float(np.median(sizes)) if sizes else 0.0


def _judged(
    rule: RuleName,
    asked: str,
    groups: list[tuple[list[int], FloatArray]],
    cv: float,
    effects: Mapping[str, _Effect],
    sides: Mapping[str, FloatArray],
) -> AcceptanceCheck:
    """Least squares of the deviations on place, both centred within their groups; F test of all effects.

    Noted where it is beyond chance and moves single wells by a share that matters. `sides`: places in which a group's
    replicates must differ for anything to be told of them; where none do, they are named.
    """
    if not groups:
        return AcceptanceCheck(rule=rule, asked=asked, found="no replicates", verdict="not judged")
    y = np.concatenate([values for _, values in groups])
    within = {name: _centred(one.values, groups) for name, one in effects.items()}
    known = {name: values for name, values in within.items() if np.any(np.abs(values) > 0)}
    unknown = [name for name, values in sides.items() if not np.any(np.abs(_centred(values, groups)) > 0)]
    untold = f"{' and '.join(unknown)} nothing can be said: replicates lie in one kind of place" if unknown else ""
    design = np.stack(list(known.values()), axis=1) if known else np.zeros((len(y), 0))
    freedom = len(y) - len(groups) - design.shape[1]
    if not known or freedom < _FEWEST or np.linalg.matrix_rank(design) < design.shape[1]:
        found = untold or "too few replicates in different places"
        return AcceptanceCheck(rule=rule, asked=asked, found=found, verdict="not judged")
    slopes, *_ = np.linalg.lstsq(design, y, rcond=None)
    explained = float(np.sum((design @ slopes) ** 2))
    left = float(np.sum((y - design @ slopes) ** 2))
    p = float(stats.f.sf(explained / len(slopes) / max(left / freedom, 1e-300), len(slopes), freedom))
    moved = {name: cv * float(slope) * effects[name].reach for name, slope in zip(known, slopes, strict=True)}
    found = ", ".join(f"{round(100 * share) or 0:+d} % {name}" for name, share in moved.items()) + f" (p {p:.2g})"
    noted = p < _NOTED_P and max(map(abs, moved.values())) > _NOTED_SHARE
    return AcceptanceCheck(
        rule=rule, asked=asked, found=f"{found}; {untold}" if untold else found, verdict="noted" if noted else "met"
    )


def _centred(values: FloatArray, groups: list[tuple[list[int], FloatArray]]) -> FloatArray:
    return np.concatenate([values[rows] - values[rows].mean() for rows, _ in groups])
