"""A batch of events on its way up, and the answer to it (docs/sync-protocol.md).

A batch authenticates itself: its head is a checkpoint over its last event, signed by the terminal, and the
hash chain reaches from there to its first. So whoever carries it (a relay, a USB stick) need not be trusted.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

from sync.protocol.encoding import FORMAT_VERSION, Limits, MediaType, decode, encode
from terminal.events.checkpoint import SignedCheckpoint
from terminal.events.event import MAX_EVENT_BYTES, Bytes8, Digest
from terminal.events.receipt import SignedReceipt

MAX_EVENTS: Final = 1000
MAX_GAPS: Final = 256

BATCH_LIMITS: Final = Limits(wire=1_048_576, plain=4_194_304)
ANSWER_LIMITS: Final = Limits(wire=65_536, plain=262_144)

Epoch = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
Sequence = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
ErrorCode = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{3}-[0-9]{3}\Z")]
_EventBytes = Annotated[bytes, msgspec.Meta(min_length=1, max_length=MAX_EVENT_BYTES)]


class Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Events of one terminal and epoch, in sequence, without a gap.

    `events` are the events' own bytes; `head` is a checkpoint over the last of them.
    """

    version: int = FORMAT_VERSION
    terminal: Bytes8
    epoch: Epoch
    events: Annotated[list[_EventBytes], msgspec.Meta(min_length=1, max_length=MAX_EVENTS)]
    head: SignedCheckpoint

    @classmethod
    def from_bytes(cls, body: bytes, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> Batch:
        """Parse a body from anybody. Raises a MessageRefused."""
        return decode(body, cls, media_type, BATCH_LIMITS)

    def to_bytes(self, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> bytes:
        """The body as it is sent."""
        return encode(self, media_type)


class Gap(msgspec.Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """Sequence numbers that the centre lacks, both ends included."""

    first: Sequence
    last: Sequence


class Fork(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Two different events under one sequence number: the hash the centre holds, and the other one."""

    sequence: Sequence
    stored_hash: Digest
    other_hash: Digest


class BatchAnswer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the centre holds after a batch.

    `watermark`: every event up to here is stored (0: none). `gaps`: what is missing between it and the
    highest event stored, the first MAX_GAPS of them. `fork` and `rejected` (an error code) stand together:
    nothing of the batch was taken into the chain. `receipt`: the centre's word for the watermark; none at 0.
    """

    version: int = FORMAT_VERSION
    watermark: Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
    gaps: Annotated[list[Gap], msgspec.Meta(max_length=MAX_GAPS)] = []
    fork: Fork | None = None
    rejected: ErrorCode | None = None
    receipt: SignedReceipt | None = None

    @classmethod
    def from_bytes(cls, body: bytes, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> BatchAnswer:
        """Parse what claims to be a centre's answer. Raises a MessageRefused."""
        return decode(body, cls, media_type, ANSWER_LIMITS)

    def to_bytes(self, media_type: MediaType = MediaType.MSGPACK_ZSTD) -> bytes:
        """The body as it is sent."""
        return encode(self, media_type)
