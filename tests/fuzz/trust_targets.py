"""What is fuzzed of keys, certificates, sealing and content: what the centre, a disk or a chip hands over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Final

from card.signing_card.data_objects import (
    KeyDescription,
    SigningCardFci,
    public_key_from_bytes,
    public_key_to_bytes,
)
from crypto.content_signature import SignedContext, verify_content
from crypto.errors import CryptoError
from crypto.explained import ExplainedError
from crypto.issuer_request import IssuerRequest
from crypto.keystore.key_file import KeyFile
from crypto.keystore.settings import KeystoreFile
from crypto.pki.certificate import Certificate
from crypto.pki.chain import verify_chain
from crypto.pki.request import read_request
from crypto.pki.revocation import RevocationList
from crypto.sealing import SegmentOpener
from crypto.sm2 import PrivateKey, PublicKey, signature_from_der, signature_to_der
from crypto.trust import TrustDocument, TrustStore
from terminal.content.manifest import SignedManifest
from terminal.errors import TerminalError
from terminal.hotlist import base, delta, reasons
from terminal.hotlist.base import HotlistBase
from terminal.hotlist.card_hash import mix
from terminal.hotlist.delta import HotlistDelta
from terminal.hotlist.framing import frame
from terminal.hotlist.hotlist import Hotlist
from terminal.hotlist.reasons import HotlistReasons
from terminal.hotlist.standing_list import BASE_MAGIC, DELTA_MAGIC, StandingList
from tests.fuzz import fixed_trust
from tests.fuzz.fixed_trust import AUTHORITY, CLEAR, CONTENT, DAY, KEY, NOW, RECORD, SEGMENT_HEADER

SIGNATURE_BYTES: Final = 64
LISTED: Final = 60  # of fixed_trust.hotlist()


def signature_der(data: bytes) -> bool:
    """A signature as openssl and X.509 write it."""
    try:
        signature = signature_from_der(data)
    except CryptoError:
        return False
    assert signature_to_der(signature) == data
    return True


def sm2_point(data: bytes) -> bool:
    """A public key as a card sends it."""
    try:
        key = PublicKey.from_point(data)
    except CryptoError:
        return False
    assert data in (key.point, key.long_point)
    return True


def sm2_pem(data: bytes) -> bool:
    """A key file, public or private."""
    is_taken = False
    for kind in (PublicKey, PrivateKey):
        try:
            key = kind.from_pem(data)
        except CryptoError:
            continue
        assert kind.from_pem(key.to_pem()).to_pem() == key.to_pem()
        is_taken = True
    return is_taken


def trust_store(data: bytes) -> bool:
    """A trust store, and the chains in it."""
    try:
        document = TrustDocument.from_bytes(data)
        assert TrustDocument.from_bytes(document.to_bytes()) == document
        store = TrustStore.from_bytes(data, AUTHORITY.root, NOW)
    except CryptoError:
        return False
    assert store.content_key == KEY.public_key, "a key that the root never certified"
    return True


def segment_header(data: bytes) -> bool:
    """What a segment of sealed records begins with."""
    return _is_taken(partial(SegmentOpener, KEY), data)


def sealed_record(data: bytes) -> bool:
    """A record's index, two bytes, and its ciphertext: nobody makes one without the segment's key."""
    index, ciphertext = int.from_bytes(data[:2], "big"), data[2:]
    try:
        opened = _opener().open(index, ciphertext, CLEAR)
    except CryptoError:
        return False
    assert (index, opened) == (0, RECORD), "a record was made without the key"
    return True


@cache
def _opener() -> SegmentOpener:
    return SegmentOpener(KEY, SEGMENT_HEADER)


def content_signature(data: bytes) -> bool:
    """A signature, and what it is said to sign: nobody makes one without the key."""
    signature, content = data[:SIGNATURE_BYTES], data[SIGNATURE_BYTES:]
    try:
        verify_content(KEY.public_key, SignedContext.RECEIPT, content, signature)
    except CryptoError:
        return False
    assert content == CONTENT, "a signature was made without the key"
    return True


def certificate(data: bytes) -> bool:
    """A certificate in DER."""
    try:
        found = Certificate.from_bytes(data)
    except CryptoError:
        return False
    assert found.der == data
    assert Certificate.from_pem(found.pem) == found
    return True


def certificate_chain(data: bytes) -> bool:
    """A certificate in PEM, led back to the root: nobody makes one without an authority's key."""
    try:
        found = Certificate.from_pem(data)
        verify_chain(found, (AUTHORITY.province,), AUTHORITY.root, NOW, found.role)
    except CryptoError:
        return False
    assert found.is_signed_by(KEY.public_key)
    assert found.public_key == KEY.public_key, "a certificate was made without the key"
    return True


def certificate_request(data: bytes) -> bool:
    """A request to certify a key, in PEM."""
    return _is_taken(read_request, data)


def revocation_list(data: bytes) -> bool:
    """A revocation list in PEM."""
    return _is_taken(RevocationList.from_pem, data)


