"""What must hold before a curve is fitted: the layout belongs to the plate, the standards make a curve."""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence

import numpy as np

from pharmrs.assay.records.plate import MEASURED, LayoutWell, PlateRead
from pharmrs.assay.records.results import PlateResult
from pharmrs.assay.records.standard_curve import AssayWell, ReplicateNoise
from pharmrs.assay.science.noise import well_variance
from pharmrs.assay.science.outliers import normal_deviate
from pharmrs.core.errors import InputProblem, some_of
from pharmrs.core.records.arrays import FloatArray

FEWEST_LEVELS = 5  # concentrations, zero included, that determine four parameters and leave one to judge them by
_REVERSAL_SD, _REVERSAL_SHARE = 4.0, 0.10  # a level out of order by more than noise and by more than a tenth
_SHOWN = 8
_AT_STANDARD, _ANOTHER_UNIT = 1.1, 10.0  # factors between a declared limit and the standard at its end
_FEW_ABSENT = 0.1  # of the wells of a layout: samples that were lost; more of them is another plate
_STANDARD_LABEL = re.compile(r"(?:STD|STANDARD|CAL)[ _-]?(\d+(?:\.\d+)?)", re.IGNORECASE)
_BLANK_LABELS = ("blank", "blk", "bl")


def check_layout_fits(
    layout: Sequence[LayoutWell], read: PlateRead, export: str, layout_file: str
) -> list[InputProblem]:
    """The wells of the layout against those of the export."""
    measured = read.wells
    wanted = {entry.well for entry in layout}
    absent, unknown = sorted(wanted - measured, key=_order), sorted(measured - wanted, key=_order)
    problems = []
    if absent:
        needed = {entry.well for entry in layout if entry.role in ("standard", "blank")}
        few = len(absent) <= _FEW_ABSENT * len(wanted) and not needed & set(absent)
        problems.append(
            InputProblem(
                file=layout_file,
                field=f"plate {layout[0].plate}, well",
                rule=f"every well of the layout must be in the export {export} (is it the layout of another plate?)",
                value=some_of(absent, _SHOWN),
                remedy="use the layout of this plate, or delete the rows of wells that were not measured",
                severity="warning" if few else "error",
            )
        )
    if unknown:
        remedy = "add rows for them if they hold something; they are not analysed"
        problems.append(
            InputProblem(
                file=layout_file,
                field=f"plate {layout[0].plate}, well",
                rule=f"wells of the export {export} are not in the layout",
                value=some_of(unknown, _SHOWN),
                remedy=remedy,
                severity="warning",
            )
        )
    return problems


def check_labels(layout: Sequence[LayoutWell], labels: Mapping[str, str], layout_file: str) -> list[InputProblem]:
    """Standards and blanks of the layout against what the reader's own software calls these wells (`STD62.5`)."""
    contrary = []
    for entry in layout:
        label = labels.get(entry.well, "")
        named = _STANDARD_LABEL.fullmatch(label)
        blank = label.lower() in _BLANK_LABELS
        zero = entry.role == "blank" or (entry.role == "standard" and entry.nominal == 0)
        agrees = zero if blank else not named or (entry.role == "standard" and float(named[1]) == entry.nominal)
        if not agrees:
            contrary.append(f"{entry.well} is {label}, not {entry.role} {entry.sample or f'{entry.nominal:g}'}")
    if not contrary:
        return []
    return [
        InputProblem(
            file=layout_file,
            field=f"plate {layout[0].plate}",
            rule="the export names these wells otherwise (is it the layout of another plate?)",
            value=some_of(contrary, _SHOWN),
            remedy="compare with the plate; the layout counts, names in the export do not",
            severity="warning",
        )
    ]


