"""The decisions of raters on disk: one tab-separated file per rater, only ever added to.

A decision is given back as saved only after the operating system has put its whole line on the disk (fsync), so that a
killed browser or server loses none. A line cut short by a crash was never confirmed; it is taken off at the next start.
How many were confirmed, and the seal of the last, stands in a file beside: lines gone from the end are noticed too.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import re
from dataclasses import fields
from pathlib import Path

from pharmrs.core.characters import shown_as_text, without_hidden
from pharmrs.core.errors import InputError
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.content import read_content
from pharmrs.core.files.owned import open_written
from pharmrs.core.read.numbers import whole_number
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, parse_text_table
from pharmrs.spectra.review.records import VERDICTS, WITHDRAWN, Decision

_FIELDS = tuple(field.name for field in fields(Decision))
SEAL = "seal"
COLUMNS = (*_FIELDS, SEAL)
_SEAL_DIGITS = 16
_LATER = ("showing", SEAL)  # columns that logs of earlier versions lack
_DIGITS = 32  # of the SHA-256 of a recording
_REMEDY = "restore the log from a backup; it is never edited by hand"
_PATTERN = "rater-*_decisions.tsv"
_CONFIRMED = re.compile(r"(\d+)\t([0-9a-f]{16})\n")
_DESCRIPTIONS = {
    "rater": "Label of the rater.",
    "scan": "Name of the scan that was judged; the rater did not see it.",
    "decision": "accept, reject, unsure, or withdrawn (the decision before it of the same scan was undone).",
    "reason": "Why, in the words of the rater or of the list that was offered.",
    "position": "Place of the scan in the random order of this rater, from 1.",
    "seed": "Seed of that order.",
    "recording": "First 32 digits of the SHA-256 of the metabolite recording that was shown.",
    "decided_at": "When the decision was made (UTC).",
    "showing": "1, or 2 where the scan was shown a second time to see how well the rater agrees with themselves.",
    SEAL: "First 16 digits of the SHA-256 of the seal before and this line: shows a line changed, lost or put in.",
}


def log_file(folder: Path, rater: str) -> Path:
    """Where the decisions of `rater` are kept."""
    return folder / f"rater-{rater}_decisions.tsv"


def log_files(folder: Path) -> list[Path]:
    """The logs of all raters, in the order of their names."""
    return sorted(folder.glob(_PATTERN))


def read_decisions(folder: Path) -> list[Decision]:
    """All decisions of all raters in the order of each log. Raises InputError with every mistake in every log."""
    found = []
    decisions: list[Decision] = []
    for path in log_files(folder):
        problems = Problems(str(path))
        decisions += _read(path, problems)
        found += problems.found
    if found:
        raise InputError(found)
    return decisions


def _read(path: Path, problems: Problems) -> list[Decision]:
    try:
        content = read_content(path)
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, _REMEDY)
        return []
    whole = content[: content.rfind(b"\n") + 1]  # a line cut short by a crash was never confirmed to the rater
    try:
        text = whole.decode("utf-8")
        if whole:
            _check_end(path, text, problems)
        if whole.count(b"\n") < 2:
            return []  # opened, but nothing decided yet
        _check_seals(text, problems)
        rows = parse_text_table(
            without_hidden(text),
            problems,
            tuple(name for name in COLUMNS if name not in _LATER),
            _LATER,
        )
    except UnicodeDecodeError:
        problems.add("file", "must be UTF-8 text", "other bytes", _REMEDY)
        return []
    made = [_decision(row, path, problems) for row in rows]
    return [one for one in made if one is not None]


def confirmed_file(log: Path) -> Path:
    """Beside a log: how many decisions were confirmed to the rater, and the seal of the last of them."""
    return log.with_name(log.name.replace("_decisions.tsv", "_confirmed.txt"))


def _check_end(path: Path, text: str, problems: Problems) -> None:
    """Every decision that was confirmed is there. A crash between both writes leaves one more than is confirmed."""
    try:
        kept = _CONFIRMED.fullmatch(confirmed_file(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError):
        kept = None
    head, *lines = text.removesuffix("\n").split("\n")
    if kept is None or not head.endswith(f"\t{SEAL}"):
        return  # of an earlier version, or lost: the lines themselves are still sealed
    count, seal = int(kept[1]), kept[2]
    if len(lines) < count:
        rule, found = "must hold every decision that was confirmed", f"{len(lines)} of {count}"
        problems.add("file", rule, found, _REMEDY)
    elif not lines[count - 1].endswith(f"\t{seal}"):
        problems.add(f"line {count + 1}: {SEAL}", "must be that of the decision that was confirmed", "another", _REMEDY)


def _check_seals(text: str, problems: Problems) -> str:
    """The last seal; the first line that is not as it was written, or does not follow the one before, is a problem."""
    head, *lines = text.removesuffix("\n").split("\n")
    before, right = "", True
    for number, line in enumerate(lines if head.endswith(f"\t{SEAL}") else (), start=2):
        content, _, seal = line.rpartition("\t")
        if right and seal != _seal(before, content):
            rule = "must be as it was written, after the line before it"
            problems.add(f"line {number}: {SEAL}", rule, f"{seal} does not fit", _REMEDY)
            right = False
        before = seal
    return before


def _seal(before: str, content: str) -> str:
    return hashlib.sha256(f"{before}\t{content}".encode("utf-8", "surrogatepass")).hexdigest()[:_SEAL_DIGITS]


def _decision(row: TextRow, path: Path, problems: Problems) -> Decision | None:
    before = len(problems.found)
    rater, decision = row.text("rater"), row.text("decision")
    if log_file(path.parent, rater) != path:
        problems.add(f"{row.where}: rater", f"must be the rater of {path.name}", rater, _REMEDY)
    if decision not in (*VERDICTS, WITHDRAWN):
        rule = f"must be one of {', '.join((*VERDICTS, WITHDRAWN))}"
        problems.add(f"{row.where}: decision", rule, decision, _REMEDY)
    numbers = {}
    for name in ("position", "seed", "showing"):
        value = 1 if name in _LATER and not row.text(name) else whole_number(row.text(name))
        if value is None:
            problems.add(f"{row.where}: {name}", "must be a whole number", row.text(name), _REMEDY)
        else:
            numbers[name] = value
    if len(problems.found) > before:
        return None
    texts = {name: row.text(name) for name in _FIELDS if name not in numbers}
    return Decision(**texts, **numbers)  # type: ignore[arg-type]


def recording_digest(path: str | Path) -> str:
    """What tells whether a decision was made on the recording that is there now."""
    with Path(path).open("rb") as stream:
        return digest_of(hashlib.file_digest(stream, "sha256").hexdigest())


def digest_of(sha256: str) -> str:
    """The same from the SHA-256 of a recording."""
    return sha256[:_DIGITS]


class DecisionLog:
    """The open log of one rater; nobody else can open it meanwhile. Use as a context manager."""

    def __init__(self, folder: Path, rater: str) -> None:
        """Open or create the log. Raises InputError when another server of the same rater has it open."""
        self.path = log_file(folder, rater)
        self._file = open_written(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, continued=True)
        self._whole_until: int | None = None  # bytes; set while half a line that could not be taken off stands after
        try:
            self._lock()
            self._take_off_cut_line()
            if os.fstat(self._file).st_size == 0:
                _describe(self.path)  # first: a log with its header is never without it
                self._write("\t".join(COLUMNS) + "\n")
                _sync_folder(folder)
            problems = Problems(str(self.path))
            self.decisions = _read(self.path, problems)
            problems.raise_errors()
            text = self.path.read_text(encoding="utf-8")
            self._columns = tuple(text.partition("\n")[0].split("\t"))
            self._sealed = _check_seals(text, problems)
            self._confirm()  # the page shows what is there, also a decision that a crash kept from being confirmed
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> DecisionLog:
        return self

    def __exit__(self, *_unused: object) -> None:
        os.close(self._file)

    @property
    def takes_repeats(self) -> bool:
        """Whether it can tell a second showing: a log begun by an earlier version cannot."""
        return "showing" in self._columns

    def add(self, decision: Decision) -> None:
        """Add one decision; it is on the disk when this returns."""
        line = "\t".join(_cell(getattr(decision, name)) for name in self._columns if name != SEAL)
        seal = _seal(self._sealed, line)
        self._write(f"{line}\t{seal}\n" if SEAL in self._columns else f"{line}\n")
        self._sealed = seal
        self.decisions.append(decision)
        self._confirm()

    def _confirm(self) -> None:
        """Keep beside the log how many decisions the rater was shown as saved."""
        path, text = confirmed_file(self.path), f"{len(self.decisions)}\t{self._sealed}\n"
        if SEAL in self._columns and self.decisions:
            with contextlib.suppress(OSError):  # the decisions are saved; the next one writes this again
                if not path.is_file() or path.read_text(encoding="utf-8", errors="replace") != text:
                    write_text(path, text)

    def _write(self, line: str) -> None:
        content = line.encode("utf-8")
        try:
            self._take_off_half_line()
            self._whole_until = os.fstat(self._file).st_size
            written = os.write(self._file, content)
            if written != len(content):
                raise OSError(errno.ENOSPC, f"only {written} of {len(content)} bytes could be written")
            os.fsync(self._file)
            self._whole_until = None
        except OSError as error:
            with contextlib.suppress(OSError):  # of a failing disk: tried again before the next line
                self._take_off_half_line()
            raise _named(error, self.path) from error

    def _take_off_half_line(self) -> None:
        """Half a line, or one that was not confirmed, must not stand before the next one."""
        if self._whole_until is not None:
            os.ftruncate(self._file, self._whole_until)
            self._whole_until = None

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            problems = Problems(str(self.path))
            remedy = "close the other one, or choose another --rater"
            problems.add("log", "may be open in one review at a time", "open in another one", remedy)
            raise InputError(problems.found) from None

    def _take_off_cut_line(self) -> None:
        content = self.path.read_bytes()
        if content and not content.endswith(b"\n"):
            os.ftruncate(self._file, content.rfind(b"\n") + 1)
            os.fsync(self._file)


def _cell(value: object) -> str:
    return shown_as_text(re.sub(r"[\s\x00-\x1f]+", " ", str(value)).strip()) or "n/a"


def _describe(path: Path) -> None:
    entries = {name: {"Description": _DESCRIPTIONS[name]} for name in COLUMNS}
    write_text(path.with_suffix(".json"), json.dumps(entries, indent=2) + "\n")


def _named(error: OSError, path: Path) -> OSError:
    """The same kind of error, which names the file."""
    return OSError(error.errno or errno.EIO, error.strerror or str(error), str(path))


def _sync_folder(folder: Path) -> None:
    """A new file survives a crash only when its folder is on the disk, too."""
    place = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(place)
    finally:
        os.close(place)
