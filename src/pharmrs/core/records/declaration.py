"""What every section of `study.yaml` is built on: unknown keys are errors, what was declared does not change."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Seconds = Annotated[float, Field(gt=0, le=20)]  # of relaxation: beyond 20 it is milliseconds, which nobody converts
Fraction = Annotated[float, Field(ge=0, le=1)]


class Declaration(BaseModel):
    """A section of `study.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
