"""Basis sets made once, and examples of hypothesis that are the same in every run."""

from __future__ import annotations

import pytest
from hypothesis import settings

from pharmrs.spectra.records import BasisSet

from .first_order import multiplet_basis
from .simulated import ACQUISITION, POINTS

settings.register_profile("same every run", derandomize=True, deadline=None)
settings.load_profile("same every run")


@pytest.fixture(scope="session")
def basis() -> BasisSet:
    """All built-in metabolites and macromolecules on the clock of the data."""
    return multiplet_basis(ACQUISITION, POINTS)
