"""What passes between a signing card and its user, as docs/reference-signing-card.md gives it.

Raises SigningCardRefused for an answer that has another form.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from card.errors import SigningCardPinUnfit, SigningCardRefused
from card.fci import DF_NAME_TAG, FCI_TAG, SERIAL_BYTES, SERIAL_TAG
from crypto.errors import KeyMalformed, TlvMalformed
from crypto.sm2 import LONG_POINT_BYTES, PublicKey
from crypto.tlv import Tlv

AID: Final = b"\xf0TKSIG1"  # proprietary range (ISO/IEC 7816-5): registered by nobody
PIN_REFERENCE: Final = 0x81  # P2: specific reference data 1 (ISO/IEC 7816-4 clause 11, VERIFY)
MIN_PIN_CHARACTERS: Final = 6
MAX_PIN_CHARACTERS: Final = 12
PIN_PAD: Final = b"\xff"
PIN_TRIES: Final = 5  # wrong PINs in a row until the card is blocked for ever
MAX_KEY_REFERENCE: Final = 0x0F
MAX_LABEL_BYTES: Final = 32
PLAIN_PADDING_INDICATOR: Final = b"\x00"  # ISO/IEC 7816-8, DECIPHER: no further indication


class SigningCardInstruction(IntEnum):
    """Commands of the card beside SELECT (ISO/IEC 7816-4 clause 11, ISO/IEC 7816-8 clause 5)."""

    VERIFY = 0x20
    MANAGE_SECURITY_ENVIRONMENT = 0x22
    CHANGE_REFERENCE_DATA = 0x24
    PERFORM_SECURITY_OPERATION = 0x2A
    GENERATE_ASYMMETRIC_KEY_PAIR = 0x46
    GET_DATA = 0xCA


class SigningCardParameter(IntEnum):
    """P1-P2 of its commands."""

    VERIFY_PIN = PIN_REFERENCE
    CHANGE_PIN = PIN_REFERENCE
    SET_FIRST_PIN = 0x0100 | PIN_REFERENCE
    GENERATE = 0x8000
    READ_PUBLIC_KEY = 0x8100
    SIGN_DIGEST = 0x9E9A
    DECIPHER = 0x8086
    KEYS = 0x0100  # with a key reference in P2: that key


SET_FOR_COMPUTATION: Final = 0x41  # P1 of MANAGE SECURITY ENVIRONMENT; P2 is the template's tag


class SigningCardTag(IntEnum):
    """Tags of its data objects; C1 and C2 are ours."""

    PROPRIETARY = 0xA5
    KEY_REFERENCE = 0x83
    PUBLIC_KEY = 0x7F49
    POINT = 0x86
    LABEL = 0xC1


class KeyUse(IntEnum):
    """What a key is for: tags of control reference templates (ISO/IEC 7816-4 §10.3)."""

    SIGN = 0xB6
    DECIPHER = 0xB8


@dataclass(frozen=True)
class KeyDescription:
    """A key in the card: its reference 01..0F, its uses and its label of 1 to 32 printable ASCII bytes.

    On the wire: B6 { 83 reference } and B8 { 83 reference }, one for each use in this order, then C1 label.
    """

    reference: int
    label: str
    uses: frozenset[KeyUse] = frozenset(KeyUse)

    def __post_init__(self) -> None:
        is_label = 0 < len(self.label) <= MAX_LABEL_BYTES and all("!" <= one <= "~" for one in self.label)
        if not (1 <= self.reference <= MAX_KEY_REFERENCE and self.uses and is_label):
            raise _malformed("key description", "a member is out of range")

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Parse a description. Raises SigningCardRefused."""
        try:
            *templates, label = Tlv.parse_list(data)
            references = {key_reference(template.value) for template in templates}
            uses = [KeyUse(template.tag) for template in templates]
            (reference,) = references
            described = cls(reference, label.value.decode("ascii"), frozenset(uses))
        except (TlvMalformed, ValueError) as error:
            raise _malformed("key description", "not templates and a label") from error
        if described.to_bytes() != data:
            raise _malformed("key description", "not in its one form")
        return described

    def to_bytes(self) -> bytes:
        """The description as it is sent."""
        inner = key_reference_object(self.reference)
        templates = b"".join(Tlv(use, inner) for use in sorted(self.uses))
        return templates + Tlv(SigningCardTag.LABEL, self.label.encode("ascii"))


