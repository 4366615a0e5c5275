"""Receipts: the centre's signed word that it holds a terminal's events up to one of them.

A terminal deletes nothing that no receipt covers.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from crypto.content_signature import SignedContext, sign_content, verify_content
from crypto.errors import ContentSignatureInvalid
from crypto.signer import Signer
from crypto.sm2 import PublicKey
from terminal.events.checkpoint import Signature
from terminal.events.errors import EventMalformed
from terminal.events.event import Bytes8, Digest


class Receipt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """All events of `terminal` in `epoch` up to `watermark` are stored; the last has this `hash`."""

    terminal: Bytes8
    epoch: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    watermark: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    hash: Digest
    time_ms: Annotated[int, msgspec.Meta(ge=0, le=2**53)]

    def to_bytes(self) -> bytes:
        """The bytes that the centre signs."""
        return msgspec.msgpack.encode(self)


class SignedReceipt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A receipt and the centre's signature over it."""

    receipt: Receipt
    signature: Signature

    @classmethod
    def from_bytes(cls, data: bytes) -> SignedReceipt:
        """Parse; checks no signature. Raises EventMalformed."""
        try:
            return msgspec.msgpack.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EventMalformed(kind="receipt", detail=str(error)) from error

    def to_bytes(self) -> bytes:
        """Receipt and signature, as stored and sent."""
        return msgspec.msgpack.encode(self)

    def verify(self, center_receipt_key: PublicKey) -> bool:
        """Whether the centre signed it."""
        try:
            verify_content(center_receipt_key, SignedContext.RECEIPT, self.receipt.to_bytes(), self.signature)
        except ContentSignatureInvalid:
            return False
        return True


def sign_receipt(receipt: Receipt, signer: Signer) -> SignedReceipt:
    """The receipt, signed by the centre's key for receipts."""
    return SignedReceipt(receipt, sign_content(signer, SignedContext.RECEIPT, receipt.to_bytes()))
