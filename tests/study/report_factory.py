"""Plausible scans for the report: a simulated spectrum of a few metabolites, its fit, its steps and its water."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pharmrs.core.errors import InputProblem
from pharmrs.core.read.declarations import checked
from pharmrs.spectra.records import (
    Acquisition,
    Concentration,
    Exclusion,
    FitSettings,
    LinearCombinationFit,
    MetaboliteAmplitude,
    PreprocessedScan,
    PreprocessingStep,
    ScanFiles,
    ScanOutcome,
    ScanQuality,
    ScanResult,
    Spectrum,
    WaterAmplitude,
)
from pharmrs.spectra.records.declared import QualityRules, Quantification
from pharmrs.spectra.records.declared_basis import StudyBasis
from pharmrs.study.declared import Study

POINTS = 4096
ACQUISITION = Acquisition(
    spectrometer_frequency_mhz=297.22,
    dwell_time_s=1 / 6000,
    echo_time_s=0.02,
    repetition_time_s=3.0,
    mixing_time_s=0.01,
    sequence="STEAM",
    manufacturer="Siemens",
)
PEAKS: dict[str, tuple[float, tuple[tuple[float, float], ...]]] = {  # concentration, (ppm, protons) of each peak
    "Asc": (0.6, ((3.73, 1.0), (4.02, 1.0))),
    "Asp": (1.4, ((2.65, 0.5), (2.80, 0.5), (3.90, 1.0))),
    "Cr": (4.5, ((3.03, 3.0), (3.91, 2.0))),
    "GABA": (1.2, ((1.89, 2.0), (2.28, 2.0), (3.01, 2.0))),
    "Gln": (2.4, ((2.13, 2.0), (2.45, 2.0), (3.77, 1.0))),
    "Glu": (9.5, ((2.04, 1.2), (2.12, 0.8), (2.35, 2.0), (3.75, 1.0))),
    "GSH": (1.3, ((2.15, 2.0), (2.55, 2.0), (2.95, 2.0), (3.77, 2.0))),
    "GPC": (1.3, ((3.21, 9.0), (3.67, 2.0))),
    "Ins": (6.2, ((3.52, 2.0), (3.61, 2.0), (4.05, 1.0), (3.27, 1.0))),
    "Lac": (0.0, ((1.31, 3.0),)),
    "MM": (1.5, ((0.9, 18.0), (1.4, 10.0), (1.7, 8.0), (2.05, 14.0), (2.3, 8.0), (3.0, 8.0))),
    "NAA": (11.0, ((2.01, 3.0), (2.49, 1.0), (2.67, 1.0))),
    "NAAG": (1.2, ((2.04, 3.0), (2.2, 2.0))),
    "PCho": (0.5, ((3.21, 9.0), (3.64, 2.0))),
    "PCr": (4.0, ((3.03, 3.0), (3.93, 2.0))),
    "Scyllo": (0.3, ((3.34, 6.0),)),
    "Tau": (1.6, ((3.25, 2.0), (3.42, 2.0))),
}
SUMS = {"tCr": ("Cr", "PCr"), "tNAA": ("NAA", "NAAG"), "tCho": ("GPC", "PCho"), "Glx": ("Glu", "Gln")}
SCALE_LABELS = {
    "ratio_tcr": "Ratio to total creatine",
    "lcmodel_water": "Water-scaled, LCModel convention (mmol/L)",
    "gm_wm_normalised": "Water-scaled per GM + WM fraction (mmol/L)",
}


def study(**quality: object) -> Study:
    """A study with the reference rules."""
    rules = quality or {"max_crlb_percent": 20.0, "max_line_width_hz": 24.0, "min_signal_to_noise": 20.0}
    return Study(
        title="Glutamate in the pregenual anterior cingulate",
        basis=StudyBasis(path="basis/steam7t.basis"),
        quantification=Quantification(primary_scale="lcmodel_water"),
        quality=checked(QualityRules, rules),
    )


def _signal(name: str, line_width_hz: float) -> NDArray[np.complex128]:
    time = ACQUISITION.time_axis_s(POINTS)
    width = line_width_hz + (35.0 if name == "MM" else 0.0)
    total = np.zeros(POINTS, dtype=complex)
    for ppm, protons in PEAKS[name][1]:
        frequency = (ACQUISITION.receiver_ppm - ppm) * ACQUISITION.spectrometer_frequency_mhz
        for splitting in (-3.6, 3.6) if protons <= 2 else (0.0,):
            weight = protons / (2 if protons <= 2 else 1)
            total += weight * np.exp(2j * np.pi * (frequency + splitting) * time - np.pi * width * time)
    return total


def fit(
    seed: int = 0, *, line_width_hz: float = 9.0, noise: float = 90.0, converged: bool = True
) -> LinearCombinationFit:
    """A fit that fits: the truth is the model, the residual is the noise (SD in FFT units)."""
    rng = np.random.default_rng(seed)
    names = tuple(PEAKS)
    amplitudes = np.array([PEAKS[name][0] * float(rng.normal(1.0, 0.06)) for name in names])
    ppm = ACQUISITION.ppm_axis(POINTS)
    window = np.flatnonzero((ppm > 0.2) & (ppm < 4.2))
    window = window[np.argsort(-ppm[window])]
    ppm = ppm[window]
    phase = np.exp(1j * (0.6 + 0.08 * (ppm - 3.0)))
    basis = np.array([np.fft.fft(_signal(name, line_width_hz))[window] for name in names])
    components = amplitudes[:, None] * basis * phase
    baseline = (1500 + 800 * np.sin(1.3 * ppm) + 100j) * phase
    model = components.sum(axis=0)
    scatter = noise * (rng.standard_normal(len(ppm)) + 1j * rng.standard_normal(len(ppm)))
    sd = 0.02 + 0.02 * amplitudes + 0.15 * noise / 90 * rng.uniform(0.5, 1.0, len(names))
    upright = ((model + scatter) * np.conj(phase)).real
    return LinearCombinationFit(
        names=names,
        amplitudes=amplitudes,
        covariance=np.diag(sd**2),
        classical_covariance=np.diag((0.8 * sd) ** 2),
        shifts_hz=rng.normal(0, 0.4, len(names)),
        dampings_hz=rng.normal(0, 0.5, len(names)),
        at_zero=amplitudes == 0,
        ppm=ppm,
        data=model + baseline + scatter,
        model=model,
        baseline=baseline,
        components=components,
        phase=phase,
        phase0_rad=0.6,
        phase1_rad_per_ppm=0.08,
        shift_hz=1.2,
        lorentz_hz=4.0,
        gauss_hz=5.5,
        line_width_hz=line_width_hz,
        signal_to_noise=float(upright.max() / (2 * noise)),
        noise_sd=noise,
        residual_autocorrelation=0.04,
        baseline_smoothness=120.0,
        baseline_freedom=11.4,
        line_shape_sd=0.03,
        shift_sd_hz=0.45,
        damping_sd_hz=0.8,
        iterations=14,
        converged=converged,
        message="converged: relative change of the cost below 1e-8" if converged else "iteration limit reached",
        settings=FitSettings(),
        cpu_s=0.04,
    )


def amplitudes(of: LinearCombinationFit) -> tuple[MetaboliteAmplitude, ...]:
    """Components and sums, as the fit room gives them."""

    def row(name: str, parts: tuple[str, ...]) -> MetaboliteAmplitude:
        index = [of.names.index(part) for part in parts]
        value = float(of.amplitudes[index].sum())
        sd = float(np.sqrt(of.covariance[np.ix_(index, index)].sum()))
        percent = 100 * sd / value if value > 0 else float("inf")
        single = len(parts) == 1
        return MetaboliteAmplitude(
            metabolite=name,
            amplitude=value,
            sd=sd,
            crlb_percent=percent,
            classical_crlb_percent=0.8 * percent,
            shift_hz=float(of.shifts_hz[index[0]]) if single else float("nan"),
            damping_hz=float(of.dampings_hz[index[0]]) if single else float("nan"),
            parts=parts,
        )

    return tuple(row(n, (n,)) for n in of.names) + tuple(row(n, parts) for n, parts in SUMS.items())


def water(line_width_hz: float = 10.0) -> WaterAmplitude:
    """A decaying water signal and its model."""
    time = np.arange(256) / 6000
    fitted = 2.0e5 * np.exp(-np.pi * line_width_hz * time)
    observed = fitted * (1 + 0.004 * np.sin(60 * time)) + np.random.default_rng(1).normal(0, 200, 256)
    return WaterAmplitude(
        amplitude=2.0e5,
        sd=600.0,
        line_width_hz=line_width_hz,
        shift_hz=-1.5,
        observed=observed,
        fitted=fitted,
        dwell_time_s=1 / 6000,
    )


def steps(seed: int = 0, transients: int = 32) -> tuple[PreprocessingStep, ...]:
    """Four steps with what they change."""
    rng = np.random.default_rng(seed)
    time = ACQUISITION.time_axis_s(POINTS)
    clean = sum((PEAKS[name][0] * _signal(name, 9.0) for name in PEAKS), np.zeros(POINTS, dtype=complex))
    clean = clean + 1.5 * (rng.standard_normal(POINTS) + 1j * rng.standard_normal(POINTS))
    residual_water = 400.0 * np.exp(-np.pi * 12 * time + 0.7j)
    drift = np.linspace(0, 6, transients) + rng.normal(0, 0.5, transients)
    blurred = (clean + residual_water) * np.mean(np.exp(2j * np.pi * drift[:, None] * time), axis=0)
    eddy = np.exp(1j * 1.2 * np.exp(-time / 0.02))
    return (
        PreprocessingStep(
            name="coil combination",
            summary="8 coils combined with noise-whitened weights from the water reference",
            before=0.4 * blurred * eddy,
            after=blurred * eddy,
            numbers={"coils": 8.0},
            series={"coil weight (1)": tuple(rng.uniform(0.1, 0.6, 8))},
        ),
        PreprocessingStep(
            name="alignment",
            summary="transients aligned in frequency and phase in the metabolite band (spectral registration)",
            before=blurred * eddy,
            after=(clean + residual_water) * eddy,
            numbers={"drift (Hz)": 6.0, "SD of frequency (Hz)": 1.9},
            series={
                "frequency offset (Hz)": tuple(drift),
                "phase offset (deg)": tuple(rng.normal(0, 8, transients)),
                "weight (1)": tuple(rng.uniform(0.8, 1.0, transients)),
            },
            warnings=("frequency drift above 5 Hz",),
        ),
        PreprocessingStep(
            name="eddy-current correction",
            summary="the phase of the water reference was taken off every transient (Klose 1990)",
            before=(clean + residual_water) * eddy,
            after=clean + residual_water,
        ),
        PreprocessingStep(
            name="residual water",
            summary=f"{5 + seed % 3} decaying sinusoids near water fitted and subtracted (HSVD)",
            before=clean + residual_water,
            after=clean,
            numbers={"sinusoids": 5.0 + seed % 3},
        ),
    )


def concentrations(rows: tuple[MetaboliteAmplitude, ...]) -> tuple[Concentration, ...]:
    """Two scales with values and one that cannot be given."""
    creatine = next(row.amplitude for row in rows if row.metabolite == "tCr")
    out: list[Concentration] = []
    for row in rows:
        for scale, factor, unit in (("ratio_tcr", 1 / creatine, "1"), ("lcmodel_water", 1.02, "mmol/L")):
            value, sd = factor * row.amplitude, factor * row.sd
            out.append(Concentration(metabolite=row.metabolite, scale=scale, value=value, sd=sd, unit=unit))
        missing = {"value": float("nan"), "sd": float("nan"), "unit": "mmol/L", "reason": "no tissue fractions"}
        out.append(Concentration(metabolite=row.metabolite, scale="gm_wm_normalised", **missing))  # type: ignore[arg-type]
    return tuple(out)


def result(
    name: str = "sub-01_ses-1_acq-steam", seed: int = 0, *, line_width_hz: float = 9.0, noise: float = 90.0
) -> ScanResult:
    """One scan, with the reference rules applied to it."""
    fitted = fit(seed, line_width_hz=line_width_hz, noise=noise)
    rows = amplitudes(fitted)
    exclusions = [
        Exclusion(
            scan=name, metabolite=row.metabolite, rule="CRLB above the limit (%)", limit=20.0, value=row.crlb_percent
        )
        for row in rows
        if row.crlb_percent > 20
    ]
    if line_width_hz > 24:
        broad = Exclusion(
            scan=name, metabolite="*", rule="line width above the limit (Hz)", limit=24.0, value=line_width_hz
        )
        exclusions.insert(0, broad)
    if fitted.signal_to_noise < 20:
        value = fitted.signal_to_noise
        exclusions.insert(0, Exclusion(scan=name, metabolite="*", rule="S/N below the limit", limit=20.0, value=value))
    done = steps(seed)
    spectrum = Spectrum(fid=done[-1].after, acquisition=ACQUISITION, affine=np.eye(4), source=name, averages=32)
    subject, session = name.split("_")[:2]
    return ScanResult(
        files=ScanFiles(name=name, subject=subject, session=session, metabolite=f"{name}_svs.nii.gz"),
        acquisition=ACQUISITION,
        preprocessed=PreprocessedScan(spectrum=spectrum, water=spectrum, steps=done, rejected_transients=(7,)),
        points=spectrum.points,
        fit=fitted,
        amplitudes=rows,
        water=water(),
        concentrations=concentrations(rows),
        quality=ScanQuality(
            signal_to_noise=fitted.signal_to_noise,
            line_width_hz=line_width_hz,
            water_line_width_hz=10.0,
            residual_autocorrelation=0.04,
            noise_sd=noise,
            transients=32,
            transients_rejected=1,
            frequency_drift_hz=6.0,
            baseline_freedom=11.4,
            left_out_percent=0.0,
            converged=True,
            message=fitted.message,
        ),
        exclusions=tuple(exclusions),
        cpu_s=1.3,
    )


def outcomes(subjects: int = 3, sessions: int = 2) -> tuple[ScanOutcome, ...]:
    """A small study: one broad scan, one noisy scan, one that failed, one with a warning."""
    made: list[ScanOutcome] = []
    for subject in range(1, subjects + 1):
        for session in range(1, sessions + 1):
            name = f"sub-{subject:02d}_ses-{session}_acq-steam"
            seed = 10 * subject + session
            width = 27.5 if (subject, session) == (2, 1) else float(np.random.default_rng(seed).uniform(7, 14))
            noise = 600.0 if (subject, session) == (2, 2) else float(np.random.default_rng(seed).uniform(50, 110))
            one = result(name, seed, line_width_hz=width, noise=noise)
            problem = InputProblem(
                file=f"{name}_svs.json",
                field="MixingTime",
                rule="must be given for STEAM",
                value="",
                remedy="add MixingTime (seconds) to the sidecar",
                severity="error" if (subject, session) == (3, 2) else "warning",
            )
            failed = (subject, session) == (3, 2)
            noted = (problem,) if failed or (subject, session) == (1, 1) else ()
            made.append(ScanOutcome(files=one.files, result=None if failed else one, problems=noted))
    return tuple(made)
