"""The pre-declared exclusion rules of spectra: each is one object, which tests, names itself and says its sentence."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from operator import ge, le
from typing import NamedTuple

from pharmrs.core.records.declaration import Positive, declaration, key
from pharmrs.spectra.records.quantification import Exclusion

WHOLE_SCAN = ("*", "")  # what `Exclusion.metabolite` holds when the scan as a whole is meant


@declaration
class Rules:
    """Limits of the pre-declared exclusion rules; a missing key means the rule is not applied."""

    max_crlb_percent: Positive | None = key("per metabolite: exclude the value above this (%)", default=None)
    max_stability_percent: Positive | None = key(
        "per metabolite: exclude the value when harmless changes of the fit move it by more (SD, %)", default=None
    )
    max_line_width_hz: Positive | None = key("per scan: FWHM of the modelled singlet (Hz)", default=None)
    min_signal_to_noise: Positive | None = key("per scan: LCModel definition", default=None)
    max_choline_artefact_percent: Positive | None = key(
        "per edited scan: exclude it when more of Cho is left in the difference (% of Cho in OFF)", default=None
    )
    max_naa_residue_percent: Positive | None = key(
        "per scan edited for GABA: exclude it when the editing pulse left more of NAA, or took more than all (%)",
        default=None,
    )
    metabolites: tuple[str, ...] = key(
        "metabolites the CRLB and stability rules are applied to; empty: all", default=()
    )


class Figure(NamedTuple):
    """The figure a limit is put on, and whether it may stand on this side of it."""

    name: str
    within: Callable[[float, float], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`name`: what is wrong, in tables and exclusions.tsv; `key`: in `study.yaml`.

    `sentence`: for the methods, with `{limit}`; `figure`: of `ScanQuality`, or of a metabolite
    where `of_metabolite`; None: a yes or no of somebody or something else.
    """

    name: str
    key: str
    sentence: str
    figure: Figure | None = None
    of_metabolite: bool = False

    def broken_by(self, value: float, limit: float) -> bool:
        """Comparisons with NaN are false: a figure that could not be measured breaks its rule."""
        return self.figure is not None and not self.figure.within(value, limit)

    def said(self, limit: float) -> str:
        """The sentence with its limit."""
        return self.sentence.format(limit=f"{limit:g}")


LINE_WIDTH = Rule(
    name="line width above the limit (Hz)",
    key="max_line_width_hz",
    sentence="line width of the scan above {limit} Hz",
    figure=Figure("line_width_hz", le),
)
SIGNAL_TO_NOISE = Rule(
    name="S/N below the limit",
    key="min_signal_to_noise",
    sentence="signal-to-noise ratio of the scan below {limit}",
    figure=Figure("signal_to_noise", ge),
)
CRLB = Rule(
    name="CRLB above the limit (%)",
    key="max_crlb_percent",
    sentence="relative uncertainty (CRLB) of the value above {limit} %",
    figure=Figure("crlb_percent", le),
    of_metabolite=True,
)
STABILITY = Rule(
    name="moves with the model, above the limit (%)",
    key="max_stability_percent",
    sentence="the value moves by more than {limit} % (SD) under harmless changes of the fit",
    figure=Figure("stability_percent", le),
    of_metabolite=True,
)
CHOLINE_ARTEFACT = Rule(
    name="subtraction artefact at Cho above the limit (%)",
    key="max_choline_artefact_percent",
    sentence="more than {limit} % of Cho left in the difference of an edited scan",
    figure=Figure("choline_artefact_percent", le),
)
NAA_RESIDUE = Rule(
    name="NAA left by the editing pulse above the limit (%)",
    key="max_naa_residue_percent",
    sentence="the editing pulse left more than {limit} % of NAA in ON, or took more than all of it",
    figure=Figure("naa_residue_percent", le),
)
CONVERGED = Rule(
    name="fit did not converge",
    key="fit converged",
    sentence="the fit of the scan did not converge",
)
VISUAL_INSPECTION = Rule(
    name="rejected by raters",
    key="visual inspection",
    sentence="the scan was rejected on visual inspection",
)
LIMITS = (LINE_WIDTH, SIGNAL_TO_NOISE, CRLB, STABILITY, CHOLINE_ARTEFACT, NAA_RESIDUE)
_KNOWN = {called: rule for rule in (*LIMITS, CONVERGED, VISUAL_INSPECTION) for called in (rule.name, rule.key)}


def rule_of(called: str) -> Rule:
    """The rule of a name or key; one that is not ours, of another program's table, says no more than its name."""
    own = Rule(name=called, key=called, sentence=called, figure=Figure("", le))
    return _KNOWN.get(called, own)


def rule_sentence(name: str, limit: float) -> str:
    """Words for a rule with its limit in the methods text."""
    if name in _KNOWN or not math.isfinite(limit):
        return rule_of(name).said(limit)
    return f"{name} (limit {limit:g})"


def concerns_scan(item: Exclusion) -> bool:
    """Whether the whole scan is meant."""
    return item.metabolite in WHOLE_SCAN
