"""The forward model against a full-length computation, and its derivatives against finite differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from pharmrs.spectra.fit.line_shape import TIME_UNIT_S, free_form
from pharmrs.spectra.fit.macromolecules import COARSE_EDGES_PPM, FINE_EDGES_PPM, split_groups
from pharmrs.spectra.fit.model import BROAD_QUADRATIC, LORENTZ, PHASE0, PHASE1, QUADRATIC, SHIFT, SKEW, Model, stack
from pharmrs.spectra.preprocess.band import make_band
from pharmrs.spectra.records import BasisSet
from tests.spectra.simulated import ACQUISITION, POINTS

GROUPS = ("phase0", "phase1", "shift", "lorentz", "quadratic", "skew", "broad_quadratic")
GROUPS += ("turns", "real_shape", "imaginary_shape", "group_scales", "shifts", "dampings")


@dataclass(frozen=True)
class Case:
    model: Model
    fids: np.ndarray
    groups: np.ndarray
    theta: np.ndarray
    amplitudes: np.ndarray

    def value(self, theta: np.ndarray) -> np.ndarray:
        model = self.model
        spectra = model.band.model_spectrum(model.shaped(theta, model.unshaped(theta)))
        return np.asarray(model.phase(theta) * (self.amplitudes @ spectra))

    def columns(self, group: str) -> np.ndarray:
        single = {"phase0": PHASE0, "phase1": PHASE1, "shift": SHIFT, "lorentz": LORENTZ, "quadratic": QUADRATIC}
        single |= {"skew": SKEW, "broad_quadratic": BROAD_QUADRATIC}
        everything = np.arange(self.model.layout.size)
        return everything[[single[group]]] if group in single else everything[getattr(self.model.layout, group)]


@pytest.fixture(scope="module")
def case(basis: BasisSet) -> Case:
    """All components and all parameters away from zero."""
    band = make_band(ACQUISITION, POINTS, 0.2, 4.2)
    broad = np.array([name == "mm" for name in basis.names])
    axis = basis.ppm_axis()
    coarse, fine = (split_groups(basis.fids[broad][0], axis, edges) for edges in (COARSE_EDGES_PPM, FINE_EDGES_PPM))
    groups = np.concatenate([coarse, fine])
    owners = np.full(groups.shape[0], np.flatnonzero(broad)[0])
    shapes = free_form(band.time_s, 0.015, 0.18)
    signals, parts = band.decimate_model(basis.fids), band.decimate_model(groups)
    model = Model(band, signals, shapes, broad, parts, owners, coarse.shape[0])
    rng = np.random.default_rng(1)
    layout = model.layout
    theta = rng.normal(0.0, 0.1, layout.size)
    theta[[PHASE0, PHASE1, SHIFT, LORENTZ, QUADRATIC, SKEW, BROAD_QUADRATIC]] = 0.7, 0.3, 2.0, 5.0, 1.0, -0.1, 0.3
    theta[layout.dampings] = rng.normal(0.0, 0.5, layout.components)
    return Case(model, basis.fids, groups, theta, rng.uniform(0.5, 5.0, layout.components))


def test_every_parameter_has_one_place(case: Case) -> None:
    places = np.concatenate([case.columns(group) for group in GROUPS])
    np.testing.assert_array_equal(np.sort(places), np.arange(case.model.layout.size))


@pytest.mark.parametrize("group", GROUPS)
def test_derivatives_are_those_of_the_value(case: Case, group: str) -> None:
    """Central differences with step h: truncation of order h^2, rounding of 1e-16 of the value over h. Both are below
    1e-5 of the largest derivative of each parameter at h = 1e-4 (late free-form functions, whose derivatives are small,
    are the worst)."""
    model, theta, step = case.model, case.theta, 1e-4
    unshaped = model.unshaped(theta)
    spectra = model.band.model_spectrum(model.shaped(theta, unshaped)) * model.phase(theta)
    jacobian = model.jacobian(theta, case.amplitudes, unshaped, spectra)
    columns = case.columns(group)
    assert columns.size
    for column in columns:
        moved = np.zeros_like(theta)
        moved[column] = step
        numeric = (case.value(theta + moved) - case.value(theta - moved)) / (2.0 * step)
        assert np.abs(numeric).max() > 0.0
        assert np.abs(jacobian[:, column] - numeric).max() < 1e-5 * np.abs(numeric).max()


def test_the_value_is_the_models_formula_at_full_length(case: Case) -> None:
    """Every factor of the docstring's equation written out on the full time axis, one transform of 2048 points."""
    model, theta, layout = case.model, case.theta, case.model.layout
    time_s = ACQUISITION.time_axis_s(POINTS)
    u = time_s / TIME_UNIT_S
    shapes = free_form(time_s, 0.015, 0.18)
    free = (theta[layout.real_shape] + 1j * theta[layout.imaginary_shape]) @ shapes
    x = np.cbrt(3.0 * theta[SKEW]) * u
    tail = np.exp(-1j * x + x**2 / 2.0) / (1.0 - 1j * x)
    currents = sum(p * (1.0 - np.exp(-time_s / t)) for p, t in zip(theta[layout.turns], (0.02, 0.07), strict=True))
    shared = np.exp(-np.pi * theta[LORENTZ] * time_s - theta[QUADRATIC] * u**2) * tail * (1.0 + free)
    shared = shared * np.exp(1j * currents)
    total = np.zeros(POINTS, dtype=complex)
    for index, fid in enumerate(case.fids):
        own = 2j * np.pi * (theta[SHIFT] + theta[layout.shifts][index]) - np.pi * theta[layout.dampings][index]
        shape, signal = shared, fid
        if model.broad[index]:
            shape = np.exp(-theta[BROAD_QUADRATIC] * u**2)
            signal = fid + (np.exp(theta[layout.group_scales]) - 1.0) @ case.groups
        total += case.amplitudes[index] * signal * np.exp(own * time_s) * shape
    axis = ACQUISITION.ppm_axis(POINTS)
    order = np.array([int(np.argmin(np.abs(axis - ppm))) for ppm in model.band.ppm])
    x = 2.0 * (model.band.ppm - model.band.ppm[-1]) / (model.band.ppm[0] - model.band.ppm[-1]) - 1.0
    expected = np.fft.fft(total)[order] * np.exp(1j * (theta[PHASE0] + theta[PHASE1] * x))
    # band-limiting before the line shape: see test_band
    assert np.abs(case.value(theta) - expected).max() < 1e-3 * np.abs(expected).max()


def test_first_order_phase_turns_the_ends_of_the_window_oppositely(case: Case) -> None:
    theta = np.zeros_like(case.theta)
    theta[PHASE1] = 0.3
    angle = np.angle(case.model.phase(theta))
    assert (angle[0], angle[-1]) == (pytest.approx(0.3), pytest.approx(-0.3))
    assert case.model.abscissa[0] == 1.0


def test_broad_components_do_not_feel_the_shared_line_shape(case: Case) -> None:
    model = case.model
    narrow, wide = np.zeros_like(case.theta), np.zeros_like(case.theta)
    wide[LORENTZ] = 10.0
    first, second = (model.shaped(theta, model.unshaped(theta)) for theta in (narrow, wide))
    changed = np.abs(first - second).max(axis=1) > 0.0
    np.testing.assert_array_equal(changed, ~model.broad)


def test_stack() -> None:
    values = np.array([[1.0 + 2.0j], [3.0 - 4.0j]])
    np.testing.assert_array_equal(stack(values), [[1.0], [3.0], [2.0], [-4.0]])
