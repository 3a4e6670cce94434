"""What names of files and protocols tell of a recording: whose, when, water, sequence, editing, inversion, region.

Words as laboratories write them; a guess that a person looks through.
"""

from __future__ import annotations

import re
from pathlib import PurePath

_WATER = re.compile(
    r"(?<![a-z])(?:ref|mrsref|w|ws?ref|water|h2o|wref|nws|nows|unsup\w*|nosupp?\w*|wu|wunsup\w*)(?![a-z])|\.h2o$", re.I
)
# water suppression that was off: before the words that tell it was on
_NOT_SUPPRESSED = re.compile(
    r"(?<![a-z])(?:no|without|wo|non|un)[-_ ]?(?:ws|wsat|water[-_ ]?s(?:at|up)\w*|sat\w*|sup\w*)(?![a-z])|"
    r"(?<![a-z])(?:ws|wsat|watsat|sup\w*)[-_ ]?off(?![a-z])", re.I,
)  # fmt: skip
_SUPPRESSED = re.compile(r"(?<![a-z])(?:ws|act|metab\w*|wsat|supp\w*)(?![a-z])|_svs\.nii", re.I)
_SEQUENCES = (
    ("slaser", r"s-?laser|semi-?laser"), ("steam", r"steam|svs_st"), ("special", r"(?<![a-z])special(?![a-z])"),
    ("press", r"press|svs_se|probe-?p"),
)  # fmt: skip
_EDITING = (("hercules", r"hercules"), ("hermes", r"hermes"), ("mega", r"mega(?![-_ ]?(?:hz|bit|byte))|svs_edit"))
_INVERTED = re.compile(
    r"(?<![a-z])(?:inv|invert\w*|inversion)(?![a-z])|metab\w*[-_ ]?null\w*|(?<![a-z])null(?:ed|ing)?(?![a-z])|"
    r"(?<![a-z])ti[-_ =]?\d{3,4}(?!\d)|macromol\w*|(?<![a-z0-9])(?<![0-9][-_ x])mm(?![a-z0-9])", re.I,
)  # fmt: skip
_REGIONS = (
    "pgACC", "dACC", "rACC", "sgACC", "ACC", "PCC", "MCC", "DLPFC", "vmPFC", "mPFC", "PFC", "OFC", "OCC", "occipital",
    "hippocampus", "hipp", "thalamus", "putamen", "caudate", "striatum", "NAcc", "cerebellum", "insula", "amygdala",
    "precuneus", "motor", "M1", "SMA", "S1", "V1", "pons", "brainstem", "parietal", "temporal",
)  # fmt: skip
_SIDES = re.compile(r"(?<![a-z])(left|right|[lr])[-_ ]?$", re.I)
_ENTITY = re.compile(r"_acq-([A-Za-z0-9]+)(?=_)")


def is_water(where: PurePath, protocol: str) -> bool:
    """By the name of the file, else of its protocol, else of its folder. `protocol`: what the header calls it."""
    folder = where.parent.name
    for text in (where.name, protocol, folder):
        if _NOT_SUPPRESSED.search(text):
            return True
        if _SUPPRESSED.search(text) and not _WATER.search(_SUPPRESSED.sub(" ", text)):
            return False
        if _WATER.search(text):
            return not _SUPPRESSED.search(where.name)
    return False


def acquisition_of(text: str, *, inverted: bool) -> str:
    """The entity `acq` of a BIDS name; else sequence with its editing, region, and `inv` where the magnetisation was
    inverted; empty: nothing tells.
    """
    if labelled := _ENTITY.search(text):
        return labelled[1]
    sequence = next((kind for kind, pattern in _SEQUENCES if re.search(pattern, text, re.I)), "")
    editing = next((kind for kind, pattern in _EDITING if re.search(pattern, text, re.I)), "")
    return f"{editing}{sequence}{_region(text)}" + ("inv" if inverted or is_inverted(text) else "")


def is_inverted(text: str) -> bool:
    """Whether metabolites or all were inverted, to see macromolecules alone."""
    return _INVERTED.search(text) is not None


def _region(text: str) -> str:
    for name in _REGIONS:
        found = re.search(rf"(?<![a-z]){name}(?![a-z])|(?<![a-z])[lr](?={name}(?![a-z]))", text, re.I)
        found = re.search(rf"(?<![a-z])([lr]?){name}(?![a-z0-9])", text, re.I) if found else None
        if found is not None:
            before = _SIDES.search(text[: found.start()])
            side = found[1] or (before[1] if before is not None else "")
            return f"{side[:1].lower()}{name}"
    return ""


def who_and_when(where: PurePath) -> tuple[str, str]:
    """Subject and session: `sub-01` and `ses-1` anywhere in the path, else its folders, else the number in the name."""
    text = where.as_posix()
    subject = re.search(r"(?<![a-z])(?:subject|subj|sub|patient|vol)[-_]?([A-Za-z0-9]+)", text, re.I)
    session = re.search(r"(?<![a-z])(?:session|sess|ses|visit)[-_]?([A-Za-z0-9]+)", text, re.I)
    folders = [re.sub(r"[^A-Za-z0-9]", "", part) for part in where.parts[:-1]]
    digits = re.search(r"\d+", where.name)
    whose = subject[1] if subject else folders[0] if folders else digits[0] if digits else "01"
    when = session[1] if session else folders[1] if not subject and len(folders) > 1 else ""
    return whose or "01", when
