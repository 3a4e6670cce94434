"""`pharmrs voxel T1 SPECTRUM --out DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pharmrs.cli.messages import print_problems


def voxel_command(
    t1: Annotated[Path, typer.Argument(help="T1w image, NIfTI, with skull or without.")],
    spectrum: Annotated[Path, typer.Argument(help="Single-voxel spectrum, NIfTI-MRS; only its box is used.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for table, page and tissue maps.")] = Path(
        "pharmrs-voxel"
    ),
) -> None:
    """Grey matter, white matter and CSF in the voxel of one spectrum, with uncertainty and a picture of its place."""
    from pharmrs.anatomy.stage.voxel import measure_voxel
    from pharmrs.core.files.targets import claim_output
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.spectra.read.nifti_mrs import spectrometer_frequency_mhz

    claim_output(out)
    limit_threads()
    result = measure_voxel(t1, spectrum, out, spectrometer_frequency_mhz)
    print_problems(result.problems)
    found = result.tissue.fractions
    x, y, z = result.tissue.mni_centre_mm
    typer.echo(
        f"grey matter {found.gray_matter:.3f} ± {found.gray_matter_sd:.3f}, white matter {found.white_matter:.3f} ± "
        f"{found.white_matter_sd:.3f}, CSF {found.csf:.3f} ± {found.csf_sd:.3f}; centre in MNI152 {x:.1f}, {y:.1f}, "
        f"{z:.1f} mm"
    )
    for path in result.files:
        typer.echo(str(path))
