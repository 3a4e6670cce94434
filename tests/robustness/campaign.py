"""A campaign of faults on a small study, at random: how many were tried, and how many were survived.

    python -m tests.robustness.campaign --count 6 --seed 1

Each trial disturbs one run of `pharmrs` as the world would (a kill, a signal, a full disk, a link, bytes that change, a
header that cannot be, a right that is missing) and then gives the same command again, or looks at what is left. It is
survived where no traceback was shown, the exit code is one of those promised, nothing of anybody else was touched, and
what could be had is the same, byte for byte, as without the fault.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.nifti1 import Nifti1Extension

from tests.study.e2e import RESULTS, recordings, results, table
from tests.study.small_trial import write_small_trial

COMMAND = [sys.executable, "-m", "pharmrs", "run"]
HOSTILE = (None, -1, 0, 1e308, -1e308, "NaN", "x" * 4000, [], {}, [1e300], True, "=1+1", "\u202e", 10**300, 1e-320)
FIELDS = (
    "SpectrometerFrequency", "ResonantNucleus", "EchoTime", "RepetitionTime", "MixingTime", "AcquisitionStartTime",
    "dim_5", "dim_6", "dim_5_header", "TxOffset", "SpecFreqChemShift", "SequenceName", "ProcessingApplied",
)  # fmt: skip


@dataclass(frozen=True)
class Whole:
    """The study, and what an undisturbed run leaves: code, files, seconds."""

    study: Path
    code: int
    left: dict[str, bytes]
    seconds: float


@dataclass(frozen=True)
class Ended:
    code: int
    told: str


def run(root: Path, *words: str, before: list[str] | None = None) -> Ended:
    done = subprocess.run(
        [*(before or []), *COMMAND, str(root), "-j", "1", *words], capture_output=True, text=True, check=False
    )
    return Ended(done.returncode, done.stderr)


def wrong(ended: Ended, codes: tuple[int, ...]) -> str:
    """What is wrong with how a command ended; empty: nothing."""
    if "Traceback" in ended.told:
        return "a traceback: " + ended.told.strip().splitlines()[-1]
    return "" if ended.code in codes else f"exit code {ended.code}: {ended.told.strip().splitlines()[-1:]}"


def same(whole: Whole, root: Path, ended: Ended) -> str:
    """What differs from an undisturbed run."""
    if fault := wrong(ended, (whole.code,)):
        return fault
    left = results(root)
    differing = sorted(name for name in {*left, *whole.left} if left.get(name) != whole.left.get(name))
    parts = [path.name for path in root.rglob("*") if path.name.endswith("-part")]
    return f"differing: {differing[:3]}" if differing else f"left over: {parts[:3]}" if parts else ""


def ended_by(number: signal.Signals, whole: Whole, root: Path, chance: random.Random) -> str:
    running = subprocess.Popen([*COMMAND, str(root), "-j", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(chance.uniform(0.2, 1.0) * whole.seconds)
    running.send_signal(number)
    running.wait()
    return same(whole, root, run(root))


def killed(whole: Whole, root: Path, chance: random.Random) -> str:
    return ended_by(signal.SIGKILL, whole, root, chance)


def terminated(whole: Whole, root: Path, chance: random.Random) -> str:
    return ended_by(chance.choice((signal.SIGTERM, signal.SIGHUP, signal.SIGINT)), whole, root, chance)


def full_disk(whole: Whole, root: Path, chance: random.Random) -> str:
    """A file system of a few hundred kilobytes for the derivative; then one that is large enough."""
    place = root / "derivatives"
    size = sum(map(len, whole.left.values()))
    place.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={int(size * chance.uniform(0.05, 0.9))}", "none", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        return "not tried: this user may not mount a file system"
    try:
        ended = run(root)
        fault = wrong(ended, (2,)) or ("" if "No space left" in ended.told else f"not told: {ended.told[-200:]}")
        subprocess.run(["mount", "-o", f"remount,size={20 * size + (1 << 26)}", str(place)], check=True)
        return fault or same(whole, root, run(root))
    finally:
        subprocess.run(["umount", str(place)], check=True)


def linked(whole: Whole, root: Path, chance: random.Random) -> str:
    """A file or a folder of an earlier run is a link to somebody else's."""
    shutil.copytree(whole.study / RESULTS, root / RESULTS)
    theirs = root.parent / "theirs"
    theirs.mkdir()
    (theirs / "file").write_text("mine")
    (theirs / "folder").mkdir()
    every = [path for path in (root / RESULTS).rglob("*") if path.name != ".pharmrs"]
    path = chance.choice(sorted(every))
    target = theirs / ("folder" if path.is_dir() else "file")
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to(target)
    ended = run(root)
    there = sorted(one.relative_to(theirs).as_posix() for one in theirs.rglob("*"))
    if there != ["file", "folder"] or (theirs / "file").read_text() != "mine":
        return f"written through the link {path.relative_to(root)}"
    return wrong(ended, (2,)) if target.is_dir() else same(whole, root, ended)


