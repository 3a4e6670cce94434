"""`pharmrs deidentify`: a copy of a dataset without the fields that identify a person; the dataset stays as it is."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem, input_problem
from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.files.json_text import json_text, parse_json
from pharmrs.core.read.compressed import read_bytes
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.read.privacy import identifying_keys, without_identity

_PLAIN = (".tsv", ".csv", ".yaml", ".yml", ".md", ".basis", ".basis.gz", ".xlsx", ".xls", ".bib", ".bidsignore")
_NAMES = ("README", "CHANGES", "LICENSE", "participants.txt")
_IMAGES, _NIFTI_MRS, _DICOM = (".nii", ".nii.gz"), 44, 2
# version -> (length of the header, place and format of the offset of the data, places of the free texts)
_HEADERS = {
    348: (348, 108, "f", ((14, 32), (228, 252))),
    540: (540, 168, "q", ((320, 344),)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """Files as they are, files with what was taken out of them, and files of a kind that is not copied."""

    same: tuple[Path, ...]
    cleaned: dict[Path, tuple[str, ...]]
    left: tuple[Path, ...]
    problems: tuple[InputProblem, ...]


def deidentify(root: Path, target: Path) -> Copied:
    """Copy every recording, image, sidecar and table of `root` without derivatives to the new folder `target`.

    Raises InputError where there is nothing to copy or the target is not free. What is in tables, and in the names of
    files, is copied as it is: only a person can judge that.
    """
    _check(root, target)
    same: list[Path] = []
    left: list[Path] = []
    cleaned: dict[Path, tuple[str, ...]] = {}
    problems: list[InputProblem] = []
    for path in _files(root):
        place = path.relative_to(root)
        try:
            content, removed = cleaned_content(path)
        except InputError as error:
            problems += error.problems
            left.append(place)
            continue
        if content is None:
            left.append(place)
            continue
        write_bytes(target / place, content)
        if removed:
            cleaned[place] = removed
        else:
            same.append(place)
    return Copied(same=tuple(same), cleaned=cleaned, left=tuple(left), problems=tuple(problems))


def cleaned_content(path: Path) -> tuple[bytes | None, tuple[str, ...]]:
    """What the copy holds, and the fields that are gone; None for a kind of file that is not copied.

    Raises InputError where the file cannot be read.
    """
    name = path.name.lower()
    if name.endswith(_IMAGES):
        return _clean_image(path)
    if name.endswith(".json"):
        return _clean_json(path)
    if name.endswith(_PLAIN) or path.name in _NAMES:
        return path.read_bytes(), ()
    return None, ()


def _clean_json(path: Path) -> tuple[bytes, tuple[str, ...]]:
    raw = path.read_bytes()
    try:
        content = parse_json(raw.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        rule, remedy = "must be valid JSON to be cleaned", "correct the file; until then it is not copied"
        raise InputError([input_problem(path, "file", rule, str(error), remedy)]) from None
    removed = identifying_keys(content) if isinstance(content, dict) else ()
    return (json_text(without_identity(content)).encode() if removed else raw), removed


def _clean_image(path: Path) -> tuple[bytes, tuple[str, ...]]:
    """The voxels byte by byte as they are; header texts and extensions without what identifies."""
    problems = Problems(str(path))
    raw = read_bytes(path, problems, "copy the file again")
    order = next((one for one in "<>" if raw and struct.unpack_from(f"{one}i", raw)[0] in _HEADERS), "")
    if raw is None or not order:
        problems.add("file", "must be a NIfTI file to be cleaned", "it is none", "convert it; it is not copied")
        problems.raise_errors()
        return b"", ()
    length, place, kind, texts = _HEADERS[struct.unpack_from(f"{order}i", raw)[0]]
    start = int(struct.unpack_from(f"{order}{kind}", raw, place)[0])
    header = bytearray(raw[:length])
    removed = [f"NIfTI header bytes {low}-{high}" for low, high in texts if header[low:high].strip(b"\x00 ")]
    for low, high in texts:
        header[low:high] = bytes(high - low)
    kept = b""
    for code, content in _extensions(raw, length, start, order):
        clean, gone = _clean_extension(code, content)
        removed += gone
        kept += b"" if clean is None else _extension(code, clean, order)
    if not removed:
        return path.read_bytes(), ()
    struct.pack_into(f"{order}{kind}", header, place, length + 4 + len(kept))
    made = bytes(header) + bytes([bool(kept), 0, 0, 0]) + kept + raw[start:]
    return (gzip.compress(made, mtime=0) if path.name.lower().endswith(".gz") else made), tuple(removed)


def _extensions(raw: bytes, length: int, start: int, order: str) -> Iterator[tuple[int, bytes]]:
    at = length + 4
    while raw[length] and at + 8 <= min(start, len(raw)):
        size, code = struct.unpack_from(f"{order}2i", raw, at)
        if size < 8:
            return
        yield code, raw[at + 8 : at + size]
        at += size


def _clean_extension(code: int, content: bytes) -> tuple[bytes | None, list[str]]:
    if code == _DICOM:
        return None, ["DICOM header extension"]
    if code != _NIFTI_MRS:
        return content, []
    try:
        header = json.loads(content.rstrip(b"\x00 \n").decode("utf-8"))
    except ValueError:
        return None, ["header extension that is not JSON"]
    gone = list(identifying_keys(header)) if isinstance(header, dict) else []
    return (json.dumps(without_identity(header)).encode() if gone else content), gone


def _extension(code: int, content: bytes, order: str) -> bytes:
    padded = content + bytes(-(len(content) + 8) % 16)
    return struct.pack(f"{order}2i", len(padded) + 8, code) + padded


def _files(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") and part != ".bidsignore" for part in parts)
        if path.is_file() and parts[0] != "derivatives" and not hidden:
            yield path


def _check(root: Path, target: Path) -> None:
    if not root.is_dir():
        rule, remedy = "must be a folder", "check the path of the dataset"
        raise InputError([input_problem(root, "dataset", rule, "missing", remedy)])
    inside = target.resolve().is_relative_to(root.resolve())
    if inside or (target.exists() and (not target.is_dir() or any(target.iterdir()))):
        rule, found = "must be a new or empty folder outside the dataset", "inside it" if inside else "it holds files"
        raise InputError([input_problem(target, "copy", rule, found, "choose another folder")])
