"""More spectra of the kinds in ../shared/data/known-truth, and of kinds that break a fit's assumptions.

The distributions were inferred from the 3 x 40 spectra given there (truth tables, and what is left of the spectra when
the true signal is subtracted); `python benchmarks/known_truth.py DATA` compares generated with given ones.
Phase sense: NIfTI-MRS; `phase_deg` and `shift_hz` of the truth have the opposite sign, as in the given files.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.records import BasisSet

# mean in mM and coefficient of variation; independent normal, cut at 0.05 mM (mm: units of the basis)
CONCENTRATIONS = {
    **{"mm": (0.098, 0.15), "Ala": (0.5, 0.15), "Asc": (0.9, 0.15), "Asp": (2.0, 0.15), "Cr": (4.15, 0.09)},
    **{"GABA": (1.2, 0.15), "GPC": (1.1, 0.15), "GSH": (1.2, 0.15), "Glc": (0.8, 0.40), "Gln": (2.55, 0.22)},
    **{"Glu": (9.5, 0.12), "Gly": (0.6, 0.15), "Ins": (6.0, 0.15), "Lac": (0.7, 0.42), "NAA": (11.0, 0.08)},
    **{"NAAG": (1.5, 0.15), "PCho": (0.41, 0.15), "PCr": (3.75, 0.09), "PE": (1.42, 0.14), "Scyllo": (0.3, 0.15)},
    "Tau": (1.42, 0.14),
}
MM_GROUP_EDGES_PPM = (1.08, 1.80, 2.65)
MM_GROUP_SD = (0.16, 0.12, 0.12, 0.13)
_EDGES_PPM = {"": (0.32, 0.018, 4.62, 0.030), "mm": (0.147, 0.027, 4.515, 0.030)}  # lower, its width, upper, its width
_UNKNOWN = ((1.19, 3, (-7.1, 0.0, 7.1)), (3.65, 2, (-10.6, -3.5, 3.5, 10.6)), (2.22, 6, (0.0,)))  # ethanol, acetone


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How the spectra of one kind are drawn (means and SDs), and the faults that are put in."""

    lorentz_hz: tuple[float, float] = (4.6, 1.2)
    gauss_hz: tuple[float, float] = (4.0, 1.1)
    signal_to_noise: float = 40.0
    residual_water: float = 0.2  # SD of its height over the highest peak (half-normal)
    skewed_line: bool = False
    doubled_line: bool = False
    mm_groups: float = 0.0  # multiplies MM_GROUP_SD
    mm_broadening_hz: float = 0.0
    echo: bool = False
    unknown: bool = False


KINDS = {
    "nominal": Kind(),
    "lowsnr": Kind(lorentz_hz=(8.9, 2.1), signal_to_noise=15.0),
    "distorted": Kind(skewed_line=True, mm_groups=1.0),
    "residual_water": Kind(residual_water=8.0),
    "spurious_echo": Kind(echo=True),
    "wrong_mm": Kind(mm_groups=3.0, mm_broadening_hz=12.0),
    "missing_metabolite": Kind(unknown=True),
    "doubled_line": Kind(doubled_line=True),
}


@dataclass(frozen=True, slots=True)
class Clock:
    """Sample times (s), chemical shift of each FFT bin, MHz and dwell time (s)."""

    time: FloatArray
    ppm: FloatArray
    mhz: float
    dwell_s: float


def generate(kind: str, basis: BasisSet, n: int, seed: int) -> tuple[ComplexArray, ComplexArray, dict[str, FloatArray]]:
    """`n` spectra of `kind` (a key of `KINDS`): FIDs (n, points), water (n, points), and the truth by column name.

    `basis`: on the clock of the spectra; its components that are in `CONCENTRATIONS` are used. `missing_metabolite`
    holds 1-2 mM of ethanol and acetone, which no basis has (column `unknown`).
    """
    if not math.isfinite(basis.proton_amplitude):
        raise ValueError("the amplitude of one proton in the basis is not known")
    chosen, rng, clock = KINDS[kind], np.random.default_rng(seed), clock_of(basis)
    names = [name for name in basis.names if name in CONCENTRATIONS]
    signals = band_limited(np.array([basis.fids[basis.names.index(name)] for name in names]), names, clock.ppm)
    drawn = [_one(chosen, names, signals, basis.proton_amplitude, clock, rng) for _ in range(n)]
    rows, fids, water = zip(*drawn, strict=True)
    truth = {key: np.array([row[key] for row in rows]) for key in rows[0]}
    return np.array(fids), np.array(water), {"spec": np.arange(float(n)), **truth}


