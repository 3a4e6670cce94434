"""`python -m benchmarks.anatomy_robustness IMAGE...`: how much the fractions move when the image is disturbed.

IMAGE: folders of made heads (`benchmarks.anatomy` keeps them), or T1w images of real heads. 20 oblique boxes of
20 x 15 x 10 mm around the pregenual cingulate, the same places of the world in every version of an image: without its
skull, with 80 % more bias, stored in another order, resampled to an oblique grid, with 3 % more noise. Real images
that packages bring, none of which is copied into this project:

    pip download --no-deps pycortex==1.4.0   # in filestore/db/S1/anatomicals/raw.nii.gz, BSD 2-clause
    apt-get download mricron-data            # in templates/ch2.nii.gz (Colin27, mean of 27 scans of one person)
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from scipy.ndimage import affine_transform, gaussian_filter, zoom
from scipy.spatial.transform import Rotation

from benchmarks.anatomy_heads import TARGET_MNI_MM, alone, fractions, mean_maps
from benchmarks.tables import print_rows
from pharmrs.anatomy.read.atlas import structures
from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.read.volumes import read_volume
from pharmrs.anatomy.records.images import Volume
from pharmrs.anatomy.science.segmentation import segment
from pharmrs.core.workers.threads import limit_threads

TARGET = 0.015
SEED = 5


def with_bias(image: Volume) -> Volume:
    """A smooth field of 80 % from its lowest to its highest value, in logarithm."""
    rng = np.random.default_rng(SEED)
    coarse = gaussian_filter(rng.standard_normal((16, 16, 16)), 3.0)
    field = zoom(coarse, np.array(image.data.shape) / 16, order=1)
    field = 0.8 * (field - field.min()) / np.ptp(field)
    return Volume(data=(image.data * np.exp(field)).astype(np.float32), affine=image.affine, source="bias")


def stored_otherwise(image: Volume) -> Volume:
    """Axes in another order, two of them backwards: every element stays at its place in the world."""
    order, flips = (2, 0, 1), (-1, 1, -1)
    move = np.zeros((4, 4))
    move[3, 3] = 1.0
    for new, (old, sign) in enumerate(zip(order, flips, strict=True)):
        move[old, new] = sign
        move[old, 3] = image.data.shape[old] - 1 if sign < 0 else 0.0
    data = np.transpose(image.data, order)[tuple(slice(None, None, sign) for sign in flips)]
    return Volume(data=np.ascontiguousarray(data), affine=image.affine @ move, source="order")


def oblique(image: Volume) -> Volume:
    """On a grid turned by 17, -12 and 9 degrees about the middle of the image, with cubic splines."""
    turn = Rotation.from_euler("xyz", (17, -12, 9), degrees=True).as_matrix()
    half = 0.5 * (np.array(image.data.shape) - 1)
    middle = image.affine[:3, :3] @ half + image.affine[:3, 3]
    affine = np.eye(4)
    affine[:3, :3] = turn @ image.affine[:3, :3]
    affine[:3, 3] = middle - affine[:3, :3] @ half
    chain = np.linalg.inv(image.affine) @ affine
    data = affine_transform(image.data, chain[:3, :3], chain[:3, 3], order=3)
    return Volume(data=np.maximum(data, 0.0).astype(np.float32), affine=affine, source="oblique")


def with_noise(image: Volume, white: float) -> Volume:
    """Rician noise with an SD of 3 % of the brightness of white matter."""
    rng = np.random.default_rng(SEED)
    first, second = (0.03 * white * rng.standard_normal(image.data.shape) for _ in range(2))
    return Volume(data=np.hypot(image.data + first, second).astype(np.float32), affine=image.affine, source="noise")


def boxes_around(place: np.ndarray, count: int = 20) -> np.ndarray:
    """Oblique boxes of 20 x 15 x 10 mm near a place of the world."""
    rng = np.random.default_rng(SEED)
    boxes = np.tile(np.eye(4), (count, 1, 1))
    for box in boxes:
        turn = Rotation.from_euler("xyz", rng.uniform(-30, 30, 3), degrees=True).as_matrix()
        box[:3, :3], box[:3, 3] = turn * [20.0, 15.0, 10.0], place + rng.uniform(-6, 6, 3)
    return boxes


def moved(path: Path, kind: str) -> dict[str, object]:
    """Segment the image as it is and in one disturbed version; how far the fractions of the boxes move."""
    image = read_volume(path / "t1.nii.gz" if path.is_dir() else path)
    plain = segment(image, mni152(), structures())
    maps, _ = mean_maps(plain, image)
    if path.is_dir():
        boxes = np.load(path / "boxes.npz")["boxes"]
    else:
        to_head = plain.affine.to_head
        boxes = boxes_around(to_head[:3, :3] @ np.array(TARGET_MNI_MM) + to_head[:3, 3])
    brain = np.sum(maps.maps, axis=0) > 0.5
    white = float(np.median(image.data[maps.white_matter > 0.95]))
    versions: dict[str, Callable[[], Volume]] = {
        "skull": lambda: Volume(data=np.where(brain, image.data, 0).astype(np.float32), affine=image.affine, source=""),
        "bias": lambda: with_bias(image),
        "order": lambda: stored_otherwise(image),
        "oblique": lambda: oblique(image),
        "noise": lambda: with_noise(image, white),
    }
    before = fractions(maps, boxes)[0]
    changes = {}
    for name in versions if kind == "all" else (kind,):
        version = versions[name]()
        change = fractions(mean_maps(segment(version, mni152(), structures()), version)[0], boxes)[0] - before
        changes[name] = {
            "mean": np.abs(change.mean(axis=0)).max(),
            "typical": np.abs(change).mean(axis=0).max(),
            "most": np.abs(change).max(),
        }
        print(path.name, name, change.mean(axis=0).round(4), {k: round(float(v), 4) for k, v in changes[name].items()})
        sys.stdout.flush()
    name = path.name if path.is_dir() else path.name.split(".")[0]
    return {
        "image": name,
        "similarity": plain.affine.similarity,
        "white_to_gray": plain.affine.white_to_gray,
        "noise": plain.noise,
        "fractions": before.mean(axis=0).tolist(),
        "changes": {kind: {k: float(v) for k, v in of.items()} for kind, of in changes.items()},
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anatomy_robustness", description=__doc__)
    parser.add_argument("images", nargs="+", type=Path)
    parser.add_argument("--kind", default="all", choices=("all", "skull", "bias", "order", "oblique", "noise"))
    parser.add_argument("--results", type=Path, help="JSON lines, one image each")
    arguments = parser.parse_args()
    limit_threads()
    rows = []
    for path in arguments.images:
        found = alone(moved, path, arguments.kind)
        if arguments.results is not None:
            with arguments.results.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(found) + "\n")
        for kind, of in found["changes"].items():  # type: ignore[attr-defined]
            rows.append([str(found["image"]), kind, *(f"{value:.4f}" for value in of.values())])
    columns = ["image", "disturbed by", "of the mean box", "mean of the boxes", "most of a box"]
    print_rows(f"How far a fraction moves (wanted: {TARGET:g})", columns, rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
