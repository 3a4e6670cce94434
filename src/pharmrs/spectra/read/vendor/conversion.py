"""One vendor file through spec2nii, in a process of its own: what it gave, and in plain words why it did not.

Converter: Clarke et al. 2022, Magn Reson Med 88:2358, doi:10.1002/mrm.29418.
"""

from __future__ import annotations

import re
import struct
import subprocess
import sys
from pathlib import Path

from pharmrs.core.read.problems import Problems, shorten
from pharmrs.spectra.records.import_plan import ImportLine

_LONGEST_S = 1200
PLAIN = "(plain)"  # a recording that spec2nii gives no ending of its own
WATER = "_ref"
_ARGUMENTS = {"bruker": ("-m", "FID"), "twix": ("-e",)}
_RUN = "import sys; from spec2nii.spec2nii import main; sys.exit(main())"
_LARGEST_HEADER = 1 << 16
_OF_NO_FILE = re.compile("DICOM readers are highly experimental")  # nibabel, of itself, whatever it reads
_WARNING = re.compile(r"(?:User|Runtime)Warning: *\n?(.+?)\n\s*(?:warnings\.)?warn\(", re.S)
_PYTHON = re.compile(r"^\w*(?:Error|Exception): *")  # names that mean nothing at the bench
_CUT = re.compile(r"unexpected read error|Read only \d+ of expected|file may be corrupt")
_CUT_SHORT = r"out of bounds|broadcast|reshape|mismatch|EOF|buffer is smaller|Not enough"
_TRANSFER = "copy the file from the scanner again"
_ABORTED = "if the measurement was stopped on purpose, write yes under incomplete: what is whole is then taken"
# what the readers say in passing -> what it means, and what to do
_MEANINGS = (
    (r"IndexError: index -1 is out of bounds", "the file ends before its first transient", _TRANSFER),
    (
        r"tag must be one of the defined dimension tags",
        "its dimensions are not those of spectroscopy",
        "leave images out",
    ),
    (r"EOFError: EOF when reading a line", "the reader asks which of two dwell times holds", "convert it by hand"),
    (
        r"could not (?:be )?broadcast|cannot reshape array|dimension mismatch",
        "fewer samples than its header says",
        _TRANSFER,
    ),
    (r"KeyError: (.+)", "its header lacks {}", "export it in another format, or convert it with a tool that knows it"),
    (r"UnsupportedPulseSequenceError: (.+)", "{}", "convert it by hand, or ask for its sequence in spec2nii"),
    (r"No Pfile mapper for pulse sequence = (.+)", "sequence {} is not known", "convert it by hand"),
)
_DICOM = ("dicom", "philips_dcm", "uih")
_WAYS_OUT = {
    "dicom": "export the scan as RDA from the scanner, or convert it to NIfTI-MRS or jMRUI text with a tool that "
    "knows this release",
    "philips_dcm": "export the scan as SDAT/SPAR from the scanner (format philips)",
    "uih": "convert it to NIfTI-MRS by hand (format nifti)",
    "ge": "convert it to NIfTI-MRS, jMRUI text or LCModel .RAW with a tool that knows this revision (format nifti, "
    "jmrui, lcmodel)",
}
_GE_REVISIONS = (5.0, 40.0)
# where the header tells the number of points that the reader does not compare with what it finds
_POINTS = {"rda": rb"VectorSize: *(\d+)", "jmrui": rb"PointsInDataset: *(\d+)"}


def convert(line: ImportLine, folder: Path, problems: Problems) -> Path | None:
    """The NIfTI-MRS file that `line` asks for, in `folder`; None with the reason in `problems`."""
    arguments = [*_ARGUMENTS.get(line.format, ()), *([line.part or "image"] if line.format == "twix" else [])]
    command = [sys.executable, "-P", "-c", _RUN, line.format, *arguments, "--anon", "-f", "out", "-o", str(folder)]
    try:
        ended = subprocess.run(
            [*command, *line.files],
            check=False, capture_output=True, text=True, errors="replace", timeout=_LONGEST_S, stdin=subprocess.DEVNULL,
        )  # fmt: skip  # no input: a converter that asks a question would wait for ever
    except subprocess.TimeoutExpired:
        remedy = "try spec2nii by hand and give its result with the format nifti"
        problems.add(line.where, f"must be converted within {_LONGEST_S} s", "still running", remedy)
        return None
    found = sorted(folder.glob("*.nii*"))
    if ended.returncode != 0 or not found:
        _explain(line, ended.stderr.strip() or ended.stdout.strip(), problems)
        return None
    return _chosen(line, found, problems) if _complete(line, ended.stderr, problems) else None


