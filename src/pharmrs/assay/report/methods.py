"""Methods text: how plates became concentrations."""

from __future__ import annotations

from collections import Counter

from pharmrs.assay.records.results import AssayStudy
from pharmrs.assay.records.settings import AssaySettings, DeclaredLimit
from pharmrs.core.report.numbers import count_text, number_text
from pharmrs.core.report.references import Citations

_WEIGHTS = {
    "1/y^2": "weights of one over the squared response",
    "1/y": "weights of one over the response",
    "none": "equal weights",
    "1/curve^2": "weights of one over the squared response of the curve itself",
    "fitted": "weights by a power of the response that the scatter of each plate's replicates gave",
}

_LINES = {
    "linear": "straight lines, fitted by least squares ({weights})",
    "log-log": "straight lines on log-log axes, fitted by least squares ({weights})",
    "spline": "natural cubic splines of the mean responses over log concentration, through every standard",
    "point-to-point": "straight lines between the mean responses of the standards on log-log axes",
}


def assay_paragraphs(study: AssayStudy, cite: Citations) -> list[str]:
    """Reads, curves, uncertainty, limits, outliers, dilutions, agreement of plates: what was executed."""
    on_plates = {plate.name for plate in study.all_plates}
    finished = [one for one in study.concentrations if not set(one.plate.split("+")) <= on_plates]
    count = count_text(len(finished), "concentration")
    listed = f"{count} came finished from another laboratory and were taken as reported."
    if not study.all_plates:
        return [listed]
    texts = (
        _reads(study),
        _curves(study, cite),
        _uncertainty(study, cite),
        _limits(study),
        _doubtful(study),
        _acceptance(study),
    )
    several = _several(study, cite)
    return [*texts, *([several] if several else []), *([listed] if finished else [])]


def _reads(study: AssayStudy) -> str:
    settings = study.settings
    instruments = ", ".join(sorted({plate.plate.instrument for plate in study.plates}))
    wavelength = ""
    if settings.wavelength_nm is not None:
        wavelength = f" at {settings.wavelength_nm:g} nm"
    if settings.reference_wavelength_nm is not None:
        wavelength += f", minus {settings.reference_wavelength_nm:g} nm well by well,"
    blanks = (
        "Blank wells entered the standard curve as standards of concentration zero"
        if settings.blanks_are_zero_standards
        else "Blank wells did not enter the standard curve"
    )
    return (
        f"{settings.analyte} was read{wavelength} from {count_text(len(study.plates), 'plate')} ({instruments}). "
        f"{blanks}; nothing was subtracted from the responses."
    )


def _curves(study: AssayStudy, cite: Citations) -> str:
    settings = study.settings
    if settings.model in _LINES:
        return f"Standard curves were {_LINES[settings.model].format(weights=_WEIGHTS[settings.weights])}."
    counts = Counter(plate.curve.model for plate in study.plates)
    if settings.model == "auto":
        chosen = ", ".join(f"{model[0]} on {count_text(count, 'plate')}" for model, count in sorted(counts.items()))
        model = (
            "with four or five parameters, the fifth only where it lowered the small-sample Akaike criterion "
            f"{cite.cite('aicc')} ({chosen})"
        )
    else:
        model = f"with {settings.model[0]} parameters"
    five = f" {cite.cite('five_parameters')}" if counts["5pl"] else ""
    return (
        f"Standard curves were logistic functions of log concentration {model}{five}, fitted by weighted least squares "
        f"({_WEIGHTS[settings.weights]}) from a grid of starts."
    )


def _uncertainty(study: AssayStudy, cite: Citations) -> str:
    settings = study.settings
    drawn = ""
    if settings.bootstrap_draws:
        drawn = (
            f" Bootstrap intervals ({settings.bootstrap_draws} parametric draws, seed {settings.seed}, expanded "
            f"percentiles, {cite.name('expanded_percentiles')}) are in the table of estimates."
        )
    preparation = "Errors of preparing a sample, which its replicates share, are not in them."
    if settings.preparation_cv_percent:
        preparation = f"A CV of {settings.preparation_cv_percent:g} % for preparing a sample was added, as declared."
    return (
        "Standard deviations and 95 % intervals of concentrations come from the delta method on the log scale; they "
        "contain the uncertainty of the curve and that of the replicates, whose variance was pooled over the plate as "
        f"a power of the response {cite.cite('calibration')}, with t quantiles on Satterthwaite's degrees of freedom. "
        f"{preparation}{drawn}"
    )


