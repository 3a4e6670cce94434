"""Readers fed by a fuzzer that sees which lines they reach (atheris, libFuzzer), each for some seconds.

Usage: fuzz_readers.py FOLDER SECONDS KIND... ; of all kinds where none is named. A file that breaks a promise (a
traceback, 10 s, 4 GiB, a write outside its folder, a process started, a pickle) stays in FOLDER/KIND/crash-*.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
LONGEST_S, MEMORY_MIB, LARGEST_BYTES = 10, 4096, 1 << 16


def fuzz(kind: str, folder: Path, seconds: int) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["pharmrs"]):
        from pharmrs.core.errors import InputError
        from tests.robustness.bad_input_cases import kinds
        from tests.robustness.read_bad_input import Guard
    everything = kinds()
    chosen = everything[kind]
    work = folder / "work"
    inputs, out = work / "a" / "in", work / "out"
    target = inputs / chosen.target
    for name, content in chosen.files.items():
        (inputs / name).parent.mkdir(parents=True, exist_ok=True)
        (inputs / name).write_bytes(content)
    out.mkdir()
    tempfile.tempdir = str(out)
    seeds = folder / "seeds"
    seeds.mkdir()
    (seeds / "right").write_bytes(chosen.files[chosen.target])
    guard = Guard()

    def one(content: bytes) -> None:
        target.write_bytes(content)
        guard.allowed, guard.broken = out, []
        try:
            chosen.read(inputs, out)
        except InputError as error:
            assert str(error)
        finally:
            guard.allowed = None
        if guard.broken:
            raise AssertionError(guard.broken)

    one(chosen.files[chosen.target])  # loads what is loaded when it is needed
    limits = [f"-timeout={LONGEST_S}", f"-rss_limit_mb={MEMORY_MIB}", f"-max_len={LARGEST_BYTES}"]
    options = [f"-max_total_time={seconds}", f"-artifact_prefix={folder}/", "-print_final_stats=1", "-seed=1"]
    atheris.Setup([sys.argv[0], *limits, *options, str(seeds)], one)
    atheris.Fuzz()


def main() -> int:
    from tests.robustness.bad_input_cases import kinds

    place, seconds, wanted = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    failed = []
    for kind in wanted or kinds():
        folder = place / kind.replace(" ", "-")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = [sys.executable, str(Path(__file__)), "--one", kind, str(folder), str(seconds)]
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        ended = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        runs = [line.split()[-1] for line in ended.stderr.splitlines() if "number_of_executed_units" in line]
        verdict = "BROKEN" if ended.returncode else "all promises kept"
        print(f"{kind}: {(runs or ['?'])[0]} files, {verdict}", flush=True)
        if ended.returncode:
            failed.append(kind)
            print(ended.stderr[-3000:])
        shutil.rmtree(folder / "work", ignore_errors=True)
    return int(bool(failed))


if __name__ == "__main__":
    if sys.argv[1] == "--one":
        fuzz(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))
    sys.exit(main())
