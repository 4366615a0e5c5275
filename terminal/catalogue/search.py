"""Search in the catalogue in force, offline: what somebody types finds services, the best match first.

    with CatalogueSearch(catalogue) as search:
        for found in search.find("lunyi", limit=10):
            print(found.item.name.zh, found.why.zh)

Typed may be: any part of a name in Hanzi, its pinyin with or without spaces or tones, its initials, English
words, Hanzi and pinyin mixed, a homophone, or any of these with a slip.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from itertools import chain
from math import log
from types import MappingProxyType
from typing import Final

from crypto.closing import Closing
from crypto.explained import Text
from terminal.catalogue.index import CatalogueIndex
from terminal.catalogue.query import Place, Query
from terminal.decisions.catalogue import Catalogue, ServiceItem

DEFAULT_LIMIT: Final = 20
_ENGLISH_FROM: Final = 5  # letters from which a slip in an English word is looked for


class Match(IntEnum):
    """How well a service was found, the best first."""

    EXACT = 1
    PREFIX = 2
    CALLED = 3
    NAME = 4
    INITIALS = 5
    WORD = 6
    TERMS = 7
    MOST = 8
    TEXT = 9
    SOUND = 10
    PARTS = 11


_BY_NAME: Final = MappingProxyType({Place.WHOLE: Match.EXACT, Place.START: Match.PREFIX})
_WHY: Final = MappingProxyType(
    {
        Match.EXACT: Text(zh="名称相同", en="this is its name"),
        Match.PREFIX: Text(zh="名称以此开头", en="its name begins so"),
        Match.CALLED: Text(zh="也叫“{matched}”", en="also called “{matched}”"),
        Match.NAME: Text(zh="名称中有", en="in its name"),
        Match.INITIALS: Text(zh="拼音首字母", en="its initials"),
        Match.WORD: Text(zh="也叫“{matched}”", en="also called “{matched}”"),
        Match.TERMS: Text(zh="各词都有", en="has all the words"),
        Match.MOST: Text(zh="大部分相同", en="shares most of it"),
        Match.TEXT: Text(zh="说明中有", en="in its description"),
        Match.SOUND: Text(zh="读音或拼写相近：“{matched}”", en="sounds or is spelt like “{matched}”"),
        Match.PARTS: Text(zh="部分相同", en="shares some characters"),
    }
)


_ASKED: Final = Text(zh="有人这样问", en="others ask so, too")


@dataclass(frozen=True)
class Found:
    """A service found. `errors`: how many letters differ.

    `matched`: the name or word it was found by, empty where that is a word that no screen shows.
    """

    item: ServiceItem
    match: Match
    matched: str
    errors: int = 0

    @property
    def why(self) -> Text:
        """Why it was found, for people."""
        return _WHY[self.match].format(matched=self.matched) if self.matched else _ASKED


@dataclass(frozen=True)
class _Hit:
    """A service's number in the index, and how it was found."""

    item: int
    match: Match
    matched: str
    errors: int = 0


