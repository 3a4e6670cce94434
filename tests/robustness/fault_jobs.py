"""Commands that are disturbed: where each has its input, how it is given, and what it must leave when it is not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.files.seal import opened
from tests.robustness import right_files as right
from tests.robustness.fault_hook import Ended, Fault, command

RUN_OUTPUT = "derivatives/pharmrs"
_UNEQUAL = ("pharmrs.log", "cache/", ".pharmrs")  # when it ran, what is kept to save time, what was written when


@dataclass(frozen=True)
class Job:
    """A command inside a folder that `prepare` fills; `out`: where it writes, below that folder."""

    name: str
    prepare: Callable[[Path], None]
    arguments: tuple[str, ...]
    out: str

    def run(self, folder: Path, fault: Fault | None = None) -> Ended:
        if fault is not None and not Path(fault.below).is_absolute():
            fault.below = str(folder / self.out)
        return command(*self.arguments, fault=fault, cwd=folder)

    def results(self, folder: Path) -> dict[str, bytes]:
        """Every result under its final name: relative path -> bytes."""
        return {name: content for name, content in self._all(folder).items() if not _is_hidden(name)}

    def hidden(self, folder: Path) -> list[str]:
        """Temporary files: whatever is hidden and no result."""
        everything = [path.relative_to(folder / self.out).as_posix() for path in (folder / self.out).rglob(".*")]
        return sorted(name for name in everything if Path(name).name not in (".bidsignore", ".pharmrs"))

    def _all(self, folder: Path) -> dict[str, bytes]:
        out = folder / self.out
        names = {path.relative_to(out).as_posix(): path for path in sorted(out.rglob("*")) if path.is_file()}
        unequal = tuple(place + one for place in ("", f"{RUN_OUTPUT}/") for one in _UNEQUAL)
        return {name: path.read_bytes() for name, path in names.items() if not name.startswith(unequal)}


@dataclass(frozen=True)
class Undisturbed:
    """What a command leaves that nothing happens to, its exit code, and the number of things it does to files."""

    job: Job
    prepared: Path
    results: dict[str, bytes]
    code: int
    events: int

    def copy(self, place: Path) -> Path:
        shutil.rmtree(place, ignore_errors=True)
        return Path(shutil.copytree(self.prepared, place))


def _is_hidden(name: str) -> bool:
    """A temporary file, or one in a temporary folder; `.bidsignore` is a result, `.pharmrs` names what is ours."""
    return any(part.startswith(".") and part not in (".bidsignore", ".pharmrs") for part in Path(name).parts)


def whole_caches(folder: Path) -> None:
    """What is kept to save time is whole, too: JSON to its last brace, as its seal says."""
    for path in folder.rglob("*.json"):
        if "cache" in path.parts and not path.name.startswith("."):
            text = path.read_text()
            text = opened(text) if text.startswith("sha256") else text
            for line in text.split("\n", 1) if "scans" in path.parts else [text]:
                json.loads(line)


def _files(**contents: bytes) -> Callable[[Path], None]:
    def prepare(folder: Path) -> None:
        for name, content in contents.items():
            (folder / name.replace("__", ".")).write_bytes(content)

    return prepare


def prepare_import(folder: Path) -> None:
    (folder / "a.nii").write_bytes(right.nifti_mrs())
    table = right.TABLES["import.tsv"].replace(b"a.nii.gz", b"a.nii").replace(b"\t0.02\t5", b"\t0.011\t5")
    (folder / "import.tsv").write_bytes(table)


def prepare_trial(folder: Path) -> None:
    """One participant, a good recording and a bad one, a plate and a gel."""
    from pharmrs.simulate.effects import Effects, Losses, reference_effects
    from pharmrs.simulate.trial import draw_trial
    from pharmrs.simulate.trial_dataset import Instruments, write_trial
    from pharmrs.simulate.trial_records import TrialSettings
    from pharmrs.trial.records.declared_design import Design

    design = Design(kind="parallel", treatments=("placebo", "S-ketamine"))
    losses = Losses(lost_scans=0.0, bad_scans=0.0, lost_samples=0.0, always_bad=("sub-01_ses-2",))
    effects = Effects(treatments=reference_effects(design.treatments).treatments, losses=losses)
    trial = draw_trial(TrialSettings(design=design, participants=1, seed=5, effects=effects))
    write_trial(folder, trial, Instruments(head=None))


PLATE = Job(
    "plate",
    _files(P1__tsv=right.grid_text(), layout__tsv=right.layout()),
    ("plate", "P1.tsv", "--layout", "layout.tsv", "--out", "out", "--analyte", "BDNF", "--unit", "pg/mL"),
    "out",
)
GENOTYPE = Job(
    "genotype",
    _files(bands__tsv=right.TABLES["bands.tsv"]),
    ("genotype", "bands.tsv", "--marker", "rs6265", "--out", "out"),
    "out",
)
ANALYSE = Job(
    "analyse",
    _files(observations__tsv=right.observations(), study__yaml=right.PLAN.encode()),
    ("analyse", "observations.tsv", "--plan", "study.yaml", "--out", "out"),
    "out",
)
IMPORT = Job("import", prepare_import, ("import", "import.tsv", "--out", "out"), "out")
BASIS = Job(
    "basis",
    lambda _folder: None,
    ("basis", "--sequence", "press", "--te-ms", "30", "--larmor-mhz", "123.2", "--bandwidth-hz", "2000",
     "--points", "512", "--metabolites", "NAA,Cr,GABA", "--out", "out/press.basis"),
    "out",
)  # fmt: skip
SIMULATE = Job("simulate", lambda _folder: None, ("simulate", "out", "-n", "2", "--no-recordings"), "out")
RECORDED = Job("simulate recordings", lambda _folder: None, ("simulate", "out", "-n", "1", "--workers", "1"), "out")
DEMO = Job("demo", lambda _folder: None, ("demo", "out", "-n", "1", "--workers", "1"), "out")
RUN = Job("run", prepare_trial, ("run", ".", "--workers", "1"), RUN_OUTPUT)
JOBS = {job.name: job for job in (PLATE, GENOTYPE, ANALYSE, IMPORT, BASIS, SIMULATE, RECORDED, RUN, DEMO)}
LONG_ONES = (RECORDED.name, RUN.name, DEMO.name)