def _one(
    kind: Kind, names: list[str], signals: ComplexArray, proton: float, clock: Clock, rng: np.random.Generator
) -> tuple[dict[str, float], ComplexArray, ComplexArray]:
    row = {"lor": max(rng.normal(*kind.lorentz_hz), 1.0), "gau": max(rng.normal(*kind.gauss_hz), 0.5)}
    row |= {"phase_deg": rng.normal(0.0, 11.0), "shift_hz": rng.normal(0.0, 1.8)}
    amounts = {name: max(rng.normal(mean, cv * mean), 0.05) for name, (mean, cv) in CONCENTRATIONS.items()}
    time = clock.time
    voigt = np.exp(-np.pi * row["lor"] * time - (np.pi * row["gau"] * time) ** 2 / (4 * math.log(2)))
    if kind.skewed_line:
        row |= _drawn_skew(rng)
    line = voigt * _line_shape(kind, row, time, rng)
    clean = np.zeros(time.size, dtype=np.complex128)
    for name, signal in zip(names, signals, strict=True):
        if name == "mm":
            # measured macromolecules carry their own widths: only 2 Hz more, and the phantom's shift
            damping, shift, own = (
                2.0 + abs(rng.normal(0.0, 0.4)),
                rng.normal(0.0, 0.5),
                _macromolecules(kind, signal, clock, rng),
            )
        else:
            damping, shift, own = rng.normal(0.0, 0.6), rng.normal(0.0, 0.3), signal * line
        clean += amounts[name] * own * np.exp((2j * np.pi * shift - np.pi * damping) * time)
    if kind.unknown:
        row["unknown"] = rng.uniform(1.0, 2.0)
        clean += row["unknown"] * proton * _unknown(clock) * line
    turn = np.exp(-1j * np.deg2rad(row["phase_deg"]) - 2j * np.pi * row["shift_hz"] * time)
    peak = float(np.fft.fft(clean).real.max())
    baseline = _baseline(clock, peak, rng)
    highest = float(np.abs(np.fft.fft(clean + baseline)).max())
    row["noise_sd"] = highest / (2 * kind.signal_to_noise * math.sqrt(time.size))
    extra = baseline + _residual_water(kind, clock, peak, rng)
    if kind.echo:
        extra = extra + _echo(clock, peak, rng)
    noise = row["noise_sd"] * (rng.standard_normal(time.size) + 1j * rng.standard_normal(time.size))
    # 2 protons of 61.4 mol/L in the units of the basis: what the given references hold; no noise, no line-shape fault
    reference = rng.normal(122900.0, 3600.0) * proton * voigt * np.exp(-2 * np.pi * time)
    row |= {name: amounts[name] if name in names else 0.0 for name in CONCENTRATIONS}
    return row, (clean + extra) * turn + noise, reference * turn


def clock_of(basis: BasisSet) -> Clock:
    """The clock of the basis, which the spectra share."""
    time = np.arange(basis.points) * basis.dwell_time_s
    return Clock(
        time, np.asarray(basis.ppm_axis(), dtype=np.float64), basis.spectrometer_frequency_mhz, basis.dwell_time_s
    )


def band_limited(fids: ComplexArray, names: Sequence[str], ppm: FloatArray) -> ComplexArray:
    """The basis as it is in the given spectra: smooth edges, those of the macromolecules further down than the others.

    Estimated from the mean of the 80 `nominal` and `lowsnr` spectra less their truth: what is left then is noise.
    """
    limited = np.empty_like(fids)
    for index, name in enumerate(names):
        low, low_width, high, high_width = _EDGES_PPM["mm" if name == "mm" else ""]
        window = _step((ppm - low) / low_width) * _step((high - ppm) / high_width)
        limited[index] = np.fft.ifft(np.fft.fft(fids[index]) * window)
    return limited


def _step(x: FloatArray) -> FloatArray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -500.0, 500.0))))


def _line_shape(kind: Kind, row: Mapping[str, float], time: FloatArray, rng: np.random.Generator) -> ComplexArray:
    """Factor of all metabolites: skewed by `row`, or doubled."""
    shape = np.ones(time.size, dtype=np.complex128)
    if kind.skewed_line:
        # the tail's mean is part of the common shift, but for what is left over
        shape = skewed(row, time) * np.exp(2j * np.pi * row["left_over_hz"] * time)
    if kind.doubled_line:
        share, distance = rng.uniform(0.2, 0.45), rng.choice([-1, 1]) * rng.uniform(4.0, 10.0)
        shape = shape * (1 - share + share * np.exp(2j * np.pi * distance * time))
    return shape


