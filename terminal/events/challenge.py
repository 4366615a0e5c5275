"""The tap challenge: what a terminal gives the card to sign, and so what a subsidy claim rests on."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from crypto.sm3 import sm3
from terminal.events.errors import EventMalformed
from terminal.events.kind import EventKind

_LAYOUT: Final = struct.Struct(">4s8sH6s6s12sIBB3s8s")
MAGIC: Final = b"TKT2"
CHALLENGE_BYTES: Final = _LAYOUT.size
TERMINAL_ID_BYTES: Final = 8
NONCE_BYTES: Final = 8
SALT_BYTES: Final = 16
MAX_SERVICE_CHARACTERS: Final = 12
MAX_FARE: Final = 2**32 - 1
MAX_COMPANIONS: Final = 255
MAX_SEQUENCE: Final = 2**48 - 1
MAX_TIME_MS: Final = 2**48 - 1
MAX_TICKET_CHARACTERS: Final = 32
_TICKET_BYTES: Final = 3
_SEQUENCE_BYTES: Final = 6


@dataclass(frozen=True)
class TapChallenge:
    """Everything a decision rests on besides the card; 55 bytes, big-endian, in this order after `TKT2`.

    Attributes:
        terminal: 8 bytes.
        epoch: 2 bytes; counts re-installations of the terminal.
        sequence: 6 bytes; the place that the event takes in the terminal's journal.
        time_ms: 6 bytes; milliseconds since 1970 UTC by the terminal's clock.
        service: ASCII code, at most 12, padded with spaces.
        fare: 4 bytes; list fare of one person in fen, before any benefit.
        companions: 1 byte; how many travel with the holder.
        kind: 1 byte; what the event records.
        ticket_tag: 3 bytes; tells the ticket class asked for among a service's few (`ticket_tag()`).
        nonce: 8 random bytes, or a commitment to words that are sealed with the event (`commitment()`).
    """

    terminal: bytes
    epoch: int
    sequence: int
    time_ms: int
    service: str
    fare: int
    companions: int
    kind: EventKind
    ticket_tag: bytes
    nonce: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> TapChallenge:
        """Parse 55 bytes, strictly. Raises EventMalformed."""
        if len(data) != CHALLENGE_BYTES:
            raise EventMalformed(kind="challenge", detail=f"{len(data)} bytes")
        magic, terminal, epoch, sequence, time, service, fare, companions, kind, tag, nonce = _LAYOUT.unpack(
            data
        )
        if magic != MAGIC:
            raise EventMalformed(kind="challenge", detail="unknown format")
        try:
            code = service.decode("ascii").rstrip(" ")
        except UnicodeDecodeError as error:
            raise EventMalformed(kind="challenge", detail="the service is no ASCII") from error
        known = EventKind.from_byte(kind)
        if known is None:
            raise EventMalformed(kind="challenge", detail=f"kind {kind} is not known")
        return cls(
            terminal,
            epoch,
            int.from_bytes(sequence),
            int.from_bytes(time),
            code,
            fare,
            companions,
            known,
            tag,
            nonce,
        )

    def to_bytes(self) -> bytes:
        """The 55 bytes that the card signs. Raises EventMalformed where a member does not fit its field."""
        if len(self.terminal) != TERMINAL_ID_BYTES or len(self.nonce) != NONCE_BYTES:
            raise EventMalformed(kind="challenge", detail="terminal id and nonce have 8 bytes each")
        if len(self.ticket_tag) != _TICKET_BYTES:
            raise EventMalformed(kind="challenge", detail="a ticket tag has 3 bytes")
        if not (self.service.isascii() and 0 < len(self.service) <= MAX_SERVICE_CHARACTERS):
            raise EventMalformed(kind="challenge", detail="a service code has 1 to 12 ASCII characters")
        try:
            return _LAYOUT.pack(
                MAGIC,
                self.terminal,
                self.epoch,
                self.sequence.to_bytes(6),
                self.time_ms.to_bytes(6),
                self.service.encode("ascii").ljust(MAX_SERVICE_CHARACTERS),
                self.fare,
                self.companions,
                self.kind.byte,
                self.ticket_tag,
                self.nonce,
            )
        except (struct.error, OverflowError) as error:
            raise EventMalformed(kind="challenge", detail=str(error)) from error


def ticket_tag(ticket: str) -> bytes:
    """What stands in a challenge for a ticket class; zeros for the ordinary ticket."""
    return sm3(ticket.encode())[:_TICKET_BYTES] if ticket else bytes(_TICKET_BYTES)


def commitment(domain: bytes, refers_to: int, words: str) -> bytes:
    """The nonce of an event whose sealed `words` the card is to sign for; `refers_to` is in it as well.

    `domain` sets one kind of words apart from the others. The words need a salt of 16 random bytes: the nonce
    stands in the clear and would let anybody try out what they are.
    """
    return sm3(domain + refers_to.to_bytes(_SEQUENCE_BYTES) + words.encode())[:NONCE_BYTES]
