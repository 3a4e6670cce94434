"""Dates as plate readers write them, where they can be told without a guess."""

from __future__ import annotations

import re
from datetime import datetime

_FORMATS = (
    ("%m/%d/%Y %I:%M:%S %p", r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d\d:\d\d [AP]M"),  # only American clocks say AM and PM
    ("%d.%m.%Y %H:%M:%S", r"\d{1,2}\.\d{1,2}\.\d{4} \d{1,2}:\d\d:\d\d"),
    ("%Y-%m-%d %H:%M:%S", r"\d{4}-\d\d-\d\d \d{1,2}:\d\d:\d\d"),
    ("%Y-%m-%d %I:%M:%S %p", r"\d{4}-\d\d-\d\d \d{1,2}:\d\d:\d\d [AP]M"),
)


def iso_date(text: str) -> str:
    """`2022-01-31T10:00:00`, or empty where day and month cannot be told apart (31/01/2022 has no AM or PM)."""
    tidy = re.sub(r"T00:00:00(?= )", "", " ".join(text.split())).replace("T", " ").upper()
    for form, pattern in _FORMATS:
        if re.fullmatch(pattern, tidy):
            try:
                return datetime.strptime(tidy, form).isoformat()
            except ValueError:
                return ""
    return ""
