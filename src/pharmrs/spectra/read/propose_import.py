"""A mapping table proposed from a folder of vendor files: what each is, whose, and whether it is water.

A guess from endings, first bytes, headers and names, to be corrected by a person; `pharmrs import` then checks every
recording. Names and dates of birth are read by nobody here and written nowhere.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from pharmrs.spectra.read.vendor_headers import spar_beside

COLUMNS = ("file", "format", "subject", "session", "acquisition", "run", "suffix", "second_file", "part")
_HEAD_BYTES = 1 << 16
_WATER = re.compile(
    r"(?<![a-z])(?:ref|mrsref|w|ws?ref|water|h2o|wref|nws|unsup\w*|nosupp?\w*|wu|wunsup\w*)(?![a-z])|\.h2o$", re.I
)
_SUPPRESSED = re.compile(r"(?<![a-z])(?:ws|act|metab\w*|wsat|supp\w*)(?![a-z])|_svs\.nii", re.I)
_SEQUENCES = (("slaser", r"s-?laser|semi-?laser"), ("steam", r"steam|svs_st"), ("press", r"press|svs_se|probe-?p"))
_SPECTROSCOPY = ("1.3.12.2.1107.5.9.1", "1.2.840.10008.5.1.4.1.1.4.2")
_MAKERS = {"siemens": "dicom", "philips": "philips_dcm", "uih": "uih", "united imaging": "uih"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """One line: the file (or the pattern of its transients) and what it seems to be.

    `protocol`: texts of its header on what was measured; `series`: equal for files of one measurement, empty where
    nothing tells.
    """

    file: Path
    format: str
    second: Path | None = None
    protocol: str = ""
    series: str = ""
    part: str = ""


def propose(folder: Path) -> list[dict[str, str]]:
    """The lines of a mapping table for the vendor files below `folder`, with paths from there."""
    found = list(_grouped(_found(folder), folder))
    rows = [_row(one, folder) for one in found]
    targets = Counter(_target(row) for row in rows)
    seen: Counter[tuple[str, ...]] = Counter()
    for row in rows:
        target = _target(row)
        seen[target] += 1
        if targets[target] > 1:
            row["run"] = str(seen[target])
    return rows


def _target(row: dict[str, str]) -> tuple[str, ...]:
    return tuple(row[name] for name in ("subject", "session", "acquisition", "suffix"))


def _found(folder: Path) -> Iterator[Proposed]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one != "derivatives")
        for name in sorted(names):
            path = Path(place) / name
            kind = next((kind for ending, kind in _KINDS if name.lower().endswith(ending)), None)
            if kind is None or name.startswith("."):
                continue
            try:
                one = kind(path)
            except OSError:
                continue  # told when it is imported by hand
            if one is not None:
                yield one


def _philips(path: Path) -> Proposed | None:
    spar = spar_beside(path)
    protocol = _line_of(spar, rb"scan_id\s*:\s*([^\r\n]*)") if spar is not None else ""
    return Proposed(file=path, format="philips", second=spar, protocol=protocol)


def _rda(path: Path) -> Proposed | None:
    head = _head(path)
    if b">>> Begin of header <<<" not in head[:200]:
        return None
    names = (b"SequenceName", b"ProtocolName", b"SeriesDescription")
    protocol = " ".join(_match(head, rb"^" + name + rb": *([^\r\n]*)") for name in names)
    parts = [_match(head, rb"^" + name + rb": *([^\r\n]*)") for name in (b"StudyDate", b"StudyTime", b"SeriesNumber")]
    return Proposed(file=path, format="rda", protocol=protocol, series="-".join(parts) if all(parts) else "")


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
    except (InvalidDicomError, ValueError, KeyError, AttributeError, NotImplementedError):
        return None
    kind = next((kind for name, kind in _MAKERS.items() if name in maker), "dicom")
    return Proposed(file=path, format=kind, protocol=protocol, series=series)


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
    names = ("SequenceName", "ProtocolName")
    return Proposed(
        file=path, format="nifti", protocol=" ".join(str(container.extension.get(name, "")) for name in names)
    )


def _bruker(path: Path) -> Proposed | None:
    if path.name != "fid" or not path.with_name("method").is_file():
        return None
    return Proposed(file=path, format="bruker", protocol=_line_of(path.with_name("method"), rb"\$Method=([^\r\n]*)"))


_KINDS: tuple[tuple[str, Callable[[Path], Proposed | None]], ...] = (
    (".sdat", _philips),
    (".rda", _rda),
    (".dat", _twix),
    (".7", lambda path: Proposed(file=path, format="ge")),
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


def _grouped(found: Iterable[Proposed], folder: Path) -> Iterator[Proposed]:
    """Files of one series in one folder are the transients of one recording: a pattern stands for them."""
    by_series: dict[tuple[Path, str, str], list[Proposed]] = {}
    for one in found:
        by_series.setdefault((one.file.parent, one.format, one.series or str(one.file)), []).append(one)
    for group in by_series.values():
        pattern = _pattern([one.file for one in group])
        alone = len(group) == 1 or pattern is None or len(list(group[0].file.parent.glob(pattern))) != len(group)
        if alone:
            yield from group
        else:
            assert pattern is not None
            yield replace(group[0], file=group[0].file.with_name(pattern))


def _pattern(files: list[Path]) -> str | None:
    """What the names share at both ends, with a star between."""
    names = [file.name for file in files]
    begin = _shared(names)
    end = _shared([name[::-1] for name in names])[::-1]
    return f"{begin}*{end}" if begin and all(len(name) > len(begin) + len(end) - 1 for name in names) else None


def _shared(names: list[str]) -> str:
    """The letters that all names begin with."""
    differing = next((place for place, letters in enumerate(zip(*names, strict=False)) if len(set(letters)) > 1), None)
    return names[0][: differing if differing is not None else min(map(len, names))]


def _row(one: Proposed, folder: Path) -> dict[str, str]:
    where = one.file.relative_to(folder)
    subject, session = _who(where)
    name = f"{where.name} {one.protocol}"
    water = _WATER.search(name) is not None and _SUPPRESSED.search(where.name) is None
    protocol = f"{one.protocol} {where.as_posix()}"
    sequence = next((kind for kind, pattern in _SEQUENCES if re.search(pattern, protocol, re.I)), "")
    return {
        "file": where.as_posix(),
        "format": one.format,
        "subject": subject,
        "session": session,
        "acquisition": sequence,
        "run": "",
        "suffix": "mrsref" if water else "svs",
        "second_file": one.second.relative_to(folder).as_posix() if one.second is not None else "",
        "part": one.part,
    }


def _who(where: Path) -> tuple[str, str]:
    """Subject and session: `sub-01` and `ses-1` anywhere in the path, else its folders, else the number in the name."""
    text = where.as_posix()
    subject = re.search(r"(?<![a-z])(?:subject|subj|sub|patient|vol)[-_]?([A-Za-z0-9]+)", text, re.I)
    session = re.search(r"(?<![a-z])(?:session|sess|ses|visit)[-_]?([A-Za-z0-9]+)", text, re.I)
    folders = [re.sub(r"[^A-Za-z0-9]", "", part) for part in where.parts[:-1]]
    digits = re.search(r"\d+", where.name)
    whose = subject[1] if subject else folders[0] if folders else digits[0] if digits else "01"
    when = session[1] if session else folders[1] if not subject and len(folders) > 1 else ""
    return whose or "01", when


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _line_of(path: Path, pattern: bytes) -> str:
    return _match(_head(path), pattern)


def _match(head: bytes, pattern: bytes) -> str:
    found = re.search(pattern, head, re.M)
    return found[1].decode("latin-1").strip() if found else ""
