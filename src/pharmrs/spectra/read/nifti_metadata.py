"""Header extension and sidecar to `Acquisition`: every value checked, none converted by guesswork.

Key definitions: NIfTI-MRS standard 0.11 (doi:10.5281/zenodo.11446007) and BIDS 1.10 (MRS): seconds, MHz, ppm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pharmrs.core.characters import without_hidden
from pharmrs.core.constants import WATER_PPM
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.records import Acquisition
from pharmrs.spectra.records.acquisition import Scanner

_LOOKS_LIKE_MS = "the value looks like milliseconds; NIfTI-MRS and BIDS want seconds: divide it by 1000 in the file"
_SAME = 1e-4  # relative: sidecars are often rounded to a few digits
# the sampling clock is often rounded to whole hertz, which moves a peak at 3 ppm from water by less than 0.4 Hz at 7 T
_SAME_WIDTH = 1e-3
DWELL_RANGE_S = (5e-6, 5e-3)
_SCANNER_KEYS = {
    "field_strength": ("MagneticFieldStrength",),
    "model": ("ManufacturersModelName",),
    "software": ("SoftwareVersions",),
    "transmit_coil": ("TransmitCoilName", "TxCoil"),
    "receive_coil": ("ReceiveCoilName", "RxCoil"),
    "water_suppression": ("WaterSuppressionTechnique", "WaterSuppressionType"),
    "shimming": ("B0ShimmingTechnique",),
    "region": ("BodyPartDetails", "BodyPart"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderRule:
    """What a number must satisfy, in words and as a test, and what to do when it does not."""

    rule: str
    holds: Callable[[float], bool]
    remedy: str


_RULES = {
    "EchoTime": HeaderRule(
        rule="must be above 0 and at most 0.5 s", holds=lambda v: 0 < v <= 0.5, remedy=_LOOKS_LIKE_MS
    ),
    "RepetitionTime": HeaderRule(
        rule="must be above 0 and at most 20 s", holds=lambda v: 0 < v <= 20, remedy=_LOOKS_LIKE_MS
    ),
    "MixingTime": HeaderRule(rule="must be from 0 to 2 s", holds=lambda v: 0 <= v <= 2, remedy=_LOOKS_LIKE_MS),
    "AcquisitionStartTime": HeaderRule(
        rule="must lie within 0.5 s of the echo", holds=lambda v: abs(v) <= 0.5, remedy=_LOOKS_LIKE_MS
    ),
    "SpectrometerFrequency": HeaderRule(
        rule="must be from 10 to 1000 MHz",
        holds=lambda v: 10 <= v <= 1000,
        remedy="give the proton frequency in MHz (297.2 at 7 T), not in Hz or tesla",
    ),
    "SpecFreqChemShift": HeaderRule(
        rule="must be from -20 to 20 ppm",
        holds=lambda v: abs(v) <= 20,
        remedy="give the chemical shift at SpectrometerFrequency in ppm (4.65 for water)",
    ),
    "RxOffset": HeaderRule(
        rule="must be from -20 to 20 ppm",
        holds=lambda v: abs(v) <= 20,
        remedy="give the receiver offset in ppm from SpectrometerFrequency, not in Hz",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Keys of the header extension and of the sidecars; the extension wins, a contradiction is a problem."""

    extension: dict[str, Any]
    sidecar: dict[str, Any]
    sidecar_name: str
    problems: Problems

    def number(self, key: str, *, required: bool = False) -> float | None:
        """The value of `key` if it is given and satisfies its rule; otherwise None, the reason in `problems`."""
        given = [(where, _single(source[key])) for where, source in self._sources() if _given(source, key)]
        if not given:
            if required:
                remedy = f"add {key} to the JSON sidecar next to the file (seconds, MHz, ppm)"
                self.problems.add(key, "must be given in the header extension or the sidecar", "missing", remedy)
            return None
        wrong_type = [(where, value) for where, value in given if not _is_number(value)]
        for where, value in wrong_type:
            self.problems.add(key, f"must be one finite number ({where})", value, f"write {key} as a plain number")
        if wrong_type:
            return None
        if len(given) == 2 and not math.isclose(given[0][1], given[1][1], rel_tol=_SAME, abs_tol=1e-9):
            found = f"{given[0][1]:g} in the {given[0][0]}, {given[1][1]:g} in the {given[1][0]}"
            remedy = "find out which is right (protocol, scanner export) and correct the other"
            self.problems.add(key, "header extension and sidecar must agree", found, remedy)
        value = float(given[0][1])
        rule = _RULES.get(key)
        if rule is not None and not rule.holds(value):
            remedy = rule.remedy
            if remedy is _LOOKS_LIKE_MS and value <= 0.5:
                remedy = f"give the true {key} of the protocol, in seconds"
            self.problems.add(key, rule.rule, f"{value:g}", remedy)
            return None
        return value

    def text(self, *keys: str) -> str:
        """The first of `keys` that is given, as text; empty where none is."""
        for _, source in self._sources():
            for key in keys:
                if _given(source, key):
                    return without_hidden(str(_single(source[key])))
        return ""

    def _sources(self) -> tuple[tuple[str, dict[str, Any]], ...]:
        return (("header extension", self.extension), (f"sidecar {self.sidecar_name}", self.sidecar))

    def merged(self) -> dict[str, Any]:
        """All keys, the header extension first."""
        return {**self.sidecar, **self.extension}

    def check_nucleus(self) -> None:
        """The nucleus must be given and be 1H, in both places where both give it."""
        given = {
            str(_single(source["ResonantNucleus"]))
            for _, source in self._sources()
            if _given(source, "ResonantNucleus")
        }
        if not given:
            remedy = 'add "ResonantNucleus": ["1H"] to the sidecar, if it is a proton spectrum'
            self.problems.add("ResonantNucleus", "must be given", "missing", remedy)
        elif given != {"1H"}:
            remedy = "only proton spectra can be analysed; leave this recording out, or correct the header"
            self.problems.add("ResonantNucleus", "must be 1H", ", ".join(sorted(given)), remedy)

    def check_dwell(self, dwell_time_s: float) -> None:
        """The dwell time must be plausible and agree with SpectralWidth and DwellTime wherever they are given."""
        low, high = DWELL_RANGE_S
        if math.isnan(dwell_time_s):
            return  # reported by the container
        if not low <= dwell_time_s <= high:
            remedy = (
                "pixdim[4] must hold the dwell time (1 / spectral width) in the unit of xyzt_units, else in seconds"
            )
            self.problems.add(
                "pixdim[4]", f"dwell time must be from {low:g} to {high:g} s", f"{dwell_time_s:g}", remedy
            )
            return
        for key, expected in (("SpectralWidth", 1.0 / dwell_time_s), ("DwellTime", dwell_time_s)):
            for where, source in self._sources():
                value = _single(source[key]) if _given(source, key) else None
                if value is None:
                    continue
                if not _is_number(value) or not math.isclose(value, expected, rel_tol=_SAME_WIDTH):
                    found = f"{value} in the {where}, pixdim[4] gives {expected:g}"
                    remedy = "correct the one that is wrong; SpectralWidth is in Hz, DwellTime in seconds"
                    self.problems.add(key, "must agree with the dwell time in pixdim[4]", found, remedy)


