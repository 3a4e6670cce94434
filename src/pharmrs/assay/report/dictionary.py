"""What every column of the tables of the assay means."""

from __future__ import annotations

from pharmrs.core.records.columns import Column

_YES_NO = {"yes": "yes", "no": "no"}
_UNIT = "the unit in column `unit`"
_PLATE = Column("Plate, by its name in the layout; plates joined by + where several measured the sample.")
_ANALYTE = Column("What was measured.")
_SAMPLE = Column("Label of the sample in the layout.")
_DILUTION = Column("Dilution factor (8: one part in eight); joined by + where several were combined.", "1")
_FLAG = Column(
    "What is to be known about the value.",
    levels={
        "ok": "within the range of the assay",
        "below_lloq": "below the lower limit of quantification; censored, see `limit`",
        "above_uloq": "above the upper limit of quantification; censored, see `limit`",
        "lost": "no well of the sample has a reading",
        "discordant": "replicates or dilutions disagree by more than the declared limit; the interval is widened",
        "high_cv": "replicates differ by more than the declared CV",
        "rejected": "measured, but does not count: see `reason`, and `assay_rejected.tsv` for the value",
    },
)
_CENSORED = Column(
    "Whether the concentration is only known to lie below or above `limit`. The estimate in `value`, where the curve "
    "gives one, is then an extrapolation and no measurement.",
    levels={"none": "measured", "left": "below limit", "right": "above limit"},
)
_LIMIT = Column("Limit in the undiluted sample where censored: in-well limits are multiplied by the dilution.", _UNIT)
_CV = Column(
    "CV of the replicates' responses; of the dilution-corrected values where several were combined.",
    "percent",
)
_SD = Column("Standard deviation: uncertainty of the standard curve and of the replicates (delta method).", _UNIT)
_CI = "bound of the 95 % interval (delta method on the log scale, t quantile)."

