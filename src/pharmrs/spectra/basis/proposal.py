"""A basis set proposed from the header of a recording: the sequence by its name, the times, the field, the clock."""

from __future__ import annotations

import re

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.spectra.basis.sequences import vendor_intervals_s
from pharmrs.spectra.records.acquisition import Fids
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.editing import Editing

_WHERE = ("SequenceName", "PulseSequenceType", "PulseSequenceFile", "ProtocolName", "SeriesDescription")
EDITED = re.compile(
    r"(?<![a-z])mega|hermes|hercules|(?<![a-z])m(?:slaser|press)|(?<![a-z])edit(?:ed|ing)?(?![a-z])|gaba[ _-]?edit",
    re.I,
)
# names of sequences and of the vendors' products (Siemens svs_se, svs_st, svs_slaser; GE PROBE-P, PROBE-S, probe-s)
_KINDS = (
    ("slaser", re.compile(r"s-?laser|semi-?_?laser", re.I)),
    ("steam", re.compile(r"steam|svs_st(?![a-z])|(?<![a-z])probe-?s(?![a-z])|vapor_st", re.I)),
    ("press", re.compile(r"press|svs_se(?![a-z])|(?<![a-z])probe-?p(?![a-z])|presscsi", re.I)),
)
_TARGETS: tuple[tuple[str, str, tuple[float, ...]], ...] = (
    ("hermes", "GABA and GSH", (1.9, 4.56)),
    ("hercules", "GABA and GSH", (1.9, 4.58)),
    ("gsh|glutathione", "GSH", (4.56,)),
    ("(?<![a-z])lac", "Lac", (4.1,)),
)
_USUAL: tuple[str, tuple[float, ...]] = ("GABA", (1.9,))
_OTHERS = re.compile(r"special|(?<![a-z])laser|isis|fid(?![a-z])|csi|epsi|spiral", re.I)


def acquisition_label(file: str) -> str:
    """What BIDS has in the name of a file for how it was acquired (`acq-megapress68`); empty: nothing."""
    found = re.search(r"(?:^|[/\\_])acq-([A-Za-z0-9]+)_", file)
    return found[1] if found else ""


def proposed_protocol(fids: Fids, named: str = "") -> tuple[BasisProtocol, str]:
    """What to simulate for a recording, and in a sentence from what that follows.

    `named`: the sequence as the person says it, for headers that do not.
    Raises `InputError` with what was looked for and what was found where no sequence that can be simulated is named, or
    STEAM without a mixing time.
    """
    acquisition = fids.acquisition
    named_in = {"SequenceName": acquisition.sequence} if acquisition.sequence else {}
    named_in |= {key: str(fids.header[key]) for key in _WHERE if fids.header.get(key)}
    named_in |= {"file name": label} if (label := acquisition_label(fids.source)) else {}
    named_in = {"--sequence": named, **named_in} if named else named_in
    found = [(key, kind) for key, text in named_in.items() for kind, name in _KINDS if name.search(text)]
    listed = "; ".join(f"{key} {text}" for key, text in named_in.items()) or "none of them is given"
    edited = next(((key, text) for key, text in named_in.items() if EDITED.search(text)), None)
    if edited is not None and fids.transients == 1:
        raise _no(
            fids, "one transient of an edited measurement is OFF, ON or a difference, and no header says which", listed
        )
    if edited is not None:
        return _edited(fids, edited, listed)
    others = [text for text in named_in.values() if _OTHERS.search(text)]
    if not found:
        rule = f"{', '.join(_WHERE)} were looked at for press, slaser or steam"
        raise _no(fids, rule, listed + (" (a sequence that cannot be simulated)" if others else ""))
    key, sequence = found[0]
    if sequence == "steam" and acquisition.mixing_time_s is None:
        problem = InputProblem(
            file=fids.source, field="MixingTime", rule="STEAM has a mixing time", value="not in the header",
            remedy="add MixingTime (s) to the sidecar, or give a basis set with --basis",
        )  # fmt: skip
        raise InputError([problem])
    protocol = BasisProtocol(
        sequence=sequence,
        echo_time_s=acquisition.echo_time_s,
        mixing_time_s=acquisition.mixing_time_s if sequence == "steam" else None,
        spectrometer_frequency_mhz=acquisition.spectrometer_frequency_mhz,
        bandwidth_hz=acquisition.spectral_width_hz,
        points=2 * fids.points,  # a basis that outlasts the data is not cut short by it
        intervals_s=vendor_intervals_s(
            sequence,
            acquisition.echo_time_s,
            acquisition.manufacturer,
            acquisition.spectrometer_frequency_mhz,
        ),
    )
    times = f"TE {1e3 * protocol.echo_time_s:g} ms"
    times += f", TM {1e3 * protocol.mixing_time_s:g} ms" if protocol.mixing_time_s is not None else ""
    intervals = _intervals(protocol, acquisition.manufacturer)
    return protocol, (
        f"basis set simulated from the header: {sequence} ({key} {named_in[key]}), {times}, "
        f"{protocol.spectrometer_frequency_mhz:.4g} MHz; ideal pulses, {intervals}: "
        "give the scanner's own pulses and intervals to `pharmrs basis --like` where they are known"
    )


def _intervals(protocol: BasisProtocol, manufacturer: str) -> str:
    """Where the intervals come from, in words."""
    if protocol.intervals_s:
        return (
            f"a first echo of {2e3 * protocol.intervals_s[0]:g} ms as PRESS of {manufacturer} has it at 3 T "
            "(doi 10.1002/mrm.29370; no header tells it, and Glu and Gln depend on it)"
        )
    if protocol.sequence == "press":
        return "two equal echoes (no header tells the first, and Glu and Gln depend on it)"
    return "intervals of the textbook"


def _edited(fids: Fids, named: tuple[str, str], listed: str) -> tuple[BasisProtocol, str]:
    """MEGA-PRESS, HERMES or HERCULES with Gaussian editing pulses; the target by its name, GABA where none is named."""
    key, text = named
    if re.search(r"s-?laser|semi-?_?laser|mslaser|special", listed, re.I):
        raise _no(fids, "edited sequences other than MEGA-PRESS are not simulated", listed)
    target, bands = next(((name, ppm) for word, name, ppm in _TARGETS if re.search(word, listed, re.I)), _USUAL)
    acquisition = fids.acquisition
    protocol = BasisProtocol(
        sequence="megapress",
        echo_time_s=acquisition.echo_time_s,
        spectrometer_frequency_mhz=acquisition.spectrometer_frequency_mhz,
        bandwidth_hz=acquisition.spectral_width_hz,
        points=2 * fids.points,
        editing=Editing(on_ppm=bands, instead_ppm=4.18 if re.search("hercules", listed, re.I) else None),
    )
    at = " and ".join(f"{ppm:g}" for ppm in bands)
    return protocol, (
        f"basis set simulated from the header: megapress for {target} ({key} {text}), TE "
        f"{1e3 * protocol.echo_time_s:g} ms, {protocol.spectrometer_frequency_mhz:.4g} MHz; ideal localisation, "
        f"Gaussian editing pulses of 14 ms at {at} ppm: give the scanner's own to `pharmrs basis` where known"
    )


def _no(fids: Fids, rule: str, value: str) -> InputError:
    remedy = (
        "name it (--sequence press, slaser, steam or megapress), give a basis set (--basis), or one of `pharmrs basis`"
    )
    return InputError([InputProblem(file=fids.source, field="sequence", rule=rule, value=value, remedy=remedy)])
