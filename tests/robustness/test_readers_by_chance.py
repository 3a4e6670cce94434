"""Readers of text fed by hypothesis: anything is read or refused in words; numbers stay finite, whole numbers small."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pharmrs.anatomy.read.template import mni152
from pharmrs.anatomy.read.volumes import read_volume
from pharmrs.anatomy.stage.head import _files, _known, _seal, _sha256
from pharmrs.assay.read.cells import number
from pharmrs.core.characters import hidden_character, without_hidden
from pharmrs.core.errors import InputError
from pharmrs.core.files.content import is_file, is_there, read_content
from pharmrs.core.files.json_text import parse_json
from pharmrs.core.files.record_json import NotARecord, from_json
from pharmrs.core.read.cells import CellReader
from pharmrs.core.read.numbers import whole_number
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import TextRow, parse_text_table
from pharmrs.core.records.arrays import FloatArray
from pharmrs.study.study_file import read_plan
from pharmrs.trial.read.reported import parse_printed
from tests.robustness import right_files as right

pieces = st.sampled_from(["\t", "\n", "\r", ",", '"', "a", "b", "1", "\0", "\x0b", "\u2028", "n/a", " ", "\ufeff", "é"])


@settings(deadline=None)
@given(text=st.lists(pieces, max_size=40).map("".join) | st.text(max_size=60))
@example(text="a\tb\n1\t" + "x" * 200_000)
@example(text='a\tb\n"1\t2\n')
@example(text="a\tb\rc\td")
def test_tables(text: str) -> None:
    problems = Problems("table.tsv")
    rows = parse_text_table(text, problems, ("a",))
    assert rows or problems.found
    for row in rows:
        assert not any(hidden_character(cell) for cell in row.cells.values())


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(text=json_values.map(json.dumps) | st.text(alphabet='[]{}":,0123456789eE+-.\\unltrue', max_size=30))
@example(text="9" * 400)
@example(text="9" * 5000)
@example(text='"\\ud800"')
@example(text="[" * 5000 + "]" * 5000)
@example(text='{"a": ' * 65 + "1" + "}" * 65)
def test_json(text: str) -> None:
    """Right JSON gives what `json` gives; all else is a ValueError, also what `json` itself lets through."""
    try:
        content = parse_json(text)
    except ValueError:
        return
    assert json.dumps(content).encode() == json.dumps(json.loads(text)).encode()
    json.dumps(content, ensure_ascii=False).encode("utf-8")  # can be written


@pytest.mark.parametrize("text", ["9" * 400, "9" * 5000, '"\\ud800"', "[" * 65 + "]" * 65, '{"\\udfff": 1}'])
def test_json_that_python_takes_and_nothing_after_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"whole number|surrogate|nested|digits"):
        parse_json(text)


@given(text=st.text(max_size=10) | st.from_regex(r"[-+]?[0-9.,²٣_]{0,30}(e[-+]?[0-9]{1,6})?", fullmatch=True))
@example(text="²")
@example(text="9" * 5000)
@example(text="1e999")
def test_numbers(text: str) -> None:
    whole = whole_number(text)
    assert whole is None or 0 <= whole < 10**18
    value = number(text)
    assert value is None or math.isfinite(value)
    problems = Problems("table.tsv")
    read = CellReader(problems).number(TextRow(2, {"a": text}), "a")
    assert math.isfinite(read) or problems.found or not TextRow(2, {"a": text}).text("a")
    printed = parse_printed(text)
    assert printed is None or (math.isfinite(printed.value) and math.isfinite(printed.unit))


@given(
    content=json_values
    | st.fixed_dictionaries({"dtype": st.text(max_size=6), "shape": json_values, "data": st.text(max_size=9)})
)
@example(content={"dtype": "(a,", "shape": [1], "data": ""})
@example(content=10**400)
def test_records(content: object) -> None:
    for kind in (FloatArray, float, int, dict[str, float], tuple[str, float]):
        try:
            from_json(kind, content)
        except NotARecord:
            continue


yaml_pieces = st.sampled_from(
    ["title: ", "design: ", "analysis: ", "\n", "  ", "- ", "{", "}", "[", "]", "&a ", "*a", "<<: ",
        "!!python/name:os.system ",
     ": ", "'", '"', "|", "1e999", "0x" + "f" * 400, "!!binary ", "\\ud800", "~", "? ", "a", "2001-99-99", "%", "#",
         "\t"]
)  # fmt: skip


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.lists(yaml_pieces, max_size=25).map("".join))
def test_declarations(text: str, tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:  # nothing of these pieces is a whole plan
        read_plan(tmp_path / "study.yaml")
    assert all(problem.rule and problem.remedy for problem in caught.value.problems)


def test_a_few_lines_do_not_stand_for_a_thousand_million_values(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    (tmp_path / "study.yaml").write_text("\n".join(lines))
    with pytest.raises(InputError, match="aliases that stand for more than 200000 values"):
        read_plan(tmp_path / "study.yaml")
    (tmp_path / "study.yaml").write_text("a: &a [*a]\n")
    with pytest.raises(InputError, match="an alias must not hold itself"):
        read_plan(tmp_path / "study.yaml")


@given(text=st.text())
def test_what_is_not_hidden_can_be_written(text: str) -> None:
    shown = without_hidden(text)
    assert not hidden_character(shown)
    shown.encode("utf-8")


@pytest.mark.parametrize("mark", ["\u202e", "\u2066", "\x07", "\ud800"])
def test_marks_that_turn_or_hide_words_are_refused(mark: str, tmp_path: Path) -> None:
    assert hidden_character(f"pla{mark}cebo") == ascii(mark)
    problems = Problems("table.tsv")
    parse_text_table(f"a\nx{mark}y\n", problems, ("a",))
    assert problems.found
    assert without_hidden(f"pla{mark}cebo") == "placebo"
    assert not hidden_character("plätzchen עברית ketamine\u200f")  # letters of any script


def test_only_files_that_end_are_read(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(2 << 20))
    assert len(read_content(tmp_path / "large")) == 2 << 20
    for path, what in ((Path("/dev/zero"), "device"), (tmp_path, "directory"), (tmp_path / "a\0b", "null byte")):
        with pytest.raises(OSError, match=f"(?i){what}"):
            read_content(path)
    with pytest.raises(OSError, match="Larger than 1 MiB"):
        read_content(tmp_path / "large", 1 << 20)
    endless = tmp_path / ("x" * 5000)
    assert not is_there(endless) and not is_file(endless) and is_file(tmp_path / "large") and not is_file(tmp_path)
    with pytest.raises(InputError, match="must exist and be a file"):
        read_volume(endless)


@pytest.mark.parametrize(
    ("change", "known"),
    [
        ({}, True),
        ({"key": "another"}, False),
        ({"mni_to_image": None}, False),
        ({"mni_to_image": [[1, 0, 0]] * 3}, False),
        ({"mni_to_image": [[0.0] * 4] * 4}, False),
        ({"mni_to_image": [[1e400] * 4] * 4}, False),
        ({"mni_to_image": [["a"] * 4] * 4}, False),
        ({"mni_to_image": [[1], [1, 2]]}, False),
    ],
)
def test_a_damaged_record_of_a_head_is_no_record(change: dict[str, object], known: bool, tmp_path: Path) -> None:
    record, warp = _files(tmp_path, "sub-01")
    np.savez(warp, back=np.zeros((3, *mni152().t1.data.shape), dtype=np.float16))
    content = json.loads(right.HEAD) | {"doubts": [], "sha256": {warp.name: _sha256(warp)}} | change
    record.write_text(json.dumps(content | {"seal": _seal(content)}))  # the seal is right, what it seals is not
    assert (_known(tmp_path, "sub-01", right.HEAD_KEY) is not None) is known
    record.write_text(json.dumps(content | {"seal": "0" * 64}))
    assert _known(tmp_path, "sub-01", right.HEAD_KEY) is None
    record.write_text("[" * 3000)
    assert _known(tmp_path, "sub-01", right.HEAD_KEY) is None and _known(tmp_path, "sub-02", right.HEAD_KEY) is None
