"""The tap credential: what is issued verifies, what is altered never does, what is malformed is named."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.companion_card import companion_card_id
from crypto.credential import CredentialTag, TapCredential, issue_credential
from crypto.errors import CredentialMalformed
from crypto.sm2 import PrivateKey, signature_to_der
from crypto.tlv import Tlv
from tests.crypto.openssl import openssl_verifies

ISSUER = PrivateKey.generate()
CARD = PrivateKey.generate()


def issue(  # noqa: PLR0917  as the credential has them
    categories: tuple[int, ...] = (1,),
    grade: int = 1,
    region: str = "330106",
    issued: date = date(2026, 1, 31),
    expires: date = date(2036, 1, 30),
    card_id: bytes = b"\x01\x02\x03\x04\x05\x06\x07\x08",
) -> TapCredential:
    """A credential of the test issuer."""
    return issue_credential(
        ISSUER,
        issuer_key_id=b"TEST\x00\x00\x00\x01",
        card_id=card_id,
        categories=categories,
        grade=grade,
        region=region,
        issued=issued,
        expires=expires,
        card_key=CARD.public_key,
    )


def test_an_issued_credential_verifies_under_its_issuer_alone() -> None:
    credential = issue()
    assert credential.verify_signature(ISSUER.public_key)
    assert not credential.verify_signature(CARD.public_key)


def test_openssl_agrees_on_the_issuers_signature(tmp_path: Path) -> None:
    credential = issue()
    der = signature_to_der(credential.signature)
    assert openssl_verifies(tmp_path, ISSUER.public_key.to_pem(), credential.body_bytes(), der)


@given(
    st.sets(st.integers(1, 7), min_size=1),
    st.integers(1, 4),
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.dates(date(2000, 1, 1), date(2049, 12, 31)),
    st.dates(date(2050, 1, 1), date(2099, 12, 31)),
)
def test_a_credential_survives_its_bytes(
    categories: set[int], grade: int, region: str, issued: date, expires: date
) -> None:
    credential = issue(tuple(categories), grade, region, issued, expires)
    parsed = TapCredential.from_bytes(credential.to_bytes())
    assert parsed == credential
    assert (parsed.categories, parsed.grade, parsed.region) == (tuple(sorted(categories)), grade, region)
    assert (parsed.issued, parsed.expires, parsed.card_key) == (issued, expires, CARD.public_key)


def test_its_length_is_what_the_tap_budget_counts_on() -> None:
    assert len(issue().to_bytes()) == 156


@pytest.mark.parametrize("position", range(156))
def test_no_altered_byte_verifies(position: int) -> None:
    altered = bytearray(issue().to_bytes())
    altered[position] ^= 0x04
    try:
        parsed = TapCredential.from_bytes(bytes(altered))
    except CredentialMalformed:
        return
    assert not parsed.verify_signature(ISSUER.public_key)


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_parser(data: bytes) -> None:
    with pytest.raises(CredentialMalformed):
        TapCredential.from_bytes(data)


@given(st.data())
def test_no_cut_or_longer_credential_parses(data: st.DataObject) -> None:
    whole = issue().to_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    for wrong in (whole[:cut], whole + b"\x00"):
        with pytest.raises(CredentialMalformed):
            TapCredential.from_bytes(wrong)


def _with_entitlement(entitlement: str) -> bytes:
    body = Tlv.parse_list(Tlv.unpack(CredentialTag.BODY, issue().body_bytes()))
    changed = [
        Tlv(CredentialTag.ENTITLEMENT, bytes.fromhex(entitlement))
        if item.tag == CredentialTag.ENTITLEMENT
        else item
        for item in body
    ]
    signature = Tlv(CredentialTag.SIGNATURE, bytes(64))
    return bytes(Tlv(CredentialTag.CREDENTIAL, Tlv(CredentialTag.BODY, b"".join(changed)) + signature))


@pytest.mark.parametrize(
    ("entitlement", "named"),
    [
        ("0001330106", "category bits"),
        ("8001330106", "category bits"),
        ("0100330106", "grade"),
        ("0105330106", "grade"),
        ("01013301A6", "region is no BCD"),
        ("010133010600", "entitlement has 6 bytes"),
    ],
)
def test_an_entitlement_out_of_range_is_named(entitlement: str, named: str) -> None:
    with pytest.raises(CredentialMalformed, match=named):
        TapCredential.from_bytes(_with_entitlement(entitlement))


@pytest.mark.parametrize(
    "wrong",
    [
        {"categories": ()},
        {"grade": 0},
        {"categories": (0,)},
        {"categories": (8,)},
        {"grade": 5},
        {"region": "33010"},
        {"region": "33010X"},
        {"issued": date(1999, 12, 31)},
        {"expires": date(2100, 1, 1)},
    ],
)
def test_what_the_format_can_not_carry_is_never_issued(wrong: dict[str, object]) -> None:
    with pytest.raises(CredentialMalformed):
        issue(**wrong)  # type: ignore[arg-type]


def test_nothing_of_the_holder_shows_in_a_repr() -> None:
    assert repr(issue((5,), 2)) == "TapCredential(156 bytes)"


def test_a_companion_card_has_neither_category_nor_grade_and_goes_with_one_card() -> None:
    holder, other = issue((1,), 1), issue((1,), 1, card_id=bytes(range(8)))
    day = date(2026, 3, 1)
    companion = issue((), 0, issued=day, card_id=companion_card_id(holder.card_id, day))
    assert companion.is_companion_card
    assert not holder.is_companion_card
    assert companion.is_companion_of(holder.card_id)
    assert not companion.is_companion_of(other.card_id)
    assert not holder.is_companion_of(holder.card_id)
    renewed = issue((), 0, issued=date(2026, 3, 2), card_id=companion_card_id(holder.card_id, day))
    assert not renewed.is_companion_of(holder.card_id)
