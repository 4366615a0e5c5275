"""One certificate with an SM2 key and an SM2 signature: parsed strictly, its signature not yet verified."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final, TypeVar

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID

from crypto.errors import (
    CertificateAlgorithmRefused,
    CertificateExtensionUnknown,
    CertificateMalformed,
    CertificateNameUnusable,
    CertificateUseRefused,
    SignatureMalformed,
)
from crypto.explained import Text
from crypto.pki.role import ROLES_BY_USAGE, Role
from crypto.pki.structure import SM2_WITH_SM3, CertificateBody, key_of, require_one_signature
from crypto.sm2 import DEFAULT_SIGNER_ID, PublicKey, signature_from_der

MAX_CERTIFICATE_BYTES: Final = 8192
MAX_SERIAL_BITS: Final = 160  # RFC 5280 §4.1.2.2
MAX_NAME_CHARACTERS: Final = 64  # ub-common-name, RFC 5280 Appendix A
MAX_KEY_ID_BYTES: Final = 32
TEST_PREFIX: Final = "TEST"
_PEM_BEGIN: Final = b"-----BEGIN "

_KNOWN_EXTENSIONS: Final = frozenset(
    (
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.PRIVATE_KEY_USAGE_PERIOD,
    )
)
# What `cryptography` raises for bytes that are no certificate: KeyError for a TLS feature that it does not
# know, and warnings, where they are errors, for serial numbers below 1 and names of unusual length.
PARSE_ERRORS: Final = (
    ValueError,
    TypeError,
    KeyError,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
    UserWarning,
)
Parsed = TypeVar("Parsed")
ExtensionT = TypeVar("ExtensionT", bound=x509.ExtensionType)


@dataclass(frozen=True)
class Certificate:
    """What a certificate says; `crypto.pki.chain` finds out whether that is so.

    Attributes:
        pem, der: its bytes.
        common_name: the subject's; the only part of a name that is looked at.
        public_key: the subject's.
        role: what it is for.
        serial: unique for its issuer.
        not_before, not_after: when it is valid, UTC, both included.
        key_id: subject key identifier; for a card issuer the 8 bytes that credentials name.
        authority_key_id: its issuer's key id.
        path_length: how many authorities may stand below this one; None for any number, or for a leaf.
        signing_period: first and last day on which the key may sign (RFC 3280 §4.2.1.4); a card issuer's.
        subject, issuer: names in DER.
    """

    pem: bytes = field(repr=False)
    der: bytes = field(repr=False)
    common_name: str
    public_key: PublicKey
    role: Role
    serial: int
    not_before: datetime
    not_after: datetime
    key_id: bytes
    authority_key_id: bytes
    path_length: int | None
    signing_period: tuple[date, date] | None
    subject: bytes = field(repr=False)
    issuer: bytes = field(repr=False)
    _body: bytes = field(repr=False)
    _signature: bytes = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes) -> Certificate:
        """The one certificate in a PEM file. Raises a CertificateRefused."""
        return cls._of(parsed(x509.load_pem_x509_certificate, pem, one_pem(pem, b"CERTIFICATE")))

    @classmethod
    def from_bytes(cls, der: bytes) -> Certificate:
        """The certificate in DER. Raises a CertificateRefused."""
        if len(der) > MAX_CERTIFICATE_BYTES:
            raise CertificateMalformed(detail=TOO_LONG)
        return cls._of(parsed(x509.load_der_x509_certificate, der, None))

    @property
    def is_test(self) -> bool:
        """Whether it is marked as one for tests."""
        return self.common_name.startswith(TEST_PREFIX)

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer have the same name, as a root's have."""
        return self.subject == self.issuer

    def is_signed_by(self, key: PublicKey, signer_id: bytes = DEFAULT_SIGNER_ID) -> bool:
        """Whether this key signed the certificate."""
        return key.verify(self._signature, self._body, signer_id)

    @classmethod
    def _of(cls, found: x509.Certificate) -> Certificate:
        if found.signature_algorithm_oid != SM2_WITH_SM3:
            raise CertificateAlgorithmRefused(algorithm=found.signature_algorithm_oid.dotted_string)
        body = parsed(lambda data: asn1.decode_der(CertificateBody, data), found.tbs_certificate_bytes, None)
        der = found.public_bytes(Encoding.DER)
        parsed(lambda data: require_one_signature(data, body.signature), der, None)
        extensions = parsed(lambda _: found.extensions, b"", None)
        for extension in extensions:
            if extension.critical and extension.oid not in _KNOWN_EXTENSIONS:
                raise CertificateExtensionUnknown(extension=extension.oid.dotted_string)
        if not 0 < found.serial_number < 2**MAX_SERIAL_BITS:
            raise CertificateMalformed(
                detail=Text(zh="序列号超出范围", en="its serial number is out of range")
            )
        subject = parsed(lambda _: found.subject, b"", None)
        issuer = parsed(lambda _: found.issuer, b"", None)
        role = _role(extensions, is_self_issued=subject == issuer)
        constraints = _value(extensions, x509.BasicConstraints)
        period = _value(extensions, x509.PrivateKeyUsagePeriod)
        key_id = _value(extensions, x509.SubjectKeyIdentifier)
        authority = _value(extensions, x509.AuthorityKeyIdentifier)
        if key_id is None or not 0 < len(key_id.digest) <= MAX_KEY_ID_BYTES:
            raise CertificateMalformed(detail=Text(zh="没有可用的密钥标识", en="it has no usable key id"))
        return cls(
            pem=found.public_bytes(Encoding.PEM),
            der=der,
            common_name=common_name(subject),
            public_key=key_of(body.key),
            role=role,
            serial=found.serial_number,
            not_before=found.not_valid_before_utc,
            not_after=found.not_valid_after_utc,
            key_id=key_id.digest,
            authority_key_id=(authority.key_identifier or b"") if authority else b"",
            path_length=constraints.path_length if constraints else None,
            signing_period=_days(period),
            subject=subject.public_bytes(),
            issuer=issuer.public_bytes(),
            _body=found.tbs_certificate_bytes,
            _signature=_signature(found.signature),
        )


