"""Short ways to write lanes, and the built-in assay."""

from __future__ import annotations

from functools import cache

from pharmrs.genotype.read.markers import find_markers
from pharmrs.genotype.records.marker import Lane, Marker, MarkerAssay
from pharmrs.genotype.science.digestion import simulate_assay

VAL, MIXED, MET = (277.0, 399.0), (277.0, 399.0, 676.0), (676.0,)


@cache
def rs6265() -> Marker:
    (marker,) = find_markers(["rs6265"], [], "test")
    return marker


@cache
def assay() -> MarkerAssay:
    return simulate_assay(rs6265())


def sample(label: str, bands: tuple[float, ...], gel: str = "1", lane: str = "", **more: object) -> Lane:
    return _lane("sample", f"sub-{label}", bands, gel, lane or f"s{label}{len(bands)}", **more)


def control(genotype: str, bands: tuple[float, ...], gel: str = "1", **more: object) -> Lane:
    return _lane("control", f"NA-{genotype}", bands, gel, f"c{genotype}", genotype=genotype, **more)


def other(role: str, bands: tuple[float, ...], gel: str = "1") -> Lane:
    return _lane(role, role, bands, gel, role)


def _lane(role: str, name: str, bands: tuple[float, ...], gel: str, lane: str, **more: object) -> Lane:
    return Lane(gel=gel, lane=lane, role=role, sample=name, bands_bp=bands, **more)  # type: ignore[arg-type]
