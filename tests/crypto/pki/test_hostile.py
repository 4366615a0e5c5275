"""What a hostile or careless authority could sign: every bit counts, no extension breaks out."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding

from crypto.errors import (
    AuthorityRevoked,
    CertificateExpired,
    CertificateIssuerUnknown,
    CertificateMalformed,
    CertificateRefused,
    CertificateRevoked,
    CryptoError,
    IssuingRefused,
)
from crypto.pki.certificate import Certificate
from crypto.pki.chain import MAX_VERIFICATIONS, verify_chain
from crypto.pki.issuing import Authority, make_root
from crypto.pki.request import make_request, read_request
from crypto.pki.revocation import RevocationList, RevocationReason, Revoked, make_revocation_list
from crypto.pki.role import Role
from crypto.pki.structure import (
    SM2_WITH_SM3,
    CertificateBody,
    Extension,
    SignatureAlgorithm,
    Signed,
    raw,
    require_one_signature,
)
from crypto.sm2 import PrivateKey, signature_to_der
from tests.crypto.pki.cast import NOW, SINCE, UNTIL, Cast

CAST = Cast()
LEAF = CAST.leaves[Role.TERMINAL]
ROOT = Authority(CAST.root_key, CAST.root)


@asn1.sequence
class AlgorithmWithNull:
    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null


@asn1.sequence
class AlgorithmWithSurplus:
    algorithm: x509.ObjectIdentifier
    parameters: bytes


PLAIN: Final = raw(asn1.encode_der(SignatureAlgorithm(algorithm=SM2_WITH_SM3)))
WITH_NULL: Final = raw(asn1.encode_der(AlgorithmWithNull(algorithm=SM2_WITH_SM3, parameters=asn1.Null())))
SURPLUS: Final = raw(
    asn1.encode_der(AlgorithmWithSurplus(algorithm=SM2_WITH_SM3, parameters=b"whatever one likes"))
)
ECDSA: Final = raw(
    asn1.encode_der(SignatureAlgorithm(algorithm=x509.ObjectIdentifier("1.2.840.10045.4.3.2")))
)


def signed_by_the_province(
    inside: Any = PLAIN, outside: Any = PLAIN, extra: Extension | None = None
) -> bytes:
    """A terminal's certificate with a right signature, whatever else is odd about it."""
    body = asn1.decode_der(CertificateBody, LEAF._body)
    body.signature = inside
    if extra is not None:
        body.extensions = [one for one in body.extensions if one.oid != extra.oid] + [extra]
    der = asn1.encode_der(body)
    signature = signature_to_der(CAST.province_key.sign(der))
    return asn1.encode_der(Signed(body=raw(der), algorithm=outside, signature=asn1.BitString(signature, 0)))


def verify(der: bytes) -> Certificate:
    return verify_chain(Certificate.from_bytes(der), [CAST.province], CAST.root, NOW, Role.TERMINAL)


def until_its_last_bits_are_zero(make: Callable[[], bytes]) -> bytes:
    """DER whose signature ends in three zero bits: a bit string may then call them unused."""
    while True:
        der = make()
        if not der[-1] & 7:
            return der


def bits_that_do_not_count(der: bytes, read: Callable[[bytes], object]) -> list[tuple[int, int]]:
    """Places and bits that can be flipped while the file is still taken."""
    found = []
    for place in range(len(der)):
        for bit in range(8):
            bad = bytearray(der)
            bad[place] ^= 1 << bit
            try:
                read(bytes(bad))
            except CryptoError:
                continue
            found.append((place, bit))
    return found


def pem(label: bytes, der: bytes) -> bytes:
    return b"-----BEGIN %s-----\n%s-----END %s-----\n" % (label, base64.encodebytes(der), label)


def test_every_bit_of_a_certificate_counts() -> None:
    der = until_its_last_bits_are_zero(lambda: CAST.certify(Role.TERMINAL, "leaf", CAST.leaf_key).der)
    assert verify(der).common_name == "leaf"
    assert bits_that_do_not_count(der, verify) == []


def test_every_bit_of_a_request_counts() -> None:
    der = until_its_last_bits_are_zero(
        lambda: x509.load_pem_x509_csr(make_request(CAST.leaf_key, "leaf")).public_bytes(Encoding.DER)
    )
    assert bits_that_do_not_count(der, lambda bad: read_request(pem(b"CERTIFICATE REQUEST", bad))) == []


def test_no_bit_of_a_list_can_be_altered_under_its_signature() -> None:
    revoked = [Revoked(7, SINCE, RevocationReason.SUPERSEDED)]
    der = until_its_last_bits_are_zero(
        lambda: x509.load_pem_x509_crl(
            make_revocation_list(CAST.authority, revoked, 3, SINCE, UNTIL)
        ).public_bytes(Encoding.DER)
    )

    def read(bad: bytes) -> None:
        listed = RevocationList.from_pem(pem(b"X509 CRL", bad))
        if not listed.is_signed_by(CAST.province.public_key):
            raise CertificateMalformed(detail="not signed")

    assert bits_that_do_not_count(der, read) == []


@pytest.mark.parametrize(("inside", "outside"), [(PLAIN, PLAIN), (WITH_NULL, WITH_NULL)])
def test_the_algorithm_may_have_no_parameters_or_null_ones(inside: Any, outside: Any) -> None:
    assert verify(signed_by_the_province(inside, outside)).role is Role.TERMINAL


@pytest.mark.parametrize(
    ("inside", "outside"),
    [(PLAIN, WITH_NULL), (WITH_NULL, PLAIN), (PLAIN, SURPLUS), (SURPLUS, SURPLUS), (ECDSA, PLAIN)],
)
def test_what_the_signature_does_not_cover_is_fixed(inside: Any, outside: Any) -> None:
    with pytest.raises(CertificateMalformed):
        verify(signed_by_the_province(inside, outside))
    with pytest.raises(ValueError, match="algorithm"):
        require_one_signature(signed_by_the_province(inside, outside), inside)


