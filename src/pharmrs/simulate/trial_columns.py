"""What every column of the tables of a simulated trial means."""

from __future__ import annotations

from pharmrs.core.records.columns import Column

_YES_NO = {"yes": "yes", "no": "no"}
_TIME_POINT = Column("Before or after the treatment of the period, as `design` in study.yaml calls it.")
_PERIOD = Column("Number of the treatment period, from 1.")
_TREATMENT = Column("Label of the treatment, one of `design.treatments` in study.yaml.")

PARTICIPANTS = {
    "participant_id": Column("Simulated participant."),
    "age": Column("Age.", "year"),
    "sex": Column("Sex.", levels={"M": "male", "F": "female"}),
    "bmi": Column("Body mass index.", "kg/m^2"),
}
SESSIONS = {
    "session_id": Column("Session."),
    "period": _PERIOD,
    "time_point": _TIME_POINT,
    "acq_time": Column("Start of the recording; dates are shifted to before 1925, as BIDS asks for."),
    "sampling_time": Column("Time of day of the blood sample as HH:MM:SS, n/a where there is none."),
}
ALLOCATION = {
    "participant_id": Column("Participant."),
    "period": _PERIOD,
    "treatment": _TREATMENT,
}
LAYOUT = {
    "plate": Column("Plate: name of the export file without its ending."),
    "well": Column("Well, row letter and column number."),
    "role": Column(
        "What is in the well.",
        levels={
            "standard": "known concentration",
            "blank": "no analyte",
            "control": "quality control, the same on every plate",
            "sample": "a participant's sample",
        },
    ),
    "sample": Column("Sample (sub-<label>_ses-<label>) or control; n/a for standards and blanks."),
    "nominal": Column("Concentration of a standard in the well, in the unit of `assay` in study.yaml."),
    "dilution": Column("How many times the sample was diluted."),
}
GEL = {
    "gel": Column("Gel."),
    "lane": Column("Lane, from the left."),
    "role": Column("What was loaded.", levels={"sample": "a participant's DNA", "control": "DNA of a known genotype"}),
    "sample": Column("Participant (sub-<label>) or control."),
    "genotype": Column("Known genotype of a control; n/a for samples."),
    "bands_bp": Column("Sizes of the bands, longest first, separated by semicolons.", "bp"),
}
TRUE_VISITS = {
    "sample": Column("Participant and session."),
    "participant_id": Column("Participant."),
    "sequence": Column("Treatments in the order they were given, joined by a hyphen and an angle bracket."),
    "period": _PERIOD,
    "treatment": _TREATMENT,
    "time_point": _TIME_POINT,
    "clock_time_h": Column("Hour of the day of recording and sample.", "h"),
    "metabolite": Column("Component of the basis set whose change is planted."),
    "metabolite_tissue": Column("Its concentration in brain tissue (grey and white matter).", "mmol/L"),
    "biomarker": Column("Concentration of the biomarker in the sample."),
    "gray_matter": Column("Volume fraction of the voxel.", "1"),
    "white_matter": Column("Volume fraction of the voxel.", "1"),
    "csf": Column("Volume fraction of the voxel.", "1"),
    "has_scan": Column("Whether there is a recording.", levels=_YES_NO),
    "bad_scan": Column("Whether the recording is bad on purpose, to be excluded by the quality rules.", levels=_YES_NO),
    "has_sample": Column("Whether the blood sample reached the plate.", levels=_YES_NO),
    "genotype": Column("Genotype of the participant."),
}
EFFECTS = {
    "treatment": _TREATMENT,
    "slope": Column("Planted coupling: ln(follow-up / baseline) of the biomarker per that of the metabolite.", "1"),
    "slope_minus_reference": Column("Its difference from the reference treatment: the planted interaction.", "1"),
    "biomarker_change": Column("Mean of ln(follow-up / baseline) of the biomarker.", "1"),
    "metabolite_change": Column("Mean of ln(follow-up / baseline) of the metabolite in tissue.", "1"),
    "metabolite_sd": Column("SD of that change between people.", "1"),
}
TRUE_WELLS = {
    "plate": Column("Plate."),
    "well": Column("Well."),
    "concentration": Column("Concentration in the well before the pipetting error."),
}
TRUE_SCANS = {
    "scan": Column("BIDS name of the recording without its suffix."),
    "component": Column("Component of the basis set."),
    "concentration_mm": Column("Concentration in the whole voxel.", "mmol/L"),
    "water_concentration_mm": Column("Concentration of water in the whole voxel.", "mmol/L"),
    "line_width_hz": Column("Voigt full width at half maximum added to the basis set.", "Hz"),
    "signal_to_noise": Column("Highest peak over twice the noise SD of the ideal average spectrum.", "1"),
    "spoiled_transients": Column("Transients ruined by motion, from 0, separated by blanks."),
    "bad_on_purpose": Column("Whether this recording is meant to be excluded.", levels=_YES_NO),
}
