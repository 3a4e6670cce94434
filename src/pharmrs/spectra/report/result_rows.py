"""What a spectroscopist reads first of one scan: every metabolite with its concentration, SD in % and ratio to tCr."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pharmrs.core.report.numbers import MISSING, number_text, percent_text
from pharmrs.spectra.records.fit import MetaboliteAmplitude
from pharmrs.spectra.records.quantification import Concentration

RATIO, WATER = "ratio_tcr", "lcmodel_water"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultRow:
    """One metabolite or sum, as text. `sd`: in percent of the value; `doubtful`: an SD above 20 % or no signal."""

    metabolite: str
    value: str
    sd: str
    ratio: str
    doubtful: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultTable:
    """The rows, the scale of `value` and its unit in words."""

    scale: str
    head: str
    rows: tuple[ResultRow, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return ("Metabolite", self.head, "SD %", "/tCr")

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        return tuple((row.metabolite, row.value, row.sd, row.ratio) for row in self.rows)


def result_table(
    amplitudes: Sequence[MetaboliteAmplitude], concentrations: Sequence[Concentration], scale: str = ""
) -> ResultTable:
    """Rows in the order of `amplitudes`, on `scale` where it has values, else water-scaled, else as amplitudes."""
    found = {(one.scale, one.metabolite): one for one in concentrations if math.isfinite(one.value)}
    scales = {name: one for (name, _), one in found.items()}
    used = next((name for name in (scale, WATER) if name in scales and name != RATIO), "")
    rows = []
    for row in amplitudes:
        here = found.get((used, row.metabolite))
        value = number_text(here.value if here is not None else math.nan) if used else number_text(row.amplitude)
        ratio = found.get((RATIO, row.metabolite))
        rows.append(
            ResultRow(
                metabolite=row.metabolite,
                value=value,
                sd=_sd_text(here, row),
                ratio=number_text(ratio.value) if ratio is not None else MISSING,
                doubtful=not row.crlb_percent <= 20,
            )
        )
    unit = scales[used].unit if used else ""
    head = ("mM" if unit == "mmol/L" else unit if unit != "1" else used) if used else "Amplitude"
    return ResultTable(scale=used, head=head, rows=tuple(rows))


def _sd_text(here: Concentration | None, row: MetaboliteAmplitude) -> str:
    """In percent of the value: with the error of water and tissue where they enter."""
    if here is None or not here.value > 0:
        return percent_text(row.crlb_percent).removesuffix(" %")
    return percent_text(100 * here.sd / here.value).removesuffix(" %")
