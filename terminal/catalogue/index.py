"""The full-text index of a catalogue: SQLite's FTS5, in memory, built anew for each catalogue in force.

Three tables, none of which keeps its texts: `names` and `words` (what people also call a service) have one
row a label and the columns `hanzi` (each character a token, so that a phrase finds any part), `pinyin` (each
syllable), `initials` (each letter) and `english`; `bodies` has what a service's guide says. Rows are in the
order in which services are listed: by their editor's rank, the shortest name first, then by code.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from operator import itemgetter
from typing import Final

from terminal.catalogue.errors import SearchUnavailable
from terminal.catalogue.near_sounds import NearSounds
from terminal.catalogue.normal_form import fold
from terminal.catalogue.pinyin import Syllabary, initials, syllables
from terminal.catalogue.query import EDGE, initial_tokens
from terminal.decisions.catalogue import Catalogue, ServiceItem

# The tokenizer `ascii` parts at ASCII's punctuation alone: a Hanzi that is newer than SQLite is a token, too.
_SCHEMA: Final = """
    CREATE VIRTUAL TABLE names USING fts5(hanzi, pinyin, initials, english, content='', tokenize='ascii');
    CREATE VIRTUAL TABLE words USING fts5(hanzi, pinyin, initials, english, content='', tokenize='ascii');
    CREATE VIRTUAL TABLE bodies USING fts5(hanzi, english, content='', tokenize='ascii');
"""


@dataclass(frozen=True, slots=True)
class Label:
    """A name or a search word: `item` is the number of its service in the index's order."""

    item: int
    text: str
    is_shown: bool = True

    @property
    def shown(self) -> str:
        """Its text as far as a screen may show it, else nothing."""
        return self.text if self.is_shown else ""


@dataclass(frozen=True, slots=True)
class _Spelt:
    """A label's tokens. `parts`: its syllables, or the words of one that has no Hanzi."""

    hanzi: str
    parts: list[str]
    english: list[str]

    @classmethod
    def of(cls, text: str, english: str, override: str = "") -> _Spelt:
        """`text` as it is written and read; `english` is looked for where it has no Hanzi."""
        folded, words = fold(text), fold(english)
        written = folded.replace(" ", "")
        is_read = not written.isascii() or written.isdigit()
        return cls(
            hanzi=written if is_read else "",
            parts=syllables(folded, override) if is_read else folded.split(),
            english=words.split() if words.isascii() else [],
        )

    def columns(self) -> tuple[str, str, str, str]:
        """What the label's row holds, in the order of the table's columns."""
        read = self.parts if self.hanzi else []
        return (
            _edged(self.hanzi),
            _edged(read),
            _edged(initial_tokens(initials(read))),
            _edged(self.english),
        )


class CatalogueIndex:
    """The index of one catalogue; one thread at a time may use it. Raises SearchUnavailable."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.items: Final[tuple[ServiceItem, ...]] = tuple(
            sorted(catalogue.items.values(), key=lambda item: (item.guide.rank, len(item.name.zh), item.code))
        )
        self.numbers: Final = {item.code: number for number, item in enumerate(self.items)}
        self.words: Final = [
            Label(number, word, is_shown)
            for number, item in enumerate(self.items)
            for words, is_shown in ((item.guide.words, True), (item.guide.asked, False))
            for word in words
        ]
        # Names stand before words: of two that sound alike the name is found first.
        self.labels: Final = (*(Label(row, item.name.zh) for row, item in enumerate(self.items)), *self.words)
        names = [_Spelt.of(item.name.zh, item.name.en, item.guide.pinyin) for item in self.items]
        words = [_Spelt.of(word.text, word.text) for word in self.words]
        spelt = [*names, *words]
        self.syllabary: Final = Syllabary(part for label in spelt if label.hanzi for part in label.parts)
        self._sounds: Final = NearSounds(label.parts for label in spelt)
        # One slip of the hand can be two of the ear: hnag is hang.
        self._spellings: Final = NearSounds((label.parts for label in spelt), str)
        self.english: Final = NearSounds(label.english for label in names)
        try:
            self._database: Final = sqlite3.connect(":memory:", check_same_thread=False)
            self._database.executescript(_SCHEMA)
            self._fill(names, words)
        except sqlite3.Error as error:
            raise SearchUnavailable(detail=error) from error

    def close(self) -> None:
        """Give the memory back. Closing twice does nothing."""
        self._database.close()

    def rows(self, table: str, expression: str) -> Iterator[int]:
        """The numbers of rows that an expression of FTS5 finds, in order; none for an empty expression.

        Raises SearchUnavailable.
        """
        if not expression:
            return
        try:
            found = self._database.execute(
                f"SELECT rowid FROM {table} WHERE {table} MATCH ? ORDER BY rowid",  # noqa: S608 our own names
                (expression,),
            )
            for (row,) in found:
                yield row
        except sqlite3.Error as error:  # closed, or no memory
            raise SearchUnavailable(detail=error) from error

    def near(self, letters: str, most: int) -> Iterator[tuple[int, int]]:
        """The number of each label that sounds or is spelt like `letters`, and its errors: few first."""
        heard, spelt = self._sounds.find(letters, most), self._spellings.find(letters, most)
        return merge(heard, spelt, key=itemgetter(1))

    def _fill(self, names: Iterable[_Spelt], words: Iterable[_Spelt]) -> None:
        with self._database:
            self._database.executemany(
                "INSERT INTO names (rowid, hanzi, pinyin, initials, english) VALUES (?, ?, ?, ?, ?)",
                ((row, *name.columns()) for row, name in enumerate(names)),
            )
            self._database.executemany(
                "INSERT INTO words (rowid, hanzi, pinyin, initials, english) VALUES (?, ?, ?, ?, ?)",
                ((row, *word.columns()) for row, word in enumerate(words)),
            )
            self._database.executemany(
                "INSERT INTO bodies (rowid, hanzi, english) VALUES (?, ?, ?)",
                ((row, *_body(item)) for row, item in enumerate(self.items)),
            )


def _edged(tokens: Sequence[str]) -> str:
    return " ".join((EDGE, *tokens, EDGE)) if tokens else ""


def _body(item: ServiceItem) -> tuple[str, str]:
    """All that the guide says, in Hanzi apart and in English. An EDGE parts the texts."""
    guide = item.guide
    said = (
        *(guide.easy_read, guide.offered_by, guide.hours_remark, guide.legal_basis),
        *guide.documents,
        *(channel.where for channel in guide.channels),
    )
    texts = [text for text in said if text is not None]
    hanzi = (*(text.zh for text in texts), guide.phone)
    return (
        f" {EDGE} ".join(" ".join(fold(text).replace(" ", "")) for text in hanzi),
        f" {EDGE} ".join(fold(text.en) for text in texts),
    )
