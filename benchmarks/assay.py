"""`python -m benchmarks.assay`: plates against R, coverage of intervals, delta method against bootstrap, speed."""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from benchmarks.shared_data import SHARED, VENDORED, read_columns
from benchmarks.tables import Check, print_checks
from pharmrs.assay.records.plate import LayoutWell, Plate, PlateRead, well_name
from pharmrs.assay.records.settings import AssaySettings
from pharmrs.assay.science.analyse import analyse_plate
from pharmrs.assay.science.back_calculation import invert
from pharmrs.assay.science.bootstrap import bootstrap
from pharmrs.assay.science.curve.fit import fit_curve
from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.workers.threads import limit_threads

STANDARDS = (1500.0, 750.0, 375.0, 187.5, 93.75, 46.875, 23.4375, 0.0)
TRUE = {"zero": 0.06, "infinite": 3.2, "midpoint": 600.0, "slope": 1.15}
_NAN = float("nan")


def density(x: FloatArray) -> FloatArray:
    """Optical density of concentrations in the well."""
    ratio = (np.asarray(x) / TRUE["midpoint"]) ** TRUE["slope"]
    return np.asarray(TRUE["infinite"] + (TRUE["zero"] - TRUE["infinite"]) / (1 + ratio))


def simulated_plate(
    rng: np.random.Generator, cv: float, floor: float
) -> tuple[Plate, tuple[LayoutWell, ...], FloatArray]:
    """A full 96-well plate: standards and 40 samples in duplicate; concentrations of the samples."""
    samples = np.exp(rng.uniform(np.log(23.5), np.log(1500.0), 40))
    truth = np.repeat(np.concatenate([STANDARDS, samples]), 2)
    clean = density(truth)
    values = clean + rng.standard_normal(96) * np.sqrt((cv * clean) ** 2 + floor**2)
    layout = tuple(
        LayoutWell(
            plate="P", well=well_name(*divmod(place, 12)), role="standard" if place < 16 else "sample",
            sample="" if place < 16 else f"s{place // 2}", nominal=float(truth[place]) if place < 16 else _NAN,
            dilution=1.0,
        )
        for place in range(96)
    )  # fmt: skip
    read = PlateRead(label="OD", mode="", wavelength_nm=450.0, values=values.reshape(8, 12))
    return Plate(source="simulated", names=("P",), instrument="simulated", reads=(read,)), layout, samples


def against_r() -> int:
    """The curve and its inverse on the elisar standards, relative to R's nls."""
    table = read_columns(SHARED / "plates" / "elisar_standards.csv")
    wanted = json.loads((VENDORED / "stat-parity" / "acceptance.json").read_text())["elisa_nls"]
    curve = fit_curve(table["conc"], table["od"], model="4pl")
    names = {"b": "slope", "c": "zero", "d": "infinite", "e": "midpoint"}
    off = [abs(abs(curve.parameters[ours]) / abs(wanted["4pl_inv_y2"][name]) - 1) for name, ours in names.items()]
    checks = [Check("parameters, relative difference", max(off), high=1e-6)]
    for response, (value, error) in wanted["backcalc_inv_y2"].items():
        one, nothing = np.array([float(response)]), np.array([0.0])
        found, drawn = invert(curve, one, nothing), bootstrap(curve, one, nothing, 20_000, 1)
        x = float(np.exp(found.log_x[0]))
        sd = x * float(np.sqrt(found.variance[0]))
        checks += [
            Check(f"concentration at OD {response}, relative difference", abs(x / value - 1), high=1e-6),
            Check("its SE, relative difference", abs(sd / error - 1), high=1e-6),
            Check("its SE over that of the bootstrap", float(sd / drawn.sd()[0]), 0.9, 1.1),
        ]
    return print_checks("Standard curve of elisar_standards.csv against R's nls", checks)


def coverage(plates: int) -> int:
    """Share of 95 % intervals that hold the truth; target 93-97 %."""
    checks = []
    for cv, floor in ((0.05, 0.0), (0.05, 0.005), (0.03, 0.01), (0.10, 0.0)):
        rng = np.random.default_rng(5)
        inside: list[tuple[bool, bool]] = []
        for _ in range(plates):
            plate, layout, samples = simulated_plate(rng, cv, floor)
            result, _ = analyse_plate("P", plate, layout, "layout", AssaySettings(bootstrap_draws=500))
            inside += [
                (one.ci_low <= x <= one.ci_high, one.bootstrap_low <= x <= one.bootstrap_high)
                for one, x in zip(result.estimates, samples, strict=True)
            ]
        delta, drawn = np.mean(inside, axis=0)
        noise = f"{len(inside)} samples, noise {cv:g} of the response and {floor:g}"
        checks += [
            Check(f"{noise}, delta method", 100 * float(delta), 93, 97, "%"),
            Check(f"{noise}, bootstrap", 100 * float(drawn), 93, 97, "%"),
        ]
    return print_checks("95 % intervals that hold the truth", checks)


def speed() -> int:
    """A 96-well plate with 1,000 bootstrap draws; target 5 s."""
    plate, layout, _ = simulated_plate(np.random.default_rng(1), 0.05, 0.0)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        analyse_plate("P", plate, layout, "layout", AssaySettings(bootstrap_draws=1000))
        seconds.append(time.perf_counter() - start)
    return print_checks(
        "One plate", [Check("96 wells, 1,000 bootstrap draws", float(np.median(seconds)), high=5.0, unit="s")]
    )


def main() -> int:
    limit_threads()
    if not SHARED.is_dir():
        print(f"reference data not found at {SHARED}: nothing measured", file=sys.stderr)
        return 2
    missed = against_r() + coverage(plates=50) + speed()
    print(f"{missed} targets missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
