"""`python -m benchmarks.recovery`: what each stage of the pipeline does to the coupling that was planted.

Fast path: many trials from concentrations (`benchmarks/recovery_fast.py`); full path: some from raw signals
(`benchmarks/recovery_full.py`). One table, one picture, written to docs/recovery.md with `--write`.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks import recovery_fast as fast
from benchmarks import recovery_full as full
from benchmarks.recovery_picture import picture
from benchmarks.tables import PRINTED, print_rows
from pharmrs.core.workers.execution import default_workers, map_tasks
from pharmrs.core.workers.threads import limit_threads
from pharmrs.simulate.command import REFERENCE_DESIGN
from pharmrs.simulate.effects import reference_effects
from pharmrs.trial.models.registry import MODELS

_INTRODUCTION = """# Recovery of a planted coupling

Written by `make recovery` (`python -m benchmarks.recovery --write`). {trials} simulated trials of the reference study's
design (crossover, {people} people; [Simulated trials](simulate.md)) from concentrations on the fast path, {full} from
raw signals. Planted: ln(BDNF) changes by -0.330 per unit of ln(Glu) under placebo, the interaction with S-ketamine is
{planted:.3f}, the residual SD 0.252. Every analysis is the project's own.

How to read it:

- Least squares on logarithms (`biomarker_transform: log`, `biomarker_change: difference`,
  `metabolite_change: log_ratio`) recovers what was planted when nothing is measured wrong. *Lost* is the share of that
  which a stage takes away.
- The reference chain (shifted logarithm, relative change) estimates another quantity, so it is not compared with
  {planted:.3f} but with its own median without errors. The smallest sample has a level of exactly 0, and relative
  changes from levels near it are large: the tails over trials are heavy, so *lost* is from medians. Censoring takes
  away those samples and so changes what is estimated (a negative *lost*).
- The extension models see the errors and the censored values that least squares does not; for them *lost* is the share
  of the planted interaction.

