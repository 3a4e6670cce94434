"""What raters decided about spectra becomes exclusions, by the rule that `study.yaml` declares."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, some_of
from pharmrs.core.files.checksums import Checksums
from pharmrs.core.files.places import REVIEW_FOLDER, STUDY_FILE, default_output
from pharmrs.core.records.handover import Handover
from pharmrs.core.report.section import MethodsPart
from pharmrs.core.report.tables import write_table
from pharmrs.core.stage import Stage, StageOutcome, StudyContext
from pharmrs.spectra.records.declared import SpectraPlan, VisualInspection
from pharmrs.spectra.records.quantification import Exclusion
from pharmrs.spectra.records.rules import VISUAL_INSPECTION
from pharmrs.spectra.review.agreement import agreement, pairs_of
from pharmrs.spectra.review.log import digest_of, log_files, read_decisions
from pharmrs.spectra.review.records import Decision, RaterAgreement, standing_decisions
from pharmrs.spectra.review.section import inspection_paragraphs, inspection_section, inspection_tables
from pharmrs.spectra.review.shown import Shown, shown_scans
from pharmrs.spectra.stage.foreign_scans import FOREIGN
from pharmrs.spectra.stage.scans import JUDGED

Verdicts = dict[str, dict[str, Decision]]  # scan -> rater -> decision


_VERDICTS: Handover[Verdicts] = Handover("decisions of raters that count", {})


def inspect(
    root: Path, study: SpectraPlan, shown: Sequence[Shown], output: Path, checksums: Checksums
) -> tuple[Verdicts, list[InputProblem]]:
    """The decisions that count, and what is wrong with them. Raises InputError for logs that cannot be read.

    A decision on another recording than the one that is there now does not count, nor one on a scan that is not there.
    """
    folder = output / REVIEW_FOLDER
    standing = standing_decisions(read_decisions(folder))
    rule = study.quality.visual_inspection
    if rule is None:
        return {}, [_no_rule(root, folder)] if standing else []
    known = {one.files.name: one.file for one in shown}
    problems = [_stranger(folder, scan) for scan in sorted(standing) if scan not in known]
    counted: Verdicts = {}
    for name, file in sorted(known.items()):
        own = standing.get(name, {})
        digest = digest_of(checksums.of(Path(file))) if own else ""
        counted[name] = {rater: one for rater, one in sorted(own.items()) if one.recording == digest}
        problems += [_other_recording(folder, one) for rater, one in sorted(own.items()) if one.recording != digest]
    missing = [name for name, raters in counted.items() if len(raters) < rule.raters]
    if missing:
        problems.append(_incomplete(folder, missing, rule))
    return counted, problems


def exclusion_of(scan: str, raters: Mapping[str, Decision], rule: VisualInspection) -> Exclusion | None:
    """The exclusion that the verdicts on a scan make under the declared rule; None: the scan is kept."""
    rejecting = [one for one in raters.values() if _rejects(one, rule)]
    wanted = 1 if rule.exclude_when == "any" else max(rule.raters, len(raters))
    if len(rejecting) < wanted:
        return None
    verdicts = "; ".join(_verdict_text(rater, one) for rater, one in raters.items())
    return Exclusion(
        scan=scan, metabolite="*", rule=VISUAL_INSPECTION.name, limit=math.nan, value=math.nan, decided_by=verdicts
    )


def review_checksums(output: Path) -> dict[str, str]:
    """SHA-256 of the logs of all raters, for the provenance: they are input of the run."""
    return {
        f"{REVIEW_FOLDER}/{path.name}": hashlib.sha256(path.read_bytes()).hexdigest()
        for path in log_files(output / REVIEW_FOLDER)
    }


def agreements(verdicts: Verdicts) -> tuple[RaterAgreement, ...]:
    """Agreement of every pair of raters."""
    plain = {scan: {rater: one.decision for rater, one in raters.items()} for scan, raters in verdicts.items()}
    names = sorted({rater for raters in plain.values() for rater in raters})
    return tuple(agreement(one, other, pairs_of(plain, one, other)) for one, other in combinations(names, 2))


def self_agreements(verdicts: Verdicts, decisions: Sequence[Decision]) -> tuple[RaterAgreement, ...]:
    """Agreement of each rater with themselves over the scans that were shown to them twice, of the same recording."""
    pairs: dict[str, list[tuple[str, str]]] = {}
    for scan, raters in standing_decisions(decisions, showing=2).items():
        for rater, second in raters.items():
            first = verdicts.get(scan, {}).get(rater)
            if first is not None and first.recording == second.recording:
                pairs.setdefault(rater, []).append((first.decision, second.decision))
    return tuple(agreement(rater, rater, found) for rater, found in sorted(pairs.items()))


def finished_agreements(folder: Path, rater: str) -> tuple[RaterAgreement, ...]:
    """Agreement of `rater` with every other rater and with themselves, from the logs as they are."""
    decisions = read_decisions(folder)
    verdicts = standing_decisions(decisions)
    pairs = (*agreements(verdicts), *self_agreements(verdicts, decisions))
    return tuple(pair for pair in pairs if rater in (pair.first, pair.second) and pair.scans)


def _rejects(one: Decision, rule: VisualInspection) -> bool:
    return one.decision == "reject" or (one.decision == "unsure" and rule.unsure_counts_as == "reject")


def _verdict_text(rater: str, one: Decision) -> str:
    return f"rater {rater}: {one.decision}" + (f" ({one.reason})" if one.reason else "")


def _look(context: StudyContext[SpectraPlan]) -> StageOutcome:
    """What the raters decided, as exclusions. Raises InputError for logs that cannot be read."""
    plan = context.plan
    foreign = context.given(FOREIGN)
    shown = shown_scans(context.scans, foreign, fitted=plan.basis is not None)
    seen = {one.files.name for one in shown}
    verdicts, problems = inspect(context.root, plan, shown, context.output, context.checksums)
    rule = plan.quality.visual_inspection
    if rule is not None and (unseen := [one.name for one in context.scans if one.name not in seen]):
        problems.append(_not_shown(context.root, unseen))
    made = {
        scan: (found,)
        for scan, raters in verdicts.items()
        if rule is not None and (found := exclusion_of(scan, raters, rule)) is not None
    }
    return StageOutcome(problems=tuple(problems), handed={JUDGED: made, _VERDICTS: verdicts})


def _run(context: StudyContext[SpectraPlan]) -> StageOutcome:
    rule, verdicts = context.plan.quality.visual_inspection, context.given(_VERDICTS)
    assert rule is not None
    excluded = {scan for scan, raters in verdicts.items() if exclusion_of(scan, raters, rule) is not None}
    pairs = (*agreements(verdicts), *self_agreements(verdicts, read_decisions(context.output / REVIEW_FOLDER)))
    for table in inspection_tables(verdicts, excluded, pairs):
        write_table(context.output, table)
    part = MethodsPart(
        title="Visual inspection", write=lambda cite: inspection_paragraphs(rule, verdicts, excluded, pairs, cite)
    )
    section = inspection_section(rule, verdicts, excluded, pairs)
    return StageOutcome(sections=(section,), methods=(part,))


def _check(root: Path, _study: SpectraPlan) -> tuple[InputProblem, ...]:
    """Whether the logs can be read, where `pharmrs review` puts them unless told otherwise."""
    try:
        read_decisions(default_output(root) / REVIEW_FOLDER)
    except InputError as error:
        return error.problems
    return ()


INSPECTION_STAGE: Stage[SpectraPlan] = Stage(
    name="visual inspection",
    outputs=("visual_inspection.*", "rater_agreement.*"),
    wanted=lambda _root, study: study.quality.visual_inspection is not None,
    run=_run,
    look=_look,
    check=_check,
)


def _no_rule(root: Path, folder: Path) -> InputProblem:
    return InputProblem(
        file=str(root / STUDY_FILE), field="quality.visual_inspection", rule="must say what decisions of raters mean",
        value=f"missing, but {folder.name} holds decisions", severity="warning",
        remedy="declare raters, exclude_when and unsure_counts_as; until then the decisions change nothing",
    )  # fmt: skip


def _not_shown(root: Path, unseen: Sequence[str]) -> InputProblem:
    return InputProblem(
        file=str(root / STUDY_FILE), field="quality.visual_inspection", rule="every scan should be judged by raters",
        value=f"only values of another program: {some_of(unseen)}", severity="warning",
        remedy="add the files that hold the curves of these fits (.coord of LCModel), or bring the recordings and "
        "declare a basis set, so that `pharmrs review` can show them; until then these scans are kept unseen",
    )  # fmt: skip


def _stranger(folder: Path, scan: str) -> InputProblem:
    return InputProblem(
        file=str(folder), field=scan, rule="decisions should be about scans of the dataset", value="not in the dataset",
        remedy="restore the scan, or leave the decision: it changes nothing", severity="warning",
    )  # fmt: skip


def _other_recording(folder: Path, one: Decision) -> InputProblem:
    return InputProblem(
        file=str(folder), field=f"{one.scan}, rater {one.rater}", rule="must be about the recording that is there now",
        value="the recording was changed after it was judged", severity="warning",
        remedy="judge it again with `pharmrs review`; until then the decision changes nothing",
    )  # fmt: skip


def _incomplete(folder: Path, missing: Sequence[str], rule: VisualInspection) -> InputProblem:
    return InputProblem(
        file=str(folder), field="decisions", rule=f"every scan should be judged by {rule.raters} raters, as declared",
        value=f"not yet: {some_of(missing)}", remedy="finish `pharmrs review` and run again", severity="warning",
    )  # fmt: skip
