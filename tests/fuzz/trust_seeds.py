"""Where fuzzing of keys, certificates, sealing and content starts."""

from __future__ import annotations

from functools import cache

from card.signing_card.data_objects import KeyDescription, SigningCardFci, public_key_to_bytes
from crypto.sm2 import signature_to_der
from tests.fuzz import fixed_trust
from tests.fuzz.fixed_trust import KEY, SEGMENT_HEADER

KEYSTORE_TOML = b'kind = "card"\n\n[settings]\nreader = "Virtual PCD 00 00"\ncard = "0011223344556677"\n'


@cache
def trust_seeds() -> dict[str, list[bytes]]:
    """Inputs that each target of `trust_targets` accepts."""
    certificates = fixed_trust.certificates()
    base, reasons, delta = fixed_trust.hotlist()
    list_base, list_delta = fixed_trust.standing_list()
    record = fixed_trust.sealed_record()
    trust = fixed_trust.trust_document()
    public = KEY.public_key
    return {
        "signature-der": [signature_to_der(KEY.sign(b"x")), bytes.fromhex("3006020101020101")],
        "sm2-point": [public.point, public.long_point],
        "sm2-pem": [public.to_pem(), KEY.to_pem()],
        "trust-store": [trust.to_bytes()],
        "segment-header": [SEGMENT_HEADER],
        "sealed-record": [record.index.to_bytes(2, "big") + record.ciphertext],
        "content-signature": [fixed_trust.signed_content()],
        "certificate": [one.der for one in certificates],
        "certificate-chain": [one.pem for one in certificates[1:]],
        "certificate-request": fixed_trust.requests(),
        "revocation-list": [one.encode() for one in trust.revocations],
        "issuer-request": [fixed_trust.issuer_request().to_bytes()],
        "key-file": [fixed_trust.key_file()],
        "keystore-settings": [KEYSTORE_TOML],
        "manifest": [fixed_trust.signed_manifest().to_bytes()],
        # The files, and what stands in them between head and checksum.
        "hotlist-base": [base, base[16:-4]],
        "hotlist-delta": [delta, delta[16:-4]],
        "hotlist-reasons": [reasons, reasons[16:-4]],
        "hotlist-files": [delta],
        "standing-list": [list_base, list_base[16:-4]],
        "standing-list-delta": [list_delta, list_delta[16:-4]],
        "signing-card": [
            SigningCardFci(bytes(range(8))).to_bytes(),
            KeyDescription(1, "issuer").to_bytes(),
            public_key_to_bytes(public),
        ],
    }
