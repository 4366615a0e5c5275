"""Readers on a serial line: how the line is set, what the frames look like and which commands they carry."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from firmware_profiles.consistency import require
from firmware_profiles.frame_format import FieldName, FrameFormat, Hex

Milliseconds = Annotated[int, msgspec.Meta(ge=1, le=60_000)]
HexByte = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{2}$")]


class Parity(StrEnum):
    """The parity bit of a character."""

    NONE = "none"
    EVEN = "even"
    ODD = "odd"


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the line is set. A character has 8 data bits.

    Attributes:
        baud: bits a second.
        stop_bits: 1 or 2.
        wake_up: sent once before the first command, to readers that sleep until they hear something.
    """

    baud: Annotated[int, msgspec.Meta(ge=300, le=4_000_000)]
    parity: Parity = Parity.NONE
    stop_bits: Annotated[int, msgspec.Meta(ge=1, le=2)] = 1
    wake_up: Hex = ""


class Timing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How long the terminal waits, in milliseconds.

    Attributes:
        ack: for the acknowledgement of a command.
        answer: for the answer to a command, the card's own time included.
        gap: a silence this long within a frame means that its rest is lost.
        poll: between two looks for a card; serial readers do not tell by themselves.
    """

    ack: Milliseconds = 500
    answer: Milliseconds = 5_000
    gap: Milliseconds = 100
    poll: Milliseconds = 100


class CcidDialect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """CCID's messages (USB-IF, Device Class: Smart Card CCID, rev. 1.1) in serial frames.

    Attributes:
        slot: which of the reader's slots is used; on an ACR1281S 0 is contactless and 1 is contact.
    """

    slot: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0


class Pn532Dialect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The commands of NXP's PN532 (UM0701-02 §7), which does ISO/IEC 14443-4 itself.

    Attributes:
        activation_retries: how often the chip looks for a card before it says that there is none.
    """

    activation_retries: Annotated[int, msgspec.Meta(ge=0, le=254)] = 1


class StatusPlace(StrEnum):
    """Where an answer carries its status."""

    FIRST_DATA_BYTE = "first-data-byte"
    COMMAND_FIELD = "command-field"


class CardIdentifier(StrEnum):
    """What the answer to `power_on` holds: a contact card's ATR, or a contactless one's ATS."""

    ATR = "atr"
    ATS = "ats"


class ReaderCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One command of a reader: its code, and the fixed data that go with it."""

    code: HexByte
    data: Hex = ""


class ReaderCommands(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The commands that reading a card takes.

    Attributes:
        find: look for a card. It must find one that was powered off too (ISO/IEC 14443-3 WUPA).
        power_on: activate it (reset, or RATS); the answer holds the card's ATR or ATS.
        exchange: a command APDU follows as data; the answer holds the response APDU.
        power_off: let go of it.
    """

    find: ReaderCommand
    power_on: ReaderCommand
    exchange: ReaderCommand
    power_off: ReaderCommand


class ReaderStatuses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the status byte of an answer means. Any other value is the reader's refusal.

    Attributes:
        ok: done.
        no_card: there is no card, or it left.
        more_time: the card needs longer; another answer follows.
    """

    ok: Annotated[tuple[HexByte, ...], msgspec.Meta(min_length=1)]
    no_card: Annotated[tuple[HexByte, ...], msgspec.Meta(min_length=1)]
    more_time: tuple[HexByte, ...] = ()


class CommandResponseDialect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The family of readers with a command code in each frame and a status in each answer.

    Attributes:
        power_on_gives: what the answer to `power_on` holds.
        status: where an answer carries its status.
        address: the value of the header's field `address`, in commands and answers.
        answer_adds: added to the command's code in its answer, modulo 256, where the status is not there.
    """

    commands: ReaderCommands
    statuses: ReaderStatuses
    power_on_gives: CardIdentifier
    status: StatusPlace = StatusPlace.FIRST_DATA_BYTE
    address: Hex = ""
    answer_adds: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0


class SerialProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of reader on a serial line: exactly one of `ccid`, `pn532` and `command_response` is there."""

    line: Line
    frame: FrameFormat
    timing: Timing = Timing()
    ccid: CcidDialect | None = None
    pn532: Pn532Dialect | None = None
    command_response: CommandResponseDialect | None = None

    def __post_init__(self) -> None:
        dialects = [self.ccid, self.pn532, self.command_response]
        require(
            sum(dialect is not None for dialect in dialects) == 1,
            "a serial reader has one dialect",
            zh="请写 [serial.ccid]、[serial.pn532]、[serial.command_response] 三者之一",
            en="Write one of [serial.ccid], [serial.pn532] and [serial.command_response]",
        )
        if self.ccid is not None:
            self._require_field(FieldName.SLOT, 1)
            self._require_field(FieldName.SEQUENCE, 1)
            self._require_field(FieldName.PARAMETERS, 3)
        if self.pn532 is None:
            self._require_field(FieldName.COMMAND, 1)
        if self.command_response is not None:
            size = self.frame.field_size(FieldName.ADDRESS)
            require(
                len(bytes.fromhex(self.command_response.address)) == size,
                f"the header's field `address` has {size} bytes",
                zh=f"请在 [serial.command_response] 的 address 中写 {size} 个字节",
                en=f"Write {size} bytes into address of [serial.command_response]",
            )

    def _require_field(self, name: FieldName, size: int) -> None:
        require(
            self.frame.field_size(name) == size,
            f"this dialect needs a header field `{name}` of size {size}",
            zh=f'请在 fields 中写 {{ name = "{name}", size = {size} }}',
            en=f'Write {{ name = "{name}", size = {size} }} among the fields',
        )
