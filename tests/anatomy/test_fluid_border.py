"""White matter against fluid is no cortex, and a cortex between them stays one: plane layers of known thickness."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter1d

from pharmrs.anatomy.science.fluid_border import steepness, without_false_gray
from pharmrs.anatomy.science.mixture import Classes

PURE = Classes(means=np.array([260.0, 660.0, 1000.0]), sds=np.full(3, 15.0))
INSIDE = np.ones((24, 24, 48), dtype=bool)
FINE = 20  # steps of the truth in an element


def layers(cortex: float, noise: float) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Image and true shares (CSF, grey, white matter): CSF, `cortex` elements of grey matter, white matter along z."""
    depth = np.arange(48 * FINE) / FINE - 20.3
    shares = [depth < 0, (depth >= 0) & (depth < cortex), depth >= cortex]
    blurred = [gaussian_filter1d(one.astype(float), 0.5 * FINE, mode="nearest") for one in shares]
    truth = [np.broadcast_to(one.reshape(48, FINE).mean(axis=1), INSIDE.shape) for one in blurred]
    image = sum(mean * one for mean, one in zip(PURE.means, truth, strict=True))
    image = image + noise * np.random.default_rng(1).standard_normal(INSIDE.shape)
    csf, gray, white = truth
    return image.astype(np.float32), (csf, gray, white)


def by_brightness(image: np.ndarray) -> tuple[np.ndarray, ...]:
    """What brightness alone says: the nearest class."""
    nearest = np.argmin(np.abs(image[..., None] - PURE.means), axis=-1)
    return tuple((nearest == one).astype(np.float32) for one in range(3))


@pytest.mark.parametrize(("noise", "left", "off"), [(0.0, 0.2, 0.1), (15.0, 0.2, 0.1), (90.0, 0.4, 0.3)])
def test_no_cortex_between_white_matter_and_fluid(noise: float, left: float, off: float) -> None:
    """Brightness alone makes about 0.9 mm of grey matter; less than a fifth is left, at 9 % noise two fifths.

    White matter and CSF end within 0.1 mm of the true border; at 9 % noise some white elements are called grey.
    """
    image, (csf, gray, white) = layers(0.0, noise)
    assert gray.max() == 0.0
    before = by_brightness(image)
    (after,) = without_false_gray(steepness(image, np.ones(3)), image, INSIDE, PURE, np.ones(3), (before,))
    columns = INSIDE[..., 0].size
    deep = (slice(None), slice(None), slice(12, 30))  # away from the noise of pure tissue
    assert before[1][deep].sum() / columns > 0.7
    assert after[1][deep].sum() / columns < left * before[1][deep].sum() / columns
    assert after[2][deep].sum() / columns == pytest.approx(white[deep].sum() / columns, abs=off)
    assert after[0][deep].sum() / columns == pytest.approx(csf[deep].sum() / columns, abs=off)


@pytest.mark.parametrize(("cortex", "lost"), [(2.0, 0.1), (2.5, 0.02), (4.0, 0.02)])
def test_a_cortex_stays(cortex: float, lost: float) -> None:
    """Cortex is 2 to 4.5 mm thick; at 2 mm it loses at most a tenth, from 2.5 mm on next to nothing."""
    image, _ = layers(cortex, 15.0)
    before = by_brightness(image)
    (after,) = without_false_gray(steepness(image, np.ones(3)), image, INSIDE, PURE, np.ones(3), (before,))
    assert after[1].sum() > (1.0 - lost) * before[1].sum()


def test_shares_still_add_up_and_nothing_changes_outside() -> None:
    image, _ = layers(0.0, 15.0)
    half = INSIDE.copy()
    half[:12] = False
    before = by_brightness(image)
    (after,) = without_false_gray(steepness(image, np.ones(3)), image, half, PURE, np.ones(3), (before,))
    assert np.abs(np.sum(after, axis=0) - 1.0).max() < 1e-5
    assert all(np.array_equal(a[:12], b[:12]) for a, b in zip(after, before, strict=True))
