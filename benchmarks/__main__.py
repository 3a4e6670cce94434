"""`python -m benchmarks [--spectra N]`: every measured claim of the README, printed with its target."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pharmrs.core.workers.threads import limit_threads

_INTRODUCTION = """# Comparison with LCModel

Written by `make comparison`; the figures of one run on one machine. LCModel 6.3-1N's results on the same spectra come
with the reference data, without G_glu and G_gly, the halves of GSH (`known-truth/*/lcmodel_groups.csv`,
`known-truth-worlds/*/lcmodel.csv`). RMSE and bias in % of the true value, after the common scale is removed by the
median ratio of tNAA, for both programs. z: root mean square of (estimate - truth) / reported SD, bias included, 1 is
ideal.
The tables of all kinds are of fits as `pharmrs run` makes them (repeated under harmless changes, total SD); those of
`nominal`, `lowsnr` and `distorted` after them are of the plain fit. Scale: that of the kind over that of `base`
(`nominal` for the three of `known-truth`), 1 is right. Reported: spectra that a reader is told to be doubtful. Silent:
those with an error of Glu, tNAA or tCr above 3 and 5 total SD, common scale included, that are not reported. Several
choices of the model were made looking at the given spectra: they are not held out. Seeds of own worlds are. Bound:
Bayesian Cramer-Rao bound of the generating model at the truth, which knows the functional form of the baseline and of
the line shape; no program that does not know them can reach it. `nominal`: S/N 40, FWHM about 7 Hz; `lowsnr`: S/N 15,
about 12 Hz; `distorted`: asymmetric line shape, macromolecule groups that vary independently.
"""


def _page(tables: list[str]) -> str:
    return _INTRODUCTION + "\n" + "\n\n".join(tables) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--spectra", type=int, default=400, help="generated spectra of each kind (0: none)")
    parser.add_argument("--worlds", type=int, default=24, help="generated spectra of each own world (0: none)")
    parser.add_argument("--batch", type=int, default=2000, help="random spectra of all kinds (0: none)")
    parser.add_argument("--store", type=Path, help="keep the figures of single fits here, to end and take up again")
    parser.add_argument("--write", type=Path, help="write the tables as Markdown to this file (docs/comparison.md)")
    arguments = parser.parse_args()
    limit_threads()
    from benchmarks import accuracy, all_kinds, batch, hard_spectra, recording
    from benchmarks.shared_data import SHARED
    from benchmarks.tables import PRINTED

    if not SHARED.is_dir():
        print(f"reference data not found at {SHARED}: nothing measured", file=sys.stderr)
        return 2
    missed = all_kinds.run(arguments.worlds, store=arguments.store) + recording.run() + accuracy.run(arguments.spectra)
    if arguments.spectra:
        hard_spectra.run(max(arguments.spectra // 4, 1))
    missed += batch.run(arguments.batch)  # last: processes started after Dask's inherit its settings of the allocator
    print(f"{missed} targets missed")
    if arguments.write is not None:
        arguments.write.write_text(_page(PRINTED), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
