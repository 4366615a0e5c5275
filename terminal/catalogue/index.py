"""The full-text index of a catalogue: SQLite's FTS5, in memory, built anew for each catalogue in force.

Three tables, none of which keeps its texts: `names` and `words` (what people also call a service) have one
row a label and the columns `hanzi` (each character a token, so that a phrase finds any part), `pinyin` (each
syllable), `initials` (each letter) and `english`; `bodies` has what a service's guide says. Rows are in the
order in which services are listed: the shortest name first, then by code.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from terminal.catalogue.errors import SearchUnavailable
from terminal.catalogue.near_sounds import NearSounds
from terminal.catalogue.normal_form import fold, is_hanzi
from terminal.catalogue.pinyin import Syllabary, initials, syllables
from terminal.catalogue.query import EDGE
from terminal.decisions.catalogue import Catalogue, ServiceItem

# The tokenizer `ascii` parts at ASCII's punctuation alone: a Hanzi that is newer than SQLite is a token, too.
_SCHEMA: Final = """
    CREATE VIRTUAL TABLE names USING fts5(hanzi, pinyin, initials, english, content='', tokenize='ascii');
    CREATE VIRTUAL TABLE words USING fts5(hanzi, pinyin, initials, english, content='', tokenize='ascii');
    CREATE VIRTUAL TABLE bodies USING fts5(hanzi, english, content='', tokenize='ascii');
"""


@dataclass(frozen=True)
class Label:
    """A name or a search word: `item` is the number of its service in the index's order."""

    item: int
    text: str


class CatalogueIndex:
    """The index of one catalogue; one thread at a time may use it. Raises SearchUnavailable."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.items: Final[tuple[ServiceItem, ...]] = tuple(
            sorted(catalogue.items.values(), key=lambda item: (len(item.name.zh), item.code))
        )
        self.numbers: Final = {item.code: number for number, item in enumerate(self.items)}
        self.names: Final = [Label(number, item.name.zh) for number, item in enumerate(self.items)]
        self.words: Final = [
            Label(number, word) for number, item in enumerate(self.items) for word in item.guide.words
        ]
        read = [syllables(fold(item.name.zh), item.guide.pinyin) for item in self.items]
        read += [syllables(fold(word.text)) for word in self.words]
        self.syllabary: Final = Syllabary(syllable for label in read for syllable in label)
        # Names stand before words: of two that sound alike the name is found first.
        self.sounds: Final = NearSounds(read)
        self.labels: Final = (*self.names, *self.words)
        self.english: Final = NearSounds(fold(item.name.en).split() for item in self.items)
        try:
            self._database: Final = sqlite3.connect(":memory:", check_same_thread=False)
            self._database.executescript(_SCHEMA)
            self._fill(read)
        except sqlite3.Error as error:
            raise SearchUnavailable(detail=error) from error

    def close(self) -> None:
        """Give the memory back. Closing twice does nothing."""
        self._database.close()

    def rows(self, table: str, expression: str, *, best_first: bool = False) -> Iterator[int]:
        """The numbers of rows that an expression of FTS5 finds, in order; none for an empty expression."""
        if not expression:
            return
        order = "rank, rowid" if best_first else "rowid"
        found = self._database.execute(
            f"SELECT rowid FROM {table} WHERE {table} MATCH ? ORDER BY {order}",  # noqa: S608 our own names
            (expression,),
        )
        for (row,) in found:
            yield row

    def _fill(self, read: list[list[str]]) -> None:
        names = zip(self.names, read[: len(self.names)], strict=True)
        words = zip(self.words, read[len(self.names) :], strict=True)
        with self._database:
            self._database.executemany(
                "INSERT INTO names (rowid, hanzi, pinyin, initials, english) VALUES (?, ?, ?, ?, ?)",
                (
                    (row, *_columns(label.text, sounds, self.items[row].name.en))
                    for row, (label, sounds) in enumerate(names)
                ),
            )
            self._database.executemany(
                "INSERT INTO words (rowid, hanzi, pinyin, initials, english) VALUES (?, ?, ?, ?, ?)",
                (
                    (row, *_columns(label.text, sounds, label.text))
                    for row, (label, sounds) in enumerate(words)
                ),
            )
            self._database.executemany(
                "INSERT INTO bodies (rowid, hanzi, english) VALUES (?, ?, ?)",
                ((row, *_body(item)) for row, item in enumerate(self.items)),
            )


def _columns(text: str, read: list[str], english: str) -> tuple[str, str, str, str]:
    folded = fold(text).replace(" ", "")
    words = fold(english)
    # A word in Chinese is not English, and one in Latin letters has no initials of syllables.
    latin_words = [] if any(map(is_hanzi, words)) else words.split()
    has_hanzi = any(map(is_hanzi, folded))
    return (
        _edged(folded),
        _edged(read if has_hanzi else ()),
        _edged(initials(read) if has_hanzi else ()),
        _edged(latin_words),
    )


def _edged(tokens: list[str] | str | tuple[str, ...]) -> str:
    return " ".join((EDGE, *tokens, EDGE)) if tokens else ""


def _body(item: ServiceItem) -> tuple[str, str]:
    """All that the guide says, in Hanzi apart and in English. An EDGE parts the texts."""
    guide = item.guide
    texts = [
        *(
            text
            for text in (guide.easy_read, guide.offered_by, guide.hours_remark, guide.legal_basis)
            if text
        ),
        *guide.documents,
        *(channel.where for channel in guide.channels if channel.where is not None),
    ]
    hanzi = f" {EDGE} ".join(" ".join(fold(text.zh).replace(" ", "")) for text in texts)
    english = f" {EDGE} ".join(fold(text.en) for text in texts)
    phone = " ".join(fold(guide.phone).replace(" ", ""))
    return f"{hanzi} {EDGE} {phone}", english
