"""`pharmrs doctor`: is this installation able to give right numbers?"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import metadata
from multiprocessing import get_context
from pathlib import Path

from packaging.specifiers import SpecifierSet

from pharmrs.core.workers.execution import default_workers
from pharmrs.study.installation import required_libraries

_SMALLEST_MEMORY_GIB = 4.0
_TRUTH = {"NAA": 10.0, "Cr": 4.0, "PCr": 4.0, "Glu": 9.0, "GPC": 1.5, "Ins": 6.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorFinding:
    """One thing that was checked: whether it is as it must be, what was found, and what to do."""

    what: str
    good: bool
    found: str
    remedy: str = ""


def examine() -> Iterator[DoctorFinding]:
    """Python, libraries against their ranges, memory, temporary files, worker processes, the fit of a known spectrum.

    The fit is tried only when all libraries are there: nothing of this module needs one of them.
    """
    yield _python()
    libraries = tuple(_libraries())
    yield from libraries
    yield _memory()
    yield _temporary_files()
    yield _workers()
    if all(library.good for library in libraries):
        yield _known_fit()


def _python() -> DoctorFinding:
    wanted = str(metadata("pharmrs")["Requires-Python"])
    found = ".".join(map(str, sys.version_info[:3]))
    return DoctorFinding(
        what="Python",
        good=SpecifierSet(wanted).contains(found),
        found=f"{found} (wanted {wanted})",
        remedy="install pharmrs with another Python",
    )


def _libraries() -> Iterator[DoctorFinding]:
    for requirement, found in required_libraries():
        yield DoctorFinding(
            what=requirement.name,
            good=bool(found) and requirement.specifier.contains(found, prereleases=True),
            found=f"{found or 'not installed'} (wanted {requirement.specifier})",
            remedy=f"pip install '{requirement.name}{requirement.specifier}'",
        )


def _memory() -> DoctorFinding:
    try:
        gib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    except (AttributeError, ValueError, OSError):  # not every system tells
        return DoctorFinding(what="memory", good=True, found=f"not known; {default_workers()} cores")
    return DoctorFinding(
        what="memory",
        good=gib >= _SMALLEST_MEMORY_GIB,
        found=f"{gib:.1f} GiB, {default_workers()} cores (wanted {_SMALLEST_MEMORY_GIB:g} GiB)",
        remedy="use --workers 1, or a machine with more memory",
    )


def _temporary_files() -> DoctorFinding:
    place = tempfile.gettempdir()
    try:
        with tempfile.TemporaryDirectory(prefix="pharmrs-doctor-") as folder:
            (Path(folder) / "file").write_bytes(bytes(2**20))
    except OSError as error:
        return DoctorFinding(
            what="temporary files", good=False, found=f"{place}: {error}", remedy="set TMPDIR to a folder with room"
        )
    return DoctorFinding(what="temporary files", good=True, found=place)


def _workers() -> DoctorFinding:
    """Worker processes share semaphores in /dev/shm, which a container or a chroot may lack."""
    try:
        get_context("spawn").Semaphore(1)
    except OSError as error:
        remedy = "make /dev/shm writable (a tmpfs), or use --workers 1"
        return DoctorFinding(what="worker processes", good=False, found=f"no shared semaphore: {error}", remedy=remedy)
    return DoctorFinding(what="worker processes", good=True, found="can share semaphores")


def _known_fit() -> DoctorFinding:
    """Fit a simulated spectrum of S/N about 40; each amplitude must lie within five reported SD of the truth."""
    import numpy as np

    from pharmrs.simulate.recordings import ACQUISITION, POINTS
    from pharmrs.simulate.scan_records import SimulatedScanner
    from pharmrs.simulate.signals import metabolite_signal
    from pharmrs.spectra.basis.basis_set import protocol_of, simulated_basis
    from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
    from pharmrs.spectra.fit.fit import fit_spectrum
    from pharmrs.spectra.records import Spectrum
    from pharmrs.spectra.records.fit import FitSettings

    basis = simulated_basis(protocol_of(ACQUISITION, 2 * POINTS))
    signal = metabolite_signal(basis, _TRUTH, ACQUISITION, POINTS, SimulatedScanner(line_width_hz=7.0))
    rng = np.random.default_rng(1)
    scale = float(np.abs(np.fft.fft(signal)).max()) / np.sqrt(POINTS) / 80.0
    noise = scale * (rng.normal(size=POINTS) + 1j * rng.normal(size=POINTS))
    spectrum = Spectrum(fid=signal + noise, acquisition=ACQUISITION, affine=np.eye(4), source="simulated")
    fit = fit_spectrum(spectrum, basis, FitSettings())
    rows = {row.metabolite: row for row in metabolite_amplitudes(fit)}
    tcr = _TRUTH["Cr"] + _TRUTH["PCr"]
    deviations = {
        name: (rows[name].amplitude / rows["tCr"].amplitude * tcr - _TRUTH[name])
        / (rows[name].sd / rows["tCr"].amplitude * tcr)
        for name in ("Glu", "NAA", "Ins")
    }
    worst = max(deviations, key=lambda name: abs(deviations[name]))
    return DoctorFinding(
        what="fit of a known spectrum",
        good=fit.converged and abs(deviations[worst]) < 5.0,
        found=f"largest deviation {deviations[worst]:+.1f} SD ({worst})",
        remedy="the numerical libraries of this machine give wrong numbers: reinstall numpy and scipy from PyPI",
    )
