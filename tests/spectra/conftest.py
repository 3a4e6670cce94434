"""Basis sets made once."""

from __future__ import annotations

import pytest

from pharmrs.spectra.records import BasisSet
from tests.spectra.first_order import multiplet_basis
from tests.spectra.simulated import ACQUISITION, POINTS


@pytest.fixture(scope="session")
def basis() -> BasisSet:
    """All built-in metabolites and macromolecules on the clock of the data."""
    return multiplet_basis(ACQUISITION, POINTS)
