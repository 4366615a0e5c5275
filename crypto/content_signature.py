"""Signatures over content that the centre gives out and statements that terminal and centre make.

What is signed is `context ‖ 00 ‖ data`: a signature made for one use is worth nothing in another.
"""

from __future__ import annotations

from enum import StrEnum

from crypto.errors import ContentSignatureInvalid
from crypto.signer import Signer
from crypto.sm2 import PublicKey


class SignedContext(StrEnum):
    """Everything that a Tongka key signs, by use."""

    MANIFEST = "manifest"
    CHECKPOINT = "checkpoint"
    RECEIPT = "receipt"
    BENEFIT_RECEIPT = "benefit-receipt"
    VOICE = "voice"
    VOICE_RECEIPT = "voice-receipt"


def signed_message(context: SignedContext, data: bytes) -> bytes:
    """The bytes that are signed for `data` in this use."""
    return context.encode() + b"\x00" + data


def sign_content(signer: Signer, context: SignedContext, data: bytes) -> bytes:
    """r ‖ s over `data` for this use."""
    return signer.sign(signed_message(context, data))


def verify_content(key: PublicKey, context: SignedContext, data: bytes, signature: bytes) -> None:
    """Raise ContentSignatureInvalid unless `key` signed `data` for this use."""
    if not key.verify(signature, signed_message(context, data)):
        raise ContentSignatureInvalid(context=context.value)
