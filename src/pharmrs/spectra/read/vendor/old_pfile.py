"""GE P-files of header revision 9 (LX 11), which spec2nii knows and cannot lay out: PROBE spectra of one voxel.

The layout was found in the files of a scanner that TARQUIN's test data hold, against the SAGE headers beside them:
width, points, frames of water and of metabolites, frequency, TE and TR of twenty files agree. Water comes first. Which
way the signal turns was seen by NAA. The place of the voxel stands there too, but nothing tells its axes for certain,
so none is given.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pharmrs.core.files.content import read_content
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.records.acquisition import NO_PLACE, Acquisition, Fids
from pharmrs.spectra.records.import_plan import ImportLine

_REVISION = 9.0
_HEADER_BYTES = 61_464
_LARGEST_BYTES = 1 << 30
# place and form of each figure in the header, little-endian
_FRAMES, _POINT_BYTES, _COILS, _WIDTH, _POINTS, _WATER, _FREQUENCY, _TR, _TE, _SEQUENCE = (
    (74, "<h"), (82, "<h"), (200, "<2h"), (216, "<f"), (220, "<f"), (292, "<f"), (424, "<i"), (60128, "<i"),
    (60136, "<i"), (60248, "<16s"),
)  # fmt: skip
_SAMPLES = {2: "<i2", 4: "<i4"}
_WATER_PART = "_ref"
_PARTS = ("", "(plain)", _WATER_PART)
_COPY = "copy the file from the scanner again"


@dataclass(frozen=True, slots=True)
class _Layout:
    """What the header tells. `water`: frames of the reference, which come first."""

    frames: int
    water: int
    points: int
    point_bytes: int
    coils: int
    width_hz: float
    frequency_mhz: float
    echo_s: float
    repetition_s: float
    sequence: str

    @property
    def file_bytes(self) -> int:
        """A frame of the baseline precedes those of each coil."""
        return _HEADER_BYTES + self.coils * (self.frames + 1) * self.points * 2 * self.point_bytes


def is_old_pfile(line: ImportLine) -> bool:
    """Whether the file of `line` is a P-file of this revision."""
    if line.format != "ge":
        return False
    with Path(line.files[0]).open("rb") as stream:
        first = stream.read(4)
    return len(first) == 4 and struct.unpack("<f", first)[0] == _REVISION


def read_old_pfile(line: ImportLine, problems: Problems) -> Fids | None:
    """Its spectra, or its water where `part` or the suffix says so; None with the reasons in `problems`."""
    file = Path(line.files[0])
    content = read_content(file, _LARGEST_BYTES)
    layout = _layout(content) if len(content) >= _HEADER_BYTES else None
    if layout is None or not _plausible(layout):
        shown = f"{len(content)} bytes" if layout is None else f"{layout.points} points, {layout.frames} frames"
        problems.add(line.where, "must have the header of revision 9 (LX 11), PROBE", shown, _COPY)
        return None
    if len(content) != layout.file_bytes:
        rule = f"must have {layout.file_bytes} bytes: {layout.frames} frames of {layout.points} points"
        problems.add(line.where, rule, f"{len(content)} bytes", _COPY)
        return None
    if line.part not in _PARTS:
        problems.add(f"{line.where}: part", "must be one of the file", line.part, f"write {' or '.join(_PARTS[1:])}")
        return None
    water = line.part == _WATER_PART or (not line.part and line.target.endswith("_mrsref"))
    if water and not layout.water:
        problems.add(f"{line.where}: part", "needs frames of water in the file", "none", "leave the line out")
        return None
    numbers = np.frombuffer(content, _SAMPLES[layout.point_bytes], offset=_HEADER_BYTES).astype(np.float64)
    frames = (numbers[0::2] + 1j * numbers[1::2]).reshape(layout.coils, layout.frames + 1, layout.points)[:, 1:]
    chosen = frames[:, : layout.water] if water else frames[:, layout.water :]
    acquisition = Acquisition(
        spectrometer_frequency_mhz=layout.frequency_mhz,
        dwell_time_s=1.0 / layout.width_hz,
        echo_time_s=line.sidecar.get("EchoTime") or layout.echo_s,
        repetition_time_s=line.sidecar.get("RepetitionTime") or layout.repetition_s,
        sequence=layout.sequence,
        manufacturer="GE",
    )
    return Fids(data=chosen.transpose(2, 0, 1), acquisition=acquisition, affine=NO_PLACE, source=str(file))


def _layout(content: bytes) -> _Layout:
    def figure(where: tuple[int, str]) -> float:
        return float(struct.unpack_from(where[1], content, where[0])[0])

    first, last = struct.unpack_from(_COILS[1], content, _COILS[0])
    return _Layout(
        frames=int(figure(_FRAMES)), water=_count(figure(_WATER)), points=_count(figure(_POINTS)),
        point_bytes=int(figure(_POINT_BYTES)), coils=last - first + 1, width_hz=figure(_WIDTH),
        frequency_mhz=figure(_FREQUENCY) * 1e-7, echo_s=figure(_TE) * 1e-6, repetition_s=figure(_TR) * 1e-6,
        sequence=struct.unpack_from(_SEQUENCE[1], content, _SEQUENCE[0])[0].split(b"\0")[0].decode("ascii", "replace"),
    )  # fmt: skip


def _count(value: float) -> int:
    return int(value) if 0.0 <= value < 1e6 else -1  # NaN too


def _plausible(layout: _Layout) -> bool:
    return (
        layout.point_bytes in _SAMPLES
        and 64 <= layout.points <= 1 << 16
        and 0 <= layout.water < layout.frames
        and 1 <= layout.coils <= 64
        and 500.0 <= layout.width_hz <= 50_000.0
        and 20.0 <= layout.frequency_mhz <= 500.0
        and 0.0 < layout.echo_s < layout.repetition_s < 60.0
    )
