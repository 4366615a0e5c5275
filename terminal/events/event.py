"""The usage event: one tap, visit, need …, as it stands in the journal and travels to the centre.

An event is a msgpack array. Its bytes are kept and sent as they were first written and never encoded again;
its hash is SM3 over them, and each event holds the hash of the one before it. The clear part says what the
terminal did; whatever could lead back to a person is in `sealed`, which only the centre opens.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

import msgspec

from crypto.sealed_once import TAG_BYTES
from crypto.sm3 import DIGEST_BYTES, sm3
from terminal.events.challenge import (
    MAX_COMPANIONS,
    MAX_FARE,
    MAX_SEQUENCE,
    MAX_SERVICE_CHARACTERS,
    MAX_TICKET_CHARACTERS,
    MAX_TIME_MS,
    TapChallenge,
    ticket_tag,
)
from terminal.events.errors import EventMalformed
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome

EVENT_VERSION: Final = 3
MAX_EVENT_BYTES: Final = 3072
NO_PREVIOUS: Final = bytes(DIGEST_BYTES)
#: The sealed part is padded to a multiple of this; whatever a tap or a visit came to, it takes one.
SEALED_BLOCK_BYTES: Final = 512
MAX_SEALED_BYTES: Final = 4 * SEALED_BLOCK_BYTES + TAG_BYTES
MAX_QUOTAS: Final = 8
MAX_WORDS: Final = 1664  # characters
_LENGTH_BYTES: Final = 2

Bytes8 = Annotated[bytes, msgspec.Meta(min_length=8, max_length=8)]
Digest = Annotated[bytes, msgspec.Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]
Sequence = Annotated[int, msgspec.Meta(ge=1, le=MAX_SEQUENCE)]
Fen = Annotated[int, msgspec.Meta(ge=0, le=MAX_FARE)]
# The slug of a ticket class (terminal.decisions.catalogue), or empty.
Ticket = Annotated[
    str, msgspec.Meta(max_length=MAX_TICKET_CHARACTERS, pattern=r"^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)?\Z")
]


class ClockTrust(StrEnum):
    """What the terminal's clock was worth when it stamped the event (terminal/timekeeping.py)."""

    SYNCHRONISED = "synchronised"  # a time service kept it
    CORRECTED = "corrected"  # a time service kept it, and had set it back behind the event before
    FREE = "free"  # nobody kept it, and nothing spoke against it
    STEPPED = "stepped"  # nobody kept it, and it had been set ahead since the event before
    SET_BACK = "set_back"  # it read earlier than what is known; `time_ms` is the known time


