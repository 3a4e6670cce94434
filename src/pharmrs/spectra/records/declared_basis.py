"""`basis:` of `study.yaml`: the path of a basis set, or the sequence to simulate one for."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Gt, Interval, MinLen
from pydantic import BeforeValidator

from pharmrs.core.records.declaration import NotNegative, Positive, declaration, key
from pharmrs.spectra.records.editing import Editing

_Path = Annotated[str, MinLen(1)]


@declaration
class SimulatedBasis:
    """The sequence a basis set is simulated for; field and clock are those of the recordings where left out."""

    sequence: Literal["steam", "press", "slaser", "megapress"] = key("localisation sequence")
    te_ms: Annotated[float, Interval(ge=1, le=500)] = key("echo time, ms")
    tm_ms: Annotated[float, Interval(ge=1, le=2000)] | None = key("mixing time of STEAM, ms", default=None)
    intervals_ms: tuple[float, ...] = key("between pulse centres and to sampling; empty: default", default=())
    larmor_mhz: Positive | None = key("spectrometer frequency, MHz; default: of the first scan", default=None)
    bandwidth_hz: Positive | None = key("receiver bandwidth, Hz; default: of the first scan", default=None)
    points: Annotated[int, Gt(0)] | None = key("default: twice those of the first scan", default=None)
    line_width_hz: NotNegative = key("Lorentzian width of every line, Hz", default=2.0)
    metabolites: tuple[str, ...] | None = key("spin systems; default: 21 of the brain", default=None)
    macromolecules: bool = key("add the component mm of published peaks", default=True)
    spin_systems: _Path | None = key("JSON of own spin systems, path relative to study.yaml", default=None)
    pulses: tuple[_Path, ...] = key("shaped pulses, paths relative to study.yaml", default=())
    editing: Editing = key("editing pulses of megapress (two bands: HERMES)", default=Editing())


@declaration
class StudyBasis:
    """A basis set: `path`, which may be given as plain text, or `simulate`."""

    path: _Path | None = key("basis set, path relative to study.yaml", default=None)
    simulate: SimulatedBasis | None = key("sequence to simulate a basis set for", default=None)

    def __post_init__(self) -> None:
        if (self.path is None) == (self.simulate is None):
            raise ValueError("give a path, or simulate: with a sequence, and not both")


def _named(value: object) -> object:
    """A path as plain text is a basis set, too."""
    if isinstance(value, str):
        return {"path": value}
    if not isinstance(value, (dict, StudyBasis)):
        raise ValueError("must be a path, or simulate: with a sequence")
    return value


BasisOrPath = Annotated[StudyBasis, BeforeValidator(_named, json_schema_input_type=_Path | StudyBasis)]
