"""The tap challenge: what a terminal gives the card to sign, and so what a subsidy claim rests on."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from terminal.events.errors import EventMalformed

_LAYOUT: Final = struct.Struct(">4s8sHQQ12sIB8s")
MAGIC: Final = b"TKT1"
CHALLENGE_BYTES: Final = _LAYOUT.size
TERMINAL_ID_BYTES: Final = 8
NONCE_BYTES: Final = 8
MAX_SERVICE_CHARACTERS: Final = 12
MAX_FARE: Final = 2**32 - 1
MAX_COMPANIONS: Final = 255


@dataclass(frozen=True)
class TapChallenge:
    """Everything a decision rests on besides the card; 55 bytes, big-endian, in this order after `TKT1`.

    Attributes:
        terminal: 8 bytes.
        epoch: 2 bytes; counts re-installations of the terminal.
        sequence: 8 bytes; the place that the event takes in the terminal's journal.
        time_ms: 8 bytes; milliseconds since 1970 UTC by the terminal's clock.
        service: ASCII code, at most 12, padded with spaces.
        fare: 4 bytes; list fare of one person in fen, before any benefit.
        companions: 1 byte; how many travel with the holder.
        nonce: 8 random bytes.
    """

    terminal: bytes
    epoch: int
    sequence: int
    time_ms: int
    service: str
    fare: int
    companions: int
    nonce: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> TapChallenge:
        """Parse 55 bytes, strictly. Raises EventMalformed."""
        if len(data) != CHALLENGE_BYTES:
            raise EventMalformed(kind="challenge", detail=f"{len(data)} bytes")
        magic, terminal, epoch, sequence, time_ms, service, fare, companions, nonce = _LAYOUT.unpack(data)
        if magic != MAGIC:
            raise EventMalformed(kind="challenge", detail="unknown format")
        try:
            code = service.decode("ascii").rstrip(" ")
        except UnicodeDecodeError as error:
            raise EventMalformed(kind="challenge", detail="the service is no ASCII") from error
        return cls(terminal, epoch, sequence, time_ms, code, fare, companions, nonce)

    def to_bytes(self) -> bytes:
        """The 55 bytes that the card signs. Raises EventMalformed where a member does not fit its field."""
        if len(self.terminal) != TERMINAL_ID_BYTES or len(self.nonce) != NONCE_BYTES:
            raise EventMalformed(kind="challenge", detail="terminal id and nonce have 8 bytes each")
        if not (self.service.isascii() and 0 < len(self.service) <= MAX_SERVICE_CHARACTERS):
            raise EventMalformed(kind="challenge", detail="a service code has 1 to 12 ASCII characters")
        try:
            return _LAYOUT.pack(
                MAGIC,
                self.terminal,
                self.epoch,
                self.sequence,
                self.time_ms,
                self.service.encode("ascii").ljust(MAX_SERVICE_CHARACTERS),
                self.fare,
                self.companions,
                self.nonce,
            )
        except struct.error as error:
            raise EventMalformed(kind="challenge", detail=str(error)) from error
