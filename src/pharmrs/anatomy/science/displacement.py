"""Chemical-shift displacement: a signal off the carrier comes from a box that is moved along each selective gradient.

A pulse of bandwidth B that selects an edge of length L moves the slice of a signal at frequency f off its carrier by
f L / B (de Graaf, In Vivo NMR Spectroscopy, 10.1002/9781119382461).
"""

from __future__ import annotations

import numpy as np

from pharmrs.anatomy.records.images import VoxelBox


def displaced(
    box: VoxelBox,
    *,
    offset_ppm: float,
    spectrometer_frequency_mhz: float,
    bandwidth_hz: tuple[float, float, float],
    direction: tuple[int, int, int] = (1, 1, 1),
) -> VoxelBox:
    """The box of a signal `offset_ppm` above the carrier; `direction`: signs of the three gradients."""
    shares = offset_ppm * spectrometer_frequency_mhz / np.array(bandwidth_hz) * np.array(direction)
    return box.moved(box.affine[:3, :3] @ shares)