`MC` is the Monte Carlo standard error. Coverage is that of the 95 % interval; width its median.
"""


def planted_interaction() -> float:
    """Of the reference design."""
    reference, active = REFERENCE_DESIGN.treatments
    return reference_effects(REFERENCE_DESIGN.treatments).interaction(active, reference)


def run(trials: int, model_trials: int, full_trials: int, image: Path | None) -> None:
    """Measure, print, and draw to `image` where it is given."""
    limit_threads()
    workers = default_workers()
    tasks = [fast.TrialTask(seed, seed < model_trials) for seed in range(trials)]
    rows = [one for found in map_tasks(fast.estimate_trial, tasks, workers, seconds_each=_FAST_S) for one in found]
    summaries = _fast_tables(rows, trials, model_trials)
    results = map_tasks(full.run_trial, list(range(1, full_trials + 1)), workers, seconds_each=_FULL_S)
    if results:
        _full_tables(results)
    if image is not None:
        picture(image, summaries, results, planted_interaction())


def _fast_tables(rows: list[fast.Interaction], trials: int, model_trials: int) -> list[fast.Summary]:
    planted = planted_interaction()
    main = [fast.summarise(rows, stage, fast.MAIN, planted, robust=False) for stage in fast.STAGES]
    reference = _reference(rows)
    titles = [MODELS[name].title for name in fast.MODELS]
    models = (
        [fast.summarise(rows, "all stages", title, planted, robust=False) for title in titles] if model_trials else []
    )
    print_rows(f"Interaction, {fast.MAIN}, {trials} trials (planted {planted:.3f})", _HEAD, [_row(one) for one in main])
    print_rows(
        f"Interaction, {fast.REFERENCE}, {trials} trials (target: its median without errors)",
        _HEAD,
        [_row(one) for one in reference],
    )
    if models:
        title = f"Interaction, all stages, extension models, {model_trials} trials (planted {planted:.3f})"
        print_rows(title, ("model", *_HEAD[1:]), [_row(one, one.estimator) for one in models])
    return [*main, *reference, *models]


def _reference(rows: list[fast.Interaction]) -> list[fast.Summary]:
    clean = fast.summarise(rows, "no error", fast.REFERENCE, 0.0, robust=True)
    return [fast.summarise(rows, stage, fast.REFERENCE, clean.median, robust=True) for stage in fast.STAGES]


# CPU expected of a trial: on the fast path 0.06, a tenth of them with models 0.7; in full 35 people and 140 scans
_FAST_S, _FULL_S = 0.12, 120.0
_HEAD = ("stage", "mean", "MC", "median", "SD", "lost", "coverage", "MC", "width", "pairs", "failed")


def _row(one: fast.Summary, name: str = "") -> tuple[str, ...]:
    stable = one.sd < 100  # the mean of an estimator that divides by almost nothing says nothing
    return (
        name or one.stage,
        f"{one.mean:.3f}" if stable else "none",
        f"{one.mean_error:.3f}" if stable else "",
        f"{one.median:.3f}",
        f"{one.sd:.3f}" if stable else "none",
        f"{100 * one.attenuation:.1f} %",
        f"{100 * one.coverage:.1f} %",
        f"{100 * one.coverage_error:.1f} %",
        f"{one.width:.2f}",
        f"{one.n:.1f}",
        str(one.failed),
    )


def _full_tables(results: Sequence[full.FullTrial]) -> None:
    rows = []
    for one in results:
        by_stage = {item.stage: item for item in one.interactions if item.estimator == fast.MAIN}
        cells = [f"{by_stage[stage].estimate:.3f}" for stage in full.STAGES]
        last = by_stage["all stages"]
        rows.append((str(one.seed), *cells, f"{last.ci_low:.2f} to {last.ci_high:.2f}", str(last.n)))
    title = f"From raw signals, {len(results)} trials: interaction, {fast.MAIN}, by what is measured and what is true"
    print_rows(title, ("seed", *full.STAGES, "95 % interval", "pairs"), rows)
    sizes = [
        (
            str(one.seed),
            f"{one.metabolite_cv:.3f}",
            f"{one.z_metabolite:.2f}",
            f"{one.tissue_sd:.4f}",
            f"{one.assay_cv:.3f}",
            f"{one.z_assay:.2f}",
            f"{one.censored} / {one.truly_below}",
            f"{one.excluded} / {one.bad}",
        )
        for one in results
    ]
    errors = fast.STAGES["all stages"]
    names = (
        "seed",
        "Glu, CV",
        "error / SD",
        "GM + WM, SD",
        "BDNF, CV",
        "error / SD",
        "censored / true",
        "excluded / bad",
    )
    means = [
        float(np.mean([getattr(one, name) for one in results])) for name in ("metabolite_cv", "tissue_sd", "assay_cv")
    ]
    print_rows(
        f"From raw signals: errors made (mean {means[0]:.3f}, {means[1]:.4f}, {means[2]:.3f}; fast path: "
        f"fit {errors.fit_cv:g}, tissue {errors.tissue_sd:g} and water, assay {errors.assay_cv:g})",
        names,
        sizes,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery", description=__doc__)
    parser.add_argument("--trials", type=int, default=1000, help="trials on the fast path")
    parser.add_argument("--models", type=int, default=100, help="of these, trials with the extension models")
    parser.add_argument("--full", type=int, default=5, help="trials from raw signals")
    parser.add_argument("--write", type=Path, help="write docs/recovery.md (this file) and its picture beside it")
    arguments = parser.parse_args()
    image = arguments.write.parent / "images" / "recovery.png" if arguments.write else None
    run(arguments.trials, arguments.models, arguments.full, image)
    if arguments.write:
        introduction = _INTRODUCTION.format(
            trials=arguments.trials, people=fast.PARTICIPANTS, full=arguments.full, planted=planted_interaction()
        )
        figure = "![Interaction by stage and by model](images/recovery.png)"
        arguments.write.write_text("\n\n".join([introduction.rstrip(), figure, *PRINTED]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
