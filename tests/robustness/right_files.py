"""A right file of every kind that is read, and what reads it; the cases damage the one called `target`."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

EXTENSION = {
    "SpectrometerFrequency": [297.2],
    "ResonantNucleus": ["1H"],
    "EchoTime": 0.011,
    "RepetitionTime": 5.0,
    "MixingTime": 0.01,
    "SpectralWidth": 10_000.0,
    "SequenceName": "steam",
    "TxOffset": {"Value": -2.0, "Description": "ppm"},
}


@dataclass(frozen=True)
class Kind:
    """`files`: name -> content below the input folder; `target`: the one that is damaged; `form`: how.

    `read`: (input folder, output folder) -> anything; it may raise InputError and nothing else.
    """

    files: dict[str, bytes]
    target: str
    form: str
    read: Callable[[Path, Path], object]


def nifti_mrs(extension: bytes | None = None, points: int = 128) -> bytes:
    """A NIfTI-2 file written by hand, byte for byte where the standard wants it: no library to shield the reader."""
    random = np.random.default_rng(1)
    data = (random.normal(size=points) + 1j * random.normal(size=points)).astype("<c8")
    text = json.dumps(EXTENSION).encode() if extension is None else extension
    padded = text + bytes(-(len(text) + 8) % 16)
    header = _nifti_header(32, 64, (4, 1, 1, 1, points, 1, 1, 1), (20.0, 20.0, 20.0, 1e-4), 544 + 8 + len(padded))
    header[500:504] = struct.pack("<i", 2 + 8)
    header[508:524] = b"mrs_v0_9".ljust(16, b"\0")
    return bytes(header) + struct.pack("<4B2i", 1, 0, 0, 0, 8 + len(padded), 44) + padded + data.tobytes()


def volume(values: np.ndarray[Any, Any], edge_mm: float = 4.0) -> bytes:
    header = _nifti_header(16, 32, (3, *values.shape, 1, 1, 1, 1), (edge_mm,) * 3 + (0.0,), 544)
    return bytes(header) + bytes(4) + values.astype("<f4").tobytes(order="F")


def _nifti_header(code: int, bits: int, dims: tuple[int, ...], sizes: tuple[float, ...], offset: int) -> bytearray:
    header = bytearray(540)
    struct.pack_into("<i8s2h8q", header, 0, 540, b"n+2\0\r\n\x1a\n", code, bits, *dims)
    struct.pack_into("<8d", header, 104, 1.0, *sizes, 0.0, 0.0, 0.0)
    struct.pack_into("<q", header, 168, offset)
    struct.pack_into("<2i", header, 344, 0, 1)
    for row in range(3):
        struct.pack_into("<4d", header, 400 + 32 * row, *(sizes[row] if row == column else 0.0 for column in range(4)))
    return header


def _tissue() -> dict[str, bytes]:
    shape = (16, 16, 16)
    distance = np.linalg.norm(np.indices(shape) - 7.5, axis=0)
    parts = {"GM": distance < 4, "WM": (distance >= 4) & (distance < 6), "CSF": (distance >= 6) & (distance < 7)}
    return {f"{name}.nii.gz": gzip.compress(volume(inside * 1.0), 1, mtime=0) for name, inside in parts.items()}


DESIGN = "design: {kind: crossover, treatments: [placebo, drug], baseline: before, follow_up: after}\n"
ANALYSIS = """\
analysis:
  metabolite: Glu
  biomarker: BDNF
  time_adjustment: linear
  biomarker_transform: log
  biomarker_change: difference
  metabolite_change: relative
  covariates: [{name: age}, {name: gene, reference: AA}]
"""
STUDY = f"""\
title: Ketamine and glutamate
basis: basis/7T.basis
{DESIGN}references: {{quantification: acq-quant}}
quantification:
  primary_scale: ratio_tcr
  tissue_by_scan:
    sub-01_ses-1: {{gray_matter: 0.6, white_matter: 0.3, csf: 0.1, source: manual}}
quality:
  max_crlb_percent: 20
assay:
  analyte: BDNF
  unit: pg/mL
  wavelength_nm: 450
  lower_limit: {{value: 23.4, refers_to: in_well}}
genotype:
  markers: [rs6265]
{ANALYSIS}"""
PLAN = f"title: Trial\n{DESIGN}{ANALYSIS}"
POWER = f"""{PLAN}power:
  slopes: [0.1, 0.5]
  subjects: [10, 20]
  metabolite_median: 10
  metabolite_person_sd: 0.1
  metabolite_change_sd: 0.1
  metabolite_error_sd: 0.05
  biomarker_median: 20000
  biomarker_person_sd: 0.4
  biomarker_change_sd: 0.1
  biomarker_error_sd: 0.1
