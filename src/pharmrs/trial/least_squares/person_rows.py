"""Rows of one participant together: sums over the rows of each, without a matrix of participants by rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pharmrs.core.records.arrays import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class PersonRows:
    """`names` in alphabetical order; `codes` (rows,): participant of each row; `order`: rows by participant;
    `starts`, `sizes` (participants,): where each begins in that order, and how many rows he has.
    """

    names: tuple[str, ...]
    codes: IntArray
    order: IntArray
    starts: IntArray
    sizes: IntArray

    @classmethod
    def of(cls, subjects: Sequence[str]) -> PersonRows:
        """The participants that `subjects` (rows,) names."""
        names, codes, sizes = np.unique(np.asarray(subjects, dtype=str), return_inverse=True, return_counts=True)
        order = np.argsort(codes, kind="stable")
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.intp)
        return cls(tuple(names.tolist()), codes.astype(np.intp), order, starts, sizes.astype(np.intp))

    def __len__(self) -> int:
        return len(self.names)

    def sums(self, values: FloatArray, axis: int = 0) -> FloatArray:
        """Sums of `values` over the rows of each participant; rows lie along `axis`, where participants take place."""
        return np.asarray(np.add.reduceat(np.take(values, self.order, axis=axis), self.starts, axis=axis))

    def rows(self, person: int) -> IntArray:
        """Rows of one participant."""
        return self.order[self.starts[person] : self.starts[person] + self.sizes[person]]
