"""Pulse sequences as a chain of pulses, coherence orders and delays.

The crusher gradients of a localisation sequence let one coherence pathway through. That is modelled as what it is:
after every pulse only one order of the density matrix is kept (gradients and phase cycle taken as perfect), so that
the phases of the pulses do not matter. Zero order after the second pulse of STEAM holds longitudinal magnetisation and
zero-quantum coherences: no gradient dephases these, they evolve during TM and show in the signal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

EXCITATION, REFOCUSING = 90.0, 180.0


@dataclass(frozen=True, slots=True)
class Pulse:
    """A pulse of `flip_deg` after which only coherence order `order` is kept, and the time to the next centre."""

    flip_deg: float
    order: int
    interval_s: float
    editing: bool = False


@dataclass(frozen=True, slots=True)
class PulseSequence:
    """`pulses` in their order; the last interval ends where sampling begins, at the top of the echo."""

    name: str
    pulses: tuple[Pulse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SequenceKind:
    """How a sequence is made: flip angles, orders, and the default intervals for its echo and mixing time (s).

    `editing`: which of its pulses select frequencies instead of a slice, and leave the order as it is.
    """

    label: str
    flips_deg: tuple[float, ...]
    orders: tuple[int, ...]
    intervals_s: Callable[[float, float], tuple[float, ...]]
    mixing: bool = False
    adiabatic: bool = False
    editing: tuple[int, ...] = ()


# Orders: the signal is of order -1, as it precesses with exp(+2 pi i v t).
# STEAM: Frahm 1987, 10.1016/0022-2364(87)90154-5. PRESS: Bottomley 1987, 10.1111/j.1749-6632.1987.tb32915.x; both echo
# times equal. MEGA-PRESS: Mescher 1998, 10.1002/(SICI)1099-1492(199810)11:6<266::AID-NBM530>3.0.CO;2-J; the editing
# pulses half the echo time apart, the first refocusing pulse as early as usual. sLASER: Scheenen 2008,
# 10.1002/mrm.21302; four equidistant refocusing pulses (two adiabatic pairs).
SEQUENCES: dict[str, SequenceKind] = {
    "steam": SequenceKind(
        label="STEAM",
        flips_deg=(EXCITATION, EXCITATION, EXCITATION),
        orders=(1, 0, -1),
        intervals_s=lambda te, tm: (te / 2, tm, te / 2),
        mixing=True,
    ),
    "press": SequenceKind(
        label="PRESS",
        flips_deg=(EXCITATION, REFOCUSING, REFOCUSING),
        orders=(-1, 1, -1),
        intervals_s=lambda te, _tm: (te / 4, te / 2, te / 4),
    ),
    "megapress": SequenceKind(
        label="MEGA-PRESS",
        flips_deg=(EXCITATION, REFOCUSING, REFOCUSING, REFOCUSING, REFOCUSING),
        orders=(-1, 1, 1, -1, -1),
        intervals_s=lambda te, _tm: (te / 15, te * 11 / 60, te * 19 / 60, te * 11 / 60, te / 4),
        editing=(2, 4),
    ),
    "slaser": SequenceKind(
        label="sLASER",
        flips_deg=(EXCITATION, REFOCUSING, REFOCUSING, REFOCUSING, REFOCUSING),
        orders=(-1, 1, -1, 1, -1),
        intervals_s=lambda te, _tm: (te / 8, te / 4, te / 4, te / 4, te / 8),
        adiabatic=True,
    ),
}

# First echo of the vendors' PRESS at 3 T in s, which no header records: as MRSCloud simulates them (Hui 2022,
# 10.1002/mrm.29370; numbers of its code). Coupled spins feel it: at TE 35 ms Glu is a sixth smaller than with equal
# echoes, and the evidence of a real Philips recording of TE 35 ms (2 log units: 80) is highest at 13.4 ms.
_FIRST_ECHO_S = {"philips": 0.0134, "siemens": 0.0155, "ge": 0.0147}
_FIRST_ECHO_MHZ = (110.0, 140.0)


def vendor_intervals_s(name: str, echo_s: float, manufacturer: str, mhz: float) -> tuple[float, ...]:
    """The intervals of the sequence `name` on scanners of `manufacturer`; empty: not known, or the default ones.

    The first echo is never the longer one.
    """
    words = manufacturer.lower().split()
    first_s = min(_FIRST_ECHO_S.get(words[0], echo_s) if words else echo_s, echo_s / 2)
    if name != "press" or not _FIRST_ECHO_MHZ[0] < mhz < _FIRST_ECHO_MHZ[1] or first_s == echo_s / 2:
        return ()
    return first_s / 2, echo_s / 2, (echo_s - first_s) / 2


def pulse_sequence(name: str, echo_s: float, mixing_s: float, intervals_s: Sequence[float] = ()) -> PulseSequence:
    """The sequence `name` for these times; `intervals_s` replaces the default ones (pulse centres, then sampling)."""
    kind = SEQUENCES[name]
    intervals = tuple(intervals_s) or kind.intervals_s(echo_s, mixing_s)
    pulses = zip(kind.flips_deg, kind.orders, intervals, strict=True)
    return PulseSequence(name, tuple(Pulse(*pulse, number in kind.editing) for number, pulse in enumerate(pulses)))
