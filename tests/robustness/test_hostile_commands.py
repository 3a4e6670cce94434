"""Hostile names through whole commands: escaped on every page, files below the output folder only, no traceback."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pharmrs.core.files.owned import claim
from tests.robustness import right_files as right

MARKUP = '"\'></script></title></style></svg><x-hostile onclick="a">{{ 7*7 }}'
PATH = "../../../escaped"


class Elements(HTMLParser):
    """Names of all elements, and of all their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes |= {name for name, _ in attrs}


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`pharmrs ARGUMENTS` inside `folder`, which lies three folders deep."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    return subprocess.run(
        [sys.executable, "-m", "pharmrs", *arguments],
        cwd=folder, check=False, capture_output=True, text=True, timeout=600, env=environment,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "a" / "b" / "c"
    place.mkdir(parents=True)
    return place


def check(
    root: Path, folder: Path, ended: subprocess.CompletedProcess[str], codes: tuple[int, ...], pages: int
) -> None:
    """Exit code, no traceback, nothing outside `out`, and pages without an element that a name brought in."""
    assert ended.returncode in codes, ended.stderr
    assert "Traceback" not in ended.stderr
    inputs = {"study.yaml", "observations.tsv", "layout.tsv", "P1.tsv", "bands.tsv"}
    written = [path for path in root.rglob("*") if path.is_file() and path.name not in inputs]
    assert [path for path in written if not path.is_relative_to(folder / "out")] == []
    found = [path for path in written if path.suffix in (".html", ".svg")]
    assert len([path for path in found if path.suffix == ".html"]) >= pages
    for path in found:
        elements = Elements(path.read_text(encoding="utf-8"))
        assert "x-hostile" not in elements.names, path
        assert "onclick" not in elements.attributes, path


def test_analyse(tmp_path: Path, folder: Path) -> None:
    """Names of treatments, time points, metabolite, biomarker, covariates and levels, title and participants."""
    import yaml

    plan = yaml.safe_load(right.PLAN)
    drug, gene = f"drug {MARKUP}", f"gene{MARKUP}"
    plan |= {
        "title": MARKUP,
        "design": plan["design"] | {"treatments": ["placebo", drug], "follow_up": f"after{MARKUP}"},
    }
    plan["analysis"] |= {
        "metabolite": f"Glu{MARKUP}", "biomarker": f"{PATH}{MARKUP}",
        "covariates": [{"name": f"age{MARKUP}"}, {"name": gene, "reference": f"AA{MARKUP}"}],
    }  # fmt: skip
    quoted = '"{}"'.format
    lines = [line.split("\t") for line in right.observations().decode().splitlines()]
    renamed = {"drug": drug, "after": f"after{MARKUP}", "age": f"age{MARKUP}", "gene": gene, "AA": f"AA{MARKUP}",
               "placebo/drug": f"placebo/{drug}", "sub-03": f"sub-03{MARKUP}"}  # fmt: skip
    text = "\n".join("\t".join(quoted(renamed.get(cell, cell).replace('"', '""')) for cell in line) for line in lines)
    (folder / "observations.tsv").write_text(text + "\n")
    (folder / "study.yaml").write_text(yaml.safe_dump(plan))
    ended = command(folder, "analyse", "observations.tsv", "--plan", "study.yaml", "--out", "out")
    check(tmp_path, folder, ended, (0, 3), pages=2)
    assert "x-hostile" in (folder / "out" / "report.html").read_text(encoding="utf-8")  # shown, as text


def test_a_covariate_that_is_a_formula(tmp_path: Path, folder: Path) -> None:
    """Names of columns go into tables of numbers, never into a formula: nothing of them is computed."""
    import yaml

    name = "I(__import__('os').system('touch escaped'))"
    plan = yaml.safe_load(right.PLAN)
    plan["analysis"] |= {"covariates": [{"name": name}, {"name": f"C(gene) + {name}", "reference": "AA"}]}
    head, _, rest = right.observations().decode().partition("\n")
    (folder / "observations.tsv").write_text(head.replace("\tage\tgene", f"\t{name}\tC(gene) + {name}") + "\n" + rest)
    (folder / "study.yaml").write_text(yaml.safe_dump(plan))
    ended = command(folder, "analyse", "observations.tsv", "--plan", "study.yaml", "--out", "out")
    check(tmp_path, folder, ended, (0, 3), pages=2)
    assert "touch escaped" in (folder / "out" / "report.html").read_text(encoding="utf-8")  # shown, as text
    assert list(tmp_path.rglob("escaped")) == []


