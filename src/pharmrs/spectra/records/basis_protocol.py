"""What a simulated basis set is for: the sequence, its times, the field and the clock."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from pharmrs.spectra.records.editing import Editing


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisProtocol:
    """A localisation sequence and how its signal is sampled.

    `intervals_s`: times between the centres of the pulses and from the last one to sampling; empty for the default
    of the sequence. `line_width_hz`: Lorentzian full width of every line. `editing`: of an edited sequence
    (None: as usual for GABA).
    """

    sequence: str
    echo_time_s: float
    spectrometer_frequency_mhz: float
    bandwidth_hz: float
    points: int
    mixing_time_s: float | None = None
    intervals_s: tuple[float, ...] = ()
    line_width_hz: float = 2.0
    editing: Editing | None = None

    @property
    def dwell_time_s(self) -> float:
        return 1.0 / self.bandwidth_hz

    def as_dict(self) -> dict[str, object]:
        return asdict(self)