@pytest.mark.parametrize(
    ("oid", "value"),
    [
        ("2.5.29.17", "3002a300"),  # alternative names: an x400Address
        ("2.5.29.18", "3002a500"),  # an ediPartyName
        ("2.5.29.35", "3004a102a500"),  # authority key identifier with such a name
        ("2.5.29.30", "3006a0043002a300"),  # name constraints
        ("2.5.29.31", "30083006a004a002a500"),  # distribution points
        ("1.3.6.1.5.5.7.1.1", "3009300706032a0304a300"),  # authority information access
        ("1.3.6.1.5.5.7.1.24", "3003020107"),  # a TLS feature that nobody knows
        ("2.5.29.17", "30058703010203"),  # an address of three bytes
        ("2.5.29.19", "30060101ff0201ff"),  # a path length of -1
        ("2.5.29.15", "030100"),  # key usage without a bit
        ("2.5.29.16", "3000"),  # a period without ends
        ("2.5.29.14", "0400"),  # an empty key id
    ],
)
def test_no_extension_raises_what_nobody_expects(oid: str, value: str) -> None:
    extra = Extension(oid=x509.ObjectIdentifier(oid), critical=False, value=bytes.fromhex(value))
    der = signed_by_the_province(extra=extra)
    with pytest.raises(CertificateRefused):
        Certificate.from_bytes(der)


def test_an_authority_certified_anew_is_found_in_any_order() -> None:
    old = CAST.certify(
        Role.PROVINCE, "浙江省", CAST.province_key, ROOT, until=datetime(2026, 6, 1, tzinfo=UTC), serial=8
    )
    revoked = RevocationList.from_pem(
        make_revocation_list(ROOT, [Revoked(8, SINCE, RevocationReason.SUPERSEDED)], 1, SINCE, UNTIL)
    )
    for order in ([old, CAST.province], [CAST.province, old]):
        verify_chain(LEAF, order, CAST.root, NOW, Role.TERMINAL)
        verify_chain(LEAF, order, CAST.root, SINCE + timedelta(days=1), Role.TERMINAL, [revoked])
    with pytest.raises(CertificateExpired, match="浙江省"):
        verify_chain(LEAF, [old], CAST.root, NOW, Role.TERMINAL)


def test_a_revoked_authority_has_an_error_of_its_own() -> None:
    by_root = make_revocation_list(ROOT, [Revoked(7, NOW, RevocationReason.CESSATION)], 1, SINCE, UNTIL)
    assert CAST.province.serial == LEAF.serial == 7
    with pytest.raises(AuthorityRevoked, match="浙江省"):
        verify_chain(LEAF, [CAST.province], CAST.root, NOW, Role.TERMINAL, [RevocationList.from_pem(by_root)])
    by_province = make_revocation_list(
        CAST.authority, [Revoked(7, NOW, RevocationReason.CESSATION)], 1, SINCE, UNTIL
    )
    with pytest.raises(CertificateRevoked) as caught:
        verify_chain(
            LEAF, [CAST.province], CAST.root, NOW, Role.TERMINAL, [RevocationList.from_pem(by_province)]
        )
    assert type(caught.value) is CertificateRevoked


def test_a_web_of_cross_signed_authorities_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    # Six certificates for one name and key, each fitting above each: 6! ways up, none to this root.
    web = [CAST.certify(Role.PROVINCE, "web", CAST.leaf_key, ROOT)]
    for number in range(6):
        web.append(
            CAST.certify(
                Role.PROVINCE, "web", CAST.leaf_key, Authority(CAST.leaf_key, web[0]), serial=number + 20
            )
        )
    leaf = CAST.certify(Role.TERMINAL, "caught", CAST.leaf_key, Authority(CAST.leaf_key, web[0]))
    count = 0
    verified = Certificate.is_signed_by

    def counting(*arguments: Any) -> bool:
        nonlocal count
        count += 1
        return verified(*arguments)

    monkeypatch.setattr(Certificate, "is_signed_by", counting)
    with pytest.raises(CertificateIssuerUnknown):
        verify_chain(leaf, web[1:], CAST.root, NOW, Role.TERMINAL)
    assert count <= MAX_VERIFICATIONS


def test_many_authorities_hide_none() -> None:
    key = PrivateKey.generate()
    others = [CAST.certify(Role.PROVINCE, f"p {n}", key, ROOT, serial=100 + n) for n in range(120)]
    verify_chain(LEAF, [*others, CAST.province], CAST.root, NOW, Role.TERMINAL)


@pytest.mark.parametrize(
    "wish",
    [
        lambda: make_root(CAST.root_key, "TEST", datetime(1949, 1, 1, tzinfo=UTC), UNTIL),
        lambda: CAST.certify(Role.PROVINCE, "x", CAST.leaf_key, ROOT, path_length=-1),
        lambda: make_revocation_list(CAST.authority, [], -1, SINCE, UNTIL),
        lambda: make_revocation_list(CAST.authority, [], 1, UNTIL, SINCE),
        lambda: make_revocation_list(
            CAST.authority, [Revoked(0, SINCE, RevocationReason.CESSATION)], 1, SINCE, UNTIL
        ),
        lambda: make_revocation_list(
            CAST.authority, [Revoked(5, SINCE, RevocationReason.CESSATION)] * 2, 1, SINCE, UNTIL
        ),
    ],
)
def test_nothing_is_signed_that_nobody_could_read(wish: Callable[[], object]) -> None:
    with pytest.raises(IssuingRefused):
        wish()