def issuer_request(data: bytes) -> bool:
    """What an issuer sends to have its key certified."""
    try:
        found = IssuerRequest.from_bytes(data)
    except CryptoError:
        return False
    assert IssuerRequest.from_bytes(found.to_bytes()) == found
    return True


def key_file(data: bytes) -> bool:
    """A keystore's file: nobody makes one that opens without the wrapping key."""
    try:
        found = KeyFile.from_bytes(data)
        assert found.to_bytes() == data
        opened = found.open(fixed_trust.WRAPPING_KEY, fixed_trust.KIND, fixed_trust.NAME)
    except CryptoError:
        return False
    assert opened == KEY.to_pem(), "a key file was made without the wrapping key"
    return True


def keystore_settings(data: bytes) -> bool:
    """keystore.toml."""
    try:
        found = KeystoreFile.from_bytes(data)
    except CryptoError:
        return False
    assert KeystoreFile.from_bytes(found.to_bytes()) == found
    return True


def manifest(data: bytes) -> bool:
    """A publication's manifest."""
    try:
        signed = SignedManifest.from_bytes(data)
        assert signed.to_bytes() == data
        found = signed.unverified()
    except TerminalError:
        return False
    assert found.to_bytes() == signed.data
    return True


def hotlist_base(data: bytes) -> bool:
    """A hotlist, as a file and, since a checksum ends it, as what stands between head and checksum."""
    is_taken = False
    for whole in (data, frame(base.MAGIC, 1, DAY, data)):
        try:
            found = HotlistBase.from_bytes(whole)
        except TerminalError:
            continue
        for card in range(16):
            found.listed.holds(mix(card))
        is_taken = True
    return is_taken


def hotlist_delta(data: bytes) -> bool:
    """A day's changes, likewise."""
    is_taken = False
    for whole in (data, frame(delta.MAGIC, 1, DAY, data)):
        try:
            found = HotlistDelta.from_bytes(whole)
        except TerminalError:
            continue
        assert len(found.cards) == len(found.states)
        is_taken = True
    return is_taken


def hotlist_reasons(data: bytes) -> bool:
    """Why cards are listed, likewise."""
    is_taken = False
    for whole in (data, frame(reasons.MAGIC, 1, DAY, data)):
        try:
            found = HotlistReasons.from_bytes(whole, LISTED)
        except TerminalError:
            continue
        for card in range(16):
            found.reason(mix(card))
        is_taken = True
    return is_taken


def hotlist_files(data: bytes) -> bool:
    """A day's changes on a base that is held."""
    held, why, _ = _hotlist()
    try:
        found = Hotlist.from_files(held, (data,), why)
    except TerminalError:
        return False
    found.status(bytes(8), DAY)
    return True


@cache
def _hotlist() -> tuple[bytes, bytes, bytes]:
    return fixed_trust.hotlist()


def standing_list(data: bytes) -> bool:
    """A standing list, as a file and as what stands between head and checksum."""
    return _is_list((data,), (frame(BASE_MAGIC, 1, DAY, data),))


def standing_list_delta(data: bytes) -> bool:
    """A standing list's changes on a base that is held, likewise."""
    held, _ = _standing_list()
    return _is_list((held, data), (held, frame(DELTA_MAGIC, 8, DAY, data)))


def _is_list(*forms: tuple[bytes, ...]) -> bool:
    is_taken = False
    for form in forms:
        try:
            found = StandingList.from_files("minors", *form)
        except TerminalError:
            continue
        for card in range(16):
            found.holds(mix(card), DAY)
        is_taken = True
    return is_taken


@cache
def _standing_list() -> tuple[bytes, bytes]:
    return fixed_trust.standing_list()


def signing_card(data: bytes) -> bool:
    """A signing card's answers."""
    is_taken = False
    for kind in (SigningCardFci, KeyDescription):
        try:
            found = kind.from_bytes(data)
        except ExplainedError:
            continue
        assert found.to_bytes() == data
        is_taken = True
    try:
        key = public_key_from_bytes(data)
    except ExplainedError:
        return is_taken
    assert public_key_to_bytes(key) == data
    return True


def _is_taken(parse: Callable[[bytes], object], data: bytes) -> bool:
    try:
        parse(data)
    except CryptoError:
        return False
    return True


TRUST_TARGETS: Final[Mapping[str, Callable[[bytes], bool]]] = MappingProxyType(
    {
        "signature-der": signature_der,
        "sm2-point": sm2_point,
        "sm2-pem": sm2_pem,
        "trust-store": trust_store,
        "segment-header": segment_header,
        "sealed-record": sealed_record,
        "content-signature": content_signature,
        "certificate": certificate,
        "certificate-chain": certificate_chain,
        "certificate-request": certificate_request,
        "revocation-list": revocation_list,
        "issuer-request": issuer_request,
        "key-file": key_file,
        "keystore-settings": keystore_settings,
        "manifest": manifest,
        "hotlist-base": hotlist_base,
        "hotlist-delta": hotlist_delta,
        "hotlist-reasons": hotlist_reasons,
        "hotlist-files": hotlist_files,
        "standing-list": standing_list,
        "standing-list-delta": standing_list_delta,
        "signing-card": signing_card,
    }
)
