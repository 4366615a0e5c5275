"""The axes of the space that rules divide: each is cut into cells within which no answer can change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, combinations
from typing import Final, Protocol, TypeAlias

from crypto.explained import Text
from terminal.decisions.card_facts import CardFacts
from terminal.decisions.catalogue import ServiceFeature
from terminal.rule_checks.region_names import region_name
from terminal.rule_checks.regions import representatives, residence_prefixes
from terminal.rule_checks.situation import Situation
from terminal.service_names import FEATURE_NAMES

ALL_CATEGORIES: Final = range(1, 8)
GRADES: Final = range(1, 5)
_CATEGORY_NAMES: Final = ("视力", "听力", "言语", "肢体", "智力", "精神", "多重")  # for staff alone


class Axis(Protocol):
    """One thing that a decision may depend on, whatever the others are."""

    def __len__(self) -> int:
        """How many cells there are."""

    def put(self, cell: int, into: Situation) -> Situation:
        """`into`, moved to where the cell begins; the rest as it was."""

    def say(self, chosen: frozenset[int]) -> Text | None:
        """The cells `chosen` in words; None if they are all there are."""


@dataclass(frozen=True)
class NumberAxis:
    """Fares, companions or days of a hotlist's age: `starts` are the first values of the cells.

    `end` is the last value of the last cell. `samples`: each cell is its first value alone, since what lies
    between could not be read off the conditions.
    """

    subject: str
    starts: tuple[int, ...]
    end: int
    samples: bool = False

    @classmethod
    def cut(cls, subject: str, steps: Iterable[int], first: int, end: int) -> NumberAxis:
        """The axis from `first` to `end` with a cell beginning at each step within."""
        inside = sorted({step for step in steps if first < step <= end})
        return cls(subject, (first, *inside), end)

    def __len__(self) -> int:
        return len(self.starts)

    def span(self, cell: int) -> tuple[int, int]:
        """First and last value of a cell."""
        first = self.starts[cell]
        if self.samples:
            return first, first
        return first, self.starts[cell + 1] - 1 if cell + 1 < len(self.starts) else self.end

    def put(self, cell: int, into: Situation) -> Situation:
        first = self.starts[cell]
        match self.subject:
            case "fare":
                return replace(into, fare=first)
            case "companions":
                return replace(into, companions=first)
            case _:
                return replace(into, hotlist_age=first)

    def say(self, chosen: frozenset[int]) -> Text | None:
        if len(chosen) == len(self):
            return None
        spans = _runs(self.span(cell) for cell in sorted(chosen))
        return _either(self._span_in_words(first, last) for first, last in spans)

    def _span_in_words(self, first: int, last: int) -> Text:
        match self.subject:
            case "fare":
                low, high = yuan(first), yuan(last)
                if last == self.end:
                    return Text(zh=f"票价 {low} 及以上", en=f"fares from {low}")
                if first == last:
                    return Text(zh=f"票价 {low}", en=f"a fare of {low}")
                return Text(zh=f"票价 {low}–{high}", en=f"fares {low}–{high}")
            case "companions":
                if last == 0:
                    return Text(zh="无人同行", en="alone")
                people = _number_span(first, last, self.end)
                return Text(zh=f"{people.zh}人同行", en=f"{people.en} along")
            case _:
                days = _number_span(first, last, self.end)
                return Text(zh=f"停用名单 {days.zh}天前", en=f"hotlist {days.en} days old")


@dataclass(frozen=True)
class GradeAxis:
    """The four grades, each a cell."""

    def __len__(self) -> int:
        return len(GRADES)

    def put(self, cell: int, into: Situation) -> Situation:
        return replace(into, card=_with_card(into.card, grade=GRADES[cell]))

    def say(self, chosen: frozenset[int]) -> Text | None:
        if len(chosen) == len(self):
            return None
        spans = digit_spans(GRADES[cell] for cell in chosen)
        return Text(zh=f"{spans}级", en=f"grade {spans}" if len(chosen) == 1 else f"grades {spans}")


@dataclass(frozen=True)
class CategoryAxis:
    """Sets of categories, told apart by those that rules name (`named`): one cell a subset of these.

    The empty subset stands for cards with none of the named ones, and is missing where all seven are named.
    """

    named: tuple[int, ...]

    @property
    def cells(self) -> tuple[frozenset[int], ...]:
        """Which of the named categories a card of each cell has."""
        subsets = chain.from_iterable(combinations(self.named, size) for size in range(len(self.named) + 1))
        cells = tuple(frozenset(subset) for subset in subsets)
        return cells[1:] if len(self.named) == len(ALL_CATEGORIES) else cells

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def _others(self) -> tuple[int, ...]:
        return tuple(category for category in ALL_CATEGORIES if category not in self.named)

    def put(self, cell: int, into: Situation) -> Situation:
        have = tuple(sorted(self.cells[cell])) or self._others[:1]
        return replace(into, card=_with_card(into.card, categories=have))

    def say(self, chosen: frozenset[int]) -> Text | None:
        cells = self.cells
        if len(chosen) == len(cells):
            return None
        wanted = {cells[cell] for cell in chosen}
        if (simple := self._with_and_without(wanted)) is not None:
            return simple
        if len(cells) < 2 * len(chosen):
            excepted = self.say(frozenset(range(len(cells))) - chosen)
            return Text(zh=f"除（{excepted.zh}）外各类", en=f"all but {excepted.en}") if excepted else None
        return _either(
            _categories(
                tuple(sorted(cells[cell])) or self._others,
                self._absent(cells[cell]),
                every=bool(cells[cell]),
            )
            for cell in sorted(chosen)
        )

    def _absent(self, present: frozenset[int]) -> tuple[int, ...]:
        return tuple(category for category in self.named if category not in present)

    def _with_and_without(self, wanted: set[frozenset[int]]) -> Text | None:
        """The cells as "has one of these and none of those", if they are that."""
        without = frozenset(self.named).difference(*wanted)
        having = frozenset(named for named in self.named if frozenset({named}) in wanted)
        if wanted == {cell for cell in self.cells if not cell & without}:
            within = tuple(category for category in ALL_CATEGORIES if category not in without)
            return _categories(within, tuple(sorted(without)), every=False)
        if wanted == {cell for cell in self.cells if cell & having and not cell & without}:
            return _categories(tuple(sorted(having)), tuple(sorted(without)), every=False)
        return None


@dataclass(frozen=True)
class ResidenceAxis:
    """Where the card was issued, as seen from a service in `seen_from`: the cells' longest prefixes."""

    seen_from: str
    prefixes: tuple[str, ...]
    codes: tuple[str, ...]

    @classmethod
    def around(cls, seen_from: str, named: Iterable[str]) -> ResidenceAxis:
        """Local, same province, elsewhere, and within each what the `named` prefixes tell apart."""
        found = representatives((*residence_prefixes(seen_from), *named))
        return cls(seen_from, tuple(found), tuple(found.values()))

    def __len__(self) -> int:
        return len(self.codes)

    def put(self, cell: int, into: Situation) -> Situation:
        return replace(into, card=_with_card(into.card, region=self.codes[cell]))

    def say(self, chosen: frozenset[int]) -> Text | None:
        if len(chosen) == len(self):
            return None
        return _either(self._place(self.prefixes[cell]) for cell in sorted(chosen, reverse=True))

    def _place(self, prefix: str) -> Text:
        city, province, _nation = residence_prefixes(self.seen_from)
        if prefix == city:
            return Text(zh="本市", en="local")
        if prefix == province:
            return Text(zh="本省外市", en="same province")
        if not prefix:
            return Text(zh="外省", en="elsewhere")
        name = region_name(prefix)
        return Text(zh=f"{name.zh}签发", en=f"issued in {name.en}")