def _chosen(line: ImportLine, found: list[Path], problems: Problems) -> Path | None:
    names = {path.name.removeprefix("out").split(".")[0] or PLAIN: path for path in found}
    part = line.part
    if not part and set(names) == {PLAIN, WATER}:  # a spectrum with its water: the suffix says which
        part = WATER if line.target.endswith("_mrsref") else PLAIN
    if (len(found) > 1 or part == WATER) and part not in names:
        remedy = "name one of these in part"
        problems.add(f"{line.where}: part", "must choose one recording of the file", ", ".join(names), remedy)
        return None
    return names[part] if len(found) > 1 else found[0]


def _explain(line: ImportLine, said: str, problems: Problems) -> None:
    last = (said or "nothing").splitlines()[-1].strip()
    value, remedy = _PYTHON.sub("", last), f"check that the file is {line.format} and complete"
    for pattern, meaning, advice in _MEANINGS:
        match = re.search(pattern, last)
        if match:
            value = meaning.format(*(shorten(text.strip("'\"")) for text in match.groups()))
            remedy = f"{remedy}; {advice}"
            break
    release = _release_of(line.format, Path(line.files[0]))
    if release and not re.search(_CUT_SHORT, last):  # a file that says what it is and is whole: of a release not known
        value, remedy = f"{release}, which it does not know: {_in_words(last)}", _WAYS_OUT.get(line.format, "")
    problems.add(line.where, f"spec2nii must be able to read it as {line.format}", shorten(value, 200), remedy)


def _in_words(said: str) -> str:
    """What a reader missed, without the names that its language has for errors."""
    missing = re.match(r"KeyError: (.+)", said)
    if missing:
        return f"no {shorten(missing[1].strip(chr(39)))} in its header"
    if re.match(r"IndexError", said):
        return "a part of the header is not there"
    if re.match(r"\w*(Error|Exception)\b", said):
        return "its header is laid out in another way"
    return shorten(said)


def _complete(line: ImportLine, said: str, problems: Problems) -> bool:
    """Whether the converter read the file to its end; what else it warned of is told."""
    fine = True
    for text in dict.fromkeys(" ".join(found.split()) for found in _WARNING.findall(said)):
        if _OF_NO_FILE.search(text):
            continue
        cut = _CUT.search(text) is not None
        stops = cut and not line.incomplete
        fine &= not stops
        rule = "the file must be complete" if cut else "should be read without doubts of the converter"
        remedy = f"{_TRANSFER}; {_ABORTED}" if cut else "look at the recording before it is used"
        problems.add(line.where, rule, shorten(text), remedy, severity="error" if stops else "warning")
    return fine


def check_points(line: ImportLine, points: int, problems: Problems) -> None:
    """An error where the header of the vendor's file tells another number of points than were read."""
    pattern = _POINTS.get(line.format)
    if pattern is None:
        return
    with Path(line.files[0]).open("rb") as stream:
        match = re.search(pattern, stream.read(_LARGEST_HEADER))
    if match is not None and int(match[1]) != points:
        problems.add(line.where, f"must hold the {int(match[1])} points its header gives", str(points), _TRANSFER)


def _release_of(kind: str, file: Path) -> str:
    """Maker, model and software of `file` as its header tells them; empty where it is no such file."""
    if kind in _DICOM:
        return _dicom(file)
    return _ge(file) if kind == "ge" else ""


def _dicom(file: Path) -> str:
    import pydicom
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        header = pydicom.dcmread(file, stop_before_pixels=True)
    except (
        InvalidDicomError,
        BytesLengthException,
        OSError,
        ValueError,
        KeyError,
        AttributeError,
        NotImplementedError,
    ):
        return ""
    words = []
    for name in ("Manufacturer", "ManufacturerModelName", "SoftwareVersions"):
        value = header.get(name)
        if value:
            words.append(", ".join(map(str, value)) if not isinstance(value, str) else value)
    return shorten(" ".join(words), 100)


def _ge(file: Path) -> str:
    with file.open("rb") as stream:
        first = stream.read(4)
    if len(first) < 4:
        return ""
    low, high = _GE_REVISIONS
    found = [value for code in ("<f", ">f") if low <= (value := struct.unpack(code, first)[0]) <= high]
    return f"GE P-file of revision {found[0]:.4g}" if found else ""
