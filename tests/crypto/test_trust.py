"""The trust store: every key in it leads back to the root, and production refuses test keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.content_signature import SignedContext, sign_content, verify_content
from crypto.errors import (
    CertificateIssuerUnknown,
    CertificateMalformed,
    CertificateRefused,
    CertificateSignatureWrong,
    ContentSignatureInvalid,
    IssuerRequestMalformed,
    TestKeyRefused,
    TrustStoreMalformed,
)
from crypto.issuer_request import IssuerRequest
from crypto.pki.role import Role
from crypto.sm2 import PrivateKey
from crypto.trust import MAX_TRUST_STORE_BYTES, IssuerKey, TrustStore
from tests.authority import TestAuthority

NOW = datetime(2026, 11, 25, tzinfo=UTC)
KEY = PrivateKey.generate()
AUTHORITY = TestAuthority()


def issuer(key_id: bytes = b"TEST0001", key: PrivateKey = KEY) -> IssuerKey:
    """An issuer's key, test or real by its id."""
    return IssuerKey(key_id, key.public_key, date(2020, 1, 1), date(2030, 12, 31))


def authority(*issuers: IssuerKey) -> TestAuthority:
    """One that has certified these issuers."""
    made = TestAuthority()
    for one in issuers:
        made.add_issuer(one)
    return made


def store(made: TestAuthority, version: int = 1) -> TrustStore:
    """Its trust store, written and read."""
    return TrustStore.from_bytes(made.trust(version).to_bytes(), made.root, NOW)


def test_a_store_is_what_the_authority_certified() -> None:
    made = authority(issuer(), issuer(b"33000001", PrivateKey.generate()))
    found = store(made, 7)
    assert (found.version, found.issuer(b"TEST0001"), found.issuer(b"unknown!")) == (7, issuer(), None)
    assert sorted(found.issuers) == [b"33000001", b"TEST0001"]
    assert (found.center_sealing_key, found.center_receipt_key, found.content_key) == (
        made.sealing.public_key,
        made.receipt.public_key,
        made.content.public_key,
    )


def test_a_revoked_issuer_is_known_as_such_and_the_others_go_on() -> None:
    made = authority(issuer(), issuer(b"33000001", PrivateKey.generate()))
    made.revoke(b"TEST0001")
    found = store(made)
    assert {key_id: key.is_revoked for key_id, key in found.issuers.items()} == {
        b"TEST0001": True,
        b"33000001": False,
    }


def test_two_keys_of_an_issuer_may_overlap() -> None:
    old = IssuerKey(b"TEST0001", KEY.public_key, date(2020, 1, 1), date(2027, 6, 30))
    new = IssuerKey(b"TEST0002", PrivateKey.generate().public_key, date(2027, 1, 1), date(2034, 12, 31))
    found = store(authority(old, new))
    on = date(2027, 3, 1)
    assert [found.issuers[key_id].covers(on) for key_id in (b"TEST0001", b"TEST0002")] == [True, True]
    assert not found.issuers[b"TEST0001"].covers(date(2027, 7, 1))


def test_of_two_certificates_for_one_use_the_newer_counts() -> None:
    made = authority()
    newer = made.certify(Role.RECEIPT, "TEST newer", KEY, since=datetime(2026, 1, 1, tzinfo=UTC))
    later = made.certify(
        Role.RECEIPT, "TEST later", PrivateKey.generate(), since=datetime(2027, 1, 1, tzinfo=UTC)
    )
    document = made.trust(1, extra=(newer, later))
    assert TrustStore.from_bytes(document.to_bytes(), made.root, NOW).center_receipt_key == KEY.public_key


def test_another_authority_adds_nobody() -> None:
    made, stranger = authority(issuer()), authority(issuer(b"33000001", PrivateKey.generate()))
    foreign = made.trust(1, extra=(*stranger.issuers.values(), stranger.province))
    with pytest.raises((CertificateIssuerUnknown, CertificateSignatureWrong)):
        TrustStore.from_bytes(foreign.to_bytes(), made.root, NOW)
    with pytest.raises(CertificateRefused):
        TrustStore.from_bytes(made.trust(1).to_bytes(), stranger.root, NOW)


