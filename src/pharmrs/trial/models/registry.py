"""Extension models by name: what `analysis.models` and `analysis.exploratory` in study.yaml may list."""

from __future__ import annotations

from pharmrs.trial.models.agreement import AGREEMENT_MODELS
from pharmrs.trial.models.changes import CHANGE_MODELS
from pharmrs.trial.models.contrasts import CONTRAST_MODELS
from pharmrs.trial.models.errors import ERROR_MODELS
from pharmrs.trial.models.exposure import EXPOSURE_MODELS
from pharmrs.trial.models.extension import ExtensionModel, ModelInput
from pharmrs.trial.models.imputation import IMPUTATION_MODELS
from pharmrs.trial.models.levels import LEVEL_MODELS
from pharmrs.trial.models.mediation import MEDIATION_MODELS
from pharmrs.trial.models.multiverse import MULTIVERSE_MODELS
from pharmrs.trial.models.posterior import POSTERIOR_MODELS
from pharmrs.trial.models.repeated import REPEATED_MODELS
from pharmrs.trial.models.resampling import RESAMPLING_MODELS

__all__ = ["MODELS", "ExtensionModel", "ModelInput"]

_ALL = (
    *CHANGE_MODELS,
    *ERROR_MODELS,
    *POSTERIOR_MODELS,
    *RESAMPLING_MODELS,
    *LEVEL_MODELS,
    *AGREEMENT_MODELS,
    *REPEATED_MODELS,
    *EXPOSURE_MODELS,
    *CONTRAST_MODELS,
    *IMPUTATION_MODELS,
    *MEDIATION_MODELS,
    *MULTIVERSE_MODELS,
)
MODELS: dict[str, ExtensionModel] = {model.name: model for model in _ALL}
