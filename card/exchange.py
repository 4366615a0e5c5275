"""Commands of any length with complete answers: chaining, extended length, GET RESPONSE, the right Le.

ISO/IEC 7816-4 §5.3.3 (command chaining), §5.3.4 (response chaining, 61xx), §5.6 (6Cxx) and clause 11 (GET
RESPONSE). A card on T=1 that sends its answer at once uses none of the last three; a card on T=0 must.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from typing import Final

from card.apdu import (
    HEADER_BYTES,
    MAX_SHORT_DATA,
    MAX_SHORT_LE,
    CommandApdu,
    Instruction,
    ResponseApdu,
    StatusWord,
)
from card.connection import CardConnection
from card.errors import AnswerMalformed, ApduRefused, CommandMalformed
from card.status_word import StatusClass

# Far above any answer that a tap needs: a card may not keep a terminal reading for ever.
MAX_ANSWER_BYTES: Final = 4096
ANY_STATUS: Final = range(0x10000)  # for `accept`, where the caller judges the status word
# A card that hands its answer out in smaller parts than this, on the whole, is refused for the same reason.
MIN_PART_BYTES: Final = 64

CHAINING_BIT: Final = 0x10  # bit 5 of CLA: the command is not the last of a chain (ISO/IEC 7816-4 §5.4.1)
HEADER_AUTHENTICATED: Final = 0x0C  # bits 4 and 3 of CLA: secure messaging, the header under the MAC
CHANNEL_BITS: Final = 0x03  # bits 1-2 of CLA: the logical channel
SHORT_LENGTH_BYTES: Final = 2  # Lc and Le
EXTENDED_LENGTH_BYTES: Final = 5  # 00, two bytes of Lc, two of Le
MAX_SHORT_COMMAND: Final = HEADER_BYTES + SHORT_LENGTH_BYTES + MAX_SHORT_DATA
MIN_COMMAND: Final = HEADER_BYTES + SHORT_LENGTH_BYTES + 1  # a link of a chain carries a byte at least


@dataclass(frozen=True)
class LengthLimits:
    """How long a command may be, for the card (its capabilities, ISO/IEC 7816-4 §12.1.1.9) and its reader.

    Attributes:
        extended: extended length fields are understood, so that data and Le may go beyond 255 and 256.
        chaining: long data may come as a chain of commands.
        max_command: the most bytes of one command APDU, length fields included.

    Raises CommandMalformed when `max_command` leaves no room for a byte of data.
    """

    extended: bool = False
    chaining: bool = False
    max_command: int = MAX_SHORT_COMMAND

    def __post_init__(self) -> None:
        if self.max_command < MIN_COMMAND:
            raise CommandMalformed(
                detail=f"a limit of {self.max_command} bytes, at least {MIN_COMMAND} are needed"
            )


SHORT_COMMANDS: Final = LengthLimits()


class Exchange:
    """Sends commands over a connection and hands back whole answers.

    A command goes in the shortest form that fits: short, else extended where `limits` allow that, else as a
    chain where they allow that. One with more than 255 bytes of data or an Le above 256 is made with
    `extended=True`, whatever form it takes on its way.
    """

    def __init__(self, connection: CardConnection, limits: LengthLimits = SHORT_COMMANDS) -> None:
        self._connection = connection
        self._limits = limits

    def send(
        self,
        command: CommandApdu,
        name: str,
        *,
        accept: Container[int] = (),
        max_answer: int = MAX_ANSWER_BYTES,
    ) -> bytes:
        """The answer's data alone; the rest as send_for_response()."""
        return self.send_for_response(command, name, accept=accept, max_answer=max_answer).data

    def send_for_response(
        self,
        command: CommandApdu,
        name: str,
        *,
        accept: Container[int] = (),
        max_answer: int = MAX_ANSWER_BYTES,
    ) -> ResponseApdu:
        """The whole answer: all its data, at most `max_answer` bytes, and the last status word.

        `name` is the command's name in errors; `accept` are the status words beside 9000 that are no refusal
        (a warning such as 6283). Raises ApduRefused for any other status word (61xx and 6Cxx without end
        included), AnswerMalformed for too long an answer, CommandMalformed for a command longer than the
        limits, and what the connection raises.
        """
        *links, last = self._links(command)
        for link in links:
            self._send_link(link, name)
        answer = self._transmit(last)
        data = bytearray(answer.data)
        parts_left = max_answer // MIN_PART_BYTES
        while answer.sw1 == StatusClass.BYTES_AVAILABLE and parts_left and len(data) <= max_answer:
            answer = self._transmit(_get_response(command, answer.sw2))
            data += answer.data
            parts_left -= 1
        if len(data) > max_answer:
            raise AnswerMalformed(what=name, detail=f"more than {max_answer} bytes")
        if answer.sw != StatusWord.NO_ERROR and answer.sw not in accept:
            raise ApduRefused(name, answer.sw)
        return ResponseApdu(bytes(data), answer.sw)

    def _transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command and its answer, asked again once with the Le that the card names."""
        answer = self._connection.transmit(command)
        # Where the header is authenticated, the same bytes again would be a replay, which the card refuses.
        is_authenticated = command.cla & HEADER_AUTHENTICATED == HEADER_AUTHENTICATED
        if answer.sw1 == StatusClass.WRONG_LE and not is_authenticated:
            answer = self._connection.transmit(replace(command, le=answer.sw2 or MAX_SHORT_LE))
        return answer

    def _send_link(self, link: CommandApdu, name: str) -> None:
        answer = self._connection.transmit(link)
        if answer.sw != StatusWord.NO_ERROR:
            raise ApduRefused(name, answer.sw)
        if answer.data:
            raise AnswerMalformed(what=name, detail="data in the middle of a command chain")

    def _links(self, command: CommandApdu) -> Iterator[CommandApdu]:
        """The commands that carry this one: itself in the form that the limits allow, or a chain."""
        limits = self._limits
        size = HEADER_BYTES + len(command.data)
        long = len(command.data) > MAX_SHORT_DATA or (command.le or 0) > MAX_SHORT_LE
        if not long and size + SHORT_LENGTH_BYTES <= limits.max_command:
            yield replace(command, extended=False) if command.extended else command
        elif limits.extended and size + EXTENDED_LENGTH_BYTES <= limits.max_command:
            yield replace(command, extended=True)
        elif limits.chaining:
            yield from _chain(command, limits.max_command)
        else:
            raise CommandMalformed(
                detail=f"{len(command.data)} bytes of data with Le {command.le}, and the card or its reader "
                f"takes {limits.max_command} bytes without chaining"
            )


def _chain(command: CommandApdu, max_command: int) -> Iterator[CommandApdu]:
    """Links of short form (ISO/IEC 7816-4 §5.3.3); an answer that is longer comes by GET RESPONSE."""
    size = min(MAX_SHORT_DATA, max_command - HEADER_BYTES - SHORT_LENGTH_BYTES)
    parts = [command.data[start : start + size] for start in range(0, len(command.data), size)] or [b""]
    for part in parts[:-1]:
        yield replace(command, cla=command.cla | CHAINING_BIT, data=part, le=None, extended=False)
    le = None if command.le is None else min(command.le, MAX_SHORT_LE)
    yield replace(command, data=parts[-1], le=le, extended=False)


def _get_response(command: CommandApdu, available: int) -> CommandApdu:
    # Chaining and secure messaging do not apply to GET RESPONSE.
    return CommandApdu(
        command.cla & CHANNEL_BITS, Instruction.GET_RESPONSE, 0, 0, le=available or MAX_SHORT_LE
    )
