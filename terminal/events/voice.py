"""A recording that goes with a need: sealed to the centre on the terminal, and the centre's word for it.

It is no part of its event, which names it by SM3 inside its sealed words. It travels by itself behind the
event, and the terminal lets it go for the centre's signature alone.
"""

from __future__ import annotations

from typing import Annotated, Final, TypeVar

import msgspec

from crypto.content_signature import SignedContext, sign_content, verify_content
from crypto.errors import ContentSignatureInvalid
from crypto.sealing import MAX_HEADER_BYTES, TAG_BYTES, SegmentOpener, SegmentSealer
from crypto.signer import KeyHolder, Signer
from crypto.sm2 import PublicKey
from crypto.sm3 import sm3
from terminal.events.checkpoint import Signature
from terminal.events.errors import EventMalformed
from terminal.events.event import Bytes8, Digest, Sequence

MAX_VOICE_BYTES: Final = 1_048_576
MAX_SEALED_VOICE_BYTES: Final = MAX_VOICE_BYTES + 512

_Shape = TypeVar("_Shape", bound=msgspec.Struct)
_Epoch = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]


class SealedVoice(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The recording of the need in event `sequence`: the seed encrypted to the centre, and the ciphertext."""

    terminal: Bytes8
    epoch: _Epoch
    sequence: Sequence
    header: Annotated[bytes, msgspec.Meta(max_length=MAX_HEADER_BYTES)]
    sealed: Annotated[bytes, msgspec.Meta(min_length=TAG_BYTES, max_length=MAX_VOICE_BYTES + TAG_BYTES)]

    @classmethod
    def from_bytes(cls, data: bytes) -> SealedVoice:
        """Parse one, strictly: one encoding each. Raises EventMalformed."""
        return _decoded(data, cls, "sealed recording")

    def to_bytes(self) -> bytes:
        """As it is stored and sent."""
        return msgspec.msgpack.encode(self)

    def open(self, center: KeyHolder) -> bytes:
        """The recording. Raises SealBroken."""
        place = _place(self.terminal, self.epoch, self.sequence)
        return SegmentOpener(center, self.header).open(0, self.sealed, place)


def seal_voice(terminal: bytes, epoch: int, sequence: int, voice: bytes, center: PublicKey) -> SealedVoice:
    """The recording for the event with this place, under a key that is forgotten at once."""
    sealer = SegmentSealer(center)
    record = sealer.seal(voice, _place(terminal, epoch, sequence))
    return SealedVoice(terminal, epoch, sequence, sealer.header, record.ciphertext)


class VoiceReceipt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """The centre holds the sealed recording of this event; `digest` is SM3 over its bytes."""

    terminal: Bytes8
    epoch: _Epoch
    sequence: Sequence
    digest: Digest
    time_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)]

    def to_bytes(self) -> bytes:
        """The bytes that the centre signs."""
        return msgspec.msgpack.encode(self)


class SignedVoiceReceipt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A receipt for a recording and the centre's signature over it."""

    receipt: VoiceReceipt
    signature: Signature

    @classmethod
    def from_bytes(cls, data: bytes) -> SignedVoiceReceipt:
        """Parse, strictly; checks no signature. Raises EventMalformed."""
        return _decoded(data, cls, "receipt for a recording")

    def to_bytes(self) -> bytes:
        """Receipt and signature, as stored and sent."""
        return msgspec.msgpack.encode(self)

    def is_for(self, voice: bytes, center_receipt_key: PublicKey) -> bool:
        """Whether the centre signed that it holds this sealed recording, which are a SealedVoice's bytes."""
        try:
            verify_content(
                center_receipt_key, SignedContext.VOICE_RECEIPT, self.receipt.to_bytes(), self.signature
            )
            sealed = SealedVoice.from_bytes(voice)
        except (ContentSignatureInvalid, EventMalformed):
            return False
        said = self.receipt
        place = (said.terminal, said.epoch, said.sequence)
        return place == (sealed.terminal, sealed.epoch, sealed.sequence) and said.digest == sm3(voice)


def sign_voice_receipt(receipt: VoiceReceipt, signer: Signer) -> SignedVoiceReceipt:
    """The receipt, signed by the centre's key for receipts."""
    signature = sign_content(signer, SignedContext.VOICE_RECEIPT, receipt.to_bytes())
    return SignedVoiceReceipt(receipt, signature)


def _place(terminal: bytes, epoch: int, sequence: int) -> bytes:
    """What the seal binds a recording to."""
    return b"voice" + terminal + epoch.to_bytes(2) + sequence.to_bytes(6)


def _decoded(data: bytes, shape: type[_Shape], kind: str) -> _Shape:
    try:
        found = msgspec.msgpack.decode(data, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EventMalformed(kind=kind, detail=str(error)) from error
    if msgspec.msgpack.encode(found) != data:
        raise EventMalformed(kind=kind, detail="not in its canonical encoding")
    return found
