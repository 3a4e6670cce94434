"""`python -m benchmarks.anatomy_places --heads 01 --presets 3T --seeds 611`: fractions in eight places of made heads.

Every head is segmented with the atlas of the others. Boxes lie at the MNI152 places below, by the affine map of the
segmentation, moved by up to 3 mm and turned by up to 15 degrees; what they truly hold is known whatever the map says.
Results are kept in `--results`, one line a head; what is there is not measured again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from benchmarks.anatomy_heads import HEADS, PRESETS, alone, atlas_without, fractions, made, mean_maps, stated, true_maps
from benchmarks.shared_data import SHARED
from benchmarks.tables import print_rows
from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.read.volumes import read_volume
from pharmrs.anatomy.science.segmentation import segment
from pharmrs.core.workers.threads import limit_threads

BOXES = 4
PLACES: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {  # centre, edges (mm)
    "pgACC": ((0, 42, 8), (20, 15, 10)),
    "PCC": ((0, -52, 28), (20, 20, 15)),
    "DLPFC": ((-36, 34, 30), (20, 20, 15)),
    "occipital": ((4, -84, 4), (20, 20, 15)),
    "sensorimotor": ((-38, -24, 54), (20, 20, 15)),
    "hippocampus": ((28, -22, -14), (12, 25, 12)),
    "thalamus": ((-12, -18, 8), (15, 15, 15)),
    "putamen": ((26, 4, 2), (12, 20, 15)),
}


def measured(head: str, preset: str, seed: int, kept: Path) -> dict[str, Any]:
    """Truth, found, SDs of every box, (boxes, 3) each, by place."""
    folder = made(head, preset, seed, kept)
    image = read_volume(folder / "t1.nii.gz")
    began = time.process_time()
    found = segment(image, mni152(), atlas_without(head, kept))
    cpu_s = time.process_time() - began
    maps, second = mean_maps(found, image)
    truth = true_maps(folder, image.affine)
    rng = np.random.default_rng(seed)
    places = {}
    for name, (centre, edges) in PLACES.items():
        boxes = np.array([_box(centre, edges, found.affine.to_head, rng) for _ in range(BOXES)])
        values, sds = fractions(maps, boxes)[0], stated(found, maps, second, boxes)
        places[name] = [fractions(truth, boxes)[0].tolist(), values.tolist(), sds.tolist()]
    return {"head": head, "preset": preset, "seed": seed, "cpu_s": cpu_s, "places": places}


def _box(
    centre: tuple[float, ...], edges: tuple[float, ...], to_head: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    left, _, right = np.linalg.svd(to_head[:3, :3])
    turn = left @ right @ Rotation.from_euler("xyz", rng.uniform(-15, 15, 3), degrees=True).as_matrix()
    box = np.eye(4)
    box[:3, :3] = turn * np.array(edges)
    box[:3, 3] = (to_head @ np.append(np.array(centre) + rng.uniform(-3, 3, 3), 1.0))[:3]
    return box


def print_places(results: list[dict[str, Any]]) -> None:
    """Mean absolute error, worst head and root mean square of error / SD, by place."""
    rows = []
    for name in PLACES:
        truth, found, sds = (np.array([one["places"][name][part] for one in results]) for part in range(3))
        errors = found - truth
        heads = np.abs(errors).mean(axis=1).max(axis=1)
        z = np.sqrt(((errors / sds) ** 2).mean(axis=(0, 1)))
        worst = results[int(np.argmax(heads))]
        rows.append(
            [
                name,
                *(f"{value:.3f}" for value in np.abs(errors).mean(axis=(0, 1))),
                f"{heads.max():.3f} ({worst['head']} {worst['preset']})",
                *(f"{value:.2f}" for value in z),
            ]
        )
    print_rows(f"{len(results)} heads", ["place", "GM", "WM", "CSF", "worst head", "z GM", "z WM", "z CSF"], rows)
    print(f"CPU of a head: {max(one['cpu_s'] for one in results):.0f} s at most")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.anatomy_places", description=__doc__)
    parser.add_argument("--heads", nargs="+", default=list(HEADS), choices=HEADS)
    parser.add_argument("--presets", nargs="+", default=["3T"], choices=PRESETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[611])
    parser.add_argument("--heads-in", type=Path, default=Path("benchmark-heads"), help="where made heads are kept")
    parser.add_argument("--results", type=Path, default=Path("benchmark-heads/places.jsonl"))
    arguments = parser.parse_args()
    if not (SHARED / "anatomy").is_dir():
        print(f"reference data not found at {SHARED / 'anatomy'}: nothing measured", file=sys.stderr)
        return 2
    limit_threads()
    arguments.heads_in.mkdir(parents=True, exist_ok=True)
    lines = arguments.results.read_text().splitlines() if arguments.results.is_file() else []
    results = [json.loads(line) for line in lines]
    done = {(one["head"], one["preset"], one["seed"]) for one in results}
    for seed in arguments.seeds:
        for preset in arguments.presets:
            for head in arguments.heads:
                if (head, preset, seed) not in done:
                    results.append(alone(measured, head, preset, seed, arguments.heads_in))
                    with arguments.results.open("a", encoding="utf-8") as stream:
                        stream.write(json.dumps(results[-1]) + "\n")
    print_places(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
