"""`pharmrs basis --sequence steam --te-ms 11 --tm-ms 32 ... --out FILE.basis`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from pharmrs.cli.messages import say


def basis_command(
    *,
    sequence: Annotated[str, typer.Option("--sequence", help="steam, press or slaser.")],
    te_ms: Annotated[float, typer.Option("--te-ms", help="Echo time, ms.")],
    larmor_mhz: Annotated[float, typer.Option("--larmor-mhz", help="Spectrometer frequency, MHz (297.2 at 7 T).")],
    bandwidth_hz: Annotated[float, typer.Option("--bandwidth-hz", help="Receiver bandwidth, Hz.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="LCModel file to write; FSL-MRS JSON, picture beside it.")],
    tm_ms: Annotated[
        Optional[float],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--tm-ms", help="Mixing time of STEAM, ms."),
    ] = None,
    points: Annotated[int, typer.Option("--points", help="Complex points of each signal.")] = 4096,
    metabolites: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--metabolites", "-m", help="Names, separated by commas [default: 21 of the brain]."),
    ] = None,
    line_width_hz: Annotated[float, typer.Option("--line-width-hz", help="Lorentzian width of every line.")] = 2.0,
    interval_ms: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option("--interval-ms", help="Times between pulse centres and to sampling, separated by commas."),
    ] = None,
    pulse: Annotated[
        list[Path],
        typer.Option("--pulse", help="Shaped pulse (text) for the pulses of its flip angle; repeat for others."),
    ] = [],  # noqa: B006
    macromolecules: Annotated[bool, typer.Option(help="Add the component mm of published peaks.")] = True,
    spin_systems: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--spin-systems", help="Own spin systems, JSON; they replace published ones of the same name."),
    ] = None,
) -> None:
    """Simulate a basis set for a localisation sequence: LCModel file, FSL-MRS JSON folder, a picture."""
    from pharmrs.spectra.records.basis_protocol import BasisProtocol
    from pharmrs.spectra.stage.simulated_basis import BasisRequest, write_simulated_basis

    protocol = BasisProtocol(
        sequence=sequence.lower(),
        echo_time_s=te_ms / 1e3,
        mixing_time_s=None if tm_ms is None else tm_ms / 1e3,
        spectrometer_frequency_mhz=larmor_mhz,
        bandwidth_hz=bandwidth_hz,
        points=points,
        intervals_s=tuple(one / 1e3 for one in _numbers(interval_ms)),
        line_width_hz=line_width_hz,
    )
    request = BasisRequest(
        protocol=protocol,
        metabolites=None if metabolites is None else tuple(_split(metabolites)),
        macromolecules=macromolecules,
        spin_systems=spin_systems,
        pulses=tuple(pulse),
    )
    basis, paths = write_simulated_basis(request, out)
    for note in basis.notes:
        say(f"note: {note}")
    for path in paths:
        typer.echo(str(path))


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str | None) -> list[float]:
    from pharmrs.core.read.numbers import plain_number

    numbers = [plain_number(part) for part in _split(text or "")]
    if None in numbers:
        raise typer.BadParameter(f"{text!r} is not a list of numbers", param_hint="--interval-ms")
    return [number for number in numbers if number is not None]
