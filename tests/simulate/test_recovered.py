"""Planted against recovered: the comparison reads the files of a run, and the demonstration ends with it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pharmrs.core.errors import InputError
from pharmrs.simulate import demonstration
from pharmrs.simulate.command import REFERENCE_DESIGN, SimulationRequest, planned_trial, simulate_trial
from pharmrs.simulate.observations import WITHOUT_ERRORS, observed_table
from pharmrs.simulate.plates import SimulatedAssay
from pharmrs.simulate.recovered import OBSERVATIONS, compare
from pharmrs.simulate.study_text import study_text
from pharmrs.simulate.trial import draw_trial
from pharmrs.simulate.trial_records import Trial, TrialSettings
from pharmrs.simulate.trial_tables import as_simulated
from pharmrs.study.study_file import read_study
from pharmrs.trial.records.observations import ObservationTable
from tests.study.e2e import RESULTS, contents, pharmrs, table

COLUMNS = (
    *("subject", "treatment", "time_point", "sequence", "period", "clock_time_h"),
    *("metabolite", "biomarker", "biomarker_censored"),
)


@pytest.fixture(scope="module")
def trial() -> Trial:
    return draw_trial(TrialSettings(design=REFERENCE_DESIGN, participants=120, seed=8))


def write_observations(path: Path, rows: ObservationTable) -> None:
    lines = ["\t".join([*COLUMNS, "biomarker_limit"])]
    for row in rows.rows:
        cells = [str(getattr(row, name)) for name in COLUMNS]
        lines.append("\t".join([*cells, str(row.biomarker_limit)]).replace("nan", "n/a"))
    path.write_text("\n".join(lines) + "\n")


def test_true_values_give_back_what_was_planted(trial: Trial, tmp_path: Path) -> None:
    """120 people: SE of the interaction about 0.25; the comparison must say what least squares on the truth says."""
    text = study_text(trial.settings, recorded=True, imaged=False, assay=SimulatedAssay(), genotyped=False)
    (tmp_path / "study.yaml").write_text(text)
    write_observations(tmp_path / OBSERVATIONS, observed_table(trial, replace(WITHOUT_ERRORS, limit=187.5)))
    (tmp_path / "genotypes.tsv").write_text(
        "subject\tgenotype\n"
        + "".join(f"{one.label}\t{one.genotype if one.label != '003' else 'n/a'}\n" for one in trial.participants)
    )
    first = trial.visits[0]
    (tmp_path / "tissue.tsv").write_text(
        f"subject\tsession\tgm\twm\n001\t1\t{first.gray_matter + 0.01}\t{first.white_matter}\n001\t2\tn/a\tn/a\n"
    )
    rows = {row.quantity: row for row in compare(trial, read_study(tmp_path / "study.yaml"), tmp_path)}
    interaction = rows["interaction, S-ketamine: ln BDNF per ln Glu"]
    assert interaction.planted == pytest.approx(1.005)
    assert interaction.ci_low < interaction.recovered < interaction.ci_high
    assert interaction.recovered == pytest.approx(1.005, abs=1.0)
    joint = next(row for name, row in rows.items() if "joint model" in name)
    assert joint.planted == interaction.planted and joint.recovered == pytest.approx(1.005, abs=1.0)
    slope = rows["slope, placebo: ln BDNF per ln Glu"]
    assert (slope.planted, slope.n) == (-0.330, interaction.n)
    below = [row for name, row in rows.items() if name.startswith("samples below the limit of 187.5")]
    assert [(row.planted, row.recovered) for row in below] == [
        (
            sum(visit.has_sample and visit.biomarker < 187.5 for visit in trial.visits),
            sum(visit.biomarker < 187.5 for visit in trial.visits),
        )
    ]
    assert rows["mean change of ln Glu, placebo"].recovered == pytest.approx(0.045, abs=0.05)
    assert rows["genotypes called right"].recovered == 119
    (tissue,) = [row for name, row in rows.items() if name.startswith("grey and white matter")]
    assert tissue.recovered - tissue.planted == pytest.approx(0.01)
    assert "mean absolute error 0.010" in tissue.quantity


def test_what_was_not_analysed_is_left_out(trial: Trial, tmp_path: Path) -> None:
    text = study_text(trial.settings, recorded=False, imaged=False, assay=None, genotyped=False)
    (tmp_path / "study.yaml").write_text(text)
    assert compare(trial, read_study(tmp_path / "study.yaml"), tmp_path) == []


@pytest.mark.long
def test_demonstration(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    end = pharmrs("demo", folder, "-n", 6, "-j", 1, "--seed", 2)  # fewer people leave the main model undetermined
    assert end.code == 0, end.err
    assert end.out.rstrip().endswith(f"report: {folder / RESULTS / 'report.html'}")
    assert "Planted and recovered" in end.out
    assert "demonstration 1/" in end.err and "Traceback" not in end.err
    rows = {row["quantity"]: row for row in table(folder / "truth" / "recovered.tsv")}
    assert rows["genotypes called right"]["recovered"] == "6"
    assert float(rows["interaction, S-ketamine: ln BDNF per ln Glu"]["planted"]) == pytest.approx(1.005)
    for page, anchor in (("genotypes", "genotypes"), ("assay", "samples"), ("statistics", "statistics")):
        text = (folder / RESULTS / "report_pages" / f"{page}.html").read_text(encoding="utf-8")
        assert f'id="{anchor}"' in text
    assert (folder / RESULTS / "biomarkers.tsv").is_file() and (folder / RESULTS / "results.json").is_file()


def test_demonstration_refuses_a_folder_with_files(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("keep")
    end = pharmrs("demo", tmp_path, "-n", 2)
    assert end.code == 2 and "must be new or empty" in end.err
    end = pharmrs("demo", tmp_path / "new", "-n", -2)
    assert end.code == 2 and "participants: must be 1 to 9999" in end.err


@pytest.fixture
def analysed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that are analysed; the analysis itself, which has its own tests, is left out."""
    found: list[Path] = []

    def noting(folder: Path, *_rest: object, **_more: object) -> None:
        found.append(folder)
        if len(found) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(demonstration, "run_dataset", noting)
    return found


