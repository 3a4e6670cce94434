"""The real 7 T STEAM recording: from raw transients, and from a peer's processed spectrum."""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks.shared_data import BASIS_FILE, RECORDING
from benchmarks.tables import Check, print_checks
from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.preprocess.preprocess import PreprocessingSettings, Recordings, preprocess
from pharmrs.spectra.quantify.water import water_amplitude
from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.records import LinearCombinationFit, Spectrum

RANGES = {"Glu": (0.98, 1.12), "NAA": (1.20, 1.40), "Ins": (0.74, 0.90)}
LCMODEL = {"Glu": 1.043, "NAA": 1.276, "Ins": 0.822}  # LCModel 6.3 on the peer's spectrum (shared/data/README.md)


def ratios(fit: LinearCombinationFit) -> dict[str, float]:
    """Amplitude of every component and sum over tCr."""
    rows = {row.metabolite: row.amplitude for row in metabolite_amplitudes(fit)}
    return {name: value / rows["tCr"] for name, value in rows.items()}


def from_raw() -> tuple[LinearCombinationFit, float, int]:
    """Fit of the raw recording, CPU seconds from files to water amplitude, components of the basis."""
    began = time.process_time()
    basis = read_basis(BASIS_FILE)
    names = ("metab_raw", "quant_raw", "ecc", "wref_raw")
    metabolite, quantification, eddy, coil = (read_fids(RECORDING / f"{name}.nii.gz") for name in names)
    recordings = Recordings(
        metabolite=metabolite, quantification=quantification, eddy_current=eddy, coil_combination=coil
    )
    prepared = preprocess(recordings, PreprocessingSettings())
    fit = fit_spectrum(prepared.spectrum, basis)
    assert prepared.water is not None
    water_amplitude(prepared.water)
    return fit, time.process_time() - began, len(basis.names)


def from_peer() -> LinearCombinationFit:
    """Fit of the spectrum a peer has processed."""
    fids = read_fids(RECORDING / "metab.nii.gz")
    spectrum = Spectrum(fid=fids.data[:, 0, 0], acquisition=fids.acquisition, affine=fids.affine, source="peer")
    return fit_spectrum(spectrum, read_basis(BASIS_FILE))


def help_seconds() -> float:
    """Wall time of `pharmrs --help`, best of five."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "pharmrs", "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - began)
    return min(times)


def run() -> int:
    """Print the table; returns how many targets were missed."""
    fit, cpu_s, components = from_raw()
    raw, peer_fit = ratios(fit), from_peer()
    peer = ratios(peer_fit)
    checks = [
        Check(f"raw: {name}/tCr (LCModel on the peer's spectrum {LCMODEL[name]})", raw[name], *limits)
        for name, limits in RANGES.items()
    ]
    checks += [
        Check("raw: S/N", fit.signal_to_noise),
        Check("raw: line width", fit.line_width_hz, unit="Hz"),
        Check("raw: residual autocorrelation, lag 1", fit.residual_autocorrelation),
        Check("components of the basis neither fitted nor named", components - len(fit.names) - len(fit.notes), 0, 0),
        Check("peer's spectrum: Glu/tCr", peer["Glu"]),
        Check("peer's spectrum: NAA/tCr", peer["NAA"]),
        Check("peer's spectrum: S/N", peer_fit.signal_to_noise),
        Check("Glu/tCr, peer's spectrum against raw", 100 * (peer["Glu"] / raw["Glu"] - 1), -3, 3, "%"),
        Check("raw files to concentrations, CPU", cpu_s, None, 5.0, "s"),
        Check("pharmrs --help, wall", help_seconds(), None, 0.5, "s"),
    ]
    return print_checks("Real recording (7 T STEAM, TE 11 ms)", checks)
