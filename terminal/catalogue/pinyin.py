"""How Chinese is read aloud, for whoever types its sound: pypinyin's table, and what a catalogue corrects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from pypinyin import lazy_pinyin

from terminal.catalogue.normal_form import is_hanzi, is_latin

#: However a run of letters can be cut into syllables, no more ways than these are tried.
MAX_CUTS: Final = 8


def syllables(folded: str, override: str = "") -> list[str]:
    """A folded text, read: a syllable (no tone, v for ü) for each Hanzi, and each other character itself.

    `override` (see ServiceGuide.pinyin) is the reading of its Hanzi where it has one syllable for each.
    """
    text = folded.replace(" ", "")
    read = _read(text)
    if len(read) != len(text):  # a phrase that the table reads with more or fewer syllables
        read = [_read(character)[0] for character in text]
    given = override.split()
    if given and len(given) == sum(map(is_hanzi, text)):
        rest = iter(given)
        read = [
            next(rest) if is_hanzi(character) else itself
            for character, itself in zip(text, read, strict=True)
        ]
    return read


def _read(text: str) -> list[str]:
    # What is no Hanzi, or one that the table does not know, stays as it is.
    return lazy_pinyin(text, errors=list, v_to_u=False)  # type: ignore[arg-type]


def initials(read: Iterable[str]) -> list[str]:
    """The first letter of each syllable; zh, ch and sh are typed as z, c and s."""
    return [syllable[0] for syllable in read]


def without_tones(letters: str) -> str:
    """`lun2yi3` as `lunyi`: a digit from 1 to 5 right after a letter is a tone."""
    return "".join(
        character
        for before, character in zip(" " + letters, letters, strict=False)
        if not (character in "12345" and is_latin(before))
    )


class Syllabary:
    """The syllables that a catalogue's names are read with: typed letters can match no others."""

    def __init__(self, known: Iterable[str]) -> None:
        self._known: Final = frozenset(known)
        self._begun: Final = frozenset(
            syllable[:length] for syllable in self._known for length in range(1, len(syllable))
        )
        self._longest: Final = max(map(len, self._known), default=0)

    def cuts(self, letters: str) -> Iterator[Sequence[str]]:
        """At most MAX_CUTS ways to read letters as whole syllables, long syllables first."""
        yield from self._limited(letters, is_typing=False)

    def begun_cuts(self, letters: str) -> Iterator[Sequence[str]]:
        """The same for letters that break off within the last syllable."""
        yield from self._limited(letters, is_typing=True)

    def _limited(self, letters: str, *, is_typing: bool) -> Iterator[Sequence[str]]:
        # What is left after `at` letters either can be read or not, however those letters were read.
        readable = self._readable(letters, is_typing=is_typing)
        pending: list[tuple[str, ...]] = [()]
        found = 0
        while pending and found < MAX_CUTS:
            cut = pending.pop()
            at = sum(map(len, cut))
            if at == len(letters):
                found += 1
                yield cut
                continue
            for end in range(at + 1, min(at + self._longest, len(letters)) + 1):
                if readable[end] and self._is_part(letters[at:end], end == len(letters), is_typing):
                    pending.append((*cut, letters[at:end]))

    def _readable(self, letters: str, *, is_typing: bool) -> list[bool]:
        """For each place in `letters`, whether the rest can be read."""
        readable = [False] * len(letters) + [True]
        for at in range(len(letters) - 1, -1, -1):
            readable[at] = any(
                readable[end] and self._is_part(letters[at:end], end == len(letters), is_typing)
                for end in range(at + 1, min(at + self._longest, len(letters)) + 1)
            )
        return readable

    def _is_part(self, part: str, is_last: bool, is_typing: bool) -> bool:
        if is_last and is_typing:
            return part in self._begun
        return part in self._known
