"""Ways to damage a file: bytes, text, cells, keys and values; bombs; and what may stand in place of a file.

Everything is drawn from a seed, so that a case can be repeated by its name.
"""

from __future__ import annotations

import copy
import gzip
import io
import json
import os
import re
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pharmrs.core.files.seal import opened, sealed

Content = Iterator[tuple[str, bytes | Callable[[], bytes]]]  # bombs are made only when they are needed

MEBIBYTE = 1 << 20
HOSTILE_TEXTS = (
    "", " ", "0", "-0", "-1", "1e308", "-1e308", "1e400", "1e-320", "9" * 400, "9" * 5000, "1e999999999", "0x10", "NaN",
    "-inf", "²", "٣", "1_000", "1,5", "True", "null", "n/a", "N/A", "../../../escaped", "sub-../../escaped",
    "/etc/passwd", "a/b", "a\\b", ".", "..", "~", "C:\\x", "<script>alert(1)</script>",
        "\"'><img src=x onerror=alert(1)>",
    "{{ 7*7 }}{% for %}", "=cmd|' /C calc'!A0", "__import__('os').system('touch escaped')", "I(__import__('os'))",
    "`x`", "$\\frac{$", "a\0b", "\x07", "\x1b[2J", "\u202eabc", "\u2028", "\U0001f600", "e\u0301" * 50, "x" * 5000,
    "x" * 200_000, "sub-01", "sub-01_ses-1", "-rf", "--output=/tmp", "%s%n%x", "1:2:3", "24:00", "23:59:60", "*", "[",
        "**",
)  # fmt: skip
HOSTILE_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**400, 1e308, -1e308, float("inf"), float("nan"), 1e-320, [], {}, [[]], [None],
        {"": {}},
    [1, 2, 3], {"Value": []}, {"Value": {"Value": 1}}, "\ud800", "a\0b", "../../escaped", "<script>alert(1)</script>",
    "1e400", "9" * 5000, "x" * 50_000, [[1], [1, 2]], "1H", ["1H", "31P"], 2**63, -(2**63) - 1,
)  # fmt: skip


def damaged_bytes(content: bytes, random: np.random.Generator, flips: int = 8) -> Content:
    """Any file: nothing, cut short, single bytes and bits changed, blocks zeroed, repeated or moved."""
    yield "empty", b""
    for share in (0.02, 0.3, 0.9, 0.999):
        yield f"cut at {share}", content[: int(len(content) * share)]
    for number in range(flips):
        changed = bytearray(content)
        for place in random.integers(0, len(content), size=4 ** (number % 4)):
            changed[place] ^= 1 << int(random.integers(0, 8))
        yield f"flips {number}", bytes(changed)
    start, stop = sorted(int(place) for place in random.integers(0, len(content), size=2))
    yield "zeroed block", content[:start] + bytes(stop - start) + content[stop:]
    yield "lost block", content[:start] + content[stop:]
    yield "twice", content + content
    yield "random", random.bytes(2000)
    yield "zeros", bytes(2000)
    yield "preceded", b"\xff\xfe" + content
    yield "gzipped twice", gzip.compress(gzip.compress(content, mtime=0), mtime=0)
    yield "a zip", zipped({"a.txt": content})


def damaged_binary(content: bytes, random: np.random.Generator) -> Content:
    """Files without a text form: more places changed."""
    yield from damaged_bytes(content, random, flips=40)


