"""What cannot be simulated, told before anything is computed; every mistake at once."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.basis.evolution import PulseAction
from pharmrs.spectra.basis.sequences import REFOCUSING, SEQUENCES, PulseSequence
from pharmrs.spectra.basis.spin_operators import MOST_SPINS
from pharmrs.spectra.basis.spin_parts import PROTON, coupled_groups
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.shaped_pulse import ShapedPulse
from pharmrs.spectra.records.spin_system import SpinSystem

LONGEST_ECHO_S, LONGEST_MIXING_S = 0.5, 2.0
_SAME_S = 1e-9
# names of other programs, lower case
_ALIASES = {
    "mi": "Ins", "mins": "Ins", "m-ins": "Ins", "myo": "Ins", "si": "Scyllo", "sins": "Scyllo", "pch": "PCho",
    "cre": "Cr", "asa": "Asc", "peth": "PE", "water": "H2O", "glc_a": "Glc_alpha", "glc_b": "Glc_beta",
}  # fmt: skip


def check_protocol(protocol: BasisProtocol, problems: Problems) -> None:
    """Add every value of `protocol` that is impossible to `problems`."""
    kind = SEQUENCES.get(protocol.sequence)
    if kind is None:
        problems.add("sequence", f"must be one of {', '.join(SEQUENCES)}", protocol.sequence, _near(protocol.sequence))
    te_ms, longest_ms = 1e3 * protocol.echo_time_s, 1e3 * LONGEST_ECHO_S
    if not 0.0 < protocol.echo_time_s <= LONGEST_ECHO_S:
        remedy = "give the echo time in milliseconds, e.g. 20"
        problems.add("te_ms", f"must be above 0 and at most {longest_ms:g} ms", f"{te_ms:g}", remedy)
    if kind is not None:
        _check_mixing(protocol.mixing_time_s, kind.mixing, kind.label, problems)
    ranges = (
        ("larmor_mhz", protocol.spectrometer_frequency_mhz, 10.0, 1000.0, "MHz", "297.2 for 7 T, 123.2 for 3 T"),
        ("bandwidth_hz", protocol.bandwidth_hz, 500.0, 100e3, "Hz", "the receiver bandwidth, e.g. 6000"),
        ("points", protocol.points, 64, 2**17, "points", "the points of the recording or more, e.g. 4096"),
        ("line_width_hz", protocol.line_width_hz, 0.0, 30.0, "Hz", "about 2; the fit adds the width of the data"),
    )
    for field, value, low, high, unit, remedy in ranges:
        if not low <= value <= high:
            problems.add(field, f"must be from {low:g} to {high:g} {unit}", f"{value:g}", remedy)
    if kind is not None and protocol.intervals_s:
        _check_intervals(protocol, problems)


def _check_mixing(mixing_s: float | None, wanted: bool, label: str, problems: Problems) -> None:
    rule = f"must be from 0 to {1e3 * LONGEST_MIXING_S:g} ms"
    if wanted and mixing_s is None:
        problems.add("tm_ms", f"{label} needs a mixing time", "missing", "give it in milliseconds, e.g. 10")
    elif not wanted and mixing_s is not None:
        problems.add("tm_ms", f"{label} has no mixing time", f"{1e3 * mixing_s:g}", "leave it out, or choose steam")
    elif mixing_s is not None and not 0.0 <= mixing_s <= LONGEST_MIXING_S:
        problems.add("tm_ms", rule, f"{1e3 * mixing_s:g}", "give the mixing time in milliseconds, e.g. 10")


def _check_intervals(protocol: BasisProtocol, problems: Problems) -> None:
    kind, given = SEQUENCES[protocol.sequence], protocol.intervals_s
    shown = " ".join(f"{1e3 * one:g}" for one in given)
    default = " ".join(
        f"{1e3 * one:g}" for one in kind.intervals_s(protocol.echo_time_s, protocol.mixing_time_s or 0.0)
    )
    remedy = f"the default is {default} ms"
    if len(given) != len(kind.flips_deg):
        problems.add("interval_ms", f"{kind.label} has {len(kind.flips_deg)} intervals", shown, remedy)
        return
    if not all(math.isfinite(one) and one >= 0 for one in given):
        problems.add("interval_ms", "must not be negative", shown, remedy)
        return
    total = protocol.echo_time_s + (protocol.mixing_time_s or 0.0)
    if abs(sum(given) - total) > _SAME_S:
        problems.add("interval_ms", f"must add up to TE + TM = {1e3 * total:g} ms", shown, remedy)
    if abs(sum(order * one for order, one in zip(kind.orders, given, strict=True))) > _SAME_S:
        problems.add("interval_ms", "must refocus chemical shifts where sampling begins", shown, remedy)


def check_metabolites(
    wanted: Sequence[str], known: Mapping[str, SpinSystem], protocol: BasisProtocol, problems: Problems
) -> None:
    """Add names without a spin system, systems that are too large, and lines beyond the band to `problems`."""
    if not wanted:
        problems.add("metabolites", "must name at least one", "none", f"known are {', '.join(known)}")
    for name in dict.fromkeys(wanted):
        if name not in known:
            problems.add("metabolites", "must have a spin system", name, _nearest(name, known))
        elif wanted.count(name) > 1:
            problems.add("metabolites", "must be named once", name, "delete the others")
        else:
            _check_system(known[name], protocol, problems)


def check_pulses(protocol: BasisProtocol, pulses: Sequence[ShapedPulse], problems: Problems) -> None:
    """Add shaped pulses that the sequence has no place for to `problems`."""
    kind = SEQUENCES.get(protocol.sequence)
    if kind is None:
        return
    flips = ", ".join(f"{flip:g}" for flip in sorted(set(kind.flips_deg)))
    for number, pulse in enumerate(pulses):
        found = f"{pulse.flip_deg:g} degrees ({pulse.source})"
        if pulse.flip_deg not in kind.flips_deg:
            problems.add("pulse", f"{kind.label} has pulses of {flips} degrees", found, "correct flip_deg of the file")
        elif kind.adiabatic and pulse.flip_deg == REFOCUSING:
            rule = f"the adiabatic refocusing pulses of {kind.label} are taken as ideal"
            problems.add("pulse", rule, found, "leave this file out, or choose press")
        if any(pulse.flip_deg == other.flip_deg for other in pulses[:number]):
            problems.add("pulse", "must be one file for each flip angle", found, "leave the others out")


def check_room(sequence: PulseSequence, actions: Sequence[PulseAction], problems: Problems) -> None:
    """Add intervals that are shorter than the pulses beside them to `problems`."""
    following = [*(action.before_s for action in actions[1:]), 0.0]
    for number, (pulse, action, next_s) in enumerate(zip(sequence.pulses, actions, following, strict=True), start=1):
        if pulse.interval_s < action.after_s + next_s:
            problems.add(
                "te_ms" if pulse.order != 0 else "tm_ms",
                f"must leave room for the pulses: interval {number} needs {1e3 * (action.after_s + next_s):.3g} ms",
                f"{1e3 * pulse.interval_s:.3g} ms",
                "give the times of the protocol, other intervals (interval_ms), or shorter pulses",
            )


def _check_system(system: SpinSystem, protocol: BasisProtocol, problems: Problems) -> None:
    for number, part in enumerate(system.parts):
        protons = [k for k, nucleus in enumerate(part.nuclei) if nucleus == PROTON]
        largest = max(map(len, coupled_groups(part.j_hz[np.ix_(protons, protons)])), default=0)
        if largest > MOST_SPINS:
            remedy = "give equivalent protons that are not coupled to others as one spin with a scale"
            where = f"{system.key}.parts[{number}]"
            problems.add(where, f"must have at most {MOST_SPINS} coupled protons", f"{largest}", remedy)
        shifts = part.shifts_ppm[protons]
        furthest = shifts[np.argmax(np.abs(shifts - WATER_PPM.value))]
        offset_hz = abs(furthest - WATER_PPM.value) * protocol.spectrometer_frequency_mhz
        if 500.0 <= protocol.bandwidth_hz < 2 * offset_hz:
            rule = f"must hold every line: {system.key} has one at {furthest:g} ppm"
            problems.add("bandwidth_hz", rule, f"{protocol.bandwidth_hz:g}", f"at least {2 * offset_hz:.0f} Hz")


def _nearest(name: str, known: Iterable[str]) -> str:
    lower = {one.lower(): one for one in known}
    near = _ALIASES.get(name.lower()) or lower.get(name.lower())
    if near is None:
        found = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.5)
        near = lower[found[0]] if found else None
    listed = f"known are {', '.join(lower.values())}"
    return f"did you mean {near}? ({listed})" if near else f"give a file of spin systems that has it; {listed}"


def _near(sequence: str) -> str:
    found = difflib.get_close_matches(sequence.lower(), SEQUENCES, n=1, cutoff=0.5)
    return f"did you mean {found[0]}?" if found else "choose one of these"
