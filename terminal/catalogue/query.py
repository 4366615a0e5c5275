"""What somebody typed, as the questions that SQLite's full-text search is asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby, islice, pairwise, product
from typing import Final

from terminal.catalogue.near_sounds import allowed_errors
from terminal.catalogue.normal_form import fold, is_hanzi, is_latin
from terminal.catalogue.pinyin import MAX_CUTS, Syllabary, syllables, without_tones

#: What is typed beyond this is not looked at.
MAX_TYPED: Final = 200
MAX_CHARACTERS: Final = 48
MAX_HEARD: Final = 32
MAX_TERMS: Final = 4
MAX_INITIALS: Final = 12
_SHORTEST_PLURAL: Final = 4  # "bus" is none
#: A token that nobody can type: it stands at both ends of every label in the index.
EDGE: Final = "¦"
_INITIAL: Final = "·"  # before each initial: else every phrase of letters would go through all initials


def initial_tokens(letters: Iterable[str]) -> tuple[str, ...]:
    """Initials as tokens of the index."""
    return tuple(_INITIAL + letter for letter in letters)


class Place(Enum):
    """Where in a label something is looked for."""

    WHOLE = "whole"
    START = "start"
    ANYWHERE = "anywhere"


@dataclass(frozen=True)
class _Phrase:
    """Tokens that follow each other in a column, the last perhaps only begun; `hanzi` stand there, too."""

    column: str
    tokens: tuple[str, ...]
    is_begun: bool = False
    hanzi: tuple[str, ...] = ()

    def expression(self, place: Place) -> str:
        """The same in FTS5's language."""
        before = (EDGE,) if place is not Place.ANYWHERE else ()
        after = (EDGE,) if place is Place.WHOLE else ()
        # Tokens are a–z, 0–9, Hanzi and EDGE, so that nothing in them could end the string.
        phrase = f'{self.column} : "{" ".join((*before, *self.tokens, *after))}"'
        if self.is_begun:
            phrase += " *"
        required = [f'hanzi : "{" ".join(run)}"' for run in self.hanzi]
        return f"({' AND '.join((phrase, *required))})"


class Query:
    """One or several words as typed; any string is taken. `syllabary`: of the catalogue searched in."""

    def __init__(self, typed: str, syllabary: Syllabary) -> None:
        folded = fold(typed[:MAX_TYPED])
        parts, room = [], MAX_CHARACTERS
        for part in folded.split():
            parts.append(part[:room])
            room -= len(parts[-1])
            if not room:
                break
        self.parts: Final = tuple(parts)
        self.text: Final = "".join(parts)
        self._syllabary: Final = syllabary

    @property
    def is_latin(self) -> bool:
        """Whether nothing but letters was typed."""
        return bool(self.text) and all(map(is_latin, self.text))

    @property
    def letters(self) -> str:
        """Its beginning as pinyin, in letters and digits, to be compared by its sound."""
        return "".join(syllables(without_tones(self.text[:MAX_HEARD])))[:MAX_HEARD]

    @property
    def errors(self) -> int:
        """How many letters of it may be wrong; in Hanzi that were chosen by their sound there are none."""
        return allowed_errors(sum(map(is_latin, self.text)))

    def terms(self) -> tuple[Query, ...]:
        """Each word by itself, as far as it is more than a letter."""
        words = [part for part in self.parts if len(part) > 1 or is_hanzi(part)]
        return tuple(Query(word, self._syllabary) for word in words[:MAX_TERMS])

    def labels(self, place: Place) -> str:
        """The expression for labels that hold it, as they are written or read."""
        return _any(phrase.expression(place) for phrase in self._phrases(place))

    def initials(self, place: Place) -> str:
        """The expression for labels whose syllables begin with these letters; empty if it is none."""
        if not self.text.isascii() or len(self.text) > MAX_INITIALS:
            return ""
        return _Phrase("initials", initial_tokens(self.text)).expression(place)

    def body(self) -> str:
        """The expression for texts that hold it."""
        return _any(phrase.expression(Place.ANYWHERE) for phrase in self._written())

    def pairs(self) -> tuple[str, ...]:
        """For each two neighbouring Hanzi of it, the expression for labels that have them, too."""
        pairs = dict.fromkeys(
            (one, other) for one, other in pairwise(self.text) if is_hanzi(one) and is_hanzi(other)
        )
        return tuple(_Phrase("hanzi", pair).expression(Place.ANYWHERE) for pair in pairs)

    def _phrases(self, place: Place) -> Iterator[_Phrase]:
        yield from self._written(is_begun=place is not Place.WHOLE)
        if any(map(is_latin, self.text)):
            yield from self._read(is_begun=False)
            if place is not Place.WHOLE:
                yield from self._read(is_begun=True)

    def _written(self, is_begun: bool = True) -> Iterator[_Phrase]:
        """As Hanzi and as English."""
        if not self.text:
            return
        yield _Phrase("hanzi", tuple(self.text))
        if any(map(is_latin, self.text)):
            *words, last = self.parts
            if is_begun and len(last) >= _SHORTEST_PLURAL:
                last = last.removesuffix("s")
            yield _Phrase("english", (*words, last), is_begun)

    def _read(self, *, is_begun: bool) -> Iterator[_Phrase]:
        """As pinyin, perhaps with Hanzi between. The spaces that were typed part syllables."""
        as_typed = self.parts
        toneless = tuple(filter(None, map(without_tones, self.parts)))
        for parts in dict.fromkeys((as_typed, toneless)):  # the 1 of gongjiao1lu may be no tone
            yield from self._read_parts(parts, is_begun=is_begun)

    def _read_parts(self, parts: Sequence[str], *, is_begun: bool) -> Iterator[_Phrase]:
        runs = [
            (is_letters, "".join(run)) for part in parts for is_letters, run in groupby(part, key=is_latin)
        ]
        *whole, (ends_in_letters, last) = runs
        if is_begun and not ends_in_letters:
            return
        cuts = self._syllabary.begun_cuts if is_begun else self._syllabary.cuts
        ways = [
            list(self._syllabary.cuts(run)) if is_letters else [syllables(run)] for is_letters, run in whole
        ]
        ways.append(list(cuts(last)) if ends_in_letters else [syllables(last)])
        hanzi = tuple(run for is_letters, run in runs if not is_letters)
        for way in islice(product(*ways), MAX_CUTS):
            yield _Phrase("pinyin", tuple(part for cut in way for part in cut), is_begun, hanzi)


def _any(expressions: Iterable[str]) -> str:
    return " OR ".join(dict.fromkeys(expressions))
