"""Revocation lists (RFC 5280 §5): which of its certificates an authority has withdrawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import CRLEntryExtensionOID, ExtensionOID

from crypto.errors import (
    CertificateAlgorithmRefused,
    CertificateExtensionUnknown,
    CertificateMalformed,
    IssuingRefused,
    SignatureMalformed,
)
from crypto.explained import Text
from crypto.pki.certificate import MAX_SERIAL_BITS, one_pem, parsed
from crypto.pki.issuing import Authority
from crypto.pki.structure import (
    SIGNATURE_ALGORITHM,
    SM2_WITH_SM3,
    Extension,
    RevocationBody,
    RevokedEntry,
    extensions,
    moment,
    raw,
    require_one_signature,
    signed,
)
from crypto.sm2 import DEFAULT_SIGNER_ID, PublicKey, signature_from_der

MAX_LIST_BYTES: Final = 1 << 20
_LABEL: Final = b"X509 CRL"
_KNOWN_EXTENSIONS: Final = frozenset((ExtensionOID.CRL_NUMBER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER))


class RevocationReason(StrEnum):
    """Why a certificate was withdrawn (RFC 5280 §5.3.1): what an authority here has to say."""

    KEY_COMPROMISE = "key_compromise"
    CESSATION = "cessation"
    SUPERSEDED = "superseded"
    UNSPECIFIED = "unspecified"


_FLAGS: Final = MappingProxyType(
    {
        RevocationReason.KEY_COMPROMISE: x509.ReasonFlags.key_compromise,
        RevocationReason.CESSATION: x509.ReasonFlags.cessation_of_operation,
        RevocationReason.SUPERSEDED: x509.ReasonFlags.superseded,
    }
)
_REASONS: Final = MappingProxyType({flag: reason for reason, flag in _FLAGS.items()})


@dataclass(frozen=True)
class Revoked:
    """One withdrawn certificate: its serial number, since when (UTC, to the second), and why."""

    serial: int
    at: datetime
    reason: RevocationReason


def make_revocation_list(  # noqa: PLR0917  as they stand in it
    authority: Authority,
    revoked: Sequence[Revoked],
    number: int,
    this_update: datetime,
    next_update: datetime,
    signer_id: bytes = DEFAULT_SIGNER_ID,
) -> bytes:
    """The authority's list of this number, PEM. Raises IssuingRefused."""
    own = authority.certificate
    if not own.role.is_authority or authority.signer.public_key != own.public_key:
        raise IssuingRefused(detail=Text(zh="签发方无权签发吊销列表", en="the issuer may not sign a list"))
    if this_update >= next_update:
        raise IssuingRefused(detail=Text(zh="起止时间颠倒", en="it ends before it begins"))
    if number < 0 or any(not 0 < one.serial < 2**MAX_SERIAL_BITS for one in revoked):
        raise IssuingRefused(detail=Text(zh="编号或序列号超出范围", en="a number in it is out of range"))
    if len({one.serial for one in revoked}) != len(revoked):
        raise IssuingRefused(detail=Text(zh="序列号重复", en="a serial number stands twice"))
    entries = [
        RevokedEntry(serial=one.serial, at=moment(one.at), extensions=_reason_extension(one.reason))
        for one in revoked
    ]
    body = asn1.encode_der(
        RevocationBody(
            version=1,
            signature=raw(SIGNATURE_ALGORITHM),
            issuer=raw(own.subject),
            this_update=moment(this_update),
            next_update=moment(next_update),
            revoked=entries or None,
            extensions=extensions(
                (x509.AuthorityKeyIdentifier(own.key_id, None, None), False),
                (x509.CRLNumber(number), False),
            ),
        )
    )
    der = signed(body, authority.signer.sign(body, signer_id))
    return x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)


def _reason_extension(reason: RevocationReason) -> list[Extension] | None:
    # "Unspecified" is said by saying nothing (RFC 5280 §5.3.1).
    return extensions((x509.CRLReason(_FLAGS[reason]), False)) if reason in _FLAGS else None


