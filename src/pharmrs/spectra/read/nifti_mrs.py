"""NIfTI-MRS in and out. Standard: Clarke et al. 2022, doi:10.1002/mrm.29418.

The stored FID is taken as it is: NIfTI-MRS, like this package, has higher chemical shifts at lower frequencies.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from pharmrs.core.files.atomic import write_bytes
from pharmrs.core.read.nifti_container import read_container
from pharmrs.core.read.problems import Problems
from pharmrs.core.read.sidecar import read_sidecars
from pharmrs.core.records.arrays import ComplexArray, FloatArray
from pharmrs.spectra.read.nifti_metadata import Metadata, acquisition_of
from pharmrs.spectra.read.privacy import identifying_keys, without_identity
from pharmrs.spectra.records import Acquisition, Fids, Spectrum
from pharmrs.spectra.records.fit import LinearCombinationFit

_LEAST_POINTS = 64
_DIMENSIONS = ("DIM_COIL", "DIM_DYN", "DIM_EDIT")
_SMALLEST, _LARGEST = 1e-30, 1e30
_MOST_BEFORE = 0.5  # of a recording that begins before its echo
# everything else a header may hold is left behind: what is not known to be harmless may identify a person
_KEPT = ("TxOffset", "ExcitationFlipAngle", "InversionTime", "WaterSuppressed", "WaterSuppressionType")
_KEPT_TEXT = ("ManufacturersModelName", "SoftwareVersions", "ProtocolName", "PatientPosition", "RxCoil", "TxCoil")


def read_fids(path: str | Path) -> Fids:
    """Read a single-voxel proton recording, data as (points, coils, transients), complex.

    Values absent from the header extension come from the BIDS sidecars. `Fids.header` keeps all keys except those
    that identify a person. Raises `InputError` with every problem of the file.
    """
    problems = Problems(str(path))
    container = read_container(Path(path), problems)
    if container is None:
        problems.raise_errors()
        raise AssertionError("an unreadable container must come with a problem")
    sidecar, sidecar_name = read_sidecars(Path(path), problems)
    metadata = Metadata(extension=container.extension, sidecar=sidecar, sidecar_name=sidecar_name, problems=problems)
    data, conditions = _arrange(container.data, container.shape, container.extension, problems)
    acquisition = acquisition_of(metadata, container.dwell_time_s)
    if data is not None and acquisition is not None:
        _check_start(acquisition, data.shape[0], problems)
    problems.raise_errors()
    if data is None or acquisition is None:
        raise AssertionError("missing data or metadata must come with a problem")
    return Fids(
        data=data,
        acquisition=acquisition,
        affine=container.affine,
        source=str(path),
        header=without_identity(metadata.merged()),
        conditions=conditions,
    )


def spectrometer_frequency_mhz(path: str | Path) -> float:
    """Of a recording, MHz. Raises `InputError` as `read_fids` does."""
    return read_fids(path).acquisition.spectrometer_frequency_mhz


def write_fids(path: str | Path, fids: Fids) -> None:
    """Write `fids` as NIfTI-MRS (complex128), atomically; nothing that identifies a person is written."""
    conditions = max(fids.conditions, default=0) + 1
    turns = (fids.transients // conditions, conditions) if conditions > 1 else (fids.transients,)
    data = fids.data.reshape(1, 1, 1, fids.points, fids.coils, *turns)
    _write(Path(path), data, fids.acquisition, fids.affine, fids.header, {})


def write_spectrum(path: str | Path, spectrum: Spectrum) -> None:
    """Write one combined signal as NIfTI-MRS (complex128), atomically; `averages` becomes NumberOfTransients."""
    count: dict[str, tuple[object, str]] = {"NumberOfTransients": (spectrum.averages, "transients averaged")}
    _write(Path(path), spectrum.fid.reshape(1, 1, 1, -1), spectrum.acquisition, spectrum.affine, {}, count)


def write_fit(path: str | Path, fit: LinearCombinationFit, spectrum: Spectrum) -> None:
    """Write the curves of a fit as signals (complex64) side by side in DIM_USER_0, named in the header.

    Each has the spectrum of the fit in its window and nothing elsewhere, on the axis of the fit, whose peaks lie at
    their chemical shifts; like FSL-MRS's, the fit holds the baseline.
    """
    acquisition = spectrum.acquisition
    hz = (acquisition.receiver_ppm - fit.ppm) * acquisition.spectrometer_frequency_mhz
    points = round(1.0 / (float(hz[1] - hz[0]) * acquisition.dwell_time_s))  # zeros at the end were not fitted
    bins = np.rint(hz * points * acquisition.dwell_time_s).astype(int)
    whole = fit.model + fit.baseline
    parts = {"data": fit.data, "fit": whole, "baseline": fit.baseline, "residual": fit.data - whole}
    spectra = np.zeros((points, len(parts)), dtype=np.complex128)
    spectra[bins] = np.nan_to_num(np.stack(list(parts.values()), axis=-1))
    signals = np.fft.ifft(spectra, axis=0).astype(np.complex64)
    low, high = float(fit.ppm.min()), float(fit.ppm.max())
    window = f"inverse Fourier transforms of spectra that are zero outside {low:.4f} to {high:.4f} ppm"
    extra: dict[str, tuple[object, str]] = {
        "FitWindow": ([low, high], "ppm"), "FitComponents": (list(fit.names), "what the fit is made of"),
    }  # fmt: skip
    said = {"Part": {"Value": list(parts), "Description": f"fit includes baseline; residual = data - fit; {window}"}}
    data = signals.reshape(1, 1, 1, points, len(parts))
    _write(Path(path), data, acquisition, spectrum.affine, {}, extra, ("data, fit, baseline, residual", said))


def identifying_fields(path: str | Path) -> tuple[str, ...]:
    """Names of the fields, in the file and its sidecars, that may identify a person.

    Raises `InputError` where the file cannot be read at all.
    """
    problems = Problems(str(path))
    container = read_container(Path(path), problems)
    if container is None:
        problems.raise_errors()
        return ()
    sidecar, _ = read_sidecars(Path(path), problems)
    fields = [*identifying_keys(container.extension)]
    fields += [f"{key} (sidecar)" for key in identifying_keys(sidecar)]
    fields += [f"NIfTI header {key}" for key in ("db_name", "aux_file") if container.free_text.get(key)]
    fields += ["DICOM header extension" for code in container.other_extensions if code == 2]
    return tuple(fields)


def _arrange(
    data: np.ndarray[Any, Any] | None, shape: tuple[int, ...], extension: dict[str, Any], problems: Problems
) -> tuple[ComplexArray | None, tuple[int, ...]]:
    """The stored array as (points, coils, transients); None, with the reasons in `problems`, where it cannot be.

    Conditions of editing (DIM_EDIT) become transients that take turns; they are told beside.
    """
    if len(shape) < 4 or shape[3] < _LEAST_POINTS:
        remedy = "the fourth dimension must be the FID: convert the scanner's file again with spec2nii"
        problems.add("dim", f"needs a fourth dimension of at least {_LEAST_POINTS} points", shape, remedy)
        return None, ()
    if shape[:3] != (1, 1, 1):
        remedy = "only single-voxel data can be analysed; extract one voxel, or leave this recording out"
        problems.add("dim", "must be a single voxel (1 x 1 x 1), not a grid (MRSI)", shape[:3], remedy)
    axes = _dimension_axes(shape, extension, problems)
    if data is None or not _values_are_usable(data, problems) or axes is None or shape[:3] != (1, 1, 1):
        return None, ()
    ordered = [3, *(axes[tag] for tag in _DIMENSIONS if tag in axes)]
    rest = [axis for axis in range(data.ndim) if axis not in ordered]
    coils, dynamics, conditions = (shape[axes[tag]] if tag in axes else 1 for tag in _DIMENSIONS)
    sizes = (shape[3], coils, dynamics * conditions)
    arranged = np.transpose(data, ordered + rest).reshape(sizes).astype(np.complex128, order="C")
    arranged.flags.writeable = False  # nobody else holds it: the record need not copy it
    return arranged, tuple(range(conditions)) * dynamics if conditions > 1 else ()


def _dimension_axes(shape: tuple[int, ...], extension: dict[str, Any], problems: Problems) -> dict[str, int] | None:
    axes: dict[str, int] = {}
    fine = True
    for axis in range(4, len(shape)):
        key = f"dim_{axis + 1}"
        tag = extension.get(key)
        if shape[axis] == 1:
            continue
        if tag not in _DIMENSIONS or tag in axes:
            rule = "dimensions longer than 1 must be DIM_COIL, DIM_DYN or DIM_EDIT, each once"
            remedy = "split, combine or relabel this dimension (mrs_tools reorder/split); 2D and repeated"
            problems.add(key, rule, f"{tag} of size {shape[axis]}", remedy + " measurements are not supported")
            fine = False
            continue
        axes[tag] = axis
    return axes if fine else None


def _values_are_usable(data: np.ndarray[Any, Any], problems: Problems) -> bool:
    bad = int(np.count_nonzero(~np.isfinite(data)))
    again = "export or convert the recording again"
    if bad:
        problems.add("data", "must be finite numbers", f"{bad} NaN or infinite", again)
    elif not data.any():
        problems.add("data", "must hold a signal", "all zeros", again)
    else:
        largest = float(np.abs(np.stack([data.real, data.imag])).max())
        if not _SMALLEST <= largest <= _LARGEST:
            rule = f"its largest value must lie between {_SMALLEST:g} and {_LARGEST:g}: no receiver gives others"
            problems.add("data", rule, f"{largest:g}", again)
    return not problems.found or not any(one.field == "data" for one in problems.found)


def _check_start(acquisition: Acquisition, points: int, problems: Problems) -> None:
    """The points before the echo are taken off, and something must be left."""
    early_s, duration_s = -acquisition.acquisition_start_time_s, points * acquisition.dwell_time_s
    if early_s > _MOST_BEFORE * duration_s:
        rule = f"must not begin more than half of the recording ({duration_s:.3f} s) before the echo"
        remedy = "give the true AcquisitionStartTime of the protocol, in seconds"
        problems.add("AcquisitionStartTime", rule, f"{-early_s:g} s", remedy)


def _write(
    path: Path,
    data: np.ndarray[Any, Any],
    acquisition: Acquisition,
    affine: FloatArray,
    header: dict[str, Any],
    extra: dict[str, tuple[object, str]],
    parts: tuple[str, dict[str, Any]] | None = None,
) -> None:
    from nifti_mrs.create_nmrs import gen_nifti_mrs_hdr_ext
    from nifti_mrs.hdr_ext import Hdr_Ext

    extension = Hdr_Ext(acquisition.spectrometer_frequency_mhz, acquisition.nucleus, dimensions=data.ndim)
    if data.ndim == 7:
        extension.set_dim_info("7th", "DIM_EDIT")
    if parts is not None:
        extension.set_dim_info("5th", "DIM_USER_0", *parts)
    for key, value in _standard_keys(acquisition, header).items():
        extension.set_standard_def(key, value)
    for key, (value, description) in extra.items():
        extension.set_user_def(key, value, description)
    # no_conj: the library's own arrays are the conjugate of what it stores, ours are as stored
    image = gen_nifti_mrs_hdr_ext(data, acquisition.dwell_time_s, extension, affine=affine, no_conj=True)
    with tempfile.TemporaryDirectory(prefix="pharmrs-") as folder:  # the library writes to named files only
        made = Path(folder, "spectrum.nii.gz" if path.suffix == ".gz" else "spectrum.nii")
        image.save(str(made))
        write_bytes(path, made.read_bytes())


def _standard_keys(acquisition: Acquisition, header: dict[str, Any]) -> dict[str, object]:
    keys: dict[str, object] = {
        "SpectralWidth": acquisition.spectral_width_hz,
        "EchoTime": acquisition.echo_time_s,
        "RepetitionTime": acquisition.repetition_time_s,
        "SpecFreqChemShift": acquisition.receiver_ppm,
        "AcquisitionStartTime": acquisition.acquisition_start_time_s,
    }
    if acquisition.mixing_time_s is not None:
        keys["MixingTime"] = acquisition.mixing_time_s
    if acquisition.sequence:
        keys["SequenceName"] = acquisition.sequence
    if acquisition.manufacturer:
        keys["Manufacturer"] = acquisition.manufacturer
    for key in _KEPT:
        if isinstance(header.get(key), (int, float, str)):
            keys[key] = header[key]
    keys.update({key: header[key] for key in _KEPT_TEXT if isinstance(header.get(key), str)})
    return keys
