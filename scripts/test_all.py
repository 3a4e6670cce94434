"""Every test, the long ones too, in shards of at most an hour, each with its log in `build/test-all/`.

    python scripts/test_all.py                 # all shards, one after the other
    python scripts/test_all.py --shard trial   # one
    python scripts/test_all.py --list

A shard that fails or takes too long does not stop the others; the last lines say how each ended.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

HOME = Path(__file__).resolve().parents[1]
LOGS = HOME / "build" / "test-all"
LONGEST_S = 3600
# a folder, or some of its modules by the beginnings of their names; the rest of `tests/` is a shard of its own
SHARDS: dict[str, tuple[str, ...]] = {
    "spectra": ("spectra/",),
    "anatomy": ("anatomy/",),
    "assay-genotype": ("assay/", "genotype/"),
    "trial": ("trial/",),
    "study": ("study/", "core/"),
    "commands": ("cli/", "simulate/"),
    "bad-input": ("robustness/test_bad_input", "robustness/test_readers_by_chance", "robustness/test_guard"),
    "killed": ("robustness/test_killed",),
    "disks": ("robustness/test_disk_and_clock",),
    "others": (),
}


def modules_of(shard: str) -> list[str]:
    """The test modules of a shard, from `tests/` on; every module is in exactly one."""
    found = []
    for path in sorted((HOME / "tests").rglob("test_*.py")):
        name = path.relative_to(HOME / "tests").as_posix()
        owner = next((one for one, begins in SHARDS.items() if name.startswith(begins or ("\0",))), "others")
        found += [f"tests/{name}"] if owner == shard else []
    return found


def run(shard: str) -> str:
    """How a shard ended, in a line."""
    LOGS.mkdir(parents=True, exist_ok=True)
    log, began = LOGS / f"{shard}.log", time.monotonic()
    words = ["-n", "auto", "--dist", "loadfile", "-q", "--durations", "10", *modules_of(shard)]
    with log.open("w") as stream:
        try:
            ended = subprocess.run(
                [sys.executable, "-m", "pytest", *words], cwd=HOME, stdout=stream, stderr=subprocess.STDOUT,
                check=False, timeout=LONGEST_S,
            )  # fmt: skip
            how = "passed" if ended.returncode == 0 else f"FAILED ({ended.returncode})"
        except subprocess.TimeoutExpired:
            how = f"TOO LONG (more than {LONGEST_S // 60} min)"
    last = (log.read_text(errors="replace").strip().splitlines() or [""])[-1]
    return f"{shard:15} {how:10} {(time.monotonic() - began) / 60:5.1f} min  {last}"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--shard", choices=list(SHARDS), action="append")
    asked.add_argument("--list", action="store_true")
    given = asked.parse_args()
    shards = given.shard or list(SHARDS)
    if given.list:
        for shard in shards:
            print(f"{shard}: {' '.join(modules_of(shard))}")
        return
    ended = []
    for shard in shards:
        ended.append(run(shard))
        print(ended[-1], flush=True)
    (LOGS / "summary.txt").write_text("\n".join(ended) + "\n")
    sys.exit(any("passed" not in line.split()[1] for line in ended))


if __name__ == "__main__":
    main()
