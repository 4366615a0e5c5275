"""What can be entered at a ticket office: short words for a person, JSON objects for a program."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

import msgspec

from crypto.explained import Text
from terminal.events.event import Sequence, Ticket
from terminal.modes.counter_errors import EntryRefused
from terminal.modes.entries import decoded, folded, word
from terminal.modes.sale_state import MAX_PARTY

_HELP: Final = Text(
    zh="0–9 同行人数；票种（如 half，- 为普通票）；r 号码 移除一行；c 确认；x 撤销",
    en="0 to 9 companions; a class of ticket (as half, - for the ordinary one); r NUMBER removes a line; "
    "c confirms; x cancels",
)
_JSON_HELP: Final = Text(
    zh='{"do": "next", "companions": 1, "ticket": "half"}，{"do": "remove", "line": 3}，'
    '{"do": "confirm"}，{"do": "cancel"}',
    en='{"do": "next", "companions": 1, "ticket": "half"}, {"do": "remove", "line": 3}, '
    '{"do": "confirm"}, {"do": "cancel"}',
)


class _Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    """An order of a ticket office."""


class NextPerson(_Order, frozen=True, tag="next"):
    """How the next card is to be served; what is not named stays as it was entered before."""

    companions: Annotated[int, msgspec.Meta(ge=0, le=MAX_PARTY)] | None = None
    ticket: Ticket | None = None


class RemoveLine(_Order, frozen=True, tag="remove"):
    """Take one line out again."""

    line: Sequence


class ConfirmSale(_Order, frozen=True, tag="confirm"):
    """All lines are paid for."""


class CancelSale(_Order, frozen=True, tag="cancel"):
    """Nothing is sold."""


OfficeOrder: TypeAlias = NextPerson | RemoveLine | ConfirmSale | CancelSale

_DECODER: Final[msgspec.json.Decoder[OfficeOrder]] = msgspec.json.Decoder(OfficeOrder)
_LETTERS: Final[dict[str, OfficeOrder]] = {
    "c": ConfirmSale(),
    "x": CancelSale(),
    "-": NextPerson(ticket=""),
}


def typed_order(text: str) -> OfficeOrder:
    """The order that a person typed. Raises EntryRefused."""
    text = folded(text)
    if text in _LETTERS:
        return _LETTERS[text]
    if len(text) == 1 and text in "0123456789":
        return NextPerson(companions=int(text))
    try:
        if text.startswith("r "):
            return msgspec.convert({"do": "remove", "line": int(text[2:])}, RemoveLine)
        return msgspec.convert({"do": "next", "ticket": text}, NextPerson)
    except (msgspec.ValidationError, ValueError) as error:
        raise EntryRefused(wrong=word(2 if text.startswith("r ") else 1), write=_HELP) from error


def json_order(text: str) -> OfficeOrder:
    """The order that a program sent. Raises EntryRefused."""
    return decoded(_DECODER, text, _JSON_HELP)