def damaged_text(content: bytes, random: np.random.Generator) -> Content:
    """Text files: other encodings, line ends, control characters, very long lines."""
    text = content.decode()
    yield "utf-16", text.encode("utf-16")
    yield "latin-1", text.encode("latin-1", "replace") + b"\xe9\xb0"
    yield "byte order mark", b"\xef\xbb\xbf" + content
    yield "carriage returns", text.replace("\n", "\r").encode()
    yield "mixed line ends", text.replace("\n", "\r\r\n").encode()
    yield "quotes", text.replace("\t", '\t"').replace(" ", ' "').encode()
    yield "many line ends", content[: len(content) // 2] + b"\n" * 300_000 + content[len(content) // 2 :]
    yield "line ends before", b"\n" * 300_000 + content
    yield "many blanks", content[: len(content) // 2] + b" " * 300_000 + content[len(content) // 2 :]
    yield "first line without end", text.splitlines()[0].encode() * 20_000
    yield "beginnings without end", content + b" $BASIS\n$NMUSED" * 50_000
    yield "one long line", content + b"x" * 300_000
    yield "unicode", text.translate({ord("a"): "\u0430", ord("0"): "\u0660", ord("s"): "\u017f"}).encode()
    for mark in ("\0", "\x0b", "\x1c", "\u2028", "\x85"):
        place = int(random.integers(0, len(text)))
        yield f"{mark!r} inside", (text[:place] + mark + text[place:]).encode()


def damaged_table(content: bytes, random: np.random.Generator) -> Content:
    """Tables: a hostile text in a cell of every column, columns lost, doubled and renamed, lines doubled and ragged."""
    text = content.decode()
    mark = "\t" if "\t" in text else ","
    rows = [line.split(mark) for line in text.splitlines()]
    for number, hostile in enumerate(HOSTILE_TEXTS):
        column = number % len(rows[0])
        changed = copy.deepcopy(rows)
        changed[1 + int(random.integers(0, len(rows) - 1))][column] = hostile
        yield f"{hostile[:20]!r} in {rows[0][column]}", joined(changed, mark)
    for column, name in enumerate(rows[0]):
        hostile = HOSTILE_TEXTS[int(random.integers(0, len(HOSTILE_TEXTS)))]
        yield (
            f"{hostile[:20]!r} all over {name}",
            joined([rows[0], *([*r[:column], hostile, *r[column + 1 :]] for r in rows[1:])], mark),
        )
        yield f"without {name}", joined([[*row[:column], *row[column + 1 :]] for row in rows], mark)
        yield f"{name} twice", joined([[*row, row[column]] for row in rows], mark)
    yield "header only", joined(rows[:1], mark)
    yield "no header", joined(rows[1:], mark)
    yield "every line twice", joined([rows[0], *rows[1:], *rows[1:]], mark)
    yield "ragged", joined([row[: 1 + number % len(row)] for number, row in enumerate(rows)], mark)
    yield "many columns", joined([[*row, *(f"c{i}" for i in range(3000))] for row in rows], mark)
    yield "many lines", joined([rows[0], *(rows[1:] * 3000)][:20_000], mark)
    yield "shuffled", joined([list(random.permutation(row)) for row in rows], mark)


def joined(rows: list[list[str]], mark: str) -> bytes:
    return ("\n".join(mark.join(row) for row in rows) + "\n").encode("utf-8", "surrogatepass")


def damaged_json(content: bytes, random: np.random.Generator, values: int = len(HOSTILE_VALUES)) -> Content:
    """JSON: a hostile value in place of every kind of value, keys lost, doubled, renamed; nesting; sealed anew."""
    if not content.lstrip().startswith((b"{", b"[")):  # sealed: what is inside is damaged, behind a seal that is right
        for what, damaged in damaged_json(opened(content.decode()).encode(), random, values):
            yield what, sealed(damaged.decode("utf-8", "surrogatepass")).encode("utf-8", "surrogatepass")
        return
    whole = json.loads(content)
    places = list(places_in(whole))
    for number in range(values):
        value = HOSTILE_VALUES[number % len(HOSTILE_VALUES)]
        place = places[number % len(places)] if number < len(places) else places[int(random.integers(0, len(places)))]
        yield f"{value!r:.20} at {place}"[:80], json.dumps(replaced(whole, place, value)).encode()
    first = next(iter(whole)) if isinstance(whole, dict) else "a"
    text = content.decode()
    yield "a key twice", text.replace("{", "{" + json.dumps(first) + ": 1, ", 1).encode()
    yield "huge whole number", re.sub(r"\d+(\.\d+)?", "9" * 5000, text, count=1).encode()
    yield "long whole number", re.sub(r"\d+(\.\d+)?", "9" * 400, text, count=1).encode()
    for depth in (200, 900, 3000, 100_000):
        yield f"nested {depth} deep", text.replace("{", '{"deep": ' + "[" * depth + "]" * depth + ", ", 1).encode()
    for other in (b"[]", b"null", b"1", b'"text"', b"{}", b"{'a': 1}", b"NaN"):
        yield f"{other.decode()} instead", other


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value[:3]) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places_in(inner, (*path, key))


def replaced(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(whole)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


def damaged_yaml(content: bytes, random: np.random.Generator) -> Content:
    """YAML: hostile values by key, bombs of aliases and merges, tags that make other loaders run code."""
    import yaml

    whole = yaml.safe_load(content)
    places = list(places_in(whole))
    for number, place in enumerate(places):
        value = HOSTILE_VALUES[number % len(HOSTILE_VALUES)]
        yield f"{value!r:.20} at {place}"[:80], yaml.safe_dump(replaced(whole, place, value)).encode("utf-8", "replace")
        text = HOSTILE_TEXTS[number % len(HOSTILE_TEXTS)]
        dumped = yaml.safe_dump(replaced(whole, place, text), allow_unicode=True)
        yield f"{text[:20]!r} at {place}"[:80], dumped.encode()
    lines = content.decode().splitlines()
    for name, lines_before in BOMBS.items():
        yield f"{name} beside", ("\n".join([*lines_before, *lines]) + "\n").encode()
        last = lines_before[-1].split(":")[0]
        yield (
            f"{name} as a value",
            re.sub(r"(?m)^(\w+):.*$", rf"\1: *{last}", "\n".join([*lines_before, *lines]), count=0).encode(),
        )
        yield (
            f"{name} as title",
            "\n".join([*lines_before, f"title: *{last}", *(one for one in lines if "title:" not in one)]).encode(),
        )
    for tag in ("!!python/object/apply:os.system ['touch escaped']", "!!python/name:os.system", "!!python/tuple [1]",
                "!!binary aGk=", "!!set {a, b}", "!!timestamp 2001-99-99", "!!float 1e400", "0x" + "f" * 20_000,
                    "!!int 1",
                "2001-12-14t21:59:43.10-05:00", "1:1:1:1", "&a [*a]", "*nothing", "\"\\ud800\"", "\"a\\0b\"",
                    "\"\\x07\"",
                "0b" + "1" * 50_000, "? [a]\n  : b", "<<: 1", "{<<: [1, 2]}", "% x", "@", "\t- a", "|",
                    "> a"):  # fmt: skip
        place = int(random.integers(0, len(lines)))
        key = re.match(r"\s*[\w-]+:", lines[place])
        changed = [*lines[:place], f"{key[0] if key else 'title:'} {tag}", *lines[place + 1 :]]
        yield f"{tag[:24]} in line {place}", ("\n".join(changed) + "\n").encode()
    yield "nested lists", b"title: " + b"[" * 3000 + b"]" * 3000
    yield "nested maps", b"title: " + b"{a: " * 2000
    yield "nested blocks", "\n".join(" " * depth + "a:" for depth in range(1500)).encode()
    yield "two documents", content + b"\n---\n" + content
    yield "every key twice", content + b"\n" + content
    yield "a list", b"- 1\n- 2\n"
    yield "odd keys", content + b"\n1: 2\nnull: 3\ntrue: 4\n1.5: 6\n2001-01-01: 5\n"


def _aliases(kind: str) -> list[str]:
    lines = ["bomb0: &bomb0 [x, x, x, x, x, x, x, x, x]" if kind == "list" else "bomb0: &bomb0 {x0: 1, y0: 2}"]
    for level in range(1, 12):
        several = [f"*bomb{level - 1}"] * 9
        body = f"[{', '.join(several)}]"
        if kind == "map":
            body = "{" + ", ".join(f"k{number}: {one}" for number, one in enumerate(several)) + "}"
        if kind == "merge":
            body = "{<<: [" + ", ".join(several) + "]}"
        lines.append(f"bomb{level}: &bomb{level} {body}")
    return lines


BOMBS = {f"{kind} bomb": _aliases(kind) for kind in ("list", "map", "merge")}


def zipped(members: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def gzip_bomb(start: bytes, mebibytes: int) -> bytes:
    """A gzip file of a few kilobytes per gibibyte: `start`, then zeros, in nested members as gzip allows."""
    block = gzip.compress(bytes(64 * MEBIBYTE), mtime=0)
    return gzip.compress(start, mtime=0) + block * (mebibytes // 64)


def damaged_workbook(content: bytes, random: np.random.Generator) -> Content:
    """.xlsx: members lost, cut, hostile; sheets that claim or hold millions of cells; entity and zip bombs."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    sheet = next(name for name in members if name.startswith("xl/worksheets/sheet"))
    body = members[sheet]
    for name in members:
        yield f"without {name}", zipped({key: value for key, value in members.items() if key != name})
        yield f"half of {name}", zipped({**members, name: members[name][: len(members[name]) // 2]})
    entity = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + b"".join(
        b'<!ENTITY %c "%s">' % (98 + level, b"&%c;" % (97 + level) * 10) for level in range(9)
    )
    outside = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><worksheet>&x;</worksheet>'
    row = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    edits = {
        "entities": entity + b"]><worksheet>&j;</worksheet>",
        "outer entity": outside,
        "far cell": body.replace(b"</sheetData>", row),
        "far dimension": re.sub(rb"<dimension[^>]*>", b'<dimension ref="A1:XFD1048576"/>',
            body).replace(b"</sheetData>", row),
        "many rows": body.replace(b"</sheetData>", b"<row><c><v>1</v></c></row>" * 400_000 + b"</sheetData>"),
        "long text": body.replace(b"</sheetData>",
            b'<row><c t="inlineStr"><is><t>' + b"x" * (8 * MEBIBYTE) + b"</t></is></c></row></sheetData>"),
        "control": body.replace(b"</sheetData>",
            b'<row><c t="inlineStr"><is><t>a_x0007_\x07b</t></is></c></row></sheetData>'),
        "huge numbers": re.sub(rb"<v>[^<]*</v>", b"<v>1e308</v>", body),
        "no numbers": re.sub(rb"<v>[^<]*</v>", b"<v>abc</v>", body),
        "infinite": re.sub(rb"<v>[^<]*</v>", b"<v>1e999</v>", body),
        "long digits": re.sub(rb"<v>[^<]*</v>", b"<v>" + b"9" * 5000 + b"</v>", body, count=3),
        "errors": re.sub(rb"<c ([^>]*)><v>[^<]*</v>", rb'<c \1 t="e"><v>#DIV/0!</v>', body),
        "formula": re.sub(rb"<v>", b"<f>HYPERLINK(&quot;http://x&quot;)</f><v>", body, count=5),
        "odd places": re.sub(rb'r="([A-Z])(\d+)"', rb'r="\2\1"', body),
        "no places": re.sub(rb' r="[A-Z]+\d+"', b"", body),
        "columns": re.sub(rb'r="B', b'r="ZZZZ', body),
    }  # fmt: skip
    for name, edited in edits.items():
        yield name, zipped({**members, sheet: edited})
    yield (
        "zip bomb",
        lambda: zipped({**members, sheet: body.replace(b"<sheetData>", b"<sheetData>" + b" " * (600 * MEBIBYTE))}),
    )
    rows = b"<row><c><v>1</v></c></row>" * 50_000
    yield "many sheets", lambda: zipped({**members, **{f"xl/worksheets/sheet{n}.xml": body for n in range(2, 200)}})
    yield (
        "bomb beside",
        lambda: zipped({**members, "xl/media/a.bin": bytes(600 * MEBIBYTE), "xl/sharedStrings.xml": rows}),
    )
    yield "outside names", zipped({**members, "../../escaped.xml": b"x", "/tmp/pharmrs-escaped": b"x"})


# name -> (offset, format) of fields of a NIfTI-2 header
_FIELDS = {
    "datatype": (12, "h"), "bitpix": (14, "h"), "dims": (16, "q"), "dim1": (24, "q"), "dim2": (32, "q"),
    "dim4": (48, "q"), "dim5": (56, "q"), "dim7": (72, "q"), "pixdim0": (104, "d"), "pixdim1": (112, "d"),
    "pixdim4": (136, "d"), "vox_offset": (168, "q"), "slope": (176, "d"), "intercept": (184, "d"), "sform": (348, "i"),
    "qform": (344, "i"), "quatern_b": (352, "d"), "srow_x0": (400, "d"), "srow_y1": (440, "d"), "units": (500, "i"),
    "intent": (504, "i"), "extension flag": (540, "i"), "extension size": (544, "i"), "extension code": (548, "i"),
}  # fmt: skip
_NUMBERS = {
    "h": (0, -1, 1, 2, 16, 32, 128, 1792, 2304, 32767, -32768),
    "i": (0, -1, 1, 7, 8, 15, 16, 64, 2**31 - 1, -(2**31)),
    "q": (0, -1, 1, 2, 3, 9, 100_000, 2**40, 2**63 - 1, -(2**63)),
    "d": (0.0, -1.0, 1e-300, 1e300, float("inf"), float("nan"), -1e-4, 1e38),
}


def damaged_nifti(content: bytes, random: np.random.Generator) -> Content:
    """NIfTI-2, gzipped or not: every field of the header in turn with numbers no file should have; bombs."""
    raw = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    wrap: Callable[[bytes], bytes] = (lambda one: gzip.compress(one, 1, mtime=0)) if raw is not content else bytes
    for name, (place, form) in _FIELDS.items():
        for number in _NUMBERS[form]:
            value = struct.pack("<" + form, number)
            yield f"{name} {number}", wrap(raw[:place] + value + raw[place + len(value) :])
    yield "swapped size", wrap(raw[:4][::-1] + raw[4:])
    yield "cut inside", wrap(raw[: len(raw) - 64])
    yield "cut header", wrap(raw[:300])
    yield "longer", wrap(raw + bytes(100_000))
    yield "all NaN", wrap(raw[:-1024] + b"\xff" * 1024)
    if raw is not content:
        yield "gzip bomb", lambda: gzip_bomb(raw, 6144)
        announced = raw[:24] + struct.pack("<q", 1 << 33) + raw[32:]
        yield "announced gzip bomb", lambda: gzip_bomb(announced, 6144)
        yield "plain in .gz", raw


def _pipe(path: Path) -> None:
    os.mkfifo(path)


# what may stand where a file is expected
STANDINS: dict[str, Callable[[Path], None]] = {
    "missing": lambda path: None,
    "a folder": lambda path: path.mkdir(),
    "a full folder": lambda path: (path / "inner" / path.name).mkdir(parents=True),
    "a named pipe": _pipe,
    "a link to nothing": lambda path: path.symlink_to(path.parent / "nothing"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to /etc/passwd": lambda path: path.symlink_to("/etc/passwd"),
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a link to a folder": lambda path: path.symlink_to("/usr/share"),
}
