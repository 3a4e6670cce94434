"""What became of the samples of a study."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.core.records.columns import column


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFate:
    """One sample or scan. `material`: spectra, analyte or marker; `kind`: scan, biomarker or genotype; `time_point`:
    label of its session, empty without; `fate`: one of `FATES`."""

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

    material: str = column("Spectra, analyte or genetic marker.")
    kind: str = column(
        "What it is.", levels={"scan": "a recording", "biomarker": "measured on plates", "genotype": "called from gels"}
    )
    time_point: str = column("Time point of the session; `all`: over all of them.")
    planned: int = column("Sessions (spectra, biomarkers) or participants (genotypes) of the study.", "1")
    drawn: int = column("Recordings found; samples drawn: a sampling time is noted, or on a plate or gel.", "1")
    measured: int = column("Scans fitted; samples with a value inside the range of the assay, or with a genotype.", "1")
    below_limit: int = column("Samples below the lower limit: kept as censored values.", "1")
    above_limit: int = column("Samples above the upper limit: kept as censored values.", "1")
    rejected: int = column(
        "Samples measured on a rejected plate, or rejected by a rule of the assay's acceptance.", "1"
    )
    lost: int = column("Without a result: scan failed; sample not on a plate, no usable well, indeterminate.", "1")
    not_drawn: int = column("Planned, but no recording or no sample.", "1")


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
