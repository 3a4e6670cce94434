"""`pharmrs preprocess`: the spectrum it leaves is the one that a fit of the raw recording uses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pharmrs.spectra.read.nifti_mrs import read_fids
from tests.study.e2e import pharmrs, table


def _scan(demo: Path) -> tuple[Path, Path]:
    folder = demo / "sub-01" / "ses-1" / "mrs"
    return next(folder.glob("*_svs.nii.gz")), next(folder.glob("*quant_mrsref.nii.gz"))


def test_its_spectrum_gives_the_fit_of_the_raw_recording(demo: Path, tmp_path: Path) -> None:
    raw, water = _scan(demo)
    basis = next(demo.glob("basis/*.basis"))
    end = pharmrs("preprocess", raw, "-w", water, "-o", tmp_path / "out")
    assert end.code == 0, end.err
    spectrum, reference, page = map(Path, end.out.splitlines()[-3:])
    assert [read_fids(path).data.shape[1:] for path in (spectrum, reference)] == [(1, 1), (1, 1)]
    steps = [line.split(": ")[1] for line in end.out.splitlines()[:-3]]
    text = page.read_text(encoding="utf-8")
    assert steps[0] == "1. coil combination" and all(f">{step}</h3>" in text for step in steps)
    assert text.count('<img src="data:image/svg+xml') == len(steps)
    fits = []
    for file, beside, name in ((raw, water, "raw"), (spectrum, reference, "made")):
        done = pharmrs("fit", file, "-b", basis, "-w", beside, "-o", tmp_path / f"{name}.tsv", "-j", 1)
        assert done.code == 0, done.err
        fits.append({row["metabolite"]: float(row["amplitude"]) for row in table(tmp_path / f"{name}.tsv")})
    names = [name for name, value in fits[0].items() if value > 0]
    assert np.allclose([fits[1][name] for name in names], [fits[0][name] for name in names], rtol=1e-3)


def test_what_cannot_be_read_is_told_and_the_others_are_done(demo: Path, tmp_path: Path) -> None:
    raw, _ = _scan(demo)
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(raw.read_bytes()[:400])
    end = pharmrs("preprocess", broken, raw, "-o", tmp_path / "out")
    assert end.code == 3 and "broken.nii.gz" in end.err and "Remedy" in end.err
    assert len(list((tmp_path / "out").glob("*_preprocessed.nii.gz"))) == 1
    assert pharmrs("preprocess", broken, "-o", tmp_path / "none").code == 2
    assert not (tmp_path / "none").exists()
