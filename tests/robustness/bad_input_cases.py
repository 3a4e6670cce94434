"""Every case of bad input: a kind of file, and one way to damage it. The same names give the same bytes."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.robustness import right_files as right
from tests.robustness.mutations import (
    STANDINS,
    Content,
    damaged_binary,
    damaged_bytes,
    damaged_json,
    damaged_nifti,
    damaged_table,
    damaged_text,
    damaged_workbook,
    damaged_yaml,
)
from tests.robustness.readers_of_input import READERS
from tests.robustness.right_files import Kind

_FORMS: dict[str, tuple[Callable[..., Content], ...]] = {
    "binary": (damaged_binary,),
    "text": (damaged_bytes, damaged_text),
    "table": (damaged_bytes, damaged_text, damaged_table),
    "json": (damaged_bytes, damaged_text, damaged_json),
    "yaml": (damaged_bytes, damaged_text, damaged_yaml),
    "workbook": (damaged_bytes, damaged_workbook),
    "nifti": (damaged_bytes, damaged_nifti),
}


@dataclass(frozen=True)
class Case:
    """`place` puts the input folder there."""

    name: str
    kind: str
    place: Callable[[Path], None]


def kinds() -> dict[str, Kind]:
    """All kinds of input, each with its reader."""
    mrs, gzipped = right.nifti_mrs(), gzip.compress(right.nifti_mrs(), 1, mtime=0)
    extension = json.dumps(right.EXTENSION).encode()
    short = {"EchoTime": 0.011, "RepetitionTime": 5.0, "Manufacturer": "Philips", "RxOffset": 0.1}
    tables = right.TABLES
    dataset = {"sub-01/sub-01_sessions.tsv": tables["sessions.tsv"],
        "sub-02/sub-02_sessions.tsv": tables["sessions.tsv"],
               "phenotype/allocation.tsv": tables["allocation.tsv"],
                   "participants.tsv": tables["participants.tsv"]}  # fmt: skip
    plate = {"layout.tsv": right.layout(), "P1.tsv": right.grid_text(), "P1.xlsx": right.grid_workbook()}
    derived = {name: tables[name] for name in ("metabolites.tsv", "biomarkers.tsv", "genotypes.tsv")}
    bids = {"dataset_description.json": b"{}", "sub-01/mrs/sub-01_svs.nii.gz": gzipped,
            "sub-01/mrs/sub-01_svs.json": json.dumps(short).encode()}  # fmt: skip
    basis = {"a/NAA.json": right.fsl_json(), "a/Cr.json": right.fsl_json("Cr", 3.027)}
    entry = {"files": {}, "outcome": {"files": dict.fromkeys(("name", "subject", "session", "metabolite",
        "quantification",
             "eddy_current", "coil_combination"), "x"), "result": None, "problems": []},
             "drawn": {"pictures": [["a.png", "words"]], "water": False, "page": "aGk="}}  # fmt: skip
    del extension
    inputs: dict[str, tuple[dict[str, bytes], str, str]] = {
        "recording": ({"a_svs.nii": mrs}, "a_svs.nii", "nifti"),
        "gzipped recording": ({"a_svs.nii.gz": gzipped}, "a_svs.nii.gz", "nifti"),
        "sidecar": (bids, "sub-01/mrs/sub-01_svs.json", "json"),
        "image of the head": ({"t1.nii.gz": right.tissue_maps()["WM.nii.gz"]}, "t1.nii.gz", "nifti"),
        "tissue map": (right.tissue_maps(), "GM.nii.gz", "nifti"),
        "participants": (dataset, "participants.tsv", "table"),
        "allocation": (dataset, "phenotype/allocation.tsv", "table"),
        "sessions": (dataset, "sub-01/sub-01_sessions.tsv", "table"),
        "layout": (plate, "layout.tsv", "table"),
        "plate as text": (plate, "P1.tsv", "table"),
        "plate as workbook": (plate, "P1.xlsx", "workbook"),
        "list of standards": ({"s.csv": b"conc,od\n1000.0,2.11\n500.0,1.48\n250.0,0.728\n0.0,0.064\n"}, "s.csv",
            "table"),
        "Tecan workbook": ({"P1.xlsx": right.tecan_workbook()}, "P1.xlsx", "workbook"),
        "MARS export": ({"mars.csv": right.mars_text()}, "mars.csv", "text"),
        "SoftMax export": ({"softmax.txt": right.softmax_text()}, "softmax.txt", "text"),
        "bands": ({"bands.tsv": tables["bands.tsv"]}, "bands.tsv", "table"),
        "observations": ({"observations.tsv": right.observations(), "study.yaml": right.PLAN.encode()},
            "observations.tsv", "table"),
        "mapping table": ({"import.tsv": tables["import.tsv"], "a.nii.gz": gzipped}, "import.tsv", "table"),
        "reported statistics": ({"reported.tsv": tables["reported.tsv"]}, "reported.tsv", "table"),
        "metabolites": (derived, "metabolites.tsv", "table"),
        "biomarkers": (derived, "biomarkers.tsv", "table"),
        "genotypes": (derived, "genotypes.tsv", "table"),
        "decisions": ({"rater-AB_decisions.tsv": tables["decisions.tsv"]}, "rater-AB_decisions.tsv", "table"),
        "study": ({"study.yaml": right.STUDY.encode()}, "study.yaml", "yaml"),
        "analysis plan": ({"study.yaml": right.PLAN.encode()}, "study.yaml", "yaml"),
        "power plan": ({"study.yaml": right.POWER.encode()}, "study.yaml", "yaml"),
        "marker": ({"marker.yaml": right.marker()}, "marker.yaml", "yaml"),
        "LCModel basis": ({"a.basis": right.lcmodel()}, "a.basis", "text"),
        "jMRUI basis": ({"a.txt": right.jmrui()}, "a.txt", "text"),
        "FSL-MRS basis": (basis, "a/NAA.json", "json"),
        "pulse": ({"pulse.txt": right.PULSE}, "pulse.txt", "text"),
        "spin systems": ({"spins.json": right.SPINS}, "spins.json", "json"),
        "provenance": ({"provenance.json": right.PROVENANCE}, "provenance.json", "json"),
        "checksums": ({"checksums.json": _sealed(right.CHECKSUMS)}, "checksums.json", "json"),
        "cached pages": ({"cache/pages.json": _sealed(right.PAGES)}, "cache/pages.json", "json"),
        "record of a head": ({right.HEAD_NAME: right.HEAD}, right.HEAD_NAME, "json"),
        "kept basis": ({"a.basis": right.lcmodel(), "a.png": b"", "a.json": right.kept_basis()}, "a.json", "json"),
        "cluster": ({"cluster.yaml": right.CLUSTER}, "cluster.yaml", "yaml"),
        "cached scan": ({"cache/scans/x.json": _sealed(b'{"code": "1"}\n' + json.dumps(entry).encode())},
            "cache/scans/x.json", "json"),
        "data dictionary": ({"observations.tsv": right.observations(), "study.yaml": right.PLAN.encode(),
                             "observations.json": b'{"metabolite": {"Units": "mM"}, "biomarker": {"Units": "pg/mL"}}'},
                            "observations.json", "json"),
    }  # fmt: skip
    if (old := right.old_workbook()) is not None:
        inputs["old workbook"] = ({"P1.xls": old}, "P1.xls", "binary")
    return {name: Kind(files, target, form, READERS[name]) for name, (files, target, form) in inputs.items()}


def all_cases(everything: dict[str, Kind]) -> Iterator[Case]:
    """Every case of every kind; contents are made when they are needed."""
    for name, kind in everything.items():
        yield Case(f"{name}: right", name, _with(kind, kind.files[kind.target]))
        for standin in STANDINS:
            yield Case(f"{name}: {standin}", name, _standing_in(kind, standin))
        for damage in _FORMS[kind.form]:
            if damage is damaged_json and name == "cached scan":
                continue  # two documents; its own damage is below
            random = np.random.default_rng(zlib.crc32(f"{name} {damage.__name__}".encode()))
            for what, content in damage(kind.files[kind.target], random):
                yield Case(f"{name}: {what}", name, _with(kind, content))
    yield from _in_extension(everything["recording"])
    yield from _in_cache(everything["cached scan"])


def _in_extension(kind: Kind) -> Iterator[Case]:
    random = np.random.default_rng(5)
    for what, content in damaged_json(json.dumps(right.EXTENSION).encode(), random):
        yield Case(f"header extension: {what}", "recording", _with(kind, right.nifti_mrs(content)))


def _in_cache(kind: Kind) -> Iterator[Case]:
    """Damage behind a seal that is right: as if somebody had made both."""
    _, first, entry = kind.files[kind.target].split(b"\n", 2)
    for what, content in damaged_json(first, np.random.default_rng(6), 20):
        yield Case(f"cached scan: key {what}", "cached scan", _with(kind, _sealed(content + b"\n" + entry)))
    for what, content in damaged_json(entry, np.random.default_rng(7), 3 * 31):
        yield Case(f"cached scan: entry {what}", "cached scan", _with(kind, _sealed(first + b"\n" + content)))


def _sealed(content: bytes) -> bytes:
    return b"sha256 of what follows: " + hashlib.sha256(content).hexdigest().encode() + b"\n" + content


def _with(kind: Kind, content: bytes | Callable[[], bytes]) -> Callable[[Path], None]:
    def place(folder: Path) -> None:
        _others(kind, folder)
        (folder / kind.target).write_bytes(content() if callable(content) else content)

    return place


def _standing_in(kind: Kind, standin: str) -> Callable[[Path], None]:
    def place(folder: Path) -> None:
        _others(kind, folder)
        STANDINS[standin](folder / kind.target)

    return place


def _others(kind: Kind, folder: Path) -> None:
    for name, content in kind.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name != kind.target:
            path.write_bytes(content)
