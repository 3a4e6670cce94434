"""Places of the brain where spectra are usually taken, by name, and the place that a study declares."""

from __future__ import annotations

from dataclasses import dataclass

Point = tuple[float, float, float]

# centre (MNI152, mm) of the usual voxel; right is positive; pairs hold left and right
PLACES: dict[str, tuple[Point, ...]] = {
    "pgACC": ((0, 42, 8),),
    "sgACC": ((0, 26, -8),),
    "dACC": ((0, 20, 36),),
    "SMA": ((0, -8, 60),),
    "mPFC": ((0, 54, 14),),
    "PCC": ((0, -52, 28),),
    "precuneus": ((0, -62, 40),),
    "occipital": ((0, -86, 4),),
    "DLPFC": ((-36, 34, 30), (36, 34, 30)),
    "frontal white matter": ((-26, 30, 18), (26, 30, 18)),
    "OFC": ((-28, 34, -14), (28, 34, -14)),
    "sensorimotor": ((-38, -24, 54), (38, -24, 54)),
    "insula": ((-38, 6, 0), (38, 6, 0)),
    "hippocampus": ((-28, -22, -14), (28, -22, -14)),
    "amygdala": ((-24, -4, -18), (24, -4, -18)),
    "thalamus": ((-12, -18, 8), (12, -18, 8)),
    "caudate": ((-13, 12, 10), (13, 12, 10)),
    "putamen": ((-26, 4, 2), (26, 4, 2)),
    "auditory": ((-48, -22, 10), (48, -22, 10)),
    "temporal": ((-52, -20, -6), (52, -20, -6)),
    "parietal": ((-40, -48, 48), (40, -48, 48)),
    "cerebellum": ((0, -62, -22),),
}
_SIDES = ("left", "right")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Points (MNI152, mm) near any of which a voxel is expected, within `tolerance_mm`."""

    name: str
    points_mm: tuple[Point, ...]
    tolerance_mm: float


def place_named(name: str, tolerance_mm: float) -> Place:
    """`pgACC`, `left DLPFC`, ... Raises ValueError that names the known ones."""
    side, _, rest = name.strip().partition(" ")
    wanted = rest if side.lower() in _SIDES else name.strip()
    known = next((one for one in PLACES if one.lower() == wanted.strip().lower()), None)
    if known is None or (side.lower() in _SIDES and len(PLACES[known]) < 2):
        pairs = ", ".join(one for one, points in PLACES.items() if len(points) == 2)
        middle = ", ".join(one for one, points in PLACES.items() if len(points) == 1)
        raise ValueError(f"{name!r} is no known place; known are {middle}, and left or right {pairs}")
    points = PLACES[known]
    if side.lower() in _SIDES:
        points = (points[_SIDES.index(side.lower())],)
    return Place(name=name.strip(), points_mm=points, tolerance_mm=tolerance_mm)
