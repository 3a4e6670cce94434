"""What raters see of each scan: our fit of its recording, else the fit whose curves another program's file holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pharmrs.core.records.scan_files import ScanFiles
from pharmrs.spectra.records.foreign import FittedCurves, ForeignScan


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A scan that can be shown. `file`: what a decision is about, by its content; `curves`: None for a fit of ours."""

    files: ScanFiles
    file: str
    curves: FittedCurves | None = None


def shown_scans(scans: Sequence[ScanFiles], foreign: Sequence[ForeignScan], *, fitted: bool) -> tuple[Shown, ...]:
    """Those of `scans` that raters can see, in their order; `fitted`: recordings are fitted here."""
    curves = {one.files.name: one.source.curves for one in foreign}
    found = []
    for files in scans:
        drawn = curves.get(files.name)
        if files.metabolite and fitted:
            found.append(Shown(files=files, file=files.metabolite))
        elif drawn is not None:
            found.append(Shown(files=files, file=drawn.file, curves=drawn))
    return tuple(found)
