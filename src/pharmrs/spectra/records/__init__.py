"""Frozen typed objects that travel between rooms."""

from pharmrs.spectra.records.acquisition import Acquisition, Fids, Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit, MetaboliteAmplitude, RatioPrior
from pharmrs.spectra.records.preprocessing import PreprocessedScan, PreprocessingStep, WaterAmplitude
from pharmrs.spectra.records.quantification import Concentration, Exclusion, ScanQuality, TissueFractions
from pharmrs.spectra.records.scan import ScanFiles, ScanOutcome, ScanResult

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