def check_standards(
    wells: Sequence[AssayWell], noise: ReplicateNoise, plate: str, layout_file: str
) -> list[InputProblem]:
    """Standards must be there, at enough concentrations, measured, and in order beyond the noise of the plate."""
    field = f"plate {plate}, role standard"

    def problem(rule: str, value: str, remedy: str, severity: str = "error") -> InputProblem:
        return InputProblem(file=layout_file, field=field, rule=rule, value=value, remedy=remedy, severity=severity)

    standards = [well for well in wells if np.isfinite(well.nominal) and well.role in ("standard", "blank")]
    if not any(well.role == "standard" for well in standards):
        return [problem("standards are missing", "no well", "give the wells of the dilution series the role standard")]
    levels = {}
    problems = []
    for nominal in sorted({well.nominal for well in standards}):
        group = [well for well in standards if well.nominal == nominal]
        values = np.array([well.response for well in group if well.missing is None])
        if values.size:
            levels[nominal] = values
        else:
            why = ", ".join(f"{well.well} {well.missing}" for well in group)
            rule = f"a standard needs a reading: the curve is fitted without {nominal:g}"
            remedy = "measure again; values beyond the outermost standard that was read are censored there"
            problems.append(problem(rule, why, remedy, "warning"))
    if inside := _beyond_inside(standards):
        rule = "only the outermost standards can be beyond the reader's range"
        problems.append(problem(rule, inside, "compare layout and plate: swapped wells, or another layout"))
    below = [well for well in standards if well.missing is None and well.response < 0]
    if 2 * len(below) > len([well for well in standards if well.missing is None]):
        found = f"{len(below)} wells of standards, down to {min(well.response for well in below):.4g}"
        remedy = "exchange wavelength and reference, or export the readings before a blank is subtracted"
        problems.append(problem("most readings of the standards must lie above zero", found, remedy))
    if len(levels) < FEWEST_LEVELS:
        found = ", ".join(f"{nominal:g}" for nominal in levels) or "none"
        rule = f"at least {FEWEST_LEVELS} concentrations (zero included) with a reading are needed"
        problems.append(problem(rule, found, "add the missing standards to the layout"))
    reversed_pair = _out_of_order(levels, noise)
    if reversed_pair:
        remedy = "compare layout and plate: swapped wells, a series entered upside down, or the layout of another plate"
        problems.append(problem("responses of the standards must rise or fall throughout", reversed_pair, remedy))
    return problems


def _beyond_inside(standards: Sequence[AssayWell]) -> str:
    """A standard beyond the reader's range that has read ones on both sides, in words; empty where there is none."""
    order = sorted({well.nominal for well in standards})
    read = [nominal for nominal in order if any(w.nominal == nominal and w.missing is None for w in standards)]
    for word in ("over", "under"):
        beyond = [nominal for nominal in order if all(w.missing == word for w in standards if w.nominal == nominal)]
        inside = [nominal for nominal in beyond if read and read[0] < nominal < read[-1]]
        if inside:
            return f"{inside[0]:g} reads {word.upper()}, {read[0]:g} and {read[-1]:g} do not"
    return ""


def check_samples(wells: Sequence[AssayWell], plate: str, layout_file: str) -> list[InputProblem]:
    """Samples all of whose replicates are beyond the detector, or gone: named, so that nobody looks for them."""
    problems = []
    groups: dict[tuple[str, float], list[AssayWell]] = {}
    for well in wells:
        if well.role in MEASURED:
            groups.setdefault((well.sample, well.dilution), []).append(well)
    for (sample, dilution), group in groups.items():
        if any(well.missing is None for well in group):
            continue
        beyond = all(well.missing in ("over", "under") for well in group)
        problems.append(
            InputProblem(
                file=layout_file,
                field=f"plate {plate}, sample {sample} 1:{dilution:g}",
                rule="all replicates are out of the range of the reader" if beyond else "no replicate has a reading",
                value=", ".join(f"{well.well} {well.missing}" for well in group),
                remedy="kept as censored: measure at another dilution" if beyond else "kept as lost: measure again",
                severity="warning",
            )
        )
    return problems


