"""All kinds of given and generated spectra on one page: ours as `run` fits them, LCModel on the same spectra."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.scoring import Estimates, Score, estimates_of_table, scale_of, score, truth_of
from benchmarks.shared_data import basis, given_kinds, known_truth_spectra
from benchmarks.stored import KEY, Fitted, fitted_all, gathered
from benchmarks.tables import Check, print_checks, print_rows
from benchmarks.worlds import SETTINGS, WORLDS, generate
from pharmrs.core.records.arrays import BoolArray, FloatArray

CALIBRATED = ("Glu", "tNAA", "tCr")
REFERENCE = {"lowsnr": "nominal", "distorted": "nominal", "nominal": "nominal"}  # whose scale is 1; else `base`
Z_GIVEN, Z_OWN = (0.55, 1.5), (0.85, 1.2)
SCALE = (0.97, 1.03)
MOST_REPORTED_PERCENT = 5.0
SILENT_SDS = (5.0, 3.0)  # errors above it must be reported; those above the second are counted
_BLOCK = 8  # spectra of a kind in a row, so that a measurement that is ended has some of every kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One kind: our scores and scale, LCModel's scores (none for generated spectra), and which spectra are reported as
    doubtful (n,). `furthest` (n,): largest error of Glu, tNAA and tCr in total SD, on the scale of the reference."""

    ours: dict[str, Score]
    scale: float
    theirs: dict[str, Score] | None
    reported: BoolArray
    furthest: FloatArray
    cpu_s: float

    def silent(self, sds: float) -> int:
        """Spectra with an error above `sds` that nobody is told of."""
        return int(np.sum((self.furthest > sds) & ~self.reported))

    @property
    def worst(self) -> float:
        """How bad the row is: the largest of RMSE over LCModel's, or of z over the most that is allowed."""
        z = max(self.ours[name].z for name in KEY) / Z_GIVEN[1]
        ratios = [self.ours[name].rmse / self.theirs[name].rmse for name in KEY] if self.theirs else [0.0]
        return max(z, *ratios)


def measured(
    fits: list[Fitted],
    truth: dict[str, FloatArray],
    theirs: dict[str, FloatArray] | None = None,
    reference: float | None = None,
) -> Measured:
    """`reference`: the scale at which amplitudes are right, that of these spectra where none is given."""
    (ours, told), true = gathered(fits), truth_of(truth)
    scale = scale_of(ours, true)
    return Measured(
        ours=score(ours, true),
        scale=scale,
        theirs=score(estimates_of_table(theirs), true) if theirs is not None else None,
        reported=told,
        furthest=_furthest(ours, true, reference or scale),
        cpu_s=float(np.median(ours.seconds)),
    )


def _furthest(ours: Estimates, true: dict[str, FloatArray], scale: float) -> FloatArray:
    errors = [np.abs(ours.values[name] - scale * true[name]) / ours.sds[name] for name in CALIBRATED]
    return np.asarray(np.max(errors, axis=0))


def given(store: Path | None = None) -> dict[str, Measured]:
    """Every kind of the given spectra, those that give the scale first."""
    results: dict[str, Measured] = {}
    for kind in sorted(given_kinds(), key=lambda name: name not in ("base", "nominal")):
        reference = results.get(REFERENCE.get(kind, "base"))
        found, truth, theirs = known_truth_spectra(kind)
        fits = fitted_all(kind, found, basis(), store)
        results[kind] = measured(fits, truth, theirs, reference.scale if reference else None)
    return results


def generated(setting: str, count: int, seed: int, store: Path | None = None) -> dict[str, Measured]:
    """`count` spectra of every own kind in a setting."""
    chosen, results = SETTINGS[setting](), dict[str, Measured]()
    for done in (*range(_BLOCK, count, _BLOCK), count) if store is not None else (count,):
        for number, kind in enumerate(WORLDS):
            found, truth = generate(chosen, kind, done, seed + number)
            fits = fitted_all(f"{setting}-{seed}-{kind}", found, chosen.fitted, store)
            reference = results["base"].scale if kind != "base" else None
            results[kind] = measured(fits, truth, None, reference)
    return results


def _cell(name: str, one: Measured) -> str:
    ours = one.ours[name]
    told = f"{ours.rmse:.1f} ({ours.z:.2f})"
    if one.theirs is None:
        return told
    other = one.theirs[name].rmse
    return f"{f'**{ours.rmse:.1f}**' if ours.rmse > other else f'{ours.rmse:.1f}'} ({ours.z:.2f}) / {other:.1f}"


def _print(title: str, results: dict[str, Measured]) -> None:
    rows = [
        [
            kind,
            f"{one.scale / results[REFERENCE.get(kind, 'base')].scale:.3f}",
            f"{int(one.reported.sum())} of {one.reported.size}",
            "/".join(str(one.silent(sds)) for sds in reversed(SILENT_SDS)),
            *(_cell(name, one) for name in KEY),
            f"{one.cpu_s:.2f}",
        ]
        for kind, one in sorted(results.items(), key=lambda pair: -pair[1].worst)
    ]
    silent = f"silent > {SILENT_SDS[1]:g}/{SILENT_SDS[0]:g} SD"
    print_rows(title, ["kind", "scale", "reported", silent, *KEY, "CPU s"], rows)


def _checks(
    results: dict[str, Measured], z_limits: tuple[float, float], z_of: tuple[str, ...], setting: str = ""
) -> list[Check]:
    """Every figure with its target."""
    checks: list[Check] = []
    for name_of_kind, one in results.items():
        kind = f"{setting} {name_of_kind}".strip()
        if one.theirs is not None:
            checks += [
                Check(f"{kind}: {name} RMSE, at most LCModel's", one.ours[name].rmse, None, one.theirs[name].rmse, "%")
                for name in KEY
            ]
        checks += [Check(f"{kind}: {name} z", one.ours[name].z, *z_limits) for name in z_of]
        if name_of_kind.startswith("lipids"):
            checks.append(Check(f"{kind}: scale", one.scale / results["base"].scale, *SCALE))
        if name_of_kind in ("base", "nominal"):
            told = 100.0 * float(one.reported.mean())
            checks.append(Check(f"{kind}: reported as doubtful", told, None, MOST_REPORTED_PERCENT, "%"))
        checks.append(
            Check(f"{kind}: unreported, error above {SILENT_SDS[0]:g} total SD", one.silent(SILENT_SDS[0]), None, 0)
        )
    return checks


def run(count: int, seed: int = 990131, store: Path | None = None) -> int:
    """Print all kinds, worst first, then what is missed; returns how many targets were missed.

    `store`: folder for the figures of single fits; what it holds of this state of the fit is not measured again.
    """
    results = given(store)
    words = "RMSE % (z) / LCModel's RMSE, bold where ours is larger"
    _print(f"All given kinds, worst first: {words}", results)
    checks = _checks(results, Z_GIVEN, KEY)
    for setting in SETTINGS if count else ():
        own = generated(setting, count, seed, store)
        name = SETTINGS[setting]().name
        _print(f"Own worlds, {name} ({count} spectra a kind, seed {seed}), worst first: RMSE % (z), ours alone", own)
        checks += _checks(own, Z_OWN, CALIBRATED, name)
    missed = [check for check in checks if check.passed is False]
    print_checks(f"Targets missed: {len(missed)} of {len(checks)}", missed)
    return len(missed)
