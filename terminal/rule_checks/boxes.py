"""Many labelled cells of a grid told as few boxes: disjoint, complete, and the same each time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Labels: TypeAlias = NDArray[np.int64]

#: A cell that is not to be told of.
UNTOLD: Final = -1


@dataclass(frozen=True)
class Box:
    """Cells with one label: on each axis the chosen values, in any combination."""

    label: int
    chosen: tuple[frozenset[int], ...]


def boxes(labels: Labels) -> tuple[Box, ...]:
    """Boxes over all cells of `labels` that are not UNTOLD: each cell lies in exactly one.

    Values of an axis that look alike are taken together, from the first axis to the last; then boxes that
    differ on one axis alone are joined until none are left. Not always the fewest, but few.
    """
    found = [box for box in _split(labels) if box.label != UNTOLD]
    joined = _joined(found)
    return tuple(sorted(joined, key=lambda box: ([sorted(values) for values in box.chosen], box.label)))


def _split(labels: Labels) -> list[Box]:
    if labels.ndim == 0:
        return [Box(int(labels), ())]
    alike: dict[bytes, list[int]] = {}
    for value, part in enumerate(labels):
        alike.setdefault(part.tobytes(), []).append(value)
    return [
        Box(box.label, (frozenset(values), *box.chosen))
        for values in alike.values()
        for box in _split(labels[values[0]])
    ]


def _joined(found: list[Box]) -> list[Box]:
    before = -1
    while len(found) != before:
        before = len(found)
        for axis in reversed(range(len(found[0].chosen)) if found else ()):
            groups: dict[tuple[object, ...], set[int]] = {}
            for box in found:
                rest = (box.label, *box.chosen[:axis], *box.chosen[axis + 1 :])
                groups.setdefault(rest, set()).update(box.chosen[axis])
            found = [
                Box(_label(rest), (*_sets(rest)[:axis], frozenset(values), *_sets(rest)[axis:]))
                for rest, values in groups.items()
            ]
    return found


def _label(rest: tuple[object, ...]) -> int:
    label = rest[0]
    assert isinstance(label, int)  # noqa: S101 - it was put there
    return label


def _sets(rest: tuple[object, ...]) -> tuple[frozenset[int], ...]:
    return tuple(part for part in rest[1:] if isinstance(part, frozenset))
