"""Which files are recordings of a scanner, and what their headers tell: sequence, echo time, inversion, place."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pharmrs.spectra.read.vendor.headers import spar_beside

_HEAD_BYTES = 1 << 16
_SPECTROSCOPY = ("1.3.12.2.1107.5.9.1", "1.2.840.10008.5.1.4.1.1.4.2")
_MAKERS = {"siemens": "dicom", "philips": "philips_dcm", "uih": "uih", "united imaging": "uih"}
_NUMBER = r"[ \t]*:[ \t]*([-+]?[0-9]+(?:[.,][0-9]+)?(?:[eE][-+]?[0-9]+)?)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """One file (or the pattern of its transients) and what it seems to be.

    `protocol`: texts of its header that say what was measured; `series`: equal for files of one measurement, empty
    where nothing tells; `place`: centre of the voxel, mm, in the scanner's own axes; `inverted`: by its header;
    `with_water`: the file holds both.
    """

    file: Path
    format: str
    second: Path | None = None
    protocol: str = ""
    series: str = ""
    part: str = ""
    echo_ms: float | None = None
    place: tuple[float, ...] | None = None
    inverted: bool = False
    with_water: bool = False


def _philips(path: Path) -> Proposed | None:
    spar = spar_beside(path)
    head = _head(spar) if spar is not None else b""
    return Proposed(
        file=path, format="philips", second=spar, protocol=_match(head, rb"scan_id\s*:\s*([^\r\n]*)"),
        echo_ms=_number(head, "echo_time"), place=_place(head, ("lr_off_center", "ap_off_center", "cc_off_center")),
        inverted=(_number(head, "spectrum_inversion_time") or 0.0) > 0.0,
    )  # fmt: skip


def _rda(path: Path) -> Proposed | None:
    head = _head(path)
    if b">>> Begin of header <<<" not in head[:200]:
        return None
    names = (b"SequenceName", b"ProtocolName", b"SeriesDescription")
    protocol = " ".join(_match(head, rb"^" + name + rb": *([^\r\n]*)") for name in names)
    parts = [_match(head, rb"^" + name + rb": *([^\r\n]*)") for name in (b"StudyDate", b"StudyTime", b"SeriesNumber")]
    return Proposed(
        file=path, format="rda", protocol=protocol, series="-".join(parts) if all(parts) else "",
        echo_ms=_number(head, "TE"), place=_place(head, ("VOIPositionSag", "VOIPositionCor", "VOIPositionTra")),
        inverted=(_number(head, "TI") or 0.0) > 0.0,
    )  # fmt: skip


def _twix(path: Path) -> Proposed | None:
    head = _head(path)
    if b"XProtocol" not in head and not head.startswith(b"\0\0\0\0"):
        return None
    return Proposed(file=path, format="twix", protocol=_match(head, rb'ProtocolName[^"]*"([^"]*)"'), part="image")


def _dicom(path: Path) -> Proposed | None:
    import pydicom
    from pydicom.errors import InvalidDicomError

    try:
        header = pydicom.dcmread(path, stop_before_pixels=True)
        if str(header.get("SOPClassUID", "")) not in _SPECTROSCOPY:
            return None
        maker = str(header.get("Manufacturer", "")).lower()
        protocol = " ".join(str(header.get(name, "")) for name in ("SequenceName", "ProtocolName", "SeriesDescription"))
        series = str(header.get("SeriesInstanceUID", ""))
        times = [float(header.get(name) or 0.0) for name in ("EchoTime", "InversionTime")]
    except (InvalidDicomError, ValueError, TypeError, KeyError, AttributeError, NotImplementedError):
        return None
    kind = next((kind for name, kind in _MAKERS.items() if name in maker), "dicom")
    return Proposed(
        file=path, format=kind, protocol=protocol, series=series, echo_ms=times[0] or None, inverted=times[1] > 0.0
    )


def _lcmodel(path: Path) -> Proposed | None:
    if b"NMID" not in _head(path).upper():
        return None
    beside = (path.with_suffix(ending) for ending in (".control", ".CONTROL"))
    control = next((one for one in beside if one.exists()), None)
    return Proposed(file=path, format="lcmodel", second=control, protocol=_match(_head(path), rb"SEQ *= *'([^']*)'"))


def _jmrui(path: Path) -> Proposed | None:
    text = path.suffix.lower() == ".txt"
    return None if text and b"jMRUI Data Textfile" not in _head(path)[:200] else Proposed(file=path, format="jmrui")


def _nifti(path: Path) -> Proposed | None:
    from pharmrs.core.read.nifti_container import read_container
    from pharmrs.core.read.problems import Problems

    container = read_container(path, Problems(str(path)))
    if container is None or "SpectrometerFrequency" not in container.extension:
        return None
    told = container.extension
    echo_s, inversion_s = (told.get(name) for name in ("EchoTime", "InversionTime"))
    return Proposed(
        file=path, format="nifti",
        protocol=" ".join(str(told.get(name, "")) for name in ("SequenceName", "ProtocolName")),
        echo_ms=1e3 * echo_s if isinstance(echo_s, (int, float)) else None,
        place=tuple(float(value) for value in container.affine[:3, 3]),
        inverted=isinstance(inversion_s, (int, float)) and inversion_s > 0.0,
    )  # fmt: skip


def _bruker(path: Path) -> Proposed | None:
    if path.name != "fid" or not path.with_name("method").is_file():
        return None
    return Proposed(file=path, format="bruker", protocol=_line_of(path.with_name("method"), rb"\$Method=([^\r\n]*)"))


KINDS: tuple[tuple[str, Callable[[Path], Proposed | None]], ...] = (
    (".sdat", _philips),
    (".rda", _rda),
    (".dat", _twix),
    (".7", lambda path: Proposed(file=path, format="ge", with_water=True)),
    (".ima", _dicom),
    (".dcm", _dicom),
    (".raw", _lcmodel),
    (".h2o", _lcmodel),
    (".mrui", _jmrui),
    (".txt", _jmrui),
    (".nii", _nifti),
    (".nii.gz", _nifti),
    ("fid", _bruker),
)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _line_of(path: Path, pattern: bytes) -> str:
    return _match(_head(path), pattern)


def _match(head: bytes, pattern: bytes) -> str:
    found = re.search(pattern, head, re.M)
    return found[1].decode("latin-1").strip() if found else ""


def _number(head: bytes, name: str) -> float | None:
    """What follows `name:` in a text header; None where no number does."""
    text = _match(head, rf"^{name}{_NUMBER}".encode())
    return float(text.replace(",", ".")) if text else None


def _place(head: bytes, names: tuple[str, ...]) -> tuple[float, ...] | None:
    """Three coordinates; None where one is missing."""
    found = tuple(value for name in names if (value := _number(head, name)) is not None)
    return found if len(found) == len(names) else None
