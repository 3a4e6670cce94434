"""What tests of several rooms share; examples of hypothesis are the same in every run, however busy the computer is."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np
import pytest
from hypothesis import settings
from nibabel.nifti1 import Nifti1Extension

from tests.spectra.nifti_files import EXTENSION, signal

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from pharmrs.spectra.records import ScanOutcome, ScanResult

settings.register_profile("same every run", derandomize=True, deadline=None)
settings.load_profile("same every run")
# in CI a test may be skipped for one of these reasons, and for no other
LISTED_SKIPS = (
    "development data not found",
    "the shared data of the project is needed",
    "this user may not mount a file system",
    "is not unpacked in the folder PHARMRS_VENDOR_FILES",  # public recordings that we may not ship
    "R is not installed",
    "root may write anywhere",
)
SHARED = Path(__file__).parents[1].parent / "shared" / "data"


def unlisted_skips(reasons: Iterable[str]) -> list[str]:
    """Reasons of skips that are not on the list."""
    return sorted({reason for reason in reasons if not any(listed in reason for listed in LISTED_SKIPS)})


def pytest_sessionfinish(session: pytest.Session) -> None:
    """With PHARMRS_LISTED_SKIPS_ONLY, as in `.ci/run`, a skip for another reason fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or not os.environ.get("PHARMRS_LISTED_SKIPS_ONLY"):
        return
    skipped = [str(report.longrepr) for report in reporter.stats.get("skipped", [])]
    if others := unlisted_skips(skipped):
        reporter.write_line("skipped for a reason that tests/conftest.py does not list:\n  " + "\n  ".join(others))
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def shared() -> Path:
    """The development data beside the checkout."""
    if not SHARED.is_dir():
        pytest.skip(f"development data not found at {SHARED}")
    return SHARED


@pytest.fixture
def make_nifti(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes a NIfTI-MRS file and returns its path."""

    def make(
        name: str = "sub-01_svs.nii.gz",
        *,
        data: np.ndarray[Any, Any] | None = None,
        extension: dict[str, Any] | str | None = None,
        drop: tuple[str, ...] = (),
        changes: dict[str, Any] | None = None,
        intent: str = "mrs_v0_9",
        dwell: float = 1e-4,
        time_unit: int = 8,
        sidecar: dict[str, Any] | str | None = None,
        with_extension: bool = True,
    ) -> Path:
        values = signal() if data is None else data
        affine = np.diag([20.0, 20.0, 20.0, 1.0])
        image = nib.Nifti2Image(values, affine)
        image.header["intent_name"] = intent.encode()
        if values.ndim > 3:
            image.header["pixdim"][4] = dwell
        image.header["xyzt_units"] = 2 + time_unit
        content = {**EXTENSION, **(changes or {})} if extension is None else extension
        if isinstance(content, dict):
            content = json.dumps({key: value for key, value in content.items() if key not in drop})
        if with_extension:
            image.header.extensions.append(Nifti1Extension(44, content.encode()))
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        nib.save(image, path)
        if sidecar is not None:
            text = sidecar if isinstance(sidecar, str) else json.dumps(sidecar)
            path.with_name(name.replace(".nii.gz", "").replace(".nii", "") + ".json").write_text(text)
        return path

    return make


@pytest.fixture(scope="session")
def outcomes() -> tuple[ScanOutcome, ...]:
    """Six scans of three participants: one failed, one too broad, one too noisy."""
    from tests.study import report_factory

    return report_factory.outcomes()


@pytest.fixture(scope="session")
def results(outcomes: tuple[ScanOutcome, ...]) -> list[ScanResult]:
    return [outcome.result for outcome in outcomes if outcome.result is not None]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium of this computer, driven by Playwright; skipped where either is missing."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    place = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if place is None:
        pytest.skip("no chromium on this computer")
    with sync_api.sync_playwright() as play:
        try:
            started = play.chromium.launch(executable_path=place, args=["--no-sandbox"])
        except sync_api.Error as error:
            pytest.skip(f"chromium does not run here: {error}")
        yield started
        started.close()


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset as it should be: one subject, a good examination and a bad one. Never change it."""
    from tests.study.small_trial import write_small_trial

    folder = tmp_path_factory.mktemp("demo") / "dataset"
    write_small_trial(folder)
    return folder


@pytest.fixture
def copy_of_demo(demo: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A function that copies the dataset to a new folder."""
    return lambda name="dataset": Path(shutil.copytree(demo, tmp_path / name))
