"""A basis set by quantum simulation: every metabolite through the sequence of the protocol.

Unit: one proton at 1 mM whose magnetisation is excited and refocused completely starts at 1. Spin echoes keep that, a
stimulated echo halves it, as it halves the water reference measured with it; `proton_amplitude` tells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp

import numpy as np

from pharmrs.core.constants import MACROMOLECULE_T1_S, MACROMOLECULE_T2_S, WATER_PPM
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.basis.broad_components import broad_signal, macromolecule_lines
from pharmrs.spectra.basis.check_protocol import check_metabolites, check_protocol, check_pulses, check_room
from pharmrs.spectra.basis.editing_pulses import EditingAction, at_bands, gaussian_pulse
from pharmrs.spectra.basis.evolution import (
    IdealPulse,
    PulseAction,
    part_lines,
    proton_amplitude,
    receiver_phase,
    sampled,
)
from pharmrs.spectra.basis.sequences import EXCITATION, SEQUENCES, PulseSequence, pulse_sequence
from pharmrs.spectra.basis.shaped_pulses import ShapedAction
from pharmrs.spectra.basis.spin_library import DEFAULT_METABOLITES, published_spin_systems
from pharmrs.spectra.records import Acquisition, BasisSet
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.editing import Editing
from pharmrs.spectra.records.shaped_pulse import ShapedPulse
from pharmrs.spectra.records.spin_system import SpinSystem

MACROMOLECULE_NAME = "mm"


def simulated_basis(
    protocol: BasisProtocol,
    metabolites: Sequence[str] | None = None,
    *,
    macromolecules: bool = True,
    spin_systems: Mapping[str, SpinSystem] | None = None,
    pulses: Sequence[ShapedPulse] = (),
    editing_pulse: ShapedPulse | None = None,
    origin: str = "basis",
) -> BasisSet:
    """Simulate `metabolites` (default: 21 of the brain) for `protocol`, with the component `mm` where wanted.

    `spin_systems`: those to choose from (default: the published ones). `pulses`: slice-selective pulses, each for
    every pulse of the sequence with its flip angle; the others are ideal. `editing_pulse`: shape for 0 Hz, of an edited
    sequence (default: a Gaussian); its result is the OFF condition, `edited` the others. `origin`: how messages call
    the request.
    Water is at 0 Hz, at 4.65 ppm. Raises `InputError` with everything that is impossible.
    """
    known = published_spin_systems() if spin_systems is None else spin_systems
    wanted = tuple(DEFAULT_METABOLITES if metabolites is None else metabolites)
    problems = Problems(origin)
    check_protocol(protocol, problems)
    check_metabolites(wanted, known, protocol, problems)
    check_pulses(protocol, pulses, problems)
    problems.raise_errors()
    sequence = pulse_sequence(
        protocol.sequence, protocol.echo_time_s, protocol.mixing_time_s or 0.0, protocol.intervals_s
    )
    editing = (protocol.editing or Editing()) if SEQUENCES[protocol.sequence].editing else None
    given = editing_pulse or gaussian_pulse((editing or Editing()).duration_ms / 1e3)
    bands = editing.conditions if editing is not None else ((),)
    mhz = protocol.spectrometer_frequency_mhz
    conditions = [pulse_actions(sequence, pulses, at_bands(given, one, mhz) if one else None) for one in bands]
    check_room(sequence, conditions[0], problems)
    problems.raise_errors()
    turned = receiver_phase(sequence, conditions[0])
    notes = [_pulse_note(pulse) for pulse in pulses]
    if editing is not None:
        named = "/".join("+".join(f"{ppm:g}" for ppm in one) for one in bands)
        notes.append(f"editing pulses: {given.source} at {named} ppm")
    basis = BasisSet(
        names=wanted,
        fids=np.array([metabolite_fid(known[name], protocol, sequence, conditions[0], turned) for name in wanted]),
        dwell_time_s=protocol.dwell_time_s,
        spectrometer_frequency_mhz=mhz,
        receiver_ppm=WATER_PPM.value,
        source=f"simulated {describe(protocol)}",
        echo_time_s=protocol.echo_time_s,
        proton_amplitude=proton_amplitude(sequence, conditions[0]),
        notes=tuple(notes),
    )
    basis = _with_macromolecules(basis, protocol) if macromolecules else basis
    others = [
        np.array([metabolite_fid(known[name], protocol, sequence, actions, turned) for name in wanted])
        for actions in conditions[1:]
    ]
    # macromolecules as in OFF: what editing does to them is fitted
    whole = [np.concatenate([fids, basis.fids[len(wanted) :]]) for fids in others]
    return replace(
        basis,
        edited=tuple(replace(basis, fids=fids) for fids in whole),
        edited_ppm=editing.on_ppm if editing is not None else (),
    )


def metabolite_fid(
    system: SpinSystem,
    protocol: BasisProtocol,
    sequence: PulseSequence,
    actions: Sequence[PulseAction],
    turned: complex | None = None,
) -> ComplexArray:
    """Signal of `system` at 1 mM from the top of the echo, shape (points,), NIfTI-MRS phase sense.

    `turned`: phase of the receiver, default: as for this sequence.
    """
    mhz = protocol.spectrometer_frequency_mhz
    lines = [part_lines(part, mhz, WATER_PPM.value, sequence, actions) for part in system.parts]
    frequencies, amplitudes = (np.concatenate(values) for values in zip(*lines, strict=True))
    amplitudes = amplitudes * (receiver_phase(sequence, actions) if turned is None else turned)
    return sampled(frequencies, amplitudes, protocol.dwell_time_s, protocol.points, protocol.line_width_hz)


def pulse_actions(
    sequence: PulseSequence, pulses: Sequence[ShapedPulse], editing: ShapedPulse | None = None
) -> tuple[PulseAction, ...]:
    """What each pulse of `sequence` does: the shaped pulse of its flip angle, or an ideal one.

    `editing`: moved to its bands already.
    """
    edits = EditingAction(editing) if editing is not None else IdealPulse(0.0)
    shaped = {pulse.flip_deg: pulse for pulse in pulses}
    before = (0, *(pulse.order for pulse in sequence.pulses))
    return tuple(
        edits
        if pulse.editing
        else ShapedAction(shaped[pulse.flip_deg], order_in, pulse.order)
        if pulse.flip_deg in shaped
        else IdealPulse(pulse.flip_deg)
        for pulse, order_in in zip(sequence.pulses, before, strict=False)
    )


def _pulse_note(pulse: ShapedPulse) -> str:
    width = ShapedAction(pulse, *((0, 1) if pulse.flip_deg == EXCITATION else (1, -1))).bandwidth_hz
    return f"{pulse.flip_deg:g} degree pulses: {pulse.source}, bandwidth {width:.0f} Hz"


def describe(protocol: BasisProtocol) -> str:
    """The protocol in a few words, e.g. `STEAM TE 11 ms TM 32 ms 297.2 MHz`."""
    text = f"{SEQUENCES[protocol.sequence].label} TE {1e3 * protocol.echo_time_s:g} ms"
    if protocol.mixing_time_s is not None:
        text += f" TM {1e3 * protocol.mixing_time_s:g} ms"
    return f"{text} {protocol.spectrometer_frequency_mhz:g} MHz"


def protocol_of(acquisition: Acquisition, points: int, sequence: str = "") -> BasisProtocol:
    """The protocol of a recording: its sequence (or `sequence`), times, field and clock."""
    return BasisProtocol(
        sequence=(sequence or acquisition.sequence).lower(),
        echo_time_s=acquisition.echo_time_s,
        mixing_time_s=acquisition.mixing_time_s,
        spectrometer_frequency_mhz=acquisition.spectrometer_frequency_mhz,
        bandwidth_hz=acquisition.spectral_width_hz,
        points=points,
    )


def _with_macromolecules(basis: BasisSet, protocol: BasisProtocol) -> BasisSet:
    """`basis` with published macromolecule lines, attenuated by their T2 during TE and their T1 during TM.

    The common T2 is about that of M0.92; how the others differ at the field is in `macromolecule_lines`.
    """
    left = exp(-protocol.echo_time_s / MACROMOLECULE_T2_S.value)
    left *= exp(-(protocol.mixing_time_s or 0.0) / MACROMOLECULE_T1_S.value)
    lines = macromolecule_lines(protocol.spectrometer_frequency_mhz, protocol.echo_time_s)
    signal = basis.proton_amplitude * left * broad_signal(lines, basis)
    return replace(
        basis,
        names=(*basis.names, MACROMOLECULE_NAME),
        fids=np.concatenate([basis.fids, signal[None, :]]),
        notes=(*basis.notes, f"{MACROMOLECULE_NAME}: published Gaussian lines, {left:.2f} left by relaxation"),
    )
