"""Recordings as they come in: values of headers that cannot be, water that is none, measurements of another kind."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

import numpy as np

from pharmrs.core.constants import PROTON_GYROMAGNETIC_MHZ_PER_T
from pharmrs.spectra.basis.proposal import EDITED, acquisition_label
from pharmrs.spectra.checks.finding import METABOLITE, Finding, SignalCheck, each_recording, each_reference
from pharmrs.spectra.preprocess.preprocess import Recordings
from pharmrs.spectra.preprocess.water_ratio import LEAST_OF_REFERENCE, MOST_OF_SPECTRUM, water_height, water_ratio
from pharmrs.spectra.records.acquisition import NO_PLACE, Fids

_LEAST_ABOVE_RESIDUAL = 5.0  # times the residual water of the suppressed spectrum
_VOXEL_ML = (0.05, 250.0)
_FIELD_TOLERANCE = 0.08
_SHORTEST_TE_S = {"press": 0.012, "laser": 0.014, "steam": 0.003}
_NAMES = ("SequenceName", "ProtocolName", "PulseSequenceType", "PulseSequenceFile", "SeriesDescription")
_SAME = 0.999  # correlation of two recordings that are one


def shows_water(about: str, reference: Fids) -> Iterator[Finding]:
    """A water reference must show water; this is also what tells a suppressed one from it."""
    ratio = water_ratio(reference)
    if ratio < LEAST_OF_REFERENCE:
        yield _not_water(
            about,
            f"a water reference must show water, {LEAST_OF_REFERENCE:g} times as high as the rest, or more",
            f"water is {ratio:.2g} times as high as the rest",
        )


def is_suppressed(spectrum: Fids) -> Iterator[Finding]:
    """A spectrum should be water-suppressed: its metabolites stand on the foot of the water line else."""
    ratio = water_ratio(spectrum)
    if ratio > MOST_OF_SPECTRUM:
        yield Finding(
            field="suffix",
            rule=f"a spectrum should be water-suppressed (water below {MOST_OF_SPECTRUM:g} times the rest)",
            value=f"water is {ratio:.2g} times as high as the rest",
            remedy="name it mrsref, if it is a reference",
        )


def _water(recordings: Recordings) -> Iterator[Finding]:
    spectrum = recordings.metabolite
    yield from is_suppressed(spectrum)
    residual = water_height(spectrum) if water_ratio(spectrum) < MOST_OF_SPECTRUM else math.nan
    for about, reference in each_reference(recordings):
        if reference is not spectrum and _are_one(spectrum, reference):
            yield _not_water(about, "must be another recording than the spectrum", "the same signal in both files")
            continue
        if found := list(shows_water(about, reference)):
            yield from found
            continue
        above = water_height(reference) / residual
        if above < _LEAST_ABOVE_RESIDUAL:
            yield _not_water(
                about,
                f"must show {_LEAST_ABOVE_RESIDUAL:g} times the residual water of the spectrum, or more",
                f"{above:.2g} times",
            )


def _not_water(about: str, rule: str, value: str) -> Finding:
    remedy = (
        "give the recording of this voxel without water suppression, or name it svs if it is a spectrum; until then it "
        "is not used: no eddy-current correction and no water scaling with it"
    )
    return Finding(about=about, field="water reference", rule=rule, value=value, remedy=remedy, unusable=True)


def _are_one(first: Fids, second: Fids) -> bool:
    """Whether two recordings hold the same signal, whatever the number of transients."""
    points = min(first.points, second.points)
    one, other = (fids.data[:points].mean(axis=2).ravel() for fids in (first, second))
    if one.shape != other.shape:
        return False
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    return norms > 0 and abs(np.vdot(one, other)) > _SAME * norms and water_ratio(first) < MOST_OF_SPECTRUM


def _headers(recordings: Recordings) -> Iterator[Finding]:
    for about, fids in each_recording(recordings):
        acquisition = fids.acquisition
        te_s, tr_s = acquisition.echo_time_s, acquisition.repetition_time_s
        tm_s = acquisition.mixing_time_s or 0.0
        if te_s + tm_s >= tr_s:
            value = f"TE {1e3 * te_s:g} ms" + (f" + TM {1e3 * tm_s:g} ms" if tm_s else "") + f", TR {1e3 * tr_s:g} ms"
            remedy = "give the times of the protocol, in seconds"
            yield Finding(
                about=about, field="RepetitionTime", rule="must be longer than TE + TM", value=value, remedy=remedy,
                severity="error",
            )  # fmt: skip
        yield from _field(about, fids)
        yield from _voxel(about, fids)
    yield from _echo_time(recordings.metabolite)


def _field(about: str, fids: Fids) -> Iterator[Finding]:
    """The field strength of the header against the frequency of the recording."""
    stated = re.search(r"\d+(?:\.\d+)?", fids.acquisition.scanner.field_strength)
    mhz = fids.acquisition.spectrometer_frequency_mhz
    tesla = mhz / PROTON_GYROMAGNETIC_MHZ_PER_T.value
    if stated and abs(float(stated[0]) - tesla) > _FIELD_TOLERANCE * tesla:
        yield Finding(
            about=about,
            field="MagneticFieldStrength",
            rule=f"should be that of SpectrometerFrequency ({mhz:g} MHz: {tesla:.2f} T for 1H)",
            value=f"{stated[0]} T",
            remedy="correct the one that is wrong; the frequency is used",
        )


def _voxel(about: str, fids: Fids) -> Iterator[Finding]:
    volume_ml = abs(float(np.linalg.det(fids.affine[:3, :3]))) / 1000.0
    low, high = _VOXEL_ML
    if np.allclose(np.abs(fids.affine[:3, :3]), NO_PLACE[:3, :3]):
        return  # said to be unknown: told where somebody needs it
    if not low <= volume_ml <= high:
        yield Finding(
            about=about,
            field="affine",
            rule=f"a voxel should hold from {low:g} to {high:g} ml",
            value=f"{volume_ml:.3g} ml",
            remedy="convert the recording again with its position, or correct the affine (mm) for tissue fractions",
        )


def _echo_time(fids: Fids) -> Iterator[Finding]:
    """Localisation takes time: an echo time below what pulses and gradients need is a slip or another unit."""
    sequence, te_s = fids.acquisition.sequence.lower(), fids.acquisition.echo_time_s
    for name, shortest_s in _SHORTEST_TE_S.items():
        if name in sequence and te_s < shortest_s:
            yield Finding(
                field="EchoTime",
                rule=f"{fids.acquisition.sequence} on people needs {1e3 * shortest_s:g} ms or more",
                value=f"{1e3 * te_s:g} ms",
                remedy="give the echo time of the protocol, in seconds",
            )


def _edited(recordings: Recordings) -> Iterator[Finding]:
    """ON and OFF of an edited measurement must not be averaged; with a basis set of its conditions they are not."""
    fids = recordings.metabolite
    if fids.conditions:
        yield _needs_conditions("DIM_EDIT", f"{max(fids.conditions) + 1} conditions", several=True)
        return
    stated = {"sequence": fids.acquisition.sequence, **{key: str(fids.header.get(key, "")) for key in _NAMES}}
    stated["file name"] = acquisition_label(fids.source)
    named = next(((key, text) for key, text in stated.items() if EDITED.search(text)), None)
    if named is None:
        return
    several = fids.transients > 1
    field = "SequenceName" if named[0] == "sequence" else named[0]
    value = f"{named[1]}, {fids.transients} transients" if several else named[1]
    yield _needs_conditions(field, value, several=several)


def _needs_conditions(field: str, value: str, *, several: bool) -> Finding:
    return Finding(
        about=METABOLITE,
        field=field,
        rule="edited measurements (MEGA, HERMES) need a basis set of their conditions: ON and OFF must not be averaged",
        value=value,
        remedy="simulate one: basis: {simulate: {sequence: megapress, te_ms: 68}} in study.yaml, or `pharmrs fit` "
        "without --basis; or store the OFF transients alone, with the name of the sequence without editing",
        severity="error" if several else "warning",
    )


RECORDING_CHECKS: tuple[SignalCheck[Recordings], ...] = (
    SignalCheck(
        name="header",
        about="TE + TM below TR; field strength and frequency agree; a voxel of 0.05 to 250 ml; TE not below what the "
        "localisation needs",
        look=_headers,
    ),
    SignalCheck(
        name="water reference",
        about=f"the reference shows water ({LEAST_OF_REFERENCE:g} times the rest, {_LEAST_ABOVE_RESIDUAL:g} times the "
        "residual water of the spectrum) and is another recording than the spectrum; the spectrum is water-suppressed. "
        "A reference that is not water is not used",
        look=_water,
    ),
    SignalCheck(
        name="edited",
        about="no name of a sequence, protocol or series that tells of editing (MEGA, HERMES, HERCULES)",
        look=_edited,
    ),
)
# with a basis set of the conditions
EDITED_CHECKS = tuple(check for check in RECORDING_CHECKS if check.look is not _edited)
