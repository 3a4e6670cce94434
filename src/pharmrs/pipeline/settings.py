"""From the declarations of `study.yaml` to the settings the science rooms take."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

from pharmrs.mrs.preprocess import PreprocessingSettings
from pharmrs.mrs.quality import Rules
from pharmrs.mrs.quantify import QuantificationSettings, Relaxation
from pharmrs.records.fit import FitSettings
from pharmrs.records.quantification import TissueFractions
from pharmrs.records.study import Study, Tissue


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """Every setting that changes the numbers of one scan."""

    preprocessing: PreprocessingSettings
    fit: FitSettings
    quantification: QuantificationSettings
    rules: Rules

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def settings_of(study: Study, scan: str) -> ScanSettings:
    """Settings of the scan named `scan` (tissue fractions may be declared scan by scan)."""
    steps, plan, rules = study.preprocessing, study.quantification, study.quality
    tissue = plan.tissue_by_scan.get(scan, plan.tissue)
    relaxation = plan.relaxation
    return ScanSettings(
        preprocessing=PreprocessingSettings(
            skip_points=steps.skip_points,
            eddy_current_correction=steps.eddy_current_correction,
            align_transients=steps.align_transients,
            reject_transients=steps.reject_transients,
            remove_residual_water=steps.remove_residual_water,
            lowest_water_ppm=study.fit.ppm_high + 0.1,
        ),
        fit=study.fit.settings(),
        quantification=QuantificationSettings(
            water_concentration_mm=plan.water_concentration_mm,
            water_attenuation=plan.water_attenuation,
            relaxation=Relaxation(**relaxation.model_dump()) if relaxation is not None else None,
            tissue=_fractions(tissue) if tissue is not None else None,
        ),
        rules=Rules(
            max_crlb_percent=rules.max_crlb_percent,
            max_line_width_hz=rules.max_line_width_hz,
            min_signal_to_noise=rules.min_signal_to_noise,
            metabolites=rules.metabolites,
        ),
    )


def _fractions(tissue: Tissue) -> TissueFractions:
    return TissueFractions(
        gray_matter=tissue.gray_matter,
        white_matter=tissue.white_matter,
        csf=tissue.csf,
        sd=tissue.sd,
        source=tissue.source,
    )


def settings_hash(study: Study) -> str:
    """SHA-256 of every declaration that changes numbers, for provenance."""
    text = json.dumps(study.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
