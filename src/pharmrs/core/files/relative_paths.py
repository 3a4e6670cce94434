"""Paths in outputs are relative to the dataset, so that they hold, and are the same bytes, wherever it is copied."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from pathlib import Path

from pharmrs.core.errors import InputProblem


def relative_to(root: Path, problem: InputProblem) -> InputProblem:
    """`problem` with every path below `root`, in whichever of its texts, relative to it; `root` itself is `.`."""
    prefix = re.compile(rf"(?<![\w./-]){re.escape(root.as_posix())}/")
    texts = {field.name: prefix.sub("", getattr(problem, field.name)) for field in fields(problem)}
    if problem.file == str(root):
        texts["file"] = "."
    return replace(problem, **texts)