"""


def observations(subjects: int = 10) -> bytes:
    random = np.random.default_rng(2)
    lines = ["subject\tsequence\tperiod\ttreatment\ttime_point\tclock_time_h\tmetabolite\tmetabolite_sd\tbiomarker\t"
             "biomarker_sd\tbiomarker_censored\tbiomarker_limit\tage\tgene"]  # fmt: skip
    for number in range(subjects):
        order = ("placebo", "drug") if number % 2 else ("drug", "placebo")
        for period, treatment in enumerate(order, start=1):
            for point in ("before", "after"):
                values = (random.uniform(9, 16), random.normal(10, 1), 0.3, random.lognormal(9, 0.4), 500.0)
                hour, *numbers = (f"{value:.6g}" for value in values)
                cells = [f"sub-{number:02d}", "/".join(order), str(period), treatment, point, hour, *numbers]
                lines.append("\t".join([*cells, "none", "n/a", str(20 + number), ("AA", "AB")[number % 3 == 0]]))
    return ("\n".join(lines) + "\n").encode()


STANDARDS = (1500.0, 750.0, 375.0, 187.5, 93.75, 46.875, 23.4375, 0.0)


def _density(concentration: float) -> float:
    return 3.2 - 3.14 / (1.0 + (concentration / 600.0) ** 1.15)


def layout() -> bytes:
    lines = ["plate\twell\trole\tsample\tnominal\tdilution"]
    for row, nominal in enumerate(STANDARDS):
        lines += [f"P1\t{'ABCDEFGH'[row]}{column}\tstandard\t\t{nominal:g}\t" for column in (1, 2)]
        lines += [f"P1\t{'ABCDEFGH'[row]}{column}\tsample\tsub-{row + 1:02d}_ses-1\t\t8" for column in (3, 4)]
    return ("\n".join(lines) + "\n").encode()


def grid_rows() -> list[list[str | float | int]]:
    random = np.random.default_rng(3)
    rows: list[list[str | float | int]] = [["Plate: P1"], ["Wavelength: 450 nm"], ["", *range(1, 13)]]
    for row, nominal in enumerate(STANDARDS):
        standards = [round(_density(nominal) * (1 + 0.02 * random.normal()), 4) for _ in range(2)]
        samples = [round(_density(200.0 + 40 * row) * (1 + 0.02 * random.normal()), 4)] * 2
        rows.append(["ABCDEFGH"[row], *standards, *samples, *([0.05] * 8)])
    return rows


def grid_text() -> bytes:
    return "".join("\t".join(map(str, row)) + "\n" for row in grid_rows()).encode()


def grid_workbook() -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    assert book.active is not None
    book.active.title = "P1"
    for row in grid_rows():
        book.active.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def tecan_workbook() -> bytes:
    """As i-control writes it, of two wavelengths."""
    import tempfile

    from pharmrs.simulate.plates import PlateReading
    from pharmrs.simulate.tecan_export import write_tecan_export

    signal = np.array([[_density(200.0 + 40 * row + column) for column in range(12)] for row in range(8)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "P1.xlsx"
        write_tecan_export(path, PlateReading(plate="P1", wells=(), reads={450.0: signal, 620.0: 0.1 * signal}))
        return path.read_bytes()


def mars_text() -> bytes:
    """As BMG MARS writes it; read by allotropy."""
    rows = "\n".join(",".join(map(str, ["ABCDEFGH"[row], *grid_rows()[3 + row][1:]])) for row in range(8))
    head = "User: Lab,Path: C:\\Data,Test run no.: 445\nTest name: ELISA,Date: 5/14/2021,Time: 3:29:50 PM\n\n"
    head += "ID1: study,ID2: Plate 1,ID3: x,\nAbsorbance\n\n"
    return f"{head}Raw Data (450 1)\n\n,{','.join(map(str, range(1, 13)))},\n{rows}\n\n".encode()


def softmax_text() -> bytes:
    """As SoftMax Pro writes it; read by allotropy."""
    head = "Plate:\tPlate1\t1.3\tPlateFormat\tEndpoint\tAbsorbance\tRaw\tFALSE\t1\t\t\t\t\t\t1\t450 "
    head += "\t1\t12\t96\t1\t8\t\t"
    lines = [f"{head}\n\tTemperature(C)\t" + "\t".join(map(str, range(1, 13)))]
    for row in range(8):
        lines.append(("\t35\t" if row == 0 else "\t\t") + "\t".join(map(str, grid_rows()[3 + row][1:])))
    end = "\t\t\n\n~End\nOriginal Filename: x; Date Last Saved: 1/9/2023 2:23:07 PM"
    return ("##BLOCKS= 1\n" + "\t\t\n".join(lines) + end).encode()


def old_workbook() -> bytes | None:
    """A real export of a Tecan Sunrise (xls), where the shared data are."""
    path = Path(__file__).parents[3] / "shared" / "data" / "plates" / "elisar_tecan_sunrise.xls"
    return path.read_bytes() if path.is_file() else None


def lcmodel() -> bytes:
    """Three singlets in LCModel's own format."""
    points, dwell_s, mhz = 256, 5e-4, 123.25
    times = np.arange(points) * dwell_s
    text = f" $SEQPAR\n FWHMBA = 0.01,\n HZPPPM = {mhz},\n ECHOT = 11.,\n SEQ = 'STEAM'\n $END\n"
    text += f" $BASIS1\n IDBASI = 'a test',\n FMTBAS = '(6E13.5)',\n BADELT = {dwell_s},\n NDATAB = {points}\n $END\n"
    for name, ppm, protons in (("NAA", 2.008, 3), ("Cr", 3.027, 3), ("GPC", 3.212, 9)):
        fid = protons * np.exp((2j * np.pi * (4.65 - ppm) * mhz - 6.0) * times)
        spectrum = np.fft.fft(fid)
        numbers = np.column_stack([spectrum.real, spectrum.imag]).ravel()
        text += f" $BASIS\n ID = '{name}',\n METABO = '{name}',\n CONC = 1.,\n"
        text += " TRAMP = 1.,\n VOLUME = 1.,\n ISHIFT = 0\n $END\n"
        text += "\n".join("".join(f"{v:13.5E}" for v in numbers[i : i + 6]) for i in range(0, numbers.size, 6)) + "\n"
    return text.encode()


