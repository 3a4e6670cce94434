"""What spectra that are fitted together have in common.

Every amplitude and every parameter of every spectrum is a linear function of the numbers of the set: each has its own,
all share one, or it follows regressors over the spectra (steps, a ramp, the level of a drug). That is one matrix for
the amplitudes of each spectrum and one for its parameters; everything else of the fit stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pharmrs.core.records.arrays import BoolArray, FloatArray, IntArray
from pharmrs.spectra.fit.equations import floors
from pharmrs.spectra.fit.model import BROAD_QUADRATIC, LORENTZ, PHASE0, PHASE1, QUADRATIC, SHIFT, SKEW, ParameterLayout
from pharmrs.spectra.fit.variances import estimated_blocks

PHASE, PLACE, WIDTH, SKEWED, BROAD, TURNED, SHAPE, GROUPS, SINGLE = (
    "phase", "shift", "width", "skew", "broad width", "eddy currents", "line shape", "macromolecule groups",
    "single deviations",
)  # fmt: skip
_SHARED_KINDS = {
    PHASE0: PHASE, PHASE1: PHASE, SHIFT: PLACE, LORENTZ: WIDTH, QUADRATIC: WIDTH, SKEW: SKEWED, BROAD_QUADRATIC: BROAD,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Course:
    """How something goes over the K spectra: `design` (K, P) times P numbers of the set, some of them `signed` (P,)."""

    design: FloatArray
    signed: tuple[bool, ...]


def shared(count: int) -> Course:
    """One number for all."""
    return Course(np.ones((count, 1)), (False,))


def own(count: int) -> Course:
    """A number for each."""
    return Course(np.eye(count), (False,) * count)


def regressed(regressors: FloatArray) -> Course:
    """A level and a multiple, of either sign, of each of the `regressors` (K, R)."""
    design = np.column_stack([np.ones(regressors.shape[0]), regressors])
    return Course(design, (False, *(True,) * regressors.shape[1]))


@dataclass(frozen=True, slots=True)
class Sharing:
    """`amplitudes`: course of components, shared where none is named. `tied`: component -> another one and the multiple
    of it that it is. `parameters`: course of each kind of parameter, own where none is named. `alike`: the spectra are
    of one kind, with backgrounds that are equally smooth."""

    count: int
    amplitudes: Mapping[str, Course] = field(default_factory=dict)
    tied: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    parameters: Mapping[str, Course] = field(default_factory=dict)
    alike: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """The matrices: amplitudes of spectrum k are `amplitudes[k]` (M_k, P) times those of the set, its parameters
    `parameters[k]` (L_k, Q) times those of the set, both together `both[k]`.

    `labels` (P,): component and number of the column of its course; `units` (P,): amplitude of the set for 1 in units
    of the basis signals; `signed` (P,): which may be negative; `floors` (Q,): the least of each parameter. `blocks`:
    parameters whose SD is estimated together, with the weight of what is expected of it.
    """

    amplitudes: tuple[FloatArray, ...]
    parameters: tuple[FloatArray, ...]
    both: tuple[FloatArray, ...]
    labels: tuple[tuple[str, int], ...]
    units: FloatArray
    signed: BoolArray
    floors: FloatArray
    blocks: tuple[tuple[IntArray, float], ...]

    @property
    def trivial(self) -> bool:
        """Whether a single spectrum has all to itself, so that nothing need be multiplied."""
        return len(self.both) == 1 and np.array_equal(self.both[0], np.eye(self.both[0].shape[0]))


@dataclass(slots=True)
class _Columns:
    """Columns of the matrices in the order in which they are first needed."""

    places: dict[tuple[object, int], int] = field(default_factory=dict)
    entries: list[list[tuple[int, int, float]]] = field(default_factory=list)

    def of(self, key: object, number: int) -> int:
        return self.places.setdefault((key, number), len(self.places))

    def matrices(self, rows: Sequence[int]) -> tuple[FloatArray, ...]:
        made = []
        for count, entries in zip(rows, self.entries, strict=True):
            matrix = np.zeros((count, len(self.places)))
            for row, column, value in entries:
                matrix[row, column] += value
            made.append(matrix)
        return tuple(made)


def link(
    sharing: Sharing, names: Sequence[tuple[str, ...]], units: Sequence[FloatArray], layouts: Sequence[ParameterLayout]
) -> Links:
    """`names`: components of each spectrum; `units`: amplitudes in its fit (M_k,) of 1 in units of the basis set."""
    columns, labels, column_units, signed = _amplitude_columns(sharing, names, units)
    parameters, least, blocks = _parameter_columns(sharing, names, layouts)
    amplitudes = columns.matrices([len(one) for one in names])
    turned = parameters.matrices([layout.size for layout in layouts])
    both = [
        np.block([[a, np.zeros((a.shape[0], t.shape[1]))], [np.zeros((t.shape[0], a.shape[1])), t]])
        for a, t in zip(amplitudes, turned, strict=True)
    ]
    return Links(amplitudes, turned, tuple(both), labels, column_units, signed, least, blocks)


def _amplitude_columns(
    sharing: Sharing, names: Sequence[tuple[str, ...]], units: Sequence[FloatArray]
) -> tuple[_Columns, tuple[tuple[str, int], ...], FloatArray, BoolArray]:
    columns, found, signed = _Columns(), [], []
    usual = shared(sharing.count)
    for k, (components, unit) in enumerate(zip(names, units, strict=True)):
        entries: list[tuple[int, int, float]] = []
        for row, name in enumerate(components):
            # a component that is tied to one of another spectrum, or to none that is there, stands alone
            leader, factor = sharing.tied.get(name, (name, 1.0))
            if not any(leader in one for one in names):
                leader, factor = name, 1.0
            course = sharing.amplitudes.get(leader, usual)
            for number, value in enumerate(course.design[k]):
                if value == 0.0:
                    continue
                known = len(columns.places)
                column = columns.of(leader, number)
                if column == known:
                    found.append(_unit_of(leader, number, course, (names, units)))
                    signed.append(course.signed[number])
                entries.append((row, column, value * factor * unit[row] / found[column]))
        columns.entries.append(entries)
    labels = tuple((str(name), number) for name, number in columns.places)
    return columns, labels, np.array(found), np.array(signed, dtype=bool)


def _unit_of(
    name: str, number: int, course: Course, where: tuple[Sequence[tuple[str, ...]], Sequence[FloatArray]]
) -> float:
    """That of the first spectrum which has the component and follows this column."""
    for k, (components, unit) in enumerate(zip(*where, strict=True)):
        if name in components and course.design[k, number] != 0.0:
            return float(unit[components.index(name)])
    raise AssertionError("a column is made only for a component that is there")


def _parameter_columns(
    sharing: Sharing, names: Sequence[tuple[str, ...]], layouts: Sequence[ParameterLayout]
) -> tuple[_Columns, FloatArray, tuple[tuple[IntArray, float], ...]]:
    columns, least, usual = _Columns(), [], own(sharing.count)
    blocks: dict[object, tuple[dict[int, None], float]] = {}
    for k, (components, layout) in enumerate(zip(names, layouts, strict=True)):
        entries: list[tuple[int, int, float]] = []
        keys, floor = _keys(layout, components), floors(layout)
        for place, (kind, key) in enumerate(keys):
            course = sharing.parameters.get(kind, usual)
            for number, value in enumerate(course.design[k]):
                if value == 0.0:
                    continue
                known = len(columns.places)
                column = columns.of((kind, key), number)
                if column == known:
                    least.append(-np.inf if course.signed[number] else floor[place])
                entries.append((place, column, value))
        columns.entries.append(entries)
        for where, weight in estimated_blocks(layout):
            theirs = (column for place, column, _ in entries if place in where)
            blocks.setdefault(keys[where[0]], ({}, weight))[0].update(dict.fromkeys(theirs))
    found = tuple((np.fromiter(one, dtype=np.intp), weight) for one, weight in blocks.values())
    return columns, np.array(least, dtype=np.float64), found


def _keys(layout: ParameterLayout, components: tuple[str, ...]) -> list[tuple[str, object]]:
    """Kind and identity of each parameter of a spectrum, in their order."""
    keys: list[tuple[str, object]] = [(_SHARED_KINDS[place], place) for place in range(layout.turns.start)]
    keys += [(TURNED, number) for number in range(layout.turns.stop - layout.turns.start)]
    keys += [(SHAPE, number) for number in range(2 * layout.shapes)]
    keys += [(GROUPS, number) for number in range(layout.groups)]
    keys += [(SINGLE, ("shift", name)) for name in components]
    keys += [(SINGLE, ("damping", name)) for name in components]
    return keys
