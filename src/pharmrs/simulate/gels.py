"""The genotyping gels of a simulated trial: what digestion leaves of the amplicon, measured on a gel."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pharmrs.simulate.trial import stream
from pharmrs.simulate.trial_records import Trial

_GELS = 20  # stream of random numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class GelSettings:
    """`bands`: fragments in base pairs each genotype leaves (rs6265 with Eco72I: the Val allele is cut, Met is not).

    `size_sd`: relative error of reading a band against the ladder. `lanes`: samples and controls on one gel.
    Controls are one of each genotype, known beforehand, on every gel. `duplicates`: share of people run twice.
    """

    bands: tuple[tuple[str, tuple[int, ...]], ...] = (
        ("Val/Val", (277, 399)),
        ("Val/Met", (277, 399, 676)),
        ("Met/Met", (676,)),
    )
    size_sd: float = 0.008
    lanes: int = 20
    duplicates: float = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedLane:
    """One lane: `sample` is a BIDS label or `control_<genotype>`; `bands` in base pairs, longest first."""

    gel: str
    lane: int
    role: str
    sample: str
    genotype: str
    bands_bp: tuple[int, ...]


def run_gels(trial: Trial, gel: GelSettings) -> list[SimulatedLane]:
    """Every participant once or twice, in order, with controls at the start of every gel."""
    expected = dict(gel.bands)
    samples = [(person.label, person.genotype) for person in trial.participants if person.genotype in expected]
    rng = stream(trial.settings, _GELS)
    samples += [pair for pair in samples if rng.random() < gel.duplicates]
    room = gel.lanes - len(expected)
    lanes: list[SimulatedLane] = []
    for number, start in enumerate(range(0, len(samples), room), start=1):
        contents = [("control", f"control_{name.replace('/', '-')}", name) for name in expected]
        contents += [("sample", f"sub-{label}", genotype) for label, genotype in samples[start : start + room]]
        for place, (role, sample, genotype) in enumerate(contents, start=1):
            sizes = [size * (1.0 + rng.normal(0.0, gel.size_sd)) for size in expected[genotype]]
            lanes.append(
                SimulatedLane(
                    gel=f"gel-{number:02d}",
                    lane=place,
                    role=role,
                    sample=sample,
                    genotype=genotype,
                    bands_bp=tuple(sorted((round(size) for size in sizes), reverse=True)),
                )
            )
    return lanes


def lanes_of(lanes: list[SimulatedLane]) -> Iterator[tuple[str, list[SimulatedLane]]]:
    """Gel by gel."""
    for name in dict.fromkeys(lane.gel for lane in lanes):
        yield name, [lane for lane in lanes if lane.gel == name]
