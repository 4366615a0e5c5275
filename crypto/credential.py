"""The tap credential: what an issuer says about a card, short enough for a bus tap.

A card-verifiable credential in the manner of ISO/IEC 7816-8 Annex A: TLV, every field of fixed length, one
encoding per value (docs/reference-applet.md lists it byte by byte). It names no person: the card id is a
random number that the issuer chose, not the certificate number.

    7F21 { 7F4E { 5F29 version, 42 issuer key id, 5F20 card id, 7F49 { 86 card key },
                  53 categories ‖ grade ‖ region, 5F25 issued, 5F24 expires },
           5F37 signature over the 7F4E object }
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import IntEnum
from typing import Final, NoReturn

from crypto.companion_card import companion_card_id
from crypto.errors import CredentialMalformed, KeyMalformed, TlvMalformed
from crypto.fixed_form import Constructed, FixedForm, Primitive
from crypto.signer import Signer
from crypto.sm2 import POINT_BYTES, SIGNATURE_BYTES, PublicKey
from crypto.tlv import Tlv

FORMAT_VERSION: Final = 1
KEY_ID_BYTES: Final = 8
CARD_ID_BYTES: Final = 8
ENTITLEMENT_BYTES: Final = 5  # categories, grade, region
DATE_BYTES: Final = 3
MAX_CREDENTIAL_BYTES: Final = 255


class CredentialTag(IntEnum):
    """Tags of ISO/IEC 7816-8 Annex A (and 7816-6 for those it takes over)."""

    CREDENTIAL = 0x7F21
    BODY = 0x7F4E
    VERSION = 0x5F29
    ISSUER_KEY_ID = 0x42
    CARD_ID = 0x5F20
    PUBLIC_KEY = 0x7F49
    POINT = 0x86
    ENTITLEMENT = 0x53  # discretionary data
    ISSUED = 0x5F25
    EXPIRES = 0x5F24
    SIGNATURE = 0x5F37


_BODY: Final = Constructed(
    CredentialTag.BODY,
    (
        Primitive(CredentialTag.VERSION, 1),
        Primitive(CredentialTag.ISSUER_KEY_ID, KEY_ID_BYTES),
        Primitive(CredentialTag.CARD_ID, CARD_ID_BYTES),
        Constructed(CredentialTag.PUBLIC_KEY, (Primitive(CredentialTag.POINT, POINT_BYTES),)),
        Primitive(CredentialTag.ENTITLEMENT, ENTITLEMENT_BYTES),
        Primitive(CredentialTag.ISSUED, DATE_BYTES),
        Primitive(CredentialTag.EXPIRES, DATE_BYTES),
    ),
)
BODY_FORM: Final = FixedForm(_BODY)
FORM: Final = FixedForm(
    Constructed(CredentialTag.CREDENTIAL, (_BODY, Primitive(CredentialTag.SIGNATURE, SIGNATURE_BYTES)))
)


@dataclass(frozen=True)
class TapCredential:
    """A card's signed credential.

    Attributes:
        issuer_key_id: 8 bytes; which of the issuer's keys signed.
        card_id: 8 bytes, random.
        categories: sorted digits 1 to 7 (GB/T 26341); 7 stands for multiple. None on a companion card.
        grade: 1 (most severe) to 4; 0 on a companion card (crypto.companion_card).
        region: six digits of GB/T 2260, where the certificate was issued.
        issued, expires: first and last day of validity.
        card_key: the chip's SM2 public key.
        signature: the issuer's, r ‖ s, over `body_bytes()`.
    """

    issuer_key_id: bytes
    card_id: bytes
    categories: tuple[int, ...]
    grade: int
    region: str
    issued: date
    expires: date
    card_key: PublicKey
    signature: bytes

    @classmethod
    def from_bytes(cls, data: bytes) -> TapCredential:
        """Parse a whole credential, strictly. Raises CredentialMalformed; checks no signature."""
        version, issuer_key_id, card_id, point, entitlement, issued, expires, signature = FORM.split(
            data
        ) or _explained(data)
        if version[0] != FORMAT_VERSION:
            raise CredentialMalformed(detail=f"format version {version[0]} is not known")
        try:
            card_key = PublicKey.from_point(point)
        except KeyMalformed as error:
            raise CredentialMalformed(detail="the card key is no SM2 point") from error
        categories, grade = _disability(entitlement[0], entitlement[1])
        return cls(
            issuer_key_id=issuer_key_id,
            card_id=card_id,
            categories=categories,
            grade=grade,
            region=_digits("region", entitlement[2:]),
            issued=_date("issue date", issued),
            expires=_date("expiry date", expires),
            card_key=card_key,
            signature=signature,
        )

    def to_bytes(self) -> bytes:
        """The credential as it lies in the FCI."""
        return FORM.join(*self._body_values(), self.signature)

    def body_bytes(self) -> bytes:
        """The 7F4E object, tag and length included: what the issuer signs."""
        return BODY_FORM.join(*self._body_values())

    def _body_values(self) -> tuple[bytes, ...]:
        bitmap = sum(1 << (category - 1) for category in self.categories)
        return (
            bytes([FORMAT_VERSION]),
            self.issuer_key_id,
            self.card_id,
            self.card_key.point,
            bytes([bitmap, self.grade]) + bytes.fromhex(self.region),
            _bcd(self.issued),
            _bcd(self.expires),
        )

    @property
    def is_companion_card(self) -> bool:
        """Whether this is a carer's card, which counts only beside its holder's."""
        return not self.categories

    def is_companion_of(self, holder_card_id: bytes) -> bool:
        """Whether this is the companion card to the holder's card with that id."""
        return self.is_companion_card and self.card_id == companion_card_id(holder_card_id, self.issued)

    def verify_signature(self, issuer_key: PublicKey) -> bool:
        """Whether `issuer_key` signed this credential."""
        return issuer_key.verify(self.signature, self.body_bytes())

    def __repr__(self) -> str:
        # What the card says of its holder must never reach a log or a crash report.
        return f"TapCredential({len(self.to_bytes())} bytes)"


