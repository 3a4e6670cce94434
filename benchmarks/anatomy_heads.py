"""Heads of known tissues for `benchmarks.anatomy`: made once, kept, segmented one process each, and what was found.

The heads come from `../shared/data/anatomy` (real anatomy, made contrast, noise, bias and pose); 20 oblique boxes of
20 x 15 x 10 mm near the pregenual cingulate in each.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

import nibabel as nib
import numpy as np

from benchmarks.anatomy_places import boxes_at_places
from benchmarks.shared_data import SHARED
from pharmrs.anatomy.read.atlas import parse_atlas, structures
from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.read.volumes import read_volume
from pharmrs.anatomy.records.atlas import Atlas
from pharmrs.anatomy.records.images import TissueMaps, Volume, VoxelBox
from pharmrs.anatomy.science.fractions import shares_in
from pharmrs.anatomy.science.segmentation import Segmentation, segment
from pharmrs.anatomy.science.segmentation_error import known_at, segmentation_error
from pharmrs.core.workers.threads import limit_threads

P = ParamSpec("P")
R = TypeVar("R")
PRESETS = ("3Tq", "3T", "3Tn", "7Tq", "7T", "lowc2")
HEADS = ("01", "02", "03", "04", "05", "06")
TARGET_MNI_MM = (0.0, 42.0, 6.0)  # where heads made from the template have their first box


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadResult:
    """What was found in one head. Per box, in the order grey matter, white matter, CSF: `truth`, `found`,
    `apart`, the difference of the two segmentations, and `sds`, what is stated; `inside`: share of the box that is in
    the found brain.

    `kept`: share of grey and white matter in the found brain. `centre_mm`: MNI152 place of the first box.
    CPU and memory of the segmentation alone. `places`: truth, found and SDs of the boxes at each place of
    `records/places.py`. `slices_mm`: thickness of the axial slices that the image was cut into; 0: as it was made.
    """

    head: str
    preset: str
    seed: int
    truth: list[list[float]]
    found: list[list[float]]
    apart: list[list[float]]
    sds: list[list[float]]
    inside: list[float]
    kept: float
    similarity: float
    noise: float
    cpu_s: float
    peak_mib: float
    centre_mm: list[float]
    places: dict[str, list[list[list[float]]]] = field(default_factory=dict)
    slices_mm: float = 0.0

    @property
    def errors(self) -> np.ndarray:
        """Found less true, (boxes, 3)."""
        return np.array(self.found) - np.array(self.truth)

    @property
    def known_place(self) -> bool:
        """Only heads made from the template have a known place in it."""
        return self.head == "mni"

    @property
    def centre_error_mm(self) -> float:
        return float(np.linalg.norm(np.array(self.centre_mm) - TARGET_MNI_MM)) if self.known_place else float("nan")

    def line(self) -> str:
        mean = np.abs(self.errors).mean(axis=0)
        return (
            f"{self.head:4} {self.preset:5} {self.seed:4d} MAE {mean[0]:.4f} {mean[1]:.4f} {mean[2]:.4f} "
            f"worst {np.abs(self.errors).max():.3f} bias {np.array2string(self.errors.mean(axis=0), precision=4)} "
            f"apart {np.array2string(np.mean(self.apart, axis=0), precision=3)} "
            f"kept {100 * self.kept:.3f} % box {min(self.inside):.4f} sim {self.similarity:.2f} "
            f"noise {100 * self.noise:.1f} % CPU {self.cpu_s:.1f} s {self.peak_mib:.0f} MiB "
            f"MNI {self.centre_error_mm:.2f} mm"
        )

    def text(self) -> str:
        return json.dumps(asdict(self))

    @staticmethod
    def parse(line: str) -> HeadResult:
        return HeadResult(**json.loads(line))


def seed_of(head: str, preset: str, seed: int) -> int:
    """Another seed for each head and preset; the same one whatever else is measured."""
    number = 0 if head == "mni" else int(head)
    return seed + 100 * number + (PRESETS.index(preset) if preset in PRESETS else len(PRESETS))


def made(head: str, preset: str, seed: int, kept: Path) -> Path:
    """The folder of one made head, made now unless it is kept from an earlier run."""
    folder = kept / f"{head}-{preset}-{seed}"
    if not (folder / "boxes.npz").is_file():
        script = SHARED / "anatomy" / "synthesise_t1.py"
        kind = "mni" if head == "mni" else "synthseg"
        subprocess.run([sys.executable, str(script), str(folder), kind, head, str(seed), preset], check=True)
    return folder


def atlas_without(head: str, kept: Path) -> Atlas:
    """The atlas of the other heads' labels, made now unless it is kept: a head must not be measured on itself."""
    if head == "mni":
        return structures()
    path = kept / f"atlas-without-{head}.npz"
    if not path.is_file():
        script = Path(__file__).parents[1] / "scripts" / "make_atlas.py"
        labels = [str(SHARED / "anatomy" / f"labels-{other}.nii.gz") for other in HEADS if other not in (head, "mni")]
        subprocess.run([sys.executable, str(script), *labels, "--out", str(path)], check=True)
    return parse_atlas(path.read_bytes())


