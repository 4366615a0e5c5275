"""A read that fails is never taken for one that did not: each field of each file of the reference applet.

A public reader program tests the result of one read and the buffer of another, so that failed reads pass.
The same for a card with a PSAM alone is in test_psam_cipher.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType

import pytest

from card.apdu import StatusWord
from card.errors import AnswerMalformed, SecureMessagingBroken
from card.field_encoding import Encoding
from card.files import FieldLayout, FileLayout, Structure
from card.profile import reference_profile
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.contents import ChipContents, VolatileMemory
from card.simulator.chips.wrapped_chip import WrappedChip
from crypto.tlv import Tlv
from tests.card.full_cards import full_card, opened

CARD = full_card()
FIELDS = [(file, field) for file in reference_profile().file for field in file.field]


def ids(value: object) -> str:
    return value.name if isinstance(value, FileLayout | FieldLayout) else ""


def items_of(file: FileLayout) -> list[Tlv]:
    """The objects of the file's test vector."""
    return Tlv.parse_list(Tlv.unpack(template_of(file), bytes.fromhex(file.vector[0].encoded)))


def template_of(file: FileLayout) -> int:
    return int(file.template or "", 16)


def wrong_contents(file: FileLayout, field: FieldLayout) -> Iterator[bytes]:
    """What must never pass: the field absent, empty, too long, unreadable, twice, or another in its place."""
    items, tag = items_of(file), int(field.tag, 16)
    place = next(index for index, item in enumerate(items) if item.tag == tag)

    def with_field(*instead: bytes) -> bytes:
        return bytes(Tlv(template_of(file), b"".join([*items[:place], *instead, *items[place + 1 :]])))

    if not field.optional:
        yield with_field()
    yield with_field(Tlv(tag, b""))
    yield with_field(Tlv(tag, bytes(field.max_bytes + 1)))
    yield with_field(items[place], items[place])
    yield with_field(Tlv(tag ^ 0x20, items[place].value))
    if field.encoding not in (Encoding.BINARY, Encoding.INTEGER):
        begin = b"\x00" if field.encoding is Encoding.JPEG else b"\xff"
        yield with_field(Tlv(tag, begin + items[place].value[1:]))
    yield from (with_field(item) for item in items if item.tag != tag)


def with_content(file: FileLayout, content: bytes) -> ChipContents:
    return replace(CARD, files=MappingProxyType({**CARD.files, file.name: (content,)}))


@pytest.mark.parametrize(("file", "field"), FIELDS, ids=ids)
def test_a_wrong_field_fails_its_file(file: FileLayout, field: FieldLayout) -> None:
    right = bytes.fromhex(file.vector[0].encoded)
    with opened(ReferenceApplet(VolatileMemory(with_content(file, right)))) as (application, _line):
        assert application.read_file(file.name) == (file.record_of(file.vector[0].fields),)
    for wrong in wrong_contents(file, field):
        chip = ReferenceApplet(VolatileMemory(with_content(file, wrong)))
        # The card's own file is read before authentication, for its key version.
        with pytest.raises(AnswerMalformed), opened(chip) as (application, _line):
            application.read_file(file.name)


@pytest.mark.parametrize("file", reference_profile().file, ids=ids)
def test_a_read_that_fails_at_any_part_fails_the_file(file: FileLayout) -> None:
    class FailingLater(WrappedChip):
        left = 1 << 20

        def process(self, command: bytes) -> bytes:
            self.left -= 1
            answer = super().process(command)
            return answer if self.left >= 0 else StatusWord.MEMORY_FAILURE.to_bytes(2, "big")

    card = CARD if CARD.files.get(file.name) else with_content(file, bytes.fromhex(file.vector[0].encoded))
    with opened(ReferenceApplet(VolatileMemory(card))) as (application, line):
        before = len(line.commands)
        application.read_file(file.name)
        reads = len(line.commands) - before
    assert reads > (file.structure is Structure.LINEAR_VARIABLE)
    for read in range(reads):
        chip = FailingLater(ReferenceApplet(VolatileMemory(card)))
        with opened(chip) as (application, _line), pytest.raises(SecureMessagingBroken):
            chip.left = read
            application.read_file(file.name)
