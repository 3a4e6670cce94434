"""The joint model with priors instead of a maximum: draws of its posterior by an ensemble sampler (extra `bayes`).

Priors, with both quantities in SDs of all their log levels: every coefficient of a mean, every slope (that under the
reference treatment, and each difference from it) and every regression of a baseline on a change Normal(0, 2); every SD
half-normal(0, 1). The sampler is emcee's (Foreman-Mackey 2013, 10.1086/670067) with moves by differences of walkers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.trial.joint.likelihood import log_likelihoods
from pharmrs.trial.joint.model import JointProblem, joint_problem
from pharmrs.trial.least_squares.not_estimable import NotEstimable
from pharmrs.trial.records.changes import ChangeTable

COEFFICIENT_SD, SPREAD_SD = 2.0, 1.0  # priors, in SDs of the log levels
_WALKERS_PER_PARAMETER = 2
_STEPS = 2000
_WARM_UP = 1000
_LEAST_DRAWS = 400  # independent ones, for the ends of a 95 % interval


@dataclass(frozen=True, slots=True, kw_only=True)
class PosteriorEffect:
    """One coefficient a posteriori. `above`: probability of a value above zero; `draws`: independent ones behind it."""

    term: str
    treatment: str
    hypothesis: bool
    quantity: str
    mean: float
    sd: float
    low: float
    high: float
    above: float
    draws: float


@dataclass(frozen=True, slots=True, kw_only=True)
class JointPosterior:
    """Slope under the reference, differences from it, and the treatment effects on the changes."""

    effects: tuple[PosteriorEffect, ...]
    subjects: int
    pairs: int
    complete: int
    censored: int
    notes: tuple[str, ...]


def sample_joint(changes: ChangeTable, *, adjust_clock: bool, level: float, seed: int) -> JointPosterior:
    """Draw from the posterior. Raises `NotEstimable`, also where the draws are too few or emcee is not installed."""
    try:
        import emcee
    except ImportError as why:
        raise NotEstimable("needs the package emcee: pip install 'pharmrs[bayes]', which brings it") from why
    problem, start = joint_problem(changes, adjust_clock=adjust_clock)
    _, best = problem.maximise(start)
    generator = np.random.default_rng(seed)
    walkers = _WALKERS_PER_PARAMETER * len(best)
    spread = np.linalg.cholesky(np.linalg.inv(problem.curvature(best)))
    begin = best + generator.standard_normal((walkers, len(best))) @ spread.T
    state = emcee.State(begin, random_state=np.random.RandomState(seed).get_state())
    # no snooker moves beside: those of emcee 3.1.6 draw a normal of 36 dimensions with an SD of 0.85
    moves = [(emcee.moves.DEMove(), 1.0)]
    sampler = emcee.EnsembleSampler(walkers, len(best), _Posterior(problem), vectorize=True, moves=moves)
    sampler.run_mcmc(state, _WARM_UP + _STEPS)
    data = problem.data
    return JointPosterior(
        effects=tuple(_effects(sampler.get_chain(discard=_WARM_UP), problem, level)), subjects=data.subjects,
        pairs=data.pairs, complete=data.complete, censored=data.censored, notes=data.notes,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Posterior:
    problem: JointProblem

    def __call__(self, parameters: FloatArray) -> FloatArray:
        """Log posterior density, but for a constant, of every set of parameters (sets, parameters)."""
        split, structure = self.problem.means, self.problem.structure
        covariances = np.array([structure.covariance(one) for one in parameters[:, split:]])
        found = log_likelihoods(self.problem.data.values, parameters[:, :split], covariances)
        if not np.isfinite(found).all() and len(parameters) > 1:
            found = np.array([float(self(one[None])[0]) for one in parameters])
            return found
        scale = np.full(parameters.shape[1], COEFFICIENT_SD)
        scale[split + structure.first_spread :] = SPREAD_SD
        return np.asarray(found - 0.5 * np.sum((parameters / scale) ** 2, axis=1))


def _effects(chain: FloatArray, problem: JointProblem, level: float) -> Iterator[PosteriorEffect]:
    """Every coefficient that is reported, from the draws (steps, walkers, parameters)."""
    data, split = problem.data, problem.means
    ratio = data.scale_biomarker / data.scale_metabolite
    names = data.treatments
    yield _summary(chain[:, :, split] * ratio, level, f"slope under {names[0]}", names[0], "")
    for k, arm in enumerate(names[1:], start=1):
        yield _summary(chain[:, :, split + k] * ratio, level, f"slope difference, {arm}", arm, "", hypothesis=True)
    for quantity, unit in (("metabolite", data.scale_metabolite), ("biomarker", data.scale_biomarker)):
        for arm in names[1:]:
            term = f"{quantity} change: {arm}"
            yield _summary(chain[:, :, data.mean_terms.index(term)] * unit, level, term, arm, quantity)


def _summary(
    draws: FloatArray, level: float, term: str, treatment: str, quantity: str, *, hypothesis: bool = False
) -> PosteriorEffect:
    from emcee.autocorr import integrated_time

    steps: Any = integrated_time(draws, tol=0)
    independent = draws.size / float(steps[0])
    if not independent >= _LEAST_DRAWS:
        raise NotEstimable(f"the sampler did not settle: {independent:.0f} independent draws of {term}")
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2])
    return PosteriorEffect(
        term=term, treatment=treatment, hypothesis=hypothesis, quantity=quantity, mean=float(draws.mean()),
        sd=float(draws.std()), low=float(low), high=float(high), above=float(np.mean(draws > 0)), draws=independent,
    )  # fmt: skip