def jmrui() -> bytes:
    points, dwell_s, mhz = 128, 5e-4, 123.25
    times = np.arange(points) * dwell_s
    text = "jMRUI Data Textfile\n\nFilename: basis.txt\n\n"
    text += f"PointsInDataset: {points}\nDatasetsInFile: 2\nSamplingInterval: 5E-1\n"
    text += f"TransmitterFrequency: {mhz}E6\nNucleusOfInterest: 1H\nSignalNames: NAA;Cr\n\n"
    text += "\nSignal and FFT\nsig(real)\tsig(imag)\n"
    for number, ppm in enumerate((2.008, 3.027), start=1):
        fid = 3 * np.exp((2j * np.pi * (4.65 - ppm) * mhz - 6.0) * times)
        text += f"Signal {number} out of 2 in file\n" + "".join(f"{v.real:.6E}\t{v.imag:.6E}\n" for v in fid)
    return text.encode()


def fsl_json(name: str = "NAA", ppm: float = 2.008) -> bytes:
    fid = 3 * np.exp((2j * np.pi * (4.65 - ppm) * 123.25 - 6.0) * np.arange(64) * 5e-4)
    entry = {"basis_re": fid.real.round(4).tolist(), "basis_im": fid.imag.round(4).tolist(), "basis_dwell": 5e-4,
             "basis_centre": 123.25, "basis_width": 2.0, "basis_name": name}  # fmt: skip
    return json.dumps({"basis": entry, "seq": {}}).encode()


