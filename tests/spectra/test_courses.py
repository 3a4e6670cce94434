"""Courses over time: means over a block by hand, plasma levels against the differential equations they solve."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from pharmrs.core.read.declarations import checked
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.read.course import minutes_of, read_events, read_levels
from pharmrs.spectra.records.declared_series import DeclaredCourse, Dose, Infusion, Rise, Span
from pharmrs.spectra.together.courses import SessionFacts, course_value, peak_level, plasma_level

KNOWN = SessionFacts(
    entities=("sub-01", "task-x", "run-2"),
    end_min=40.0,
    events={"press": ((1.0, 2.0), (2.5, 2.0))},
    levels={"drug": ((0.0, 10.0, 30.0), (0.0, 200.0, 100.0))},
)


def _infusion(into: float = 0.0, back: float = 0.0) -> Infusion:
    """The doses of the reference study: 0.11 mg/kg in 8 min, then 0.22 mg/kg in 40 min."""
    return Infusion(
        doses=(Dose(from_min=5.0, minutes=8.0, mg_per_kg=0.11), Dose(from_min=13.0, minutes=40.0, mg_per_kg=0.22)),
        volume_l_per_kg=0.7, clearance_l_per_h_kg=1.2, to_tissue_per_min=into, from_tissue_per_min=back, source="made",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("course", "span", "expected"),
    [
        (DeclaredCourse(name="a", steps=(Span(from_min=2.0, to_min=4.0),)), (1.0, 5.0), 0.5),
        (DeclaredCourse(name="a", steps=(Span(from_min=2.0), Span(from_min=3.0, to_min=4.0))), (1.0, 5.0), 0.75),
        (DeclaredCourse(name="a", ramp=Span(from_min=0.0)), (10.0, 20.0), 0.375),
        (DeclaredCourse(name="a", saturating=Rise(from_min=0.0, time_constant_min=5.0)), (0.0, 10.0),
         1.0 - 0.5 * (1.0 - math.exp(-2.0))),
        (DeclaredCourse(name="a", events="press"), (0.0, 5.0), 0.7),
        (DeclaredCourse(name="a", events="other"), (0.0, 5.0), 0.0),
        (DeclaredCourse(name="a", measured="drug", per=100.0), (5.0, 15.0), (0.5 * 150.0 + 0.5 * 187.5) / 100.0),
        (DeclaredCourse(name="a", measured="drug"), (25.0, 35.0), math.nan),
        (DeclaredCourse(name="a", scans={"run-1": 0.0, "run-2": 0.4}), (0.0, 1.0), 0.4),
        (DeclaredCourse(name="a", scans={"run-1": 0.0}), (0.0, 1.0), math.nan),
    ],
)  # fmt: skip
def test_a_block_has_the_mean_over_its_time(course: DeclaredCourse, span: tuple[float, float], expected: float) -> None:
    assert course_value(course, span, KNOWN) == pytest.approx(expected, rel=1e-4, nan_ok=True)


@pytest.mark.parametrize(("into", "back"), [(0.0, 0.0), (0.3, 0.1)])
def test_plasma_levels_solve_their_equations(into: float, back: float) -> None:
    """dC/dt = rate / V - (CL / V + k12) C + k21 C2, dC2/dt = k12 C - k21 C2, by Runge-Kutta."""
    infusion = _infusion(into, back)
    elimination = 1.2 / 60.0 / 0.7

    times, solved, at = [0.0], [0.0], np.zeros(2)
    for start, end, rate in ((0.0, 5.0, 0.0), (5.0, 13.0, 0.11 / 8.0), (13.0, 53.0, 0.22 / 40.0), (53.0, 90.0, 0.0)):

        def change(_t: float, y: np.ndarray, rate: float = rate) -> list[float]:
            return [rate / 0.7 - (elimination + into) * y[0] + back * y[1], into * y[0] - back * y[1]]

        part = solve_ivp(
            change, (start, end), at, t_eval=np.arange(start + 0.5, end + 0.01, 0.5), rtol=1e-9, atol=1e-12
        )
        times, solved, at = [*times, *part.t], [*solved, *part.y[0]], part.y[:, -1]
    found = plasma_level(infusion, np.array(times))
    np.testing.assert_allclose(found, solved, rtol=1e-5, atol=1e-9)
    assert peak_level(infusion) == pytest.approx(max(solved), rel=1e-4)
    everything = DeclaredCourse(name="drug", infusion=infusion)
    assert course_value(everything, (52.99, 53.0), KNOWN) == pytest.approx(found[106] / peak_level(infusion), rel=1e-3)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"name": "a"}, "exactly one of"),
        ({"name": "a", "events": "x", "scans": {"run-1": 1}}, "exactly one of"),
        ({"name": "a b", "events": "x"}, "name"),
        ({"name": "a", "events": "x", "per": 2}, "per belongs to measured levels"),
        ({"name": "a", "ramp": {"from_min": 3, "to_min": 3}}, "to_min must come after from_min"),
        ({"name": "a", "infusion": {"doses": [{"from_min": 0, "minutes": 1, "mg_per_kg": 0}], "volume_l_per_kg": 1,
                                    "clearance_l_per_h_kg": 1, "source": "x"}}, "doses must not all be 0"),
        ({"name": "a", "infusion": {"doses": [{"from_min": 0, "minutes": 1, "mg_per_kg": 1}], "volume_l_per_kg": 1,
                                    "clearance_l_per_h_kg": 1, "to_tissue_per_min": 1, "source": "x"}}, "go together"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_declared_course_is_told(told: dict[str, object], message: str) -> None:
    with pytest.raises(Exception, match=message):
        checked(DeclaredCourse, told)


def test_times_of_a_session_come_from_its_tables(tmp_path: Path) -> None:
    folder = tmp_path / "sub-01" / "ses-2" / "mrs"
    folder.mkdir(parents=True)
    scans = [
        ScanFiles(name=f"sub-01_ses-2_run-{k}", subject="01", session="2",
                  metabolite=str(folder / f"sub-01_ses-2_run-{k}_svs.nii.gz"))
        for k in (1, 2)
    ]  # fmt: skip
    problems = Problems("session")
    assert minutes_of(scans[:1], problems) == [0.0]
    assert np.isnan(minutes_of(scans, problems)).all() and not problems.found
    table = folder.parent / "sub-01_ses-2_scans.tsv"
    lines = ["filename\tacq_time", *(f"mrs/{Path(one.metabolite).name}\t2024-03-01T10:{10 * k}:30" for k, one in
                                     enumerate(scans, start=1))]  # fmt: skip
    table.write_text("\n".join(lines) + "\n")
    assert minutes_of(scans, problems) == [0.0, 10.0]
    (folder / "sub-01_ses-2_run-1_events.tsv").write_text(
        "onset\tduration\ttrial_type\n60\t30\tpress\n120\t30\tpress\n"
    )
    assert read_events(scans[0], problems) == {"press": ((1.0, 0.5), (2.0, 0.5))}
    assert not problems.found
    assert read_events(scans[1], problems) == {} and "events" in str(problems.found[0])


def test_measured_levels_are_those_of_the_session(tmp_path: Path) -> None:
    (tmp_path / "phenotype").mkdir()
    table = tmp_path / "phenotype" / "pk.tsv"
    table.write_text(
        "participant_id\tsession_id\ttime_min\tketamine\nsub-01\tses-2\t20\t90\nsub-01\tses-2\t0\t0\nsub-02\tses-2\t0\t1\n"
    )
    problems = Problems("study")
    found = read_levels(tmp_path, "ketamine", problems)
    assert found["01", "2"] == ((0.0, 20.0), (0.0, 90.0)) and not problems.found
    assert read_levels(tmp_path, "esketamine", problems) == {}
    assert "esketamine must be a column of one table" in str(problems.found[0])
