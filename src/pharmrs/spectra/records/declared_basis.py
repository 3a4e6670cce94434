"""`basis:` of `study.yaml`: the path of a basis set, or the sequence to simulate one for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from pharmrs.core.records.declaration import Declaration, Positive

_Path = Annotated[str, Field(min_length=1)]


class SimulatedBasis(Declaration):
    """The sequence a basis set is simulated for; field and clock are those of the recordings where left out."""

    sequence: Literal["steam", "press", "slaser"] = Field(description="localisation sequence")
    te_ms: Annotated[float, Field(ge=1, le=500)] = Field(description="echo time, ms")
    tm_ms: Annotated[float, Field(ge=1, le=2000)] | None = Field(None, description="mixing time of STEAM, ms")
    intervals_ms: tuple[float, ...] = Field((), description="between pulse centres and to sampling; empty: default")
    larmor_mhz: Positive | None = Field(None, description="spectrometer frequency, MHz; default: of the first scan")
    bandwidth_hz: Positive | None = Field(None, description="receiver bandwidth, Hz; default: of the first scan")
    points: Annotated[int, Field(gt=0)] | None = Field(None, description="default: twice those of the first scan")
    line_width_hz: Annotated[float, Field(ge=0)] = Field(2.0, description="Lorentzian width of every line, Hz")
    metabolites: tuple[str, ...] | None = Field(None, description="spin systems; default: 21 of the brain")
    macromolecules: bool = Field(True, description="add the component mm of published peaks")
    spin_systems: _Path | None = Field(None, description="JSON of own spin systems, path relative to study.yaml")
    pulses: tuple[_Path, ...] = Field((), description="shaped pulses, paths relative to study.yaml")


class StudyBasis(Declaration):
    """A basis set: `path`, which may be given as plain text, or `simulate`."""

    path: _Path | None = Field(None, description="basis set, path relative to study.yaml")
    simulate: SimulatedBasis | None = Field(None, description="sequence to simulate a basis set for")

    @model_validator(mode="before")
    @classmethod
    def _plain_path(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"path": value}
        if not isinstance(value, (dict, StudyBasis)):
            raise ValueError("must be a path, or simulate: with a sequence")
        return value

    @model_validator(mode="after")
    def _one_of_both(self) -> StudyBasis:
        if (self.path is None) == (self.simulate is None):
            raise ValueError("give a path, or simulate: with a sequence, and not both")
        return self

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "minLength": 1}, handler(core_schema)]}
