"""`pharmrs basis --sequence steam --te-ms 11 --tm-ms 32 ... --out FILE.basis`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

import typer

from pharmrs.cli.messages import say

if TYPE_CHECKING:
    from pharmrs.spectra.records.basis_protocol import BasisProtocol
    from pharmrs.spectra.records.editing import Editing


_Number = Optional[float]  # noqa: UP045  typer reads the annotation at run time
_EditPpm = Annotated[
    str, typer.Option("--edit-ppm", help="Of megapress: where the editing pulse is on, two for HERMES.")
]
_EditOffPpm = Annotated[float, typer.Option("--edit-off-ppm", help="Where it is off.")]
_EditMs = Annotated[float, typer.Option("--edit-ms", help="Duration of a Gaussian editing pulse, ms.")]
_EditingPulse = Annotated[
    Optional[Path],  # noqa: UP045
    typer.Option("--editing-pulse", help="Shape of the editing pulse (text) instead of a Gaussian."),
]


def basis_command(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="LCModel file to write; FSL-MRS JSON, picture beside it.")],
    like: Annotated[
        Optional[Path],  # noqa: UP045  typer reads the annotation at run time
        typer.Option("--like", help="Recording (NIfTI-MRS) whose header gives sequence, times, field and bandwidth."),
    ] = None,
    sequence: Annotated[str, typer.Option("--sequence", help="steam, press, slaser or megapress.")] = "",
    te_ms: Annotated[_Number, typer.Option("--te-ms", help="Echo time, ms.")] = None,
    larmor_mhz: Annotated[
        _Number, typer.Option("--larmor-mhz", help="Spectrometer frequency, MHz (297.2 at 7 T).")
    ] = None,
    bandwidth_hz: Annotated[_Number, typer.Option("--bandwidth-hz", help="Receiver bandwidth, Hz.")] = None,
    tm_ms: Annotated[_Number, typer.Option("--tm-ms", help="Mixing time of STEAM, ms.")] = None,
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
    edit_ppm: _EditPpm = "1.9",
    edit_off_ppm: _EditOffPpm = 7.5,
    edit_ms: _EditMs = 14.0,
    editing_pulse: _EditingPulse = None,
    macromolecules: Annotated[bool, typer.Option(help="Add the component mm of published peaks.")] = True,
    spin_systems: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--spin-systems", help="Own spin systems, JSON; they replace published ones of the same name."),
    ] = None,
) -> None:
    """Simulate a basis set for a localisation sequence: LCModel file, FSL-MRS JSON folder, a picture."""
    from pharmrs.spectra.records.basis_protocol import BasisProtocol
    from pharmrs.spectra.stage.simulated_basis import BasisRequest, write_simulated_basis

    times = {"--te-ms": te_ms, "--larmor-mhz": larmor_mhz, "--bandwidth-hz": bandwidth_hz}
    missing = [name for name, value in {"--sequence": sequence or None, **times}.items() if value is None]
    if like is None and missing:
        raise typer.BadParameter(f"give {', '.join(missing)}, or --like RECORDING, whose header gives them")
    protocol = BasisProtocol(
        sequence=sequence.lower(),
        echo_time_s=(te_ms or 0.0) / 1e3,
        mixing_time_s=None if tm_ms is None else tm_ms / 1e3,
        spectrometer_frequency_mhz=larmor_mhz or 0.0,
        bandwidth_hz=bandwidth_hz or 0.0,
        points=points,
        intervals_s=tuple(one / 1e3 for one in _numbers(interval_ms)),
        line_width_hz=line_width_hz,
        editing=_editing(edit_ppm, edit_off_ppm, edit_ms) if sequence.lower() == "megapress" else None,
    )
    if like is not None:
        protocol = _of_header(like, sequence, protocol)
    request = BasisRequest(
        protocol=protocol,
        metabolites=None if metabolites is None else tuple(_split(metabolites)),
        macromolecules=macromolecules,
        spin_systems=spin_systems,
        pulses=tuple(pulse),
        editing_pulse=editing_pulse,
    )
    basis, paths = write_simulated_basis(request, out)
    for note in basis.notes:
        say(f"note: {note}")
    for path in paths:
        typer.echo(str(path))


def _editing(on: str, off_ppm: float, duration_ms: float) -> Editing:
    from pharmrs.spectra.records.editing import Editing

    bands = tuple(_numbers(on))
    if len(bands) not in (1, 2) or not all(-5 <= one <= 15 for one in (*bands, off_ppm)) or not duration_ms > 0:
        raise typer.BadParameter(f"{on!r} is not one or two chemical shifts such as 1.9", param_hint="--edit-ppm")
    return Editing(on_ppm=bands, off_ppm=off_ppm, duration_ms=duration_ms)


def _of_header(recording: Path, sequence: str, given: BasisProtocol) -> BasisProtocol:
    """`given`, where something is given, completed by the header of `recording`; says the lines for study.yaml."""
    from dataclasses import replace

    from pharmrs.spectra.basis.proposal import proposed_protocol
    from pharmrs.spectra.read.nifti_mrs import read_fids

    proposed, note = proposed_protocol(read_fids(recording), sequence)
    whole = replace(
        given,
        sequence=given.sequence or proposed.sequence,
        echo_time_s=given.echo_time_s or proposed.echo_time_s,
        mixing_time_s=given.mixing_time_s or proposed.mixing_time_s,
        spectrometer_frequency_mhz=given.spectrometer_frequency_mhz or proposed.spectrometer_frequency_mhz,
        bandwidth_hz=given.bandwidth_hz or proposed.bandwidth_hz,
        editing=given.editing or proposed.editing,
        intervals_s=given.intervals_s or (proposed.intervals_s if _as_proposed(given, proposed) else ()),
    )
    say(f"note: {note}")
    mixing = "" if whole.mixing_time_s is None else f", tm_ms: {1e3 * whole.mixing_time_s:g}"
    intervals = ", ".join(f"{1e3 * one:g}" for one in whole.intervals_s)
    declared = f"sequence: {whole.sequence}, te_ms: {1e3 * whole.echo_time_s:g}{mixing}"
    declared += f", intervals_ms: [{intervals}]" if intervals else ""
    say(f"for study.yaml: basis: {{simulate: {{{declared}}}}}")
    return whole


def _as_proposed(given: BasisProtocol, proposed: BasisProtocol) -> bool:
    """Whether the intervals of the header's sequence are those of what is simulated."""
    return given.sequence in ("", proposed.sequence) and given.echo_time_s in (0.0, proposed.echo_time_s)


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _numbers(text: str | None) -> list[float]:
    from pharmrs.core.read.numbers import plain_number

    numbers = [plain_number(part) for part in _split(text or "")]
    if None in numbers:
        raise typer.BadParameter(f"{text!r} is not a list of numbers", param_hint="--interval-ms")
    return [number for number in numbers if number is not None]
