"""`python -m benchmarks.designs CLONE`: published trials of every design, by `pharmrs analyse` and by R.

CLONE: a clone of https://github.com/mjg211/xover (data of Senn 2002, and Jones and Kenward 2014); the rest comes with
R. Every trial goes through the real command; R then runs the script that the command wrote, which fits each model anew
(lme4, lmerTest, nlme, clubSandwich) and ends with an error where a number differs.
"""

from __future__ import annotations

import csv
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

Line = Sequence[object]
_COLUMNS = ("subject", "sequence", "period", "treatment", "time_point", "metabolite", "biomarker", "value")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published trial: its lines in the order of the observation table's columns, and how it is declared."""

    name: str
    design: str
    analysis: str
    lines: tuple[Line, ...]


def _csv(clone: Path, name: str) -> list[dict[str, str]]:
    with (clone / "data-raw" / f"{name}.csv").open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def _r(expression: str) -> list[dict[str, str]]:
    """A data frame of R."""
    command = f"write.csv({expression}, row.names = FALSE, quote = FALSE)"
    told = subprocess.run(["Rscript", "-e", command], capture_output=True, text=True, check=True).stdout
    return list(csv.DictReader(told.splitlines()))


def _crossover(rows: Iterable[dict[str, str]], value: str, baseline: str = "") -> tuple[Line, ...]:
    found: list[Line] = []
    for row in rows:
        who = (row["subject"], row["sequence"], row["period"], row["treatment"])
        if baseline:
            found.append((*who, "before", "", "", row[baseline]))
        found.append((*who, "after", "", "", row[value]))
    return tuple(found)


def _orders(rows: Iterable[dict[str, str]]) -> str:
    """The sequences that occur, as study.yaml lists them."""
    given: dict[str, dict[int, str]] = {}
    for row in rows:
        given.setdefault(row["subject"], {})[int(row["period"])] = row["treatment"]
    orders = dict.fromkeys(tuple(own[period] for period in sorted(own)) for own in given.values())
    return "[" + ", ".join("[" + ", ".join(order) + "]" for order in orders) + "]"


def published(clone: Path) -> list[Published]:
    """The trials. `value` is what was measured; A, B, ... as the books call the treatments."""
    asthma, claudication = _csv(clone, "asthma_2"), _csv(clone, "claudication")
    pressure, lungs = _csv(clone, "hypertension"), _csv(clone, "severe_respiratory_failure")
    doses = _csv(clone, "formoterol_2")
    alone = "outcomes: [{name: value, change: follow_up}]"
    change = "outcomes: [{name: value, change: difference}]"
    growth = _r("subset(ToothGrowth, supp == 'OJ')")
    girls = _r("subset(MASS::anorexia, Treat == 'FT')")
    teeth = _r("nlme::Orthodont")
    return [
        Published(
            name="crossover 2 x 2: childhood asthma (Senn)", lines=_crossover(asthma, "pef"),
            design="kind: crossover, treatments: [S, F]", analysis=alone,
        ),
        Published(
            name="crossover 4 x 4: claudication (Jones and Kenward)", lines=_crossover(claudication, "lvet"),
            design="kind: crossover, treatments: [P, A, B, C]",
            analysis=alone + ", models: [contrasts], contrasts: [{name: active, weights: [-3, 1, 1, 1]}]",
        ),
        Published(
            name="crossover 4 x 4 with baselines: respiratory failure (Jones and Kenward)",
            lines=_crossover(lungs, "oxygen tension", "baseline"),
            design="kind: crossover, treatments: [A, B, C, D]", analysis=change,
        ),
        Published(
            name="replicate crossover, ABB/BAA/ABA/BAB: hypertension (Jones and Kenward)",
            lines=_crossover(pressure, "blood pressure"),
            design=f"kind: crossover, treatments: [A, B], sequences: {_orders(pressure)}", analysis=alone,
        ),
        Published(
            name="incomplete crossover, doses: formoterol (Senn)", lines=_crossover(doses, "fev1"),
            design=f"kind: crossover, treatments: [P, F12, F24], doses: [0, 12, 24], sequences: {_orders(doses)}",
            analysis=alone + ", models: [dose_response]",
        ),
        Published(
            name="parallel, doses: tooth growth (Crampton)",
            lines=tuple((f"g{k}", "", "", f"d{row['dose']}", "after", "", "", row["len"])
                        for k, row in enumerate(growth)),
            design="kind: parallel, treatments: [d0.5, d1, d2], doses: [0.5, 1, 2]",
            analysis=alone + ", models: [dose_response], ed50: 0.5",
        ),
        Published(
            name="parallel, four times (MMRM): Orthodont (Potthoff and Roy)",
            lines=tuple((row["Subject"], "", "", row["Sex"], f"y{row['age']}", "", "", row["distance"])
                        for row in teeth),
            design="kind: parallel, treatments: [Male, Female], baseline: y8, follow_up: y10",
            analysis=change + ", models: [mmrm]",
        ),
        Published(
            name="one arm: anorexia, family therapy (Hand)",
            lines=tuple((f"f{k}", "", "", "FT", point, "", "", row[column])
                        for k, row in enumerate(girls)
                        for point, column in (("before", "Prewt"), ("after", "Postwt"))),
            design="kind: single_arm, treatments: [FT]", analysis=change,
        ),
    ]  # fmt: skip


def compared(trial: Published, folder: Path) -> Iterable[tuple[str, ...]]:
    """What the command found, line by line, and what R says of it."""
    folder.mkdir(parents=True)
    with (folder / "observations.tsv").open("w", newline="") as file:
        csv.writer(file, delimiter="\t").writerows([_COLUMNS, *trial.lines])
    points = "" if "baseline:" in trial.design else ", baseline: before, follow_up: after"
    plan = f"title: {trial.name!r}\ndesign: {{{trial.design}{points}}}\nanalysis: {{{trial.analysis}}}\n"
    (folder / "study.yaml").write_text(plan)
    command = ["analyse", folder / "observations.tsv", "--plan", folder / "study.yaml", "--out", folder / "out"]
    subprocess.run([sys.executable, "-m", "pharmrs", *map(str, command)], capture_output=True, check=True)
    statistics = folder / "out" / "statistics"
    told = subprocess.run(["Rscript", "analysis.R"], cwd=statistics, capture_output=True, text=True, check=False)
    lines = [line for line in told.stdout.splitlines() if "estimates compared" in line or "not repeated" in line]
    verdict = "; ".join(lines) if told.returncode == 0 else told.stderr.strip().splitlines()[-2]
    with (statistics / "estimates.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["hypothesis"] == "yes":
                yield (trial.name, row["model"], row["term"], *(f"{float(row[name]):.4f}" for name in
                       ("estimate", "ci_low", "ci_high", "statistic", "df", "p")), verdict)  # fmt: skip


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for number, trial in enumerate(published(Path(sys.argv[1]))):
            for line in compared(trial, Path(folder) / str(number)):
                print("| " + " | ".join(line) + " |", flush=True)


if __name__ == "__main__":
    main()