@dataclass(frozen=True)
class SigningCardFci:
    """The answer to SELECT: 6F { 84 AID, A5 { C1 serial number, 8 bytes } }."""

    serial: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Parse an answer. Raises SigningCardRefused for any other."""
        try:
            df_name, proprietary = Tlv.parse_list(Tlv.unpack(FCI_TAG, data))
            serial = Tlv.unpack(SERIAL_TAG, Tlv.unpack(SigningCardTag.PROPRIETARY, proprietary))
        except (TlvMalformed, ValueError) as error:
            raise _malformed("SELECT", "no FCI of a signing card") from error
        is_ours = df_name == Tlv(DF_NAME_TAG, AID)
        if not is_ours or len(serial) != SERIAL_BYTES:
            raise _malformed("SELECT", "the FCI of another application")
        return cls(serial)

    def to_bytes(self) -> bytes:
        """The answer as the card sends it."""
        proprietary = Tlv(SigningCardTag.PROPRIETARY, Tlv(SERIAL_TAG, self.serial))
        return bytes(Tlv(FCI_TAG, Tlv(DF_NAME_TAG, AID) + proprietary))


def key_reference_object(reference: int) -> bytes:
    """83 01 reference."""
    return Tlv(SigningCardTag.KEY_REFERENCE, bytes((reference,)))


def key_reference(data: bytes) -> int:
    """The reference in 83 01 reference, 01..0F. Raises TlvMalformed."""
    value = Tlv.unpack(SigningCardTag.KEY_REFERENCE, data)
    if len(value) != 1 or not 1 <= value[0] <= MAX_KEY_REFERENCE:
        raise TlvMalformed(detail="no key reference")
    return value[0]


def public_key_to_bytes(key: PublicKey) -> bytes:
    """7F49 { 86 04 ‖ x ‖ y } (ISO/IEC 7816-8 §5.1, public key of an elliptic curve)."""
    return bytes(Tlv(SigningCardTag.PUBLIC_KEY, Tlv(SigningCardTag.POINT, key.long_point)))


def public_key_from_bytes(data: bytes) -> PublicKey:
    """The key in a card's answer. Raises SigningCardRefused."""
    try:
        point = Tlv.unpack(SigningCardTag.POINT, Tlv.unpack(SigningCardTag.PUBLIC_KEY, data))
        if len(point) != LONG_POINT_BYTES:
            raise _malformed("GENERATE ASYMMETRIC KEY PAIR", f"a point of {len(point)} bytes")
        return PublicKey.from_point(point)
    except (TlvMalformed, KeyMalformed) as error:
        raise _malformed("GENERATE ASYMMETRIC KEY PAIR", "no public key") from error


def pin_block(pin: str) -> bytes:
    """A PIN as the card takes it: 12 bytes, filled with FF. Raises SigningCardPinUnfit."""
    is_fit = MIN_PIN_CHARACTERS <= len(pin) <= MAX_PIN_CHARACTERS and all("!" <= one <= "~" for one in pin)
    if not is_fit:
        raise SigningCardPinUnfit(least=MIN_PIN_CHARACTERS, most=MAX_PIN_CHARACTERS)
    return pin.encode("ascii").ljust(MAX_PIN_CHARACTERS, PIN_PAD)


def is_pin_block(block: bytes) -> bool:
    """Whether pin_block() could have made it."""
    pin = block.rstrip(PIN_PAD)
    is_whole = len(block) == MAX_PIN_CHARACTERS and len(pin) >= MIN_PIN_CHARACTERS
    return is_whole and all(ord("!") <= byte <= ord("~") for byte in pin)


def _malformed(command: str, detail: str) -> SigningCardRefused:
    return SigningCardRefused(command=command, status=detail)
