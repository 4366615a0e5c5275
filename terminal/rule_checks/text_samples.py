"""Operators, service codes, classes of ticket and regions that stand for all which conditions tell apart.

Where a text is asked by whole comparisons and startsWith alone, every class of texts is there. Of one that is
asked otherwise (endsWith, contains, size, <) there are some that the conditions' own literals suggest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice, permutations, product, zip_longest
from typing import Final

from terminal.decisions.region import PROVINCES, province_prefix
from terminal.rule_checks.questions import Questions

# Operators and codes are tried in every combination, so there are fewer where both are asked for parts.
_MOST_SAMPLES: Final = 48
_MOST_OF_EACH: Final = 16
_MOST_IN_PAIRS: Final = 6  # literals; pairs grow as their square
_MOST_APPENDED: Final = 3
_REGION: Final = re.compile(r"[1-9][0-9]{5}")
_FIRST_REGION: Final = "110101"
_LAST_REGION: Final = "659001"


@dataclass(frozen=True)
class TextForm:
    """What texts of a variable look like. `another`: one that is told as none in particular."""

    variable: str
    pattern: re.Pattern[str]
    letters: str
    longest: int
    another: str

    def holds(self, text: str) -> bool:
        """Whether `text` has this form."""
        return len(text) <= self.longest and self.pattern.fullmatch(text) is not None


_LOWER: Final = "xabcdefghijklmnopqrstuvwyz0123456789-"
_SLUG: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
OPERATORS: Final = TextForm("operator", _SLUG, _LOWER, 32, "another")
TICKETS: Final = TextForm("ticket", _SLUG, _LOWER, 32, "another")
CODES: Final = TextForm("service", re.compile(r"[A-Z0-9][A-Z0-9-]*"), _LOWER.upper(), 12, "OTHER")
_BOTH: Final = frozenset({OPERATORS.variable, CODES.variable})


def representative_texts(asked: Questions, form: TextForm, named: Iterable[str]) -> tuple[str, ...]:
    """`named` and the texts that conditions compare with, then one or more for all others."""
    variable = form.variable
    exact = {*named, *asked.texts.get(variable, ())}
    prefixes = {"", *asked.prefixes.get(variable, ())}
    found = [*sorted(exact)]
    for prefix in sorted(prefixes):
        longer = tuple(other for other in prefixes if other != prefix and other.startswith(prefix))
        found += _within(form, prefix, longer, exact)
    if variable in asked.opaque:
        most = _MOST_OF_EACH if asked.opaque >= _BOTH else _MOST_SAMPLES
        found += islice(_suggested(asked, form, exact | prefixes), most)
    return tuple(dict.fromkeys(found))


def suggested_regions(asked: Questions, seen_from: str) -> frozenset[str]:
    """Regions of cards that conditions on parts of a region suggest, most of them near `seen_from`."""
    if "region" not in asked.opaque:
        return frozenset()
    literals = {text for text in asked.fragments.get("region", ()) if re.fullmatch("[0-9]{1,6}", text)}
    found = {_FIRST_REGION, _LAST_REGION}
    for literal in literals:
        found |= {
            seen_from[:place] + literal + seen_from[place + len(literal) :]
            for place in range(len(seen_from) - len(literal) + 1)
        }
        bound = int(literal.ljust(len(seen_from), "0"))
        found |= {str(bound - 1), str(bound), str(bound + 1)}
    return frozenset(code for code in found if _REGION.fullmatch(code) and province_prefix(code) in PROVINCES)


def _within(form: TextForm, prefix: str, longer: tuple[str, ...], exact: set[str]) -> list[str]:
    """A text that begins with `prefix` and none of the `longer`, and is none of the `exact`, if any is."""
    candidates = (
        prefix + "".join(letters)
        for number in range(_MOST_APPENDED + 1)
        for letters in product(form.letters, repeat=number)
    )
    for text in candidates if prefix else chain((form.another,), candidates):
        if form.holds(text) and text not in exact and not (longer and text.startswith(longer)):
            return [text]
        if len(text) > form.longest:
            break
    return []


def _suggested(asked: Questions, form: TextForm, compared: set[str]) -> Iterator[str]:
    """Texts that begin with, end with, contain or have the length of what the conditions say."""
    variable = form.variable
    literals = sorted(compared.union(asked.fragments.get(variable, ())) - {""})
    filler = next((letter for letter in form.letters if not any(letter in text for text in literals)), "")
    filler = filler or form.letters[0]
    alone = [text for literal in literals for text in _around(literal, filler)]
    sized = [
        padded
        for size in _sizes(asked, form)
        for literal in ("", *literals)
        for padded in (literal.ljust(size, filler), literal.rjust(size, filler))
    ]
    pairs = permutations(literals, 2) if len(literals) <= _MOST_IN_PAIRS else ()
    paired = [text for first, last in pairs for text in (first + filler + last, first + last)]
    lone = [filler, form.letters[1], form.letters[-2]]
    # One of each sort after the other, so that each sort is there if there are too many.
    suggested = chain.from_iterable(zip_longest(alone, sized, paired, lone, fillvalue=""))
    yield from (text for text in dict.fromkeys(suggested) if form.holds(text))


def _around(literal: str, filler: str) -> tuple[str, ...]:
    return literal, literal + filler, filler + literal, filler + literal + filler


def _sizes(asked: Questions, form: TextForm) -> list[int]:
    near = {size + step for size in asked.sizes.get(form.variable, ()) for step in (-1, 0, 1)}
    return sorted(size for size in near if 0 < size <= form.longest)
