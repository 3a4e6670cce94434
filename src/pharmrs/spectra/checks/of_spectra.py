"""Spectra before their fit: phase sense, echo, what the steps made worse, transients of two kinds, the basis set."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.checks.echo import echo_delay, rise_of_water
from pharmrs.spectra.checks.finding import Finding, Prepared, SignalCheck, each_reference
from pharmrs.spectra.preprocess.phase_sense import data_sense, sense_problem
from pharmrs.spectra.records.acquisition import Acquisition, Fids

_LEAST_COHERENCE, _LEAST_GAIN, _LEAST_CLEAR = 0.97, 0.05, 15.0
_AGREE_S = 0.001
_WORSE = 0.85  # of the sharpness before the step
_STEPS_THAT_SHARPEN = {
    "eddy-current correction": "check that the reference is this scan's, or leave the step out "
    "(preprocessing.eddy_current_correction: false)",
    "alignment": "look at the transients; leave the step out (preprocessing.align_transients: false) if they are noise",
}
_BAND_PPM = (1.8, 3.4)
_TWO_KINDS, _PERHAPS_TWO, _MOVED = 0.08, 0.05, 0.15  # share of the signal
_ABOVE_NOISE = 4.0
_SAME_TE, _SAME_FIELD = 0.1, 0.01


def _sense(prepared: Prepared) -> Iterator[Finding]:
    problem = sense_problem(data_sense(prepared.scan.spectrum), "", "data")
    if problem is not None:
        yield Finding(
            field=problem.field,
            rule=problem.rule,
            value=problem.value,
            remedy=problem.remedy,
            severity=problem.severity,
        )


def _echo(prepared: Prepared) -> Iterator[Finding]:
    """Where the echo's top lies, by the lines of the spectrum and by the rise of the water reference."""
    spectrum = prepared.scan.spectrum
    rise_s = max((_rise_s(reference) for _, reference in each_reference(prepared.recordings)), default=0.0)
    seen = echo_delay(spectrum.fid, spectrum.acquisition)
    by_lines_s = 0.0
    if seen is not None and seen.clear > _LEAST_CLEAR and seen.coherence > _LEAST_COHERENCE:
        by_lines_s = seen.delay_s if seen.coherence - seen.at_start > _LEAST_GAIN else 0.0
    both = rise_s > 0 and abs(rise_s - by_lines_s) < _AGREE_S
    delay_s = rise_s if both else by_lines_s
    if not delay_s:
        return
    points = round(abs(delay_s) / spectrum.acquisition.dwell_time_s)
    how = "its singlets are in phase" + (" and the water reference is largest" if both else "")
    where = f"{1e3 * abs(delay_s):.1f} ms ({points} points) {'after' if delay_s > 0 else 'before'} the first sample"
    start = f"AcquisitionStartTime: {-delay_s:.5f} in the sidecar"
    remedy = (
        f"drop the points before the echo (preprocessing.skip_points: {points}), or give {start}"
        if delay_s > 0
        else f"convert the recording again without dropping points, or give {start}"
    )
    yield Finding(field="first point", rule="must be the echo's top", value=f"{how} {where}", remedy=remedy)


def _rise_s(reference: Fids) -> float:
    """Of the coil that sees most."""
    mean = reference.data.mean(axis=2)
    return rise_of_water(mean[:, int(np.argmax(np.abs(mean).sum(axis=0)))], reference.acquisition)


def sharpness(fid: ComplexArray, acquisition: Acquisition) -> float:
    """How much of the energy from NAA to Cho is in few points: falls with the width and the distortion of lines."""
    faded = fid * np.exp(-np.pi * 3.0 * acquisition.time_axis_s(fid.shape[0]))
    ppm = acquisition.ppm_axis(fid.shape[0])
    power = np.abs(np.fft.fft(faded))[(ppm > _BAND_PPM[0]) & (ppm < _BAND_PPM[1])] ** 2
    return float(np.sum(power**2) / max(float(np.sum(power)) ** 2, 1e-300))


def _steps(prepared: Prepared) -> Iterator[Finding]:
    acquisition = prepared.scan.spectrum.acquisition
    for step in prepared.scan.steps:
        remedy = _STEPS_THAT_SHARPEN.get(step.name)
        if remedy is None or step.before.shape != step.after.shape:
            continue
        ratio = sharpness(step.after, acquisition) / max(sharpness(step.before, acquisition), 1e-300)
        if ratio < _WORSE:
            value = f"{100 * (1 - ratio):.0f} % less sharp from {_BAND_PPM[0]:g} to {_BAND_PPM[1]:g} ppm"
            yield Finding(field=step.name, rule="must not make lines broader", value=value, remedy=remedy)


def _kinds(prepared: Prepared) -> Iterator[Finding]:
    """Transients of two kinds, which no mean does justice to."""
    for one in prepared.scan.alternations:
        halves = one.pattern == "first and second half"  # drift and motion are of this kind
        if one.noise_ratio < _ABOVE_NOISE or one.share < (_MOVED if halves else _PERHAPS_TWO):
            continue
        certain = not halves and one.share > _TWO_KINDS
        yield Finding(
            field="transients",
            rule="must be measured alike",
            value=f"{one.pattern} differ by {200 * one.share:.0f} % of the signal ({one.noise_ratio:.0f} x noise)",
            remedy="look for motion or a changed frequency and keep the better half"
            if halves
            else "if ON and OFF of an edited measurement alternate, use a basis set of its conditions (basis.simulate "
            "with sequence: megapress); if it is SPECIAL, subtract them first; else look at the transients one by one",
            severity="error" if certain else "warning",
        )


def _basis(prepared: Prepared) -> Iterator[Finding]:
    basis, acquisition = prepared.basis, prepared.scan.spectrum.acquisition
    if basis is None:
        return
    mhz = acquisition.spectrometer_frequency_mhz
    stretched = abs(basis.spectrometer_frequency_mhz / mhz - 1.0)
    if stretched > _SAME_FIELD:
        yield Finding(
            field="spectrometer frequency",
            rule="should be that of the basis set",
            value=f"{mhz:g} MHz, basis set {basis.spectrometer_frequency_mhz:g} MHz ({basis.source})",
            remedy=f"nothing, if {100 * stretched:.1f} % in the couplings do not matter: shifts are brought to "
            "this field; else simulate the basis set for it",
        )
    # NaN: the basis does not say
    if abs(basis.echo_time_s - acquisition.echo_time_s) > _SAME_TE * acquisition.echo_time_s:
        yield Finding(
            field="EchoTime",
            rule="should be that of the basis set",
            value=f"{1e3 * acquisition.echo_time_s:g} ms, basis set {1e3 * basis.echo_time_s:g} ms ({basis.source})",
            remedy="use a basis set simulated for this echo time",
        )


SPECTRUM_CHECKS: tuple[SignalCheck[Prepared], ...] = (
    SignalCheck(
        name="phase sense", about="higher chemical shifts at lower frequencies, as NIfTI-MRS stores them", look=_sense
    ),
    SignalCheck(
        name="first point",
        about="the first sample is the echo's top: NAA, Cr and Cho are in phase, the water reference is largest",
        look=_echo,
    ),
    SignalCheck(
        name="steps",
        about="eddy-current correction and alignment leave the lines from NAA to Cho as sharp as they were, or sharper",
        look=_steps,
    ),
    SignalCheck(
        name="transients",
        about="odd and even transients, pairs and halves differ by noise only: ON and OFF of editing do not",
        look=_kinds,
    ),
    SignalCheck(
        name="basis set", about="its echo time within 10 %, its frequency within 1 % of the data's", look=_basis
    ),
)
