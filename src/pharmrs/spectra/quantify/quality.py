"""Quality of one scan and the pre-declared rules."""

from __future__ import annotations

import numpy as np

from pharmrs.spectra.records.edited import EditedScan, edits_gaba
from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.records.preprocessing import PreprocessedScan, WaterAmplitude
from pharmrs.spectra.records.quantification import Exclusion, ScanQuality
from pharmrs.spectra.records.rules import CONVERGED, LIMITS, Rules


def scan_quality(
    preprocessed: PreprocessedScan,
    fit: LinearCombinationFit,
    water: WaterAmplitude | None,
    edited: EditedScan | None = None,
) -> ScanQuality:
    """The quality figures of one scan (definitions: data dictionary of quality.tsv)."""
    offsets = next(
        (step.series["frequency offset (Hz)"] for step in preprocessed.steps if step.name == "alignment"), ()
    )
    rejected = len(preprocessed.rejected_transients)
    figures = edited.figures if edited is not None else ()
    residues = [abs(one.naa_residue_percent) for one in figures if edits_gaba(float(one.band_ppm))]
    return ScanQuality(
        signal_to_noise=fit.signal_to_noise,
        line_width_hz=fit.line_width_hz,
        water_line_width_hz=water.line_width_hz if water is not None else float("nan"),
        residual_autocorrelation=fit.residual_autocorrelation,
        noise_sd=fit.noise_sd,
        transients=preprocessed.spectrum.averages + rejected,
        transients_rejected=rejected,
        frequency_drift_hz=float(np.ptp(offsets)) if offsets else float("nan"),
        baseline_freedom=fit.baseline_freedom,
        left_out_percent=fit.left_out_percent,
        converged=fit.converged,
        message=fit.message,
        choline_artefact_percent=_worst([one.choline_artefact_percent for one in figures]),
        naa_residue_percent=_worst(residues),
    )


def _worst(figures: list[float]) -> float | None:
    """The largest, NaN where one could not be measured, None where there is none."""
    return float(np.max(figures)) if figures else None


def broken_rules(
    scan: str, quality: ScanQuality, rows: tuple[MetaboliteAmplitude, ...], rules: Rules
) -> tuple[Exclusion, ...]:
    """Every rule the scan breaks. A scan rule names all metabolites (`*`), the CRLB rule one; what a scan does not have
    (the difference of one that is not edited) is not judged.
    """
    found = []
    if quality.converged is False:
        found.append(Exclusion(scan=scan, metabolite="*", rule=CONVERGED.name, limit=1.0, value=0.0, decided_by="fit"))
    for rule in LIMITS:
        limit = getattr(rules, rule.key)
        if limit is None or rule.figure is None:
            continue
        judged = [row for row in rows if not rules.metabolites or row.metabolite in rules.metabolites]
        figures = (
            [(row.metabolite, getattr(row, rule.figure.name)) for row in judged]
            if rule.of_metabolite
            else [("*", getattr(quality, rule.figure.name))]
        )
        found += [
            Exclusion(scan=scan, metabolite=metabolite, rule=rule.name, limit=limit, value=value)
            for metabolite, value in figures
            if value is not None and rule.broken_by(value, limit)
        ]
    return tuple(found)
