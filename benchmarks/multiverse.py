"""Time of the multiverse on the surrogate of the reference study: `python -m benchmarks.multiverse [SCALES]`."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from benchmarks.surrogate import PLAN, surrogate_table
from pharmrs.core.workers.threads import limit_threads
from pharmrs.trial.multiverse.run import run_multiverse
from pharmrs.trial.records.multiverse import MultiversePlan


def main(scales: int = 1) -> None:
    """`scales`: concentration scales, the others made up from the first (a run has up to ten)."""
    limit_threads()
    table = surrogate_table()
    # the surrogate has neither exclusions nor SDs: two participants get a rule and a few an SD, to open those axes
    spoiled = table.mapped(
        lambda row: replace(
            row,
            exclusions=("crlb",) if row.subject in ("S04", "S05") else (),
            metabolite_scales={
                f"scale {k}": row.metabolite * (1 + 0.01 * ((int(row.subject[1:]) * k) % 7)) for k in range(1, scales)
            },
            metabolite_sd=row.metabolite * (0.16 if row.subject == "S06" else 0.12 if row.subject == "S07" else 0.05),
        )
    )
    began, used = time.perf_counter(), time.process_time()
    found = run_multiverse(spoiled, PLAN, MultiversePlan())
    print(f"{len(found.curve)} specifications ({found.estimable} estimable), {found.permutations} permutations")
    print(f"{time.perf_counter() - began:.1f} s, {time.process_time() - used:.1f} s of one core")
    print(f"median {found.median:.3f} (p {found.median_p:.3f}), mean z {found.mean_z:.2f} (p {found.mean_z_p:.3f})")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
