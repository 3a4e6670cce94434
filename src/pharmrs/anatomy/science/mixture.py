"""Three tissues from brightness, with the classes taken from elements that are surely pure.

1. k-means, then posteriors of three Gaussians with a Markov random field (as in Atropos, Avants 2011,
   10.1007/s12021-011-9109-y) give labels.
2. Elements whose neighbours all have their own label are pure: their medians are the class means, their spread the
   noise. Means over all elements would be drawn towards each other by partial volumes, that of CSF most.
3. Posteriors once more with these means and one common SD, so that half of each of two tissues gets 0.5.

Strong noise makes the labels choose: a dark element in white matter is called grey, and its neighbours are not pure any
more, so that bright places are left and the mean of white matter comes out 2 % too high at 9 % noise. Then the labels
are those of a smoothed image, the means and the result those of the image itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_erosion, generate_binary_structure, uniform_filter

from pharmrs.anatomy.records.images import ImageArray
from pharmrs.core.records.arrays import FloatArray

Mask = np.ndarray[tuple[int, ...], np.dtype[np.bool_]]

_NEIGHBOURS = 26
_FIELD_OF_LABELS, _FIELD = 0.1, 0.06  # strength per neighbour
_ITERATIONS = 4
_ROUNDS = 3
_LEAST_PURE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Mean and SD of the brightness of CSF, grey matter and white matter (dark to bright), each (3,)."""

    means: FloatArray
    sds: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Posteriors:
    """Probability of CSF, grey and white matter inside the brain, 0 elsewhere; pure classes; their own noise."""

    maps: tuple[ImageArray, ...]
    pure: Classes


def start_classes(values: FloatArray) -> Classes:
    """Three classes of `values` (n,) by k-means from the quantiles of a brain."""
    means = np.asarray(np.quantile(values, (0.1, 0.45, 0.85)), dtype=np.float64)
    for _ in range(50):
        label = np.digitize(values, 0.5 * (means[1:] + means[:-1]))
        moved = np.array(
            [float(values[label == one].mean()) if (label == one).any() else means[one] for one in range(3)]
        )
        settled = np.abs(moved - means).max() < 1e-4 * abs(means[-1])
        means = moved
        if settled:
            break
    sds = np.array([values[label == one].std() if (label == one).any() else 0.0 for one in range(3)])
    return Classes(means=means, sds=np.maximum(sds, _least_sd(means)))


def segmented(data: ImageArray, inside: Mask, smoothed: ImageArray | None = None) -> Posteriors:
    """Posteriors of the three tissues in `data` `inside` the brain, brightness without bias.

    `smoothed`: the same image with less noise, for the labels of the pure elements. Raises ValueError where a tissue
    is not there.
    """
    clear = data if smoothed is None else smoothed
    values = clear[inside].astype(np.float32)
    classes = start_classes(values[::5].astype(np.float64))
    chances: list[ImageArray] = []
    for _ in range(_ITERATIONS):
        chances = _chances(values, classes, _around(chances, inside, _FIELD_OF_LABELS))
        classes = _updated(values, chances)
    pure = classes
    for _ in range(_ROUNDS):
        pure, common = _pure(clear, inside, chances)
        chances = _settled(values, common, inside, chances)
    if smoothed is not None:
        pure, common = _pure(data, inside, chances)
        chances = _settled(data[inside].astype(np.float32), common, inside, chances)
    return Posteriors(maps=tuple(filled(one, inside) for one in chances), pure=pure)


def _settled(values: ImageArray, classes: Classes, inside: Mask, chances: list[ImageArray]) -> list[ImageArray]:
    for _ in range(_ITERATIONS):
        chances = _chances(values, classes, _around(chances, inside, _FIELD))
    return chances


def filled(values: ImageArray, inside: Mask) -> ImageArray:
    """`values` (n,) at the elements `inside`, 0 elsewhere."""
    full = np.zeros(inside.shape, dtype=np.float32)
    full[inside] = values
    return full


def _pure(data: ImageArray, inside: Mask, chances: list[ImageArray]) -> tuple[Classes, Classes]:
    """Classes of pure elements, and the same means with the one SD that all elements have around them."""
    labels = np.full(inside.shape, -1, dtype=np.int8)
    labels[inside] = np.argmax(np.stack(chances), axis=0)
    means, sds, variances = [], [], []
    for one in range(3):
        mine = labels == one
        # the cortex is too thin for all 26 neighbours
        alone = binary_erosion(mine, generate_binary_structure(3, 1 if one == 1 else 3))
        found = data[alone if np.count_nonzero(alone) > _LEAST_PURE else mine]
        if not found.size:
            raise ValueError("a tissue has no element")
        low, middle, high = np.percentile(found, (15.87, 50.0, 84.13))
        means.append(middle)
        sds.append(0.5 * (high - low))
        variances.append(float(np.mean((data[mine] - middle) ** 2)))
    pure = Classes(means=np.array(means), sds=np.maximum(sds, _least_sd(np.array(means))))
    common = np.full(3, np.sqrt(np.mean(variances)))
    return pure, Classes(means=pure.means, sds=np.maximum(common, _least_sd(pure.means)))


def _least_sd(means: FloatArray) -> float:
    return float(1e-3 * np.ptp(means) + 1e-9)


def _chances(values: ImageArray, classes: Classes, field: list[ImageArray]) -> list[ImageArray]:
    logs = []
    for one in range(3):
        distance = (values - np.float32(classes.means[one])) / np.float32(classes.sds[one])
        log = -0.5 * distance * distance - np.float32(np.log(classes.sds[one]))
        logs.append(log + field[one] if field else log)
    top = np.maximum(np.maximum(logs[0], logs[1]), logs[2])
    powers = [np.exp(log - top) for log in logs]
    total = powers[0] + powers[1] + powers[2]
    return [np.asarray(power / total, dtype=np.float32) for power in powers]


def _around(chances: list[ImageArray], inside: Mask, strength: float) -> list[ImageArray]:
    """The field: its strength times the sum of each class over the 26 neighbours; what is outside counts for none."""
    field = []
    for one in chances:
        full = filled(one, inside)
        sums = uniform_filter(full, 3, mode="constant") * np.float32(_NEIGHBOURS + 1) - full
        field.append(np.asarray(strength * sums[inside], dtype=np.float32))
    return field


def _updated(values: ImageArray, chances: list[ImageArray]) -> Classes:
    means, sds = [], []
    for one in chances:
        total = float(one.sum(dtype=np.float64)) + 1e-12
        mean = float(np.sum(one * values, dtype=np.float64)) / total
        means.append(mean)
        sds.append(np.sqrt(float(np.sum(one * (values - np.float32(mean)) ** 2, dtype=np.float64)) / total))
    return Classes(means=np.array(means), sds=np.maximum(sds, _least_sd(np.array(means))))