def test_an_issuer_stands_once() -> None:
    made = authority(issuer())
    twice = made.trust(1, extra=(made.issuers[b"TEST0001"],))
    with pytest.raises(TrustStoreMalformed, match="twice"):
        TrustStore.from_bytes(twice.to_bytes(), made.root, NOW)


def test_a_list_that_nobody_in_it_signed_stops_the_store() -> None:
    made, other = authority(issuer()), authority(issuer())
    document = made.trust(1)
    foreign = msgspec.structs.replace(document, revocations=other.trust(1).revocations)
    with pytest.raises(TrustStoreMalformed, match="list 1"):
        TrustStore.from_bytes(foreign.to_bytes(), made.root, NOW)


def test_production_refuses_test_keys_and_only_those() -> None:
    real = issuer(b"33000001", PrivateKey.generate())
    store(authority(real)).require_production()
    with pytest.raises(TestKeyRefused, match="54455354"):
        store(authority(real, issuer())).require_production()


def test_a_key_covers_the_days_it_signed_on() -> None:
    assert issuer().covers(date(2020, 1, 1))
    assert issuer().covers(date(2030, 12, 31))
    assert not issuer().covers(date(2019, 12, 31))
    assert not issuer().covers(date(2031, 1, 1))


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_parsers(data: bytes) -> None:
    with pytest.raises(TrustStoreMalformed):
        TrustStore.from_bytes(data, AUTHORITY.root, NOW)
    with pytest.raises(IssuerRequestMalformed):
        IssuerRequest.from_bytes(data)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"format": 1}, TrustStoreMalformed),
        ({"version": 0}, TrustStoreMalformed),
        ({"surplus": 1}, TrustStoreMalformed),
        ({"certificates": ["-----BEGIN CERTIFICATE-----"]}, CertificateMalformed),
        ({"certificates": []}, TrustStoreMalformed),
        ({"certificates": ["x" * 9000]}, TrustStoreMalformed),
        ({"revocations": ["nonsense"]}, CertificateMalformed),
    ],
)
def test_a_file_that_is_not_one_is_refused(change: dict[str, Any], error: type[Exception]) -> None:
    document = msgspec.json.decode(authority(issuer()).trust(1).to_bytes())
    with pytest.raises(error):
        TrustStore.from_bytes(msgspec.json.encode(document | change), AUTHORITY.root, NOW)
    with pytest.raises(TrustStoreMalformed):
        TrustStore.from_bytes(b" " * (MAX_TRUST_STORE_BYTES + 1), AUTHORITY.root, NOW)


REQUEST = IssuerRequest.make(KEY, issuer())


def test_an_issuers_request_is_read_as_it_was_written() -> None:
    again = IssuerRequest.from_bytes(REQUEST.to_bytes())
    assert (again, again.issuer_key) == (REQUEST, issuer())


@pytest.mark.parametrize(
    "change",
    [
        {"key_id": "5445535430303032"},
        {"key_id": "54455354"},
        {"key_id": "zz"},
        {"format": 2},
        {"not_before": "2031-01-01"},
        {"not_after": "9999-12-31"},
        {"not_before": "1999-12-31"},
        {"request": "nonsense"},
        {"request": IssuerRequest.make(PrivateKey.generate(), issuer(b"TEST0002")).request.decode()},
    ],
)
def test_an_issuers_request_is_for_its_own_key_and_id(change: dict[str, Any]) -> None:
    document = msgspec.json.decode(REQUEST.to_bytes())
    with pytest.raises(IssuerRequestMalformed):
        IssuerRequest.from_bytes(msgspec.json.encode(document | change))


def test_a_signature_counts_for_one_use_alone() -> None:
    signature = sign_content(KEY, SignedContext.MANIFEST, b"list")
    verify_content(KEY.public_key, SignedContext.MANIFEST, b"list", signature)
    other = PrivateKey.generate().public_key
    wrong: list[Callable[[], None]] = [
        lambda: verify_content(other, SignedContext.MANIFEST, b"list", signature),
        lambda: verify_content(KEY.public_key, SignedContext.RECEIPT, b"list", signature),
        lambda: verify_content(KEY.public_key, SignedContext.MANIFEST, b"lisT", signature),
        lambda: verify_content(KEY.public_key, SignedContext.MANIFEST, b"list", signature[:-1]),
    ]
    for one in wrong:
        with pytest.raises(ContentSignatureInvalid):
            one()