TOO_LONG: Final = Text(zh="文件过大", en="it is too long")


def one_pem(data: bytes, label: bytes, limit: int = MAX_CERTIFICATE_BYTES) -> Text | None:
    """What is wrong with a file that should be one PEM block of this label and nothing else; None if fine."""
    if len(data) > limit:
        return TOO_LONG
    lines = data.strip().splitlines()
    if data.count(_PEM_BEGIN) != 1 or not lines:
        return Text(zh="应当恰好有一个 PEM 块", en="it should be one PEM block")
    if lines[0].strip() != b"-----BEGIN " + label + b"-----":
        return Text(zh="PEM 块之前有别的内容，或类型不对", en="something precedes its PEM block")
    if lines[-1].strip() != b"-----END " + label + b"-----":
        return Text(zh="PEM 块之后有别的内容", en="something follows its PEM block")
    return None


def parsed(read: Callable[[bytes], Parsed], data: bytes, fault: Text | None) -> Parsed:
    """What `cryptography` reads out of the bytes. Raises CertificateMalformed."""
    if fault is not None:
        raise CertificateMalformed(detail=fault)
    try:
        return read(data)
    except PARSE_ERRORS as error:
        raise CertificateMalformed(detail=Text(zh="文件无法解析", en="it can't be parsed")) from error


def common_name(name: x509.Name) -> str:
    """The one common name. Raises CertificateNameUnusable."""
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(found) != 1 or not isinstance(found[0].value, str):
        raise CertificateNameUnusable
    text = found[0].value
    if not 0 < len(text) <= MAX_NAME_CHARACTERS or not text.isprintable():
        raise CertificateNameUnusable
    return text


def _signature(der: bytes) -> bytes:
    try:
        return signature_from_der(der)
    except SignatureMalformed as error:
        raise CertificateMalformed(
            detail=Text(zh="签名编码不规范", en="its signature is not in its one encoding")
        ) from error


def _value(extensions: x509.Extensions, kind: type[ExtensionT]) -> ExtensionT | None:
    try:
        return extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _days(period: x509.PrivateKeyUsagePeriod | None) -> tuple[date, date] | None:
    if period is None:
        return None
    if period.not_before is None or period.not_after is None or period.not_before > period.not_after:
        raise CertificateMalformed(
            detail=Text(zh="私钥使用期不完整", en="the period in which its key signs is not complete")
        )
    first, last = (moment.replace(tzinfo=UTC).date() for moment in (period.not_before, period.not_after))
    return first, last


def _role(extensions: x509.Extensions, *, is_self_issued: bool) -> Role:
    """The role that basic constraints, key usage and extended key usage agree on."""
    constraints = _value(extensions, x509.BasicConstraints)
    usage = _value(extensions, x509.KeyUsage)
    extended = _value(extensions, x509.ExtendedKeyUsage)
    if constraints is None or usage is None:
        raise CertificateUseRefused(detail=Text(zh="没有写明用途", en="it does not say what it is for"))
    if constraints.ca:
        role = Role.ROOT if is_self_issued else Role.PROVINCE
    else:
        roles = [ROLES_BY_USAGE[oid] for oid in extended or () if oid in ROLES_BY_USAGE]
        if len(roles) != 1:
            raise CertificateUseRefused(detail=Text(zh="没有写明唯一的用途", en="it does not name one use"))
        role = roles[0]
    wanted = role.key_usage
    for name in ("key_cert_sign", "crl_sign", "digital_signature", "key_encipherment"):
        if getattr(wanted, name) and not getattr(usage, name):
            raise CertificateUseRefused(
                detail=Text(zh=f"密钥用法不含 {name}", en=f"its key usage lacks {name}")
            )
    return role
