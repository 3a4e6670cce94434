"""Results in the forms that other tools write and read: LCModel's .table and .csv, FSL-MRS's summary.csv.

Each line is made after the layout of the tool (sources in `read/results`), so that a script for it reads ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from pharmrs.core.constants import LCMODEL_WATER_ATTENUATION, LCMODEL_WATER_CONCENTRATION_MM
from pharmrs.core.report.tables import Row
from pharmrs.spectra.records.foreign import UNSCALED, ForeignResult, ForeignValue

_PRINTED = {"tNAA": "NAA+NAAG", "tCr": "Cr+PCr", "tCho": "GPC+PCh", "Glx": "Glu+Gln"}
_NOT_THERE = 999
_SMALLEST_PLAIN, _LARGEST_PLAIN = 0.1, 99999.0


def lcmodel_table(result: ForeignResult) -> str:
    """A .table: Conc. on the scale of LCModel where it is known (DOWS = T), else as the tool gave it."""
    rows = _rows(result)
    scaled = any(one.scale == "lcmodel_water" for one in result.values)
    lines = [
        f" {result.tool} by pharmrs",
        f" {result.scan}",
        "",
        f"$$CONC {len(rows) + 1} lines in following concentration table = NCONC+1",
        "    Conc.  %SD /Cr+PCr  Metabolite",
    ]
    lines += [
        f"{_fortran(value, 9)} {_percent(percent):3d}% {_fortran(ratio, 7)} {name}"
        for name, value, percent, ratio in rows
    ]
    if math.isfinite(result.signal_to_noise):
        lines += ["", "$$MISC  1 lines in following misc. output table", f"  S/N = {round(result.signal_to_noise):3d}"]
    if scaled:
        settings = (
            f" WCONC = {LCMODEL_WATER_CONCENTRATION_MM.value:g}",
            f" ATTH2O = {LCMODEL_WATER_ATTENUATION.value:g}",
        )
        lines += ["", "$$INPU  3 lines in following table of input changes:", " DOWS = T", *settings]
    return "\n".join(lines) + "\n"


def lcmodel_csv(result: ForeignResult) -> str:
    """A .csv: one line of value, %SD and ratio for each metabolite."""
    rows = _rows(result)
    header = ["Row", "Col"] + [cell for name, *_ in rows for cell in (name, f"{name} %SD", f"{name}/Cr+PCr")]
    cells = ["  1", "  1"]
    for _, value, percent, ratio in rows:
        cells += [_fortran(value, 9), f"{_percent(percent):4d}", _fortran(ratio, 8)]
    return ", ".join(header) + "\n" + ", ".join(cells) + "\n"


def fsl_summary(result: ForeignResult) -> str:
    """A summary.csv: ratio to tCr, molality and molarity where they are known, %CRLB, S/N, FWHM."""
    scales = {"ratio_tcr": "/Cr+PCr", "tissue_molal": "mMol/kg", "tissue_molar": "mM"}
    there = [scale for scale in scales if any(one.scale == scale for one in result.values)]
    header = ["", "Metab", *(name for scale in there for name in (scales[scale], f"{scales[scale]} CRLB"))]
    lines = [",".join([*header, "%CRLB", "SNR", "FWHM"])]
    by_name: dict[str, dict[str, ForeignValue]] = {}
    for one in result.values:
        by_name.setdefault(one.metabolite, {})[one.scale] = one
    for index, (name, values) in enumerate(by_name.items()):
        any_value = next(iter(values.values()))
        cells = [str(index), _PRINTED.get(name, name)]
        for scale in there:
            value = values.get(scale)
            cells += ["", ""] if value is None else [f"{value.value:.10g}", _plain(value.sd)]
        quality = [_plain(result.signal_to_noise), _plain(result.line_width_hz)]
        lines.append(",".join([*cells, _plain(any_value.crlb_percent), *quality]))
    return "\n".join(lines) + "\n"


def _rows(result: ForeignResult) -> list[tuple[str, float, float, float]]:
    """Name, concentration, bound in per cent and ratio to tCr of each metabolite; what is not known is 0."""
    found: dict[str, dict[str, ForeignValue]] = {}
    for one in result.values:
        found.setdefault(one.metabolite, {})[one.scale] = one
    rows = []
    for name, scales in found.items():
        value = scales.get("lcmodel_water") or scales.get(UNSCALED) or scales.get("institutional")
        ratio = scales.get("ratio_tcr")
        shown = value or ratio
        if shown is not None:
            printed = _PRINTED.get(name, shown.printed)
            rows.append((printed, value.value if value else 0.0, shown.crlb_percent, ratio.value if ratio else 0.0))
    return rows


def _fortran(value: float, width: int) -> str:
    """As LCModel prints: three decimals from 0.1 on, three digits and a power of ten below."""
    if value == 0.0 or _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        return f"{value:{width}.3f}"
    return f"{value:{width}.{2 if width > 8 else 1}E}"


def _percent(value: float) -> int:
    return min(round(value), _NOT_THERE) if math.isfinite(value) else _NOT_THERE


def _plain(value: float) -> str:
    return f"{value:.10g}" if math.isfinite(value) else ""


def lines_of(result: ForeignResult) -> Iterator[Row]:
    """The rows of the tidy table: one a metabolite and scale."""
    for one in result.values:
        yield {
            "tool": result.tool, "file": result.file, "scan": result.scan, "metabolite": one.metabolite,
            "printed": one.printed, "scale": one.scale, "value": one.value, "sd": one.sd,
            "crlb_percent": one.crlb_percent,
        }  # fmt: skip
