"""Chains: built in any order, every member checked, every fault its own error; and openssl agrees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import (
    CertificateExpired,
    CertificateIssuerUnknown,
    CertificateMalformed,
    CertificateNotYetValid,
    CertificatePathTooLong,
    CertificateRefused,
    CertificateRevoked,
    CertificateSignatureWrong,
    CertificateUseRefused,
    IssuingRefused,
)
from crypto.pki.certificate import Certificate
from crypto.pki.chain import verify_chain
from crypto.pki.issuing import Authority, Subject, issue, make_root
from crypto.pki.revocation import RevocationList, RevocationReason, Revoked, make_revocation_list
from crypto.pki.role import LEAVES, Role
from crypto.sm2 import PrivateKey
from tests.crypto.openssl import openssl
from tests.crypto.pki.cast import NOW, PERIOD, SINCE, UNTIL, Cast

CAST = Cast()
DISTID = ("-vfyopt", "distid:1234567812345678")


def revocations(*revoked: Revoked, authority: Authority | None = None, stale: bool = False) -> RevocationList:
    due = SINCE + timedelta(days=1) if stale else UNTIL
    return RevocationList.from_pem(make_revocation_list(authority or CAST.authority, revoked, 1, SINCE, due))


@pytest.mark.parametrize("role", LEAVES)
def test_a_leaf_of_each_role_leads_back_to_the_root(role: Role) -> None:
    leaf = CAST.leaves[role]
    assert verify_chain(leaf, [CAST.province], CAST.root, NOW, role) is leaf
    assert leaf.public_key == CAST.leaf_key.public_key
    assert leaf.signing_period == (PERIOD if role is Role.ISSUER else None)
    for other in LEAVES:
        if other is not role:
            with pytest.raises(CertificateUseRefused):
                verify_chain(leaf, [CAST.province], CAST.root, NOW, other)


def test_authorities_may_come_in_any_order_and_with_strangers_among_them() -> None:
    stranger = Cast()
    leaf = CAST.leaves[Role.TERMINAL]
    verify_chain(leaf, [stranger.province, CAST.root, leaf, CAST.province], CAST.root, NOW, Role.TERMINAL)


def test_openssl_accepts_each_link(tmp_path: Path) -> None:
    # `openssl verify` 3.0 gives the signer id to the leaf alone, so a chain of SM2 is verified link by link.
    root, province = tmp_path / "root.pem", tmp_path / "province.pem"
    root.write_bytes(CAST.root.pem)
    province.write_bytes(CAST.province.pem)
    openssl("verify", *DISTID, "-CAfile", str(root), str(root))
    openssl("verify", *DISTID, "-CAfile", str(root), str(province))
    for role, leaf in CAST.leaves.items():
        file = tmp_path / f"{role}.pem"
        file.write_bytes(leaf.pem)
        openssl("verify", *DISTID, "-partial_chain", "-trusted", str(province), str(file))
        wrong = ("-vfyopt", "distid:8765432187654321")
        refused = openssl(
            "verify", *wrong, "-partial_chain", "-trusted", str(province), str(file), accept_failure=True
        )
        assert refused.returncode != 0


def test_a_wrong_signer_id_fails() -> None:
    with pytest.raises(CertificateSignatureWrong):
        verify_chain(
            CAST.leaves[Role.TERMINAL], [CAST.province], CAST.root, NOW, Role.TERMINAL, signer_id=b"other"
        )


def test_a_signer_id_of_ones_own_works_where_both_have_it() -> None:
    class Signer:
        def __init__(self, key: PrivateKey) -> None:
            self.public_key = key.public_key
            self._key = key

        def sign(self, message: bytes, signer_id: bytes = b"") -> bytes:
            return self._key.sign(message, b"another id")

    root = make_root(Signer(CAST.root_key), "TEST other id", SINCE, UNTIL)
    leaf = issue(
        Authority(Signer(CAST.root_key), root),
        Subject("leaf", CAST.leaf_key.public_key),
        Role.TERMINAL,
        serial=1,
        not_before=SINCE,
        not_after=UNTIL,
    )
    verify_chain(leaf, [], root, NOW, Role.TERMINAL, signer_id=b"another id")
    with pytest.raises(CertificateSignatureWrong):
        verify_chain(leaf, [], root, NOW, Role.TERMINAL)


def test_without_its_authority_nothing_is_trusted() -> None:
    leaf = CAST.leaves[Role.TERMINAL]
    with pytest.raises(CertificateIssuerUnknown, match="a terminal"):
        verify_chain(leaf, [], CAST.root, NOW, Role.TERMINAL)
    with pytest.raises(CertificateIssuerUnknown):
        verify_chain(leaf, [CAST.province], Cast().root, NOW, Role.TERMINAL)


def test_an_authority_of_the_same_name_with_another_key_signed_nothing() -> None:
    impostor = Cast()
    forged = impostor.leaves[Role.TERMINAL]
    with pytest.raises((CertificateIssuerUnknown, CertificateSignatureWrong)):
        verify_chain(forged, [CAST.province], CAST.root, NOW, Role.TERMINAL)
    # Even with the same key id:
    same = issue(
        Authority(CAST.root_key, CAST.root),
        Subject("浙江省", impostor.province_key.public_key, key_id=CAST.province.key_id),
        Role.PROVINCE,
        serial=9,
        not_before=SINCE,
        not_after=UNTIL,
    )
    leaf = CAST.certify(Role.TERMINAL, "forged", CAST.leaf_key, Authority(impostor.province_key, same))
    with pytest.raises(CertificateSignatureWrong, match="forged"):
        verify_chain(leaf, [CAST.province], CAST.root, NOW, Role.TERMINAL)
    verify_chain(leaf, [CAST.province, same], CAST.root, NOW, Role.TERMINAL)


@pytest.mark.parametrize(
    ("at", "error"),
    [
        (SINCE - timedelta(seconds=1), CertificateNotYetValid),
        (SINCE, None),
        (UNTIL, None),
        (UNTIL + timedelta(seconds=1), CertificateExpired),
    ],
)
def test_validity_counts_both_its_ends(at: datetime, error: type[CertificateRefused] | None) -> None:
    leaf = CAST.leaves[Role.TERMINAL]
    if error is None:
        verify_chain(leaf, [CAST.province], CAST.root, at, Role.TERMINAL)
        return
    with pytest.raises(error):
        verify_chain(leaf, [CAST.province], CAST.root, at, Role.TERMINAL)


def test_an_authority_that_ran_out_certifies_nothing() -> None:
    cast = Cast()
    cast.province = cast.certify(
        Role.PROVINCE,
        "short",
        cast.province_key,
        Authority(cast.root_key, cast.root),
        until=datetime(2026, 6, 1, tzinfo=UTC),
    )
    leaf = cast.certify(Role.TERMINAL, "leaf", cast.leaf_key, until=datetime(2026, 6, 1, tzinfo=UTC))
    with pytest.raises(CertificateExpired):
        verify_chain(leaf, [cast.province], cast.root, NOW, Role.TERMINAL)


@pytest.mark.parametrize("stale", [False, True])
def test_a_revoked_leaf_is_refused_even_by_a_stale_list(stale: bool) -> None:
    leaf = CAST.leaves[Role.ISSUER]
    listed = revocations(Revoked(leaf.serial, NOW, RevocationReason.KEY_COMPROMISE), stale=stale)
    assert listed.is_stale(NOW) is stale
    with pytest.raises(CertificateRevoked, match="2026-11-25"):
        verify_chain(leaf, [CAST.province], CAST.root, NOW, Role.ISSUER, [listed])
    verify_chain(
        leaf,
        [CAST.province],
        CAST.root,
        NOW,
        Role.ISSUER,
        [revocations(Revoked(leaf.serial + 1, NOW, RevocationReason.CESSATION))],
    )


def test_a_revoked_authority_takes_its_leaves_with_it() -> None:
    root = Authority(CAST.root_key, CAST.root)
    listed = revocations(Revoked(CAST.province.serial, NOW, RevocationReason.UNSPECIFIED), authority=root)
    with pytest.raises(CertificateRevoked, match="浙江省"):
        verify_chain(CAST.leaves[Role.CONTENT], [CAST.province], CAST.root, NOW, Role.CONTENT, [listed])


def test_a_list_that_the_authority_did_not_sign_is_no_list() -> None:
    impostor = Authority(CAST.leaf_key, CAST.province)
    with pytest.raises(IssuingRefused):
        make_revocation_list(impostor, [], 1, SINCE, UNTIL)
    good = make_revocation_list(CAST.authority, [], 1, SINCE, UNTIL)
    listed = RevocationList.from_pem(good)
    forged = RevocationList(
        **{
            **{name: getattr(listed, name) for name in listed.__dataclass_fields__},
            "_signature": CAST.leaf_key.sign(listed._body),
        }
    )
    with pytest.raises(CertificateSignatureWrong, match="CRL 1"):
        verify_chain(CAST.leaves[Role.CONTENT], [CAST.province], CAST.root, NOW, Role.CONTENT, [forged])


def test_no_authority_stands_below_one_that_may_have_none() -> None:
    with pytest.raises(IssuingRefused):
        CAST.certify(Role.PROVINCE, "county", CAST.leaf_key)
    # Made all the same by one who does not keep to it: the province claims to have no limit.
    generous = Certificate(
        **{
            **{name: getattr(CAST.province, name) for name in CAST.province.__dataclass_fields__},
            "path_length": None,
        }
    )
    county = issue(
        Authority(CAST.province_key, generous),
        Subject("county", CAST.leaf_key.public_key),
        Role.PROVINCE,
        serial=3,
        not_before=SINCE,
        not_after=UNTIL,
    )
    leaf = CAST.certify(Role.TERMINAL, "leaf", CAST.leaf_key, Authority(CAST.leaf_key, county))
    with pytest.raises(CertificatePathTooLong, match="浙江省"):
        verify_chain(leaf, [county, CAST.province], CAST.root, NOW, Role.TERMINAL)


def test_a_long_chain_ends() -> None:
    authority, chain = Authority(CAST.root_key, CAST.root), []
    for number in range(12):
        key = PrivateKey.generate()
        made = CAST.certify(Role.PROVINCE, f"level {number}", key, authority)
        chain.append(made)
        authority = Authority(key, made)
    leaf = CAST.certify(Role.TERMINAL, "leaf", CAST.leaf_key, authority)
    with pytest.raises(CertificateIssuerUnknown):
        verify_chain(leaf, chain, CAST.root, NOW, Role.TERMINAL)


@pytest.mark.parametrize(
    "wish",
    [
        lambda: CAST.certify(Role.ROOT, "root", CAST.leaf_key),
        lambda: CAST.certify(Role.TERMINAL, "x", CAST.leaf_key, since=UNTIL, until=SINCE),
        lambda: CAST.certify(Role.TERMINAL, "x", CAST.leaf_key, until=UNTIL + timedelta(days=1)),
        lambda: CAST.certify(Role.TERMINAL, "x", CAST.leaf_key, path_length=0),
        lambda: CAST.certify(Role.TERMINAL, "x", CAST.leaf_key, serial=0),
        lambda: CAST.certify(Role.TERMINAL, "x", CAST.leaf_key, serial=2**160),
        lambda: CAST.certify(
            Role.TERMINAL, "x", CAST.leaf_key, Authority(CAST.leaf_key, CAST.leaves[Role.TERMINAL])
        ),
        lambda: CAST.certify(Role.TERMINAL, "x", CAST.leaf_key, Authority(CAST.leaf_key, CAST.province)),
    ],
)
def test_what_an_authority_may_not_issue_is_refused(wish: Callable[[], object]) -> None:
    with pytest.raises(IssuingRefused):
        wish()


def test_every_byte_of_a_certificate_counts() -> None:
    der = CAST.leaves[Role.ISSUER].der
    for place in range(len(der)):
        bad = bytearray(der)
        bad[place] ^= 1 << (place % 8)
        with pytest.raises(CertificateRefused):
            verify_chain(Certificate.from_bytes(bytes(bad)), [CAST.province], CAST.root, NOW, Role.ISSUER)


@given(st.binary(max_size=600))
def test_no_bytes_are_too_strange_for_a_certificate(data: bytes) -> None:
    with pytest.raises(CertificateMalformed):
        Certificate.from_bytes(data)
    with pytest.raises(CertificateMalformed):
        Certificate.from_pem(data)


@given(st.data())
def test_a_mutated_certificate_is_refused_and_nothing_worse(data: st.DataObject) -> None:
    der = bytearray(CAST.leaves[Role.TERMINAL].der)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(der) - 1))
        der[place] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del der[data.draw(st.integers(0, len(der))) :]
    if bytes(der) == CAST.leaves[Role.TERMINAL].der:
        return
    with pytest.raises(CertificateRefused):
        verify_chain(Certificate.from_bytes(bytes(der)), [CAST.province], CAST.root, NOW, Role.TERMINAL)
