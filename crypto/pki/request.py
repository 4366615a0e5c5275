"""Certificate requests (PKCS #10, RFC 2986) with SM2 keys: what an applicant signs and an authority reads."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from crypto.errors import (
    CertificateAlgorithmRefused,
    CertificateNameUnusable,
    CertificateRequestForged,
    SignatureMalformed,
)
from crypto.pki.certificate import common_name, one_pem, parsed
from crypto.pki.structure import (
    SM2_WITH_SM3,
    ForeignRequestBody,
    RequestBody,
    key_info,
    key_of,
    raw,
    require_one_signature,
    signed,
)
from crypto.signer import Signer
from crypto.sm2 import DEFAULT_SIGNER_ID, PublicKey, signature_from_der


@dataclass(frozen=True)
class Requested:
    """What a request asks to certify, its own signature verified."""

    common_name: str
    public_key: PublicKey


def make_request(signer: Signer, name: str, signer_id: bytes = DEFAULT_SIGNER_ID) -> bytes:
    """A request for this key under this common name, PEM. Raises CertificateNameUnusable."""
    body = asn1.encode_der(
        RequestBody(
            version=0,
            subject=raw(name_of(name).public_bytes()),
            key=key_info(signer.public_key),
            attributes=asn1.SetOf([]),
        )
    )
    der = signed(body, signer.sign(body, signer_id))
    return x509.load_der_x509_csr(der).public_bytes(Encoding.PEM)


def read_request(pem: bytes, signer_id: bytes = DEFAULT_SIGNER_ID) -> Requested:
    """Name and key that a request asks to certify. Raises a CertificateRefused.

    The request's signature by that key is verified: nobody gets a certificate for another's key.
    """
    fault = one_pem(pem, b"CERTIFICATE REQUEST")
    found = parsed(x509.load_pem_x509_csr, pem, fault)
    if found.signature_algorithm_oid != SM2_WITH_SM3:
        raise CertificateAlgorithmRefused(algorithm=found.signature_algorithm_oid.dotted_string)
    parsed(lambda data: require_one_signature(data, None), found.public_bytes(Encoding.DER), None)
    body = found.tbs_certrequest_bytes
    key = key_of(parsed(lambda data: asn1.decode_der(ForeignRequestBody, data), body, None).key)
    try:
        signature = signature_from_der(found.signature)
    except SignatureMalformed as error:
        raise CertificateRequestForged from error
    if not key.verify(signature, body, signer_id):
        raise CertificateRequestForged
    return Requested(common_name(parsed(lambda _: found.subject, b"", None)), key)


def name_of(text: str) -> x509.Name:
    """A name that is one common name in UTF-8. Raises CertificateNameUnusable."""
    try:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
    except ValueError as error:
        raise CertificateNameUnusable from error
    common_name(name)
    return name
