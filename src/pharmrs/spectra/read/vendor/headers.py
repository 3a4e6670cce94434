"""Headers that a converter refuses although the recording is whole: mended in a copy, and told.

Text headers of Philips (SPAR) and Siemens (RDA): decimal commas of the console's language become points; lines that
old releases never wrote are added where they tell nothing (no inversion) or the mapping table tells them (times).
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.files.content import read_content
from pharmrs.core.read.problems import Problems
from pharmrs.spectra.read.vendor.old_dicom import philips_with_three_slabs
from pharmrs.spectra.records.import_plan import ImportLine

_LARGEST_SPAR = 1 << 20
_SPAR_LINE = re.compile(rb"^(?P<key>[^!:\r\n][^:\r\n]*?)[ \t]*:[ \t]*(?P<value>[^\r\n]*?)[ \t]*\r?$", re.M)
_NUMBER_WITH_COMMA = re.compile(rb"[-+]?\d+,\d+(?:[eE][-+]?\d+)?")
# what the converter reads of a SPAR, and where else it may come from
_SPAR_KEYS = (
    "samples", "rows", "sample_frequency", "synthesizer_frequency", "nucleus", "echo_time", "repetition_time",
    "scan_id", "offset_frequency", "volume_selection_enable",
)  # fmt: skip
_RDA_END = b">>> End of header <<<"
_TIMES = {"EchoTime": ("echo_time", "TE"), "RepetitionTime": ("repetition_time", "TR"), "MixingTime": ("", "TM")}
_COLUMNS = {"EchoTime": "echo_time_s", "RepetitionTime": "repetition_time_s", "MixingTime": "mixing_time_s"}


def mended(line: ImportLine, folder: Path, problems: Problems) -> ImportLine | None:
    """`line` with the files a converter can read: those of the line, or mended copies in `folder`.

    None, with what was looked for and found in `problems`, where something is missing that nobody tells.
    """
    if line.format == "philips":
        return _spar(line, folder, problems)
    if line.format == "philips_dcm":
        return philips_with_three_slabs(line, folder)
    return _rda(line, folder, problems) if line.format == "rda" else line


def spar_beside(sdat: Path) -> Path | None:
    """The .SPAR of the same name beside a .SDAT, whatever the case of its ending."""
    beside = sorted(sdat.parent.glob(f"{_literal(sdat.stem)}.[sS][pP][aA][rR]"))
    return beside[0] if beside else None


def _literal(name: str) -> str:
    return re.sub(r"([\[\]*?])", r"[\1]", name)


def _spar(line: ImportLine, folder: Path, problems: Problems) -> ImportLine | None:
    place = Path(line.files[1])
    text = read_content(place, _LARGEST_SPAR)
    if _is_grid(line, text, rb"dim[23]_pnts", problems):
        return None
    with_commas: list[str] = []

    def point(match: re.Match[bytes]) -> bytes:
        if not _NUMBER_WITH_COMMA.fullmatch(match["value"]):
            return match[0]
        with_commas.append(match["key"].decode("latin-1").strip())
        begin, end = (place - match.start() for place in match.span("value"))
        return match[0][:begin] + match["value"].replace(b",", b".") + match[0][end:]

    changed = _SPAR_LINE.sub(point, text)
    found = {match["key"].decode("latin-1").strip() for match in _SPAR_LINE.finditer(changed)}
    added = {}
    for key, (name, _) in _TIMES.items():
        if name and name not in found and key in line.sidecar:
            added[name] = f"{1e3 * line.sidecar[key]:.10g}"
    if "spectrum_inversion_time" not in found:
        added["spectrum_inversion_time"] = "0"
        rule = "says in newer releases whether the magnetisation was inverted"
        remedy = "nothing, if it was not; else leave this recording out"
        problems.add(f"{line.where}: spectrum_inversion_time", rule, f"no such line in {place.name}", remedy,
                     severity="warning")  # fmt: skip
    missing = [key for key in _SPAR_KEYS if key not in found and key not in added]
    if missing:
        columns = ", ".join(column for key, column in _COLUMNS.items() if _TIMES[key][0] in missing)
        remedy = (
            f"give {columns} in this table" if columns else "add the lines to a copy of the SPAR, from the protocol"
        )
        shown = f"no line {', '.join(missing)} in {place.name}, which has {len(found)} lines"
        problems.add(line.where, f"these lines of a SPAR were looked for: {', '.join(_SPAR_KEYS)}", shown, remedy)
        return None
    if with_commas:
        rule, remedy = "numbers have a decimal point", "nothing, if each is one number with a decimal comma: read so"
        shown = f"{', '.join(with_commas)} of {place.name} with a decimal comma"
        problems.add(f"{line.where}: second_file", rule, shown, remedy, severity="note")
    if not with_commas and not added:
        return line
    copy = folder / f"mended{place.suffix}"
    lines = "".join(f"{key} : {value}\r\n" for key, value in added.items()).encode()
    write_bytes(copy, changed.rstrip() + b"\r\n" + lines)
    return replace(line, files=(line.files[0], str(copy)))


def _is_grid(line: ImportLine, header: bytes, sizes: bytes, problems: Problems) -> bool:
    """Whether it is an image of spectra, whose elements a converter would take for transients."""
    found = [int(size) for size in re.findall(rb"^(?:SUN_)?" + sizes + rb"[ \t]*:[ \t]*(\d+)", header, re.M)]
    grid = [size for size in found if size > 1]
    if grid:
        rule = "must be the spectrum of one voxel, not a grid (MRSI)"
        shown = f"a grid of {' x '.join(map(str, grid))}"
        problems.add(line.where, rule, shown, "leave spectroscopic images out")
    return bool(grid)


def _rda(line: ImportLine, folder: Path, problems: Problems) -> ImportLine | None:
    content = read_content(Path(line.files[0]))
    end = content.find(_RDA_END)
    if end < 0:
        rule = "an RDA file begins with text that ends with '>>> End of header <<<'"
        found = f"begins with {content[:24]!r}"
        problems.add(line.where, rule, found, "check that the format is rda, and that the file was copied whole")
        return None
    header = content[:end]
    if _is_grid(line, header, rb"CSIMatrixSize\[\d\]", problems):
        return None
    added = []
    for key, (_, name) in _TIMES.items():
        if re.search(rf"^{name}:".encode(), header, re.M):
            continue
        if key in line.sidecar or name == "TM":  # without a mixing time there is none
            added.append(f"{name}: {1e3 * line.sidecar.get(key, 0.0):.10g}\r\n")
        else:
            remedy = f"give {_COLUMNS[key]} in this table, from the protocol"
            problems.add(line.where, f"the line {name} of the header was looked for", f"no line {name}", remedy)
    if not re.search(rb"^TI:", header, re.M):
        added.append("TI: 0\r\n")
    if any(problem.severity == "error" for problem in problems.found):
        return None
    if not added:
        return line
    copy = folder / "mended.rda"
    write_bytes(copy, header + "".join(added).encode() + content[end:])
    return replace(line, files=(str(copy),))
