"""Checkpoints: a terminal's signed word for its journal up to one event.

As every event holds the hash of the one before, a signature over the last hash covers all of them.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from crypto.content_signature import SignedContext, sign_content, verify_content
from crypto.errors import ContentSignatureInvalid
from crypto.signer import Signer
from crypto.sm2 import SIGNATURE_BYTES, PublicKey
from terminal.events.errors import EventMalformed
from terminal.events.event import Bytes8, Digest

Signature = Annotated[bytes, msgspec.Meta(min_length=SIGNATURE_BYTES, max_length=SIGNATURE_BYTES)]


class Checkpoint(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The journal of `terminal` in `epoch` has `hash` at `sequence`; said at `time_ms`."""

    terminal: Bytes8
    epoch: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    sequence: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    hash: Digest
    time_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)]

    def to_bytes(self) -> bytes:
        """The bytes that the terminal signs."""
        return msgspec.msgpack.encode(self)


class SignedCheckpoint(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A checkpoint and the terminal's signature over it."""

    checkpoint: Checkpoint
    signature: Signature

    @classmethod
    def from_bytes(cls, data: bytes) -> SignedCheckpoint:
        """Parse; checks no signature. Raises EventMalformed."""
        try:
            return msgspec.msgpack.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EventMalformed(kind="checkpoint", detail=str(error)) from error

    def to_bytes(self) -> bytes:
        """Checkpoint and signature, as stored and sent."""
        return msgspec.msgpack.encode(self)

    def verify(self, terminal_key: PublicKey) -> bool:
        """Whether the terminal signed it."""
        try:
            verify_content(terminal_key, SignedContext.CHECKPOINT, self.checkpoint.to_bytes(), self.signature)
        except ContentSignatureInvalid:
            return False
        return True


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> SignedCheckpoint:
    """The checkpoint, signed by the terminal's key."""
    return SignedCheckpoint(checkpoint, sign_content(signer, SignedContext.CHECKPOINT, checkpoint.to_bytes()))
