"""`python -m benchmarks.basis [--write docs/basis.md]`: the simulated basis set against a measured protocol's.

Reference: the LCModel basis set of the 7 T STEAM recording (TE 11 ms, TM 32 ms, 297.2 MHz), made elsewhere.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.recording import LCMODEL, ratios
from benchmarks.shared_data import BASIS_FILE, RECORDING, SHARED
from benchmarks.tables import PRINTED, Check, print_checks, print_rows
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.core.workers.threads import limit_threads
from pharmrs.spectra.basis.basis_set import simulated_basis
from pharmrs.spectra.basis.spin_library import DEFAULT_METABOLITES, published_spin_systems
from pharmrs.spectra.fit.fit import fit_spectrum
from pharmrs.spectra.read.basis import read_basis
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.read.pulse_file import read_pulse
from pharmrs.spectra.records import BasisSet, Spectrum
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.shaped_pulse import ShapedPulse
from pharmrs.spectra.records.spin_system import SpinSystem

LEAST = 0.975
BROADENING_HZ, WINDOW_PPM, SHIFTS_HZ = 6.0, (0.5, 4.2), np.arange(-6.0, 6.01, 0.25)
LARGEST_CHANGE_PERCENT = 8.0
CPU_LIMIT_S = 30.0
# where the reference has the two CH2 groups of phosphocholine, read off its spectrum; Govindaraju: 4.2805 and 3.641 ppm
PCHO_CH2_PPM = {4.2805: 4.161, 3.641: 3.588}
PULSE = Path(__file__).with_name("hann_sinc_90.txt")
_MARKS = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


STEAM = BasisProtocol(
    sequence="steam",
    echo_time_s=0.011,
    mixing_time_s=0.032,
    spectrometer_frequency_mhz=297.2,
    bandwidth_hz=6000.0,
    points=4096,
)


def protocol(reference: BasisSet) -> BasisProtocol:
    """The protocol of the recording with the field and the points of `reference`."""
    return replace(
        STEAM,
        spectrometer_frequency_mhz=reference.spectrometer_frequency_mhz,
        bandwidth_hz=1.0 / reference.dwell_time_s,
        points=reference.points,
    )


def similarity(reference: BasisSet, mine: ComplexArray, theirs: ComplexArray) -> tuple[float, float, float]:
    """Normalised correlation of the complex spectra in the window (real part), the shift (Hz), their size over mine."""
    time_s = np.arange(reference.points) * reference.dwell_time_s
    decay, ppm = np.exp(-np.pi * BROADENING_HZ * time_s), np.asarray(reference.ppm_axis())
    inside = (ppm >= WINDOW_PPM[0]) & (ppm <= WINDOW_PPM[1])
    other = np.fft.fft(theirs * decay)[inside]
    best = (-1.0, 0.0, 0.0)
    for shift in SHIFTS_HZ:
        own = np.fft.fft(mine * decay * np.exp(2j * np.pi * shift * time_s))[inside]
        sizes = float(np.linalg.norm(own)), float(np.linalg.norm(other))
        best = max(best, (float(np.vdot(own, other).real) / sizes[0] / sizes[1], float(shift), sizes[1] / sizes[0]))
    return best


def moved_phosphocholine() -> SpinSystem:
    """Phosphocholine with its CH2 groups where the reference has them."""
    system = published_spin_systems()["PCho"]
    parts = []
    for part in system.parts:
        shifts = np.array([PCHO_CH2_PPM.get(float(shift), float(shift)) for shift in part.shifts_ppm])
        parts.append(replace(part, shifts_ppm=shifts))
    return replace(system, key="PCho", parts=tuple(parts))


def correlations(reference: BasisSet) -> int:
    """Table (a); returns the metabolites below the target for which no reason is shown."""
    mine = simulated_basis(protocol(reference), macromolecules=False)
    moved = {"PCho": moved_phosphocholine()}
    other = simulated_basis(protocol(reference), ["PCho"], macromolecules=False, spin_systems=moved)
    shared = [name for name in mine.names if name in reference.names]
    found = {
        name: similarity(reference, mine.fids[mine.names.index(name)], reference.fids[reference.names.index(name)])
        for name in shared
    }
    explained = similarity(reference, other.fids[0], reference.fids[reference.names.index("PCho")])
    size = float(np.median([one[2] for one in found.values()]))
    rows = [_row(name, one, size, "") for name, one in found.items()]
    places = " and ".join(f"{place:g}" for place in PCHO_CH2_PPM.values())
    rows.append(_row(f"PCho, CH2 at {places} ppm", explained, size, "shifts read off the reference"))
    title = f"Normalised correlation, {WINDOW_PPM[0]:g} to {WINDOW_PPM[1]:g} ppm, {BROADENING_HZ:g} Hz added to both"
    print_rows(title, ("metabolite", "correlation", "shift Hz", "relative size", "target"), rows)
    below = [name for name, one in found.items() if one[0] < LEAST]
    return len([name for name in below if name != "PCho" or explained[0] < LEAST])


def _row(name: str, one: tuple[float, float, float], size: float, note: str) -> list[str]:
    verdict = note or ("met" if one[0] >= LEAST else f"below {LEAST}")
    return [name, f"{one[0]:.4f}", f"{one[1]:+.2f}", f"{one[2] / size:.3f}", verdict]


def recording(reference: BasisSet) -> int:
    """Table (c): the real recording fitted with the reference and with the simulated basis set."""
    fids = read_fids(RECORDING / "metab.nii.gz")
    spectrum = Spectrum(fid=fids.data[:, 0, 0], acquisition=fids.acquisition, affine=fids.affine, source="recording")
    shared = [name for name in reference.names if name in published_spin_systems()]
    theirs = _chosen(reference, [*shared, "mm"])
    simulated = simulated_basis(protocol(reference), shared, macromolecules=False)
    measured = reference.fids[reference.names.index("mm")][None, :]
    mine = replace(simulated, names=(*shared, "mm"), fids=np.concatenate([simulated.fids, measured]))
    built_in = simulated_basis(protocol(reference), shared)
    fits = {
        "reference": ratios(fit_spectrum(spectrum, theirs)),
        "simulated, measured mm": ratios(fit_spectrum(spectrum, mine)),
        "simulated, built-in mm": ratios(fit_spectrum(spectrum, built_in)),
    }
    names = ("Glu", "NAA", "Ins", "Gln", "GSH", "GPC", "PCho", "Tau", "tNAA", "tCho")
    rows = [[name, *(f"{fit[name]:.3f}" for fit in fits.values()), f"{LCMODEL.get(name, '')}"] for name in names]
    print_rows("Real recording: amplitude over tCr", ("", *fits, "LCModel"), rows)
    before, after = fits["reference"], fits["simulated, measured mm"]
    limit = LARGEST_CHANGE_PERCENT
    checks = [
        Check(f"{name}/tCr, simulated against reference", 100 * (after[name] / before[name] - 1), -limit, limit, "%")
        for name in ("Glu", "NAA")
    ]
    return print_checks("Real recording: change by the simulated basis set (measured mm)", checks)


def _chosen(basis: BasisSet, names: list[str]) -> BasisSet:
    rows = [basis.names.index(name) for name in names]
    return replace(basis, names=tuple(names), fids=basis.fids[rows])


def speed() -> int:
    """Table (d): CPU seconds of one core for 20 metabolites at 7 T, 4096 points."""
    press = replace(STEAM, sequence="press", mixing_time_s=None, echo_time_s=0.035)
    slaser = replace(press, sequence="slaser")
    shaped = (read_pulse(PULSE),)
    checks = [
        Check("STEAM, ideal pulses", _seconds(STEAM, ()), None, CPU_LIMIT_S, "s"),
        Check("PRESS, ideal pulses", _seconds(press, ()), None, CPU_LIMIT_S, "s"),
        Check("sLASER, ideal pulses", _seconds(slaser, ()), None, CPU_LIMIT_S, "s"),
        Check("STEAM, three shaped pulses (Hann sinc, 2.56 ms)", _seconds(STEAM, shaped), None, CPU_LIMIT_S, "s"),
    ]
    return print_checks("CPU of one core for 20 metabolites at 297.2 MHz, 4096 points", checks)


def _seconds(wanted: BasisProtocol, pulses: tuple[ShapedPulse, ...]) -> float:
    began = time.process_time()
    simulated_basis(wanted, DEFAULT_METABOLITES[:20], macromolecules=False, pulses=pulses)
    return time.process_time() - began


def run() -> int:
    """Print all tables; returns how many targets were missed."""
    reference = read_basis(BASIS_FILE)
    return correlations(reference) + recording(reference) + speed()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.basis", description=__doc__)
    parser.add_argument("--write", type=Path, help="put the tables between the marks of this page (docs/basis.md)")
    arguments = parser.parse_args()
    limit_threads()
    if not SHARED.is_dir():
        print(f"reference data not found at {SHARED}: nothing measured", file=sys.stderr)
        return 2
    missed = run()
    print(f"{missed} targets missed")
    if arguments.write is not None:
        page = arguments.write.read_text(encoding="utf-8")
        tables = _MARKS[0] + "\n" + "\n\n".join(PRINTED) + "\n\n" + _MARKS[1]
        pattern = re.escape(_MARKS[0]) + ".*?" + re.escape(_MARKS[1])
        arguments.write.write_text(re.sub(pattern, lambda _: tables, page, flags=re.S), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
