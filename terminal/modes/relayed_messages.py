"""What a handheld and a terminal tell each other while the terminal inspects a card on the handheld's reader.

A JSON object a line; bytes in base64. The terminal verifies the card and looks it up, so that neither its
day's key nor its taps ever leave it; the handheld passes commands and answers on, and is told the result.

    handheld                                   terminal
    {"is":"card","atr":"O4…"}              →
                                           ←   {"is":"command","apdu":"AKQEAA…"}
    {"is":"answer","apdu":"b4…kAA="}       →       … as many as the card takes
                                           ←   {"is":"found","tap":{…}}
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from card.apdu import MAX_APDU_BYTES
from crypto.explained import Text
from terminal.events.challenge import MAX_COMPANIONS, MAX_FARE, MAX_SEQUENCE
from terminal.modes.errors import RelayFailed
from terminal.modes.inspection import Inspection

#: The longest line: an APDU of the greatest length in base64, and what is around it.
MAX_LINE_BYTES: Final = 4 * (MAX_APDU_BYTES + 2) // 3 + 100
#: The year 2109: a time that every clock can show.
_MAX_TIME_MS: Final = 2**42
_MAX_SUM: Final = MAX_FARE * (MAX_COMPANIONS + 1)

#: TS, T0 and what follows them (ISO/IEC 7816-3 §8.2.1).
MAX_ATR_BYTES: Final = 33
_NO_MESSAGE: Final = Text(zh="对方的消息无法识别", en="the other side's message is not known")

_Apdu = Annotated[bytes, msgspec.Meta(min_length=2, max_length=MAX_APDU_BYTES + 1)]
# It is shown on a screen: nothing in it may steer one.
_Shown = Annotated[str, msgspec.Meta(max_length=400, pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z")]
_Sum = Annotated[int, msgspec.Meta(ge=0, le=_MAX_SUM)]


class CardLaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="is", tag="card"):
    """A card lies on the handheld's reader, with this answer to reset (ISO/IEC 7816-3 §8)."""

    atr: Annotated[bytes, msgspec.Meta(max_length=MAX_ATR_BYTES)]


class CardAnswered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="is", tag="answer"):
    """The card's answer to the command, status word included."""

    apdu: _Apdu


class CardGone(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="is", tag="gone"):
    """There is no answer: the card was taken away, or the handheld does not pass such a command on."""


class SendCommand(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="is", tag="command"):
    """A command for the card."""

    apdu: _Apdu


class FoundTap(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Inspection`, member for member."""

    sequence: Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQUENCE)]
    time_ms: Annotated[int, msgspec.Meta(ge=0, le=_MAX_TIME_MS)]
    service: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,12}\Z")]
    is_valid: bool
    holder_pays: _Sum
    party_pays: _Sum
    companions_admitted: Annotated[int, msgspec.Meta(ge=0, le=MAX_COMPANIONS)]


class Inspected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="is", tag="found"):
    """The card was looked up; no `tap`: there is none of it today."""

    tap: FoundTap | None

    @classmethod
    def of(cls, found: Inspection | None) -> Inspected:
        """As a terminal tells it."""
        return cls(None if found is None else msgspec.convert(found, FoundTap, from_attributes=True))

    @property
    def inspection(self) -> Inspection | None:
        """As a handheld shows it."""
        return None if self.tap is None else Inspection(**msgspec.structs.asdict(self.tap))


class NotInspected(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="is", tag="refused"):
    """The card was not verified, so that nothing of it can be looked up."""

    zh: _Shown
    en: _Shown


FromHandheld = CardLaid | CardAnswered | CardGone
FromTerminal = SendCommand | Inspected | NotInspected
_FROM_HANDHELD: Final = msgspec.json.Decoder(FromHandheld)
_FROM_TERMINAL: Final = msgspec.json.Decoder(FromTerminal)


def from_handheld(line: bytes) -> FromHandheld:
    """A line without its end that a handheld wrote, in its one form. Raises RelayFailed."""
    try:
        message: FromHandheld = _FROM_HANDHELD.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RelayFailed(detail=_NO_MESSAGE) from error
    _require_own_form(line, message)
    return message


def from_terminal(line: bytes) -> FromTerminal:
    """A line without its end that a terminal wrote, in its one form. Raises RelayFailed."""
    try:
        message: FromTerminal = _FROM_TERMINAL.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RelayFailed(detail=_NO_MESSAGE) from error
    _require_own_form(line, message)
    return message


def to_line(message: FromHandheld | FromTerminal) -> bytes:
    """A message with the end of its line."""
    return msgspec.json.encode(message) + b"\n"


def _require_own_form(line: bytes, message: FromHandheld | FromTerminal) -> None:
    if to_line(message) != line + b"\n":
        raise RelayFailed(detail=_NO_MESSAGE)
