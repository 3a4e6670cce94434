"""Sums and their SD from the covariance, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes, parts_of, selector
from pharmrs.spectra.records import MetaboliteAmplitude
from tests.spectra.simulated import made_up_fit

COVARIANCE = np.array([[0.04, -0.03, 0.0], [-0.03, 0.09, 0.01], [0.0, 0.01, 0.16]])


def rows(names: tuple[str, ...], amplitudes: list[float], **changes: object) -> dict[str, MetaboliteAmplitude]:
    found = metabolite_amplitudes(made_up_fit(names, amplitudes, COVARIANCE, **changes))
    return {row.metabolite: row for row in found}


def test_components_in_order_then_sums() -> None:
    found = rows(("PCr", "Cr", "Glu"), [4.0, 2.0, 10.0])
    assert list(found) == ["PCr", "Cr", "Glu", "tCr", "Glx"]
    assert found["tCr"].parts == ("Cr", "PCr")
    assert found["Glx"].parts == ("Glu",)
    assert found["Cr"].parts == ("Cr",)


def test_a_component_by_hand() -> None:
    row = rows(("PCr", "Cr", "Glu"), [4.0, 2.0, 10.0])["Cr"]
    assert (row.amplitude, row.sd) == (2.0, pytest.approx(0.3))
    assert row.crlb_percent == pytest.approx(15.0)
    # the classical bound of `made_up_fit` is a quarter of the variance
    assert row.classical_crlb_percent == pytest.approx(7.5)


def test_a_sum_knows_that_its_parts_exchange_signal() -> None:
    """Var(a + b) = 0.04 + 0.09 - 2 * 0.03 = 0.07, less than either part's alone suggests."""
    row = rows(("PCr", "Cr", "Glu"), [4.0, 2.0, 10.0])["tCr"]
    assert row.amplitude == pytest.approx(6.0)
    assert row.sd == pytest.approx(math.sqrt(0.07))
    assert row.crlb_percent == pytest.approx(100.0 * math.sqrt(0.07) / 6.0)
    assert row.classical_crlb_percent == pytest.approx(50.0 * math.sqrt(0.07) / 6.0)
    assert math.isnan(row.shift_hz)
    assert math.isnan(row.damping_hz)


def test_a_component_at_zero_has_an_infinite_percentage() -> None:
    classical = 0.25 * COVARIANCE
    classical[0, :] = classical[:, 0] = np.nan
    found = rows(("PCr", "Cr", "Glu"), [0.0, 2.0, 10.0], classical_covariance=classical)
    assert found["PCr"].crlb_percent == math.inf
    assert found["PCr"].classical_crlb_percent == math.inf
    assert found["PCr"].sd == pytest.approx(0.2)
    # the sum keeps the posterior SD of both, and the classical bound of the part that has one
    assert found["tCr"].sd == pytest.approx(math.sqrt(0.07))
    assert found["tCr"].classical_crlb_percent == pytest.approx(100.0 * 0.5 * 0.3 / 2.0)


def test_a_sum_that_the_basis_holds_itself_is_not_added_again() -> None:
    found = rows(("tCr", "Cr", "Glu"), [4.0, 2.0, 10.0])
    assert list(found) == ["tCr", "Cr", "Glu", "Glx"]
    assert found["tCr"].amplitude == 4.0


def test_names_and_their_aliases() -> None:
    assert parts_of("tCr", ("Cre", "PCr", "NAA")) == ("Cre", "PCr")
    assert parts_of("tCho", ("PCh", "GPC")) == ("GPC", "PCh")
    assert parts_of("tNAA", ("Cr",)) == ()
    np.testing.assert_array_equal(selector("tCr", ("Cr", "NAA", "PCr")), [1.0, 0.0, 1.0])
    np.testing.assert_array_equal(selector("NAA", ("Cr", "NAA", "PCr")), [0.0, 1.0, 0.0])
    np.testing.assert_array_equal(selector("Glx", ("Cr", "NAA", "PCr")), [0.0, 0.0, 0.0])