def mean_maps(found: Segmentation, image: Volume) -> tuple[TissueMaps, TissueMaps]:
    """The result, and the other weighting of both methods."""
    return _maps(found.maps, image.affine), _maps(found.second, image.affine)


def stated(found: Segmentation, maps: TissueMaps, second: TissueMaps, boxes: np.ndarray) -> np.ndarray:
    """SDs of the fractions that the segmentation is given in every box, (boxes, 3); where the boxes lie is known."""
    sds = []
    for affine in boxes:
        place = (found.affine.to_template @ affine[:, 3])[:3]
        known = known_at(place, thickness_mm=float(np.linalg.norm(maps.affine[:3, :3], axis=0).max()))
        error = segmentation_error(maps, second, found.errors, VoxelBox(affine=affine), known)
        sds.append(np.sqrt(np.diag(error)))
    return np.array(sds)


def fractions(maps: TissueMaps, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fractions of the brain in every box, (boxes, 3), and the share of the box that is brain."""
    shares = np.array([shares_in(maps, VoxelBox(affine=affine))[0] for affine in boxes])
    total = shares.sum(axis=1)
    return shares / total[:, None], total


def true_maps(folder: Path, affine: np.ndarray) -> TissueMaps:
    """The tissues that the head was made of."""
    gray, white, csf = (nib.load(folder / f"{name}.nii.gz").get_fdata(dtype=np.float32) for name in ("gm", "wm", "csf"))
    return _maps((gray, white, csf), affine)


def _maps(maps: tuple[np.ndarray, np.ndarray, np.ndarray], affine: np.ndarray) -> TissueMaps:
    gray, white, csf = maps
    return TissueMaps(gray_matter=gray, white_matter=white, csf=csf, affine=affine, source="", method="")


def in_slices(image: Volume, thickness_mm: float) -> Volume:
    """Means over axial slices of about that thickness."""
    count = max(1, round(thickness_mm / float(image.spacing_mm[2])))
    slices = image.data.shape[2] // count
    data = image.data[:, :, : slices * count].reshape(*image.data.shape[:2], slices, count).mean(axis=3)
    affine = image.affine.copy()
    affine[:3, 3] += affine[:3, 2] * 0.5 * (count - 1)
    affine[:3, 2] *= count
    return Volume(data=data, affine=affine, source=image.source)


def measured(head: str, preset: str, seed: int, kept: Path, slices_mm: float = 0.0) -> HeadResult:
    """Make one head, segment it, compare."""
    folder = made(head, preset, seed, kept)
    whole = read_volume(folder / "t1.nii.gz")
    image = in_slices(whole, slices_mm) if slices_mm else whole
    began = time.process_time()
    found = segment(image, mni152(), atlas_without(head, kept))
    cpu_s = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    maps, second = mean_maps(found, image)
    truth = true_maps(folder, whole.affine)
    boxes = np.load(folder / "boxes.npz")
    values, inside = fractions(maps, boxes["boxes"])
    tissue = truth.gray_matter + truth.white_matter
    brain = np.sum(maps.maps, axis=0) > 0.5
    if brain.shape != tissue.shape:
        brain = np.repeat(brain, round(slices_mm / float(whole.spacing_mm[2])), axis=2)
        tissue = tissue[:, :, : brain.shape[2]]
    places = {
        name: [
            fractions(truth, some)[0].tolist(),
            fractions(maps, some)[0].tolist(),
            stated(found, maps, second, some).tolist(),
        ]
        for name, some in boxes_at_places(found.affine.to_head, seed).items()
    }
    matrix = found.affine.to_template
    return HeadResult(
        head=head,
        preset=preset,
        seed=seed,
        truth=fractions(truth, boxes["boxes"])[0].tolist(),
        found=values.tolist(),
        apart=(values - fractions(second, boxes["boxes"])[0]).tolist(),
        sds=stated(found, maps, second, boxes["boxes"]).tolist(),
        inside=inside.tolist(),
        kept=float(tissue[brain].sum() / tissue.sum()),
        similarity=found.affine.similarity,
        noise=found.noise,
        cpu_s=cpu_s,
        peak_mib=peak,
        centre_mm=(matrix[:3, :3] @ boxes["pgacc"] + matrix[:3, 3]).tolist(),
        places=places,
        slices_mm=slices_mm,
    )


def alone(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """`function` in a process of its own, one thread: so that memory is that of one head."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn"), initializer=limit_threads) as pool:
        return pool.submit(function, *args, **kwargs).result()
