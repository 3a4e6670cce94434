"""What the control lanes of a gel allow to be said about its samples.

A single site has no internal digestion control: a failed digestion looks like the uncut homozygote, a partial one like
the heterozygote. A gel therefore needs a control whose complete digestion shows (the cut homozygote). All lanes of a
gel are taken as one batch of digestion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pharmrs.genotype.records.marker import Lane, gel_text
from pharmrs.genotype.science.bands import BandPlan, read_pattern


@dataclass(frozen=True, slots=True)
class GelVerdict:
    """Why nothing on a gel can be called (`all_reason`), or only what proves its own digestion (`mimic_reason`).

    `controlled`: a control shows what it should.
    """

    all_reason: str = ""
    mimic_reason: str = ""
    controlled: bool = False

    def doubt(self, genotype: str, plan: BandPlan) -> str:
        """What a called lane could be all the same, where no control of the gel shows a complete digestion."""
        if self.controlled or not plan.one_site[genotype]:
            return ""
        others = " or ".join(plan.one_site[genotype])
        return f"no control on the gel: {others} with one site cut in part would look the same"

    def reason_against(self, genotype: str, plan: BandPlan) -> str:
        """Why a lane that looks like `genotype` may not be called; empty: it may."""
        if self.all_reason:
            return self.all_reason
        return self.mimic_reason if plan.mimics[genotype] else ""


def judge_gel(lanes: Sequence[Lane], plan: BandPlan) -> GelVerdict:
    """Judge a gel by its control, uncut and blank lanes."""
    against = [reason for lane in lanes if (reason := _blank_or_uncut_problem(lane, plan))]
    against_mimics: list[str] = []
    controlled = False
    proven = not any(plan.mimics.values())  # a second site in both alleles is a digestion control in every lane
    for lane in (lane for lane in lanes if lane.role == "control"):
        pattern = read_pattern(lane, plan)
        if pattern.genotype == lane.genotype:
            controlled = True
            proven = proven or not plan.mimics[lane.genotype]
        elif not pattern.bands and not lane.bands_bp:
            continue  # a control that gave no band proves nothing, and disproves nothing
        elif _is_incomplete(lane.genotype, pattern.genotype, plan) or pattern.partial:
            against_mimics.append(_incomplete_text(lane, pattern.genotype, plan))
        else:
            seen = f"looks like {pattern.genotype}" if pattern.genotype else pattern.reason
            against.append(f"control {lane.sample} ({lane.genotype}) in {lane.place}: {seen}")
    if not proven and not against_mimics:
        wanted = " or ".join(name for name, mimics in plan.mimics.items() if not mimics)
        against.append(
            f"{gel_text(lanes[0].gel)} has no {wanted} control that shows complete digestion: a failed digestion "
            "looks like the uncut homozygote, a partial one like the heterozygote"
        )
    return GelVerdict("; ".join(against), "; ".join(against_mimics), controlled)


def control_problem(lane: Lane, plan: BandPlan) -> str:
    """Why a control, uncut or blank lane does not show what it should; empty: it does, or it is a sample."""
    if lane.role != "control":
        return _blank_or_uncut_problem(lane, plan)
    pattern = read_pattern(lane, plan)
    if pattern.genotype == lane.genotype:
        return ""
    return pattern.reason or f"known as {lane.genotype}, looks like {pattern.genotype}"


def _blank_or_uncut_problem(lane: Lane, plan: BandPlan) -> str:
    if lane.role not in ("blank", "uncut"):
        return ""
    pattern = read_pattern(lane, plan)
    read = [size for size in lane.bands_bp if size >= plan.rules.smallest_band_bp]
    if lane.role == "blank":
        return f"contamination: the blank in {lane.place} has a band" if read else ""
    if pattern.bands == plan.amplicon and len(read) == len(pattern.bands):
        return ""
    seen = " + ".join(f"{size:g}" for size in read) or "no band"
    return f"the uncut amplicon in {lane.place} shows {seen} instead of {plan.text(plan.amplicon)} bp"


def _is_incomplete(known: str, seen: str, plan: BandPlan) -> bool:
    return bool(seen) and known in plan.mimics[seen]


def _incomplete_text(lane: Lane, seen: str, plan: BandPlan) -> str:
    failed = seen and plan.patterns[seen] <= plan.amplicon
    what = "failed digestion" if failed else "partial digestion"
    looks = f" looks like {seen}" if seen else " is not cut completely"
    return f"{what} on {gel_text(lane.gel)}: the control {lane.sample} ({lane.genotype}) in lane {lane.lane}{looks}"
