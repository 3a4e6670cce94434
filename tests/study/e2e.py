"""What end-to-end tests need: the command in this process, readers of its tables, and ways to damage a recording."""

from __future__ import annotations

import base64
import contextlib
import csv
import gzip
import io
import json
import os
import re
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.nifti1 import Nifti1Extension

from pharmrs.cli import main
from pharmrs.core.report.site import PAGES_FOLDER

RESULTS = Path("derivatives") / "pharmrs"


@dataclass(frozen=True)
class Finished:
    """How a command ended."""

    code: int
    out: str
    err: str

    def lines(self, severity: str) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith(f"{severity}: ")]


def pharmrs(*arguments: object) -> Finished:
    """`pharmrs ARGUMENTS` by way of its entry point; an exception that is not handled there propagates."""
    out, err = io.StringIO(), io.StringIO()
    former = sys.argv
    sys.argv = ["pharmrs", *map(str, arguments)]
    code: int | str | None = 0
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main.run()
    except SystemExit as end:
        code = end.code
    finally:
        sys.argv = former
    return Finished(int(code or 0), out.getvalue(), err.getvalue())


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def report_text(output: Path) -> str:
    """The report as its reader has it: the first page and those beside it."""
    pages = [output / "report.html", *sorted((output / PAGES_FOLDER).glob("*.html"))]
    return "".join(page.read_text(encoding="utf-8") for page in pages)


def contents(folder: Path, leave_out: Iterable[str] = ()) -> dict[str, bytes]:
    """Every file below `folder`: relative path -> bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in leave_out
    }


def results(root: Path) -> dict[str, bytes]:
    """Every result of a run of the dataset: not the log, which holds times, nor what is kept to save time."""
    found = contents(root / RESULTS, leave_out=["pharmrs.log", ".pharmrs"])
    return {name: content for name, content in found.items() if not name.startswith("cache/")}


def fingerprint(folder: Path) -> dict[str, tuple[str, int]]:
    """Hash and time of change of every file that is not a result."""
    return {
        path.relative_to(folder).as_posix(): (sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file() and "derivatives" not in path.relative_to(folder).parts
    }


def layers(content: bytes) -> Iterator[bytes]:
    """A file as it is, and what is packed in it: gzip, the members of a zip (docx), the compressed fits of a page."""
    yield content
    if content[:2] == b"\x1f\x8b":
        yield gzip.decompress(content)
    if content[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            yield from map(packed.read, packed.namelist())
    for found in re.finditer(rb"[A-Za-z0-9+/]{200,}={0,2}", content):
        with contextlib.suppress(ValueError):
            inner = base64.b64decode(found[0], validate=True)
            yield inner
            for kind in (-15, 15, 31):  # deflate, zlib, gzip
                with contextlib.suppress(zlib.error):
                    yield zlib.decompress(inner, kind)


def plain(content: bytes) -> bytes:
    return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content


@dataclass(frozen=True)
class Recordings:
    """The files of one examination in its `mrs` folder."""

    svs: Path
    quant: Path
    ecc: Path

    @property
    def all(self) -> tuple[Path, Path, Path]:
        return self.svs, self.quant, self.ecc


def recordings(folder: Path) -> Recordings:
    (svs,) = folder.glob("*_svs.nii.gz")
    (quant,) = folder.glob("*acq-quant_mrsref.nii.gz")
    (ecc,) = folder.glob("*acq-ecc_mrsref.nii.gz")
    return Recordings(svs, quant, ecc)


def sidecar(path: Path) -> Path:
    return path.with_name(path.name.replace(".nii.gz", ".json"))


def edit_header(path: Path, *, drop: Iterable[str] = (), **changes: Any) -> None:
    """Change keys of the header extension and of the sidecar alike."""
    edit_sidecar(path, drop=drop, **changes)
    image = nib.load(path)
    content = json.loads(bytes(image.header.extensions[0].get_content()).rstrip(b"\x00"))
    content = {key: value for key, value in {**content, **changes}.items() if key not in drop}
    image.header.extensions.clear()
    image.header.extensions.append(Nifti1Extension(44, json.dumps(content).encode()))
    _save(image, path)


def edit_sidecar(path: Path, *, drop: Iterable[str] = (), **changes: Any) -> None:
    content = json.loads(sidecar(path).read_text())
    content = {key: value for key, value in {**content, **changes}.items() if key not in drop}
    sidecar(path).write_text(json.dumps(content))


def edit_image(path: Path, *, intent: str | None = None, dwell: float | None = None) -> None:
    image = nib.load(path)
    if intent is not None:
        image.header["intent_name"] = intent.encode()
    if dwell is not None:
        image.header["pixdim"][4] = dwell
    _save(image, path)


def edit_data(path: Path, change: Any) -> None:
    """Replace the stored array (1, 1, 1, points, coils, transients) by `change(array)`."""
    image = nib.load(path)
    _save(type(image)(change(np.asarray(image.dataobj).copy()), image.affine, image.header), path)


def _save(image: Any, path: Path) -> None:
    # as fast as can be: these files are small and live for one test
    part = path.with_name(f".{os.getpid()}.nii")
    nib.save(image, part)
    path.write_bytes(gzip.compress(part.read_bytes(), compresslevel=1))
    part.unlink()
