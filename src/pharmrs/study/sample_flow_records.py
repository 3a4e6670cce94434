"""What became of the samples of a study."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFate:
    """One sample of one material. `material`: analyte or marker; `kind`: biomarker or genotype; `time_point`: label of
    its session, empty without; `fate`: one of `FATES`."""

    material: str
    kind: str
    time_point: str
    fate: str


# not_drawn: planned, no sample; lost: a sample, but no result
FATES = ("measured", "below_limit", "above_limit", "rejected", "lost", "not_drawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowRow:
    """Counts of one material at one time point (`all`: of all); planned = drawn + not_drawn, and drawn = measured +
    below_limit + above_limit + rejected + lost."""

    material: str
    kind: str
    time_point: str
    planned: int
    drawn: int
    measured: int
    below_limit: int
    above_limit: int
    rejected: int
    lost: int
    not_drawn: int


ALL = "all"


def count_samples(fates: list[SampleFate]) -> tuple[FlowRow, ...]:
    """Counts per material, over all time points first, then at each where there are several."""
    rows = []
    for material, kind in dict.fromkeys((one.material, one.kind) for one in fates):
        own = [one for one in fates if (one.material, one.kind) == (material, kind)]
        rows.append(_row(material, kind, ALL, own))
        points = list(dict.fromkeys(one.time_point for one in own))
        if len(points) > 1:
            rows += [_row(material, kind, point, [one for one in own if one.time_point == point]) for point in points]
    return tuple(rows)


def _row(material: str, kind: str, time_point: str, fates: list[SampleFate]) -> FlowRow:
    counts = {fate: sum(one.fate == fate for one in fates) for fate in FATES}
    return FlowRow(
        material=material,
        kind=kind,
        time_point=time_point or "not stated",
        planned=len(fates),
        drawn=len(fates) - counts["not_drawn"],
        **counts,
    )
