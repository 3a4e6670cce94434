"""The files of one scan."""

from __future__ import annotations

from dataclasses import dataclass

REFERENCE_PURPOSES = ("quantification", "eddy_current", "coil_combination")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFiles:
    """The files of one scan, paths as text; empty text: not there.

    `name`: BIDS name without suffix (`sub-01_ses-1_acq-steam`), unique in the dataset. `metabolite`: empty where
    another program's values are all there is; `voxel`: a file whose header tells its place, where no recording does.
    """

    name: str
    subject: str
    session: str
    metabolite: str
    quantification: str = ""
    eddy_current: str = ""
    coil_combination: str = ""
    voxel: str = ""

    @property
    def place(self) -> str:
        """The file whose header tells where the voxel lies; empty text: none does."""
        return self.metabolite or self.voxel

    def reference(self, purpose: str) -> str:
        """The water reference that serves `purpose`, one of `REFERENCE_PURPOSES`; empty text: none."""
        return str(getattr(self, purpose))

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file that is there, each once, the metabolite recording first."""
        references = (self.reference(purpose) for purpose in REFERENCE_PURPOSES)
        return tuple(dict.fromkeys(path for path in (self.metabolite, *references) if path))
