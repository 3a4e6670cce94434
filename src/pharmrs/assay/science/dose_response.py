"""Whether a plate answers to its standards at all, and whether its blanks are the concentration zero they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from pharmrs.assay.records.acceptance import AcceptanceCheck
from pharmrs.assay.records.plate import MEASURED
from pharmrs.assay.records.standard_curve import AssayWell, ReplicateNoise
from pharmrs.assay.science.noise import replicate_noise, well_variance
from pharmrs.core.errors import some_of
from pharmrs.core.records.arrays import FloatArray

UNREPLICATED_CV = 0.10  # noise of a well where no replicate tells it
_FEWEST_FREEDOM, _ASSUMED_FREEDOM = 8.0, 30.0  # below the first, that noise is assumed and counts as well known
_NO_RESPONSE_P = 1e-5  # of readings without any response: a plate in a hundred thousand passes for alive
_BLANK_P, _BLANK_SHARE = 0.001, 0.10  # blank and zero standard differ: beyond noise, and by a tenth of the response
_OTHER_NOISE_P = 1e-3
_WEAK_FOLD = 2.0
_ASSUMED = "too few replicates: a CV of 10 % is assumed"
_FLOOR_SD, _FLOOR_SHARE = 4.0, 0.25  # of the samples: a few may hold another matrix
_ASKED = "responses must follow the concentration of the standards"


def plate_noise(wells: Sequence[AssayWell], power: float) -> ReplicateNoise:
    """Noise of single wells from all replicates of the plate, before there is a curve."""
    groups: dict[tuple[str, str, float, float], list[float]] = {}
    for well in wells:
        if well.missing is None and np.isfinite(well.response):
            key = (well.role, well.sample if well.role != "standard" else "", well.dilution, well.nominal)
            groups.setdefault((key[0], key[1], key[2], key[3] if key[3] == key[3] else -1.0), []).append(well.response)
    values = [np.array(group) for group in groups.values()]
    noise = replicate_noise(values, power, UNREPLICATED_CV**2, 0.0)
    if noise.freedom >= _FEWEST_FREEDOM:
        return noise
    return ReplicateNoise(variance=UNREPLICATED_CV**2, power=1.0, freedom=_ASSUMED_FREEDOM, source=_ASSUMED)


def standards_noise(wells: Sequence[AssayWell], pooled: ReplicateNoise, power: float) -> ReplicateNoise:
    """The noise by which standards are judged: that of all replicates, or the standards' own where samples scatter far
    more (a column that was not filled): what is wrong with samples does not make standards noise."""
    own = plate_noise([well for well in wells if well.role in ("standard", "blank")], power)
    if _ASSUMED in (own.source, pooled.source):
        return pooled
    responses = np.array([well.response for well in wells if well.role == "standard" and well.missing is None])
    typical, largest = np.array([np.median(np.abs(responses))]), float(np.abs(responses).max())
    ratio = float(well_variance(pooled, typical, largest)[0] / well_variance(own, typical, largest)[0])
    return own if stats.f.sf(ratio, pooled.freedom, own.freedom) < _OTHER_NOISE_P else pooled


def judge_dose_response(levels: Mapping[float, FloatArray], noise: ReplicateNoise) -> AcceptanceCheck:
    """The concentrations are cut in two at every place: do those above read otherwise than those below (t test)?

    The best cut counts, times their number (Bonferroni). Without a response all wells are alike, so the noise is that
    of the median reading unless the levels' own is larger.
    """
    means = np.array([levels[nominal].mean() for nominal in sorted(levels)])
    counts = np.array([len(levels[nominal]) for nominal in sorted(levels)])
    if not np.ptp(means) > 0:
        return _dead(f"all standards read {means[0]:.4g}")
    largest = float(np.abs(means).max())
    typical = np.full(len(means), float(np.median(np.abs(means))))
    variances = np.maximum(well_variance(noise, typical, largest), well_variance(noise, means, largest)) / counts
    cuts = range(1, len(means))
    distances = [
        abs(means[cut:].mean() - means[:cut].mean())
        / np.sqrt(variances[cut:].sum() / len(means[cut:]) ** 2 + variances[:cut].sum() / cut**2)
        for cut in cuts
    ]
    p = min(1.0, 2 * len(distances) * float(stats.t.sf(max(distances), noise.freedom)))
    found = f"{means.min():.4g} to {means.max():.4g} over {len(means)} concentrations, p of no response {p:.2g}"
    if p > _NO_RESPONSE_P:
        return _dead(found)
    fold = float(np.abs(means).max() / max(float(np.abs(means).min()), 1e-300))
    if fold < _WEAK_FOLD:
        found = f"{found}; the whole curve is {fold:.2g}-fold: is this the right read, and did the colour develop?"
        return AcceptanceCheck(rule="dose_response", asked=_ASKED, found=found, verdict="noted")
    return AcceptanceCheck(rule="dose_response", asked=_ASKED, found=found, verdict="met", rejects=True)


def _dead(found: str) -> AcceptanceCheck:
    return AcceptanceCheck(rule="dose_response", asked=_ASKED, found=found, verdict="failed", rejects=True)


def judge_floor(wells: Sequence[AssayWell], zero: float, *, rising: bool, noise: ReplicateNoise) -> AcceptanceCheck:
    """Samples that read beyond concentration zero, on the side where there is nothing: wells that were not filled."""
    asked = "no sample reads less than nothing does"
    groups: dict[tuple[str, float], list[float]] = {}
    for well in wells:
        if well.role in MEASURED and well.missing is None:
            groups.setdefault((well.sample, well.dilution), []).append(well.response)
    if not groups or np.isnan(zero):
        why = "no sample" if not groups else "no well of concentration zero"
        return AcceptanceCheck(rule="floor", asked=asked, found=why, verdict="not judged")
    means = np.array([np.mean(values) for values in groups.values()])
    sizes = np.array([len(values) for values in groups.values()])
    variance = float(well_variance(noise, np.array([zero]), abs(zero))[0])
    below = (zero - means if rising else means - zero) / np.sqrt(max(variance, 1e-300) * (1 / sizes + 0.5))
    low = [name for (name, _), far in zip(groups, below, strict=True) if far > _FLOOR_SD]
    listed = f"{len(low)} of {len(groups)} do: {some_of(low)}"
    many = len(low) > _FLOOR_SHARE * len(groups)
    return AcceptanceCheck(
        rule="floor", asked=asked, found=listed if low else "none does", verdict="noted" if many else "met"
    )


def judge_blank(
    blanks: FloatArray, zero: float, zero_variance: float, noise: ReplicateNoise, largest: float
) -> AcceptanceCheck:
    """Blank wells against the response at concentration zero (of zero standards, or of the curve without blanks)."""
    mean = float(blanks.mean())
    variance = float(well_variance(noise, np.array([max(abs(mean), abs(zero))]), largest)[0]) / len(blanks)
    distance = abs(mean - zero) / np.sqrt(max(variance + zero_variance, 1e-300))
    p = 2 * float(stats.t.sf(distance, noise.freedom))
    differ = p < _BLANK_P and abs(mean - zero) > _BLANK_SHARE * max(abs(zero), abs(mean))
    found = f"blank {mean:.4g}, concentration zero {zero:.4g} (p {p:.2g})"
    asked = "blank wells must read as concentration zero does"
    return AcceptanceCheck(rule="blank", asked=asked, found=found, verdict="noted" if differ else "met")
