"""In which language a client wants to be told what is wrong."""

from __future__ import annotations

from crypto.explained import Language

_MOST_PARTS = 16


def language_of(accept_language: str) -> Language:
    """The preferred one of Tongka's languages in an Accept-Language header; Chinese for any other."""
    best, weight = Language.ZH, 0.0
    for part in accept_language.split(",", _MOST_PARTS)[:_MOST_PARTS]:
        tag, _, parameter = part.strip().lower().partition(";")
        main = tag.strip().partition("-")[0]
        given = _weight(parameter.strip())
        if main in ("zh", "en") and given > weight:
            best, weight = Language.ZH if main == "zh" else Language.EN, given
    return best


def _weight(parameter: str) -> float:
    if not parameter.startswith("q="):
        return 1.0
    try:
        return min(1.0, max(0.0, float(parameter.removeprefix("q="))))
    except ValueError:
        return 0.0
