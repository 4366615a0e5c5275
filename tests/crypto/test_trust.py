"""The trust store: strict, and production refuses test keys."""

from datetime import date

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.content_signature import SignedContext, sign_content, verify_content
from crypto.errors import ContentSignatureInvalid, TestKeyRefused, TrustStoreMalformed
from crypto.sm2 import PrivateKey
from crypto.trust import IssuerKey, TrustStore, issuer_key_from_json, issuer_key_to_json

KEYS = [PrivateKey.generate() for _ in range(4)]


def issuer(key_id: bytes = b"TEST0001") -> IssuerKey:
    """An issuer's key, test or real by its id."""
    return IssuerKey(key_id, KEYS[0].public_key, date(2020, 1, 1), date(2030, 12, 31))


def trust(*issuers: IssuerKey) -> TrustStore:
    """A trust store with these issuers."""
    by_id = {one.key_id: one for one in issuers}
    return TrustStore(by_id, KEYS[1].public_key, KEYS[2].public_key, KEYS[3].public_key)


def test_a_store_survives_its_file() -> None:
    store = trust(issuer(), issuer(b"33000001"))
    again = TrustStore.from_bytes(store.to_bytes())
    assert again == store
    assert again.issuer(b"33000001") == issuer(b"33000001")
    assert again.issuer(b"unknown!") is None
    assert issuer_key_from_json(issuer_key_to_json(issuer())) == issuer()


def test_production_refuses_test_keys_and_only_those() -> None:
    trust(issuer(b"33000001")).require_production()
    with pytest.raises(TestKeyRefused, match="54455354"):
        trust(issuer(b"33000001"), issuer()).require_production()


def test_a_key_covers_the_days_it_signed_on() -> None:
    assert issuer().covers(date(2020, 1, 1))
    assert issuer().covers(date(2030, 12, 31))
    assert not issuer().covers(date(2019, 12, 31))
    assert not issuer().covers(date(2031, 1, 1))


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_parsers(data: bytes) -> None:
    with pytest.raises(TrustStoreMalformed):
        TrustStore.from_bytes(data)
    with pytest.raises(TrustStoreMalformed):
        issuer_key_from_json(data)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"format": 2}, "format 2"),
        ({"extra": 1}, "extra"),
        ({"content_key": "zz"}, "hexadecimal"),
        ({"content_key": "0200"}, "33 bytes"),
        ({"content_key": "02" + "ff" * 32}, "not on the curve"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], named: str) -> None:
    document = msgspec.json.decode(trust(issuer()).to_bytes())
    with pytest.raises(TrustStoreMalformed, match=named):
        TrustStore.from_bytes(msgspec.json.encode(document | change))


def test_an_issuer_twice_or_with_a_short_id_is_refused() -> None:
    document = msgspec.json.decode(trust(issuer()).to_bytes())
    twice = document | {"issuers": document["issuers"] * 2}
    with pytest.raises(TrustStoreMalformed, match="twice"):
        TrustStore.from_bytes(msgspec.json.encode(twice))
    document["issuers"][0]["key_id"] = "00"
    with pytest.raises(TrustStoreMalformed, match="8 bytes"):
        TrustStore.from_bytes(msgspec.json.encode(document))


def test_a_content_signature_is_for_its_use_data_and_key() -> None:
    signature = sign_content(KEYS[3], SignedContext.HOTLIST, b"list")
    verify_content(KEYS[3].public_key, SignedContext.HOTLIST, b"list", signature)
    for key, context, data, made in (
        (KEYS[2].public_key, SignedContext.HOTLIST, b"list", signature),
        (KEYS[3].public_key, SignedContext.CATALOGUE, b"list", signature),
        (KEYS[3].public_key, SignedContext.HOTLIST, b"lisT", signature),
        (KEYS[3].public_key, SignedContext.HOTLIST, b"list", signature[:-1]),
    ):
        with pytest.raises(ContentSignatureInvalid):
            verify_content(key, context, data, made)
