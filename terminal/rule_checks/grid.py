"""The space that rules divide at one service: axes, and a situation for each of their cells.

docs/adr/0017-rule-space.md explains the method and its limits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import chain
from math import prod
from typing import Final

from crypto.explained import Text
from terminal.decisions.benefit import CeilingBenefit, TicketClassBenefit
from terminal.decisions.card_facts import CardKind
from terminal.decisions.catalogue import ServiceFeature, ServiceItem
from terminal.decisions.quota import Quota
from terminal.decisions.region import scopes
from terminal.decisions.rule_pack import Rule, RulePack
from terminal.events.challenge import MAX_COMPANIONS, MAX_FARE
from terminal.rule_checks.axes import (
    ALL_CATEGORIES,
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
from terminal.rule_checks.errors import RuleSpaceTooLarge
from terminal.rule_checks.questions import Questions
from terminal.rule_checks.regions import is_prefix
from terminal.rule_checks.sites import Site, questions_at, rules_at
from terminal.rule_checks.situation import NO_CATEGORIES, NO_GRADE, Situation, invented_card
from terminal.rule_checks.text_samples import TICKETS, representative_texts, suggested_regions

MAX_CELLS: Final = 1_000_000
_MAX_HOTLIST_AGE: Final = 36_500  # days
_ONE_DAY: Final = timedelta(days=1)
# What is tried of a number that conditions reckon with.
_SAMPLES: Final = (
    *(0, 1, 2, 3, 5, 7, 10, 30, 50, 99, 100, 101, 150, 200, 205, 250, 300, 500),
    *(999, 1000, 1500, 2000, 5000, 10_000, 99_999),
)
# The same of a service in a catalogue; invented ones have some operators and codes of all that there may be.
_OF_A_TRUE_SERVICE: Final = frozenset({"service", "operator"})
# Variables that conditions may ask in any way, since their whole domain is tried.
_TRIED_WHOLE: Final = frozenset(
    {
        *("categories", "grade", "companions", "local", "same_province", "month", "day"),
        *("companion_card", "follows_holder"),
        "kind",  # the site's own
        *(feature.value for feature in ServiceFeature),
    }
)


@dataclass(frozen=True)
class Grid:
    """Cards of one kind at one site. `sampled`: variables of which only some values are tried."""

    site: Site
    card_kind: CardKind
    start: Situation = field(repr=False)
    axes: tuple[Axis, ...]
    sampled: frozenset[str]

    @property
    def shape(self) -> tuple[int, ...]:
        """How many cells each axis has."""
        return tuple(len(axis) for axis in self.axes)

    def situations(self) -> Iterator[tuple[tuple[int, ...], Situation]]:
        """Every cell and the situation that stands for it. Raises RuleSpaceTooLarge."""
        if (cells := prod(self.shape)) > MAX_CELLS:
            raise RuleSpaceTooLarge(where=self.site.words, cells=cells, most=MAX_CELLS)
        return self._below(0, (), self.start)

    def _below(
        self, level: int, cell: tuple[int, ...], situation: Situation
    ) -> Iterator[tuple[tuple[int, ...], Situation]]:
        if level == len(self.axes):
            yield cell, situation
            return
        axis = self.axes[level]
        for value in range(len(axis)):
            yield from self._below(level + 1, (*cell, value), axis.put(value, situation))

    def span(self, subject: str, cell: tuple[int, ...]) -> tuple[int, int]:
        """First and last value of the number axis `subject` within a cell."""
        for axis, value in zip(self.axes, cell, strict=True):
            if isinstance(axis, NumberAxis) and axis.subject == subject:
                return axis.span(value)
        raise KeyError(subject)

    def last_day(self, cell: tuple[int, ...]) -> date:
        """The last of the days that a cell holds."""
        for axis, value in zip(self.axes, cell, strict=True):
            if isinstance(axis, DayAxis):
                return axis.cells[value][-1].last
        raise KeyError("days")

    def say(self, chosen: Sequence[frozenset[int]]) -> Text:
        """A box of cells in words, without the site's."""
        parts = [
            words
            for axis, values in zip(self.axes, chosen, strict=True)
            if (words := axis.say(values)) is not None
        ]
        if self.card_kind is CardKind.COMPANION:
            parts.insert(0, Text(zh="陪护卡", en="companion cards"))
        if not parts:
            return Text(zh="所有持证人", en="every holder")
        return Text(zh="，".join(part.zh for part in parts), en=", ".join(part.en for part in parts))


def grids_of(site: Site, packs: Sequence[RulePack]) -> Iterator[Grid]:
    """The spaces of holders' cards and of companion cards at a site, cut so that `packs` divide no cell."""
    reaching = [pack for pack in packs if pack.region in scopes(site.service.region)]
    rules = rules_at(reaching, site.service)
    changes = {pack.effective_from for pack in reaching} | {
        pack.effective_until + _ONE_DAY
        for pack in reaching
        if pack.effective_until is not None and pack.effective_until < date.max
    }
    for card_kind in CardKind:
        concerned = [rule for rule in rules if rule.card_kind is card_kind]
        asked = questions_at(concerned)
        axes = tuple(axis for axis in _axes(site, card_kind, concerned, asked, changes) if len(axis))
        yield Grid(site, card_kind, _start(site.service, card_kind, changes), axes, _sampled(site, asked))


