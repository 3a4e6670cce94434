"""`python -m benchmarks.anatomy --heads 01 02 --presets 3T 7T`: segmentation against heads of known tissues.

The heads come from `../shared/data/anatomy` (real anatomy, made contrast, noise, bias and pose); 20 oblique boxes of
20 x 15 x 10 mm near the pregenual cingulate in each. One line per head as it is done, then the table of all.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

from benchmarks.shared_data import SHARED
from benchmarks.tables import CONSOLE, PRINTED
from pharmrs.anatomy.fractions import boundary_covariance, box_content, disagreement, shares_in
from pharmrs.anatomy.segmentation import segment
from pharmrs.io.template import mni152
from pharmrs.io.volumes import read_volume
from pharmrs.pipeline.execution import limit_threads
from pharmrs.pipeline.tissue import OWN_SEGMENTATION_SD
from pharmrs.records.anatomy import TissueMaps, VoxelBox

PRESETS = ("3Tq", "3T", "3Tn", "7Tq", "7T", "lowc2")
ADULT_WATER = np.array([0.78, 0.65, 0.97])  # relative densities: what the molal scale weighs the fractions with


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadResult:
    """Errors (boxes, 3) of grey matter, white matter and CSF, their stated SDs, and what the head cost."""

    name: str
    preset: str
    errors: np.ndarray
    sds: np.ndarray
    molal_change: np.ndarray
    tissue_kept: float
    brain_in_boxes: float
    similarity: float
    noise: float
    cpu_s: float
    centre_error_mm: float

    def line(self) -> str:
        mean, worst = np.abs(self.errors).mean(axis=0), np.abs(self.errors).max()
        calibration = np.sqrt(np.mean((self.errors / self.sds) ** 2, axis=0)).round(2)
        return (
            f"{self.name:4} {self.preset:5} MAE {mean[0]:.4f} {mean[1]:.4f} {mean[2]:.4f} worst box {worst:.3f} "
            f"bias {self.errors.mean(axis=0).round(4)} z {calibration} "
            f"kept {100 * self.tissue_kept:.2f} % similarity {self.similarity:.2f} noise {100 * self.noise:.1f} % "
            f"CPU {self.cpu_s:.0f} s MNI {self.centre_error_mm:.2f} mm"
        )


def measure(ident: str, preset: str, seed: int, folder: Path) -> HeadResult:
    """Make one head, segment it, compare."""
    kind = "mni" if ident == "mni" else "synthseg"
    script = SHARED / "anatomy" / "synthesise_t1.py"
    subprocess.run([sys.executable, str(script), str(folder), kind, ident, str(seed), preset], check=True)
    image = read_volume(folder / "t1.nii.gz")
    began = time.process_time()
    found = segment(image, mni152())
    cpu_s = time.process_time() - began
    gray, white, csf = (0.5 * (a + b) for a, b in zip(found.smooth, found.partial, strict=True))
    maps = _maps(gray, white, csf, image.affine)
    second = _maps(*found.smooth, image.affine)
    truth = _maps(
        *(nib.load(folder / f"{name}.nii.gz").get_fdata(dtype=np.float32) for name in ("gm", "wm", "csf")), image.affine
    )
    errors, sds, molal, inside = [], [], [], []
    boxes = np.load(folder / "boxes.npz")
    for affine in boxes["boxes"]:
        box = VoxelBox(affine=affine)
        own = boundary_covariance(*OWN_SEGMENTATION_SD) + disagreement(maps, second, box)
        content = box_content(maps, box, 0.0, own)  # the place of the box is known here
        true = shares_in(truth, box)[0]
        true = true / true.sum()
        errors.append(content.values - true)
        sds.append(np.sqrt(np.diag(content.covariance)))
        molal.append(_molal_factor(content.values) / _molal_factor(true) - 1.0)
        inside.append(content.inside_brain)
    tissue = truth.gray_matter + truth.white_matter
    brain = gray + white + csf > 0.5
    matrix = found.affine.to_template
    centre = matrix[:3, :3] @ boxes["pgacc"] + matrix[:3, 3]
    return HeadResult(
        name=ident,
        preset=preset,
        errors=np.array(errors),
        sds=np.array(sds),
        molal_change=np.array(molal),
        tissue_kept=float(tissue[brain].sum() / tissue.sum()),
        brain_in_boxes=float(min(inside)),
        similarity=found.affine.similarity,
        noise=found.noise,
        cpu_s=cpu_s,
        # only heads made from the template have a known place in it
        centre_error_mm=float(np.linalg.norm(centre - [0.0, 42.0, 6.0])) if kind == "mni" else float("nan"),
    )


def _maps(gray: np.ndarray, white: np.ndarray, csf: np.ndarray, affine: np.ndarray) -> TissueMaps:
    return TissueMaps(gray_matter=gray, white_matter=white, csf=csf, affine=affine, source="", method="")


def _molal_factor(fractions: np.ndarray) -> float:
    water = fractions * ADULT_WATER
    return float(water.sum() / (water[0] + water[1]))


def table(results: list[HeadResult]) -> str:
    """One row per preset and one for all, as Markdown."""
    columns = (
        "preset",
        "heads",
        "MAE GM",
        "WM",
        "CSF",
        "worst head",
        "worst box",
        "z GM",
        "z WM",
        "z CSF",
        "kept",
        "CV",
    )
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    for preset in [*dict.fromkeys(one.preset for one in results), "all"]:
        mine = [one for one in results if preset in ("all", one.preset)]
        errors = np.concatenate([one.errors for one in mine])
        z = np.sqrt(np.mean((errors / np.concatenate([one.sds for one in mine])) ** 2, axis=0))
        head = max(np.abs(one.errors).mean(axis=0).max() for one in mine)
        cells = [preset, str(len(mine)), *(f"{value:.4f}" for value in np.abs(errors).mean(axis=0))]
        cells += [f"{head:.3f}", f"{np.abs(errors).max():.3f}", *(f"{value:.2f}" for value in z)]
        cells.append(f"{100 * min(one.tissue_kept for one in mine):.2f} %")
        cells.append(f"{100 * np.std(np.concatenate([one.molal_change for one in mine])):.1f} %")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anatomy", description=__doc__)
    parser.add_argument("--heads", nargs="+", default=["01", "02", "03", "04", "05", "06"], help="numbers, or mni")
    parser.add_argument("--presets", nargs="+", default=list(PRESETS), choices=(*PRESETS, "easy", "lowc"))
    parser.add_argument("--seed", type=int, default=11)
    arguments = parser.parse_args()
    if not (SHARED / "anatomy").is_dir():
        print(f"reference data not found at {SHARED / 'anatomy'}: nothing measured", file=sys.stderr)
        return 2
    limit_threads()
    results = []
    for number, ident in enumerate(arguments.heads):
        for position, preset in enumerate(arguments.presets):
            with tempfile.TemporaryDirectory() as folder:
                seed = arguments.seed + 100 * number + position
                results.append(measure(ident, preset, seed, Path(folder)))
            print(results[-1].line(), flush=True)
    PRINTED.append(table(results))
    CONSOLE.print(PRINTED[-1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    cpu_s = [one.cpu_s for one in results]
    CONSOLE.print(f"CPU {np.mean(cpu_s):.0f} s a head (most {max(cpu_s):.0f} s), most memory {peak:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
