"""What a condition asks of each variable, read off its words: the places where its answer can change.

A variable is *legible* where each of its occurrences is a whole comparison with literals, such as
`fare <= 200`, `region.startsWith("33")` or `5 in categories`: then the condition is constant between the
literals, whatever the rest of it says. Anywhere else (`fare % 100 == 0`, `size(categories) > 1`) the variable
is *opaque*: its whole domain must be tried, or as much of it as can be.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Final, TypeAlias, TypeVar

from terminal.decisions.cel_reading import Token, tokens
from terminal.decisions.conditions import VARIABLES, Condition

Literal: TypeAlias = int | str

_T = TypeVar("_T")

_PLAIN_TEXT: Final = re.compile(r"""(?P<quote>['"])(?P<inner>[^'"\\\n]*)(?P=quote)""")
_PLAIN_NUMBER: Final = re.compile(r"0x[0-9A-Fa-f]+|\d+")
_UNREAD: Final = "\\"  # a literal of another form, such as 1.5, 7u or r"…": it takes part in nothing legible

# What may stand before and after a comparison that is an operand of its own: everything here binds looser.
_BEFORE: Final = frozenset({"", "(", "[", "{", ",", "?", ":", "&&", "||"})
_AFTER: Final = frozenset({"", ")", "]", "}", ",", "?", ":", "&&", "||"})
# From the left operand's view, where a comparison with n changes: at n, at n + 1, or at both.
_STEPS: Final = MappingProxyType(
    {"<": (0,), ">=": (0,), "<=": (1,), ">": (1,), "==": (0, 1), "!=": (0, 1), "in": (0, 1)}
)
_SEARCHES: Final = frozenset({"startsWith", "endsWith", "contains"})
_MIRRORED: Final = MappingProxyType({"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="})


@dataclass(frozen=True)
class Questions:
    """What conditions ask.

    asked: variables that occur. steps: per number variable, the values at which an answer can change.
    texts: per text variable, the literals it is compared with; prefixes: those that it may start with.
    affirmed: of both, those that are not only asked to be unlike (`!=`, `!`).
    members: per list variable, the literals looked for in it. opaque: variables asked in another way;
    fragments, sizes: per opaque variable, the texts that are looked for in it and the lengths it may have, or
    all texts and numbers of a condition that asks for it in a form of another kind.
    """

    asked: frozenset[str] = frozenset()
    steps: Mapping[str, frozenset[int]] = field(default_factory=dict)
    texts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    prefixes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    affirmed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    members: Mapping[str, frozenset[Literal]] = field(default_factory=dict)
    opaque: frozenset[str] = frozenset()
    fragments: Mapping[str, frozenset[str]] = field(default_factory=dict)
    sizes: Mapping[str, frozenset[int]] = field(default_factory=dict)

    @classmethod
    def together(cls, parts: Iterable[Questions]) -> Questions:
        """What any of `parts` asks."""
        listed = tuple(parts)
        return cls(
            asked=frozenset().union(*(part.asked for part in listed)),
            steps=_merged(part.steps for part in listed),
            texts=_merged(part.texts for part in listed),
            prefixes=_merged(part.prefixes for part in listed),
            affirmed=_merged(part.affirmed for part in listed),
            members=_merged(part.members for part in listed),
            opaque=frozenset().union(*(part.opaque for part in listed)),
            fragments=_merged(part.fragments for part in listed),
            sizes=_merged(part.sizes for part in listed),
        )


def questions_of(condition: Condition) -> Questions:
    """What one condition asks."""
    return _read(condition.source, frozenset(condition.program.references()["variables"]))


@cache
def _read(source: str, names: frozenset[str]) -> Questions:
    asked = names & frozenset(VARIABLES)
    words = _words(source)
    found = _Found()
    for place, word in enumerate(words):
        if word in asked and words[place - 1] != ".":
            found.occurrence(words, place)
    return Questions(
        asked=asked,
        steps=_frozen(found.steps),
        texts=_frozen(found.texts),
        prefixes=_frozen(found.prefixes),
        affirmed=_frozen(found.affirmed),
        members=_frozen(found.members),
        opaque=frozenset(found.opaque),
        fragments=_frozen(found.fragments),
        sizes=_frozen(found.sizes),
    )


def _words(source: str) -> tuple[Literal, ...]:
    """Names and signs as they are, texts with a quote before them, numbers as int.

    Three empty ones stand before and after, so that every word has neighbours.
    """
    return ("", "", "", *(_word(token) for token in tokens(source)), *("",) * 6)


def _word(token: Token) -> Literal:
    if token.kind == "string":
        plain = _PLAIN_TEXT.fullmatch(token.text)
        return _UNREAD if plain is None else f'"{plain["inner"]}'
    if token.kind == "number":
        plain_number = _PLAIN_NUMBER.fullmatch(token.text)
        return _UNREAD if plain_number is None else int(token.text, 16 if token.text[:2] == "0x" else 10)
    return token.text


class _Found:
    """What the occurrences of variables in one condition ask, as they are read."""

    def __init__(self) -> None:
        self.steps: dict[str, set[int]] = {}
        self.texts: dict[str, set[str]] = {}
        self.prefixes: dict[str, set[str]] = {}
        self.affirmed: dict[str, set[str]] = {}
        self.members: dict[str, set[Literal]] = {}
        self.opaque: set[str] = set()
        self.fragments: dict[str, set[str]] = {}
        self.sizes: dict[str, set[int]] = {}

    def occurrence(self, words: Sequence[Literal], place: int) -> None:
        """Note what the variable at `place` is asked there."""
        variable = str(words[place])
        denied = _is_denied(words, place)
        known = (
            self._compared(variable, words[place - 1 : place + 4], denied)
            or self._mirrored(variable, words[place - 3 : place + 2], denied)
            or self._one_of(variable, words, place, denied)
            or self._started(variable, words[place - 1 : place + 7], denied)
        )
        if not known:
            self.opaque.add(variable)
            self._hints(variable, words, place)

    def _compared(self, variable: str, around: Sequence[Literal], denied: bool) -> bool:
        """`variable < 200`"""
        before, _itself, sign, literal, after = around
        if before not in _BEFORE or after not in _AFTER or sign not in _MIRRORED:
            return False
        return self._note(variable, str(sign), literal, denied)

    def _mirrored(self, variable: str, around: Sequence[Literal], denied: bool) -> bool:
        """`200 > variable`, `5 in variable`"""
        before, literal, sign, _itself, after = around
        if before not in _BEFORE or after not in _AFTER:
            return False
        if sign == "in" and _is_literal(literal):
            self.members.setdefault(variable, set()).add(_value(literal))
            return True
        return sign in _MIRRORED and self._note(variable, _MIRRORED[str(sign)], literal, denied)

    def _one_of(self, variable: str, words: Sequence[Literal], place: int, denied: bool) -> bool:
        """`variable in [200, 300]`"""
        if words[place - 1] not in _BEFORE or words[place + 1 : place + 3] != ("in", "["):
            return False
        try:
            end = words.index("]", place)
        except ValueError:
            return False
        inside = words[place + 3 : end]
        literals, commas = inside[::2], inside[1::2]
        if words[end + 1] not in _AFTER or any(comma != "," for comma in commas):
            return False
        return all(_is_literal(literal) for literal in literals) and all(
            self._note(variable, "in", literal, denied) for literal in literals
        )

    def _started(self, variable: str, around: Sequence[Literal], denied: bool) -> bool:
        """`variable.startsWith("33")`"""
        before, _itself, *call, literal, closing, after = around
        if before not in _BEFORE | {"!"} or after not in _AFTER | frozenset(_MIRRORED):
            return False
        if call != [".", "startsWith", "("] or closing != ")" or not _is_literal(literal):
            return False
        if not isinstance(literal, str):
            return False
        self.prefixes.setdefault(variable, set()).add(literal[1:])
        self._affirm(variable, literal, denied)
        return True

    def _hints(self, variable: str, words: Sequence[Literal], place: int) -> None:
        """Keep the literals that `variable`, which is opaque, may have to do with."""
        near: Sequence[Literal] = words
        if words[place + 1] == "." and words[place + 2] in _SEARCHES and words[place + 5] == ")":
            near = words[place + 4 : place + 5]
        elif (
            words[place - 2 : place] == ("size", "(")
            and words[place + 1] == ")"
            and words[place + 2] in _MIRRORED
            and isinstance(words[place + 3], int)
        ):
            near = words[place + 3 : place + 4]
        texts = {str(word)[1:] for word in near if _is_literal(word) and isinstance(word, str)}
        self.fragments.setdefault(variable, set()).update(texts)
        self.sizes.setdefault(variable, set()).update(word for word in near if isinstance(word, int))

    def _note(self, variable: str, sign: str, literal: Literal, denied: bool) -> bool:
        if isinstance(literal, int):
            self.steps.setdefault(variable, set()).update(literal + step for step in _STEPS[sign])
            return True
        if literal.startswith('"') and sign in ("==", "!=", "in"):
            self.texts.setdefault(variable, set()).add(literal[1:])
            self._affirm(variable, literal, denied is not (sign == "!="))
            return True
        return False

    def _affirm(self, variable: str, literal: str, denied: bool) -> None:
        if not denied:
            self.affirmed.setdefault(variable, set()).add(literal[1:])


def _is_denied(words: Sequence[Literal], place: int) -> bool:
    """Whether an odd number of `!` stands before the word at `place` and the brackets around it."""
    denials, depth, counting = 0, 0, True
    for word in reversed(words[:place]):
        if counting and word == "!":
            denials += 1
            continue
        counting = word == "(" and not depth
        depth += (word == ")") - (word == "(" and depth > 0)
    return denials % 2 == 1


def _is_literal(token: Literal) -> bool:
    return isinstance(token, int) or token.startswith('"')


def _value(literal: Literal) -> Literal:
    return literal if isinstance(literal, int) else literal[1:]


def _frozen(found: Mapping[str, set[_T]]) -> Mapping[str, frozenset[_T]]:
    return MappingProxyType({variable: frozenset(values) for variable, values in found.items()})


def _merged(parts: Iterable[Mapping[str, frozenset[_T]]]) -> Mapping[str, frozenset[_T]]:
    merged: dict[str, set[_T]] = {}
    for part in parts:
        for variable, values in part.items():
            merged.setdefault(variable, set()).update(values)
    return _frozen(merged)
