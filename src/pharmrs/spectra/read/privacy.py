"""Which header keys may identify a person, so that they are reported and never copied.

Sources: the `anon` fields of the NIfTI-MRS standard 0.11 and the DICOM PS3.15 table E.1-1 keywords that converters
are known to copy.
"""

from __future__ import annotations

import re
from typing import Any

_IDENTIFYING = frozenset(
    {
        "AccessionNumber",
        "DeviceSerialNumber",
        "OperatorsName",
        "OriginalFile",
        "OtherPatientIDs",
        "OtherPatientNames",
        "PerformingPhysicianName",
        "ReferringPhysicianName",
        "RequestingPhysician",
        "StudyID",
    }
)
# sex, weight, age and position alone name nobody and are wanted in reports; every other Patient* key is refused
_HARMLESS_PATIENT_KEYS = frozenset({"PatientSex", "PatientWeight", "PatientPosition", "PatientAge", "PatientSize"})


def identifying_keys(header: dict[str, Any]) -> tuple[str, ...]:
    """Keys of `header` with a value that may identify a person, in the order of the header."""
    return tuple(key for key, value in header.items() if _identifies(key) and value not in (None, "", [], {}))


def without_identity(header: dict[str, Any]) -> dict[str, Any]:
    """`header` without its identifying keys."""
    return {key: value for key, value in header.items() if not _identifies(key)}


def _identifies(key: str) -> bool:
    if key in _IDENTIFYING or re.search(r"Birth|DoB", key):
        return True
    return key.startswith("Patient") and key not in _HARMLESS_PATIENT_KEYS
