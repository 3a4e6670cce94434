"""Finished genotypes of another laboratory or program: plain tables, PLINK ped/map, VCF, TaqMan calls.

Each gives, of a sample and a variant, two alleles as they stand there, or a word for none.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.errors import InputProblem
from pharmrs.core.files.content import LARGEST_TEXT_BYTES, read_content
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.sheets import SheetOfText, sheets_of, text_of

_TABLES = (".tsv", ".csv", ".txt", ".xlsx", ".xls")
_WORKBOOKS = (b"PK", b"\xd0\xcf\x11\xe0")
_LOOKED_AT = 100
_NONE = frozenset(
    {"", "n/a", "na", "nan", "-", "--", "0", "0/0", "00", "0 0", "./.", ".", "nn", "n/n", "nc", "no call", "nocall",
     "undetermined", "no amplification", "invalid", "failed", "indeterminate", "missing"}
)  # fmt: skip
_SAMPLE = ("sample", "sample name", "sample id", "subject", "participant", "participant id", "id", "iid", "name")
_VARIANT = ("marker", "snp", "snp id", "rs", "rsid", "variant", "assay", "snp assay name", "assay name", "target name")
_CALL = ("genotype", "call", "result", "allele call")
_TASK = ("task", "role", "sample type")
_BESIDE = frozenset({"ntc", "negative control", "blank", "no template control"})
_PAIR = re.compile(r"\s*([^/|\s]+)\s*[/|\s]\s*([^/|\s]+)\s*")
_ZYGOSITY = re.compile(r"(?:homozygous|heterozygous|hom|het)\.?\s+(.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedCall:
    """Two alleles of one variant in one sample, as they stand in the file; without `alleles` `word` says why."""

    sample: str
    variant: str
    alleles: tuple[str, ...]
    word: str
    source: str


def is_finished(path: Path) -> bool:
    """Whether a file holds finished genotypes: its ending (.vcf, .ped) or its name (`genotypes`, `taqman`) says so."""
    name = path.name.lower()
    if name.endswith((".vcf", ".vcf.gz", ".ped")):
        return True
    return path.suffix.lower() in _TABLES and any(word in name for word in ("genotypes", "taqman", "quantstudio"))


def finished_files(place: Path) -> list[Path]:
    """Those of a folder, in the order of their names; a file stands for itself."""
    if place.is_dir():
        return sorted(path for path in place.iterdir() if is_finished(path) and not path.name.startswith("."))
    return [place] if is_finished(place) else []


def read_finished(path: Path, problems: Problems) -> list[FinishedCall]:
    """All calls of a file; what is wrong goes to `problems`."""
    name = path.name.lower()
    reader: Callable[[Path, Problems], list[FinishedCall]] = (
        _vcf if ".vcf" in name else _ped if name.endswith(".ped") else _table
    )
    calls = reader(path, problems)
    seen: dict[tuple[str, str], FinishedCall] = {}
    for one in calls:
        before = seen.setdefault((one.sample, one.variant), one)
        if before.alleles and one.alleles and sorted(before.alleles) != sorted(one.alleles):
            value = f"{'/'.join(before.alleles)} in {before.source}, {'/'.join(one.alleles)} in {one.source}"
            problems.add(f"{one.sample}, {one.variant}", "duplicates must agree", value, "repeat the sample")
        if not before.alleles:
            seen[one.sample, one.variant] = one
    return list(seen.values())


def alleles_in(text: str) -> tuple[str, ...]:
    """The two alleles of `A/G`, `A|G`, `A G`, `AG`, `Heterozygous A/G`, `e3e4`; empty where there is no call."""
    word = text.strip()
    if match := _ZYGOSITY.fullmatch(word):
        word = match[1]
    if word.lower() in _NONE:
        return ()
    if match := _PAIR.fullmatch(word):
        return () if {match[1], match[2]} & {"0", ".", "?", "N"} else (match[1], match[2])
    half = len(word) // 2
    if len(word) % 2 == 0 and (len(word) == 2 or word[:1].lower() == word[half : half + 1].lower()):
        return word[:half], word[half:]
    return (word,)


def _text(path: Path, problems: Problems) -> list[str]:
    try:
        content = read_content(path, LARGEST_TEXT_BYTES)
        if content.startswith(b"\x1f\x8b"):
            import gzip

            content = gzip.decompress(content)
        return content.decode("utf-8-sig").splitlines()
    except (OSError, EOFError, UnicodeDecodeError) as error:
        problems.add("file", "must be readable text", error, "export the genotypes again")
        return []


def _vcf(path: Path, problems: Problems) -> list[FinishedCall]:
    """GT of every sample; records that their FILTER rejects give no call."""
    samples: list[str] = []
    calls = []
    for number, line in enumerate(_text(path, problems), 1):
        if line.startswith("##") or not line.strip():
            continue
        cells = line.split("\t")
        if line.startswith("#"):
            samples = cells[9:]
            continue
        if len(cells) != 9 + len(samples) or "GT" not in cells[8].split(":"):
            problems.add(f"line {number}", "must hold a genotype (GT) of every sample", line[:60], "export it again")
            continue
        bases, at = [cells[3], *cells[4].split(",")], cells[8].split(":").index("GT")
        passed = cells[6] in ("PASS", ".", "")
        for sample, cell in zip(samples, cells[9:], strict=True):
            places = re.split(r"[/|]", cell.split(":")[at])
            known = passed and len(places) == 2 and all(one.isdigit() and int(one) < len(bases) for one in places)
            alleles = tuple(bases[int(one)] for one in places) if known else ()
            word = "" if known else cell.split(":")[at] if passed else f"filter {cells[6]}"
            source = f"{path.name} line {number}"
            calls.append(FinishedCall(sample=sample, variant=cells[2], alleles=alleles, word=word, source=source))
    if not samples:
        problems.add("file", "must hold a header line (#CHROM) with samples", "none", "export the VCF again")
    return calls


def _ped(path: Path, problems: Problems) -> list[FinishedCall]:
    """PLINK's text pair; the .map beside it names the variants."""
    beside = path.with_suffix(".map")
    if not beside.is_file():
        problems.add("file", "needs its .map beside it", "missing", f"put {beside.name} there")
        return []
    variants = [cells[1] for line in _text(beside, problems) if len(cells := line.split()) >= 3]
    calls = []
    for number, line in enumerate(_text(path, problems), 1):
        cells = line.split()
        if not cells or cells[0].startswith("#"):
            continue
        if len(cells) != 6 + 2 * len(variants):
            rule = f"must hold 6 columns and two alleles for each of the {len(variants)} variants of {beside.name}"
            problems.add(f"line {number}", rule, f"{len(cells)} columns", "export ped and map together")
            continue
        for place, variant in enumerate(variants):
            pair = tuple(cells[6 + 2 * place : 8 + 2 * place])
            known = not set(pair) & {"0", "-9", ".", "N"}
            source = f"{path.name} line {number}"
            calls.append(
                FinishedCall(
                    sample=cells[1], variant=variant, alleles=pair if known else (), word="/".join(pair), source=source
                )
            )
    return calls