def test_run(tmp_path: Path) -> None:
    """Title, analyte, names of samples and gels, the reason of a rater: in every section of the report, as text."""
    from tests.robustness.fault_jobs import RUN, prepare_trial

    data, out = tmp_path / "data", tmp_path / "out"
    prepare_trial(data)
    markup = MARKUP.replace('"', "'")
    study = (data / "study.yaml").read_text()
    for line in study.splitlines():
        if line.startswith("title:"):
            study = study.replace(line, f'title: "{markup}"')
        if line.strip().startswith("analyte:"):
            study = study.replace(line, line.partition("analyte:")[0] + f'analyte: "{markup}"')
    (data / "study.yaml").write_text(study.replace("biomarker: BDNF", f'biomarker: "{markup}"'))
    for place, column in ((data / "sourcedata" / "genotyping").glob("*.tsv"), "gel"), ([], ""):
        for path in place:
            rows = [line.split("\t") for line in path.read_text().splitlines()]
            at = rows[0].index(column)
            path.write_text("\n".join("\t".join([*row[:at], row[at] if row is rows[0] else markup, *row[at + 1 :]])
                                      for row in rows) + "\n")  # fmt: skip
    (out / "review").mkdir(parents=True)
    claim(out)
    (scan,) = (data / "sub-01" / "ses-1" / "mrs").glob("*_svs.nii.gz")
    digest = hashlib.sha256(scan.read_bytes()).hexdigest()[:32]
    name = scan.name.removesuffix("_svs.nii.gz")
    head = right.TABLES["decisions.tsv"].decode().splitlines()[0]
    line = f"AB\t{name}\treject\t{markup}\t1\t1\t{digest}\t2026-01-02T03:04:05Z"
    (out / "review" / "rater-AB_decisions.tsv").write_text(f"{head}\n{line}\n")
    ended = command(tmp_path, "run", "data", "--output", "out", "--workers", "1")
    assert ended.returncode in (0, 3), ended.stderr
    assert "Traceback" not in ended.stderr and RUN.name == "run"
    pages = [path.read_text(encoding="utf-8") for path in (out / "report.html", *(out / "report_pages").glob("*.html"))]
    for text in pages:
        elements = Elements(text)
        assert "x-hostile" not in elements.names and "onclick" not in elements.attributes
    assert sum(text.count("x-hostile") for text in pages) >= 4
    for path in (path for path in out.rglob("*") if path.suffix in (".html", ".svg")):
        assert "x-hostile" not in Elements(path.read_text(encoding="utf-8")).names, path


def test_plate(tmp_path: Path, folder: Path) -> None:
    """Names of plates, samples, and of the analyte become names of files."""
    layout = right.layout().decode().replace("P1\t", f"{PATH}{'x' * 300}\t").replace("sub-01_ses-1", f"{PATH}_ses-1")
    (folder / "layout.tsv").write_text(layout)
    (folder / "P1.tsv").write_bytes(right.grid_text())
    named = ("--analyte", f"{PATH}{MARKUP}", "--unit", MARKUP)
    ended = command(folder, "plate", "P1.tsv", "--layout", "layout.tsv", "--out", "out", *named)
    check(tmp_path, folder, ended, (0, 2, 3), pages=0)


def test_genotype(tmp_path: Path, folder: Path) -> None:
    """Names of gels become names of files."""
    table = right.TABLES["bands.tsv"].decode().replace("\tg\n", f"\t{PATH}{MARKUP.replace(chr(34), '')}{'y' * 300}\n")
    (folder / "bands.tsv").write_text(table)
    ended = command(folder, "genotype", "bands.tsv", "--marker", "rs6265", "--out", "out")
    check(tmp_path, folder, ended, (0, 2, 3), pages=0)


def test_validate_and_run_a_folder_of_rubbish(tmp_path: Path, folder: Path) -> None:
    """Right names, nothing right inside; file names that are no text; participants that lead elsewhere."""
    mrs = folder / "data" / "sub-01" / "mrs"
    mrs.mkdir(parents=True)
    (folder / "data" / "study.yaml").write_text(right.STUDY)
    (folder / "data" / "dataset_description.json").write_text("[" * 5000)
    (folder / "data" / "participants.tsv").write_text(f"participant_id\nsub-{PATH}\nsub-01\n")
    (mrs / "sub-01_svs.nii.gz").write_bytes(right.nifti_mrs()[:700])
    (mrs / "sub-01_acq-<img src=x onerror=1>_svs.nii").write_bytes(right.nifti_mrs())
    with (folder / "data" / "sub-01" / "mrs" / os.fsdecode(b"sub-01_acq-\xff\x07_svs.nii")).open("wb") as stream:
        stream.write(right.nifti_mrs())
    (mrs / "sub-01_acq-loop_svs.nii").symlink_to("sub-01_acq-loop_svs.nii")
    (mrs / "sub-01_acq-out_svs.nii").symlink_to("/etc/passwd")
    os.mkfifo(mrs / "sub-01_acq-pipe_svs.nii")
    before = sorted(path.as_posix() for path in tmp_path.rglob("*"))
    for arguments in (("validate", "data"), ("run", "data", "--output", "out", "--workers", "1")):
        ended = command(folder, *arguments)
        assert ended.returncode == 2, ended.stderr
        assert "Traceback" not in ended.stderr
        assert "must not lead out of the dataset" in ended.stderr
    inside = [path for path in sorted(tmp_path.rglob("*")) if not path.is_relative_to(folder / "out")]
    assert [path.as_posix() for path in inside] == before
