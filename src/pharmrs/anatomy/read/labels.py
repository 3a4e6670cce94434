"""Images of labels (FreeSurfer, FastSurfer, SynthSeg, BIDS `*_dseg`) as maps of the three tissues.

Numbers are FreeSurfer's, unless a table beside the image (BIDS: `index`, `name`, maybe `abbreviation`) tells them.
FreeSurfer labels no fluid in the sulci: what is left without a label between labelled places counts as CSF.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from scipy.ndimage import binary_fill_holes, distance_transform_edt

from pharmrs.anatomy.records.images import TissueMaps, Volume
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.sidecar import stem_of
from pharmrs.core.records.arrays import FloatArray

GRAY, WHITE, FLUID = 0, 1, 2
_CORTEX = (range(1000, 3000), range(11100, 13000))
_FREESURFER: dict[int, int] = {
    **dict.fromkeys((one for span in _CORTEX for one in span), GRAY),
    **dict.fromkeys((one for span in (range(3000, 5000), range(13100, 15000), (5001, 5002)) for one in span), WHITE),
    **dict.fromkeys(
        (3, 42, 8, 47, *range(9, 14), *range(48, 53), 17, 53, 18, 54, 19, 55, 20, 56, 26, 58, 27, 59), GRAY
    ),
    **dict.fromkeys((2, 41, 7, 46, 16, 28, 60, 85, 77, 78, 79, 80, 81, 82, 192, *range(250, 256), 1004, 2004), WHITE),
    **dict.fromkeys((4, 43, 5, 44, 14, 15, 24, 31, 63, 30, 62, 72, 122, 257), FLUID),
}
_NO_BRAIN = (165, 258, 259)  # skull and soft tissue
_NAMES = (  # what the names in a BIDS table hold; the first that fits
    (FLUID, ("csf", "cerebrospinal", "ventricle", "choroid", "inf-lat-vent", "vessel")),
    (WHITE, ("wm", "white", "corpus-callosum", "cc-", "brain-stem", "brainstem", "ventraldc", "ventral-dc", "chiasm")),
    (GRAY, ("gm", "gray", "grey", "cortex", "ctx", "thalamus", "caudate", "putamen", "pallidum", "hippocampus")),
    (GRAY, ("amygdala", "accumbens", "substan", "cerebellum", "vermis")),
)
_CLOSING_MM = 5.0
_MOST_UNKNOWN = 0.02  # of the labelled volume
_LEAST_LABELLED_ML = 200.0


def maps_of_labels(labels: Volume, name: str, problems: Problems) -> TissueMaps | None:
    """The three tissues; None, with the reason in `problems`, where the numbers are not known."""
    values = np.rint(labels.data).astype(np.int64)
    if np.abs(labels.data - values).max() > 1e-3 or values.min() < 0:
        problems.add("data", "must be whole numbers of labels", f"{labels.data.max():.4g}", "give the image of labels")
        return None
    known = _table(Path(labels.source)) or _FREESURFER
    found, counts = np.unique(values[(values > 0) & ~np.isin(values, _NO_BRAIN)], return_counts=True)
    strange = [int(one) for one in found if int(one) not in known]
    unknown = counts[np.isin(found, strange)].sum() / max(counts.sum(), 1)
    volume_ml = counts.sum() * float(abs(np.linalg.det(labels.affine[:3, :3]))) / 1e3
    if unknown > _MOST_UNKNOWN or not {GRAY, WHITE} <= {known.get(int(one)) for one in found}:
        shown = ", ".join(str(one) for one in (strange or list(found))[:8])
        remedy = "put a table of its labels beside it (same name, .tsv: index, name), or give aseg.mgz or three maps"
        problems.add("data", "labels must be FreeSurfer's numbers, or explained by a table", f"labels {shown}", remedy)
        return None
    if volume_ml < _LEAST_LABELLED_ML:
        problems.add(
            "data", "must hold a labelled brain", f"{volume_ml:.0f} ml", "give the segmentation of the whole head"
        )
        return None
    image = np.full(values.shape, -1, dtype=np.int8)
    for one in found:
        image[values == one] = known.get(int(one), -1)
    inside = _closed(image >= 0, np.asarray(labels.spacing_mm))
    image[inside & (image < 0)] = FLUID
    gray, white, csf = (np.asarray(image == one, dtype=np.float32) for one in (GRAY, WHITE, FLUID))
    return TissueMaps(gray_matter=gray, white_matter=white, csf=csf, affine=labels.affine, source=name, method="labels")


def _closed(inside: np.ndarray, spacing_mm: FloatArray) -> np.ndarray:
    wide = distance_transform_edt(~np.pad(inside, 8), sampling=spacing_mm) <= _CLOSING_MM
    closed = distance_transform_edt(wide, sampling=spacing_mm) > _CLOSING_MM
    return np.asarray(binary_fill_holes(closed)[8:-8, 8:-8, 8:-8] | inside)


def _table(image: Path) -> dict[int, int] | None:
    """Label -> tissue by the nearest BIDS table that applies to the image; None: no table."""
    stem = stem_of(image)
    entities = set(stem.split("_"))
    for folder in list(image.absolute().parents)[:4]:
        for path in sorted(folder.glob("*dseg.tsv"), key=lambda one: -len(one.name)):
            if set(stem_of(path).removesuffix(".tsv").split("_")) <= entities:
                return _read(path)
    return None


def _read(path: Path) -> dict[int, int]:
    kinds: dict[int, int] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            text = (
                f"{row.get('name') or ''} {row.get('abbreviation') or ''}".lower().replace(" ", "-").replace("_", "-")
            )
            kind = next((tissue for tissue, parts in _NAMES if any(part in text for part in parts)), None)
            index = (row.get("index") or "").strip()
            if kind is not None and index.isdigit():
                kinds[int(index)] = kind
    return kinds