class CatalogueSearch(Closing):
    """Search in one catalogue; any thread may use it. Raises SearchUnavailable when made."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._lock = threading.Lock()
        self._index = CatalogueIndex(catalogue)

    def find(self, typed: str, limit: int = DEFAULT_LIMIT) -> list[Found]:
        """At most `limit` services, the best match first; equal matches by the editor's rank, the length of
        the name, then by code.

        Any string is taken; one without a letter, digit or Hanzi finds nothing. Raises SearchUnavailable.
        """
        query = Query(typed, self._index.syllabary)
        found: dict[int, Found] = {}
        if not query.text or limit < 1:
            return []
        with self._lock:
            for hit in self._hits(query, typed):
                if hit.item not in found:
                    item = self._index.items[hit.item]
                    found[hit.item] = Found(item, hit.match, hit.matched, hit.errors)
                    if len(found) == limit:
                        break
        return list(found.values())

    def close(self) -> None:
        """Give the index's memory back. Closing twice does nothing."""
        with self._lock:
            self._index.close()

    def _hits(self, query: Query, typed: str) -> Iterator[_Hit]:
        """Every way to find something, the best first; each is tried only if the ones before leave room."""
        is_well_found = False
        for hit in chain(self._code(typed), self._labels(query), self._terms(query)):
            is_well_found = True
            yield hit
        # What is found by its name or a search word needs no guess from a part of what was typed.
        most, parts = ([], []) if is_well_found else self._shared_hanzi(query)
        yield from most
        yield from self._texts(query)
        is_english = not (is_well_found or most)
        for hit in self._near(query):
            is_english = is_english and bool(hit.matched) and hit.matched.isascii()
            yield hit
        if is_english:
            yield from self._english_names(query)
        yield from parts

    def _code(self, typed: str) -> Iterator[_Hit]:
        item = self._index.numbers.get(typed.strip().upper())
        if item is not None:
            yield _Hit(item, Match.EXACT, self._index.items[item].code)

    def _labels(self, query: Query) -> Iterator[_Hit]:
        """By names, then by search words; but a whole search word comes before a part of a name."""
        # What is nowhere is neither whole nor at a start: most questions need not be asked.
        is_named = self._is_found("names", query.labels(Place.ANYWHERE))
        is_word = self._is_found("words", query.labels(Place.ANYWHERE))
        if is_named:
            for place, match in _BY_NAME.items():
                yield from self._names(query.labels(place), match)
        if is_word:
            yield from self._words(query.labels(Place.WHOLE), Match.CALLED)
        if is_named:
            yield from self._names(query.labels(Place.ANYWHERE), Match.NAME)
        if self._is_found("names", query.initials(Place.ANYWHERE)):
            # Shorter names come first, so that one with no other initials does.
            for place in (Place.START, Place.ANYWHERE):
                yield from self._names(query.initials(place), Match.INITIALS)
        if is_word:
            for place in (Place.START, Place.ANYWHERE):
                yield from self._words(query.labels(place))
        if self._is_found("words", query.initials(Place.ANYWHERE)):
            for place in Place:
                yield from self._words(query.initials(place))

    def _terms(self, query: Query) -> Iterator[_Hit]:
        terms = query.terms()
        if len(terms) > 1:
            named = [set(self._index.rows("names", term.labels(Place.ANYWHERE))) for term in terms]
            found = set.intersection(*map(self._anywhere, terms))
            # What is called so comes before what only speaks of it.
            for item in sorted(found, key=lambda item: (-sum(item in each for each in named), item)):
                yield self._of_item(item, Match.TERMS)

    def _texts(self, query: Query) -> Iterator[_Hit]:
        return (self._of_item(item, Match.TEXT) for item in self._index.rows("bodies", query.body()))

    def _near(self, query: Query) -> Iterator[_Hit]:
        for number, errors in self._index.near(query.letters, query.errors):
            label = self._index.labels[number]
            yield _Hit(label.item, Match.SOUND, label.shown, errors)

    def _english_names(self, query: Query) -> Iterator[_Hit]:
        """By a slip in a name's English: for what is no pinyin, as pinyin is like many an English word."""
        if query.is_latin and len(query.text) >= _ENGLISH_FROM:
            for item, errors in self._index.english.find(query.text, query.errors):
                yield _Hit(item, Match.SOUND, self._index.items[item].name.en, errors)

    def _shared_hanzi(self, query: Query) -> tuple[list[_Hit], list[_Hit]]:
        """What shares neighbouring Hanzi with it in its name or search words: most of them, and fewer.

        Two Hanzi count the more, the fewer services have them; those that no service has count nothing.
        """
        total = 0.0
        shares: dict[int, float] = {}
        for pair in query.pairs():
            words = (self._index.words[row].item for row in self._index.rows("words", pair))
            items = {*self._index.rows("names", pair), *words}
            if items:
                weight = log(1 + len(self._index.items) / len(items))
                total += weight
                for item in items:
                    shares[item] = shares.get(item, 0.0) + weight
        ranked = sorted(shares, key=lambda item: (-shares[item], item))
        most = [self._of_item(item, Match.MOST) for item in ranked if shares[item] * 2 > total]
        return most, [self._of_item(item, Match.PARTS) for item in ranked[len(most) :]]

    def _is_found(self, table: str, expression: str) -> bool:
        return next(self._index.rows(table, expression), None) is not None

    def _names(self, expression: str, match: Match) -> Iterator[_Hit]:
        return (self._of_item(item, match) for item in self._index.rows("names", expression))

    def _words(self, expression: str, match: Match = Match.WORD) -> Iterator[_Hit]:
        for row in self._index.rows("words", expression):
            word = self._index.words[row]
            yield _Hit(word.item, match, word.shown)

    def _anywhere(self, term: Query) -> set[int]:
        """The services that have a word in their name, their search words or their description."""
        labels, body = term.labels(Place.ANYWHERE), term.body()
        words = (self._index.words[row].item for row in self._index.rows("words", labels))
        return {*self._index.rows("names", labels), *words, *self._index.rows("bodies", body)}

    def _of_item(self, item: int, match: Match) -> _Hit:
        return _Hit(item, match, self._index.items[item].name.zh)