def _limits(study: AssayStudy) -> str:
    settings = study.settings
    low, high = settings.recovery_percent
    derived = f"derived plate by plate as the {{}} standard whose recovery was within {low:g} to {high:g} %"
    lower = _limit_text(settings.lower_limit, settings) or derived.format("lowest")
    upper = _limit_text(settings.upper_limit, settings) or derived.format("highest")
    flags = Counter(one.flag for one in study.concentrations)
    return (
        f"The lower limit of quantification was {lower}; the upper limit was {upper}. In-well limits were multiplied "
        "by the dilution. Values beyond a limit are kept as censored observations with that limit: "
        f"{flags['below_lloq']} of {len(study.concentrations)} samples below, {flags['above_uloq']} above, "
        f"{flags['lost']} without a reading."
    )


def _limit_text(limit: DeclaredLimit | None, settings: AssaySettings) -> str:
    if limit is None:
        return ""
    where = "in the well" if limit.refers_to == "in_well" else "in the undiluted sample"
    return f"{limit.value:g} {settings.unit}".strip() + f" {where}, declared beforehand"


def _doubtful(study: AssayStudy) -> str:
    settings = study.settings
    wells = [well for plate in study.plates for well in plate.wells]
    outliers = [well for well in wells if well.outlier]
    action = "left out, the rest judged again" if settings.exclude_outliers else "kept and marked"
    rule = (
        ""
        if settings.max_cv_percent is None
        else f" Replicates with a CV above {settings.max_cv_percent:g} % are flagged."
    )
    return (
        f"A well was an outlier when it lay more than {settings.outlier_limit:g} standard deviations from its "
        f"replicates, or a standard from the curve without it; outliers were {action} ({len(outliers)} of {len(wells)} "
        f"wells; two replicates that disagree are both marked and kept).{rule}"
    )


def _acceptance(study: AssayStudy) -> str:
    rules = study.settings.acceptance
    asked = dict.fromkeys(
        check.asked
        for plate in study.plates
        for check in plate.checks
        if check.rejects and check.verdict != "not judged"
    )
    out = [plate for plate in study.all_plates if plate.rejected]
    lost = sum(one.flag == "rejected" for one in study.concentrations)
    action = (
        "Plates and values that failed did not enter the statistics; the result with them is shown beside it"
        if rules.action == "reject"
        else "Failures were reported and nothing was left out, as declared"
    )
    listed = "; ".join(f"{plate.name} ({plate.rejected})" for plate in out)
    rejected = f" Rejected: {listed}." if listed else ""
    return (
        f"A plate was accepted when it showed: {'; '.join(asked)} (limits after ICH guideline M10 of 2022, "
        f"whose scope does not include biomarkers). {action}: {len(out)} of {len(study.all_plates)} plates and "
        f"{count_text(lost, 'sample')} rejected.{rejected}"
    )


def _several(study: AssayStudy, cite: Citations) -> str:
    parts: list[str] = []
    series = [one for plate in study.plates for one in plate.series]
    if series:
        worst = max((one.cv_percent for one in series if one.cv_percent == one.cv_percent), default=float("nan"))
        parts.append(
            f"{count_text(len(series), 'sample')} measured at several dilutions: values in range were averaged on the "
            f"log scale by inverse variance (largest CV between dilutions {number_text(worst, 2)} %)."
        )
    controls = [one for one in study.inter_plate if one.quantity == "concentration"]
    if controls:
        listed = ", ".join(f"{one.name} {number_text(one.cv_percent, 2)} %" for one in controls)
        parts.append(f"Inter-plate CV of the controls: {listed}; control charts follow {cite.name('westgard')}.")
    return " ".join(parts)