def _start(service: ServiceItem, card_kind: CardKind, changes: set[date]) -> Situation:
    holder = card_kind is CardKind.HOLDER
    card = invented_card((1,) if holder else NO_CATEGORIES, 1 if holder else NO_GRADE, service.region)
    return Situation(card, service, min(changes), service.fare)


def _sampled(site: Site, asked: Questions) -> frozenset[str]:
    return asked.opaque - _TRIED_WHOLE - (frozenset() if site.invented else _OF_A_TRUE_SERVICE)


def _axes(
    site: Site, card_kind: CardKind, rules: Sequence[Rule], asked: Questions, changes: set[date]
) -> Iterator[Axis]:
    """The axes in the order in which they are told, as far as something depends on them."""
    quotas = {rule.quota.name: rule.quota for rule in rules if rule.quota is not None}
    yield DayAxis.cut(changes, chain.from_iterable(map(_season_edges, quotas.values())), asked)
    graces = {rule.terms.expiry_grace_days for rule in rules}
    if graces - {0}:
        yield ExpiryAxis((None, *(days + 1 for days in sorted({0, *graces}))))
    if site.invented:
        features = sorted(feature for feature in ServiceFeature if feature.value in asked.asked)
        yield from (FlagAxis("feature", feature.value) for feature in features)
    yield from _number_axes(site.service, rules, asked)
    lists = set(asked.members.get("lists", ())).union(*(rule.terms.lists for rule in rules))
    yield from (FlagAxis("list", str(name)) for name in sorted(map(str, lists)))
    yield from (FlagAxis("quota", name, quota.uses) for name, quota in sorted(quotas.items()))
    if "ticket" in asked.asked:
        yield TicketAxis(representative_texts(asked, TICKETS, {""}))
    yield from _card_axes(site.service, card_kind, asked)


def _number_axes(service: ServiceItem, rules: Sequence[Rule], asked: Questions) -> Iterator[Axis]:
    fares = set(asked.steps.get("fare", ()))
    for rule in rules:
        if isinstance(rule.benefit, CeilingBenefit):
            fares.add(rule.benefit.ceiling_fen + 1)
        elif isinstance(rule.benefit, TicketClassBenefit):
            fares.add(service.tickets.get(rule.benefit.ticket, 0) + 1)
    if "fare" in asked.opaque:
        yield NumberAxis("fare", _samples(fares, MAX_FARE), MAX_FARE, samples=True)
    else:
        # Where nothing asks for it, a fare of nothing is left out: there is nothing to pay or to save.
        yield NumberAxis.cut("fare", fares, 0 if 1 in fares and asked.steps.get("fare") else 1, MAX_FARE)
    most = max((rule.benefit.companions for rule in rules), default=0)
    steps = set(range(1, most + 2)) if most else set()
    if any(rule.companion_required is not None for rule in rules):
        steps.add(1)
    if "companions" in asked.opaque:
        steps = set(range(1, MAX_COMPANIONS + 1))
    yield NumberAxis.cut("companions", steps | asked.steps.get("companions", frozenset()), 0, MAX_COMPANIONS)
    ages = asked.steps.get("hotlist_age", frozenset())
    if "hotlist_age" in asked.opaque:
        yield NumberAxis("hotlist_age", _samples(ages, _MAX_HOTLIST_AGE), _MAX_HOTLIST_AGE, samples=True)
    elif ages:
        yield NumberAxis.cut("hotlist_age", ages, 0, _MAX_HOTLIST_AGE)


def _card_axes(service: ServiceItem, card_kind: CardKind, asked: Questions) -> Iterator[Axis]:
    if card_kind is CardKind.HOLDER:
        if "categories" in asked.opaque:
            yield CategoryAxis(tuple(ALL_CATEGORIES))
        elif named := {member for member in asked.members.get("categories", ()) if member in ALL_CATEGORIES}:
            yield CategoryAxis(tuple(sorted(int(category) for category in named)))
        if "grade" in asked.asked:
            yield GradeAxis()
    elif "follows_holder" in asked.asked:
        yield FlagAxis("follows", "follows_holder")
    if asked.asked & {"region", "local", "same_province"}:
        named_regions = {*asked.texts.get("region", ()), *asked.prefixes.get("region", ())}
        named_regions |= suggested_regions(asked, service.region)
        yield ResidenceAxis.around(service.region, {prefix for prefix in named_regions if is_prefix(prefix)})


def _season_edges(quota: Quota) -> tuple[tuple[int, int], ...]:
    """(month, day) on which a season begins, and the one after its last: it need not exist in every month."""
    if quota.season is None:
        return ()
    first, (month, day) = quota.season
    return first, (month, day + 1)


def _samples(steps: set[int] | frozenset[int], end: int) -> tuple[int, ...]:
    near = {value for step in steps for value in (step - 1, step, step + 1)}
    return tuple(sorted(value for value in {*near, *_SAMPLES} if 0 <= value <= end))
