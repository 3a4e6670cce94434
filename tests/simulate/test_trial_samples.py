"""Plates and gels of a simulated trial: layout, curve, files, and that an i-control export looks like a real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import openpyxl
import pytest

from pharmrs.simulate.gels import GelSettings, run_gels
from pharmrs.simulate.plates import PlateReading, SimulatedAssay, read_plates
from pharmrs.simulate.tecan_export import write_tecan_export
from pharmrs.simulate.trial import draw_trial
from pharmrs.simulate.trial_records import Trial, TrialSettings
from pharmrs.trial.records.declared_design import Design

REAL = Path(__file__).parents[3] / "shared" / "data" / "plates" / "single_time_single_reads.xlsx"
EXACT = SimulatedAssay(well_sd=0.0, dilution_sd=0.0, plate_sd=0.0, density_sd=0.0)


@pytest.fixture(scope="module")
def trial() -> Trial:
    return draw_trial(
        TrialSettings(design=Design(kind="crossover", treatments=("placebo", "S-ketamine")), participants=35)
    )


@pytest.fixture(scope="module")
def plates(trial: Trial) -> list[PlateReading]:
    return read_plates(trial, SimulatedAssay())


def test_every_sample_is_on_one_plate_in_duplicate_beside_those_of_its_person(
    trial: Trial, plates: list[PlateReading]
) -> None:
    wells = [well for plate in plates for well in plate.wells if well.role == "sample"]
    samples = [well.sample for well in wells]
    assert sorted(samples) == sorted(2 * [visit.name for visit in trial.visits if visit.has_sample])
    of_person: dict[str, set[str]] = {}
    for well in wells:
        of_person.setdefault(well.sample.split("_")[0], set()).add(well.plate)
    assert {len(found) for found in of_person.values()} == {1}
    for plate in plates:
        names = [well.well for well in plate.wells]
        assert len(set(names)) == len(names) <= 96
        roles = [well.role for well in plate.wells]
        assert (roles.count("standard"), roles.count("blank"), roles.count("control")) == (14, 2, 4)


def test_standards_are_the_twofold_series_down_to_the_limit() -> None:
    assert EXACT.nominals == (1500.0, 750.0, 375.0, 187.5, 93.75, 46.875, 23.4375)
    assert EXACT.limit == pytest.approx(187.5)  # 23.4 pg/mL in the well, diluted 1:8


def test_density_without_errors_is_the_curve(trial: Trial) -> None:
    """Four-parameter curve by hand: half way between blank and top at c; 1 / (1 + 2^-b) of the way at 2 c."""
    assert EXACT.density(np.array([0.0, 800.0])) == pytest.approx([0.06, (0.06 + 3.4) / 2])
    assert EXACT.density(np.array(1600.0)) == pytest.approx(0.06 + 3.34 / (1 + 2**-1.15))
    first = read_plates(trial, EXACT)[0]
    truth = {visit.name: visit.biomarker for visit in trial.visits}
    for well in first.wells:
        row, column = "ABCDEFGH".index(well.well[0]), int(well.well[1:]) - 1
        in_well = {"standard": well.nominal, "blank": 0.0}.get(well.role, well.truth)
        if well.role == "sample":
            assert well.truth == pytest.approx(truth[well.sample] / 8)
        net = first.reads[450][row, column] - first.reads[540][row, column]
        assert net == pytest.approx(float(EXACT.density(np.array(in_well))), abs=1e-9)


def test_replicates_spread_as_declared(plates: list[PlateReading]) -> None:
    """Pairs of standards well above the blank: CV of the density is about hill x 3.5 % where the curve is steep."""
    spread = []
    for plate in plates:
        net = plate.reads[450] - plate.reads[540]
        for row in range(2, 6):  # 375 to 46.9
            spread.append(np.log(net[row, 0] / net[row, 1]) / np.sqrt(2))
    assert 0.01 < np.sqrt(np.mean(np.square(spread))) < 0.06


def labels(sheet: object) -> list[str]:
    cells = [str(row[0].value) for row in sheet.iter_rows() if row[0].value is not None]  # type: ignore[attr-defined]
    return [cell.split(":")[0] for cell in cells]


def test_export_has_the_lines_of_a_real_one(plates: list[PlateReading], tmp_path: Path) -> None:
    path = tmp_path / "plate.xlsx"
    write_tecan_export(path, plates[0])
    sheet = openpyxl.load_workbook(path)["Sheet2"]
    mine = labels(sheet)
    assert mine.count("Label") == 2 and mine[-1] == "End Time"
    assert [row[4].value for row in sheet.iter_rows() if row[0].value == "Measurement Wavelength"] == [450, 540]
    starts = [row[0].row for row in sheet.iter_rows() if row[0].value == "<>"]
    net = np.array(
        [
            [
                (sheet.cell(starts[0] + row, column).value or np.nan) - (sheet.cell(starts[1] + row, column).value or 0)
                for column in range(2, 14)
            ]
            for row in range(1, 9)
        ]
    )
    true = plates[0].reads[450] - plates[0].reads[540]
    assert np.nanmax(np.abs(net - true)) < 1.1e-4  # two values of four decimals
    if not REAL.is_file():
        pytest.skip(f"no real export at {REAL}: only its own lines were checked")
    real = labels(openpyxl.load_workbook(REAL)["Sheet2"])
    assert list(dict.fromkeys(mine)) == list(dict.fromkeys(real))


def test_same_plate_same_bytes(plates: list[PlateReading], tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_tecan_export(tmp_path / name, plates[0])
    write_tecan_export(tmp_path / "c", plates[1])
    first, second, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert first == second != other


def test_densities_above_the_range_are_the_word_over(plates: list[PlateReading], tmp_path: Path) -> None:
    signal = plates[0].reads[450].copy()
    signal[0, 0] = 4.2
    bright = PlateReading(plate="p", wells=plates[0].wells, reads={450: signal})
    write_tecan_export(tmp_path / "p.xlsx", bright)
    sheet = openpyxl.load_workbook(tmp_path / "p.xlsx")["Sheet2"]
    assert "OVER" in [cell.value for row in sheet.iter_rows() for cell in row]


def test_bands_tell_the_genotype(trial: Trial) -> None:
    lanes = run_gels(trial, GelSettings())
    count = {"Val/Val": 2, "Val/Met": 3, "Met/Met": 1}
    genotype = {f"sub-{one.label}": one.genotype for one in trial.participants}
    seen = set()
    for lane in lanes:
        assert len(lane.bands_bp) == count[lane.genotype]
        assert sum(lane.bands_bp) == pytest.approx(676 * (2 if lane.genotype == "Val/Met" else 1), rel=0.03)
        if lane.role == "sample":
            assert lane.genotype == genotype[lane.sample]
            seen.add(lane.sample)
    assert seen == set(genotype)
    for gel in {lane.gel for lane in lanes}:
        on_it = [lane for lane in lanes if lane.gel == gel]
        assert len(on_it) <= 20
        assert {lane.genotype for lane in on_it if lane.role == "control"} == set(count)
