"""The paired change table: one row per participant and treatment, baseline beside follow-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from pharmrs.core.records.arrays import BoolArray, FloatArray, read_only
from pharmrs.trial.records.observations import CovariateValue, is_missing

BASELINE, FOLLOW_UP = 0, 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTable:
    """Changes from baseline to follow-up, one row per participant x treatment of the design; NaN means missing.

    Arrays with two columns hold baseline and follow-up (`BASELINE`, `FOLLOW_UP`). `metabolite`: kept values on the
    declared scale; `biomarker`: measured concentration; `biomarker_censored`: -1 below, +1 above `biomarker_limit`,
    else 0; `biomarker_level`: the biomarker after the declared time adjustment and transformation, the number that
    changes are taken of. `change_*` are the declared changes, `change_metabolite_sd` is propagated from the two SDs
    (delta method). `treatments`: levels of the design, the first is the reference.
    """

    treatments: tuple[str, ...]
    subject: tuple[str, ...]
    treatment: tuple[str, ...]
    sequence: tuple[str, ...]
    period: FloatArray
    clock_time_h: FloatArray
    metabolite: FloatArray
    metabolite_sd: FloatArray
    biomarker: FloatArray
    biomarker_sd: FloatArray
    biomarker_censored: NDArray[np.int8]
    biomarker_limit: FloatArray
    biomarker_level: FloatArray
    change_metabolite: FloatArray
    change_metabolite_sd: FloatArray
    change_biomarker: FloatArray
    covariates: Mapping[str, tuple[CovariateValue, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                object.__setattr__(self, item.name, read_only(value, value.dtype.type))
                if len(value) != len(self.subject):
                    raise ValueError(f"{item.name} must have one row per subject and treatment")

    def __len__(self) -> int:
        return len(self.subject)

    @property
    def complete(self) -> BoolArray:
        """Rows with both changes."""
        known: BoolArray = np.isfinite(self.change_metabolite) & np.isfinite(self.change_biomarker)
        return known

    @property
    def treated(self) -> FloatArray:
        """Position of the treatment among `treatments` (0: reference), shape (rows,)."""
        place = {name: float(position) for position, name in enumerate(self.treatments)}
        return np.array([place[name] for name in self.treatment])

    def of_treatment(self, name: str) -> BoolArray:
        """Rows of one treatment."""
        return np.array([treatment == name for treatment in self.treatment], dtype=bool)

    def covariate_known(self, name: str) -> BoolArray:
        """Rows in which a covariate is not missing."""
        return np.array([not is_missing(value) for value in self.covariates[name]], dtype=bool)

    def where(self, rows: BoolArray) -> ChangeTable:
        """The rows chosen by a mask, in order."""
        chosen = np.flatnonzero(rows)
        changed: dict[str, object] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                changed[item.name] = value[chosen]
            elif item.name in ("subject", "treatment", "sequence"):
                changed[item.name] = tuple(value[i] for i in chosen)
        kept = {name: tuple(values[i] for i in chosen) for name, values in self.covariates.items()}
        return replace(self, **changed, covariates=kept)  # type: ignore[arg-type]
