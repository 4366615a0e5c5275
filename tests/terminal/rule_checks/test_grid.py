"""The cells are right: whatever lies in one is decided as the situation that stands for it."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from terminal.decisions.rule_book import RuleBook
from terminal.decisions.trial import try_rule
from terminal.rule_checks.axes import ExpiryAxis
from terminal.rule_checks.grid import Grid, grids_of
from terminal.rule_checks.outcomes import judge
from terminal.rule_checks.sites import sites_of
from terminal.rule_checks.situation import NEVER_EXPIRES, Situation
from tests.terminal.decisions.writing import service
from tests.terminal.rule_checks.books import books, situations
from tests.terminal.rule_checks.locating import cell_of, feature_sets


def situation_at(grid: Grid, cell: tuple[int, ...]) -> Situation:
    """What stands for a cell."""
    situation = grid.start
    for axis, value in zip(grid.axes, cell, strict=True):
        situation = axis.put(value, situation)
    return situation


def grid_for(tap: Situation, rules: RuleBook, data: st.DataObject) -> tuple[Grid, Situation]:
    """A grid of the book that can hold the tap, and the tap moved to that grid's service."""
    sites = list(sites_of(rules.packs))
    site = data.draw(st.sampled_from(sites))
    features = data.draw(st.sampled_from(feature_sets()))
    region = data.draw(st.sampled_from([tap.card.region, site.service.region]))
    there = replace(
        tap, service=replace(site.service, features=features), card=replace(tap.card, region=region)
    )
    [grid] = [grid for grid in grids_of(site, rules.packs) if grid.card_kind is tap.card.kind]
    return grid, for_grid(grid, there)


def for_grid(grid: Grid, tap: Situation) -> Situation:
    """The tap with the prices that the grid's site has, and with a card that comes as far as the rules.

    Where no pack is patient with expired cards, none of them does.
    """
    if not any(isinstance(axis, ExpiryAxis) for axis in grid.axes):
        tap = replace(tap, card=replace(tap.card, expires=NEVER_EXPIRES))
    return replace(tap, service=replace(tap.service, tickets=grid.site.service.tickets))


@settings(max_examples=200, deadline=None)
@given(st.data(), books())
def test_a_tap_is_decided_as_the_situation_that_stands_for_its_cell(
    data: st.DataObject, rules: RuleBook
) -> None:
    tap = data.draw(situations(service()))
    grid, there = grid_for(tap, rules, data)
    assume(not grid.sampled and any(rules.rules_for(grid.site.service, there.on)))

    cell = cell_of(grid, there)
    standing = situation_at(grid, cell)

    fares = grid.span("fare", cell)
    ours, theirs = judge(standing, rules, fares), judge(there, rules, fares)
    assert (ours.rule, ours.given) == (theirs.rule, theirs.given)
    assert ours.decision.tried == theirs.decision.tried
    for held in rules.rules_for(grid.site.service, there.on):
        assert try_rule(held, standing.attempt()) == try_rule(held, there.attempt())
