"""Results in the forms that other tools write and read: LCModel's .table and .csv, FSL-MRS's summary.csv, Osprey's TSV.

Each line is made after the layout of the tool (sources in `read/results`), so that a script for it reads ours.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from pharmrs.core.constants import LCMODEL_WATER_ATTENUATION, LCMODEL_WATER_CONCENTRATION_MM
from pharmrs.core.files.json_text import json_text
from pharmrs.core.report.tables import Row
from pharmrs.spectra.read.results.osprey import BESIDE, KIND_OF_SCALE
from pharmrs.spectra.records.foreign import UNSCALED, ForeignResult, ForeignValue
from pharmrs.spectra.records.scaling import SCALES

Files = Iterator[tuple[str, str]]  # name below the folder, content
_PRINTED = {"tNAA": "NAA+NAAG", "tCr": "Cr+PCr", "tCho": "GPC+PCh", "Glx": "Glu+Gln"}
_PRINTED_BY_OSPREY = {"Ins": "mI", "Scyllo": "sI"}
_FREQUENCY = "spectrometer_frequency_mhz"
_NOT_THERE = 999
_SMALLEST_PLAIN, _LARGEST_PLAIN = 0.1, 99999.0


def lcmodel_table(result: ForeignResult) -> str:
    """A .table: Conc. on the scale of LCModel where it is known (DOWS = T), else as the tool gave it."""
    rows = _rows(result)
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
    if misc := "".join(_quality(result)):
        lines += ["", "$$MISC  1 lines in following misc. output table", misc]
    if settings := list(_settings(result)):
        lines += ["", f"$$INPU {len(settings):2d} lines in following table of input changes:", *settings]
    return "\n".join(lines) + "\n"


def _quality(result: ForeignResult) -> Iterator[str]:
    """Line width where it is known in ppm, and S/N."""
    width = result.stated.get("line_width_ppm", result.line_width_hz / result.stated.get(_FREQUENCY, math.nan))
    if math.isfinite(width):
        yield f"  FWHM ={width:6.3f} ppm  "
    if math.isfinite(result.signal_to_noise):
        yield f"  S/N = {round(result.signal_to_noise):3d}"


def _settings(result: ForeignResult) -> Iterator[str]:
    if _FREQUENCY in result.stated:
        yield f" HZPPPM = {result.stated[_FREQUENCY]:.9g}"
    if "echo_time_s" in result.stated:
        yield f" ECHOT = {1e3 * result.stated['echo_time_s']:.6g}"
    if any(one.scale == "lcmodel_water" for one in result.values):
        yield " DOWS = T"
        yield f" WCONC = {LCMODEL_WATER_CONCENTRATION_MM.value:g}"
        yield f" ATTH2O = {LCMODEL_WATER_ATTENUATION.value:g}"


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
    header = ["Metab", *(name for scale in there for name in (scales[scale], f"{scales[scale]} CRLB"))]
    lines = [",".join([*header, "%CRLB", "SNR", "FWHM"])]
    for name, values in _by_metabolite(result).items():
        any_value = next(iter(values.values()))
        cells = [_PRINTED.get(name, name)]
        for scale in there:
            value = values.get(scale)
            cells += ["", ""] if value is None else [f"{value.value:.10g}", _plain(value.sd)]
        quality = [_plain(result.signal_to_noise), _plain(result.line_width_hz)]
        lines.append(",".join([*cells, _plain(any_value.crlb_percent), *quality]))
    return "\n".join(lines) + "\n"


def osprey_tables(results: Sequence[ForeignResult]) -> Files:
    """A table a scale, a line a scan in one order for all; bounds, names and quality in tables of their own."""
    values = [_by_metabolite(result) for result in results]
    names = list(dict.fromkeys(name for one in values for name in one))
    columns = [re.sub(r"\W", "_", _PRINTED_BY_OSPREY.get(name, name)) for name in names]
    for scale, kind in KIND_OF_SCALE.items():
        if any(scale in scales for one in values for scales in one.values()):
            cells = [[_value(one.get(name, {}), scale) for name in names] for one in values]
            said = (SCALES[scale].definition, SCALES[scale].unit) if scale in SCALES else ("amplitude", "arbitrary")
            yield from _osprey(f"QuantifyResults/A_{kind}_Voxel_1_Basis_1", dict.fromkeys(columns, said), cells)
    bounds = [[_bound(one.get(name, {})) for name in names] for one in values]
    said = ("Cramér-Rao bound, relative to the value", "%")
    yield from _osprey("QuantifyResults/A_CRLB_Voxel_1_Basis_1", dict.fromkeys(columns, said), bounds)
    who = [["1", result.scan, "0"] for result in results]
    meanings = {"group": "Group", "subject": "Scan", "exclude": "Whether it is excluded"}
    yield from _osprey(BESIDE[0].removesuffix(".tsv"), {name: (text, "") for name, text in meanings.items()}, who)
    quality = [[_matlab(result.signal_to_noise), _matlab(result.line_width_hz)] for result in results]
    of_quality = {"Cr_SNR": (f"Signal-to-noise ratio as {results[0].tool} defines it", "1"),
                  "Cr_FWHM": (f"Line width as {results[0].tool} defines it", "Hz")}  # fmt: skip
    yield from _osprey(BESIDE[1].removesuffix(".tsv"), of_quality, quality)


def _osprey(name: str, columns: Mapping[str, tuple[str, str]], cells: Sequence[Sequence[str]]) -> Files:
    """A table and its data dictionary. `columns`: definition and unit of each."""
    yield f"{name}.tsv", "\n".join(["\t".join(columns), *("\t".join(line) for line in cells)]) + "\n"
    yield (
        f"{name}.json",
        json_text({column: {"LongName": column, "Description": text, "Units": unit}
                   for column, (text, unit) in columns.items()}),
    )  # fmt: skip


def _value(scales: Mapping[str, ForeignValue], scale: str) -> str:
    return _matlab(scales[scale].value if scale in scales else math.nan)


def _bound(scales: Mapping[str, ForeignValue]) -> str:
    return _matlab(next((one.crlb_percent for one in scales.values()), math.nan))


def _matlab(value: float) -> str:
    if math.isfinite(value):
        return f"{value:.15g}"
    return "NaN" if math.isnan(value) else "Inf"


FORMS: dict[str, Callable[[Sequence[ForeignResult]], Files]] = {
    "lcmodel": lambda results: (
        (f"{one.scan}.{ending}", made(one))
        for one in results
        for ending, made in (("table", lcmodel_table), ("csv", lcmodel_csv))
    ),
    "fsl_mrs": lambda results: ((f"{one.scan}/summary.csv", fsl_summary(one)) for one in results),
    "osprey": osprey_tables,
}


def _by_metabolite(result: ForeignResult) -> dict[str, dict[str, ForeignValue]]:
    found: dict[str, dict[str, ForeignValue]] = {}
    for one in result.values:
        found.setdefault(one.metabolite, {})[one.scale] = one
    return found


def _rows(result: ForeignResult) -> list[tuple[str, float, float, float]]:
    """Name, concentration, bound in per cent and ratio to tCr of each metabolite; what is not known is 0."""
    rows = []
    for name, scales in _by_metabolite(result).items():
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
    return "" if math.isnan(value) else f"{value:.10g}"


def lines_of(result: ForeignResult) -> Iterator[Row]:
    """The rows of the tidy table: one a metabolite and scale."""
    for one in result.values:
        yield {
            "tool": result.tool, "file": result.file, "scan": result.scan, "metabolite": one.metabolite,
            "printed": one.printed, "scale": one.scale, "value": one.value, "sd": one.sd,
            "crlb_percent": one.crlb_percent,
        }  # fmt: skip
