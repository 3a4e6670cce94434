"""`python -m benchmarks [--spectra N]`: every measured claim of the README, printed with its target."""

from __future__ import annotations

import argparse
import sys

from pharmrs.pipeline.execution import limit_threads


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--spectra", type=int, default=400, help="generated spectra of each kind (0: none)")
    parser.add_argument("--batch", type=int, default=2000, help="random spectra of all kinds (0: none)")
    arguments = parser.parse_args()
    limit_threads()
    from benchmarks import accuracy, batch, recording
    from benchmarks.shared_data import SHARED

    if not SHARED.is_dir():
        print(f"reference data not found at {SHARED}: nothing measured", file=sys.stderr)
        return 2
    missed = recording.run() + accuracy.run(arguments.spectra) + batch.run(arguments.batch)
    print(f"{missed} targets missed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
