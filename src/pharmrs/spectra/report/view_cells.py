"""Cells about scans."""

from __future__ import annotations

from pharmrs.spectra.records.quantification import Exclusion
from pharmrs.spectra.records.rules import concerns_scan
from pharmrs.spectra.records.scan import ValuesOutcome
from pharmrs.spectra.report.summary import scan_exclusions


def anchor_of(position: int) -> str:
    """Identifier of the scan at this position of the sorted scans; safe whatever the scan is called."""
    return f"scan-{position + 1}"


def concerned_text(item: Exclusion) -> str:
    """What an exclusion concerns."""
    return "whole scan" if concerns_scan(item) else item.metabolite


def scan_status(outcome: ValuesOutcome) -> tuple[str, str]:
    """Status in a word and its tone."""
    if outcome.result is None or outcome.failed:
        return outcome.status, "bad"
    return ("excluded", "bad") if scan_exclusions(outcome.result) else ("kept", "good")
