"""`python -m benchmarks.anatomy --heads 01 02 --presets 3T 7T`: segmentation against heads of known tissues.

One line a head as it is done, kept in `--results` (what is there is not measured again), then the tables; `--write`
puts them into docs/anatomy.md. Made heads take 45 to 90 s of CPU each and stay in `--heads-in`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.anatomy_heads import HEADS, PRESETS, HeadResult, alone, measured, seed_of
from benchmarks.anatomy_places import print_by_place
from benchmarks.shared_data import SHARED
from benchmarks.tables import PRINTED, Check, print_checks, print_rows
from pharmrs.core.workers.threads import limit_threads
from pharmrs.spectra.quantify.tissue_correction import TISSUE_ONLY, tissue_factor
from pharmrs.spectra.records import TissueFractions

ADULT_WATER = np.array([0.78, 0.65, 0.97])  # relative densities: what the molal scale weighs the fractions with
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def z_of(results: Sequence[HeadResult]) -> np.ndarray:
    """Root mean square of error / SD, (3,)."""
    return np.asarray(np.sqrt(z_squares(results).mean(axis=0)))


def z_squares(results: Sequence[HeadResult]) -> np.ndarray:
    """Squares of error / SD, (boxes, 3)."""
    return np.asarray(np.concatenate([one.errors / np.array(one.sds) for one in results]) ** 2)


def molal_change(results: Sequence[HeadResult]) -> np.ndarray:
    """Relative error of the molal tissue factor by the errors of the fractions, every box."""

    def factor(fractions: np.ndarray) -> np.ndarray:
        water = fractions * ADULT_WATER
        return np.asarray(water.sum(axis=1) / (water[:, 0] + water[:, 1]))

    return np.concatenate([factor(np.array(one.found)) / factor(np.array(one.truth)) - 1.0 for one in results])


def z_of_molal(results: Sequence[HeadResult]) -> float:
    """Root mean square of the relative error of the molal tissue factor over its stated relative SD."""
    stated = []
    for one in results:
        for found, sd in zip(np.array(one.found), np.array(one.sds), strict=True):
            tissue = TissueFractions(
                gray_matter=found[0],
                white_matter=found[1],
                csf=found[2],
                gray_matter_sd=sd[0],
                white_matter_sd=sd[1],
                csf_sd=sd[2],
                source="",
            )
            stated.append(tissue_factor(tissue, ADULT_WATER, ADULT_WATER * TISSUE_ONLY)[1])
    return float(np.sqrt(np.mean((molal_change(results) / np.array(stated)) ** 2)))


def row(name: str, results: Sequence[HeadResult]) -> list[str]:
    """One row of the table."""
    errors = np.concatenate([one.errors for one in results])
    heads = [np.abs(one.errors).mean(axis=0).max() for one in results]
    z = z_of(results)
    return [
        name,
        str(len(results)),
        *(f"{value:.4f}" for value in np.abs(errors).mean(axis=0)),
        f"{max(heads):.3f} ({results[int(np.argmax(heads))].head})",
        f"{np.abs(errors).max():.3f}",
        *(f"{value:.2f}" for value in z),
        f"{z_of_molal(results):.2f}",
        f"{100 * min(one.kept for one in results):.2f} %",
        f"{min(min(one.inside) for one in results):.4f}",
        f"{100 * np.std(molal_change(results)):.2f} %",
        f"{np.mean([one.cpu_s for one in results]):.0f} ({max(one.cpu_s for one in results):.0f}) s",
        f"{max(one.peak_mib for one in results):.0f} MiB",
    ]


def print_accuracy(results: Sequence[HeadResult]) -> None:
    """The table of all presets."""
    columns = ["preset", "heads", "GM", "WM", "CSF", "worst head", "worst box", "z GM", "z WM", "z CSF", "z molal"]
    columns += ["kept", "in box", "CV", "CPU (most)", "memory"]
    made = [one for one in results if not one.known_place]
    rows = []
    for preset in (*PRESETS, "easy", "lowc"):
        if mine := [one for one in made if one.preset == preset]:
            rows.append(row(preset, mine))
    print_rows("Mean absolute error of the fractions", columns, [*rows, row("all", made)])


def print_targets(results: Sequence[HeadResult]) -> int:
    """Every target of the issue with what was found."""
    made = [one for one in results if not one.known_place]
    noisy = [one for one in made if one.preset == "3Tn"]
    clear = [one for one in made if one.preset != "3Tn"]

    def mean(of: Sequence[HeadResult]) -> float:
        errors = np.concatenate([one.errors for one in of]) if of else np.full((1, 3), np.nan)
        return float(np.abs(errors).mean(axis=0).max())

    checks = [
        Check("mean error of a tissue, 3 T and 7 T quality", mean(clear), high=0.015),
        Check("mean error of a tissue, 9 % noise", mean(noisy), high=0.03),
        Check("worst head", max(mean([one]) for one in made), high=0.04),
        Check("worst box", max(float(np.abs(one.errors).max()) for one in made), high=0.08),
        Check("GM + WM in the brain mask, worst head", 100 * min(one.kept for one in made), low=99.8, unit="%"),
        Check("part of a box in the brain mask, worst box", min(min(one.inside) for one in made), low=0.999),
        Check("CPU, worst head", max(one.cpu_s for one in made), high=60.0, unit="s"),
        Check("memory, worst head", max(one.peak_mib for one in made), high=2048.0, unit="MiB"),
        Check(
            "CV that the tissue correction adds (molal)", 100 * float(np.std(molal_change(made))), high=2.0, unit="%"
        ),
    ]
    if known := [one.centre_error_mm for one in results if one.known_place]:
        checks.append(
            Check(f"centre in MNI152, worst of {len(known)} warped templates", max(known), high=1.5, unit="mm")
        )
    return print_checks("Targets", checks)


def print_calibration(results: Sequence[HeadResult]) -> None:
    """Root mean square of error / stated SD in every head."""
    made = [one for one in results if not one.known_place]
    heads = sorted({one.head for one in made})
    rows = [[head, *(f"{z:.2f}" for z in z_of([one for one in made if one.head == head]))] for head in heads]
    print_rows("Root mean square of error / stated SD", ["head", "z GM", "z WM", "z CSF"], rows)


def print_centres(results: Sequence[HeadResult]) -> None:
    """How well the same place of a head comes out at the same place of MNI152, in other poses and warps."""
    rows = []
    for head in sorted({one.head for one in results}):
        places = np.array([one.centre_mm for one in results if one.head == head])
        away = np.linalg.norm(places - places.mean(axis=0), axis=1)
        truth = [one.centre_error_mm for one in results if one.head == head and one.known_place]
        error = f"{np.mean(truth):.2f} ({max(truth):.2f}) mm" if truth else "not known"
        rows.append([head, str(len(places)), f"{away.mean():.2f} ({away.max():.2f}) mm", error])
    columns = ["head", "images", "from their mean place (most)", "from the true place (most)"]
    print_rows("Place of the first box in MNI152 (every image has another pose and up to 3 mm of warp)", columns, rows)


def write(page: Path, tables: Sequence[str]) -> None:
    """Replace what is between the two marks of the page."""
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    after = rest.split(END)[1]
    page.write_text(before + BEGIN + "\n" + "\n\n".join(tables) + "\n\n" + END + after, encoding="utf-8")


def known(path: Path) -> list[HeadResult]:
    """What was measured before."""
    return [HeadResult.parse(line) for line in path.read_text().splitlines()] if path.is_file() else []


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anatomy", description=__doc__)
    parser.add_argument("--heads", nargs="+", default=list(HEADS), help="numbers, or mni (warped template)")
    parser.add_argument("--presets", nargs="+", default=list(PRESETS), choices=(*PRESETS, "easy", "lowc"))
    parser.add_argument("--seeds", nargs="+", type=int, default=[11])
    parser.add_argument("--heads-in", type=Path, default=Path("benchmark-heads"), help="where made heads are kept")
    parser.add_argument("--results", type=Path, default=Path("benchmark-heads/results.jsonl"))
    parser.add_argument("--slices", type=float, default=0.0, help="cut the images into axial slices so thick (mm)")
    parser.add_argument("--measure-nothing", action="store_true", help="only the tables of what is in --results")
    parser.add_argument("--write", type=Path, help="put the tables into this page (docs/anatomy.md)")
    arguments = parser.parse_args()
    if not (SHARED / "anatomy").is_dir():
        print(f"reference data not found at {SHARED / 'anatomy'}: nothing measured", file=sys.stderr)
        return 2
    limit_threads()
    arguments.heads_in.mkdir(parents=True, exist_ok=True)
    results = [one for one in known(arguments.results) if one.slices_mm == arguments.slices]
    done = {(one.head, one.preset, one.seed) for one in results}
    for seed in () if arguments.measure_nothing else arguments.seeds:
        for preset in arguments.presets:
            for head in arguments.heads:
                this = (head, preset, seed_of(head, preset, seed))
                if this in done:
                    continue
                results.append(alone(measured, *this, arguments.heads_in, arguments.slices))
                with arguments.results.open("a", encoding="utf-8") as stream:
                    stream.write(results[-1].text() + "\n")
                print(results[-1].line(), flush=True)
    print_accuracy(results)
    missed = print_targets(results)
    print_calibration(results)
    print_centres(results)
    print_by_place([(f"{one.head} {one.preset}", one.places) for one in results if one.places and not one.known_place])
    print(f"{missed} targets missed")
    if arguments.write is not None:
        write(arguments.write, PRINTED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
