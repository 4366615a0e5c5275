"""The lines of an APDU trace, as they are written and read: what was exchanged, without what is personal.

Nothing here can hold an APDU: data fields are lengths, tags that were expected, and the values that a card
profile declares as shown.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from card.files import HexTag
from card.profile import HexByte, ProfileId
from card.status_word import StatusWord
from crypto.explained import Text

VERSION: Final = 1
MAX_SHOWN_BYTES: Final = 128
MAX_OBJECTS: Final = 64
MAX_DEPTH: Final = 8  # the point of the card key, from the FCI's template down, is the seventh

Count = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Length = Annotated[int, msgspec.Meta(ge=0, le=65_536)]
StatusBytes = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-F]{4}\Z")]
CommandName = Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z ]{0,39}\Z")]
Subject = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,63}\Z")]
ErrorCode = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}-[0-9]{3}\Z")]

_REFUSALS: Final = {one.value: one.name for one in StatusWord if one is not StatusWord.NO_ERROR}
_AND: Final = Text(zh="、", en=", ")
_BYTES: Final = Text(zh="{count} 字节", en="{count} bytes")
_PROTECTED: Final = Text(zh="受保护", en="protected")
_OFFSET: Final = Text(zh=" 偏移 {offset}", en=" offset {offset}")
_RECORD: Final = Text(zh=" 记录 {record}", en=" record {record}")


class TraceHeader(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="tongka-apdu-trace"):
    """The first line. `card` is the id of the card profile by which everything is decoded."""

    version: int
    card: ProfileId


class ConnectionBegan(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="connection"):
    """A card was connected. `number` counts from 1; `reader` is the reader profile's id, where it has one."""

    number: Annotated[int, msgspec.Meta(ge=1, le=2**31)]
    reader: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_SHOWN_BYTES)] | None = None

    def __post_init__(self) -> None:
        if self.reader is not None:
            _require_printable(self.reader)


class DataObject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """One data object within a data field.

    Attributes:
        depth: how many templates lie around it.
        tag: where it is one that belongs there; None for any other.
        length: of its value in bytes.
        value: where a declaration says that it is shown: a field's text, or bytes in hexadecimal.
    """

    depth: Annotated[int, msgspec.Meta(ge=0, le=MAX_DEPTH)]
    tag: HexTag | None
    length: Length
    value: Annotated[str, msgspec.Meta(max_length=3 * MAX_SHOWN_BYTES)] | None = None

    def __post_init__(self) -> None:
        if self.value is not None:
            _require_printable(self.value)

    def __str__(self) -> str:
        shown = "" if self.value is None else f"={self.value}"
        return f"{'›' * self.depth}{self.tag or '??'}[{self.length}]{shown}"


DataObjects = Annotated[tuple[DataObject, ...], msgspec.Meta(max_length=MAX_OBJECTS)]


class TraceRecord(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, tag="apdu", kw_only=True
):
    """One command and its answer.

    Attributes:
        connection: the number of its ConnectionBegan.
        at: microseconds from the first APDU of the trace to this one.
        took: microseconds from the command to its answer.
        cla, ins, p1, p2: the header.
        lc: bytes of command data.
        le: the most bytes expected back, None for none.
        extended: whether the length fields are (ISO/IEC 7816-4 §5.2).
        command: its name, None where it has none here.
        subject: the file, application or family of cards that it names, where that is declared.
        offset, record: where in the file it reads or writes.
        sent, received: the data objects of both data fields, where they are of a form that is declared.
        sw: the status word; None when no answer came.
        answered: bytes of answer data.
        error: code of the error that came in place of an answer.
    """

    connection: Annotated[int, msgspec.Meta(ge=1, le=2**31)]
    at: Count
    took: Count
    cla: HexByte
    ins: HexByte
    p1: HexByte
    p2: HexByte
    lc: Length
    le: Length | None = None
    extended: bool = False
    command: CommandName | None = None
    subject: Subject | None = None
    offset: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)] | None = None
    record: Annotated[int, msgspec.Meta(ge=0, le=0xFF)] | None = None
    sent: DataObjects = ()
    sw: StatusBytes | None = None
    answered: Length = 0
    received: DataObjects = ()
    error: ErrorCode | None = None

    @property
    def is_protected(self) -> bool:
        """Whether the class byte asks for secure messaging (ISO/IEC 7816-4 §5.4.1)."""
        return is_protected(int(self.cla, 16))

    @property
    def text(self) -> Text:
        """For people, e.g. `READ BINARY holder 偏移 0 → 9000 (223 字节、受保护)`."""
        name = self.command or f"INS {self.ins}"
        command = Text(zh=name, en=name)
        if self.subject is not None:
            command = _joined(command, f" {self.subject}")
        if self.offset is not None:
            command = _joined(command, _OFFSET.format(offset=self.offset))
        if self.record is not None:
            command = _joined(command, _RECORD.format(record=self.record))
        if self.sw is None:
            return _joined(command, f" → {self.error}")
        how = [_BYTES.format(count=self.answered)] + [_PROTECTED] * self.is_protected
        status = int(self.sw, 16)
        if status in _REFUSALS:
            how.append(Text(zh=_REFUSALS[status], en=_REFUSALS[status]))
        details = Text(zh=_AND.zh.join(part.zh for part in how), en=_AND.en.join(part.en for part in how))
        return _joined(_joined(command, f" → {self.sw} ("), _joined(details, ")"))


class TraceEnded(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="full"):
    """The last line of a trace that reached its greatest size, in bytes; more passed than it holds."""

    limit: Count


TraceLine = TraceHeader | ConnectionBegan | TraceRecord | TraceEnded


def is_protected(cla: int) -> bool:
    """Whether an interindustry class byte asks for secure messaging (ISO/IEC 7816-4 §5.4.1)."""
    if cla >= 0x80:
        return False
    return bool(cla & 0x20) if cla & 0x40 else not cla & 0x20 and bool(cla & 0x0C)


def _require_printable(text: str) -> None:
    """Raise ValueError for what comes from a card, or a file that was sent in, to play with a screen."""
    if not text.isprintable():
        raise ValueError("a text is not printable")


def _joined(first: Text, second: Text | str) -> Text:
    if isinstance(second, str):
        return Text(zh=first.zh + second, en=first.en + second)
    return Text(zh=first.zh + second.zh, en=first.en + second.en)