@dataclass(frozen=True)
class FlagAxis:
    """Yes or no: whether the card is on a list, a quota is used up, the holder tapped just before, …"""

    subject: str
    name: str
    limit: int = 0  # of a quota

    def __len__(self) -> int:
        return 2

    def put(self, cell: int, into: Situation) -> Situation:
        if not cell:
            return into
        match self.subject:
            case "list":
                return replace(into, lists=into.lists | {self.name})
            case "quota":
                return replace(into, uses={**into.uses, self.name: self.limit})
            case "feature":
                features = into.service.features | {ServiceFeature(self.name)}
                return replace(into, service=replace(into.service, features=features))
            case _:
                return replace(into, follows_holder=True)

    def say(self, chosen: frozenset[int]) -> Text | None:
        if len(chosen) == len(self):
            return None
        yes = chosen == {1}
        match self.subject:
            case "list":
                return Text(
                    zh=f"{'在' if yes else '不在'}“{self.name}”名单上",
                    en=f"{'on' if yes else 'not on'} the list {self.name}",
                )
            case "quota":
                return Text(
                    zh=f"“{self.name}”次数{'已用完' if yes else '未用完'}",
                    en=f"{self.name} {'used up' if yes else 'not used up'}",
                )
            case "feature":
                feature = FEATURE_NAMES[ServiceFeature(self.name)]
                return Text(
                    zh=f"{'是' if yes else '不是'}{feature.zh}", en=f"{'' if yes else 'not '}{feature.en}"
                )
            case _:
                return Text(
                    zh="紧随本人" if yes else "未紧随本人",
                    en="directly after the holder" if yes else "not after the holder",
                )


