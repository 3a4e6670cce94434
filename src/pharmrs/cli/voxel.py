"""`pharmrs voxel T1 SPECTRUM ... --out DIR`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pharmrs.cli.messages import EXIT_SOME_FAILED, print_problems


def voxel_command(
    t1: Annotated[Path, typer.Argument(help="T1w image, NIfTI, with skull or without.")],
    spectra: Annotated[list[Path], typer.Argument(help="Single-voxel spectra, NIfTI-MRS; only their boxes are used.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for page, table, masks and tissue maps.")] = Path(
        "pharmrs-voxel"
    ),
    maps: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option("--maps", help="Map of another program in the space of T1; three times: grey, white matter, CSF."),
    ] = None,
    labels: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--labels", help="Labels in the space of T1: aseg.mgz, SynthSeg, *_dseg with its table."),
    ] = None,
    visit: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--visit", help="Image of the head in the visit of the spectra, where T1 is of another visit."),
    ] = None,
    expected: Annotated[str, typer.Option("--expected", help="Where the voxel should lie, such as pgACC.")] = "",
    displacement: Annotated[
        Optional[tuple[float, float, float, float, float]],  # noqa: UP045
        typer.Option(
            "--displacement",
            help="Evaluate the displaced box: signal, carrier (ppm), bandwidth along each edge (Hz).",
        ),
    ] = None,
) -> None:
    """Grey matter, white matter and CSF in the voxels of spectra, with uncertainty and a picture of their place."""
    from pharmrs.anatomy.records.declared import Anatomy, Displacement
    from pharmrs.anatomy.stage.voxel import HeadInput, measure_voxels
    from pharmrs.core.files.targets import claimed
    from pharmrs.core.workers.threads import limit_threads
    from pharmrs.spectra.read.nifti_mrs import spectrometer_frequency_mhz

    limit_threads()
    shift = None
    if displacement is not None:
        signal, carrier, *bandwidths = displacement
        first, second, third = bandwidths
        if min(bandwidths) <= 0:
            raise typer.BadParameter("bandwidths must be above 0", param_hint="--displacement")
        shift = Displacement(bandwidth_hz=(first, second, third), signal_ppm=signal, carrier_ppm=carrier)
    try:
        plan = Anatomy(expected=expected or None, displacement=shift)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expected") from error
    head = HeadInput(t1=t1, maps=tuple(maps or ()), labels=labels, visit=visit)
    with claimed(out):
        result = measure_voxels(head, spectra, out, plan, spectrometer_frequency_mhz)
    print_problems(result.problems)
    for tissue in result.tissues:
        found = tissue.fractions
        x, y, z = tissue.mni_centre_mm
        name = f"{tissue.scan}: " if len(spectra) > 1 else ""
        typer.echo(
            f"{name}grey matter {found.gray_matter:.3f} ± {found.gray_matter_sd:.3f}, white matter "
            f"{found.white_matter:.3f} ± {found.white_matter_sd:.3f}, CSF {found.csf:.3f} ± {found.csf_sd:.3f}; "
            f"centre in MNI152 {x:.1f}, {y:.1f}, {z:.1f} mm"
        )
    for path in result.files:
        typer.echo(str(path))
    if result.missing:
        raise typer.Exit(EXIT_SOME_FAILED)
