"""The matrix of places, categories and grades: what each pays, at a glance."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from crypto.explained import Text
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.trial import TrialResult
from terminal.events.challenge import MAX_FARE
from terminal.rule_checks.axes import ALL_CATEGORIES, GRADES
from terminal.rule_checks.case_file import MatrixPlace
from terminal.rule_checks.outcomes import Judged, judge
from terminal.rule_checks.situation import Situation, invented_card


@dataclass(frozen=True)
class MatrixRow:
    """A place for some categories: what each grade pays there, grade 1 first."""

    place: Text
    categories: tuple[int, ...]
    pays: tuple[Text, ...]


def matrix(book: RuleBook, places: Iterable[MatrixPlace]) -> Iterator[MatrixRow]:
    """Each place with its categories, those that pay alike in one row. One category a card is tried."""
    for place in places:
        rows: dict[tuple[Text, ...], list[int]] = {}
        for category in ALL_CATEGORIES:
            pays = tuple(_pays(book, place, category, grade) for grade in GRADES)
            rows.setdefault(pays, []).append(category)
        for pays, categories in rows.items():
            yield MatrixRow(place.name, tuple(categories), pays)


def _pays(book: RuleBook, place: MatrixPlace, category: int, grade: int) -> Text:
    alone = Situation(
        card=invented_card((category,), grade, place.card_region),
        service=place.service,
        on=place.on,
        fare=place.service.fare,
        lists=place.lists,
    )
    fares = (1, MAX_FARE)
    by_oneself = judge(alone, book, fares)
    together = judge(replace(alone, companions=1), book, fares)
    if by_oneself.given.refused is TrialResult.COMPANION_MISSING and together.rule is not None:
        return Text(zh=f"须陪同：{_words(together).zh}", en=f"accompanied: {_words(together).en}")
    return _words(together if together.given.admitted else by_oneself)


def _words(judged: Judged) -> Text:
    return _LIST_FARE if judged.given.refused is TrialResult.CONDITION_FALSE else judged.words


_LIST_FARE: Final = Text(zh="票价", en="list fare")
