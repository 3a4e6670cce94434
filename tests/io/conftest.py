"""Tiny NIfTI-MRS files, right except where a test says otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from nibabel.nifti1 import Nifti1Extension
from nifti_files import EXTENSION, signal

SHARED = Path(__file__).parents[2].parent / "shared" / "data"


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
