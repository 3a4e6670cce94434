"""The paired change table: one row per participant and treatment, baseline beside follow-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

import numpy as np
from numpy.typing import NDArray

from pharmrs.core.records.arrays import BoolArray, FloatArray, read_only
from pharmrs.trial.records.observations import CovariateValue, is_missing

BASELINE, FOLLOW_UP = 0, 1
_AVERAGED = ("metabolite", "biomarker", "biomarker_level", "change_metabolite", "change_biomarker")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeTable:
    """Changes from baseline to follow-up, one row per participant x treatment of the design; NaN means missing.

    Arrays with two columns hold baseline and follow-up (`BASELINE`, `FOLLOW_UP`). `metabolite`: kept values on the
    declared scale; `biomarker`: measured concentration; `biomarker_censored`: -1 below, +1 above `biomarker_limit`,
    else 0; `biomarker_level`: the biomarker after the declared time adjustment and transformation, the number that
    changes are taken of. `change_*` are the declared changes, `change_metabolite_sd` is propagated from the two SDs
    (delta method). `treatments`: levels of the design, the first is the reference. `outcomes`: baseline and follow-up
    of each further outcome.
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
    outcomes: Mapping[str, FloatArray] = field(default_factory=dict)

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

    @property
    def repeated(self) -> bool:
        """Whether a participant has a treatment more than once."""
        cells = list(zip(self.subject, self.treatment, strict=True))
        return len(set(cells)) < len(cells)

    def one_row_each(self) -> ChangeTable:
        """One row per participant and treatment: of a treatment given several times the mean of the complete rows, or
        of all where none is complete. Tests that take rows for independent may not count a participant twice.
        """
        if not self.repeated:
            return self
        cells: dict[tuple[str, str], list[int]] = {}
        for row, cell in enumerate(zip(self.subject, self.treatment, strict=True)):
            cells.setdefault(cell, []).append(row)
        complete = self.complete
        chosen = [[row for row in rows if complete[row]] or rows for rows in cells.values()]
        first = self.where(np.isin(np.arange(len(self)), [rows[0] for rows in chosen]))
        order = sorted(chosen, key=lambda rows: rows[0])
        means: dict[str, object] = {
            name: np.array([getattr(self, name)[rows].mean(axis=0) for rows in order]) for name in _AVERAGED
        }
        levels = {
            name: np.array([values[rows].mean(axis=0) for rows in order]) for name, values in self.outcomes.items()
        }
        return replace(first, **means, outcomes=levels)  # type: ignore[arg-type]

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
        levels = {name: values[chosen] for name, values in self.outcomes.items()}
        return replace(self, **changed, covariates=kept, outcomes=levels)  # type: ignore[arg-type]
