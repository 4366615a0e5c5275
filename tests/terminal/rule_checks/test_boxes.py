"""Boxes: disjoint, complete, few, and the same each time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from terminal.rule_checks.boxes import UNTOLD, Labels, boxes

grids = arrays(np.int64, array_shapes(min_dims=1, max_dims=4, max_side=4), elements=st.integers(UNTOLD, 2))


@given(grids)
def test_each_told_cell_lies_in_one_box_of_its_label(grid: Labels) -> None:
    found = boxes(grid)

    for cell in np.ndindex(grid.shape):
        holding = [
            box.label
            for box in found
            if all(value in chosen for value, chosen in zip(cell, box.chosen, strict=True))
        ]
        assert holding == ([] if grid[cell] == UNTOLD else [grid[cell]])


@given(grids)
def test_no_two_boxes_could_be_one(grid: Labels) -> None:
    found = boxes(grid)

    for box in found:
        for other in found:
            differing = sum(one != two for one, two in zip(box.chosen, other.chosen, strict=True))
            assert box is other or box.label != other.label or differing > 1


def test_an_even_grid_is_one_box_and_an_untold_one_is_none() -> None:
    assert len(boxes(np.zeros((3, 4, 2), np.int64))) == 1
    assert boxes(np.full((3, 4), UNTOLD, np.int64)) == ()


def test_what_depends_on_one_axis_is_told_by_that_axis() -> None:
    grid = np.zeros((7, 4, 3), np.int64)
    grid[:, :2, :] = 1

    found = boxes(grid)

    assert {(box.label, box.chosen[1]) for box in found} == {
        (0, frozenset({2, 3})),
        (1, frozenset({0, 1})),
    }