def issue_credential(
    issuer_key: Signer,
    *,
    issuer_key_id: bytes,
    card_id: bytes,
    categories: tuple[int, ...],
    grade: int,
    region: str,
    issued: date,
    expires: date,
    card_key: PublicKey,
) -> TapCredential:
    """A credential signed by the issuer; fields as in TapCredential.

    Raises CredentialMalformed for a field that the format can't carry.
    """
    unsigned = TapCredential(
        issuer_key_id=issuer_key_id,
        card_id=card_id,
        categories=tuple(sorted(set(categories))),
        grade=grade,
        region=region,
        issued=issued,
        expires=expires,
        card_key=card_key,
        signature=bytes(SIGNATURE_BYTES),
    )
    if not all(1 <= category <= 7 for category in categories):
        raise CredentialMalformed(detail="categories are digits from 1 to 7")
    if len(region) != 6 or not (region.isascii() and region.isdigit()):
        raise CredentialMalformed(detail="a region has six digits")
    if not 2000 <= issued.year <= expires.year <= 2099:
        raise CredentialMalformed(detail="dates run from 2000 to 2099, the expiry after the issue")
    try:
        signed = replace(unsigned, signature=issuer_key.sign(unsigned.body_bytes()))
    except ValueError as error:
        raise CredentialMalformed(detail=str(error)) from error
    return TapCredential.from_bytes(signed.to_bytes())


def _explained(data: bytes) -> NoReturn:
    """Say why these bytes are no credential. Raises CredentialMalformed."""
    if len(data) > MAX_CREDENTIAL_BYTES:
        raise CredentialMalformed(detail=f"{len(data)} bytes are too many")
    try:
        body, signature = _fields(
            Tlv.unpack(CredentialTag.CREDENTIAL, data), CredentialTag.BODY, CredentialTag.SIGNATURE
        )
        version, issuer_key_id, card_id, public_key, entitlement, issued, expires = _fields(
            body,
            CredentialTag.VERSION,
            CredentialTag.ISSUER_KEY_ID,
            CredentialTag.CARD_ID,
            CredentialTag.PUBLIC_KEY,
            CredentialTag.ENTITLEMENT,
            CredentialTag.ISSUED,
            CredentialTag.EXPIRES,
        )
        point = Tlv.unpack(CredentialTag.POINT, public_key)
    except TlvMalformed as error:
        raise CredentialMalformed(detail=str(error.facts["detail"])) from error
    _require_length("format version", version, 1)
    _require_length("issuer key id", issuer_key_id, KEY_ID_BYTES)
    _require_length("card id", card_id, CARD_ID_BYTES)
    _require_length("card key", point, POINT_BYTES)
    _require_length("entitlement", entitlement, ENTITLEMENT_BYTES)
    _require_length("issue date", issued, DATE_BYTES)
    _require_length("expiry date", expires, DATE_BYTES)
    _require_length("signature", signature, SIGNATURE_BYTES)
    raise CredentialMalformed(detail="it does not have the form of a credential")


def _fields(data: bytes, *tags: CredentialTag) -> list[bytes]:
    """The values of exactly these data objects, in this order."""
    items = Tlv.parse_list(data)
    if [item.tag for item in items] != list(tags):
        expected = " ".join(f"{tag:X}" for tag in tags)
        raise TlvMalformed(detail=f"the objects are not {expected}")
    return [item.value for item in items]


def _require_length(name: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise CredentialMalformed(detail=f"{name} has {len(value)} bytes instead of {length}")


def _disability(bitmap: int, grade: int) -> tuple[tuple[int, ...], int]:
    """Categories and grade; a companion card has neither, and no card has one without the other."""
    if bitmap >= 0x80 or (not bitmap and grade):
        raise CredentialMalformed(detail="the category bits are out of range")
    if not (0 < grade <= 4 if bitmap else grade == 0):
        raise CredentialMalformed(detail="the grade is out of range")
    return tuple(digit for digit in range(1, 8) if bitmap & (1 << (digit - 1))), grade


def _digits(name: str, bcd: bytes) -> str:
    digits = bcd.hex()
    if not digits.isdigit():
        raise CredentialMalformed(detail=f"the {name} is no BCD")
    return digits


def _date(name: str, bcd: bytes) -> date:
    _require_length(name, bcd, 3)
    digits = _digits(name, bcd)
    try:
        return date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError as error:
        raise CredentialMalformed(detail=f"the {name} is no date") from error


def _bcd(day: date) -> bytes:
    """YYMMDD in BCD; the century is fixed to 2000 (ISO/IEC 7816-8 Annex A)."""
    return bytes.fromhex(day.strftime("%y%m%d"))
