"""The assay of a simulated trial: which well holds what, and the optical density the reader would see.

A sandwich ELISA as in the reference study: standards in a twofold series down to the limit of quantification, blanks,
two controls on every plate, samples diluted and in duplicate, all samples of one person on the same plate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray
from pharmrs.simulate.trial import stream
from pharmrs.simulate.trial_records import Trial, Visit

_PLATES = 10  # stream of random numbers
_ROWS, _COLUMNS = "ABCDEFGH", 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedAssay:
    """The simulated assay. Concentrations in the well, in the unit of the trial.

    `highest_standard` and `standards`: a twofold series, 1500 to 23.4 pg/mL, the lowest being the limit of
    quantification. `controls`: concentrations of the quality controls. `wavelengths_nm`: of the signal and, where there
    are two, of the reference that is subtracted. `blank_density` to `top_density` with `half_density_at` and `hill`:
    the four-parameter curve. SDs are relative unless said otherwise: `well_sd` of the concentration in each well
    (pipetting), `dilution_sd` of each diluted sample, which no replicate shows, `plate_sd` of the optical density of a
    plate; `density_sd`: of each reading, in optical density.
    """

    highest_standard: float = 1500.0
    standards: int = 7
    replicates: int = 2
    controls: tuple[float, ...] = (60.0, 400.0)
    dilution: float = 8.0
    wavelengths_nm: tuple[float, ...] = (450.0, 540.0)
    blank_density: float = 0.06
    top_density: float = 3.4
    half_density_at: float = 800.0
    hill: float = 1.15
    background_density: float = 0.038
    well_sd: float = 0.035
    dilution_sd: float = 0.03
    plate_sd: float = 0.05
    density_sd: float = 0.004

    @property
    def nominals(self) -> tuple[float, ...]:
        return tuple(self.highest_standard / 2.0**step for step in range(self.standards))

    @property
    def limit(self) -> float:
        """Limit of quantification in the sample: the lowest standard times the dilution."""
        return self.nominals[-1] * self.dilution

    def density(self, concentration: FloatArray) -> FloatArray:
        """Optical density of concentrations in the well: d + (a - d) / (1 + (x / c)^b)."""
        rise = 1.0 / (1.0 + (self.half_density_at / np.maximum(concentration, 1e-12)) ** self.hill)
        return self.blank_density + (self.top_density - self.blank_density) * rise


@dataclass(frozen=True, slots=True, kw_only=True)
class Well:
    """One well. `nominal`: of a standard, NaN otherwise; `truth`: concentration in the well before pipetting."""

    plate: str
    well: str
    role: str
    sample: str
    nominal: float
    dilution: float
    truth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateReading:
    """A plate as the reader saw it: `reads`, shape (8, 12), by wavelength in nm; NaN: nothing in the well."""

    plate: str
    wells: tuple[Well, ...]
    reads: Mapping[float, FloatArray]


def read_plates(trial: Trial, assay: SimulatedAssay) -> list[PlateReading]:
    """All samples of the trial on as many plates as they need. The same trial and settings give the same numbers."""
    return [_reading(trial, assay, number, samples) for number, samples in enumerate(_on_plates(trial, assay), start=1)]


def _on_plates(trial: Trial, assay: SimulatedAssay) -> list[list[Visit]]:
    """Visits with a sample, plate by plate; the samples of one person stay together."""
    taken = (assay.standards + 1 + len(assay.controls)) * assay.replicates
    room = (len(_ROWS) * _COLUMNS - taken) // assay.replicates
    plates: list[list[Visit]] = [[]]
    for person in trial.participants:
        samples = [visit for visit in trial.visits if visit.participant == person and visit.has_sample]
        if len(plates[-1]) + len(samples) > room:
            plates.append([])
        plates[-1] += samples
    return [samples for samples in plates if samples]


def _reading(trial: Trial, assay: SimulatedAssay, number: int, samples: Sequence[Visit]) -> PlateReading:
    rng = stream(trial.settings, _PLATES, number)
    plate = f"plate-{number:02d}"
    wells = _layout(plate, samples, assay, rng)
    gain = np.exp(rng.normal(0.0, assay.plate_sd))
    shape = (len(_ROWS), _COLUMNS)
    reads = {wavelength: np.full(shape, np.nan) for wavelength in assay.wavelengths_nm}
    for well in wells:
        place = (_ROWS.index(well.well[0]), int(well.well[1:]) - 1)
        pipetted = well.truth * np.exp(rng.normal(0.0, assay.well_sd))
        density = gain * float(assay.density(np.array(pipetted)))
        background, dust = assay.background_density + rng.normal(0.0, 0.001), rng.normal(0.0, assay.density_sd)
        for number_of_read, values in enumerate(reads.values()):
            values[place] = background if number_of_read else density + background + dust
    return PlateReading(plate=plate, wells=wells, reads=reads)


def _layout(plate: str, samples: Sequence[Visit], assay: SimulatedAssay, rng: np.random.Generator) -> tuple[Well, ...]:
    """Column by column: standards from high to low, blank, controls, samples; replicates side by side."""
    contents = [("standard", "", nominal, 1.0, nominal) for nominal in assay.nominals]
    contents += [("blank", "", float("nan"), 1.0, 0.0)]
    contents += [
        ("control", f"QC{index}", float("nan"), 1.0, level) for index, level in enumerate(assay.controls, start=1)
    ]
    for visit in samples:
        in_well = visit.biomarker / assay.dilution * np.exp(rng.normal(0.0, assay.dilution_sd))
        contents.append(("sample", visit.name, float("nan"), assay.dilution, float(in_well)))
    # replicates share a row: columns 1 and 2, then 3 and 4, ...
    pairs_of_columns = _COLUMNS // assay.replicates
    wells = []
    for index, (role, sample, nominal, dilution, truth) in enumerate(contents):
        column, row = divmod(index, len(_ROWS))
        assert column < pairs_of_columns
        for replicate in range(assay.replicates):
            name = f"{_ROWS[row]}{column * assay.replicates + replicate + 1}"
            wells.append(
                Well(
                    plate=plate,
                    well=name,
                    role=role,
                    sample=sample,
                    nominal=nominal,
                    dilution=dilution,
                    truth=truth,
                )
            )
    return tuple(wells)
