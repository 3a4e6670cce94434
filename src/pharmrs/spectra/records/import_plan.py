"""What is to be brought into a BIDS dataset: one vendor file, what it is, and where it goes."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLine:
    """One line of the mapping table.

    `files`: the vendor's file, and the one that belongs to it where the format has two (Philips SPAR), absolute paths.
    `part`: which recording of the file, where it holds several. `target`: path below the dataset without its ending,
    `sub-01/ses-1/mrs/sub-01_ses-1_acq-steam_svs`. `sidecar`: keys to be written for want of them in the vendor's file.
    `incomplete`: a measurement that was stopped is to be taken as far as it went. `transients`: files that hold the
    transients of one recording one by one, in their order; `files` is then the first. `clock`: dwell time and frequency
    for formats whose files do not tell them.
    """

    where: str
    format: str
    files: tuple[str, ...]
    part: str
    target: str
    sidecar: dict[str, float]
    incomplete: bool = False
    transients: tuple[str, ...] = ()
    clock: dict[str, float] = field(default_factory=dict)
