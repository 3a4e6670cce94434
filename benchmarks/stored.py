"""Figures of single fits, kept in files where a folder is given: a long measurement can be ended and taken up again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

import pharmrs
from benchmarks.scoring import TARGETS, Estimates, estimates_of
from pharmrs.core.records.arrays import BoolArray
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.fit.stability import fit_with_stability
from pharmrs.spectra.records import BasisSet, FitSettings, LinearCombinationFit, Spectrum

KEY = ("Glu", "Gln", "tNAA", "tCr", "tCho", "Ins")
_DECIDE = ("fit", "basis", "preprocess", "records", "checks")  # rooms of `spectra` that decide on a fit
_GENERATORS = ("known_truth.py", "worlds.py", "stored.py")


@dataclass(frozen=True, slots=True)
class Fitted:
    """One fit: values and SDs by target, CPU time, and whether a reader is told that it is doubtful."""

    values: dict[str, float]
    sds: dict[str, float]
    seconds: float
    reported: bool


def fitted_all(name: str, found: Sequence[Spectrum], basis: BasisSet, store: Path | None) -> list[Fitted]:
    """Every spectrum of `found` as `run` fits it; those that `store` holds already under `name` are not fitted again.

    Results of another fit or generator than that of now are written anew.
    """
    file = store / f"{name}.jsonl" if store is not None else None
    lines = file.read_text(encoding="utf-8").splitlines() if file is not None and file.is_file() else []
    kept = [Fitted(**json.loads(line)) for line in lines[1:]] if lines[:1] == [state()] else []
    if file is not None and not kept:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(state() + "\n", encoding="utf-8")
    for spectrum in found[len(kept) :]:
        kept.append(_of(fit_with_stability(spectrum, basis, FitSettings())))
        if file is not None:
            with file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(asdict(kept[-1])) + "\n")
    return kept[: len(found)]


def gathered(rows: Sequence[Fitted]) -> tuple[Estimates, BoolArray]:
    """The estimates of many fits, and which are reported."""
    values = {name: np.array([row.values[name] for row in rows]) for name in TARGETS}
    sds = {name: np.array([row.sds[name] for row in rows]) for name in TARGETS}
    seconds = np.array([row.seconds for row in rows])
    return Estimates(values, sds, seconds), np.array([row.reported for row in rows], dtype=np.bool_)


def reported(fit: LinearCombinationFit) -> bool:
    """Whether a reader is told that this fit is doubtful."""
    moves = any(row.moves_with_the_model for row in metabolite_amplitudes(fit) if row.metabolite in KEY)
    return not fit.converged or bool(fit.unexplained) or moves


@cache
def state() -> str:
    """Of everything that decides on a result: the same text, the same results."""
    rooms = [Path(pharmrs.__file__).parent / "spectra" / name for name in _DECIDE]
    files = sorted(file for room in rooms for file in room.rglob("*") if file.suffix in (".py", ".tsv", ".toml"))
    files += [Path(__file__).parent / name for name in _GENERATORS]
    return hashlib.sha256(b"\0".join(file.read_bytes() for file in files)).hexdigest()


def _of(fit: LinearCombinationFit) -> Fitted:
    one = estimates_of([fit])
    return Fitted(
        values={name: float(value[0]) for name, value in one.values.items()},
        sds={name: float(sd[0]) for name, sd in one.sds.items()},
        seconds=fit.cpu_s,
        reported=reported(fit),
    )