def demonstrate(folder: Path, seed: int = 1) -> tuple[list[int], list[str]]:
    """Numbers of steps that were announced, and what was told."""
    steps, told = list[int](), list[str]()
    request = SimulationRequest(participants=2, seed=seed, recordings=False)
    demonstration.demonstrate(folder, request, steps.append, lambda _what, _good: None, told.append)
    return steps, told


def test_a_demonstration_that_was_interrupted_goes_on_with_the_analysis(
    analysed: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "demo"
    compared: list[Trial] = []
    monkeypatch.setattr(demonstration, "compare", lambda trial, *_rest: compared.append(trial) or [])
    with pytest.raises(KeyboardInterrupt):
        demonstrate(folder)
    before = contents(folder)
    assert demonstrate(folder) == ([8], [f"{folder}: simulated before; what is there is analysed"])
    assert {name: content for name, content in contents(folder).items() if "recovered" not in name} == before
    assert demonstrate(folder)[0] == [8] and analysed == [folder] * 3
    again = tmp_path / "again"
    assert demonstrate(again)[0] == [2 + 8]  # people to be simulated, scans to be analysed
    assert compared[0] == compared[1] == compared[2]
    assert contents(again) == contents(folder)


def test_the_tissue_of_a_demonstration_is_that_of_the_folder(tmp_path: Path) -> None:
    request = SimulationRequest(participants=2, recordings=False)
    planned = planned_trial(request)
    assert as_simulated(tmp_path, planned) is None
    simulate_trial(tmp_path, request)
    place = tmp_path / "truth" / "visits.tsv"
    rows = [line.split("\t") for line in place.read_text().splitlines()]
    at = rows[0].index("gray_matter")
    rows[1][at : at + 3] = ["0.51", "0.4", "0.09"]
    place.write_text("".join("\t".join(row) + "\n" for row in rows))
    found = as_simulated(tmp_path, planned)
    assert found is not None and found.visits[1:] != () and found.visits[0] != planned.visits[0]
    first = found.visits[0]
    assert (first.gray_matter, first.white_matter, first.csf) == (0.51, 0.4, 0.09)
    assert replace(first, gray_matter=0, white_matter=0, csf=0) == replace(
        planned.visits[0], gray_matter=0, white_matter=0, csf=0
    )


@pytest.mark.parametrize("change", ["another seed", "another value", "settings", "half", "no number", "unfinished"])
def test_another_trial_is_not_taken_for_it(change: str, analysed: list[Path], tmp_path: Path) -> None:
    """Nothing of it is overwritten: refused, as any folder that holds files; half a simulation is done again."""
    folder = tmp_path / "demo"
    with pytest.raises(KeyboardInterrupt):
        demonstrate(folder)
    visits, settings = folder / "truth" / "visits.tsv", folder / "truth" / "settings.json"
    if change == "another value":
        visits.write_text(visits.read_text().replace("before", "after"))
        visits.write_text(visits.read_text().replace("sub-01_ses-1\tsub-01", "sub-01_ses-1\tsub-02"))
    elif change == "settings":
        settings.write_text(settings.read_text().replace('"seed": 1', '"seed": 2'))
    elif change == "half":
        visits.write_bytes(visits.read_bytes()[:-30])
    elif change == "no number":
        visits.write_text(visits.read_text().replace("\t0.", "\tx."))
    elif change == "unfinished":
        (folder / ".unfinished").write_text("pharmrs simulate 0123456789abcdef\n")
    before = contents(folder)
    with pytest.raises(InputError, match=r"must be (new or empty|complete)"):
        demonstrate(folder, seed=2 if change == "another seed" else 1)
    assert contents(folder) == before and analysed == [folder]
