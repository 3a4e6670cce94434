"""Scans made once for all tests of the report."""

from __future__ import annotations

import pytest
import report_factory

from pharmrs.spectra.records import ScanOutcome, ScanResult


@pytest.fixture(scope="session")
def outcomes() -> tuple[ScanOutcome, ...]:
    """Six scans of three participants: one failed, one too broad, one too noisy."""
    return report_factory.outcomes()


@pytest.fixture(scope="session")
def results(outcomes: tuple[ScanOutcome, ...]) -> list[ScanResult]:
    return [outcome.result for outcome in outcomes if outcome.result is not None]
