"""Recordings of LCModel: .RAW and .H2O, one averaged signal as text, and the control file that tells its clock.

Source: LCModel 6.3 manual, sections 5 and 8: the numbers follow $NMID ... $END as real and imaginary parts; the signal
is in units of TRAMP / VOLUME; the dwell time DELTAT and the frequency HZPPPM stand in the control file. The sense is
the opposite of NIfTI-MRS.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.files.content import read_text
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.records import Acquisition, Fids
from pharmrs.spectra.records.acquisition import NO_PLACE
from pharmrs.spectra.records.import_plan import ImportLine

_LARGEST_BYTES = 1 << 28
_BLOCK = re.compile(r"[$&]\s*(?P<name>SEQPAR|NMID|LCMODL)\b(?P<body>.*?)[$&]\s*END\b|"
                    r"[$&]\s*(?P<name2>SEQPAR|NMID|LCMODL)\b(?P<body2>.*?)\n\s*/\s*\n", re.I | re.S)  # fmt: skip


def read_lcmodel_raw(line: ImportLine, problems: Problems) -> Fids | None:
    """The recording of a .RAW or .H2O file; None with the reasons in `problems`.

    `line`: the control file, where there is one, is its second file. What neither tells comes from the mapping table.
    """
    file = Path(line.files[0])
    text = read_text(file, "latin-1", largest=_LARGEST_BYTES)
    blocks = _blocks(text)
    if "NMID" not in blocks:
        rule = "an LCModel file has $NMID ... $END before its numbers"
        remedy = "check that the file is .RAW or .H2O of LCModel, and whole"
        problems.add(line.where, rule, f"begins with {text[:30]!r}", remedy)
        return None
    control = _blocks(read_text(Path(line.files[1]), "latin-1")).get("LCMODL", "") if len(line.files) > 1 else ""
    general = control + "\n" + blocks.get("SEQPAR", "")
    signal = _signal(text, line, problems)
    scale = (_number(blocks["NMID"], "TRAMP") or 1.0) / (_number(blocks["NMID"], "VOLUME") or 1.0)
    dwell_s = line.clock.get("dwell_time_s") or _number(general, "DELTAT") or _number(general, "DWELLTIME")
    mhz = line.clock.get("frequency_mhz") or _number(general, "HZPPPM")
    te_ms, tr_s = _number(general, "ECHOT"), line.sidecar.get("RepetitionTime")
    te_s = line.sidecar.get("EchoTime") or (te_ms / 1e3 if te_ms else None)
    for value, stated, column in (
        (dwell_s, "DELTAT of the control file", "dwell_time_s"),
        (mhz, "HZPPPM of the control file or $SEQPAR", "frequency_mhz"),
        (te_s, "ECHOT of the control file or $SEQPAR", "echo_time_s"),
        (tr_s, "no file of LCModel", "repetition_time_s"),
    ):
        if value is None:
            remedy = f"give {column} in this table" + (
                ", or the .control as second_file" if len(line.files) < 2 else ""
            )
            problems.add(line.where, f"{column} must be known ({stated} gives it)", "nowhere", remedy)
    if signal is None or dwell_s is None or mhz is None or te_s is None or tr_s is None:
        return None
    acquisition = Acquisition(
        spectrometer_frequency_mhz=mhz,
        dwell_time_s=dwell_s,
        echo_time_s=te_s,
        repetition_time_s=tr_s,
        mixing_time_s=line.sidecar.get("MixingTime"),
        receiver_ppm=_number(general, "PPMCEN") or WATER_PPM.value,
        sequence=_text(general, "SEQ"),
    )
    data = (scale * signal).reshape(-1, 1, 1)
    return Fids(data=data, acquisition=acquisition, affine=NO_PLACE, source=str(file))


def _signal(text: str, line: ImportLine, problems: Problems) -> ComplexArray | None:
    last = list(_BLOCK.finditer(text))[-1]
    try:
        numbers = np.array(re.sub(r"(?<=[0-9.])-", " -", re.sub("[dD]", "E", text[last.end() :])).split(), dtype=float)
    except ValueError as error:
        problems.add(line.where, "after $END only numbers follow", error, "copy the file again")
        return None
    if numbers.size % 2 or numbers.size < 128 or not np.isfinite(numbers).all():
        rule = "must hold 64 points or more, each with real and imaginary part, finite"
        problems.add(line.where, rule, f"{numbers.size} numbers", "copy the file again: it is cut, or not of LCModel")
        return None
    return np.asarray(numbers[0::2] - 1j * numbers[1::2])


def _blocks(text: str) -> dict[str, str]:
    found = ((match["name"] or match["name2"], match["body"] or match["body2"]) for match in _BLOCK.finditer(text))
    return {name.upper(): body for name, body in found}


def _text(body: str, key: str) -> str:
    found = re.search(rf"(?:^|[\s,]){key}\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([^\s,]+))", body, re.I)
    return next((group.strip() for group in found.groups() if group is not None), "") if found else ""


def _number(body: str, key: str) -> float | None:
    try:
        value = float(re.sub("[dD]", "E", _text(body, key)))
    except ValueError:
        return None
    return value if np.isfinite(value) and value > 0 else None
