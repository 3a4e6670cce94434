"""A simulated basis set and the files it is written to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pharmrs.core.errors import InputError
from pharmrs.core.files.targets import check_target
from pharmrs.core.read.problems import Problems
from pharmrs.core.report.figure_style import save_figure
from pharmrs.spectra.basis.basis_set import describe, simulated_basis
from pharmrs.spectra.basis.sequences import SEQUENCES
from pharmrs.spectra.basis.spin_library import known_spin_systems
from pharmrs.spectra.basis.write_basis import write_fsl_json, write_lcmodel_basis
from pharmrs.spectra.read.basis import condition_file
from pharmrs.spectra.read.pulse_file import read_pulse
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.report.pictures.figure_basis import basis_figure

_SUFFIX = ".basis"
_SHORTEST_S = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class BasisRequest:
    """What is to be simulated: `metabolites` None for the default ones; files of own spin systems and of pulses.

    `editing_pulse`: shape of the editing pulse for 0 Hz, of an edited sequence.
    """

    protocol: BasisProtocol
    metabolites: tuple[str, ...] | None = None
    macromolecules: bool = True
    spin_systems: Path | None = None
    pulses: tuple[Path, ...] = ()
    editing_pulse: Path | None = None


def simulate(request: BasisRequest, problems: Problems) -> BasisSet:
    """The basis set of `request`. Raises `InputError` with what is wrong with it and all of `problems`."""
    try:
        known = known_spin_systems(request.spin_systems)
    except InputError as error:
        problems.found += error.problems
        known = known_spin_systems()
    pulses = []
    for path in request.pulses:
        try:
            pulses.append(read_pulse(path))
        except InputError as error:
            problems.found += error.problems
    editing_pulse = None
    if request.editing_pulse is not None:
        try:
            editing_pulse = read_pulse(request.editing_pulse)
        except InputError as error:
            problems.found += error.problems
    try:
        basis = simulated_basis(
            request.protocol,
            request.metabolites,
            macromolecules=request.macromolecules,
            spin_systems=known,
            pulses=pulses,
            editing_pulse=editing_pulse,
            origin=problems.file,
        )
    except InputError as error:
        raise InputError([*problems.found, *error.problems]) from error
    problems.raise_errors()
    return basis


def write_simulated_basis(request: BasisRequest, out: Path) -> tuple[BasisSet, list[Path]]:
    """Simulate and write `NAME.basis`, the folder `NAME_json` and `NAME.png`; returns the basis set and the paths.

    Raises `InputError` with everything that is wrong before anything is written.
    """
    problems = Problems("basis")
    folder = out.with_name(f"{out.stem}_json")
    _check_out(out, folder, problems)
    _check_units(request.protocol, problems)
    basis = simulate(request, problems)
    strangers = sorted({path.name for path in folder.glob("*")} - {f"{name}.json" for name in basis.names})
    if strangers:  # the folder is replaced as a whole
        rule = "must not hold components of another basis set, or anything else"
        problems.add(str(folder), rule, ", ".join(strangers), "delete the folder, or choose another name")
        problems.raise_errors()
    label = SEQUENCES[request.protocol.sequence].label
    write_lcmodel_basis(out, basis, label)
    conditions = []
    for number, condition in enumerate(basis.edited, start=1):
        conditions.append(condition_file(out, number))
        write_lcmodel_basis(conditions[-1], condition, label)
    write_fsl_json(folder, basis, request.protocol.line_width_hz)
    picture = out.with_suffix(".png")
    save_figure(basis_figure(basis, describe(request.protocol)), picture)
    return basis, [out, *conditions, folder, picture]


def _check_units(protocol: BasisProtocol, problems: Problems) -> None:
    """No sequence is faster than a millisecond: a smaller number was meant as seconds."""
    for field, value_s in (("te_ms", protocol.echo_time_s), ("tm_ms", protocol.mixing_time_s)):
        if value_s is not None and 0 < value_s < _SHORTEST_S:
            found = f"{1e3 * value_s:g}"
            problems.add(
                field, "must be at least 1 ms", found, f"give milliseconds, {1e6 * value_s:g} if that is meant"
            )


def _check_out(out: Path, folder: Path, problems: Problems) -> None:
    if out.suffix.lower() != _SUFFIX:
        problems.add("out", f"must end in {_SUFFIX}", str(out), f"e.g. {out.stem or 'steam'}{_SUFFIX}")
    problems.found += check_target(out, (_SUFFIX,), b"IDBASI = 'pharmrs'") if out.is_file() else []
    for place in (out.with_suffix(".png"), *folder.glob("*.json")):
        if place.exists() and not out.exists():
            problems.add(str(place), "must not replace a file of somebody else", "it exists", "choose another name")
    if out.is_dir():
        problems.add("out", "must be a file", f"{out} is a folder", "choose another name")
    if folder.exists() and not folder.is_dir():
        problems.add("out", f"the folder {folder.name} must be free", "a file", "choose another name")
    parent = next((one for one in out.absolute().parents if one.exists()), None)
    if parent is not None and not (parent.is_dir() and _writable(parent)):
        problems.add("out", "must be in a writable folder", str(parent), "check the path and its permissions")


def _writable(folder: Path) -> bool:
    import os

    return os.access(folder, os.W_OK)