def skewed(row: Mapping[str, float], time: FloatArray) -> ComplexArray:
    """Exponential times Gaussian distribution of frequencies; a positive tail goes to low ppm."""
    tail, spread = 2 * np.pi * row["tail_hz"] * time, 2 * np.pi * row["spread_hz"] * time
    return np.asarray(np.exp(-1j * tail - 0.5 * spread**2) / (1 - 1j * tail))


def _drawn_skew(rng: np.random.Generator) -> dict[str, float]:
    """As fitted to the given `distorted` spectra with their concentrations known."""
    tail = rng.normal(1.2, 1.05)
    spread = abs(rng.normal(1.15 - 0.3 * (tail - 1.2), 0.55))
    return {"tail_hz": tail, "spread_hz": spread, "left_over_hz": rng.normal(-0.32 + 0.17 * (tail - 1.2), 0.27)}


def _macromolecules(kind: Kind, signal: ComplexArray, clock: Clock, rng: np.random.Generator) -> ComplexArray:
    factors = np.maximum(1.0 + kind.mm_groups * np.array(MM_GROUP_SD) * rng.standard_normal(len(MM_GROUP_SD)), 0.0)
    steps = [_step((clock.ppm - edge) / 0.03) for edge in MM_GROUP_EDGES_PPM]
    gain = factors[0] + sum(step * change for step, change in zip(steps, np.diff(factors), strict=True))
    changed = np.fft.ifft(np.fft.fft(signal) * gain)
    return np.asarray(changed * np.exp(-((np.pi * kind.mm_broadening_hz * clock.time) ** 2) / (4 * math.log(2))))


def _baseline(clock: Clock, peak: float, rng: np.random.Generator) -> ComplexArray:
    """Three Gaussian bumps: centres 0-5 ppm, FWHM 0.7-1.8 ppm, height either way; absorptive as the metabolites are."""
    fid = np.zeros(clock.time.size, dtype=np.complex128)
    for _ in range(3):
        centre_hz = (4.65 - rng.uniform(0.0, 5.0)) * clock.mhz
        width_hz = rng.uniform(0.7, 1.8) * clock.mhz
        area = rng.normal(0.0, 0.073 * peak) * 1.0645 * width_hz * clock.dwell_s
        decay = (np.pi * width_hz * clock.time) ** 2 / (4 * math.log(2))
        fid += area * np.exp(2j * np.pi * centre_hz * clock.time - decay)
    return fid


def _residual_water(kind: Kind, clock: Clock, peak: float, rng: np.random.Generator) -> ComplexArray:
    """One 14 Hz wide Lorentzian line near 4.65 ppm of any phase."""
    amplitude = abs(rng.normal(0.0, kind.residual_water * peak)) * np.pi * 14.0 * clock.dwell_s
    exponent = (2j * np.pi * rng.normal(0.0, 2.0) - 14.0 * np.pi) * clock.time + 1j * rng.uniform(-np.pi, np.pi)
    return np.asarray(amplitude * np.exp(exponent))


def _echo(clock: Clock, peak: float, rng: np.random.Generator) -> ComplexArray:
    """A spurious echo: refocused 20-80 ms late, a few ms long, anywhere from 1 to 4.2 ppm."""
    late, length = rng.uniform(0.02, 0.08), rng.uniform(0.003, 0.008)
    frequency = (4.65 - rng.uniform(1.0, 4.2)) * clock.mhz
    height = rng.uniform(0.05, 0.2) * peak / (length * math.sqrt(2 * np.pi) / clock.dwell_s)
    envelope = np.exp(-0.5 * ((clock.time - late) / length) ** 2)
    return np.asarray(height * envelope * np.exp(2j * np.pi * frequency * clock.time + 1j * rng.uniform(-np.pi, np.pi)))


def _unknown(clock: Clock) -> ComplexArray:
    lines = [((4.65 - ppm) * clock.mhz + j, protons / len(js)) for ppm, protons, js in _UNKNOWN for j in js]
    return np.asarray(sum(area * np.exp(2j * np.pi * hz * clock.time) for hz, area in lines))


if __name__ == "__main__":
    from known_truth_comparison import main

    main()
