"""The usage event: one tap, as it stands in the journal and travels to the centre.

An event is a msgpack array. Its bytes are kept and sent as they were first written and never encoded again;
its hash is SM3 over them, and each event holds the hash of the one before it. The clear part says what the
terminal did; whatever could lead back to a person is in `sealed`, which only the centre opens.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from crypto.sm3 import DIGEST_BYTES, sm3
from terminal.events.challenge import (
    MAX_COMPANIONS,
    MAX_FARE,
    MAX_SERVICE_CHARACTERS,
    TapChallenge,
)
from terminal.events.errors import EventMalformed
from terminal.events.outcome import Outcome

EVENT_VERSION: Final = 2
MAX_EVENT_BYTES: Final = 2048
NO_PREVIOUS: Final = bytes(DIGEST_BYTES)

Bytes8 = Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]
Digest = Annotated[bytes, msgspec.Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
Fen = Annotated[int, msgspec.Meta(ge=0, le=MAX_FARE)]


class ClockTrust(StrEnum):
    """What the terminal's clock was worth when it stamped the event (terminal/timekeeping.py)."""

    SYNCHRONISED = "synchronised"  # a time service kept it
    CORRECTED = "corrected"  # a time service kept it, and had set it back behind the event before
    FREE = "free"  # nobody kept it, and nothing spoke against it
    STEPPED = "stepped"  # nobody kept it, and it had been set ahead since the event before
    SET_BACK = "set_back"  # it read earlier than what is known; `time_ms` is the known time


class UsageEvent(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One tap; money in fen, times in milliseconds since 1970 UTC.

    `previous` is the hash of the event before it (zeros for the first). `time_ms` is the time by which all
    was judged and that the card signed; `wall_ms` is what the wall clock read, `monotonic_ms` the time since
    the boot that `boot` names, `clock` what they are worth. `content` is the number of the publication that
    was in force: rules, hotlist and trust. `fare` is one person's list fare; `holder_pays` and
    `companion_pays` (each companion) are what is left of it. `holder_ref` links taps of one holder on one
    terminal and day, and nothing else. `segment_header` stands in a segment's first event only.
    """

    version: Annotated[int, msgspec.Meta(ge=EVENT_VERSION, le=EVENT_VERSION)]
    terminal: Bytes8
    epoch: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    previous: Digest
    time_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    wall_ms: Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
    monotonic_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    boot: Bytes8
    clock: ClockTrust
    content: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    service: Annotated[
        str, msgspec.Meta(min_length=1, max_length=MAX_SERVICE_CHARACTERS, pattern=r"^[!-~]+\Z")
    ]
    fare: Fen
    companions: Annotated[int, msgspec.Meta(ge=0, le=MAX_COMPANIONS)]
    outcome: Outcome
    holder_pays: Fen
    companion_pays: Fen
    pack_version: Annotated[str, msgspec.Meta(max_length=200)]
    nonce: Bytes8
    holder_ref: Annotated[bytes, msgspec.Meta(max_length=16)]
    segment: Bytes8
    segment_header: Annotated[bytes, msgspec.Meta(max_length=256)]
    index: Annotated[int, msgspec.Meta(ge=0, le=2**24)]
    sealed: Annotated[bytes, msgspec.Meta(max_length=1024)]

    @classmethod
    def from_bytes(cls, data: bytes) -> UsageEvent:
        """Parse one event, strictly: one encoding per event. Raises EventMalformed."""
        if len(data) > MAX_EVENT_BYTES:
            raise EventMalformed(kind="event", detail=f"{len(data)} bytes are too many")
        try:
            event = msgspec.msgpack.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EventMalformed(kind="event", detail=str(error)) from error
        if event.to_bytes() != data:
            raise EventMalformed(kind="event", detail="not in its canonical encoding")
        return event

    def to_bytes(self) -> bytes:
        """The event's one encoding."""
        return msgspec.msgpack.encode(self)

    @property
    def hash(self) -> bytes:
        """SM3 over the event's bytes: what the next event holds as `previous`."""
        return sm3(self.to_bytes())

    def challenge(self) -> TapChallenge:
        """What the card was given to sign for this event."""
        return TapChallenge(
            terminal=self.terminal,
            epoch=self.epoch,
            sequence=self.sequence,
            time_ms=self.time_ms,
            service=self.service,
            fare=self.fare,
            companions=self.companions,
            nonce=self.nonce,
        )

    def seal_context(self) -> bytes:
        """What the seal binds the sealed part to: the event's bytes without it."""
        return self.with_sealed(b"").to_bytes() if self.sealed else self.to_bytes()

    def with_sealed(self, sealed: bytes) -> UsageEvent:
        """The same event with this sealed part."""
        return msgspec.structs.replace(self, sealed=sealed)


class SealedEvidence(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The part of an event that only the centre reads.

    `credential` is the card's whole tap credential (empty if none was read), `counter` and `signature` its
    tap proof (signature empty if it gave none). They are sealed because a signature can be tried against a
    list of known card keys. `rule` names the rule that applied, and is sealed because it tells the category;
    `detail` is the code of the error that a refused tap met.
    """

    credential: Annotated[bytes, msgspec.Meta(max_length=255)]
    counter: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    signature: Annotated[bytes, msgspec.Meta(max_length=64)]
    rule: Annotated[str, msgspec.Meta(max_length=100)]
    detail: Annotated[str, msgspec.Meta(max_length=20)]

    @classmethod
    def from_bytes(cls, data: bytes) -> SealedEvidence:
        """Parse an opened sealed part. Raises EventMalformed."""
        try:
            return msgspec.msgpack.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EventMalformed(kind="sealed evidence", detail=str(error)) from error

    def to_bytes(self) -> bytes:
        """The bytes that are sealed."""
        return msgspec.msgpack.encode(self)
