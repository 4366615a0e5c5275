"""What can be entered at an attendance desk: single letters for a person, JSON objects for a program."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from crypto.explained import Text
from terminal.modes.counter_errors import EntryRefused
from terminal.modes.entries import decoded, folded, word

_HELP: Final = Text(
    zh="g 监护人在场；x 监护人不在场（撤销）；l 列出在场",
    en="g: the guardian is here; x: no guardian (withdraw); l: list who is present",
)
_JSON_HELP: Final = Text(
    zh='{"do": "guardian", "here": true}，{"do": "list"}',
    en='{"do": "guardian", "here": true}, {"do": "list"}',
)


class _Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    """An order of an attendance desk."""


class Guardian(_Order, frozen=True, tag="guardian"):
    """Staff saw the guardian, or that there is none."""

    here: bool


class ListPresent(_Order, frozen=True, tag="list"):
    """Show who is here."""


CheckInOrder: TypeAlias = Guardian | ListPresent

_DECODER: Final[msgspec.json.Decoder[CheckInOrder]] = msgspec.json.Decoder(CheckInOrder)
_LETTERS: Final[dict[str, CheckInOrder]] = {"g": Guardian(True), "x": Guardian(False), "l": ListPresent()}


def typed_order(text: str) -> CheckInOrder:
    """The order that a person typed. Raises EntryRefused."""
    try:
        return _LETTERS[folded(text)]
    except KeyError:
        raise EntryRefused(wrong=word(1), write=_HELP) from None


def json_order(text: str) -> CheckInOrder:
    """The order that a program sent. Raises EntryRefused."""
    return decoded(_DECODER, text, _JSON_HELP)
