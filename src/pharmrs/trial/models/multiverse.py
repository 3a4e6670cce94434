"""The multiverse as an extension model."""

from __future__ import annotations

from pharmrs.trial.models.extension import ExtensionModel, ModelInput
from pharmrs.trial.multiverse.run import run_multiverse
from pharmrs.trial.records.analysis import ModelOutcome, StatisticalTest

_TITLE = "Multiverse"
_METHODS = (
    "All combinations of the declared choices (quality rules, concentration scale, changes, time adjustment, outcome, "
    "censoring, model) were analysed (10.1177/1745691616658637); the whole curve was tested by permuting the "
    "allocation (10.1038/s41562-020-0912-z). Effects are SDs of the biomarker change per SD of the metabolite change."
)


def run(given: ModelInput) -> ModelOutcome:
    """The specification curve and its joint tests."""
    found = run_multiverse(given.table, given.plan, given.plan.multiverse)
    method = f"{found.permutations} permutations"
    tests = tuple(
        StatisticalTest(
            family="multiverse", group="all specifications", quantity=quantity, estimate_name="value", estimate=value,
            p=p, p_method=method, n=found.estimable,
        )
        for quantity, value, p in (
            ("median effect", found.median, found.median_p),
            ("share significant in the leading direction", found.share_significant, found.share_p),
            ("mean z", found.mean_z, found.mean_z_p),
        )
    )  # fmt: skip
    total = len(found.curve)
    notes = (f"{found.estimable} of {total} specifications could be estimated",)
    facts = {"specifications": float(total), "estimable": float(found.estimable)}
    return ModelOutcome(
        name="multiverse", title=_TITLE, tests=tests, facts=facts, notes=notes, methods=(_METHODS,), curve=found.curve
    )


MULTIVERSE_MODELS = (ExtensionModel(name="multiverse", title=_TITLE, run=run),)
