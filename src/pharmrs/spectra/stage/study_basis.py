"""The basis set of a study: the one it names, or one simulated for its sequence, kept in the derivative."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from pharmrs.core.errors import InputError, InputProblem
from pharmrs.core.files.atomic import write_text
from pharmrs.core.files.json_text import read_json
from pharmrs.core.files.places import CACHE_FOLDER, STUDY_FILE
from pharmrs.core.files.program import code_checksum, library_versions
from pharmrs.core.read.problems import Problems
from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.core.report.figure_style import save_figure
from pharmrs.spectra.basis.sequences import SEQUENCES, vendor_intervals_s
from pharmrs.spectra.basis.spin_library import SPIN_SYSTEMS_FILE
from pharmrs.spectra.basis.write_basis import write_lcmodel_basis
from pharmrs.spectra.fit.fit_setup import chosen_basis
from pharmrs.spectra.preprocess.phase_sense import basis_sense, sense_problem
from pharmrs.spectra.read.basis import condition_file, read_basis
from pharmrs.spectra.read.nifti_mrs import read_fids
from pharmrs.spectra.records.acquisition import Acquisition, Fids
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.basis_protocol import BasisProtocol
from pharmrs.spectra.records.declared_basis import SimulatedBasis, StudyBasis
from pharmrs.spectra.records.fit import FitSection
from pharmrs.spectra.report.pictures.figure_basis import basis_figure
from pharmrs.spectra.stage.simulated_basis import BasisRequest, simulate

BASIS_FOLDER = "basis"
_MADE_BY = Path(CACHE_FOLDER) / "basis.json"  # which code and libraries the kept basis set was made by
_ROOMS = ("core", "spectra")
_MODULES: tuple[str, ...] = ()
_LIBRARIES = ("numpy", "scipy")


def basis_name(declared: StudyBasis) -> str:
    """What a reader is told of where the basis set is from."""
    if declared.path is not None:
        return declared.path
    assert declared.simulate is not None
    times = f"TE {declared.simulate.te_ms:g} ms"
    times += "" if declared.simulate.tm_ms is None else f", TM {declared.simulate.tm_ms:g} ms"
    return f"simulated ({SEQUENCES[declared.simulate.sequence].label}, {times})"


def basis_files(declared: StudyBasis) -> tuple[str, ...]:
    """What the basis set is read from or simulated with, as the study names it."""
    if declared.path is not None:
        return (declared.path,)
    assert declared.simulate is not None
    simulated = declared.simulate
    own = (simulated.spin_systems, simulated.editing.shape if simulated.sequence == "megapress" else None)
    return (*(name for name in own if name is not None), *simulated.pulses)


def study_basis(
    root: Path, declared: StudyBasis, scans: Sequence[ScanFiles], output: Path | None
) -> tuple[BasisSet | None, tuple[InputProblem, ...]]:
    """Read or simulate the basis set, with warnings; None where no scan tells the field it is needed for.

    `output`: where a run has kept a simulated one; it is taken from there when everything it depends on is the same,
    the code that simulates included.
    Raises `InputError` with everything that is wrong.
    """
    if declared.path is not None:
        return read_basis(root / declared.path), ()
    assert declared.simulate is not None
    first = _first_recording(scans)
    if first is None:
        return None, ()
    warnings = _differences(root, declared.simulate, first)
    return _simulated(root, declared.simulate, first.acquisition, first.points, output), warnings


def basis_for(root: Path, declared: StudyBasis, acquisition: Acquisition, points: int) -> BasisSet:
    """The same where there are no recordings yet: `acquisition` and `points` are those they will have."""
    if declared.path is not None:
        return read_basis(root / declared.path)
    assert declared.simulate is not None
    return _simulated(root, declared.simulate, acquisition, points, None)


def keep_basis(declared: StudyBasis, basis: BasisSet, output: Path) -> BasisSet:
    """Write a simulated basis set to `output`, with a picture and its description, and read it back.

    Read back also what was just made, so that a run that finds it there has the same numbers to the last digit. A
    basis set that the study names is returned as it is.
    """
    if declared.path is not None:
        return basis
    assert declared.simulate is not None
    place = output / BASIS_FOLDER / basis.source
    if not _intact(place) or not _made_by_this(output, basis.source):
        label = SEQUENCES[declared.simulate.sequence].label
        write_lcmodel_basis(place, basis, label)
        for number, condition in enumerate(basis.edited, start=1):
            write_lcmodel_basis(condition_file(place, number), condition, label)
        save_figure(basis_figure(basis, basis_name(declared)), place.with_suffix(".png"))
        content = {
            "declared": asdict(declared.simulate),
            "components": list(basis.names),
            "notes": list(basis.notes),
            "edited_ppm": list(basis.edited_ppm),
        }
        content["sha256"] = _sealed(place, content)
        write_text(_description(place), json.dumps(content, indent=2) + "\n")  # after them: it vouches for the others
        write_text(output / _MADE_BY, json.dumps(_maker(basis.source), indent=2) + "\n")
    return _read_kept(place)


def _simulated(
    root: Path, declared: SimulatedBasis, acquisition: Acquisition, points: int, output: Path | None
) -> BasisSet:
    """The basis set, from `output` where it is there; its `source` is the name of the file it is kept in."""
    request = _request(root, declared, acquisition, points)
    name = f"simulated-{_fingerprint(request)[:16]}.basis"
    if output is not None and _intact(output / BASIS_FOLDER / name) and _made_by_this(output, name):
        return _read_kept(output / BASIS_FOLDER / name)
    return replace(simulate(request, Problems(str(root / STUDY_FILE))), source=name)


def _read_kept(place: Path) -> BasisSet:
    description = read_json(_description(place))
    basis = read_basis(place)
    return replace(
        basis, notes=tuple(description["notes"]), source=place.name, edited_ppm=tuple(description["edited_ppm"])
    )


def _request(root: Path, declared: SimulatedBasis, acquisition: Acquisition, points: int) -> BasisRequest:
    return BasisRequest(
        protocol=BasisProtocol(
            sequence=declared.sequence,
            echo_time_s=declared.te_ms / 1e3,
            mixing_time_s=None if declared.tm_ms is None else declared.tm_ms / 1e3,
            spectrometer_frequency_mhz=declared.larmor_mhz or acquisition.spectrometer_frequency_mhz,
            bandwidth_hz=declared.bandwidth_hz or acquisition.spectral_width_hz,
            points=declared.points or 2 * points,  # a basis that outlasts the data is not cut short by it
            intervals_s=tuple(one / 1e3 for one in declared.intervals_ms),
            line_width_hz=declared.line_width_hz,
            editing=declared.editing if SEQUENCES[declared.sequence].editing else None,
        ),
        metabolites=declared.metabolites,
        macromolecules=declared.macromolecules,
        spin_systems=None if declared.spin_systems is None else root / declared.spin_systems,
        pulses=tuple(root / name for name in declared.pulses),
        editing_pulse=None if declared.editing.shape is None else root / declared.editing.shape,
    )


def _differences(root: Path, declared: SimulatedBasis, first: Fids) -> tuple[InputProblem, ...]:
    """A warning where the first recording was made with another sequence or mixing time than declared.

    Echo times are compared scan by scan elsewhere.
    """
    problems = Problems(str(root / STUDY_FILE))
    description = first.acquisition.sequence.lower()
    others = [kind.label for name, kind in SEQUENCES.items() if name in description and name != declared.sequence]
    if others and declared.sequence not in description:
        remedy = "declare the sequence of the recordings"
        rule = f"should be the sequence of the recordings ({first.acquisition.sequence})"
        problems.add("basis.simulate.sequence", rule, declared.sequence, remedy, severity="warning")
    mixing_s = first.acquisition.mixing_time_s
    if mixing_s is not None and declared.tm_ms is not None and abs(declared.tm_ms - 1e3 * mixing_s) > 0.5:
        rule = f"should be the mixing time of the recordings ({1e3 * mixing_s:g} ms)"
        remedy = "declare the mixing time of the recordings"
        problems.add("basis.simulate.tm_ms", rule, f"{declared.tm_ms:g}", remedy, severity="warning")
    acquisition = first.acquisition
    maker, mhz = acquisition.manufacturer, acquisition.spectrometer_frequency_mhz
    usual = vendor_intervals_s(declared.sequence, declared.te_ms / 1e3, maker, mhz)
    if usual and not declared.intervals_ms:
        problems.add(
            "basis.simulate.intervals_ms",
            f"should be those of the scanner: the first echo of PRESS lasts {2e3 * usual[0]:g} ms on {maker} at 3 T "
            "(doi 10.1002/mrm.29370), and Glu and Gln depend on it",
            "not given: two equal echoes",
            f"intervals_ms: [{', '.join(f'{1e3 * one:g}' for one in usual)}]",
            severity="warning",
        )
    return tuple(problems.found)


def _first_recording(scans: Sequence[ScanFiles]) -> Fids | None:
    """The first scan that can be read; what is wrong with the others is told when they are opened."""
    for scan in scans:
        try:
            return read_fids(scan.metabolite)
        except InputError:
            continue
    return None


def _description(place: Path) -> Path:
    return place.with_suffix(".json")


def _intact(place: Path) -> bool:
    """Whether all files of a kept basis set are there and the numbers are as they were written."""
    try:
        content = read_json(_description(place))
        description = all(isinstance(note, str) for note in content["notes"])
        right = content.pop("sha256") == _sealed(place, content)
        return bool(description and place.with_suffix(".png").is_file() and right)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _sealed(place: Path, content: Mapping[str, object]) -> str:
    """SHA-256 of a kept basis set and of what is said about it."""
    about = json.dumps(content, sort_keys=True, default=str)
    conditions = [condition_file(place, number) for number in (1, 2, 3)]
    there = "".join(_checksum(one) for one in conditions if one.is_file())
    return hashlib.sha256(f"{_checksum(place)}{there}\n{about}".encode()).hexdigest()


def _maker(name: str) -> dict[str, str]:
    """What a simulated basis set depends on beside its request, which is in its `name`."""
    return {"file": name, "code": code_checksum(_ROOMS, _MODULES), **library_versions(_LIBRARIES)}


def _made_by_this(output: Path, name: str) -> bool:
    """Whether the kept basis set was made by the code and the libraries that are here now."""
    try:
        return bool(read_json(output / _MADE_BY) == _maker(name))
    except (OSError, ValueError):
        return False


def _fingerprint(request: BasisRequest) -> str:
    """SHA-256 of what is asked for: the request and the files it names."""
    own = [one for one in (request.spin_systems, request.editing_pulse) if one is not None]
    files = [SPIN_SYSTEMS_FILE, *request.pulses, *own]
    content = {
        "protocol": request.protocol.as_dict(),
        "metabolites": request.metabolites,
        "macromolecules": request.macromolecules,
        "files": [_checksum(path) for path in files],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _checksum(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return "not readable"  # named when it is read


def open_basis(path: Path, settings: FitSection) -> tuple[BasisSet | None, list[InputProblem]]:
    """The basis set and what is wrong with it; None where `settings` or its phase sense forbid to fit with it."""
    try:
        basis = read_basis(path)
    except InputError as error:
        return None, list(error.problems)
    return usable(basis, settings)


def usable(basis: BasisSet, settings: FitSection) -> tuple[BasisSet | None, list[InputProblem]]:
    try:
        chosen_basis(basis, settings)
    except InputError as error:
        return None, list(error.problems)
    turned = sense_problem(basis_sense(basis), basis.source, "basis set")
    if turned is None:
        return basis, []
    return (None if turned.severity == "error" else basis), [turned]
