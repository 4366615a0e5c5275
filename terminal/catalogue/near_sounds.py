"""Finds what was typed by ear or with a slip: near-homophones and up to two wrong letters.

Sounds that many speakers do not tell apart are one: zh z, ch c, sh s, n l, ang an, eng en, ing in. Errors are
counted as letters that are wrong, missing, surplus or swapped (Damerau's kinds).

All texts are searched at once, by the bit-parallel automaton of Wu and Manber ("Fast text searching allowing
errors", Communications of the ACM 35:10, 1992) turned round: one bit for each place of the text instead of
each letter of the pattern, so that the work is a few operations on long integers for each letter typed.
"""

from __future__ import annotations

import re
import string
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

_RETROFLEX: Final = re.compile("([zcs])h")
_BACK_NASAL: Final = re.compile("([aei])ng")
_GAP: Final = " "  # between texts; no letter, so nothing reaches across
_ALPHABET: Final = string.ascii_lowercase + string.digits
_OTHER: Final = "?"  # stands for a Hanzi that nobody knows how to read: it sounds like nothing
_UNREAD: Final = re.compile(f"[^{_ALPHABET}{_GAP}]")
#: Letters typed from which one error, two errors are allowed.
ONE_ERROR_FROM, TWO_ERRORS_FROM = 4, 8
#: Fewer letters than these sound like too much.
MIN_LETTERS: Final = 3


def sound(letters: str) -> str:
    """Pinyin letters with near-homophones made the same."""
    merged = _BACK_NASAL.sub(r"\1n", _RETROFLEX.sub(r"\1", letters))
    return merged.replace("n", "l").replace("v", "u")


def allowed_errors(letters: int) -> int:
    """How many of so many letters may be wrong."""
    return (letters >= ONE_ERROR_FROM) + (letters >= TWO_ERRORS_FROM)


class NearSounds:
    """Texts to be found by their sound, from the start of any of their parts (syllables or words).

    `hear` makes the same what need not be told apart; of letters and digits it makes letters and digits.
    """

    def __init__(self, texts: Iterable[Sequence[str]], hear: Callable[[str], str] = sound) -> None:
        self._hear: Final = hear
        letters, starts = [_GAP], ["0"]
        places = [1]
        for parts in texts:
            heard = [hear(part) for part in parts]
            letters.extend((*heard, _GAP))
            starts.extend("1" + "0" * (len(part) - 1) for part in heard if part)
            starts.append("0")
            places.append(places[-1] + sum(map(len, heard)) + 1)
        self._places: Final = places
        line = _UNREAD.sub(_OTHER, "".join(letters))
        self._starts: Final = _bits("".join(starts))
        self._masks: Final = {letter: _bits(line.translate(_marker(letter))) for letter in _ALPHABET}
        self._letters: Final = _bits("".join("0" if letter == _GAP else "1" for letter in line))

    def find(self, typed: str, most: int) -> Iterator[tuple[int, int]]:
        """The number of each text that sounds like `typed` with at most `most` errors, and its errors.

        A text comes once, with its fewest errors: those with few first, among equals in the texts' order.
        """
        heard = self._hear(typed)
        seen: set[int] = set()
        if len(typed) < MIN_LETTERS or not heard:
            return
        for errors, ends in enumerate(self._ends(heard, most)):
            for text in self._texts(ends):
                if text not in seen:
                    seen.add(text)
                    yield text, errors

    def _ends(self, heard: str, most: int) -> list[int]:
        """For each number of errors up to `most`, the places that follow a match with so many or fewer.

        `now[e]` has the bit of a place set if the letters so far match what ends before that place, with at
        most `e` errors.
        """
        now = [self._starts]
        for _ in range(most):
            now.append(now[-1] | self._step(now[-1]))
        before: list[int] = []  # `now` of the letter before the last
        for index, letter in enumerate(heard):
            mask = self._masks.get(letter, 0)
            after = [(now[0] & mask) << 1]
            for errors in range(1, most + 1):
                places = (now[errors] & mask) << 1
                places |= now[errors - 1]  # the letter is surplus
                # Letters of the text are wrong, or missing in what was typed.
                places |= self._step(now[errors - 1] | after[errors - 1])
                if before:
                    swapped = (before[errors - 1] & mask) << 1
                    places |= (swapped & self._masks.get(heard[index - 1], 0)) << 1
                after.append(places)
            before, now = now, after
        return now

    def _step(self, places: int) -> int:
        """One letter of the text further, never out of a text."""
        return (places & self._letters) << 1

    def _texts(self, ends: int) -> Iterator[int]:
        """The numbers of the texts that these places lie in."""
        bits = bin(ends)[:1:-1]
        at = bits.find("1")
        while at >= 0:
            text = bisect_right(self._places, at - 1) - 1
            yield text
            at = bits.find("1", self._places[text + 1] + 1)


def _bits(line: str) -> int:
    """The integer whose bit n is the n-th character of `line`."""
    return int(line[::-1], 2)


def _marker(letter: str) -> dict[int, str]:
    return {ord(other): "1" if other == letter else "0" for other in _ALPHABET + _GAP + _OTHER}
