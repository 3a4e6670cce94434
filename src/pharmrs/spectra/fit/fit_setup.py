"""What a fit works with: the basis set as the settings choose it, and the forward model made of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pharmrs.core.constants import WATER_PPM
from pharmrs.core.errors import FitFailure, InputError, InputProblem
from pharmrs.core.records.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from pharmrs.spectra.basis.broad_components import is_broad, named_broad, widened, with_broad
from pharmrs.spectra.fit.line_shape import free_form
from pharmrs.spectra.fit.macromolecules import levels as levels_at
from pharmrs.spectra.fit.macromolecules import split_groups
from pharmrs.spectra.fit.model import Model
from pharmrs.spectra.fit.redundant import find_parts
from pharmrs.spectra.preprocess.band import Band
from pharmrs.spectra.records.basis import BasisSet
from pharmrs.spectra.records.fit import FitSection, FitSettings

_REFERENCE_MHZ = 297.2  # 7 T
_LOWEST_END_PPM = 4.0
_OVERLAPPING = 0.16  # of the limit for groups, where their lines overlap those of metabolites


def at_field(settings: FitSettings, mhz: float) -> FitSettings:
    """`settings` at the spectrometer frequency `mhz`: single shifts and dampings, and the end of the window."""
    scale = mhz / _REFERENCE_MHZ
    end_ppm = max(WATER_PPM.value - settings.water_reach_hz / mhz, _LOWEST_END_PPM)
    if settings.ppm_high >= WATER_PPM.value:
        end_ppm = settings.ppm_high  # a window across water was meant
    return replace(
        widened(settings, mhz),
        shift_sd_hz=settings.shift_sd_hz * scale,
        damping_sd_hz=settings.damping_sd_hz * scale,
        group_sd_limit=settings.group_sd_limit * (1.0 if len(levels_at(mhz)) > 1 else _OVERLAPPING),
        ppm_high=min(settings.ppm_high, end_ppm),
    )


def chosen_basis(basis: BasisSet, settings: FitSection) -> BasisSet:
    """What is fitted: `basis` without the components to omit, with the built-in ones to add.

    Raises InputError when `settings.omit`, `add` or `ratio_priors` do not go with the basis set.
    """
    unknown = [name for name in settings.omit if name not in basis.names]
    if unknown:
        rule, value = "must name components of the basis set", ", ".join(unknown)
        raise InputError([_problem(basis, "fit.omit", rule, value)])
    if set(settings.omit) >= set(basis.names):
        rule = "leaves components of the basis set to be fitted"
        raise InputError([_problem(basis, "fit.omit", rule, "all of them")])
    kept = [index for index, name in enumerate(basis.names) if name not in settings.omit]
    left = replace(basis, names=tuple(basis.names[index] for index in kept), fids=basis.fids[kept])
    whole = with_broad(left, settings.add)
    parts = {name for prior in settings.ratio_priors for name in (prior.numerator, *prior.denominator)}
    if absent := sorted(parts - set(whole.names)):
        rule = "must name components that are fitted"
        raise InputError([_problem(whole, "fit.ratio_priors", rule, ", ".join(absent))])
    return whole


def _problem(basis: BasisSet, field: str, rule: str, value: str) -> InputProblem:
    remedy = f"choose from {', '.join(basis.names)}"
    return InputProblem(file=basis.source, field=field, rule=rule, value=value, remedy=remedy)


def make_model(
    basis: BasisSet, band: Band, settings: FitSettings, *, parts: bool = True, told_broad: tuple[str, ...] = ()
) -> tuple[Model, tuple[str, ...], FloatArray, tuple[tuple[str, str], ...]]:
    """The forward model, names of its components, norms taken off their signals, what was left out and why.

    `parts`: whether components that are parts of another one are looked for. Raises FitFailure when no component has
    signal in the fit window.
    """
    signals = band.decimate_model(basis.fids)
    spectra = band.model_spectrum(signals)
    norms = np.sqrt(np.sum(np.abs(spectra) ** 2, axis=1))
    found = find_parts(basis.names, spectra) if parts else {}
    unseen = {name for name, norm in zip(basis.names, norms, strict=True) if norm <= 1e-6 * norms.max()}
    if len(unseen) == len(basis.names):
        raise FitFailure(f"{basis.source}: no component has signal in {settings.ppm_low}-{settings.ppm_high} ppm")
    left_out = [(part, f"it is part of {whole}") for part, whole in found.items()]
    left_out += [(name, "it has no signal in the fit window") for name in basis.names if name in unseen]
    seen = np.array([name not in found and name not in unseen for name in basis.names])
    broad = is_broad(signals[seen], band.time_s)
    kept = tuple(name for name, there in zip(basis.names, seen, strict=True) if there)
    broad |= np.array([name in told_broad or named_broad(name) for name in kept])
    levels = [
        _groups(basis.fids[seen], basis.ppm_axis(), broad, band, norms[seen], edges)
        for edges in levels_at(band.hz_per_ppm)
    ]
    groups, owners = (np.concatenate(values) for values in zip(*levels, strict=True))
    shapes = free_form(band.time_s, settings.line_shape_knot_s, settings.line_shape_extent_s)
    model = Model(band, signals[seen] / norms[seen, None], shapes, broad, groups, owners, levels[0][0].shape[0])
    return model, kept, norms[seen], tuple(left_out)


def _groups(
    fids: ComplexArray, ppm: FloatArray, broad: BoolArray, band: Band, norms: FloatArray, edges: tuple[float, ...]
) -> tuple[ComplexArray, IntArray]:
    """Parts of the broad components, decimated (G, T), and the components they belong to (G,)."""
    parts = {int(index): split_groups(fids[index], ppm, edges) for index in np.flatnonzero(broad)}
    found = [band.decimate_model(split) / norms[index] for index, split in parts.items() if split.shape[0]]
    owners = np.repeat(list(parts), [split.shape[0] for split in parts.values()]).astype(np.intp)
    empty = np.zeros((0, band.time_s.shape[0]), dtype=complex)
    return (np.concatenate(found) if found else empty), owners