def acquisition_of(metadata: Metadata, dwell_time_s: float) -> Acquisition | None:
    """The acquisition parameters, or None where `metadata.problems` says what is missing.

    The chemical shift at 0 Hz is SpecFreqChemShift (4.65 ppm, water, where absent) + RxOffset (0 where absent).
    TxOffset does not enter: it says where the pulses, not the receiver, were centred. On the reference 7 T STEAM
    recording (TxOffset -2 ppm) the water peak lies 0.01 ppm from 0 Hz, which a shifted receiver would contradict.
    """
    metadata.check_nucleus()
    metadata.check_dwell(dwell_time_s)
    frequency_mhz = metadata.number("SpectrometerFrequency", required=True)
    echo_time_s = metadata.number("EchoTime", required=True)
    repetition_time_s = metadata.number("RepetitionTime", required=True)
    mixing_time_s = metadata.number("MixingTime")
    start_s = metadata.number("AcquisitionStartTime")
    shift_ppm = metadata.number("SpecFreqChemShift")
    offset_ppm = metadata.number("RxOffset")
    if frequency_mhz is None or echo_time_s is None or repetition_time_s is None or not dwell_time_s > 0:
        return None
    return Acquisition(
        spectrometer_frequency_mhz=frequency_mhz,
        dwell_time_s=dwell_time_s,
        echo_time_s=echo_time_s,
        repetition_time_s=repetition_time_s,
        mixing_time_s=mixing_time_s,
        receiver_ppm=(WATER_PPM.value if shift_ppm is None else shift_ppm) + (offset_ppm or 0.0),
        acquisition_start_time_s=start_s or 0.0,
        sequence=metadata.text("SequenceName", "PulseSequenceType", "ProtocolName"),
        manufacturer=metadata.text("Manufacturer"),
        scanner=Scanner(**{field: metadata.text(*keys) for field, keys in _SCANNER_KEYS.items()}),
    )


def _given(source: dict[str, Any], key: str) -> bool:
    return source.get(key) is not None and source[key] != []


def _single(value: Any) -> Any:
    """The value inside a user-defined {"Value": ..., "Description": ...} entry or a list of one."""
    if isinstance(value, dict) and "Value" in value:
        value = value["Value"]
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