class UsageEvent(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One event; money in fen, times in milliseconds since 1970 UTC.

    `previous` is the hash of the event before it (zeros for the first). `time_ms` is the time by which all
    was judged and that the card signed; `wall_ms` is what the wall clock read, `monotonic_ms` the time since
    the boot that `boot` names, `clock` what they are worth. `content` is the number of the publication that
    was in force: rules, hotlist and trust. `fare` is one person's list fare; `holder_pays` and
    `companion_pays` (each of the `companions_admitted`) are what is left of it; further companions pay the
    list fare. `ticket` is the class of ticket asked for, empty for the ordinary one. `refers_to` is the
    sequence of the earlier event of this journal that this one is about, 0 for none. `holder_ref` links
    taps of one holder on one terminal and day, and nothing else. `segment_header` stands in a segment's
    first event only.
    """

    version: Annotated[int, msgspec.Meta(ge=EVENT_VERSION, le=EVENT_VERSION)]
    terminal: Bytes8
    epoch: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    sequence: Sequence
    previous: Digest
    time_ms: Annotated[int, msgspec.Meta(ge=0, le=MAX_TIME_MS)]
    wall_ms: Annotated[int, msgspec.Meta(ge=-(2**53), le=2**53)]
    monotonic_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    boot: Bytes8
    clock: ClockTrust
    content: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    kind: EventKind
    refers_to: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQUENCE)]
    service: Annotated[
        str, msgspec.Meta(min_length=1, max_length=MAX_SERVICE_CHARACTERS, pattern=r"^[!-~]+\Z")
    ]
    fare: Fen
    ticket: Ticket
    companions: Annotated[int, msgspec.Meta(ge=0, le=MAX_COMPANIONS)]
    outcome: Outcome
    holder_pays: Fen
    companion_pays: Fen
    companions_admitted: Annotated[int, msgspec.Meta(ge=0, le=MAX_COMPANIONS)]
    pack_version: Annotated[str, msgspec.Meta(max_length=200)]
    nonce: Bytes8
    holder_ref: Annotated[bytes, msgspec.Meta(max_length=16)]
    segment: Bytes8
    segment_header: Annotated[bytes, msgspec.Meta(max_length=256)]
    index: Annotated[int, msgspec.Meta(ge=0, le=2**24)]
    sealed: Annotated[bytes, msgspec.Meta(max_length=MAX_SEALED_BYTES)]

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
            kind=self.kind,
            ticket_tag=ticket_tag(self.ticket),
            nonce=self.nonce,
        )

    def seal_context(self) -> bytes:
        """What the seal binds the sealed part to: the event's bytes without it."""
        return self.with_sealed(b"").to_bytes() if self.sealed else self.to_bytes()

    def with_sealed(self, sealed: bytes) -> UsageEvent:
        """The same event with this sealed part."""
        return msgspec.structs.replace(self, sealed=sealed)


class QuotaUses(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """How often this holder had used a quota ("pack/quota") at this terminal in the window open then."""

    quota: Annotated[str, msgspec.Meta(min_length=3, max_length=65)]
    uses: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]


class SealedEvidence(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The part of an event that only the centre reads.

    `credential` is the card's whole tap credential (empty if none was read), `counter` and `signature` its
    tap proof (signature empty if it gave none). They are sealed because a signature can be tried against a
    list of known card keys. `rule` names the rule that applied, and is sealed because it tells the category;
    `detail` is the code of the error that a refused tap met. `uses` are the quotas that might have counted,
    each with the uses that the terminal had counted before this one; `follows` is the sequence of the tap of
    its holder's card directly before, on a companion card's, else 0. `words` are a need's or a rating's own,
    UTF-8.

    What is sealed is length (2) ‖ msgpack array ‖ zeros up to a multiple of `SEALED_BLOCK_BYTES`: its length
    stands in the clear, and a rule's name would tell the grade by it.
    """

    credential: Annotated[bytes, msgspec.Meta(max_length=255)]
    counter: Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
    signature: Annotated[bytes, msgspec.Meta(max_length=64)]
    rule: Annotated[str, msgspec.Meta(max_length=100)]
    detail: Annotated[str, msgspec.Meta(max_length=20)]
    uses: Annotated[tuple[QuotaUses, ...], msgspec.Meta(max_length=MAX_QUOTAS)] = ()
    follows: Annotated[int, msgspec.Meta(ge=0, le=MAX_SEQUENCE)] = 0
    words: Annotated[str, msgspec.Meta(max_length=MAX_WORDS)] = ""

    @classmethod
    def from_bytes(cls, data: bytes) -> SealedEvidence:
        """Parse an opened sealed part, strictly: one encoding per part. Raises EventMalformed."""
        packed = data[_LENGTH_BYTES:][: int.from_bytes(data[:_LENGTH_BYTES])]
        try:
            evidence = msgspec.msgpack.decode(packed, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EventMalformed(kind="sealed evidence", detail=str(error)) from error
        if evidence.to_bytes() != data:
            raise EventMalformed(kind="sealed evidence", detail="not in its canonical encoding")
        return evidence

    def to_bytes(self) -> bytes:
        """The bytes that are sealed."""
        packed = msgspec.msgpack.encode(self)
        whole = len(packed).to_bytes(_LENGTH_BYTES) + packed
        return whole.ljust(-(-len(whole) // SEALED_BLOCK_BYTES) * SEALED_BLOCK_BYTES, b"\x00")
