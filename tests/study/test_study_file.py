"""`study.yaml`: every mistake with its key, the value, and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.study.study_file import read_study, study_schema

RIGHT = """
title: Ketamine and glutamate
basis: basis/7T.basis
references:
  quantification: acq-quant
quantification:
  primary_scale: ratio_tcr
  tissue_by_scan:
    sub-01_ses-1: {gray_matter: 0.6, white_matter: 0.3, csf: 0.1, source: manual}
quality:
  max_crlb_percent: 20
"""


def problems_of(folder: Path, text: str) -> tuple[InputProblem, ...]:
    (folder / "study.yaml").write_text(text)
    with pytest.raises(InputError) as caught:
        read_study(folder / "study.yaml")
    for problem in caught.value.problems:
        assert problem.file == str(folder / "study.yaml")
        assert problem.field and problem.rule and problem.remedy
    return caught.value.problems


def test_right(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text("\ufeff" + RIGHT, encoding="utf-8")
    study = read_study(tmp_path / "study.yaml")
    assert study.references.quantification == "acq-quant"
    assert study.quantification.tissue_by_scan["sub-01_ses-1"].gray_matter == 0.6


CASES = {
    "unknown key": ("title:", "titel:", "titel", "unknown key", "'title'"),
    "unknown inner key": (
        "quantification: acq-quant",
        "quantificaton: x",
        "references.quantificaton",
        "unknown",
        "'quan",
    ),
    "unknown far key": ("title:", "zzz: 1\ntitle:", "zzz", "unknown key", "known keys here"),
    "unknown key in a mapping": (
        "csf: 0.1",
        "cfs: 0.1, csf: 0.1",
        "quantification.tissue_by_scan.sub-01_ses-1.cfs",
        "unknown key",
        "'csf'",
    ),
    "missing": ("title: Ketamine and glutamate", "", "title", "required", "name of the study"),
    "sum": ("csf: 0.1", "csf: 0.4", "quantification.tissue_by_scan.sub-01_ses-1", "must be 1, is 1.3", ""),
    "range": ("max_crlb_percent: 20", "max_crlb_percent: -1", "quality.max_crlb_percent", "greater than 0", ""),
    "type": ("max_crlb_percent: 20", "max_crlb_percent: many", "quality.max_crlb_percent", "number", ""),
    "addition": ("title:", "fit: {add: [mm, fat]}\ntitle:", "fit.add.1", "'mm' or 'lipids'", ""),
    "choice": ("ratio_tcr", "x", "quantification.primary_scale", "ratio_tcr", "value. About this key: declared before"),
    "near choice": ("ratio_tcr", "ratio_cr", "quantification.primary_scale", "", "did you mean 'ratio_tcr'?"),
    "decimal comma": ("_percent: 20", "_percent: 12,5", "quality.max_crlb_percent", "number", "use a decimal point"),
    "octal": ("_percent: 20", "_percent: 0o24", "quality.max_crlb_percent", "number", "digits"),
    "underscore": ("_percent: 20", "_percent: 2_4", "quality.max_crlb_percent", "number", "digits"),
    "underscore in quotes": ("_percent: 20", '_percent: "2_4"', "quality.max_crlb_percent", "number", "digits"),
    "quotes": ("_percent: 20", '_percent: "20"', "quality.max_crlb_percent", "number", "without quotes"),
    "word": ("_percent: 20", "_percent: yes", "quality.max_crlb_percent", "number", "digits"),
    "truth": ("_percent: 20", "_percent: true", "quality.max_crlb_percent", "number", ""),
    "sexagesimal": ("_percent: 20", "_percent: 1:30", "quality.max_crlb_percent", "number", "digits"),
    "full width": ("_percent: 20", "_percent: ２０", "quality.max_crlb_percent", "number", "digits"),
    "infinite": ("  max_crlb_percent: 20", "  max_crlb_percent: .inf", "'quality'", "1e308", ""),
    "milliseconds": (
        "primary_scale: ratio_tcr",
        "primary_scale: ratio_tcr\n  relaxation: {t1_metabolite_s: 1500, t2_metabolite_s: 0.1, t1_water_s: 2, "
        "t2_water_s: 0.05, source: measured}",
        "quantification.relaxation.t1_metabolite_s",
        "less than or equal to 20",
        "T1 of the metabolites, seconds",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_mistakes(tmp_path: Path, case: str) -> None:
    before, after, field, rule, remedy = CASES[case]
    found = problems_of(tmp_path, RIGHT.replace(before, after, 1))
    assert [p for p in found if p.field == field and rule in p.rule and remedy in p.remedy], [str(p) for p in found]


def test_all_at_once(tmp_path: Path) -> None:
    text = RIGHT.replace("title:", "titel:").replace("20", "-20").replace("ratio_tcr", "x")
    assert {p.field for p in problems_of(tmp_path, text)} >= {
        "titel",
        "title",
        "quality.max_crlb_percent",
        "quantification.primary_scale",
    }


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        ("title: [1, 2\nbasis: x", "line 2", "YAML"),
        ("title: a: b", "line 1", "YAML"),
        ("title: x\ntitle: y", "line 2", "YAML"),
        ("a: !!python/object/apply:os.system ['true']", "line 1", "YAML"),
        ("title: a\nbasis: b\0c", "line 2", "control characters"),
        ("", "file", "keys"),
        ("- a", "file", "keys"),
        ("? [1, 2]\n: x", "line 1", "YAML"),
    ],
)
def test_not_yaml(tmp_path: Path, text: str, field: str, rule: str) -> None:
    (problem,) = problems_of(tmp_path, text)
    assert problem.field.startswith(field) and rule in problem.rule


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("seed: " + "9" * 5000, "a number of more than 4300 digits"),
        ("a: " + "[" * 9000 + "]" * 9000, "nested too deeply"),
    ],
)
def test_no_words_of_python_where_yaml_is_too_much(tmp_path: Path, text: str, value: str) -> None:
    (problem,) = problems_of(tmp_path, text)
    assert problem.value == value


@pytest.mark.parametrize(
    ("text", "value"),
    [("020", 20.0), ("0120", 120.0), ("1e1", 10.0), (".5e2", 50.0), ("+20", 20.0), ("!!int 020", 20.0)],
)
def test_numbers_are_those_of_yaml_1_2(text: str, value: float, tmp_path: Path) -> None:
    """YAML 1.2.2, 10.3.2: digits are decimal, whatever `%YAML` a file claims."""
    for head in ("", "%YAML 1.1\n---"):
        (tmp_path / "study.yaml").write_text(head + RIGHT.replace("_percent: 20", f"_percent: {text}"))
        assert read_study(tmp_path / "study.yaml").quality.max_crlb_percent == value


def test_missing_and_not_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must exist"):
        read_study(tmp_path / "none.yaml")
    (tmp_path / "study.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_study(tmp_path / "study.yaml")


def test_additions_reach_the_settings_of_the_fit(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").write_text(RIGHT + "fit:\n  add: [mm, lipids]\n  omit: [MM09]\n")
    settings = read_study(tmp_path / "study.yaml").fit
    assert (settings.add, settings.omit) == (("mm", "lipids"), ("MM09",))


def test_ratio_priors_reach_the_settings_of_the_fit(tmp_path: Path) -> None:
    entry = "{numerator: NAAG, denominator: [NAA], ratio: 0.15, sd: 0.15}"
    (tmp_path / "study.yaml").write_text(RIGHT + f"fit:\n  ratio_priors: [{entry}]\n")
    (prior,) = read_study(tmp_path / "study.yaml").fit.ratio_priors
    assert str(prior) == "NAAG/NAA = 0.15 +- 0.15"


def test_a_ratio_of_a_component_to_itself_is_refused(tmp_path: Path) -> None:
    entry = "{numerator: NAA, denominator: [NAA], ratio: 1, sd: 0}"
    (tmp_path / "study.yaml").write_text(RIGHT + f"fit:\n  ratio_priors: [{entry}]\n")
    with pytest.raises(InputError) as caught:
        read_study(tmp_path / "study.yaml")
    assert any(problem.field.startswith("fit.ratio_priors.0") for problem in caught.value.problems)


def test_schema_names_the_additions() -> None:
    add = study_schema()["$defs"]["FitSection"]["properties"]["add"]
    assert add["items"]["enum"] == ["mm", "lipids"]
    assert "macromolecules" in add["description"]


def test_schema_documents_every_top_key() -> None:
    schema = study_schema()
    assert schema["$schema"].endswith("2020-12/schema")
    assert {"title", "basis", "references", "quantification", "quality"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False
