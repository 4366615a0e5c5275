"""Why a rule can't be worked out for a tap: in words for people, and nothing of the person."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from crypto.explained import Text


class Failure(StrEnum):
    """The kind of a failure; the value stands in `--json`."""

    DIVISION_BY_ZERO = "division_by_zero"
    NUMBER_TOO_LARGE = "number_too_large"
    NO_SUCH_ELEMENT = "no_such_element"
    KINDS_UNLIKE = "kinds_unlike"
    NOT_YES_OR_NO = "not_yes_or_no"
    NOT_COMPUTABLE = "not_computable"
    TICKET_UNPRICED = "ticket_unpriced"

    @classmethod
    def of(cls, error: Exception) -> Failure:
        """What the CEL library's error means; its message may quote the person's values and is left."""
        return next((kind for raised, kind in _KINDS if isinstance(error, raised)), cls.NOT_COMPUTABLE)

    @property
    def words(self) -> Text:
        """The failure in words."""
        return _WORDS[self]


_KINDS: Final = (
    (ZeroDivisionError, Failure.DIVISION_BY_ZERO),
    (OverflowError, Failure.NUMBER_TOO_LARGE),
    (LookupError, Failure.NO_SUCH_ELEMENT),
    (TypeError, Failure.KINDS_UNLIKE),
)
_WORDS: Final = {
    Failure.DIVISION_BY_ZERO: Text(zh="除以零", en="it divides by zero"),
    Failure.NUMBER_TOO_LARGE: Text(zh="算出的数过大", en="a number grows too large"),
    Failure.NO_SUCH_ELEMENT: Text(zh="取了列表中没有的一项", en="it asks for an element that is not there"),
    Failure.KINDS_UNLIKE: Text(
        zh="把不同种类的值放在一起计算或比较", en="it reckons with values of unlike kinds"
    ),
    Failure.NOT_YES_OR_NO: Text(zh="得出的不是“是”或“否”", en="its answer is neither true nor false"),
    Failure.NOT_COMPUTABLE: Text(zh="无法计算", en="it is not computable"),
    Failure.TICKET_UNPRICED: Text(
        zh="目录中这项服务没有它所给票种的票价",
        en="the catalogue has no price of the ticket that it gives for this service",
    ),
}
