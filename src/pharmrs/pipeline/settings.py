"""From the declarations of `study.yaml` to the settings the science rooms take."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from pharmrs.mrs.preprocess import PreprocessingSettings
from pharmrs.mrs.quality import Rules
from pharmrs.mrs.quantify import QuantificationSettings, Relaxation
from pharmrs.records.fit import FitSettings
from pharmrs.records.quantification import TissueFractions
from pharmrs.records.study import Study


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """Every setting that changes the numbers of one scan."""

    preprocessing: PreprocessingSettings
    fit: FitSettings
    quantification: QuantificationSettings
    rules: Rules


def settings_of(study: Study, scan: str) -> ScanSettings:
    """Settings of the scan named `scan` (tissue fractions may be declared scan by scan)."""
    plan = study.quantification
    tissue = plan.tissue_by_scan.get(scan, plan.tissue)
    relaxation = plan.relaxation
    return ScanSettings(
        preprocessing=PreprocessingSettings(
            **study.preprocessing.model_dump(), lowest_water_ppm=study.fit.ppm_high + 0.1
        ),
        fit=study.fit.settings(),
        quantification=QuantificationSettings(
            water_concentration_mm=plan.water_concentration_mm,
            water_attenuation=plan.water_attenuation,
            relaxation=Relaxation(**relaxation.model_dump()) if relaxation is not None else None,
            tissue=TissueFractions(**tissue.model_dump()) if tissue is not None else None,
        ),
        rules=Rules(**study.quality.model_dump()),
    )


def settings_hash(study: Study) -> str:
    """SHA-256 of every declaration that changes numbers, for provenance."""
    text = json.dumps(study.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
