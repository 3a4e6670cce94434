"""Frozen typed objects that travel between rooms."""

from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.records.tissue import TissueFractions
from pharmrs.spectra.records.acquisition import Acquisition, Fids, Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit, MetaboliteAmplitude, RatioPrior
from pharmrs.spectra.records.preprocessing import PreprocessedScan, PreprocessingStep, WaterAmplitude
from pharmrs.spectra.records.quantification import Concentration, Exclusion, ScanQuality
from pharmrs.spectra.records.scan import ScanOutcome, ScanResult

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
