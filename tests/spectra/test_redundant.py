"""Parts of another component are found, look-alikes are not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.spectra.fit.redundant import find_parts
from pharmrs.spectra.records import BasisSet
from tests.spectra.first_order import metabolite_fid
from tests.spectra.simulated import ACQUISITION, POINTS, window
from tests.spectra.spin_groups import METABOLITES

# moieties of glutathione in the order of its spin groups: glycine, cysteine, glutamate
MOIETIES = {"G_gly": slice(0, 1), "G_cys": slice(1, 4), "G_glu": slice(4, 8)}


def with_parts(basis: BasisSet) -> BasisSet:
    """The basis with the three moieties of glutathione beside it, as in basis sets of some simulators."""
    fids = [metabolite_fid(METABOLITES["GSH"][part], ACQUISITION, POINTS, 1.0) for part in MOIETIES.values()]
    return replace(basis, names=(*basis.names, *MOIETIES), fids=np.concatenate([basis.fids, fids]))


def found(basis: BasisSet) -> dict[str, str]:
    spectra = np.fft.fft(basis.fids, axis=1)[:, window(POINTS, 0.2, 4.2)]
    return find_parts(basis.names, spectra)


def test_the_built_in_basis_has_no_parts(basis: BasisSet) -> None:
    """Cr and PCr, GPC and PCho are alike, but neither is made of the others."""
    assert found(basis) == {}


def test_parts_of_glutathione(basis: BasisSet) -> None:
    assert found(with_parts(basis)) == dict.fromkeys(MOIETIES, "GSH")


def test_phase_and_scale_of_a_component_do_not_make_it_a_part(basis: BasisSet) -> None:
    """A second copy of NAA is an alternative, not whole and part."""
    copies = np.concatenate([basis.fids, 0.3 * basis.fids[basis.names.index("NAA")][None]])
    assert found(replace(basis, names=(*basis.names, "NAA2"), fids=copies)) == {}


def test_order_does_not_matter(basis: BasisSet) -> None:
    more = with_parts(basis)
    order = np.random.default_rng(1).permutation(len(more.names))
    shuffled = replace(more, names=tuple(more.names[index] for index in order), fids=more.fids[order])
    assert found(shuffled) == found(more)
