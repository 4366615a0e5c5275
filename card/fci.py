"""The file control information that SELECT returns (ISO/IEC 7816-4 §7.4)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Final

from card.errors import AnswerMalformed, ForeignCard
from card.profile import CardProfile, FciLayout
from crypto.credential import TapCredential
from crypto.errors import CredentialMalformed, TlvMalformed
from crypto.tlv import Tlv

FCI_TAG: Final = 0x6F  # ISO/IEC 7816-4 §7.4
DF_NAME_TAG: Final = 0x84
SERIAL_TAG: Final = 0xC1
SERIAL_BYTES: Final = 8


@dataclass(frozen=True)
class Fci:
    """The reference applet's FCI: 6F { 84 AID, A5 { 73 { 7F21 … } } } and nothing else.

    `credential` is the whole 7F21 object, tag and length included, not yet parsed.
    """

    df_name: bytes
    credential: bytes

    @classmethod
    def from_bytes(cls, data: bytes, profile: CardProfile) -> Fci:
        """Parse the answer to SELECT.

        Raises ForeignCard when it is well-formed but is not the FCI of this application, and AnswerMalformed
        when it is not even BER-TLV.
        """
        try:
            proprietary = _proprietary(data, profile)
            return cls(profile.aid_bytes, bytes(_credential(proprietary, profile.tap_path.fci)))
        except TlvMalformed as error:
            raise AnswerMalformed(what="FCI", detail=error.facts["detail"]) from error

    def tap_credential(self) -> TapCredential:
        """The credential, parsed. Raises AnswerMalformed."""
        try:
            return TapCredential.from_bytes(self.credential)
        except CredentialMalformed as error:
            raise AnswerMalformed(what="credential", detail=error.facts["detail"]) from error

    def to_bytes(self, profile: CardProfile) -> bytes:
        """The FCI as the card sends it."""
        layout = profile.tap_path.fci
        *outer, _credential_tag = layout.credential
        proprietary = reduce(
            lambda inner, tag: bytes(Tlv(_tag(tag), inner)), reversed(outer), self.credential
        )
        return _template(self.df_name, proprietary, layout)

    def __repr__(self) -> str:
        """Lengths only: the credential says something of its holder."""
        return f"Fci({len(self.credential)} bytes of credential)"


def serial_of_blank(data: bytes, profile: CardProfile) -> bytes:
    """The 8-byte serial number of a chip not yet personalised: its FCI is 6F { 84 AID, A5 { C1 serial } }.

    Raises ForeignCard and AnswerMalformed, as Fci.from_bytes().
    """
    try:
        serial = _inside(SERIAL_TAG, Tlv.parse_list(_proprietary(data, profile).value))
    except TlvMalformed as error:
        raise AnswerMalformed(what="FCI", detail=error.facts["detail"]) from error
    if len(serial) != SERIAL_BYTES:
        raise ForeignCard
    return serial


def blank_fci(serial: bytes, profile: CardProfile) -> bytes:
    """The FCI of a chip that is not personalised."""
    layout = profile.tap_path.fci
    proprietary = Tlv(_tag(layout.credential[0]), Tlv(SERIAL_TAG, serial))
    return _template(profile.aid_bytes, proprietary, layout)


def _tag(text: str) -> int:
    return int(text, 16)


def _proprietary(data: bytes, profile: CardProfile) -> Tlv:
    """The proprietary object of this application's FCI. Raises ForeignCard and TlvMalformed."""
    layout = profile.tap_path.fci
    members = Tlv.parse_list(_inside(_tag(layout.template), Tlv.parse_list(data)))
    if [member.tag for member in members] != [_tag(layout.df_name), _tag(layout.credential[0])]:
        raise ForeignCard
    df_name, proprietary = members
    if df_name.value != profile.aid_bytes:
        raise ForeignCard
    return proprietary


def _template(df_name: bytes, proprietary: bytes, layout: FciLayout) -> bytes:
    """The FCI with these two members."""
    return bytes(Tlv(_tag(layout.template), Tlv(_tag(layout.df_name), df_name) + proprietary))


def _inside(tag: int, items: list[Tlv]) -> bytes:
    """The value of the one object that `items` must be; any other object is another card's."""
    if [item.tag for item in items] != [tag]:
        raise ForeignCard
    return items[0].value


def _credential(proprietary: Tlv, layout: FciLayout) -> Tlv:
    found = proprietary
    for tag in layout.credential[1:]:
        inner = Tlv.parse_list(found.value)
        if [item.tag for item in inner] != [_tag(tag)]:
            raise ForeignCard
        found = inner[0]
    return found