def damaged(whole: Whole, root: Path, chance: random.Random) -> str:
    """Bytes of a file of an earlier run change: whatever it was, the next run puts it right."""
    shutil.copytree(whole.study / RESULTS, root / RESULTS)
    every = [path for path in (root / RESULTS).rglob("*") if path.is_file() and path.name not in (".pharmrs", "lock")]
    path = chance.choice(sorted(every))
    content = bytearray(path.read_bytes() or b"x")
    for _ in range(chance.choice((1, 8))):
        content[chance.randrange(len(content))] = chance.randrange(256)
    path.write_bytes(content[: chance.choice((len(content), len(content) // 2))])
    return same(whole, root, run(root))


def hostile_header(whole: Whole, root: Path, chance: random.Random) -> str:
    """A field of the header of one scan holds what no scanner writes: the other scan is as it was."""
    svs = recordings(root / "sub-01" / "ses-2" / "mrs").svs
    image = nib.load(svs)
    content = json.loads(bytes(image.header.extensions[0].get_content()).rstrip(b"\x00"))
    content[chance.choice(FIELDS)] = chance.choice(HOSTILE)
    image.header.extensions[0] = Nifti1Extension(44, json.dumps(content).encode())
    nib.save(nib.Nifti2Image(np.asanyarray(image.dataobj), image.affine, image.header), svs)
    return others_as_they_were(whole, root, run(root))


def hostile_signal(whole: Whole, root: Path, chance: random.Random) -> str:
    svs = recordings(root / "sub-01" / "ses-2" / "mrs").svs
    image = nib.load(svs)
    data = np.asanyarray(image.dataobj).astype(np.complex128)
    kind = chance.choice(("scale", "point", "zero", "nan", "short"))
    if kind == "scale":
        data *= 10.0 ** chance.randint(-300, 300)
    elif kind == "point":
        data.flat[chance.randrange(data.size)] = 10.0 ** chance.randint(20, 300)
    elif kind == "zero":
        data[..., chance.randrange(data.shape[-1])] = 0
    elif kind == "nan":
        data.flat[chance.randrange(data.size)] = np.nan
    else:
        data = data[:, :, :, : chance.choice((1, 2, 15))]
    made = nib.Nifti2Image(data, image.affine, image.header)
    made.header.set_data_dtype(np.complex128)
    nib.save(made, svs)
    return others_as_they_were(whole, root, run(root))


def without_right(whole: Whole, root: Path, chance: random.Random) -> str:
    """A file or folder of the second examination may not be read (by somebody who is not root)."""
    place = root / "sub-01" / "ses-2"
    path = chance.choice(sorted([place, *place.rglob("*")]))
    path.chmod(0)
    drop = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
    if drop and subprocess.run([*drop, "true"], capture_output=True, check=False).returncode:
        return "not tried: no setpriv"
    ended = run(root, before=drop)
    path.chmod(0o755 if path.is_dir() else 0o644)
    if path.suffix != ".json" and path.name not in ended.told:
        return f"not told: {path.relative_to(root)}"
    return others_as_they_were(whole, root, ended)


def others_as_they_were(whole: Whole, root: Path, ended: Ended) -> str:
    if fault := wrong(ended, (0, 3)):
        return fault
    values = [row for row in table(root / RESULTS / "metabolites.tsv") if "ses-1" in row["scan"]]
    right = [row for row in table(whole.study / RESULTS / "metabolites.tsv") if "ses-1" in row["scan"]]
    return "" if values == right and values else "the other scan has other values"


FAULTS: tuple[Callable[[Whole, Path, random.Random], str], ...] = (
    killed, terminated, full_disk, linked, damaged, hostile_header, hostile_signal, without_right,
)  # fmt: skip


def tried(fault: Callable[[Whole, Path, random.Random], str], whole: Whole, seed: str) -> str:
    """What went wrong in one trial; empty: it was survived."""
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        ignore = shutil.ignore_patterns("derivatives")
        root = Path(shutil.copytree(whole.study, Path(folder) / "study", ignore=ignore))
        inputs = {path: sha256(path.read_bytes()).digest() for path in root.rglob("*_mrsref*")}
        found = fault(whole, root, random.Random(seed))
        changed = [path.name for path, digest in inputs.items() if sha256(path.read_bytes()).digest() != digest]
        return found or (f"an input was changed: {changed}" if changed else "")


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--count", type=int, default=5, help="trials of each kind")
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        study = Path(folder) / "study"
        write_small_trial(study)
        began = time.monotonic()
        code = run(study).code
        whole = Whole(study, code, results(study), time.monotonic() - began)
        lost = total = 0
        for fault in FAULTS:
            found = [tried(fault, whole, f"{given.seed} {fault.__name__} {number}") for number in range(given.count)]
            skipped = [text for text in found if text.startswith("not tried")]
            bad = [f"{number}: {text}" for number, text in enumerate(found) if text and text not in skipped]
            total, lost = total + len(found) - len(skipped), lost + len(bad)
            print(f"{fault.__name__:15} {len(found) - len(skipped)} tried, {len(bad)} not survived", *skipped[:1])
            print(*(f"    {text}" for text in bad), sep="\n", end="\n" if bad else "", flush=True)
        print(f"{total} tried, {total - lost} survived (seed {given.seed})")
    sys.exit(bool(lost))


if __name__ == "__main__":
    main()
