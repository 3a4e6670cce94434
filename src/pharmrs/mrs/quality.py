"""Quality of one scan and the pre-declared rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pharmrs.records.fit import LinearCombinationFit, MetaboliteAmplitude
from pharmrs.records.preprocessing import PreprocessedScan, WaterAmplitude
from pharmrs.records.quantification import Exclusion, ScanQuality


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
    if rules.max_line_width_hz is not None and not quality.line_width_hz <= rules.max_line_width_hz:
        found.append(
            Exclusion(
                scan=scan,
                metabolite="*",
                rule="line width (Hz) at most",
                limit=rules.max_line_width_hz,
                value=quality.line_width_hz,
            )
        )
    if rules.min_signal_to_noise is not None and not quality.signal_to_noise >= rules.min_signal_to_noise:
        found.append(
            Exclusion(
                scan=scan,
                metabolite="*",
                rule="S/N at least",
                limit=rules.min_signal_to_noise,
                value=quality.signal_to_noise,
            )
        )
    if rules.max_crlb_percent is not None:
        for row in rows:
            if rules.metabolites and row.metabolite not in rules.metabolites:
                continue
            if not row.crlb_percent <= rules.max_crlb_percent:
                found.append(
                    Exclusion(
                        scan=scan,
                        metabolite=row.metabolite,
                        rule="CRLB (%) at most",
                        limit=rules.max_crlb_percent,
                        value=row.crlb_percent,
                    )
                )
    return tuple(found)