@dataclass(frozen=True)
class ExpiryAxis:
    """How long ago the card expired: `starts` are the first days of the cells, None for one that is valid."""

    starts: tuple[int | None, ...]

    def __len__(self) -> int:
        return len(self.starts)

    def put(self, cell: int, into: Situation) -> Situation:
        days = self.starts[cell]
        if days is None:
            return into
        card = into.card
        expires = into.on - timedelta(days=days)
        return replace(into, card=CardFacts(card.categories, card.grade, card.region, card.issued, expires))

    def say(self, chosen: frozenset[int]) -> Text | None:
        if len(chosen) == len(self):
            return None
        return _either(self._cell(cell) for cell in sorted(chosen))

    def _cell(self, cell: int) -> Text:
        first = self.starts[cell]
        if first is None:
            return Text(zh="证件有效", en="card valid")
        following = self.starts[cell + 1] if cell + 1 < len(self.starts) else None
        if following is None:
            return Text(zh=f"证件过期 {first} 天及以上", en=f"card expired for {first} days or more")
        span = f"{first}–{following - 1}" if following - 1 > first else f"{first}"
        return Text(zh=f"证件过期 {span} 天", en=f"card expired for {span} days")


@dataclass(frozen=True)
class TicketAxis:
    """Which class of ticket is asked for; the empty one stands for none."""

    tickets: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.tickets)

    def put(self, cell: int, into: Situation) -> Situation:
        return replace(into, ticket=self.tickets[cell])

    def say(self, chosen: frozenset[int]) -> Text | None:
        if len(chosen) == len(self):
            return None
        return _either(
            Text(zh=f"票种 {ticket}", en=f"ticket {ticket}")
            if (ticket := self.tickets[cell])
            else Text(zh="未选票种", en="no class of ticket")
            for cell in sorted(chosen)
        )


Span: TypeAlias = tuple[int, int]


def yuan(fen: int) -> str:
    """A sum as a person writes it."""
    return f"¥{fen // 100}.{fen % 100:02}"


def digit_spans(digits: Iterable[int]) -> str:
    """1, 2, 3, 7 as "1–3、7" (both languages read it)."""
    return ", ".join(
        f"{first}" if first == last else f"{first}–{last}"
        for first, last in _runs((digit, digit) for digit in sorted(digits))
    )


def _with_card(
    card: CardFacts,
    *,
    categories: tuple[int, ...] | None = None,
    grade: int | None = None,
    region: str | None = None,
) -> CardFacts:
    return CardFacts(
        card.categories if categories is None else categories,
        card.grade if grade is None else grade,
        card.region if region is None else region,
        card.issued,
        card.expires,
    )


def _runs(spans: Iterable[Span]) -> list[Span]:
    """Spans in order, with those that touch made one."""
    runs: list[Span] = []
    for first, last in spans:
        if runs and runs[-1][1] + 1 == first:
            runs[-1] = (runs[-1][0], last)
        else:
            runs.append((first, last))
    return runs


def _number_span(first: int, last: int, end: int) -> Text:
    if last == end:
        return Text(zh=f"至少 {first} ", en=f"{first} or more")
    shown = f"{first}" if first == last else f"{first}–{last}"
    return Text(zh=f"{shown} ", en=shown)


def _either(parts: Iterable[Text]) -> Text:
    listed = tuple(parts)
    return Text(zh="或".join(part.zh for part in listed), en=" or ".join(part.en for part in listed))


def _categories(having: Sequence[int], without: Collection[int], *, every: bool) -> Text:
    shown = " + ".join(map(str, having)) if every and len(having) > 1 else digit_spans(having)
    lacking = digit_spans(without)
    one = len(having) == 1
    return Text(
        zh=_categories_in_chinese(having, without, every=every),
        en=f"categor{'y' if one else 'ies'} {shown}" + (f" (without {lacking})" if without else ""),
    )


def _categories_in_chinese(having: Sequence[int], without: Collection[int], *, every: bool) -> str:
    lacking = _named(without, "、")
    if not every and set(having).union(without) == set(ALL_CATEGORIES):
        return f"除{lacking}外各类"
    shown = _named(having, "兼" if every else "、")
    return f"{shown}类" + (f"（不兼{lacking}）" if without else "")


def _named(categories: Iterable[int], between: str) -> str:
    return between.join(_CATEGORY_NAMES[category - 1] for category in sorted(categories))
