"""Which bands belong to which genotype, and what the bands of one lane look like.

Sizes whose tolerances overlap cannot be told apart on the gel and count as one band.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pharmrs.core.errors import InputError, InputProblem, some_of
from pharmrs.genotype.records.marker import CallRules, Digest, Lane, MarkerAssay


@dataclass(frozen=True, slots=True)
class BandPlan:
    """The bands a marker can give.

    `sizes`: for each band that can be told apart, the sizes (bp) it stands for; the other fields hold positions in it.
    `patterns`: genotype -> bands of its complete digestion. `mimics`: genotype -> the genotypes that give the same
    bands when their digestion is incomplete; a genotype without any shows its complete digestion by itself. `one_site`:
    genotype -> those that give the same bands where only one site, and not the others, is cut in part.
    """

    sizes: tuple[tuple[int, ...], ...]
    patterns: dict[str, frozenset[int]]
    mimics: dict[str, tuple[str, ...]]
    one_site: dict[str, tuple[str, ...]]
    amplicon: frozenset[int]
    rules: CallRules

    def text(self, bands: frozenset[int] | set[int]) -> str:
        """Sizes of the bands in words."""
        return " + ".join("/".join(map(str, self.sizes[band])) for band in sorted(bands)) or "no band"


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a lane shows: the bands that are expected of the marker, the genotype they make up (empty: none), and why
    they make up none. `notes`: what was left out of the reading;
    `partial`: what is there speaks of a digestion that was not complete."""

    bands: frozenset[int]
    genotype: str
    reason: str
    notes: str = ""
    partial: bool = False


def plan_bands(assay: MarkerAssay, rules: CallRules) -> BandPlan:
    """The bands to expect. Raises InputError where the tolerance is too wide to tell the genotypes apart.

    Bands of complete digestion come first: a piece of a partial one that lies within the tolerance of such a band
    reads as it, the others are bands of their own.
    """
    rules = rules.of(assay.marker)

    def readable(sizes: Iterable[int]) -> list[int]:
        return sorted({size for size in sizes if size >= rules.smallest_band_bp})

    visible = readable(size for digest in assay.digests for size in (*digest.fragments_bp, digest.amplicon_bp))
    clusters = _clusters(visible, rules)
    for size in readable({size for digest in assay.digests for size in digest.products_bp} - set(visible)):
        near = min(visible, key=lambda band: abs(band - size))
        if abs(near - size) <= rules.tolerance_bp(near):
            next(cluster for cluster in clusters if near in cluster).append(size)
        else:
            clusters.append([size])
    clusters.sort(key=min)
    place = {size: number for number, cluster in enumerate(clusters) for size in cluster}

    def bands_of(digests: Sequence[Digest]) -> frozenset[int]:
        return frozenset(place[size] for digest in digests for size in digest.fragments_bp if size in place)

    pairs = genotype_pairs(assay)
    patterns = {name: bands_of(pair) for name, pair in pairs.items()}
    if len(set(patterns.values())) < len(patterns) or not all(patterns.values()):
        raise InputError([_too_wide(assay, rules, visible)])
    mimics = {
        name: tuple(
            other for other, pair in pairs.items() if other != name and _is_mimicked(patterns[name], pair, place)
        )
        for name in pairs
    }
    pieces = {
        name: {place[size] for one in pair for size in one.products_bp if size in place} for name, pair in pairs.items()
    }
    one_site = {
        name: tuple(other for other in pairs if patterns[other] < patterns[name] <= patterns[other] | pieces[other])
        for name in pairs
    }
    amplicon = frozenset(place[digest.amplicon_bp] for digest in assay.digests)
    return BandPlan(tuple(map(tuple, clusters)), patterns, mimics, one_site, amplicon, rules)


def _clusters(sizes: Sequence[int], rules: CallRules) -> list[list[int]]:
    """Sizes in rising order, those together whose tolerances overlap."""
    clusters: list[list[int]] = []
    for size in sizes:
        if clusters and size - rules.tolerance_bp(size) <= clusters[-1][-1] + rules.tolerance_bp(clusters[-1][-1]):
            clusters[-1].append(size)
        else:
            clusters.append([size])
    return clusters


def genotype_pairs(assay: MarkerAssay) -> dict[str, tuple[Digest, Digest]]:
    """Genotype (`Val/Val`, `Val/Met`, `Met/Met`) -> the digests of its two alleles."""
    pairs = itertools.combinations_with_replacement(assay.digests, 2)
    return dict(zip(assay.genotypes, pairs, strict=True))


