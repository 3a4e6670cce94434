"""Frozen typed objects that travel between rooms."""

from pharmrs.records.acquisition import Acquisition, Fids, Spectrum
from pharmrs.records.basis import BasisSet
from pharmrs.records.fit import FitSettings, LinearCombinationFit, MetaboliteAmplitude, RatioPrior
from pharmrs.records.preprocessing import PreprocessedScan, PreprocessingStep, WaterAmplitude
from pharmrs.records.quantification import Concentration, Exclusion, ScanQuality, TissueFractions
from pharmrs.records.scan import ScanFiles, ScanOutcome, ScanResult

__all__ = [
    "Acquisition",
    "BasisSet",
    "Concentration",
    "Exclusion",
    "Fids",
    "FitSettings",
    "LinearCombinationFit",
    "MetaboliteAmplitude",
    "PreprocessedScan",
    "PreprocessingStep",
    "RatioPrior",
    "ScanFiles",
    "ScanOutcome",
    "ScanQuality",
    "ScanResult",
    "Spectrum",
    "TissueFractions",
    "WaterAmplitude",
]
