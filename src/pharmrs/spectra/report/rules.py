"""Exclusion rules in words: declared by their key in `study.yaml`, recorded by the name they are applied under."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pharmrs.spectra.records.quantification import Exclusion

if TYPE_CHECKING:
    from pharmrs.spectra.records.declared import QualityRules

WHOLE_SCAN = ("*", "")  # what `Exclusion.metabolite` holds when the scan as a whole is meant


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleWords:
    """`applied_as`: name in `Exclusion.rule`; `label`: for tables; `sentence`: for the methods, with `{limit}`."""

    applied_as: str
    label: str
    sentence: str


DECLARED: dict[str, RuleWords] = {
    "max_line_width_hz": RuleWords(
        applied_as="line width (Hz) at most",
        label="line width above the limit (Hz)",
        sentence="line width of the scan above {limit} Hz",
    ),
    "min_signal_to_noise": RuleWords(
        applied_as="S/N at least",
        label="S/N below the limit",
        sentence="signal-to-noise ratio of the scan below {limit}",
    ),
    "max_crlb_percent": RuleWords(
        applied_as="CRLB (%) at most",
        label="CRLB above the limit (%)",
        sentence="relative uncertainty (CRLB) of the value above {limit} %",
    ),
}
_NOT_CONVERGED = RuleWords(
    applied_as="fit converged", label="fit did not converge", sentence="the fit of the scan did not converge"
)
VISUAL_INSPECTION = "visual inspection"
_REJECTED = RuleWords(
    applied_as=VISUAL_INSPECTION, label="rejected by raters", sentence="the scan was rejected on visual inspection"
)
_WITHOUT_LIMIT = {words.applied_as: words for words in (_NOT_CONVERGED, _REJECTED)}
_KEY_OF = {words.applied_as: key for key, words in DECLARED.items()}


def rule_key(rule: str) -> str:
    """The key of `study.yaml` for the name a rule is applied under; any other name stays as it is."""
    return _KEY_OF.get(rule, rule)


def has_limit(rule: str) -> bool:
    """Whether the limit of the rule is a measured quantity (not the yes or no of a decision)."""
    return rule_key(rule) not in _WITHOUT_LIMIT


def rule_label(rule: str) -> str:
    """Words for a rule in a table; a rule not known here keeps its own name."""
    if not has_limit(rule):
        return _WITHOUT_LIMIT[rule].label
    words = DECLARED.get(rule_key(rule))
    return words.label if words else rule


def rule_sentence(rule: str, limit: float) -> str:
    """Words for a rule with its limit in the methods text."""
    if not has_limit(rule):
        return _WITHOUT_LIMIT[rule].sentence
    words = DECLARED.get(rule_key(rule))
    if words:
        return words.sentence.format(limit=f"{limit:g}")
    return f"{rule} (limit {limit:g})" if math.isfinite(limit) else rule


def concerns_scan(item: Exclusion) -> bool:
    """Whether the whole scan is meant."""
    return item.metabolite in WHOLE_SCAN


def declared_limits(rules: QualityRules) -> dict[str, float]:
    """Key -> limit of the rules that were declared; NaN where a rule has none."""
    limits = {key: getattr(rules, key) for key in DECLARED}
    declared = {key: limit for key, limit in limits.items() if limit is not None}
    return declared | ({VISUAL_INSPECTION: math.nan} if rules.visual_inspection is not None else {})
