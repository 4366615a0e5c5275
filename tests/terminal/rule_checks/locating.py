"""Which cell of a grid a tap lies in, worked out from what the cells say they hold."""

from __future__ import annotations

from terminal.decisions.catalogue import ServiceFeature
from terminal.rule_checks.axes import (
    GRADES,
    Axis,
    CategoryAxis,
    ExpiryAxis,
    FlagAxis,
    GradeAxis,
    NumberAxis,
    ResidenceAxis,
    TicketAxis,
)
from terminal.rule_checks.days import DayAxis
from terminal.rule_checks.grid import Grid
from terminal.rule_checks.situation import Situation


def cell_of(grid: Grid, tap: Situation) -> tuple[int, ...]:
    """The one cell that holds `tap`; on each axis exactly one must."""
    cell = []
    for axis in grid.axes:
        holding = [value for value in range(len(axis)) if _holds(axis, value, tap)]
        assert len(holding) == 1, (axis, holding, tap)
        cell.append(holding[0])
    return tuple(cell)


def _holds(axis: Axis, cell: int, tap: Situation) -> bool:  # noqa: PLR0911  one answer for each kind of axis
    match axis:
        case DayAxis():
            return any(run.first <= tap.on <= run.last for run in axis.cells[cell])
        case NumberAxis():
            first, last = axis.span(cell)
            number = {"fare": tap.fare, "companions": tap.companions, "hotlist_age": tap.hotlist_age}
            return first <= number[axis.subject] <= last
        case GradeAxis():
            return tap.card.grade == GRADES[cell]
        case CategoryAxis():
            return axis.cells[cell] == frozenset(tap.card.categories) & frozenset(axis.named)
        case ResidenceAxis():
            longest = max((prefix for prefix in axis.prefixes if tap.card.region.startswith(prefix)), key=len)
            return axis.prefixes[cell] == longest
        case ExpiryAxis():
            days = (tap.on - tap.card.expires).days
            starts = [-(10**9) if start is None else start for start in axis.starts]
            following = [*starts[1:], 10**9]
            return starts[cell] <= days < following[cell]
        case FlagAxis():
            held = {
                "list": axis.name in tap.lists,
                "quota": tap.uses.get(axis.name, 0) >= axis.limit,
                "feature": axis.name in {feature.value for feature in tap.service.features},
                "follows": tap.follows_holder,
            }
            return held[axis.subject] is bool(cell)
        case TicketAxis():
            known = tap.ticket if tap.ticket in axis.tickets else "another"
            return axis.tickets[cell] == known
        case _:
            raise AssertionError(axis)


def feature_sets() -> list[frozenset[ServiceFeature]]:
    """Every set of features."""
    sets: list[frozenset[ServiceFeature]] = [frozenset()]
    for feature in ServiceFeature:
        sets += [held | {feature} for held in sets]
    return sets
