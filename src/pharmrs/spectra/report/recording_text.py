"""A combined, averaged signal as the text files that other fit programs read: LCModel's .RAW and control, jMRUI's text.

Sources: LCModel 6.3 manual, sections 5 and 9 (doi:10.1002/mrm.1910300604); the text format of jMRUI as spec2nii reads
it (doi:10.1002/mrm.29418). The phase sense of both is the opposite of that of NIfTI-MRS.
"""

from __future__ import annotations

from pathlib import PurePath

import numpy as np

from pharmrs.core.constants import PROTON_GYROMAGNETIC_MHZ_PER_T, WATER_PPM
from pharmrs.core.records.arrays import ComplexArray
from pharmrs.spectra.records import Spectrum

_RAW_FORMAT = "(2E15.7)"
_LONGEST_TITLE = 120


def lcmodel_raw(name: str, spectrum: Spectrum) -> str:
    """A .RAW or .H2O file: $NMID, then a line of real and imaginary part for each point."""
    acquisition = spectrum.acquisition
    head = [
        " $SEQPAR", f" ECHOT={acquisition.echo_time_s * 1e3:.6g}",
        f" HZPPPM={acquisition.spectrometer_frequency_mhz:.9g}", f" SEQ='{_quoted(acquisition.sequence)}'", " $END",
        " $NMID", f" ID='{_quoted(name)}'", f" FMTDAT='{_RAW_FORMAT}'", " VOLUME=1", " TRAMP=1", " $END",
    ]  # fmt: skip
    return "\n".join(head) + "\n" + "".join(f"{one.real:15.7E}{one.imag:15.7E}\n" for one in _turned(spectrum.fid))


def lcmodel_control(name: str, spectrum: Spectrum, basis: PurePath, omit: tuple[str, ...], *, water: bool) -> str:
    """A control file that fits `name`.RAW of its folder with the basis set, water-scaled where there is `water`."""
    acquisition = spectrum.acquisition
    lines = [
        " $LCMODL", f" TITLE='{_quoted(name)[:_LONGEST_TITLE]}'", " KEY=210387309",
        f" FILBAS='{_quoted(str(basis))}'",
        f" FILRAW='{_quoted(name)}.RAW'", f" FILPS='{_quoted(name)}.ps'",
        " LTABLE=7", f" FILTAB='{_quoted(name)}.table'", " LCSV=11", f" FILCSV='{_quoted(name)}.csv'",
        " LCOORD=9", f" FILCOO='{_quoted(name)}.coord'",
        f" NUNFIL={spectrum.points}", f" DELTAT={acquisition.dwell_time_s:.9g}",
        f" HZPPPM={acquisition.spectrometer_frequency_mhz:.9g}", f" ECHOT={acquisition.echo_time_s * 1e3:.6g}",
        " PPMST=4.2", " PPMEND=0.2",
    ]  # fmt: skip
    if acquisition.receiver_ppm != WATER_PPM.value:
        lines.append(f" PPMCEN={acquisition.receiver_ppm:.6g}")
    if omit:
        lines += [f" NOMIT={len(omit)}", *(f" CHOMIT({k})='{_quoted(one)}'" for k, one in enumerate(omit, start=1))]
    if water:
        lines += [" DOWS=T", f" FILH2O='{_quoted(name)}.H2O'"]
    return "\n".join([*lines, " $END"]) + "\n"


def jmrui_text(name: str, spectrum: Spectrum) -> str:
    """A text file of jMRUI: header, then real and imaginary part of the signal and of its transform for each point."""
    acquisition = spectrum.acquisition
    megahertz = acquisition.spectrometer_frequency_mhz
    head = [
        "jMRUI Data Textfile", "", f"Filename: {name}.txt", "", f"PointsInDataset: {spectrum.points}",
        "DatasetsInFile: 1", f"SamplingInterval: {acquisition.dwell_time_s * 1e3:.9E}", "ZeroOrderPhase: 0E0",
        "BeginTime: 0E0", f"TransmitterFrequency: {megahertz * 1e6:.9E}",
        f"MagneticField: {megahertz / PROTON_GYROMAGNETIC_MHZ_PER_T.value:.4E}",
        "TypeOfNucleus: 1E0", "NameOfPatient: ", "DateOfExperiment: ", "Spectrometer: ", "AdditionalInfo: ", "", "",
        "Signal and FFT", "sig(real)\tsig(imag)\tfft(real)\tfft(imag)", "Signal 1 out of 1 in file",
    ]  # fmt: skip
    signal = _turned(spectrum.fid)
    transform = np.fft.fftshift(np.fft.fft(signal))
    rows = (
        f"{one.real:.8E}\t{one.imag:.8E}\t{other.real:.8E}\t{other.imag:.8E}\n"
        for one, other in zip(signal, transform, strict=True)
    )
    return "\n".join(head) + "\n" + "".join(rows)


def _turned(fid: ComplexArray) -> ComplexArray:
    return np.asarray(np.conj(fid))


def _quoted(text: str) -> str:
    """Text inside the quotes of a Fortran namelist."""
    return text.replace("'", "''").replace("\n", " ")
