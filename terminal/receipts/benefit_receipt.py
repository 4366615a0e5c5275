"""The receipt of a benefit and its text form `TKR1:…`: pure data, nothing verified.

It says what a terminal granted and nothing of the person: no card, holder reference, category, grade, rule or
region, and no number that two receipts of one person share. Its event's hash is the centre's to match.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated, Final

import msgspec

from crypto.content_signature import SignedContext, sign_content, verify_content
from crypto.errors import ContentSignatureInvalid
from crypto.explained import Text
from crypto.signer import Signer
from crypto.sm2 import PublicKey
from terminal.events.challenge import MAX_COMPANIONS, MAX_FARE, MAX_SERVICE_CHARACTERS
from terminal.events.checkpoint import Signature
from terminal.events.event import Bytes8, Digest, Fen, Sequence, Ticket
from terminal.receipts.base45 import from_base45, to_base45
from terminal.receipts.errors import ReceiptMalformed

PREFIX: Final = "TKR1:"
#: People are told the time of all China.
CHINA: Final = timezone(timedelta(hours=8))
#: An alphanumeric QR code of the largest version holds 3,391 characters at correction level M.
MAX_TEXT_CHARACTERS: Final = 3391
MAX_PACKED_BYTES: Final = 1024
MAX_PARTY_PAYS: Final = MAX_FARE * (1 + MAX_COMPANIONS)


class BenefitReceipt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A benefit was granted; that it was is said by the receipt's being there, why is said nowhere.

    Attributes:
        terminal, epoch, sequence: the terminal, which of its installations, and the event's place in its
            journal.
        event: the hash of the journal event, SM3.
        time: seconds since 1970 UTC, by the time that the terminal judged by.
        service: its code in the catalogue; it names the operator too.
        fare: one person's list fare in fen.
        holder_pays: what was left of it for the holder, in fen.
        party_pays: what holder and all companions paid together, in fen.
        companions_admitted: how many companions were given a fare of their own.
        ticket: the class of ticket; empty for the ordinary one.
    """

    terminal: Bytes8
    epoch: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    sequence: Sequence
    event: Digest
    time: Annotated[int, msgspec.Meta(ge=0, le=2**43)]
    service: Annotated[
        str, msgspec.Meta(min_length=1, max_length=MAX_SERVICE_CHARACTERS, pattern=r"^[!-~]+\Z")
    ]
    fare: Fen
    holder_pays: Fen
    party_pays: Annotated[int, msgspec.Meta(ge=0, le=MAX_PARTY_PAYS)]
    companions_admitted: Annotated[int, msgspec.Meta(ge=0, le=MAX_COMPANIONS)]
    ticket: Ticket = ""

    def to_bytes(self) -> bytes:
        """The bytes that the terminal signs."""
        return msgspec.msgpack.encode(self)

    @property
    def certified_name(self) -> str:
        """The name that the certificate of its terminal must have."""
        return f"{self.terminal.hex()}.{self.epoch}"

    @property
    def number(self) -> str:
        """What a person reads out to have it looked up: terminal, epoch and sequence."""
        return f"{self.certified_name}-{self.sequence}"

    @property
    def dated(self) -> datetime:
        """`time` as a UTC datetime. Raises ReceiptMalformed beyond the year 9999."""
        try:
            return datetime.fromtimestamp(self.time, UTC)
        except (ValueError, OverflowError) as error:
            raise ReceiptMalformed(detail=Text(zh="时间超出范围", en="its time is out of range")) from error


class SignedBenefitReceipt(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A receipt, its terminal's signature, and the terminal's packed certificate (empty in a short code)."""

    receipt: BenefitReceipt
    signature: Signature
    certificate: Annotated[bytes, msgspec.Meta(max_length=MAX_PACKED_BYTES)] = b""

    @classmethod
    def from_text(cls, text: str) -> SignedBenefitReceipt:
        """Parse what a scanner read, strictly: one text per receipt. Raises ReceiptMalformed."""
        if not text.startswith(PREFIX):
            raise ReceiptMalformed(detail=Text(zh=f"开头不是 {PREFIX}", en=f"it lacks {PREFIX} at its head"))
        if len(text) > MAX_TEXT_CHARACTERS:
            raise ReceiptMalformed(detail=Text(zh="过长", en="it is too long"))
        return cls.from_bytes(from_base45(text[len(PREFIX) :]))

    @classmethod
    def from_bytes(cls, data: bytes) -> SignedBenefitReceipt:
        """Parse the bytes in the text, strictly: one encoding per receipt. Raises ReceiptMalformed."""
        try:
            signed = msgspec.msgpack.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ReceiptMalformed(
                detail=Text(zh="内容不完整或不规范", en="what it holds is cut off or not as it should be")
            ) from error
        if signed.to_bytes() != data:
            raise ReceiptMalformed(detail=Text(zh="编码不唯一", en="it is not in its one encoding"))
        signed.receipt.dated  # noqa: B018  a time that no calendar has is refused here
        return signed

    def to_bytes(self) -> bytes:
        """Receipt, signature and certificate."""
        return msgspec.msgpack.encode(self)

    def to_text(self) -> str:
        """What the QR code holds: characters of its alphanumeric mode alone."""
        return PREFIX + to_base45(self.to_bytes())

    def is_signed_by(self, terminal_key: PublicKey) -> bool:
        """Whether this key signed the receipt."""
        try:
            verify_content(
                terminal_key, SignedContext.BENEFIT_RECEIPT, self.receipt.to_bytes(), self.signature
            )
        except ContentSignatureInvalid:
            return False
        return True


def sign_benefit_receipt(
    receipt: BenefitReceipt, signer: Signer, packed_certificate: bytes = b""
) -> SignedBenefitReceipt:
    """The receipt, signed by its terminal's key."""
    signature = sign_content(signer, SignedContext.BENEFIT_RECEIPT, receipt.to_bytes())
    return SignedBenefitReceipt(receipt, signature, packed_certificate)