def _is_mimicked(pattern: frozenset[int], pair: Sequence[Digest], place: dict[int, int]) -> bool:
    """Whether incomplete digestion of `pair` can show `pattern`.

    Of each allele there may be the final fragments, all pieces (a partial digestion cuts every site of some molecules
    only) or the whole amplicon. With a second site in both alleles some piece then betrays it.
    """
    states = [
        [
            {place[size] for size in sizes if size in place}
            for sizes in (digest.fragments_bp, digest.products_bp, (digest.amplicon_bp,))
        ]
        for digest in pair
    ]
    return any(one | other == pattern for one, other in itertools.product(*states))


def read_pattern(lane: Lane, plan: BandPlan) -> Pattern:
    """The genotype that the bands of a lane look like, controls and other lanes left aside."""
    small = [size for size in lane.bands_bp if size < plan.rules.smallest_band_bp]
    notes = f"below {plan.rules.smallest_band_bp:g} bp and not read: {_sizes(small)}" if small else ""
    unexpected: list[float] = []
    found: list[int] = []
    for size in lane.bands_bp:
        if size in small:
            continue
        band = _nearest(size, plan)
        if band is None:
            unexpected.append(size)
        else:
            found.append(band)
    bands = frozenset(found)
    genotype, reason, partial = "", "", False
    if not found and not unexpected:
        reason = "no band: the PCR or the loading of the lane failed"
    elif unexpected:
        reason = f"unexpected band at {_sizes(unexpected)} bp"
    elif len(found) > len(bands):
        twice = {band for band, times in Counter(found).items() if times > 1}
        reason = f"several bands are read as {plan.text(twice)} bp"
    else:
        genotype = next((name for name, pattern in plan.patterns.items() if pattern == bands), "")
        partial = not genotype and bool(pieces := bands - frozenset().union(*plan.patterns.values()))
        reason = "" if genotype else _piece(pieces, plan) if partial else _why_none(bands, plan)
    if genotype:
        reason = _uncut_share_problem(lane, genotype, plan)
        partial = bool(reason)
    return Pattern(bands, genotype if not reason else "", reason, notes, partial)


def _piece(pieces: frozenset[int], plan: BandPlan) -> str:
    return f"partial digestion: {plan.text(pieces)} bp is a piece that complete digestion does not leave"


def _why_none(bands: frozenset[int], plan: BandPlan) -> str:
    missing = min((pattern - bands for pattern in plan.patterns.values() if bands <= pattern), key=len, default=None)
    if missing is not None:
        return f"{plan.text(bands)} bp without {plan.text(missing)} bp fits no genotype"
    return f"the bands {plan.text(bands)} bp fit no genotype"


def _uncut_share_problem(lane: Lane, genotype: str, plan: BandPlan) -> str:
    """Partial digestion of a homozygote looks like a heterozygote, but for the share of the uncut band."""
    pattern = plan.patterns[genotype]
    if not lane.intensities or not (plan.amplicon & pattern) or pattern <= plan.amplicon:
        return ""
    total = sum(lane.intensities)
    uncut = sum(
        strength
        for size, strength in zip(lane.bands_bp, lane.intensities, strict=True)
        if _nearest(size, plan) in plan.amplicon
    )
    low, high = plan.rules.heterozygote_uncut_share
    if total <= 0 or low <= uncut / total <= high:
        return ""
    return (
        f"partial digestion or mixture suspected: the uncut band holds {100 * uncut / total:.0f} % of the signal, "
        f"a heterozygote {100 * low:.0f} to {100 * high:.0f} %"
    )


def _nearest(size: float, plan: BandPlan) -> int | None:
    near = [
        (abs(size - expected), number)
        for number, cluster in enumerate(plan.sizes)
        for expected in cluster
        if abs(size - expected) <= plan.rules.tolerance_bp(expected)
    ]
    return min(near)[1] if near else None


def _sizes(sizes: Sequence[float]) -> str:
    return some_of([f"{size:g}" for size in sizes])


def _too_wide(assay: MarkerAssay, rules: CallRules, visible: Sequence[int]) -> InputProblem:
    shown = ", ".join(f"{size} ± {rules.tolerance_bp(size):.0f}" for size in visible)
    return InputProblem(
        file=assay.marker.file, field="size tolerance", rule="must tell the bands of the genotypes apart",
        value=f"{shown} bp, bands below {rules.smallest_band_bp:g} bp not read",
        remedy="declare the smaller tolerance that the gel resolves, or another enzyme",
    )  # fmt: skip
