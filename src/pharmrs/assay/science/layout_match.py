"""Which plate of the exports a layout speaks of: by name, and by name only where there is any choice."""

from __future__ import annotations

from collections.abc import Sequence

from pharmrs.assay.records.plate import LayoutWell, Plate, PlateLayout
from pharmrs.core.errors import InputProblem

Matched = tuple[str, Plate, tuple[LayoutWell, ...], str]  # name in the layout, plate, wells, file of the layout


def match_plates(plates: Sequence[Plate], layouts: Sequence[PlateLayout]) -> tuple[list[Matched], list[InputProblem]]:
    """Pair the plates of layouts with those of exports; what finds no partner, or two, is a problem.

    One plate and a layout of one plate belong together whatever they are called, unless the reader itself recorded
    another plate's name (its plate ID).
    """
    wanted = [(layout, name) for layout in layouts for name in layout.plates]
    if len(plates) == 1 and len(wanted) == 1 and not _named_otherwise(plates[0], wanted[0][1]):
        layout, name = wanted[0]
        return [(name, plates[0], layout.of(name), layout.source)], []
    matched: list[Matched] = []
    problems: list[InputProblem] = []
    taken: set[int] = set()
    for layout, name in wanted:
        found = [index for index, plate in enumerate(plates) if name.lower() in (one.lower() for one in plate.names)]
        if len(found) == 1 and found[0] not in taken:
            taken.add(found[0])
            matched.append((name, plates[found[0]], layout.of(name), layout.source))
        else:
            problems.append(_unmatched(layout, name, [plates[index] for index in found], plates))
    problems += [_without_layout(plate) for index, plate in enumerate(plates) if index not in taken]
    return matched, problems


def _named_otherwise(plate: Plate, name: str) -> bool:
    known = {one.lower() for one in plate.names}
    return bool(plate.plate_id) and name.lower() not in known


def _unmatched(layout: PlateLayout, name: str, found: Sequence[Plate], plates: Sequence[Plate]) -> InputProblem:
    if found:
        rule = "one export, and one layout, for each plate"
        value = f"{name} is named by {', '.join(plate.source for plate in found)}"
        remedy = "name the plate as EXPORT_SHEET in the layout, and keep one layout for it"
    else:
        rule = "the plate of a layout must be among the exports (is it the layout of another plate?)"
        value = f"{name}; exports: {', '.join(plate.names[0] for plate in plates) or 'none'}"
        remedy = "write the plate's ID, the sheet's title or the file's name (without ending) into the column plate"
    return InputProblem(file=layout.source, field=f"plate {name}", rule=rule, value=value, remedy=remedy)


def _without_layout(plate: Plate) -> InputProblem:
    return InputProblem(
        file=plate.source,
        field=f"plate {plate.names[0]}",
        rule="a plate needs a layout",
        value="no layout names it",
        remedy=f"add rows with plate {plate.names[0]} to a layout table (`pharmrs plate EXPORT --template` begins "
        "one); the plate is not analysed",
        severity="warning",
    )
