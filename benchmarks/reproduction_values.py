"""Our numbers for every value the reference paper prints, by the keys of printed_values.tsv."""

from __future__ import annotations

from benchmarks.surrogate import PLAN, oldham_rows, surrogate_table
from pharmrs.trial.chain.associations import oldham_tests
from pharmrs.trial.chain.comparisons import BOTH_KNOWN
from pharmrs.trial.chain.reference_chain import reference_chain
from pharmrs.trial.records.analysis import EffectEstimate, StatisticalTest
from pharmrs.trial.records.analysis_result import ReferenceChain
from pharmrs.trial.records.linear_model import LinearModel

_TERMS = {
    "intercept": "(intercept)",
    "glu": "change in Glu",
    "ketamine": "ketamine",
    "interaction": "change in Glu × ketamine",
}


def surrogate_chain() -> ReferenceChain:
    return reference_chain(surrogate_table(), PLAN)


def values(chain: ReferenceChain) -> dict[str, float]:
    """Key -> our value at full precision."""
    model = chain.model
    assert model is not None and chain.changes is not None
    found = {
        "main.f": model.f,
        "main.f_p": model.f_p,
        "main.shapiro.w": model.shapiro.statistic,
        "main.shapiro.p": model.shapiro.p,
    }
    for key, term in _TERMS.items():
        row = _term(model, term)
        found |= {
            f"main.{key}.beta": row.estimate,
            f"main.{key}.se": row.se,
            f"main.{key}.t": row.statistic,
            f"main.{key}.p": row.p,
        }
    for name in ("ketamine", "placebo"):
        found |= _rank(f"spearman.{name}", _test(chain.correlations, family="spearman", group=name))
        found |= _t(f"within.{name}", _test(_bdnf(chain), group=f"{name}: baseline - h24"))
    for point in ("baseline", "h24"):
        found |= _t(f"between.{point}", _test(_bdnf(chain), group=f"{point}: placebo - ketamine"))
    chosen = chain.changes.where(oldham_rows(chain.changes))
    found |= _rank("oldham", _test(oldham_tests(chosen, PLAN), group="all treatments"))
    return found | _covariates(chain)


def _bdnf(chain: ReferenceChain) -> tuple[StatisticalTest, ...]:
    return tuple(test for test in chain.paired if test.quantity == "BDNF" and test.sample == BOTH_KNOWN)


def _covariates(chain: ReferenceChain) -> dict[str, float]:
    models = {one.covariate: one.model for one in chain.covariate_models}
    found: dict[str, float] = {}
    terms = {
        "age": ("age", "age"),
        "bmi": ("bmi", "bmi"),
        "genotype.vm": ("genotype", "genotype Val/Met"),
        "genotype.mm": ("genotype", "genotype Met/Met"),
    }
    for key, (covariate, term) in terms.items():
        model = models[covariate]
        assert model is not None
        found[f"{key}.beta"], found[f"{key}.p"] = _term(model, term).estimate, _term(model, term).p
        found[f"{covariate}.interaction.p"] = model.hypothesis[0].p
    return found


def _term(model: LinearModel, term: str) -> EffectEstimate:
    (row,) = [row for row in model.estimates if row.term == term]
    return row


def _test(tests: tuple[StatisticalTest, ...], **wanted: str) -> StatisticalTest:
    (one,) = [test for test in tests if all(getattr(test, name) == value for name, value in wanted.items())]
    return one


def _rank(key: str, test: StatisticalTest) -> dict[str, float]:
    return {
        f"{key}.n": float(test.n),
        f"{key}.rs": test.estimate,
        f"{key}.p": test.p,
        f"{key}.as89": test.p_alternative,
        f"{key}.alpha": test.alpha_reference,
    }


def _t(key: str, test: StatisticalTest) -> dict[str, float]:
    return {f"{key}.df": test.df, f"{key}.t": test.statistic, f"{key}.p": test.p}