def check_limits(result: PlateResult, layout_file: str) -> list[InputProblem]:
    """Limits of quantification that leave no range between them, as limits in another unit than the standards do, or
    that lie where there are no standards."""
    limits, unit = result.limits, result.settings.unit
    dilutions = sorted({one.dilution for one in result.estimates}) or [1.0]
    lower = [limits.lower / (dilution if limits.lower_refers_to == "in_sample" else 1.0) for dilution in dilutions]
    upper = [limits.upper / (dilution if limits.upper_refers_to == "in_sample" else 1.0) for dilution in dilutions]
    if any(low < high for low, high in zip(lower, upper, strict=True)):
        return _limits_beyond(result, min(lower), max(upper), layout_file)
    named = [
        f"{name} {value:g} {unit} {refers_to.replace('_', ' ')} ({source})"
        for name, value, refers_to, source in (
            ("lower limit", limits.lower, limits.lower_refers_to, limits.lower_source),
            ("upper limit", limits.upper, limits.upper_refers_to, limits.upper_source),
        )
    ]
    standards = f"standards {result.curve.lowest_standard:g} to {result.curve.highest_standard:g} in the layout"
    declared = "declared" in (limits.lower_source, limits.upper_source)
    remedy = (
        f"write limits and standards in one unit, {unit or 'declared as assay.unit'}"
        if declared
        else "no two neighbouring standards read right: check layout and dilution series"
    )
    return [
        InputProblem(
            file=layout_file,
            field=f"plate {result.name}, limits of quantification",
            rule="the lower limit must lie below the upper one",
            value=f"{'; '.join(named)}; {standards}",
            remedy=remedy,
            severity="error" if declared else "warning",
        )
    ]


def _limits_beyond(result: PlateResult, lower: float, upper: float, layout_file: str) -> list[InputProblem]:
    """Declared limits below the lowest or above the highest standard: a little is said, tenfold is another unit."""
    limits, curve, unit = result.limits, result.curve, result.settings.unit
    problems = []
    ends = (
        ("lower", limits.lower_source, limits.lower_refers_to, lower, curve.lowest_standard),
        ("upper", limits.upper_source, limits.upper_refers_to, upper, curve.highest_standard),
    )
    for name, source, refers_to, limit, standard in ends:
        factor = standard / limit if name == "lower" else limit / standard
        if source != "declared" or factor < _AT_STANDARD:
            continue
        another_unit = factor >= _ANOTHER_UNIT and refers_to == "in_well"
        which = "lowest" if name == "lower" else "highest"
        problems.append(
            InputProblem(
                file=layout_file,
                field=f"plate {result.name}, limits of quantification",
                rule=f"the {name} limit should lie within the standards: nothing is measured beyond them",
                value=f"{limit:.6g} {unit} in the well (declared), {which} standard {standard:g} in the layout",
                remedy=f"write limits and standards in one unit, {unit or 'declared as assay.unit'}"
                if another_unit
                else f"declare {standard:g}, or add a standard at the limit; values between are extrapolated",
                severity="error" if another_unit else "warning",
            )
        )
    return problems


def _out_of_order(levels: dict[float, FloatArray], noise: ReplicateNoise) -> str:
    """The pair of levels most out of order beyond noise, in words; empty when they rise or fall throughout."""
    if len(levels) < 2:
        return ""
    nominal = list(levels)
    means = np.array([values.mean() for values in levels.values()])
    largest = float(np.abs(means).max())
    variance = well_variance(noise, means, largest) / np.array([len(values) for values in levels.values()])
    ranks = np.arange(len(means)) - (len(means) - 1) / 2
    direction = 1.0 if float(ranks @ means) >= 0 else -1.0
    worst, text = 0.0, ""
    for low, high in itertools.combinations(range(len(means)), 2):
        back = direction * (means[low] - means[high])
        size = max(abs(means[low]), abs(means[high]))
        sd = float(np.sqrt(variance[low] + variance[high]))
        far = float(normal_deviate(np.array([back / sd]), noise.freedom)[0])
        if far > max(_REVERSAL_SD, worst) and back > _REVERSAL_SHARE * size:
            worst, text = far, f"{nominal[low]:g} reads {means[low]:.4g}, {nominal[high]:g} reads {means[high]:.4g}"
    if not np.ptp(means) > 0:
        return f"all standards read {means[0]:.4g}"
    return text


def _order(well: str) -> tuple[int, str, int]:
    letters = well.rstrip("0123456789")
    return len(letters), letters, int(well[len(letters) :])