@dataclass(frozen=True)
class RevocationList:
    """A parsed list; whoever relies on it verifies its signature first.

    Attributes:
        number: rises with each list of an authority.
        this_update, next_update: when it was made, and when the next is due, UTC.
        issuer_key_id, issuer: whose list it is.
    """

    number: int
    this_update: datetime
    next_update: datetime
    issuer_key_id: bytes
    issuer: bytes = field(repr=False)
    _revoked: Mapping[int, Revoked] = field(repr=False)
    _body: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes) -> RevocationList:
        """The one list in a PEM file. Raises a CertificateRefused."""
        found = parsed(x509.load_pem_x509_crl, pem, one_pem(pem, _LABEL, MAX_LIST_BYTES))
        if found.signature_algorithm_oid != SM2_WITH_SM3:
            raise CertificateAlgorithmRefused(algorithm=found.signature_algorithm_oid.dotted_string)
        body = parsed(lambda data: asn1.decode_der(RevocationBody, data), found.tbs_certlist_bytes, None)
        der = found.public_bytes(Encoding.DER)
        parsed(lambda data: require_one_signature(data, body.signature), der, None)
        known = parsed(lambda _: found.extensions, b"", None)
        for extension in known:
            if extension.critical and extension.oid not in _KNOWN_EXTENSIONS:
                raise CertificateExtensionUnknown(extension=extension.oid.dotted_string)
        try:
            number = known.get_extension_for_class(x509.CRLNumber).value.crl_number
            key_id = known.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
        except x509.ExtensionNotFound as error:
            raise CertificateMalformed(
                detail=Text(zh="吊销列表没有编号或签发方", en="the list has no number or no issuer")
            ) from error
        next_update = found.next_update_utc
        if next_update is None or key_id is None:
            raise CertificateMalformed(
                detail=Text(
                    zh="吊销列表没有下次更新时间或签发方", en="the list lacks its next update or issuer"
                )
            )
        try:
            signature = signature_from_der(found.signature)
        except SignatureMalformed as error:
            raise CertificateMalformed(
                detail=Text(zh="签名编码不规范", en="its signature is not in its one encoding")
            ) from error
        return cls(
            number=number,
            this_update=found.last_update_utc,
            next_update=next_update,
            issuer_key_id=key_id,
            issuer=parsed(lambda _: found.issuer, b"", None).public_bytes(),
            _revoked=MappingProxyType(parsed(lambda _: _entries(found), b"", None)),
            _body=found.tbs_certlist_bytes,
            _signature=signature,
        )

    def revoked(self, serial: int) -> Revoked | None:
        """The entry for a serial number, if it stands there."""
        return self._revoked.get(serial)

    def is_stale(self, at: datetime) -> bool:
        """Whether a newer list was due by then. What it names stays revoked all the same."""
        return at > self.next_update

    def is_signed_by(self, key: PublicKey, signer_id: bytes = DEFAULT_SIGNER_ID) -> bool:
        """Whether this key signed the list."""
        return key.verify(self._signature, self._body, signer_id)


def _entries(found: x509.CertificateRevocationList) -> dict[int, Revoked]:
    entries: dict[int, Revoked] = {}
    for one in found:
        reason = RevocationReason.UNSPECIFIED
        for extension in one.extensions:
            if extension.oid == CRLEntryExtensionOID.CRL_REASON:
                assert isinstance(extension.value, x509.CRLReason)  # noqa: S101 - its oid says so
                reason = _REASONS.get(extension.value.reason, RevocationReason.UNSPECIFIED)
            elif extension.critical:
                raise CertificateExtensionUnknown(extension=extension.oid.dotted_string)
        at = one.revocation_date_utc.astimezone(UTC)
        entries[one.serial_number] = Revoked(one.serial_number, at, reason)
    return entries
