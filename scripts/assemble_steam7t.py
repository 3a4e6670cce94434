"""Assemble the real 7 T STEAM recording of ../shared/data/steam-7t into a BIDS dataset that pharmrs can run on.

Usage: python scripts/assemble_steam7t.py SOURCE TARGET
"""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

from pharmrs.spectra.read.nifti_mrs import read_fids, write_fids

_RECORDINGS = {
    "metab_raw": "sub-01_acq-steam_svs",
    "quant_raw": "sub-01_acq-quant_mrsref",
    "ecc": "sub-01_acq-ecc_mrsref",
    "wref_raw": "sub-01_acq-coil_mrsref",
}
_BASIS = "STEAM_7T_11ms.BASIS.gz"
# The first sample is 14 % too low (receiver filter). It is kept: a wrong first sample is a constant in the spectrum,
# which the baseline holds exactly, while dropping it would cost first-order phase.
_STUDY = """\
title: "7 T STEAM, one volunteer (FMRIB Oxford)"
basis: basis/STEAM_7T_11ms.basis
references:
  quantification: acq-quant
  eddy_current: acq-ecc
  coil_combination: acq-coil
quantification:
  primary_scale: ratio_tcr
quality:
  max_crlb_percent: 20
  max_line_width_hz: 24
  min_signal_to_noise: 20
"""


def assemble(source: Path, target: Path) -> None:
    """Write the BIDS dataset `target` (new or empty folder) from the files of `source`.

    Recordings go through `read_fids` and `write_fids`, which leave name, birth date and the like behind.
    """
    needed = [source / f"{name}.nii.gz" for name in _RECORDINGS] + [source / _BASIS]
    if missing := [str(path) for path in needed if not path.is_file()]:
        raise FileNotFoundError(f"not found: {', '.join(missing)}")
    if target.exists() and any(target.iterdir()):
        raise FileExistsError(f"{target} is not empty; give an empty or new folder")
    folder = target / "sub-01" / "mrs"
    folder.mkdir(parents=True)
    for name, bids_name in _RECORDINGS.items():
        fids = read_fids(source / f"{name}.nii.gz")
        write_fids(folder / f"{bids_name}.nii.gz", fids)
        sidecar = {
            "ResonantNucleus": fids.acquisition.nucleus,
            "SpectrometerFrequency": fids.acquisition.spectrometer_frequency_mhz,
            "EchoTime": fids.acquisition.echo_time_s,
            "RepetitionTime": fids.acquisition.repetition_time_s,
            "WaterSuppression": name == "metab_raw",
        }
        _write(folder / f"{bids_name}.json", json.dumps(sidecar, indent=2) + "\n")
    (target / "basis").mkdir()
    _write(target / "basis" / "STEAM_7T_11ms.basis", gzip.decompress((source / _BASIS).read_bytes()).decode("ascii"))
    description = {"Name": "7 T STEAM, one volunteer", "BIDSVersion": "1.10.0", "DatasetType": "raw"}
    _write(target / "dataset_description.json", json.dumps(description, indent=2) + "\n")
    _write(target / "participants.tsv", "participant_id\nsub-01\n")
    _write(target / ".bidsignore", "basis/\nstudy.yaml\n")
    _write(target / "study.yaml", _STUDY)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="folder with metab_raw.nii.gz, quant_raw.nii.gz, ...")
    parser.add_argument("target", type=Path, help="new folder for the BIDS dataset")
    arguments = parser.parse_args()
    assemble(arguments.source, arguments.target)


if __name__ == "__main__":
    main()
