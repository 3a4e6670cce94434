"""`import pharmrs`: the names are these and no others, cheap until used, and every result shows itself."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pharmrs

FUNCTIONS = {
    "analyse", "fit", "preprocess", "quantify", "read_basis", "read_spectrum", "run", "simulate_basis",
    "standard_curve", "voxel_tissue",
}  # fmt: skip
RESULTS = {"Analysis", "Basis", "Concentrations", "Fit", "Plates", "Preprocessed", "Recording", "Study", "Voxel"}


def test_the_surface_is_pinned() -> None:
    import pharmrs.api

    assert set(pharmrs.__all__) == set(pharmrs.api.__all__) == FUNCTIONS | RESULTS
    stub = Path(str(pharmrs.__file__)).with_suffix(".pyi").read_text(encoding="utf-8")
    assert set(re.findall(r"import (\w+) as \1", stub)) == FUNCTIONS | RESULTS
    with pytest.raises(AttributeError, match="no attribute 'frobnicate'"):
        _ = pharmrs.frobnicate  # type: ignore[attr-defined]


def test_every_function_is_typed_and_documented_and_gives_a_result() -> None:
    for name in FUNCTIONS:
        function = getattr(pharmrs, name)
        signature = inspect.signature(function)
        assert function.__doc__ and len(function.__doc__) > 30, name
        assert signature.return_annotation in RESULTS, name
        assert all(one.annotation is not inspect.Parameter.empty for one in signature.parameters.values()), name


def test_importing_loads_nothing() -> None:
    """Nor does the command line: a page of help is wanted at once."""
    heavy = "('numpy', 'scipy', 'pandas', 'matplotlib', 'pydantic', 'nibabel')"
    code = f"import sys, pharmrs, pharmrs.cli.main; print([one for one in {heavy} if one in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout == "[]\n"


def test_one_spectrum_from_a_basis_set_to_concentrations(demo: Path) -> None:
    scan = next(demo.glob("sub-01/ses-1/mrs/*_svs.nii.gz"))
    water = pharmrs.read_spectrum(next(demo.glob("sub-01/ses-1/mrs/*acq-quant_mrsref.nii.gz")))
    raw = pharmrs.read_spectrum(scan)
    prepared = pharmrs.preprocess(raw, water)
    fitted = pharmrs.fit(prepared, pharmrs.read_basis(next(demo.glob("basis/*.basis"))))
    found = pharmrs.quantify(fitted, prepared, tissue=(0.6, 0.3, 0.1))
    frame = found.to_frame().set_index(["scale", "metabolite"])["value"]
    by_hand = frame["lcmodel_water", "Glu"] / (0.6 + 0.3)  # over grey and white matter, docs/quantification.md
    assert frame["gm_wm_normalised", "Glu"] == pytest.approx(by_hand)
    assert frame["ratio_tcr", "Glu"] == pytest.approx(frame["lcmodel_water", "Glu"] / frame["lcmodel_water", "tCr"])
    for result in (raw, prepared, fitted, found):
        assert len(repr(result)) < 400 and "array(" not in repr(result)
        shown = result._repr_html_()
        assert "<svg" in shown and "<table" in shown
        assert len(result.to_frame()) > 0 and result.plot().axes
    assert np.isfinite(found.to_frame()["sd"]).all()


def test_a_raw_recording_is_not_fitted_by_mistake(demo: Path) -> None:
    from pharmrs.core.errors import InputError

    raw = pharmrs.read_spectrum(next(demo.glob("sub-01/ses-1/mrs/*_svs.nii.gz")))
    with pytest.raises(InputError, match="call preprocess first"):
        pharmrs.fit(raw, pharmrs.read_basis(next(demo.glob("basis/*.basis"))))