def _text(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


TABLES: dict[str, bytes] = {
    "participants.tsv": _text("participant_id\tage\tsex\tbmi", "sub-01\t25\tF\t21.5", "sub-02\t31\tM\tn/a"),
    "allocation.tsv": _text("participant_id\tperiod\ttreatment", "sub-01\t1\tplacebo", "sub-01\t2\tdrug",
        "sub-02\t1\tdrug"),
    "sessions.tsv": _text(
        "session_id\tperiod\ttime_point\tacq_time\tsampling_time",
        "ses-1\t1\tbefore\t2020-01-01T09:00:00\t09:05:00", "ses-2\t1\tafter\t2020-01-01T15:00:00\tn/a",
        "ses-3\t2\tbefore\t2020-02-01T09:00:00\t09:15:30", "ses-4\t2\tafter\t2020-02-01T15:00:00\t15",
    ),
    "bands.tsv": _text(
        "lane\trole\tsample\tgenotype\tbands_bp\tintensities\tgel", "1\tcontrol\tNA1\tVal/Val\t280;396\t1;2\tg",
        "2\tsample\tsub-01\tn/a\t277;399\tn/a\tg", "3\tsample\tsub-02\tn/a\t277;399;676\tn/a\tg",
        "4\tsample\tsub-03\tn/a\t676\t3\tg", "5\tladder\tn/a\tn/a\t100;200;300\tn/a\tg",
    ),
    "import.tsv": _text(
        "file\tformat\tsubject\tsuffix\tsession\tacquisition\trun\tsecond_file\tpart\techo_time_s\trepetition_time_s",
        "a.nii.gz\tnifti\t01\tsvs\t1\tsteam\t1\tn/a\tn/a\t0.02\t5",
            "a.nii.gz\tnifti\t02\tmrsref\t1\tsteam\tn/a\tn/a\tn/a\t0.02\t5",
    ),
    "reported.tsv": _text("label\tn\tmean\tse\tt\tdf\tp", "age\t25\t23.4\t3.10\t2.10\t24\t.046",
        "bmi\t25\t22.1\t2.0\t-0.33\t24\t<.001"),
    "metabolites.tsv": _text(
        "scan\tsubject\tsession\tmetabolite\tratio_tcr\tratio_tcr_sd\texcluded",
        "sub-01_ses-1\t01\t1\tGlu\t1.2\t0.1\tno", "sub-01_ses-2\t01\t2\tGlu\t1.3\t0.1\tyes",
    ),
    "biomarkers.tsv": _text(
        "subject\tsession\tsample\tanalyte\tplate\tvalue\tsd\tunit\tflag\tcensored\tlimit",
        "01\t1\tsub-01_ses-1\tBDNF\tP1\t120\t3\tpg/mL\tok\tnone\tn/a",
        "01\t2\tsub-01_ses-2\tBDNF\tP1\tn/a\tn/a\tpg/mL\tbelow\tleft\t23.4",
    ),
    "genotypes.tsv": _text("subject\tmarker\tgenotype", "01\trs6265\tVal/Val", "02\trs6265\tVal/Met"),
    "decisions.tsv": _text(
        "rater\tscan\tdecision\treason\tposition\tseed\trecording\tdecided_at",
        f"AB\tsub-01\taccept\t\t1\t1\t{'0f' * 16}\t2026-01-02T03:04:05Z",
        f"AB\tsub-02\treject\tlipid contamination\t2\t1\t{'0f' * 16}\t2026-01-02T03:04:06Z",
    ),
}  # fmt: skip
PULSE = _text("# flip_deg: 90", "# duration_ms: 2", *(f"{k % 7 + 1} 0" for k in range(20)))
SPINS = json.dumps({
    "Lac": {"name": "lactate", "doi": "measured", "note": "", "parts": [
        {"shifts_ppm": [4.0974, 1.3142], "j_hz": [[0, 6.933], [0, 0]], "nuclei": ["1H", "1H"], "scale": 1}]},
}).encode()  # fmt: skip
PROVENANCE = json.dumps({
    "settings_sha256": "a" * 64, "inputs_sha256": {"sub-01/mrs/x_svs.nii.gz": "b" * 64}, "software": {"pharmrs": "0.1"},
    "command": ["run"], "review_sha256": {},
}).encode()  # fmt: skip
PAGES = json.dumps({"scan-1.html": ["a" * 64, "b" * 64], "scan-2.html": ["c" * 64, "d" * 64]}).encode()
HEAD_NAME = "sub-01_desc-tissue_anatomy.json"
HEAD_KEY = "e" * 64
HEAD = json.dumps({
    "Description": "Tissue maps", "key": HEAD_KEY, "similarity_to_mni152": 0.9, "noise_of_white_matter": 0.05,
    "mni_to_image": [[1.1, 0, 0, 2], [0, 0.9, 0.1, -3], [0, -0.1, 1, 4], [0, 0, 0, 1]],
}).encode()  # fmt: skip
CLUSTER = b"""\
system: slurm
jobs: 20
cores: 4
memory: 8 GiB
walltime: "04:00:00"
queue: batch
directives: ["--constraint=avx2"]
prologue: [module load python/3.11, source ~/pharmrs/bin/activate]
encrypted: false
"""
CHECKSUMS = json.dumps({"/a/b": [1, 2, 3, 4, "c" * 64], "/a/c": [5, 6, 7, 8, "d" * 64]}).encode()


def kept_basis() -> bytes:
    """What a run notes beside the basis set that it simulated."""
    content = {"components": ["NAA", "Cr"], "notes": ["a note"], "sha256": hashlib.sha256(lcmodel()).hexdigest()}
    return json.dumps(content).encode()


def tissue_maps() -> dict[str, bytes]:
    """Grey matter, white matter and CSF of a ball."""
    return _tissue()


def marker() -> bytes:
    """The marker that comes with pharmrs, under another name."""
    from pharmrs.genotype.read import markers

    text = (Path(markers.__file__).parent / "markers" / "rs6265.yaml").read_text()
    return text.replace("name: rs6265", "name: own").encode()
