"""Quality of one scan and the pre-declared rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.spectra.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.spectra.records.preprocessing import PreprocessedScan, WaterAmplitude
from pharmrs.spectra.records.quantification import Exclusion, ScanQuality


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Limits of the pre-declared rules; None: not declared. `metabolites`: the CRLB rule is for these, empty: all."""

    max_crlb_percent: float | None = None
    max_line_width_hz: float | None = None
    min_signal_to_noise: float | None = None
    metabolites: tuple[str, ...] = ()


def scan_quality(
    preprocessed: PreprocessedScan, fit: LinearCombinationFit, water: WaterAmplitude | None
) -> ScanQuality:
    """The quality figures of one scan (definitions: data dictionary of quality.tsv)."""
    offsets = next(
        (step.series["frequency offset (Hz)"] for step in preprocessed.steps if step.name == "alignment"), ()
    )
    rejected = len(preprocessed.rejected_transients)
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
    )


def broken_rules(
    scan: str, quality: ScanQuality, rows: tuple[MetaboliteAmplitude, ...], rules: Rules
) -> tuple[Exclusion, ...]:
    """Every rule the scan breaks. A scan rule names all metabolites (`*`), the CRLB rule one."""
    found = []
    if not quality.converged:
        found.append(Exclusion(scan=scan, metabolite="*", rule="fit converged", limit=1.0, value=0.0, decided_by="fit"))

    def check(metabolite: str, rule: str, limit: float, value: float, *, kept: bool) -> None:
        if not kept:
            found.append(Exclusion(scan=scan, metabolite=metabolite, rule=rule, limit=limit, value=value))

    # comparisons with NaN are false: a figure that could not be measured breaks its rule
    if (widest := rules.max_line_width_hz) is not None:
        width = quality.line_width_hz
        check("*", "line width (Hz) at most", widest, width, kept=width <= widest)
    if (least := rules.min_signal_to_noise) is not None:
        ratio = quality.signal_to_noise
        check("*", "S/N at least", least, ratio, kept=ratio >= least)
    if (largest := rules.max_crlb_percent) is not None:
        for row in rows:
            if not rules.metabolites or row.metabolite in rules.metabolites:
                bound = row.crlb_percent
                check(row.metabolite, "CRLB (%) at most", largest, bound, kept=bound <= largest)
    return tuple(found)
