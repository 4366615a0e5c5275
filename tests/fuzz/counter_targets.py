"""What is fuzzed of a counter: photos from cards, and notes from terminals that the centre opens."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace
from PIL import Image

from terminal.events.errors import EventError
from terminal.modes.counter_errors import EntryRefused
from terminal.modes.counter_note import CounterNote, EyeCheck, Purpose
from terminal.modes.counter_orders import Check, Register, json_order
from terminal.modes.photo_lines import COLUMNS, photo_lines


def counter_note(data: bytes) -> bool:
    """The sealed words of a registered visit."""
    try:
        note = CounterNote.from_words(data.decode(errors="replace"))
    except EventError:
        return False
    assert CounterNote.from_words(note.to_words()) == note
    return True


def counter_order(data: bytes) -> bool:
    """A line from the program that drives a counter."""
    try:
        order = json_order(data.decode(errors="replace"))
    except EntryRefused:
        return False
    if isinstance(order, Check | Register):
        assert order.visit is not None, "an order for whoever is there"
    return True


def card_photo(data: bytes) -> bool:
    """A picture that staff are to compare."""
    lines = photo_lines(data)
    for line in lines:
        assert line.count("▀") == COLUMNS, "a line that breaks the screen"
    return bool(lines)


COUNTER_TARGETS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType(
    {"counter-note": counter_note, "counter-order": counter_order, "card-photo": card_photo}
)


def counter_seeds() -> dict[str, list[bytes]]:
    """Inputs that each target accepts."""
    note = CounterNote(
        salt=bytes(16),
        purpose=Purpose.APPLICATION,
        service="CERT-RENEW",
        documents=(0, 2),
        photo=EyeCheck.MATCHES,
    )
    picture = io.BytesIO()
    Image.linear_gradient("L").resize((12, 16)).save(picture, "JPEG", quality=20)
    return {
        "counter-note": [note.to_words().encode(), replace(note, documents=()).to_words().encode()],
        "counter-order": [
            b'{"do":"check","visit":1,"photo":"matches"}',
            b'{"do":"register","visit":1,"service":"CERT-RENEW","documents":[0,2]}',
            b'{"do":"documents","service":"CERT-RENEW"}',
        ],
        "card-photo": [picture.getvalue()],
    }