BIOMARKERS: dict[str, Column] = {
    "subject": Column("Participant label, from the sample's label (sub-<label>)."),
    "session": Column("Session label, from the sample's label (ses-<label>)."),
    "sample": _SAMPLE,
    "analyte": _ANALYTE,
    "plate": _PLATE,
    "value": Column("Concentration in the undiluted sample. n/a: the response lies beyond the curve, or lost.", _UNIT),
    "sd": _SD,
    "ci_low": Column(f"Lower {_CI}", _UNIT),
    "ci_high": Column(f"Upper {_CI}", _UNIT),
    "unit": Column("Unit of the concentrations."),
    "dilution": _DILUTION,
    "flag": _FLAG,
    "censored": _CENSORED,
    "limit": _LIMIT,
    "replicates": Column("Wells that count.", "1"),
    "cv_percent": _CV,
    "reason": Column("Why the value is rejected; wells without a reading, and outliers."),
}
ESTIMATES: dict[str, Column] = {
    "plate": _PLATE,
    "role": Column(
        "What the wells hold.",
        levels={"sample": "study sample", "control": "control sample", "spike": "sample with an amount added"},
    ),
    "sample": _SAMPLE,
    "analyte": _ANALYTE,
    "dilution": _DILUTION,
    "wells": Column("Wells of the replicates."),
    "replicates": BIOMARKERS["replicates"],
    "response": Column("Mean response of the replicates, wavelength-corrected.", "1"),
    "cv_percent": Column("Coefficient of variation of the replicates' responses.", "percent"),
    "concentration_cv_percent": Column("The same of their concentrations.", "percent"),
    "in_well": Column("Concentration in the well.", _UNIT),
    "value": BIOMARKERS["value"],
    "sd": _SD,
    "curve_sd": Column("The part of `sd` that the standard curve contributes.", _UNIT),
    "ci_low": BIOMARKERS["ci_low"],
    "ci_high": BIOMARKERS["ci_high"],
    "bootstrap_sd": Column("Standard deviation from the bootstrap (half its central 68.3 % range).", _UNIT),
    "bootstrap_low": Column("Lower bound of the 95 % bootstrap interval (basic, expanded percentiles).", _UNIT),
    "bootstrap_high": Column("Upper bound of the 95 % bootstrap interval (basic, expanded percentiles).", _UNIT),
    "unit": BIOMARKERS["unit"],
    "flag": _FLAG,
    "censored": _CENSORED,
    "limit": _LIMIT,
    "recovery_percent": Column(
        "Controls of stated concentration: 100 x in_well / nominal; spikes: of the amount added, what the same sample "
        "without it reads taken off.",
        "percent",
    ),
    "reason": Column("Wells without a reading, and outliers."),
    "rejected": Column("Why the value does not count, by the rules of acceptance; n/a: it does."),
}
WELLS: dict[str, Column] = {
    "plate": _PLATE,
    "well": Column("Well."),
    "role": Column("What the layout says is in the well."),
    "sample": _SAMPLE,
    "nominal": Column("Concentration of standards, in the unit of the assay."),
    "dilution": _DILUTION,
    "response": Column("Response, wavelength-corrected.", "1"),
    "missing": Column(
        "Why there is no response.",
        levels={
            "over": "above what the detector can measure",
            "under": "below what the detector can measure",
            "masked": "switched off or marked invalid in the export",
            "empty": "not measured",
        },
    ),
    "deviation": Column(
        "Distance from the other replicates, or of a standard from the curve fitted without it, as a standard normal "
        "deviate with the same tail probability.",
        "1",
    ),
    "outlier": Column("Whether that distance is beyond the declared limit.", levels=_YES_NO),
    "used": Column("Whether the well entered the result.", levels=_YES_NO),
}
STANDARDS: dict[str, Column] = {
    "plate": _PLATE,
    "analyte": _ANALYTE,
    "nominal": Column("Stated concentration.", _UNIT),
    "wells": Column("Wells that entered the curve.", "1"),
    "response": Column("Mean response.", "1"),
    "cv_percent": Column("Coefficient of variation of the responses.", "percent"),
    "back_fitted": Column("Concentration read back from the curve.", _UNIT),
    "recovery_percent": Column("100 x back_fitted / nominal.", "percent"),
    "precision_percent": Column(
        "CV of a concentration read back here, for as many replicates as the samples of the plate have.", "percent"
    ),
    "total_error_percent": Column("Distance of the recovery from 100 and that CV together.", "percent"),
    "accepted": Column(
        "Whether recovery, CV and total error are within what is declared for the limits of quantification.",
        levels=_YES_NO,
    ),
    "unit": BIOMARKERS["unit"],
}
PRECISION: dict[str, Column] = {
    "plate": _PLATE,
    "x": Column("Concentration in the well.", "unit of the standards"),
    "cv_percent": Column("CV of a concentration read back there: noise of the wells and of the curve.", "percent"),
    "replicates": Column("Wells of a sample that it holds for.", "1"),
}
CURVES: dict[str, Column] = {
    "plate": _PLATE,
    "analyte": _ANALYTE,
    "instrument": Column("Instrument or format of the export."),
    "model": Column(
        "Standard curve.",
        levels={
            "4pl": "four-parameter logistic",
            "5pl": "five-parameter logistic",
            "linear": "straight line",
            "log-log": "straight line on log-log axes",
            "spline": "natural cubic spline of the response over log concentration",
            "point-to-point": "straight lines between the standards on log-log axes",
        },
    ),
    "weights": Column("Weights of the standards."),
    **{
        f"{name}{suffix}": Column(f"{what}{', standard error' if suffix else ''}.", unit)
        for name, (what, unit) in {
            "zero": ("Response at no concentration", "1"),
            "infinite": ("Response at endless concentration", "1"),
            "intercept": ("Logarithm of the response at concentration 1 (log-log)", "1"),
            "midpoint": ("Concentration halfway for the four-parameter curve", _UNIT),
            "slope": ("Slope", "1"),
            "asymmetry": ("Asymmetry, 1 for the four-parameter curve", "1"),
        }.items()
        for suffix in ("", "_se")
    },
    "residual_sd": Column("Standard deviation of the weighted residuals (relative for 1/y^2).", "1"),
    "freedom": Column("Degrees of freedom of the residuals.", "1"),
    "lack_of_fit_p": Column("p of the F test of lack of fit against the scatter of replicates.", "1"),
    "aicc_4pl": Column("Small-sample Akaike criterion of the four-parameter curve.", "1"),
    "aicc_5pl": Column("The same of the five-parameter curve.", "1"),
    "noise_cv_percent": Column("Standard deviation of a single well at response 1.", "percent"),
    "noise_power": Column("Power of the response to which that standard deviation is proportional.", "1"),
    "detection": Column("Limit of detection in the well.", _UNIT),
    "lower_limit": Column("Lower limit of quantification.", _UNIT),
    "lower_refers_to": Column(
        "Where that limit holds.", levels={"in_well": "in the well", "in_sample": "in the sample"}
    ),
    "lower_source": Column("Where that limit comes from."),
    "upper_limit": Column("Upper limit of quantification.", _UNIT),
    "upper_refers_to": Column(
        "Where that limit holds.", levels={"in_well": "in the well", "in_sample": "in the sample"}
    ),
    "upper_source": Column("Where that limit comes from."),
    "unit": BIOMARKERS["unit"],
    "notes": Column("What else is to be known about the curve."),
}
DILUTIONS: dict[str, Column] = {
    "plate": _PLATE,
    "sample": _SAMPLE,
    "analyte": _ANALYTE,
    "dilutions": Column("Dilution factors of the series."),
    "n": Column("Dilutions within range.", "1"),
    "cv_percent": Column("Linearity: CV of the dilution-corrected concentrations within range.", "percent"),
    "agrees": Column("Whether that CV is within the declared limit; n/a: not judged.", levels=_YES_NO),
    "hooked": Column("Dilutions that read less than a stronger one (hook effect)."),
    "slope": Column(
        "Parallelism: slope of log concentration in the well on log (1 / dilution); 1 where the sample follows the "
        "standards. From three dilutions on.",
        "1",
    ),
    "slope_low": Column("Lower bound of its 95 % interval.", "1"),
    "slope_high": Column("Upper bound of its 95 % interval.", "1"),
}
INTER_PLATE: dict[str, Column] = {
    "name": Column("Control with its dilution, or standard with its concentration."),
    "analyte": _ANALYTE,
    "quantity": Column(
        "What is compared.",
        levels={"concentration": "concentration of a control", "response": "response of a standard"},
    ),
    "plate": Column("Plate; `*`: all plates together (value is the mean)."),
    "value": Column("Concentration in the sample or response on this plate.", "unit of the assay, or 1"),
    "sd": Column("Standard deviation over the plates (row `*`).", "as value"),
    "cv_percent": Column("Inter-plate CV (row `*`).", "percent"),
    "within_cv_percent": Column("Root mean square of the replicate CVs within plates (row `*`).", "percent"),
    "deviation": Column(
        "Distance from the mean of the other plates (log scale), as a standard normal deviate; from four plates on.",
        "1",
    ),
    "verdict": Column("Judgement.", levels={"ok": "within 2", "warning": "beyond 2", "out": "beyond 3"}),
}
WEIGHTS: dict[str, Column] = {
    "plate": _PLATE,
    "weights": Column("Weights of the standards; fitted: a power of the response from the scatter of replicates."),
    "power": Column("Power of the response to which these weights take the SD of a well to be proportional.", "1"),
    "infinite": Column("Response at endless concentration under these weights.", "1"),
    "midpoint": Column("Midpoint under these weights.", _UNIT),
    "largest_change_percent": Column(
        "Largest change of a concentration on the plate, against the weights in force.", "percent"
    ),
}
REJECTED: dict[str, Column] = {
    name: Column(column.description.replace("Why the value is rejected; wells", "Why it does not count; wells"))
    if name == "reason"
    else column
    for name, column in BIOMARKERS.items()
}
ACCEPTANCE: dict[str, Column] = {
    "plate": Column("Plate; `*`: judged over all plates."),
    "analyte": _ANALYTE,
    "rule": Column("Which rule."),
    "asked": Column("What the rule asks for, with the limits in force."),
    "found": Column("What the plate shows."),
    "verdict": Column(
        "Judgement.",
        levels={
            "met": "as asked",
            "failed": "not as asked",
            "noted": "to be known; no reason to reject by itself",
            "not judged": "the plate does not hold what the rule needs, or the study declares no limit",
        },
    ),
    "rejects": Column("Whether a failure of this rule takes the plate out.", levels=_YES_NO),
}
