"""The FCI: ours, another card's, or garbage; told apart for any input."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.errors import AnswerMalformed, ForeignCard
from card.fci import Fci
from card.profile import reference_profile
from crypto.tlv import Tlv
from tests.card.cards import personalised

PROFILE = reference_profile()
CREDENTIAL = personalised().credential
FCI = Fci(PROFILE.aid_bytes, CREDENTIAL).to_bytes(PROFILE)


@given(st.binary(max_size=120))
def test_any_credential_object_survives_the_round_trip(value: bytes) -> None:
    fci = Fci(PROFILE.aid_bytes, bytes(Tlv(0x7F21, value)))
    assert Fci.from_bytes(fci.to_bytes(PROFILE), PROFILE) == fci


@given(st.binary(max_size=200))
def test_random_bytes_are_foreign_or_malformed(data: bytes) -> None:
    with pytest.raises((ForeignCard, AnswerMalformed)):
        Fci.from_bytes(data, PROFILE)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        bytes(Tlv(0x62, b"")),
        bytes(Tlv(0x6F, b"")),
        bytes(Tlv(0x6F, Tlv(0x84, PROFILE.aid_bytes))),
        bytes(Tlv(0x6F, Tlv(0x84, PROFILE.aid_bytes) + Tlv(0xA5, b""))),
        bytes(Tlv(0x6F, Tlv(0x84, PROFILE.aid_bytes) + Tlv(0xA5, Tlv(0x73, b"")))),
        Fci(b"\xa0\x00\x00\x00\x03", CREDENTIAL).to_bytes(PROFILE),
        FCI + bytes(Tlv(0x80, b"")),
        bytes(Tlv(0x6F, Tlv.unpack(0x6F, FCI) + Tlv(0x80, b""))),
        bytes(Tlv(0x6F, Tlv.unpack(0x6F, FCI)[9:] + Tlv(0x84, PROFILE.aid_bytes))),
    ],
)
def test_another_cards_fci_is_foreign(data: bytes) -> None:
    with pytest.raises(ForeignCard):
        Fci.from_bytes(data, PROFILE)


@pytest.mark.parametrize("cut", range(1, len(FCI)))
def test_a_cut_fci_is_malformed(cut: int) -> None:
    with pytest.raises(AnswerMalformed):
        Fci.from_bytes(FCI[:cut], PROFILE)


def test_the_repr_shows_no_contents() -> None:
    assert CREDENTIAL.hex()[20:40] not in repr(Fci.from_bytes(FCI, PROFILE)).lower()
