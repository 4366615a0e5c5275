"""Six-digit codes that stand for every place that rules do not tell apart."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product
from typing import Final

from terminal.decisions.region import city_prefix, province_prefix

_DIGITS: Final = 6
# Ordinary provinces before municipalities, whose districts are one city; then codes that are no province's.
_PROVINCES: Final = (
    *("13", "14", "15", "21", "22", "23", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44", "45"),
    *("46", "51", "52", "53", "54", "61", "62", "63", "64", "65", "11", "12", "31", "50"),
    *(str(province) for province in range(70, 100)),
)
# xx90yy are counties directly under a province; they are told apart only where a rule names one.
_CITIES: Final = tuple(f"{number:02}" for number in range(1, 90))
_ANY_TWO: Final = tuple(f"{number:02}" for number in range(100))


def representatives(prefixes: Iterable[str]) -> dict[str, str]:
    """For each prefix of a region code a code within it and within no longer one of `prefixes`.

    The codes whose longest prefix is the same form a class; all classes that are not empty are there. No two
    codes of a class differ in whether they begin with, or are, any of `prefixes`.
    """
    listed = sorted(set(prefixes))
    found: dict[str, str] = {}
    for prefix in listed:
        longer = tuple(other for other in listed if other != prefix and other.startswith(prefix))
        code = _code_within(prefix, longer)
        if code is not None:
            found[prefix] = code
    return found


def residence_prefixes(region: str) -> tuple[str, str, str]:
    """What tells local, same province and elsewhere apart at a service in `region`."""
    return city_prefix(region), province_prefix(region), ""


def is_prefix(text: str) -> bool:
    """Whether a region code can begin with `text`."""
    return len(text) <= _DIGITS and (not text or (text.isascii() and text.isdigit()))


def _code_within(prefix: str, longer: tuple[str, ...]) -> str | None:
    missing = _DIGITS - len(prefix)
    if not prefix:
        pairs: tuple[tuple[str, ...], ...] = (_PROVINCES, _CITIES, _CITIES)
    elif missing % 2:
        pairs = (tuple("0123456789"), *(_ANY_TWO,) * (missing // 2))
    else:
        pairs = (_CITIES,) * (missing // 2)
    for choices in (pairs, tuple(tuple("0123456789") for _ in range(missing))):
        for parts in product(*choices):
            code = prefix + "".join(parts)
            if not code.startswith(longer):
                return code
    return None
