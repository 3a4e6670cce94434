"""A course over several spectra: the change that was put in comes out, drift and line width do not look like one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pharmrs.core.errors import InputError
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.text_table import read_text_table
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.stage import StudyContext
from pharmrs.spectra.read.course import read_course
from pharmrs.spectra.read.nifti_mrs import write_fids, write_spectrum
from pharmrs.spectra.records import Acquisition, BasisSet, Fids, Spectrum
from pharmrs.spectra.records.declared import SpectraPlan
from pharmrs.spectra.records.declared_series import DeclaredCourse, Series, Span
from pharmrs.spectra.records.fit import FitSettings
from pharmrs.spectra.records.preprocessing import Preprocessing
from pharmrs.spectra.records.quantification import Exclusion
from pharmrs.spectra.records.scan import ScanValues, ValuesOutcome
from pharmrs.spectra.records.series import Follows
from pharmrs.spectra.stage.scans import BASIS, SCANS
from pharmrs.spectra.stage.series import fit_course
from pharmrs.spectra.stage.series_stage import SERIES_STAGE
from pharmrs.spectra.stage.single_spectra import SpectrumFitting
from pharmrs.spectra.together.series import fit_series
from pharmrs.spectra.together.series_numbers import percent_of_level

MHZ, DWELL_S, POINTS = 127.7, 5e-4, 1024
ACQUISITION = Acquisition(spectrometer_frequency_mhz=MHZ, dwell_time_s=DWELL_S, echo_time_s=0.03, repetition_time_s=2.0)
TIME_S = np.arange(POINTS) * DWELL_S
LINES = {"NAA": ((2.01, 3.0), (2.6, 1.0)), "Cr": ((3.03, 3.0), (3.92, 2.0)), "Glu": ((2.34, 2.0), (3.75, 1.0))}
TRUTH = {"NAA": 12.0, "Cr": 8.0, "Glu": 10.0}
STEP = np.array([0.0, 0.0, 1.0, 1.0])
AFFINE = np.diag([25.0, 20.0, 20.0, 1.0])


def _signal(lines: tuple[tuple[float, float], ...], width_hz: float) -> np.ndarray:
    rates = 2j * np.pi * (4.65 - np.array([ppm for ppm, _ in lines])) * MHZ - np.pi * width_hz
    return np.asarray(np.exp(np.outer(TIME_S, rates)) @ np.array([protons for _, protons in lines]))


BASIS_SET = BasisSet(
    names=tuple(LINES),
    fids=np.array([_signal(lines, 1.0) for lines in LINES.values()]),
    dwell_time_s=DWELL_S,
    spectrometer_frequency_mhz=MHZ,
    receiver_ppm=4.65,
    source="three made metabolites",
)


def _series(glu: float, width_hz: float, noise: float, seed: int = 5) -> list[Spectrum]:
    """Glu times `glu` and lines wider by `width_hz` where the step is 1; frequency and phase drift all the time."""
    rng, spectra = np.random.default_rng(seed), []
    for k, step in enumerate(STEP):
        amounts = TRUTH | {"Glu": TRUTH["Glu"] * (1.0 + (glu - 1.0) * step)}
        fid = sum(amounts[name] * _signal(lines, 5.0 + width_hz * step) for name, lines in LINES.items())
        fid = fid * np.exp(2j * np.pi * 1.5 * k * TIME_S + 0.3j * k)
        fid = fid + noise * (rng.normal(size=POINTS) + 1j * rng.normal(size=POINTS))
        spectra.append(Spectrum(fid=fid, acquisition=ACQUISITION, affine=AFFINE, source=f"made {k}"))
    return spectra


@pytest.mark.parametrize(("glu", "width_hz"), [(0.8, 0.0), (1.0, 1.5)])
def test_a_change_comes_out_and_wider_lines_are_none(glu: float, width_hz: float) -> None:
    found = fit_series(_series(glu, width_hz, noise=0.2), BASIS_SET, FitSettings(), {"drug": STEP})
    assert found.converged
    changes = {one.metabolite: one for one in found.changes}
    assert {one.course for one in found.changes} == {"drug"}
    for name, percent in (("Glu", 100.0 * (glu - 1.0)), ("NAA", 0.0), ("Cr", 0.0)):
        one = changes[name]
        assert one.change_percent == pytest.approx(percent, abs=max(4.0 * one.sd_percent, 0.2)), name
        assert one.sd_percent < 1.5 and one.ci_low < one.change_percent < one.ci_high
        assert one.alone_percent == pytest.approx(one.change_percent, abs=3.0)
    shifts = [one.shift_hz for one in found.spectra]
    np.testing.assert_allclose(shifts, 1.5 * np.arange(4), atol=0.3)
    widths = [one.line_width_hz for one in found.spectra]
    assert widths[2] - widths[0] == pytest.approx(width_hz, abs=0.4)


def test_only_what_was_named_follows() -> None:
    """The others are held: where that is true, Glu is at least as certain; what is not fitted cannot be named."""
    spectra = _series(0.9, 0.0, noise=0.2)
    found = fit_series(spectra, BASIS_SET, FitSettings(), {"drug": STEP}, Follows(metabolites=("Glx",), others_sd=0.0))
    assert [one.metabolite for one in found.changes] == ["Glu"]
    assert found.changes[0].change_percent == pytest.approx(-10.0, abs=4.0 * found.changes[0].sd_percent)
    with pytest.raises(InputError) as told:
        fit_series(spectra, BASIS_SET, FitSettings(), {"drug": STEP}, Follows(metabolites=("Lac",), others_sd=0.0))
    assert "Lac" in str(told.value.problems[0]) and "NAA, Cr, Glu" in str(told.value.problems[0])


def test_percent_of_the_level_by_hand() -> None:
    """Level 10 (SD 0.2), slope 1 (SD 0.3), covariance -0.03: 10 %, SD 100/10 sqrt(.09 + .006 + .0004)."""
    covariance = np.array([[0.04, -0.03], [-0.03, 0.09]])
    assert percent_of_level(np.array([10.0, 1.0]), covariance, 1) == pytest.approx((10.0, 10.0 * 0.0964**0.5))
    assert np.isnan(percent_of_level(np.array([0.5, 1.0]), covariance, 1)).all()


def _table(folder: Path, lines: list[str]) -> Path:
    path = folder / "course.tsv"
    path.write_text("\n".join(line.replace(" ", "\t") for line in lines) + "\n")
    return path


def test_blocks_of_one_recording_are_those_of_separate_files(tmp_path: Path) -> None:
    """Two transients a block, alike: the block is what each of them is."""
    spectra = _series(0.9, 0.0, noise=0.1)
    data = np.stack([one.fid for one in spectra for _ in range(2)], axis=1)[:, None, :]
    write_fids(
        tmp_path / "all.nii.gz", Fids(data=data, acquisition=ACQUISITION, affine=AFFINE, source="all", header={})
    )
    for k, one in enumerate(spectra):
        write_spectrum(tmp_path / f"s{k}.nii.gz", one)
    fitting = SpectrumFitting(basis=BASIS_SET, water=None, settings=FitSettings(), raw=False)
    apart = fit_course(
        read_course(_table(tmp_path, ["file drug", *(f"s{k}.nii.gz {step:g}" for k, step in enumerate(STEP))])), fitting
    )
    rows = [f"all.nii.gz {2 * k + 1} {2 * k + 2} {step:g}" for k, step in enumerate(STEP)]
    blocks = fit_course(read_course(_table(tmp_path, ["file first last drug", *rows])), fitting)
    assert apart.fitted is not None and blocks.fitted is not None and apart.left_out == blocks.left_out == 0
    assert [one.spectrum.split("all.nii.gz")[-1] for one in blocks.fitted.spectra] == [" 1-2", " 3-4", " 5-6", " 7-8"]
    for change, other in zip(apart.fitted.changes, blocks.fitted.changes, strict=True):
        assert other.change_percent == pytest.approx(change.change_percent, abs=1e-6)


def test_a_spectrum_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    for k, one in enumerate(_series(0.9, 0.0, noise=0.1)):
        write_spectrum(tmp_path / f"s{k}.nii.gz", one)
    fitting = SpectrumFitting(basis=BASIS_SET, water=None, settings=FitSettings())
    rows = ["file drug", *(f"s{k}.nii.gz {step:g}" for k, step in enumerate(STEP))]
    found = fit_course(read_course(_table(tmp_path, [*rows, "gone.nii.gz 1"])), fitting)
    assert found.fitted is not None and found.left_out == 1
    assert any("gone.nii.gz" in one.file for one in found.problems)
    short = fit_course(read_course(_table(tmp_path, [*rows[:3], "gone.nii.gz 1"])), fitting)
    assert short.fitted is None and any(one.field == "rows" for one in short.problems)
    with pytest.raises(InputError, match="edited"):
        fit_course(read_course(_table(tmp_path, rows)), replace(fitting, basis=replace(BASIS_SET, edited=(BASIS_SET,))))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["file", "a.nii", "b.nii"], "must have a column with the course"),
        (["file drug", "a.nii 0", "b.nii 1"], "at least 3 spectra"),
        (["file drug", "a.nii 1", "b.nii 1", "c.nii 1"], "drug: must change"),
        (["file drug time", "a.nii 0 0", "b.nii 1 2", "c.nii 2 4", "d.nii 3 6"], "time: must change"),
        (["file drug", "a.nii 0", "b.nii n/a", "c.nii 1"], "line 3: drug: must be a number"),
        (["file drug", "a.nii 0", "b.nii yes", "c.nii 1"], "line 3"),
        (["file drug", "a.nii 0", "a.nii 1", "c.nii 1"], "line 3: must not hold transients of another row"),
        (
            ["file first last drug", "a.nii 1 8 0", "a.nii 8 16 1", "a.nii 17 24 1"],
            "line 3: must not hold transients of another row",
        ),
        (["file first last drug", "a.nii 8 1 0", "b.nii 1 8 1", "c.nii 1 8 1"], "line 2: first, last: must be whole"),
        (["file first last drug", "a.nii 1 n/a 0", "b.nii 1 8 1", "c.nii 1 8 1"], "line 2: first, last: must be"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(lines: list[str], message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as told:
        read_course(_table(tmp_path, lines))
    text = "\n".join(map(str, told.value.problems))
    assert message in text and "Remedy" in text


def _recording(path: Path, glu: float, seed: int) -> None:
    """16 transients of one coil in four blocks; Glu times `glu` in the last two."""
    data = np.stack([one.fid for one in _series(glu, 0.0, 0.05, seed) for _ in range(4)], axis=1)
    rng = np.random.default_rng(seed)
    data = data + 0.4 * (rng.normal(size=data.shape) + 1j * rng.normal(size=data.shape))
    path.parent.mkdir(parents=True, exist_ok=True)
    acquisition = replace(ACQUISITION, repetition_time_s=15.0, sequence="press")
    write_fids(path, Fids(data=data[:, None, :], acquisition=acquisition, affine=AFFINE, source="made"))


def _context(root: Path, declared: Series, scans: list[ScanFiles]) -> StudyContext[SpectraPlan]:
    plan = SpectraPlan(basis=None, series=declared, preprocessing=Preprocessing(remove_residual_water=False))
    broken = Exclusion(scan=scans[1].name, metabolite="*", rule="max_line_width_hz", limit=1.0, value=2.0)
    values = ScanValues(files=scans[1], amplitudes=(), concentrations=(), quality=None, exclusions=(broken,))  # type: ignore[arg-type]
    judged = (ValuesOutcome(files=scans[0], result=None), ValuesOutcome(files=scans[1], result=values))
    return StudyContext(
        root=root, plan=plan, output=root / "derivatives", scans=tuple(scans), handed={BASIS: BASIS_SET, SCANS: judged}
    )


def test_sessions_of_a_study_are_series(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks are cut and placed in time, the change comes out, a rule that the recording broke is told, and a second
    run fits nothing; a course that cannot be known is told with its remedy, and no series ends the others."""
    scans = []
    for subject, glu in (("01", 0.8), ("02", 1.0)):
        name = f"sub-{subject}_ses-1_task-drug"
        scans.append(
            ScanFiles(name=name, subject=subject, session="1", metabolite=str(tmp_path / f"{name}_svs.nii.gz"))
        )
        _recording(Path(scans[-1].metabolite), glu, int(subject))
    declared = Series(
        scan="task-drug",
        block_transients=4,
        metabolites=("Glu",),
        courses=(DeclaredCourse(name="drug", steps=(Span(from_min=2.0),)),),
    )
    context = _context(tmp_path, declared, scans)
    outcome = SERIES_STAGE.run(context)
    assert not [one for one in outcome.problems if one.severity == "error"]
    rows = read_text_table(tmp_path / "derivatives" / "series.tsv", Problems("series"), ("series", "outcome"))
    changes = {row.text("subject"): row for row in rows if row.text("outcome") == "Glu_drug"}
    assert float(changes["01"].text("change_percent")) == pytest.approx(-20.0, abs=4.0)
    assert float(changes["02"].text("change_percent")) == pytest.approx(0.0, abs=4.0)
    assert (changes["01"].text("excluded"), changes["02"].text("excluded")) == ("", "max_line_width_hz")
    spectra = read_text_table(tmp_path / "derivatives" / "series_spectra.tsv", Problems("series"), ("start_min",))
    assert [row.text("start_min") for row in spectra[:4]] == ["0", "1", "2", "3"]
    assert [row.text("courses") for row in spectra[:4]] == ["drug 0", "drug 0", "drug 1", "drug 1"]
    assert "Glu may follow" in outcome.sections[0].body and "from 2 min to the end" in outcome.methods[0].write(None)[0]  # type: ignore[arg-type]
    before = (tmp_path / "derivatives" / "series.tsv").read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr("pharmrs.spectra.stage.session_series.fit_blocks", None)
        SERIES_STAGE.run(context)
    assert (tmp_path / "derivatives" / "series.tsv").read_bytes() == before
    strange = replace(declared, courses=(DeclaredCourse(name="drug", events="press"),))
    told = SERIES_STAGE.run(_context(tmp_path, strange, scans)).problems
    missing = {f"{one.name}_events.tsv" for one in scans}
    assert missing < {Path(one.file).name for one in told}
    told_before = SERIES_STAGE.check(tmp_path, replace(context.plan, series=strange))
    assert any(one.field == "series" and "fitted here" in one.rule for one in told_before)  # no basis set declared
