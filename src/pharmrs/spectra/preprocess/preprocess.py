"""From raw transients to one spectrum: every step returns its data and what it did.

Order: drop corrupt or pre-echo points, coil combination, eddy-current correction, alignment, weighting and averaging,
residual water. Water references are combined with the same weights and lose the same points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.core.records.declaration import declaration
from pharmrs.spectra.preprocess import alignment, coils, eddy_current
from pharmrs.spectra.preprocess.alternation import alternations
from pharmrs.spectra.preprocess.edited import edited_means
from pharmrs.spectra.preprocess.residual_water import remove_residual_water
from pharmrs.spectra.records.acquisition import Acquisition, Fids, Spectrum
from pharmrs.spectra.records.preprocessing import PreprocessedScan, Preprocessing, PreprocessingStep


@declaration
class PreprocessingSettings(Preprocessing):
    """Settings that change numbers. `lowest_water_ppm`: residual water is only looked for above this shift."""

    water_ppm: float = WATER_PPM.value
    lowest_water_ppm: float = 4.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Recordings:
    """The recordings of one scan; references may be absent or one and the same."""

    metabolite: Fids
    quantification: Fids | None = None
    eddy_current: Fids | None = None
    coil_combination: Fids | None = None


_MUCH_SPREAD_HZ, _MUCH_LEFT_HZ = 6.0, 2.0  # told from here on


def preprocess(
    recordings: Recordings, settings: PreprocessingSettings, expected: ComplexArray | None = None
) -> PreprocessedScan:
    """Combine, correct, align, average; see the module. Recordings must share dwell time, length and coils.

    `expected` (conditions, points): of an edited measurement, a typical spectrum of each condition on the clock of the
    recordings, OFF first; the spectrum is then that of OFF. Raises InputError where it is not edited like that.
    """
    trimmed, steps = _trim(recordings, settings)
    metabolite = trimmed.metabolite
    acquisition = metabolite.acquisition
    weights, signal, step = _combine(trimmed)
    steps.append(step)
    if settings.eddy_current_correction and trimmed.eddy_current is not None:
        signal, step = _correct_eddy_currents(signal, coils.combine(trimmed.eddy_current, weights.weights))
        steps.append(step)
    if expected is not None:
        edited = edited_means(metabolite, signal, expected[:, : metabolite.points], settings)
        averages, rejected, order = list(edited.means), edited.rejected, edited.order
        steps += edited.steps
    else:
        if settings.align_transients and metabolite.transients > 1:
            signal, step = _align(signal, acquisition)
            steps.append(step)
        weighting, average, step = _average(signal, acquisition, settings)
        steps.append(step)
        averages, rejected = [average], tuple(int(index) for index in np.flatnonzero(weighting.rejected))
        order = ""
    if settings.remove_residual_water:
        cleaned = [_remove_water(average, acquisition, settings) for average in averages]
        averages = [average for average, _ in cleaned]
        steps.append(cleaned[0][1])
    spectra = [_spectrum(metabolite, average, metabolite.transients - len(rejected)) for average in averages]
    return PreprocessedScan(
        spectrum=spectra[0],
        water=_water(trimmed.quantification, weights.weights),
        steps=tuple(steps),
        rejected_transients=rejected,
        alternations=alternations(signal, weighting.weights, acquisition) if expected is None else (),
        edited=tuple(spectra[1:]),
        editing_order=order,
    )


def _spectrum(fids: Fids, fid: ComplexArray, averages: int) -> Spectrum:
    return Spectrum(
        fid=fid, acquisition=fids.acquisition, affine=fids.affine, source=fids.source, averages=max(averages, 1)
    )


def _water(reference: Fids | None, weights: ComplexArray) -> Spectrum | None:
    if reference is None:
        return None
    transients = coils.in_phase(coils.combine(reference, weights))
    return _spectrum(reference, transients.mean(axis=1), reference.transients)


def _trim(recordings: Recordings, settings: PreprocessingSettings) -> tuple[Recordings, list[PreprocessingStep]]:
    """Drop points before the echo (negative AcquisitionStartTime) and declared corrupt points from all recordings."""
    start_s = recordings.metabolite.acquisition.acquisition_start_time_s
    dwell_s = recordings.metabolite.acquisition.dwell_time_s
    early = round(-start_s / dwell_s) if start_s < 0 else 0
    count = early + settings.skip_points
    if count == 0:
        return recordings, []

    def shorter(fids: Fids | None) -> Fids | None:
        if fids is None:
            return None
        later_s = max(start_s + count * dwell_s, 0.0)
        acquisition = replace(fids.acquisition, acquisition_start_time_s=later_s)
        return replace(fids, data=fids.data[count:], acquisition=acquisition)

    metabolite = shorter(recordings.metabolite)
    assert metabolite is not None
    trimmed = Recordings(
        metabolite=metabolite,
        quantification=shorter(recordings.quantification),
        eddy_current=shorter(recordings.eddy_current),
        coil_combination=shorter(recordings.coil_combination),
    )
    before, after = (r.metabolite.data.mean(axis=(1, 2)) for r in (recordings, trimmed))
    step = PreprocessingStep(
        name="trim",
        summary=f"dropped the first {count} points ({early} before the echo, {settings.skip_points} declared corrupt)",
        before=before,
        after=after,
        numbers={"points dropped": float(count)},
    )
    return trimmed, [step]


def _combine(recordings: Recordings) -> tuple[coils.CoilWeights, ComplexArray, PreprocessingStep]:
    """Weights, the combined transients (points, transients), and what was done."""
    metabolite = recordings.metabolite
    reference = recordings.coil_combination or recordings.quantification or recordings.eddy_current
    noise = coils.noise_covariance(metabolite)
    weights = coils.coil_weights(reference or metabolite, noise)
    signal = coils.combine(metabolite, weights.weights)
    source = "the water reference" if reference is not None else "the metabolite signal itself (no water reference)"
    warnings = []
    if weights.explained < 0.9 and metabolite.coils > 1:
        warnings.append(f"one mode explains only {100 * weights.explained:.0f} % of the coil reference's energy")
    summary = (
        f"{metabolite.coils} coils combined with noise-whitened weights from {source}"
        if metabolite.coils > 1
        else "one coil: nothing to combine"
    )
    before = metabolite.data[:, int(np.argmax(weights.gains))].mean(axis=1)
    step = PreprocessingStep(
        name="coil combination",
        summary=summary,
        before=before,
        after=signal.mean(axis=1),
        numbers={"energy in the first mode (%)": 100.0 * weights.explained},
        series={"relative S/N of each coil": tuple(float(value) for value in weights.gains)},
        warnings=tuple(warnings),
    )
    return weights, signal, step


def _correct_eddy_currents(signal: ComplexArray, reference: ComplexArray) -> tuple[ComplexArray, PreprocessingStep]:
    phase = eddy_current.reference_phase(coils.in_phase(reference).mean(axis=1))
    corrected = eddy_current.correct(signal, phase)
    order = np.arange(phase.shape[0])
    used = order < max(phase.shape[0] // 16, 8)
    straight = np.polyval(np.polyfit(order[used], phase[used], 1), order[used])
    return corrected, PreprocessingStep(
        name="eddy-current correction",
        summary="the phase of the water reference was subtracted from every transient (Klose 1990)",
        before=signal.mean(axis=1),
        after=corrected.mean(axis=1),
        numbers={"largest phase beyond a constant frequency (rad)": float(np.max(np.abs(phase[used] - straight)))},
    )


def _align(signal: ComplexArray, acquisition: Acquisition) -> tuple[ComplexArray, PreprocessingStep]:
    result = alignment.align(signal, acquisition)
    spread, left_hz = float(np.std(result.offsets_hz)), result.left_width_hz
    warnings = [f"frequency offsets vary by {spread:.1f} Hz SD"] if spread > _MUCH_SPREAD_HZ else []
    if left_hz > _MUCH_LEFT_HZ:
        warnings.append(f"single transients are so noisy that aligning them leaves lines {left_hz:.1f} Hz broader")
    return result.aligned, PreprocessingStep(
        name="alignment",
        summary="transients aligned in frequency and phase in the metabolite band (spectral registration; what noise "
        "alone explains of single ones is left out)",
        before=signal.mean(axis=1),
        after=result.aligned.mean(axis=1),
        numbers={
            "SD of frequency offsets (Hz)": spread,
            "frequency drift, last against first quarter (Hz)": _drift(result.offsets_hz),
            "width that noise leaves in the lines (Hz)": left_hz,
        },
        series={
            "frequency offset (Hz)": tuple(float(value) for value in result.offsets_hz),
            "phase offset (deg)": tuple(float(value) for value in np.rad2deg(result.phases_rad)),
        },
        warnings=tuple(warnings),
    )


def _drift(offsets_hz: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    quarter = max(offsets_hz.shape[0] // 4, 1)
    return float(np.mean(offsets_hz[-quarter:]) - np.mean(offsets_hz[:quarter]))


def _average(
    signal: ComplexArray, acquisition: Acquisition, settings: PreprocessingSettings
) -> tuple[alignment.Weighting, ComplexArray, PreprocessingStep]:
    weighting = alignment.weigh(signal, acquisition, reject=settings.reject_transients)
    average = signal @ weighting.weights
    rejected = tuple(int(index) for index in np.flatnonzero(weighting.rejected))
    listed = f" (number {', '.join(str(index + 1) for index in rejected)})" if rejected else ""
    return (
        weighting,
        average,
        PreprocessingStep(
            name="averaging",
            summary=f"weighted mean of {signal.shape[1]} transients, {len(rejected)} rejected{listed}",
            before=signal.mean(axis=1),
            after=average,
            numbers={"transients rejected": float(len(rejected))},
            series={
                "weight of each transient times their number": tuple(
                    float(value) for value in weighting.weights * signal.shape[1]
                ),
                "robust z of each transient": tuple(float(value) for value in weighting.scores),
            },
            warnings=(f"{len(rejected)} of {signal.shape[1]} transients rejected",) if rejected else (),
        ),
    )


def _remove_water(
    average: ComplexArray, acquisition: Acquisition, settings: PreprocessingSettings
) -> tuple[ComplexArray, PreprocessingStep]:
    cleaned, count = remove_residual_water(average, acquisition, settings.water_ppm, settings.lowest_water_ppm)
    return cleaned, PreprocessingStep(
        name="residual water",
        summary=f"{count} decaying sinusoids near water fitted and subtracted (HSVD)",
        before=average,
        after=cleaned,
        numbers={"sinusoids": float(count)},
    )
