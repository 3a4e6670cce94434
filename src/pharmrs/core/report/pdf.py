"""The report as PDF, printed by a Chromium, Chrome or Edge of this computer; nothing is loaded from the network."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.files.owned import owner_of
from pharmrs.core.report.site import PAGES_FOLDER

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
SANDBOX_VARIABLE = "PHARMRS_BROWSER_SANDBOX"
_LONGEST_S = 600
_FLAGS = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-pdf-header-footer",
    "--virtual-time-budget=20000",
)


def print_pdf(report: Path, target: Path) -> None:
    """Print `report` (HTML) to `target`, whole or not at all; what is folded is opened for print.

    Raises InputError where the report or a browser is missing, or the browser prints nothing.
    """
    if not report.is_file():
        found = "a folder" if report.is_dir() else "missing"
        raise _error(report, "must exist and be a file", found, "give the report.html that `pharmrs run` wrote")
    browser = _browser()
    if browser is None:
        remedy = "install Chromium or Chrome, or open the report in any browser and print it to PDF"
        raise _error(report, "printing needs a browser of the Chromium family", "none found", remedy)
    if target.exists() and owner_of(target) is None:  # in a folder of ours its list tells whose it is
        raise _error(target, "must not replace a file", "it exists", "delete it, or choose another name")
    with tempfile.TemporaryDirectory(prefix="pharmrs-print-") as folder:
        part = Path(folder) / "report.pdf"
        rights = () if _sandbox() else ("--no-sandbox",)
        profile = f"--user-data-dir={Path(folder) / 'profile'}"
        command = [browser, *_FLAGS, *rights, profile, f"--print-to-pdf={part}", report.resolve().as_uri()]
        try:
            ended = subprocess.run(command, check=False, capture_output=True, timeout=_LONGEST_S)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _error(report, "the browser must print it", str(error), "open it in a browser and print it") from None
        if not part.is_file():
            said = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["nothing"]
            raise _error(report, "the browser must print it", said[0], "open it in a browser and print it")
        write_bytes(target, part.read_bytes())


def print_site(report: Path, folder: Path) -> list[Path]:
    """The first page and every page beside it, a PDF each in `folder`. Raises as `print_pdf`."""
    pages = [report, *sorted((report.parent / PAGES_FOLDER).glob("*.html"))]
    targets = [folder / f"{page.stem}.pdf" for page in pages]
    for page, target in zip(pages, targets, strict=True):
        print_pdf(page, target)
    return targets


def _sandbox() -> bool:
    """Whether the browser may build its sandbox: root cannot, nor anybody in a container, whose image says so."""
    return os.environ.get(SANDBOX_VARIABLE) != "off" and not (hasattr(os, "geteuid") and os.geteuid() == 0)


def _browser() -> str | None:
    found = next((place for name in BROWSERS if (place := shutil.which(name))), None)
    return found or (str(_MAC) if _MAC.is_file() else None)


def _error(report: Path, rule: str, value: str, remedy: str) -> InputError:
    return InputError([InputProblem(file=str(report), field="report", rule=rule, value=value, remedy=remedy)])
