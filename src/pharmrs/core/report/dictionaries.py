"""What every column of every table means: BIDS data dictionaries, written beside the tables."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pharmrs.core.records.columns import Column

_YES_NO = {"yes": "yes", "no": "no"}
_ARBITRARY = "arbitrary"
_INFINITE = "`inf` where the amplitude is zero (LCModel prints 999)."

_FILE = Column("File as given on the command line.")
_METABOLITE = Column("Component of the basis set, or a sum of components (see `parts` where present).")
_AMPLITUDE = Column(
    "Amplitude of the component in the fit, in units of its basis signal; not yet a concentration.", "1"
)
_SD = Column(
    "Posterior standard deviation of the amplitude, with phases, shifts, dampings, line shape and baseline "
    "marginalised, and the spread between models (stability_sd) in it; for a sum from the covariance of its parts.",
    "1",
)
_STABILITY = Column(
    "Standard deviation of the amplitude between fits under harmless changes (first point, window, macromolecules, "
    "small components, baseline, line shape); n/a where they were not made.",
    "1",
)
_CRLB = Column(f"100 x sd / amplitude: relative posterior standard deviation. {_INFINITE}", "percent")
_SHIFT = Column("Frequency of the component relative to the common shift; n/a for sums.", "Hz")
_DAMPING = Column("Lorentzian width of the component in addition to the common width; n/a for sums.", "Hz")
_SNR = Column(
    "Signal-to-noise ratio as LCModel defines it: highest peak of (data - baseline), phased, real part, in the fit "
    "window, over twice the root mean square of the residual.",
    "1",
)
_WIDTH = Column("Line width: full width at half maximum of a modelled singlet of the fit.", "Hz")
_WHITENESS = Column("Autocorrelation of the fit residual at lag 1; 0 when the residual is white.", "1")
_NOISE = Column("Standard deviation of the noise in the real part of the spectrum, as used by the fit.", _ARBITRARY)
_FREEDOM = Column("Effective degrees of freedom of the baseline (its smoothness is estimated from the data).", "1")
_LEFT_OUT = Column("Share of the fit window left out: points with signal that nothing in the fit describes.", "percent")
_CONVERGED = Column("Whether the fit met its convergence criterion.", levels=_YES_NO)
_MESSAGE = Column("How the fit ended, in words.")

FIT: dict[str, Column] = {
    "file": _FILE,
    "metabolite": _METABOLITE,
    "amplitude": _AMPLITUDE,
    "sd": _SD,
    "stability_sd": _STABILITY,
    "crlb_percent": _CRLB,
    "shift_hz": _SHIFT,
    "damping_hz": _DAMPING,
}
FIT_QUALITY: dict[str, Column] = {
    "file": _FILE,
    "signal_to_noise": _SNR,
    "line_width_hz": _WIDTH,
    "residual_autocorrelation": _WHITENESS,
    "noise_sd": _NOISE,
    "baseline_freedom": _FREEDOM,
    "left_out_percent": _LEFT_OUT,
    "shift_hz": Column("Common frequency shift of all components relative to the basis set.", "Hz"),
    "phase0_rad": Column("Zero-order phase of the data.", "rad"),
    "phase1_rad_per_ppm": Column("First-order phase of the data.", "rad/ppm"),
    "lorentz_hz": Column("Common Lorentzian width added to the basis signals.", "Hz"),
    "gauss_hz": Column("Common Gaussian width added to the basis signals.", "Hz"),
    "iterations": Column("Iterations of the non-linear search.", "1"),
    "converged": _CONVERGED,
    "message": _MESSAGE,
}
SCAN: dict[str, Column] = {
    "scan": Column("Name of the scan: BIDS name without suffix, unique in the dataset."),
    "subject": Column("Participant label of the scan."),
    "session": Column("Session label of the scan."),
}
METABOLITES: dict[str, Column] = {
    **SCAN,
    "metabolite": _METABOLITE,
    "parts": Column("Components that make up the value, joined by +."),
    "amplitude": _AMPLITUDE,
    "sd": _SD,
    "stability_sd": _STABILITY,
    "crlb_percent": _CRLB,
    "classical_crlb_percent": Column(
        "Classical Cramer-Rao lower bound relative to the amplitude, from the Fisher information of amplitudes and "
        f"nuisance parameters alone, without the help of priors. {_INFINITE}",
        "percent",
    ),
    "shift_hz": _SHIFT,
    "damping_hz": _DAMPING,
}
METABOLITES_END: dict[str, Column] = {
    "reason": Column("Why a concentration is missing, as `scale: reason`, separated by semicolons."),
    "excluded": Column(
        "Whether a pre-declared rule or a rater excluded the whole scan or this value (see exclusions.tsv). Excluded "
        "values stay in this table.",
        levels=_YES_NO,
    ),
}
QUALITY: dict[str, Column] = {
    **SCAN,
    "status": Column(
        "What became of the scan.",
        levels={
            "analysed": "a result was computed",
            "no value": "fitted, but nothing on the primary scale; the reason is in problems.tsv",
            "failed": "no result; the reasons are in problems.tsv",
        },
    ),
    "signal_to_noise": _SNR,
    "line_width_hz": _WIDTH,
    "water_line_width_hz": Column("Full width at half maximum of the water reference.", "Hz"),
    "residual_autocorrelation": _WHITENESS,
    "noise_sd": _NOISE,
    "transients": Column("Transients recorded.", "1"),
    "transients_rejected": Column("Transients rejected before averaging.", "1"),
    "frequency_drift_hz": Column("Drift of the resonance frequency over the scan, from the transients.", "Hz"),
    "baseline_freedom": _FREEDOM,
    "left_out_percent": _LEFT_OUT,
    "converged": _CONVERGED,
    "message": _MESSAGE,
    "choline_artefact_percent": Column("Of an edited scan: Cho left in the difference, of Cho in OFF.", "%"),
    "naa_residue_percent": Column("Of a scan edited for GABA: NAA left in ON, or taken beyond all of it.", "%"),
    "excluded": Column("Whether the whole scan is excluded (see exclusions.tsv).", levels=_YES_NO),
}
EXCLUSIONS: dict[str, Column] = {
    "scan": SCAN["scan"],
    "metabolite": Column("Metabolite the exclusion concerns; `*`: the whole scan."),
    "rule": Column("The rule that was broken, or the decision that was taken."),
    "limit": Column("Limit of the rule, in the unit of the quantity it limits (percent, Hz, or 1 for S/N)."),
    "value": Column("Value that was found, in the unit of the limit."),
    "decided_by": Column("Who or what decided: a pre-declared rule, or a rater."),
}
PROBLEMS: dict[str, Column] = {
    "file": Column("File the problem is in."),
    "field": Column("Header field, column or YAML key."),
    "rule": Column("What must hold."),
    "value": Column("What was found."),
    "remedy": Column("What to do about it."),
    "severity": Column(
        "How serious it is.",
        levels={
            "error": "what the line names could not be used",
            "warning": "used nevertheless; a result may suffer from it",
            "note": "worth knowing; no result changes by it",
        },
    ),
}


def scale_columns(scales: Mapping[str, tuple[str, str]], common: Collection[str] = ()) -> dict[str, Column]:
    """Columns `<scale>` and `<scale>_sd` for each scale, given its label and unit; `<scale>_common_sd` for `common`."""
    columns: dict[str, Column] = {}
    for scale, (label, unit) in scales.items():
        columns[scale] = Column(f"Concentration: {label}. n/a where `reason` says why.", unit)
        columns[f"{scale}_sd"] = Column(
            f"Standard deviation of `{scale}`, propagated from the fit, the water amplitude and, where they enter, the "
            "tissue fractions.",
            unit,
        )
        if scale in common:
            columns[f"{scale}_common_sd"] = Column(
                f"Standard deviation of `{scale}` by the error of the voxel's fluid that all segmented scans share, in "
                f"one direction. It moves means, hardly differences, and is no part of `{scale}_sd`.",
                unit,
            )
    return columns


def dictionary(columns: Mapping[str, Column]) -> dict[str, dict[str, object]]:
    """The BIDS data dictionary of a table: column -> Description, Units, Levels."""
    entries: dict[str, dict[str, object]] = {}
    for name, column in columns.items():
        entry: dict[str, object] = {"Description": column.description}
        if column.units:
            entry["Units"] = column.units
        if column.levels:
            entry["Levels"] = dict(column.levels)
        entries[name] = entry
    return entries
