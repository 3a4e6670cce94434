"""The page of one fit in a browser; skipped where there is no chromium."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from pharmrs.spectra.records.fit import LinearCombinationFit
from pharmrs.spectra.report.pictures.interactive_fit import fit_html
from tests.study import report_factory

_USE = Path(__file__).with_name("use_fit_page.js")


@pytest.fixture(scope="module")
def fit() -> LinearCombinationFit:
    return report_factory.fit()


@pytest.fixture(scope="module")
def told(fit: LinearCombinationFit, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a browser finds on the page while everything on it is used."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no chromium on this computer")
    folder = tmp_path_factory.mktemp("browser")
    page = folder / "page.html"
    text = fit_html(fit, "sub-01_svs.nii.gz", report_factory.amplitudes(fit))
    page.write_text(text.replace("</body>", f"<script>{_USE.read_text()}</script></body>"), encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    more = "--disable-component-update --disable-sync --virtual-time-budget=4000 --window-size=390,844 --dump-dom"
    command = [browser, *flags.split(), *more.split(), f"--user-data-dir={folder / 'profile'}", page.as_uri()]
    try:
        end = subprocess.run(command, capture_output=True, timeout=120, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        pytest.skip(f"chromium does not run here: {error}")
    dom = end.stdout.decode("utf-8")
    if "<html" not in dom:
        pytest.skip("chromium does not run here")
    found = re.search(r'<pre id="told">(.*?)</pre>', dom, flags=re.S)
    assert found, "the script of the page stopped"
    content: dict[str, object] = json.loads(html.unescape(found.group(1)))
    return content


def test_browser_reads_the_record(told: dict[str, object], fit: LinearCombinationFit) -> None:
    upright = np.conj(fit.phase)
    components = (fit.components * upright).real
    creatine = components[fit.names.index("Cr")] + components[fit.names.index("PCr")]
    expected = {"data": (fit.data * upright).real, "naa": components[fit.names.index("NAA")], "tcr": creatine}
    for name, values in expected.items():
        np.testing.assert_allclose(np.array(told[name]), values, atol=1.6e-5 * float(np.ptp(values)))


def test_browser_zooms_and_moves(told: dict[str, object], fit: LinearCombinationFit) -> None:
    full = [pytest.approx(fit.ppm.max(), abs=1e-6), pytest.approx(fit.ppm.min(), abs=1e-6)]
    left, right = fit.ppm.max(), fit.ppm.min()
    third = (left - right) / 1.5
    assert told["high_left"] and told["fits"]
    assert told["full"] == told["reset"] == told["wheel_out"] == told["zero"] == full
    assert told["dragged"] == [pytest.approx(2.6, abs=0.02), pytest.approx(2.0, abs=0.02)]
    assert told["wheel"] == [  # by exp(200 / 400) about 3 ppm
        pytest.approx(3 + (left - 3) / np.exp(0.5), abs=0.02),
        pytest.approx(3 - (3 - right) / np.exp(0.5), abs=0.02),
    ]
    middle = (left + right) / 2
    assert told["plus"] == told["button"] == [pytest.approx(middle + third / 2), pytest.approx(middle - third / 2)]
    assert told["left"] == [pytest.approx(middle + 0.6 * third), pytest.approx(middle - 0.4 * third)]
    assert told["right"] == told["plus"] and told["minus"] == full
    assert told["page_scrolls"] and told["up"] and told["cursor"]


def test_browser_reads_out_values_and_switches_everything(told: dict[str, object], fit: LinearCombinationFit) -> None:
    data = float((fit.data * np.conj(fit.phase)).real[300])
    residual = float((fit.residual * np.conj(fit.phase)).real[300])
    largest = float(np.max(np.abs((fit.data * np.conj(fit.phase)).real)))
    unit = 10.0 ** np.floor(np.log10(largest))
    reading = str(told["reading"]).replace("−", "-")
    assert reading.startswith(f"{fit.ppm[300]:.3f} ppm data {data / unit:.3f}, model + baseline ")
    assert f"({residual / fit.noise_sd:.1f} SD)" in reading
    zero = fit.names.index("Lac")  # amplitude 0: its row is there, empty
    assert told["changes"] == [True] * (4 + len(fit.names) + len(report_factory.SUMS)) and fit.at_zero[zero]
    assert told["arrangements"] == 3
    assert told["none"] == 0 and told["all"] == len(fit.names) - 1
    assert told["focusable"] and told["fired"] == []
