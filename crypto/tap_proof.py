"""The tap proof: the card's own signature over one usage event.

The answer to INTERNAL AUTHENTICATE is a dynamic authentication template (ISO/IEC 7816-4 §11.5 [2020]):
7C { 80 transaction counter (4 bytes), 82 signature (64 bytes) }. The chip counts its proofs, so that a copied
key shows itself at the centre: two chips can't both count on from the same number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from crypto.errors import TapProofMalformed, TlvMalformed
from crypto.fixed_form import Constructed, FixedForm, Primitive
from crypto.sm2 import SIGNATURE_BYTES, PublicKey
from crypto.tlv import Tlv

COUNTER_BYTES: Final = 4
TAP_CHALLENGE_BYTES: Final = 55  # of terminal.events.challenge
# Keeps this signature from ever being taken for another kind that the same key might make.
MESSAGE_PREFIX: Final = b"TONGKA-TAP-PROOF\x01"


class TapProofTag(IntEnum):
    """Tags of the dynamic authentication template (ISO/IEC 7816-4)."""

    TEMPLATE = 0x7C
    COUNTER = 0x80
    SIGNATURE = 0x82


FORM: Final = FixedForm(
    Constructed(
        TapProofTag.TEMPLATE,
        (Primitive(TapProofTag.COUNTER, COUNTER_BYTES), Primitive(TapProofTag.SIGNATURE, SIGNATURE_BYTES)),
    )
)
TAP_PROOF_BYTES: Final = FORM.size


def tap_message(challenge: bytes, counter: int) -> bytes:
    """What the card signs: prefix ‖ challenge ‖ counter (4 bytes, big-endian)."""
    return MESSAGE_PREFIX + challenge + counter.to_bytes(COUNTER_BYTES, "big")


@dataclass(frozen=True)
class TapProof:
    """A card's transaction counter and its signature (r ‖ s) over `tap_message(challenge, counter)`."""

    counter: int
    signature: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> TapProof:
        """Parse the data field of the answer, strictly. Raises TapProofMalformed."""
        if values := FORM.split(data):
            return cls(int.from_bytes(values[0], "big"), values[1])
        try:
            items = Tlv.parse_list(Tlv.unpack(TapProofTag.TEMPLATE, data))
        except TlvMalformed as error:
            raise TapProofMalformed(detail=str(error.facts["detail"])) from error
        if [item.tag for item in items] != [TapProofTag.COUNTER, TapProofTag.SIGNATURE]:
            raise TapProofMalformed(detail="the objects are not 80 82")
        counter, signature = (item.value for item in items)
        if len(counter) != COUNTER_BYTES or len(signature) != SIGNATURE_BYTES:
            raise TapProofMalformed(detail="counter or signature has the wrong length")
        raise TapProofMalformed(detail="it does not have the form of a proof")

    def to_bytes(self) -> bytes:
        """The data field of the answer to INTERNAL AUTHENTICATE."""
        return FORM.join(self.counter.to_bytes(COUNTER_BYTES, "big"), self.signature)

    def verify(self, challenge: bytes, card_key: PublicKey) -> bool:
        """Whether the chip that holds `card_key` signed this challenge."""
        return card_key.verify(self.signature, tap_message(challenge, self.counter))
