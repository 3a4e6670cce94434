"""What an edited scan has beside its concentrations: the fitted differences, and how well the subtraction worked."""

from __future__ import annotations

from dataclasses import dataclass

from pharmrs.core.records.columns import column
from pharmrs.spectra.records.fit import LinearCombinationFit

_UNKNOWN = float("nan")
_NEAR_GABA_PPM = 0.2


def edits_gaba(band_ppm: float) -> bool:
    """Whether a pulse there acts on GABA (its C3 protons, 1.9 ppm), and with them on NAA at 2.01 ppm."""
    return abs(band_ppm - 1.9) < _NEAR_GABA_PPM


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedFigures:
    """One difference of an edited scan: how well it was made, and the simple fit as a second opinion."""

    scan: str = column("Scan.")
    band_ppm: str = column("Where the editing pulse acts when it is on.", "ppm")
    likeness: float = column("Difference of the conditions over what the editing pulses must make: 1 expected.", "1")
    order: str = column("How the conditions follow one another, as the data prove it.", default="")
    pairs: int = column("Pairs (or fours) of transients in the mean.")
    pairs_rejected: int = column("Pairs left out because one of them was bad.")
    drift_hz: float = column("Frequency drift, last against first quarter of the transients.", "Hz")
    choline_artefact_percent: float = column(
        "Cho that is left in the difference from 3.12 to 3.32 ppm, whatever its phase, of Cho in OFF.", "%"
    )
    naa_residue_percent: float = column(
        "NAA that the editing pulse at 1.9 ppm has left in ON, of that in OFF (negative: less than none)", "%",
        default=_UNKNOWN,
    )  # fmt: skip
    gaba_plus_tcr: float = column("GABA+ over tCr by this program's model.", "1", default=_UNKNOWN)
    gaba_plus_tcr_sd: float = column("Its standard deviation.", "1", default=_UNKNOWN)
    gaussian_tcr: float = column(
        "The same by a Gaussian on a straight line from 2.79 to 3.55 ppm, as Gannet does: a second opinion.", "1",
        default=_UNKNOWN,
    )  # fmt: skip
    gaussian_tcr_sd: float = column("Its standard deviation, of the noise alone.", "1", default=_UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedScan:
    """`differences`: their fits, one for each band of the editing pulse; `figures`: of each."""

    differences: tuple[LinearCombinationFit, ...]
    figures: tuple[EditedFigures, ...]
