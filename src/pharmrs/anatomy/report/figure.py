"""Where a voxel lies: three planes through its centre, the head above, the tissues around the voxel below."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from pharmrs.anatomy.records.images import ImageArray, PlaneCut, Volume, VoxelTissue
from pharmrs.core.records.arrays import FloatArray
from pharmrs.core.report.figure_style import INK, MODEL, figure_style, new_figure
from pharmrs.core.report.numbers import MISSING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PLANES = ("Sagittal", "Coronal", "Axial")
_ENDS = (("P", "A", "I", "S"), ("L", "R", "I", "S"), ("L", "R", "P", "A"))  # left, right, bottom, top
_COLOURS = np.array([[0.85, 0.37, 0.01], [0.46, 0.44, 0.70], [0.11, 0.62, 0.47]])  # grey matter, white matter, CSF
_AROUND_MM = 28.0
_LINE = "#ffd166"
_TITLE_LETTERS = 64  # of a line, as wide as the figure


def placement_figure(cuts: Sequence[PlaneCut], tissue: VoxelTissue) -> Figure:
    """The box of one scan in the head, and in the tissues below: orange grey matter, violet white matter, green CSF."""
    from matplotlib.patches import Patch

    with figure_style():
        fig = new_figure(12.5)
        axes = fig.subplots(2, 3, gridspec_kw={"height_ratios": [1.25, 1.0]})
        for column, cut in enumerate(cuts):
            _head(axes[0, column], cut, lined=tissue.movement is not None)
            _tissues(axes[1, column], cut)
        found = tissue.fractions
        values = ((found.gray_matter, "GM"), (found.white_matter, "WM"), (found.csf, "CSF"))
        said = ", ".join(f"{name} {value:.3f}" if np.isfinite(value) else f"{name} {MISSING}" for value, name in values)
        lines = (f"{tissue.scan}: {said}", *_moved(tissue))
        title = "\n".join(textwrap.fill(line, _TITLE_LETTERS, break_on_hyphens=False) for line in lines)
        fig.suptitle(title, fontsize=10, x=0.01, ha="left", fontweight="bold")
        names = ("grey matter", "white matter", "CSF")
        patches = [Patch(facecolor=tuple(colour), label=name) for colour, name in zip(_COLOURS, names, strict=True)]
        fig.legend(handles=patches, loc="outside lower center", ncols=3)
    return fig


def overlap_figure(template: Volume, shared: ImageArray, centre_mm: FloatArray, boxes: int) -> Figure:
    """Share of the `boxes` at every place of MNI152 (`shared`, on the grid of `template`), through their centre."""
    index = np.rint(np.linalg.inv(template.affine) @ np.append(centre_mm, 1.0))[:3].astype(int)
    index = np.clip(index, 0, np.array(shared.shape) - 1)
    with figure_style():
        fig = new_figure(7.5)
        axes = fig.subplots(1, 3)
        for axis in range(3):
            picture, part = (np.take(data, index[axis], axis=axis).T for data in (template.data, shared))
            axes[axis].imshow(picture, cmap="gray", origin="lower")
            drawn = axes[axis].imshow(
                np.where(part > 1e-3, part, np.nan), cmap="viridis", vmin=0, vmax=1, origin="lower"
            )
            axes[axis].set_title(_PLANES[axis])
            _ends(axes[axis], axis)
            _bare(axes[axis])
        fig.colorbar(drawn, ax=list(axes), shrink=0.7, label=f"share of {boxes} boxes")
    return fig


def _moved(tissue: VoxelTissue) -> tuple[str, ...]:
    """How the head lay in this visit, where the tissues are those of another one."""
    movement = tissue.movement
    if movement is None:
        return ()
    far = movement.moved_mm(np.array(tissue.centre_mm))
    where = f"moved by {far:.1f} mm and {movement.turned_deg:.1f}°, SD {movement.error_mm:.1f} mm ({movement.how})"
    return (f"another visit laid on the head of the maps: {where}", "yellow line: border of the brain in the maps")


def _head(axes: Axes, cut: PlaneCut, lined: bool) -> None:
    top = float(np.percentile(cut.image, 99.5)) or 1.0
    axes.imshow(
        cut.image, cmap="gray", vmin=0, vmax=top, extent=cut.extent_mm, origin="lower", interpolation="bilinear"
    )
    if lined:
        brain = cut.tissue[0] + cut.tissue[1]
        axes.contour(brain, levels=[0.5], extent=cut.extent_mm, colors=[_LINE], linewidths=0.7)
    _draw_outline(axes, cut)
    axes.set_title(_PLANES[cut.axis])
    _ends(axes, cut.axis)
    _bare(axes)


def _tissues(axes: Axes, cut: PlaneCut) -> None:
    shares = np.clip(np.moveaxis(cut.tissue, 0, -1), 0.0, 1.0)
    inside = np.clip(shares.sum(axis=-1, keepdims=True), 0.0, 1.0)
    colours = shares @ _COLOURS + (1.0 - inside)  # white where there is no brain
    axes.imshow(np.clip(colours, 0.0, 1.0), extent=cut.extent_mm, origin="lower", interpolation="nearest")
    _draw_outline(axes, cut, colour=INK)
    centre = cut.outline.mean(axis=0)
    axes.set_xlim(centre[0] - _AROUND_MM, centre[0] + _AROUND_MM)
    axes.set_ylim(centre[1] - _AROUND_MM, centre[1] + _AROUND_MM)
    _bare(axes)


def _ends(axes: Axes, axis: int) -> None:
    from matplotlib.patheffects import withStroke

    left, right, bottom, above = _ENDS[axis]
    for x, y, text in ((0.02, 0.5, left), (0.98, 0.5, right), (0.5, 0.02, bottom), (0.5, 0.98, above)):
        horizontal = "left" if x < 0.1 else "right" if x > 0.9 else "center"
        vertical = "bottom" if y < 0.1 else "top" if y > 0.9 else "center"
        axes.text(
            x, y, text, transform=axes.transAxes, color="white", ha=horizontal, va=vertical, fontsize=8,
            path_effects=[withStroke(linewidth=2, foreground="black")],
        )  # fmt: skip


def _draw_outline(axes: Axes, cut: PlaneCut, colour: str = MODEL) -> None:
    closed = np.vstack([cut.outline, cut.outline[:1]])
    axes.plot(closed[:, 0], closed[:, 1], color=colour, linewidth=1.3)


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_aspect("equal")
    for spine in axes.spines.values():
        spine.set_visible(False)
