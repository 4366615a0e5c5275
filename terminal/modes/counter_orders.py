"""What can be entered at a counter: short words for a person, JSON objects for a program."""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from crypto.explained import Text
from terminal.decisions.toml_document import ServiceCode
from terminal.events.event import Sequence
from terminal.modes.counter_errors import EntryRefused
from terminal.modes.counter_note import DocumentIndexes, EyeCheck, Purpose
from terminal.modes.entries import decoded, folded, word

_HELP: Final = Text(
    zh="p y/n/- 照片相符/不符/未核对；g y/n/- 监护人或陪护人相符/不符/未核对；d 代码 列出材料；"
    "v 代码 登记来访；a 代码 1 3 登记申请（已出示第 1、3 项材料）；s 代码 2 补交材料；c 代码 领取",
    en="p y, n or - for the photo: matches, differs, not checked; g y, n or - for guardian or companion; "
    "d CODE lists the documents; v CODE registers a visit; a CODE 1 3 an application (documents 1 and 3 "
    "shown); s CODE 2 papers handed in later; c CODE a collection",
)
_JSON_HELP: Final = Text(
    zh='{"do": "check", "visit": 1, "photo": "matches", "companion": "not_checked"}，'
    '{"do": "documents", "service": "CERT-RENEW"}，'
    '{"do": "register", "visit": 1, "service": "CERT-RENEW", "purpose": "application", "documents": [0, 2]}',
    en='{"do": "check", "visit": 1, "photo": "matches", "companion": "not_checked"}, '
    '{"do": "documents", "service": "CERT-RENEW"}, '
    '{"do": "register", "visit": 1, "service": "CERT-RENEW", "purpose": "application", "documents": [0, 2]}',
)


class _Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do"):
    """An order of a counter."""


class Check(_Order, frozen=True, tag="check"):
    """What staff saw; what is not named stays. `visit`: whom it is about, None for whoever is here."""

    visit: Sequence | None = None
    photo: EyeCheck | None = None
    companion: EyeCheck | None = None

    def __post_init__(self) -> None:
        if self.photo is None and self.companion is None:
            raise ValueError("one of the two is named")


class ListDocuments(_Order, frozen=True, tag="documents"):
    """Show which papers a service asks for."""

    service: ServiceCode


class Register(_Order, frozen=True, tag="register"):
    """Register what the holder came for; `documents` are indexes into the service's list, from 0.

    `visit` as of a check.
    """

    service: ServiceCode
    purpose: Purpose = Purpose.VISIT
    documents: DocumentIndexes = ()
    visit: Sequence | None = None

    def __post_init__(self) -> None:
        if self.purpose is Purpose.COMPARISON:
            raise ValueError("a comparison is a check")


CounterOrder: TypeAlias = Check | ListDocuments | Register

_DECODER: Final[msgspec.json.Decoder[CounterOrder]] = msgspec.json.Decoder(CounterOrder)
_SEEN: Final = {"y": EyeCheck.MATCHES, "n": EyeCheck.DIFFERS, "-": EyeCheck.NOT_CHECKED}
_PURPOSES: Final = {
    "v": Purpose.VISIT,
    "a": Purpose.APPLICATION,
    "s": Purpose.SUPPLEMENT,
    "c": Purpose.COLLECTION,
}


def typed_order(text: str) -> CounterOrder:
    """The order that a person typed; documents are counted from 1 there. Raises EntryRefused."""
    match folded(text).split():
        case ["p", seen] if seen in _SEEN:
            return Check(photo=_SEEN[seen])
        case ["g", seen] if seen in _SEEN:
            return Check(companion=_SEEN[seen])
        case ["p" | "g", *_]:
            raise EntryRefused(wrong=word(2), write=_HELP)
        case ["d", code]:
            return ListDocuments(_service(code))
        case [letter, code, *numbers] if letter in _PURPOSES:
            return Register(_service(code), _PURPOSES[letter], _documents(numbers))
        case [letter, *_] if letter in _PURPOSES or letter == "d":
            raise EntryRefused(wrong=word(2), write=_HELP)
    raise EntryRefused(wrong=word(1), write=_HELP)


def json_order(text: str) -> CounterOrder:
    """The order that a program sent, which names the visit: a holder may have made room for the next.

    Raises EntryRefused.
    """
    order = decoded(_DECODER, text, _JSON_HELP)
    if isinstance(order, Check | Register) and order.visit is None:
        raise EntryRefused(wrong=Text(zh="visit", en="visit"), write=_JSON_HELP)
    return order


def _service(code: str) -> str:
    try:
        return msgspec.convert(code.upper(), ServiceCode)
    except msgspec.ValidationError as error:
        raise EntryRefused(wrong=word(2), write=_HELP) from error


def _documents(numbers: list[str]) -> tuple[int, ...]:
    """Indexes from 0; the first number is the third word."""
    indexes: tuple[int, ...] = ()
    for place, number in enumerate(numbers, start=3):
        try:
            # int() also takes 1_0 for ten, and a sign.
            index = int(number) - 1 if number.isdecimal() else -1
            indexes = msgspec.convert((*indexes, index), DocumentIndexes)
        except ValueError as error:
            raise EntryRefused(wrong=word(place), write=_HELP) from error
    return indexes
