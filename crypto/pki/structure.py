"""The ASN.1 of certificates, requests and revocation lists (RFC 5280 §4.1 and §5.1, RFC 2986 §4).

Encoded and decoded by `cryptography`'s DER codec; names and extensions come from it whole. What is here is
what it has no builder for: structures with an SM2 key or an SM2 signature (GB/T 20518 §5.2).
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from cryptography import x509
from cryptography.hazmat import asn1

from crypto.errors import CertificateMalformed, KeyMalformed
from crypto.explained import Text
from crypto.sm2 import PublicKey, signature_to_der

SM2_WITH_SM3: Final = x509.ObjectIdentifier("1.2.156.10197.1.501")
EC_PUBLIC_KEY: Final = x509.ObjectIdentifier("1.2.840.10045.2.1")
SM2_CURVE: Final = x509.ObjectIdentifier("1.2.156.10197.1.301")
#: RFC 5280 §4.1.2.5: UTCTime from the first to the last of these years, GeneralizedTime after them.
FIRST_YEAR: Final = 1950
LAST_UTC_YEAR: Final = 2049


@asn1.sequence
class SignatureAlgorithm:
    """AlgorithmIdentifier of a signature; SM2 has no parameters."""

    algorithm: x509.ObjectIdentifier


@asn1.sequence
class KeyAlgorithm:
    """AlgorithmIdentifier of an elliptic-curve key: the curve is its parameter (RFC 5480 §2.1.1)."""

    algorithm: x509.ObjectIdentifier
    curve: x509.ObjectIdentifier


@asn1.sequence
class SubjectPublicKeyInfo:
    """A public key and what kind it is."""

    algorithm: KeyAlgorithm
    key: asn1.BitString


@asn1.sequence
class Validity:
    """From when until when a certificate is valid."""

    not_before: asn1.UTCTime | asn1.GeneralizedTime
    not_after: asn1.UTCTime | asn1.GeneralizedTime


@asn1.sequence
class Extension:
    """One extension; its value is DER in an octet string."""

    oid: x509.ObjectIdentifier
    critical: Annotated[bool, asn1.Default(False)]
    value: bytes


@asn1.sequence
class CertificateBody:
    """TBSCertificate, version 3."""

    version: Annotated[int, asn1.Explicit(0)]
    serial: int
    signature: asn1.TLV
    issuer: asn1.TLV
    validity: asn1.TLV
    subject: asn1.TLV
    key: SubjectPublicKeyInfo
    extensions: Annotated[list[Extension], asn1.Explicit(3)]


@asn1.sequence
class RequestBody:
    """CertificationRequestInfo with an empty set of attributes."""

    version: int
    subject: asn1.TLV
    key: SubjectPublicKeyInfo
    attributes: Annotated[asn1.SetOf[asn1.TLV], asn1.Implicit(0)]


@asn1.sequence
class ForeignRequestBody:
    """CertificationRequestInfo as others fill it; its attributes are of no interest here."""

    version: int
    subject: asn1.TLV
    key: SubjectPublicKeyInfo
    attributes: asn1.TLV


@asn1.sequence
class RevokedEntry:
    """One revoked certificate."""

    serial: int
    at: asn1.UTCTime | asn1.GeneralizedTime
    extensions: list[Extension] | None


@asn1.sequence
class RevocationBody:
    """TBSCertList, version 2 (which is written as 1)."""

    version: int
    signature: asn1.TLV
    issuer: asn1.TLV
    this_update: asn1.UTCTime | asn1.GeneralizedTime
    next_update: asn1.UTCTime | asn1.GeneralizedTime
    revoked: list[RevokedEntry] | None
    extensions: Annotated[list[Extension], asn1.Explicit(0)]


@asn1.sequence
class Signed:
    """Certificate, CertificationRequest and CertificateList have this shape."""

    body: asn1.TLV
    algorithm: asn1.TLV
    signature: asn1.BitString


@asn1.sequence
class _AlgorithmWithNull:
    algorithm: x509.ObjectIdentifier
    parameters: asn1.Null


SIGNATURE_ALGORITHM: Final = asn1.encode_der(SignatureAlgorithm(algorithm=SM2_WITH_SM3))
# Some authorities write the absent parameters as NULL.
_SIGNATURE_ALGORITHMS: Final = (
    SIGNATURE_ALGORITHM,
    asn1.encode_der(_AlgorithmWithNull(algorithm=SM2_WITH_SM3, parameters=asn1.Null())),
)


def raw(der: bytes) -> Any:
    """DER as it stands, to become a part of a structure."""
    return asn1.decode_der(asn1.TLV, der)


def moment(at: datetime) -> asn1.UTCTime | asn1.GeneralizedTime:
    """A time to the second (RFC 5280 §4.1.2.5)."""
    exact = at.astimezone(UTC).replace(microsecond=0)
    return asn1.UTCTime(exact) if exact.year <= LAST_UTC_YEAR else asn1.GeneralizedTime(exact)


def key_info(key: PublicKey) -> SubjectPublicKeyInfo:
    """An SM2 key as certificates carry it: the whole point, not compressed (GB/T 20518 §5.2.3.7)."""
    return SubjectPublicKeyInfo(
        algorithm=KeyAlgorithm(algorithm=EC_PUBLIC_KEY, curve=SM2_CURVE),
        key=asn1.BitString(key.long_point, 0),
    )


def key_of(info: SubjectPublicKeyInfo) -> PublicKey:
    """The SM2 key. Raises CertificateMalformed for any other."""
    if (info.algorithm.algorithm, info.algorithm.curve) != (EC_PUBLIC_KEY, SM2_CURVE):
        raise CertificateMalformed(
            detail=Text(zh="密钥不在 SM2 曲线上", en="its key is not on the SM2 curve")
        )
    try:
        return PublicKey.from_point(info.key.as_bytes())
    except KeyMalformed as error:
        raise CertificateMalformed(detail=error.facts["detail"]) from error


def extensions(*values: tuple[x509.ExtensionType, bool]) -> list[Extension]:
    """Extensions, each with whether it is critical."""
    return [
        Extension(oid=value.oid, critical=critical, value=value.public_bytes()) for value, critical in values
    ]


def signed(body: bytes, signature: bytes) -> bytes:
    """A body with its SM2 signature (r ‖ s), DER."""
    return asn1.encode_der(
        Signed(
            body=raw(body),
            algorithm=raw(SIGNATURE_ALGORITHM),
            signature=asn1.BitString(signature_to_der(signature), 0),
        )
    )


def require_one_signature(der: bytes, algorithm_in_body: asn1.TLV | None) -> None:
    """Refuse what the signature does not cover and could be altered unseen: its frame. Raises ValueError.

    The algorithm stands outside the body and, in all but a request, inside it once more: both the same
    (RFC 5280 §4.1.1.2), without parameters; the bit string of the signature is whole bytes.
    """
    frame = asn1.decode_der(Signed, der)
    outside = asn1.encode_der(frame.algorithm)
    if outside not in _SIGNATURE_ALGORITHMS:
        raise ValueError("the signature algorithm has parameters")
    if algorithm_in_body is not None and asn1.encode_der(algorithm_in_body) != outside:
        raise ValueError("the signature algorithms inside and outside differ")
    if frame.signature.padding_bits():
        raise ValueError("the signature is not whole bytes")
