"""Scans of one person at several visits: macromolecules are those of the person, metabolites those of the visit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pharmrs.spectra.fit.amplitudes import metabolite_amplitudes
from pharmrs.spectra.fit.fit import Ended, fit_from
from pharmrs.spectra.fit.fit_setup import chosen_basis
from pharmrs.spectra.records.acquisition import Spectrum
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSettings, LinearCombinationFit
from pharmrs.spectra.together.fit import Member, fit_together
from pharmrs.spectra.together.series import components_of
from pharmrs.spectra.together.sharing import GROUPS, Sharing, own, shared


@dataclass(frozen=True, slots=True)
class VisitChange:
    """What sharing did to one metabolite of one scan: `factor` on its amount, `sd_factor` on the SD of it."""

    scan: int
    metabolite: str
    factor: float
    sd_factor: float


def fit_visits(
    spectra: Sequence[Spectrum], basis: BasisSet, settings: FitSettings, *, sizes: bool
) -> tuple[tuple[VisitChange, ...], bool]:
    """What fits of `spectra` with common macromolecules say beside fits of each alone, and whether the search ended.

    `sizes`: the spectra are on one scale, so that the amount of macromolecules is common too; else only how they are
    divided among themselves is. Raises what `fit_spectrum` raises.
    """
    settings = replace(settings, stability=False)
    alone = [fit_from(one, basis, settings, None) for one in spectra]
    first, count = alone[0], len(spectra)
    used = first.made.task.settings
    kept = components_of(chosen_basis(basis, used), first.made.names)
    wide = {name for name, broad in zip(first.made.names, first.made.task.model.broad, strict=True) if broad}
    shared_names = wide if sizes else set()
    found = fit_together(
        first,
        [Member(spectrum, kept, used) for spectrum in spectra[1:]],
        Sharing(
            count,
            amplitudes={name: own(count) for name in first.made.names if name not in shared_names},
            parameters={GROUPS: shared(count)},
        ),
    )
    changes = [row for k, (one, fit) in enumerate(zip(alone, found.fits, strict=True)) for row in _changes(k, one, fit)]
    return tuple(row for row in changes if row.metabolite not in wide), found.fits[0].converged


def _changes(scan: int, alone: Ended, fit: LinearCombinationFit) -> list[VisitChange]:
    before = {row.metabolite: row for row in metabolite_amplitudes(alone.fit)}
    after = {row.metabolite: row for row in metabolite_amplitudes(fit)}
    rows = []
    for name, row in before.items():
        other = after.get(name)
        if other is None or not (row.amplitude > 0.0 and row.sd > 0.0 and np.isfinite(other.sd)):
            continue
        rows.append(VisitChange(scan, name, other.amplitude / row.amplitude, other.sd / row.sd))
    return rows