def _table(path: Path, problems: Problems) -> list[FinishedCall]:
    """A row per sample and variant, or per sample with a column for each variant; anything may stand above it."""
    for sheet in _sheets(path, problems):
        for row in range(min(len(sheet.rows), _LOOKED_AT)):
            heads = [re.sub(r"[\s_]+", " ", cell).strip().lower() for cell in sheet.rows[row]]
            place = _place(heads, _SAMPLE)
            if place is None:
                continue
            variant, call = _place(heads, _VARIANT), _place(heads, _CALL)
            if variant is not None and call is not None:
                return _long(path, sheet, row, (place, variant, call, _place(heads, _TASK)))
            if variant is None and call is None and len([head for head in heads if head]) > 1:
                return _wide(path, sheet, row, place)
    rule = "must have the columns sample, marker and genotype, or sample and one column for each marker"
    problems.add("header", rule, "not found", "name the columns so, see docs/genotype.md")
    return []


def _sheets(path: Path, problems: Problems) -> Sequence[SheetOfText]:
    """The sheets of a workbook, or a text whose cells are separated by what most of its lines hold."""
    try:
        content = read_content(path, LARGEST_TEXT_BYTES)
    except OSError as error:
        problems.add("file", "must be readable", error.strerror or error, "check the path and the permissions")
        return ()
    if content.startswith(_WORKBOOKS):
        return sheets_of(content, problems)
    lines = (text_of(content, problems) or "").splitlines()
    mark = max("\t;,", key=lambda one: sum(one in line for line in lines))
    return (SheetOfText("", tuple(tuple(row) for row in csv.reader(lines, delimiter=mark))),)


def _place(heads: Sequence[str], names: Sequence[str]) -> int | None:
    return next((heads.index(name) for name in names if name in heads), None)


def _long(path: Path, sheet: SheetOfText, row: int, places: tuple[int, int, int, int | None]) -> list[FinishedCall]:
    calls = []
    for number in range(row + 1, len(sheet.rows)):
        cells = [*sheet.rows[number], *[""] * 99]
        sample, variant, call = (cells[place].strip() for place in places[:3])
        task = cells[places[3]].strip().lower() if places[3] is not None else ""
        if sample and variant and task not in _BESIDE and sample.lower() not in _BESIDE:
            calls.append(_called(path, number, sample, variant, call))
    return calls


def _wide(path: Path, sheet: SheetOfText, row: int, place: int) -> list[FinishedCall]:
    variants = {at: cell.strip() for at, cell in enumerate(sheet.rows[row]) if cell.strip() and at != place}
    calls = []
    for number in range(row + 1, len(sheet.rows)):
        cells = [*sheet.rows[number], *[""] * 99]
        if sample := cells[place].strip():
            calls += [_called(path, number, sample, variant, cells[at]) for at, variant in variants.items()]
    return calls


def _called(path: Path, number: int, sample: str, variant: str, text: str) -> FinishedCall:
    return FinishedCall(
        sample=sample, variant=variant, alleles=alleles_in(text), word=text.strip(),
        source=f"{path.name} line {number + 1}",
    )  # fmt: skip


def read_all_finished(place: Path) -> tuple[list[FinishedCall], list[InputProblem]]:
    """The calls of every file of finished genotypes at `place`, and what is wrong with the files."""
    calls: list[FinishedCall] = []
    found: list[InputProblem] = []
    for path in finished_files(place):
        problems = Problems(str(path))
        calls += read_finished(path, problems)
        found += problems.found
    return calls, found
