"""The declared multiverse: all specifications, their curve, and one permutation test of all of them together.

Steegen et al. 2016, 10.1177/1745691616658637; Simonsohn, Simmons & Nelson 2020, 10.1038/s41562-020-0912-z.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, stdtr

from pharmrs.core.records.arrays import FloatArray, IntArray
from pharmrs.trial.chain.change_scores import change_table
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.least_squares.person_rows import PersonRows
from pharmrs.trial.multiverse.data import biomarker_changes, extra_columns, metabolite_changes
from pharmrs.trial.multiverse.models import ADDED, BatchData, BatchEffect, batch_model
from pharmrs.trial.records.analysis import AnalysisPlan
from pharmrs.trial.records.changes import ChangeTable
from pharmrs.trial.records.multiverse import MultiversePlan, SpecificationCurve
from pharmrs.trial.records.observations import ObservationTable
from pharmrs.trial.tests.permutation import permutation_p, permuted_treatments

AXES = ("quality", "scale", "metabolite change", "time", "outcome", "censoring", "model")
_FEWEST_ROWS = 8
_FAR = 8.0  # |z| is not told apart beyond


@dataclass(frozen=True, slots=True, kw_only=True)
class Multiverse:
    """The curve and the joint tests: p of the median effect, of the share of significant specifications in the leading
    direction, and of the mean z (Stouffer), all by permutation of the allocation.
    """

    curve: SpecificationCurve
    estimable: int
    median: float
    median_p: float
    share_significant: float
    share_p: float
    mean_z: float
    mean_z_p: float
    permutations: int


@dataclass(frozen=True, slots=True)
class _Cell:
    """One data set and model: where it lies in the grid, and its results (observed, then permuted)."""

    choice: tuple[str, ...]
    effect: FloatArray
    se: float
    z: FloatArray
    p: float
    n: int


def run_multiverse(table: ObservationTable, plan: AnalysisPlan, wanted: MultiversePlan) -> Multiverse:
    """Every specification on the observed and on permuted allocations. Raises `NotEstimable`.

    With several treatments the interaction is that of the second with the first; the others are left out.
    """
    base, _ = change_table(table, plan)
    rows = np.array([name in base.treatments[:2] for name in base.treatment], dtype=bool)
    kept = _two_treatments(base.where(rows))
    drawn = permuted_treatments(kept, wanted.permutations, plan.seed)
    columns = extra_columns(kept, plan, wanted)
    models: dict[str, FloatArray | None] = {name: None for name in wanted.model if name not in ("period", "covariates")}
    models |= {f"{ADDED}{name}": column for name, column in columns.items()}
    metabolites = metabolite_changes(table, plan, wanted)
    biomarkers = biomarker_changes(table, plan, wanted)
    cells: list[_Cell] = []
    for (first, x), (second, y) in itertools.product(metabolites.items(), biomarkers.items()):
        for model, column in models.items():
            cells.append(_cell((*first, *second, model), x[rows], y[rows], kept, drawn, column))
    if not any(np.isfinite(cell.effect[0]) for cell in cells):
        raise NotEstimable("multiverse: no specification can be estimated")
    return _summary(cells, plan.alpha)


def _two_treatments(rows: ChangeTable) -> ChangeTable:
    """The table with the treatments that occur in it."""
    return replace(rows, treatments=rows.treatments[:2])


def _cell(
    choice: tuple[str, ...], x: FloatArray, y: FloatArray, rows: ChangeTable, drawn: IntArray,
    column: FloatArray | None,
) -> _Cell:  # fmt: skip
    """One specification under the observed and the permuted allocations."""
    model = choice[-1]
    used = np.isfinite(x) & np.isfinite(y)
    extra = np.zeros((len(used), 0)) if column is None else column
    used = used & np.isfinite(extra).all(axis=1)
    n = int(used.sum())
    nothing = np.full(len(drawn) + 1, np.nan)
    x, y = x[used], y[used]
    given = rows.treated[used]
    if n < _FEWEST_ROWS or min(given.sum(), n - given.sum()) < 3 or _constant(x, given) or _constant(y, given):
        return _Cell(choice, nothing, float("nan"), nothing, float("nan"), n)
    people = PersonRows.of([name for name, keep in zip(rows.subject, used, strict=True) if keep])
    run = batch_model(model)
    observed = run(BatchData(outcome=y, metabolite=x, treated=given[None], people=people, extra=extra[used]))
    # the main effect of treatment is taken out, so that the permutations test the interaction
    permuted = run(
        BatchData(outcome=_aligned(y, given), metabolite=_aligned(x, given), treated=drawn[:, used].astype(float),
                  people=people, extra=extra[used])
    )  # fmt: skip
    unit = float(np.std(x, ddof=1) / np.std(y, ddof=1))
    z = np.concatenate([_z(observed), _z(permuted)])
    effect = np.concatenate([observed.estimate, permuted.estimate]) * unit
    t = float(observed.estimate[0] / observed.se[0])
    p = float(2 * stdtr(observed.df, -abs(t))) if observed.df >= 1 else float("nan")
    return _Cell(choice, effect, float(observed.se[0]) * unit, z, p, n)


def _constant(values: FloatArray, treated: FloatArray) -> bool:
    """Whether nothing varies within the treatments."""
    return float(np.ptp(_aligned(values, treated))) <= 1e-12 * float(np.max(np.abs(values)))


def _aligned(values: FloatArray, treated: FloatArray) -> FloatArray:
    means = np.array([values[treated == arm].mean() for arm in (0.0, 1.0)])
    return np.asarray(values - means[treated.astype(np.intp)])


def _z(found: BatchEffect) -> FloatArray:
    """t as a standard normal value with the same tail."""
    if found.df < 1:
        return np.full(len(found.estimate), np.nan)
    t = found.estimate / found.se
    size = -ndtri(np.maximum(stdtr(found.df, -np.abs(t)), 1e-15))
    return np.asarray(np.sign(t) * np.minimum(size, _FAR))


def _summary(cells: list[_Cell], alpha: float) -> Multiverse:
    effects = np.array([cell.effect for cell in cells])
    z = np.array([cell.z for cell in cells])
    known = np.isfinite(effects[:, 0]) & np.isfinite(z[:, 0])
    medians = np.nanmedian(effects[known], axis=0)
    reach = float(ndtri(1 - alpha / 2))
    up = np.nanmean(np.where(np.isfinite(z[known]), z[known] > reach, np.nan), axis=0)
    down = np.nanmean(np.where(np.isfinite(z[known]), z[known] < -reach, np.nan), axis=0)
    shares, means = np.maximum(up, down), np.nanmean(z[known], axis=0)
    order = np.argsort(np.where(known, effects[:, 0], np.inf), kind="stable")
    # a permuted specification that is singular keeps its place in the sorted curve as the median of its curve
    null = np.where(np.isfinite(effects[known, 1:]), effects[known, 1:], medians[1:])
    low, high = np.quantile(np.sort(null, axis=0), [0.025, 0.975], axis=1)
    levels = tuple(tuple(dict.fromkeys(cell.choice[axis] for cell in cells)) for axis in range(len(AXES)))
    choices = [[levels[axis].index(cells[k].choice[axis]) for axis in range(len(AXES))] for k in order]
    curve = SpecificationCurve(
        axes=AXES, levels=levels, choices=np.array(choices, dtype=np.intp), effect=effects[order, 0],
        se=np.array([cells[k].se for k in order]), p=np.array([cells[k].p for k in order]),
        n=np.array([cells[k].n for k in order], dtype=np.intp), null_low=low, null_high=high,
    )  # fmt: skip
    return Multiverse(
        curve=curve, estimable=int(known.sum()), median=float(medians[0]),
        median_p=permutation_p(float(medians[0]), medians[1:]), share_significant=float(shares[0]),
        share_p=permutation_p(float(shares[0]), shares[1:]), mean_z=float(means[0]),
        mean_z_p=permutation_p(float(means[0]), means[1:]), permutations=effects.shape[1] - 1,
    )  # fmt: skip
