"""X.509 certificates with SM2 keys (GB/T 20518, signature OID 1.2.156.10197.1.501).

libcrypto builds and verifies them; `cryptography` reads their fields. Both ways interoperable with `openssl`
(signer id 1234567812345678). Only what enrolment needs: a root, requests, certificates that the root issues.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.x509.oid import NameOID

from crypto.errors import CertificateRefused, KeyMalformed
from crypto.libcrypto import NULL, check, ffi, lib, memory_reader, memory_writer, owned, take_error, written
from crypto.sm2 import DEFAULT_SIGNER_ID, PrivateKey, PublicKey, digest_context

MAX_CERTIFICATE_BYTES: Final = 8192
MAX_NAME_CHARACTERS: Final = 64  # ub-common-name, RFC 5280 Appendix A
_MBSTRING_UTF8: Final = 0x1000
_VERSION_3: Final = 2
_SM2_WITH_SM3: Final = "1.2.156.10197.1.501"


@dataclass(frozen=True)
class Certified:
    """What a verified certificate says: whose key this is."""

    common_name: str
    public_key: PublicKey


def make_root(key: PrivateKey, common_name: str, not_before: datetime, days: int) -> bytes:
    """A self-signed CA certificate, PEM."""
    return _certificate(
        subject=common_name,
        subject_handle=key.handle,
        issuer=common_name,
        issuer_key=key,
        serial=1,
        not_before=not_before,
        days=days,
        extensions=(("basicConstraints", "critical,CA:TRUE"), ("keyUsage", "critical,keyCertSign,cRLSign")),
    )


def make_csr(key: PrivateKey, common_name: str) -> bytes:
    """A certificate request (PKCS #10) signed by `key`, PEM."""
    request = owned(lib.X509_REQ_new(), lib.X509_REQ_free, "X509_REQ_new")
    name = _name(common_name)
    check(lib.X509_REQ_set_version(request, 0), "X509_REQ_set_version")
    check(lib.X509_REQ_set_subject_name(request, name), "X509_REQ_set_subject_name")
    check(lib.X509_REQ_set_pubkey(request, key.handle), "X509_REQ_set_pubkey")
    _sign(lib.X509_REQ_sign_ctx, request, key)
    bio = memory_writer()
    check(lib.PEM_write_bio_X509_REQ(bio, request), "PEM_write_bio_X509_REQ")
    return written(bio)


def read_csr(csr_pem: bytes) -> Certified:
    """Name and key that a request asks to certify, its own signature verified. Raises CertificateRefused."""
    request = _read(csr_pem, lib.PEM_read_bio_X509_REQ, lib.X509_REQ_free)
    handle = owned(lib.X509_REQ_get_pubkey(request), lib.EVP_PKEY_free, "X509_REQ_get_pubkey")
    lib.X509_REQ_set0_distinguishing_id(request, _signer_id())
    if lib.EVP_PKEY_is_a(handle, b"SM2") != 1 or lib.X509_REQ_verify(request, handle) != 1:
        lib.ERR_clear_error()
        raise CertificateRefused(detail="the request is not signed by its own SM2 key")
    try:
        subject = x509.load_pem_x509_csr(csr_pem).subject
    except ValueError as error:
        raise CertificateRefused(detail="the request can't be parsed") from error
    return Certified(_common_name(subject), PublicKey(handle))


def issue_certificate(
    subject: Certified, ca_key: PrivateKey, ca_pem: bytes, *, serial: int, not_before: datetime, days: int
) -> bytes:
    """A certificate for `subject`'s key, for signatures only, issued by the CA. PEM."""
    return _certificate(
        subject=subject.common_name,
        subject_handle=subject.public_key.handle,
        issuer=_common_name(_parse(ca_pem).subject),
        issuer_key=ca_key,
        serial=serial,
        not_before=not_before,
        days=days,
        extensions=(("basicConstraints", "critical,CA:FALSE"), ("keyUsage", "critical,digitalSignature")),
    )


def verify_certificate(pem: bytes, ca_pem: bytes, at: datetime) -> Certified:
    """What a certificate says, once the CA's signature, its validity at `at` and its use are checked.

    Raises CertificateRefused, each reason its own words.
    """
    certificate, authority = _parse(pem), _parse(ca_pem)
    if certificate.signature_algorithm != _SM2_WITH_SM3:
        raise CertificateRefused(detail="it is not signed with SM2")
    if certificate.issuer != authority.subject:
        raise CertificateRefused(detail="another authority issued it")
    handle = _read(pem, lib.PEM_read_bio_X509, lib.X509_free)
    ca_handle = _read(ca_pem, lib.PEM_read_bio_X509, lib.X509_free)
    ca_key = owned(lib.X509_get_pubkey(ca_handle), lib.EVP_PKEY_free, "X509_get_pubkey")
    lib.X509_set0_distinguishing_id(handle, _signer_id())
    if lib.X509_verify(handle, ca_key) != 1:
        lib.ERR_clear_error()
        raise CertificateRefused(detail="the authority's signature is wrong")
    for name, one in (("it", certificate), ("the authority's certificate", authority)):
        if at < one.not_before:
            raise CertificateRefused(detail=f"{name} is not valid yet")
        if at > one.not_after:
            raise CertificateRefused(detail=f"{name} has expired")
    _require_use(certificate, authority)
    key = owned(lib.X509_get_pubkey(handle), lib.EVP_PKEY_free, "X509_get_pubkey")
    try:
        return Certified(_common_name(certificate.subject), PublicKey(key))
    except KeyMalformed as error:
        raise CertificateRefused(detail="its key is no SM2 key") from error


def _require_use(certificate: _Fields, authority: _Fields) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        is_authority = authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        known = {x509.KeyUsage.oid, x509.BasicConstraints.oid}
        unknown = [one.oid for one in certificate.extensions if one.critical and one.oid not in known]
    except x509.ExtensionNotFound as error:
        raise CertificateRefused(detail="it does not say what it is for") from error
    if unknown:
        raise CertificateRefused(detail=f"critical extension {unknown[0].dotted_string} is not known")
    if not usage.digital_signature:
        raise CertificateRefused(detail="it is not for signatures")
    if not is_authority:
        raise CertificateRefused(detail="its issuer is no authority")


def _certificate(
    *,
    subject: str,
    subject_handle: Any,
    issuer: str,
    issuer_key: PrivateKey,
    serial: int,
    not_before: datetime,
    days: int,
    extensions: tuple[tuple[str, str], ...],
) -> bytes:
    certificate = owned(lib.X509_new(), lib.X509_free, "X509_new")
    check(lib.X509_set_version(certificate, _VERSION_3), "X509_set_version")
    check(
        lib.ASN1_INTEGER_set_uint64(lib.X509_get_serialNumber(certificate), serial),
        "ASN1_INTEGER_set_uint64",
    )
    subject_name, issuer_name = _name(subject), _name(issuer)
    check(lib.X509_set_subject_name(certificate, subject_name), "X509_set_subject_name")
    check(lib.X509_set_issuer_name(certificate, issuer_name), "X509_set_issuer_name")
    check(lib.X509_set_pubkey(certificate, subject_handle), "X509_set_pubkey")
    _set_time(lib.X509_getm_notBefore(certificate), not_before)
    _set_time(lib.X509_getm_notAfter(certificate), not_before + timedelta(days=days))
    for name, value in extensions:
        _add_extension(certificate, name, value)
    _sign(lib.X509_sign_ctx, certificate, issuer_key)
    bio = memory_writer()
    check(lib.PEM_write_bio_X509(bio, certificate), "PEM_write_bio_X509")
    return written(bio)


def _sign(sign_ctx: Any, unsigned: Any, key: PrivateKey) -> None:
    context, pkey_context = digest_context(key.handle)
    digest = lib.EVP_sm3()
    check(lib.EVP_DigestSignInit(context, NULL, digest, NULL, key.handle), "EVP_DigestSignInit")
    check(sign_ctx(unsigned, context), "signing a certificate or request")
    del pkey_context


def _add_extension(certificate: Any, name: str, value: str) -> None:
    context = ffi.new("X509V3_CTX *")
    lib.X509V3_set_ctx(context, NULL, certificate, NULL, NULL, 0)
    number = lib.OBJ_txt2nid(name.encode())
    pointer = lib.X509V3_EXT_conf_nid(NULL, context, number, value.encode())
    extension = owned(pointer, lib.X509_EXTENSION_free, "X509V3_EXT_conf_nid")
    check(lib.X509_add_ext(certificate, extension, -1), "X509_add_ext")


def _set_time(field: Any, moment: datetime) -> None:
    if lib.ASN1_TIME_set(field, int(moment.astimezone(UTC).timestamp())) == NULL:
        check(0, "ASN1_TIME_set")


def _name(common_name: str) -> Any:
    encoded = common_name.encode()
    if not 0 < len(common_name) <= MAX_NAME_CHARACTERS:
        raise CertificateRefused(detail="a name has 1 to 64 characters")
    name = owned(lib.X509_NAME_new(), lib.X509_NAME_free, "X509_NAME_new")
    result = lib.X509_NAME_add_entry_by_txt(name, b"CN", _MBSTRING_UTF8, encoded, len(encoded), -1, 0)
    check(result, "X509_NAME_add_entry_by_txt")
    return name


def _signer_id() -> Any:
    """A fresh ASN.1 string with the default signer id; whoever takes it by `set0` frees it."""
    text = lib.ASN1_OCTET_STRING_new()
    check(lib.ASN1_OCTET_STRING_set(text, DEFAULT_SIGNER_ID, len(DEFAULT_SIGNER_ID)), "ASN1_OCTET_STRING_set")
    return text


def _read(pem: bytes, read: Any, free: Any) -> Any:
    if len(pem) > MAX_CERTIFICATE_BYTES:
        raise CertificateRefused(detail="the file is too long")
    pointer = read(memory_reader(pem), NULL, NULL, ffi.from_buffer(b"\x00"))
    if pointer == NULL:
        raise CertificateRefused(detail=f"the file can't be parsed ({take_error()})")
    return ffi.gc(pointer, free)


@dataclass(frozen=True)
class _Fields:
    signature_algorithm: str
    issuer: x509.Name
    subject: x509.Name
    not_before: datetime
    not_after: datetime
    extensions: x509.Extensions


def _parse(pem: bytes) -> _Fields:
    """Every field that is looked at, read at once: `cryptography` parses each only when asked for it."""
    if len(pem) > MAX_CERTIFICATE_BYTES:
        raise CertificateRefused(detail="the file is too long")
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        return _Fields(
            certificate.signature_algorithm_oid.dotted_string,
            certificate.issuer,
            certificate.subject,
            certificate.not_valid_before_utc,
            certificate.not_valid_after_utc,
            certificate.extensions,
        )
    except (ValueError, x509.InvalidVersion, x509.DuplicateExtension) as error:
        raise CertificateRefused(detail="the file can't be parsed") from error


def _common_name(name: x509.Name) -> str:
    found = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(found) != 1 or not isinstance(found[0].value, str) or not found[0].value:
        raise CertificateRefused(detail="it has no single common name")
    return found[0].value
