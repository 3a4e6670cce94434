"""From the declarations of `study.yaml` to the settings the science rooms take."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

import numpy as np

from pharmrs.core.records.declaration import taken_from
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.records.tissue import StudyTissue, TissueFractions
from pharmrs.spectra.preprocess.preprocess import PreprocessingSettings
from pharmrs.spectra.quantify.quantify import QuantificationSettings
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.records.fit import FitSettings
from pharmrs.spectra.records.rules import Rules

ABOVE_WINDOW_PPM = 0.1  # residual water is looked for above the fit window


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """Every setting that changes the numbers of one scan."""

    preprocessing: PreprocessingSettings
    fit: FitSettings
    quantification: QuantificationSettings
    rules: Rules
    primary_scale: str = ""


def settings_of(study: SpectraPlan, scan: str, tissue: StudyTissue | None = None) -> ScanSettings:
    """Settings of the scan named `scan`; fractions declared for it come before those measured in images."""
    return settings_by_scan(study, [scan], tissue)[scan]


def settings_by_scan(
    study: SpectraPlan, scans: Iterable[str], tissue: StudyTissue | None = None
) -> dict[str, ScanSettings]:
    """The same for many scans; what they share is worked out once."""
    images = tissue or StudyTissue()
    shared = _shared_settings(study, images)
    return {
        scan: replace(
            shared,
            quantification=replace(
                shared.quantification,
                tissue=_tissue_of(study, scan, images),
                tissue_missing=images.missing.get(scan, ""),
            ),
        )
        for scan in scans
    }


def without_fractions(plan: SpectraPlan, scans: Iterable[ScanFiles]) -> list[ScanFiles]:
    """The scans whose tissue fractions have to come from images: those that the plan gives none for."""
    return [scan for scan in scans if scan.name not in plan.quantification.tissue_by_scan]


def _shared_settings(study: SpectraPlan, images: StudyTissue) -> ScanSettings:
    return ScanSettings(
        preprocessing=taken_from(
            study.preprocessing, PreprocessingSettings, lowest_water_ppm=study.fit.ppm_high + ABOVE_WINDOW_PPM
        ),
        fit=taken_from(study.fit, FitSettings),
        quantification=taken_from(
            study.quantification, QuantificationSettings, tissue=None, group_tissue=_mean_tissue(study, images)
        ),
        rules=taken_from(study.quality, Rules),
        primary_scale=study.quantification.primary_scale,
    )


def _tissue_of(study: SpectraPlan, scan: str, images: StudyTissue) -> TissueFractions | None:
    plan = study.quantification
    declared = plan.tissue_by_scan.get(scan)
    if declared is None and scan in images.measured:
        return images.measured[scan]
    declared = declared or plan.tissue
    return declared.fractions() if declared is not None else None


def _mean_tissue(study: SpectraPlan, images: StudyTissue) -> tuple[float, float] | None:
    """Grey and white matter of the mean voxel of the study, for the scale that is brought to it."""
    declared = {scan: tissue.fractions() for scan, tissue in study.quantification.tissue_by_scan.items()}
    known = list({**images.measured, **declared}.values())
    if not known and study.quantification.tissue is not None:
        known = [study.quantification.tissue.fractions()]
    if not known:
        return None
    mean = np.mean([tissue.values for tissue in known], axis=0)
    return float(mean[0]), float(mean[1])


def settings_hash(study: SpectraPlan) -> str:
    """SHA-256 of every declaration that changes numbers, for provenance."""
    text = json.dumps(asdict(study), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
