"""Issuing certificates: an authority signs what a subject asked for, if it may."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1

from crypto.errors import IssuingRefused
from crypto.explained import Text
from crypto.pki.certificate import MAX_KEY_ID_BYTES, MAX_SERIAL_BITS, Certificate
from crypto.pki.request import name_of
from crypto.pki.role import Role
from crypto.pki.structure import (
    FIRST_YEAR,
    SIGNATURE_ALGORITHM,
    CertificateBody,
    Extension,
    Validity,
    extensions,
    key_info,
    moment,
    raw,
    signed,
)
from crypto.signer import Signer
from crypto.sm2 import DEFAULT_SIGNER_ID, PublicKey
from crypto.sm3 import sm3

KEY_ID_BYTES: Final = 20
_LAST_MOMENT: Final = time(23, 59, 59)


@dataclass(frozen=True)
class Subject:
    """Whom a certificate is for.

    `key_id` is the subject key identifier, by default taken from the key; a card issuer's are the 8 bytes
    that its credentials name. `signing_period`: first and last day on which the key may sign.
    """

    common_name: str
    public_key: PublicKey
    key_id: bytes | None = None
    signing_period: tuple[date, date] | None = None


@dataclass(frozen=True)
class Authority:
    """Who issues: a key, wherever it lies, and its certificate."""

    signer: Signer
    certificate: Certificate


def make_root(
    signer: Signer,
    common_name: str,
    not_before: datetime,
    not_after: datetime,
    signer_id: bytes = DEFAULT_SIGNER_ID,
) -> Certificate:
    """A root's certificate, signed by itself. Raises IssuingRefused, CertificateNameUnusable."""
    subject = Subject(common_name, signer.public_key)
    name = name_of(common_name).public_bytes()
    own_id = _key_id(subject)
    return _certificate(signer, name, own_id, subject, Role.ROOT, 1, not_before, not_after, None, signer_id)


def issue(
    authority: Authority,
    subject: Subject,
    role: Role,
    *,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    path_length: int | None = None,
    signer_id: bytes = DEFAULT_SIGNER_ID,
) -> Certificate:
    """A certificate for the subject. Raises IssuingRefused for what the authority may not issue.

    `path_length`: how many authorities may stand below this one; an authority's alone.
    """
    own = authority.certificate
    if not own.role.is_authority or role is Role.ROOT:
        raise IssuingRefused(detail=Text(zh="签发方无权签发", en="the issuer may not issue it"))
    if authority.signer.public_key != own.public_key:
        raise IssuingRefused(
            detail=Text(zh="密钥与证书不匹配", en="key and certificate do not belong together")
        )
    if role.is_authority and own.path_length == 0:
        raise IssuingRefused(detail=Text(zh="签发方之下不可再设机构", en="no authority may stand below it"))
    if path_length is not None and not role.is_authority:
        raise IssuingRefused(detail=Text(zh="只有机构证书有层级", en="a leaf has no path length"))
    if path_length is not None and path_length < 0:
        raise IssuingRefused(detail=Text(zh="层级不能为负", en="its path length is negative"))
    if not_before < own.not_before or not_after > own.not_after:
        raise IssuingRefused(
            detail=Text(zh="有效期超出签发方证书", en="its time goes beyond the issuer's own")
        )
    return _certificate(
        authority.signer,
        own.subject,
        own.key_id,
        subject,
        role,
        serial,
        not_before,
        not_after,
        path_length,
        signer_id,
    )


def _certificate(  # noqa: PLR0917  as they stand in it
    signer: Signer,
    issuer_name: bytes,
    issuer_key_id: bytes,
    subject: Subject,
    role: Role,
    serial: int,
    not_before: datetime,
    not_after: datetime,
    path_length: int | None,
    signer_id: bytes,
) -> Certificate:
    if not_before >= not_after:
        raise IssuingRefused(detail=Text(zh="起止时间颠倒", en="it ends before it begins"))
    if not_before.year < FIRST_YEAR:
        raise IssuingRefused(detail=Text(zh="起始时间过早", en="it begins before certificates can say so"))
    if not 0 < serial < 2**MAX_SERIAL_BITS:
        raise IssuingRefused(detail=Text(zh="序列号超出范围", en="its serial number is out of range"))
    body = asn1.encode_der(
        CertificateBody(
            version=2,
            serial=serial,
            signature=raw(SIGNATURE_ALGORITHM),
            issuer=raw(issuer_name),
            validity=raw(
                asn1.encode_der(Validity(not_before=moment(not_before), not_after=moment(not_after)))
            ),
            subject=raw(name_of(subject.common_name).public_bytes()),
            key=key_info(subject.public_key),
            extensions=_extensions(subject, role, issuer_key_id, path_length),
        )
    )
    return Certificate.from_bytes(signed(body, signer.sign(body, signer_id)))


def _extensions(
    subject: Subject, role: Role, issuer_key_id: bytes, path_length: int | None
) -> list[Extension]:
    values: list[tuple[x509.ExtensionType, bool]] = [
        (x509.BasicConstraints(ca=role.is_authority, path_length=path_length), True),
        (role.key_usage, True),
        (x509.SubjectKeyIdentifier(_key_id(subject)), False),
        (x509.AuthorityKeyIdentifier(issuer_key_id, None, None), False),
    ]
    if role.usage is not None:
        values.append((x509.ExtendedKeyUsage([role.usage]), False))
    if subject.signing_period is not None:
        first, last = subject.signing_period
        if first > last:
            raise IssuingRefused(detail=Text(zh="签发期颠倒", en="its key's period ends before it begins"))
        period = x509.PrivateKeyUsagePeriod(
            datetime.combine(first, time.min), datetime.combine(last, _LAST_MOMENT)
        )
        values.append((period, False))
    return extensions(*values)


def _key_id(subject: Subject) -> bytes:
    if subject.key_id is None:
        return sm3(subject.public_key.long_point)[:KEY_ID_BYTES]
    if not 0 < len(subject.key_id) <= MAX_KEY_ID_BYTES:
        raise IssuingRefused(detail=Text(zh="密钥标识长度不对", en="its key id has no usable length"))
    return subject.key_id
