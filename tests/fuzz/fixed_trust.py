"""Keys that are the same in every process, so that what they signed and sealed is a seed for any of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final

from crypto.content_signature import SignedContext, sign_content
from crypto.issuer_request import IssuerRequest
from crypto.keystore.key_file import KeyFile
from crypto.pki.certificate import Certificate
from crypto.pki.request import make_request
from crypto.sealing import SealedRecord, SegmentSealer
from crypto.sm2 import PrivateKey
from crypto.trust import IssuerKey, TrustDocument
from terminal.content.manifest import FORMAT, TRUST, Manifest, ManifestFile, SignedManifest, sign_manifest
from terminal.hotlist.building import Issued, Listed, build_base, build_delta, build_reasons
from terminal.hotlist.hotlist import Hotlist
from terminal.hotlist.reason import REASONS
from terminal.hotlist.standing_list import StandingList
from terminal.hotlist.standing_list_building import build_list, build_list_delta
from tests.authority import TestAuthority
from tests.fuzz.fixed_cards import same_randoms
from tests.terminal.hotlists import members_of

# The key of GM/T 0003.5-2012 Annex A.
KEY: Final = PrivateKey.from_pem(b"""-----BEGIN PRIVATE KEY-----
MEECAQAwEwYHKoZIzj0CAQYIKoEcz1UBgi0EJzAlAgEBBCA5RSCPeyFEsT8244rG
05+ViJOTaShgtRpC+4HvTffFuA==
-----END PRIVATE KEY-----
""")
NOW: Final = datetime(2026, 11, 24, tzinfo=UTC)
DAY: Final = date(2026, 11, 1)
ISSUER_ID: Final = b"TEST\x00\x00\x00\x01"
CONTENT: Final = b"what the centre says"
RECORD: Final = b"who and why"
CLEAR: Final = b"clear part"
WRAPPING_KEY: Final = bytes(range(16))
KIND, NAME = "plain", "terminal"

# An encryption of the bytes 00 to 1F to KEY: the seed that `same_randoms` gives to a sealer.
SEGMENT_HEADER: Final = bytes.fromhex(
    "308189022100a92ae2739f009a0b5b818a649d5f6fb079446349d9c4ffb5df323589999edbd3022004d7b39ec3ef0d79d8ed"
    "302541cabb9bcac41e3405e68b7769c04964402cfbe9042079b1cad9d6cae3f5608385d81a07c0eb2efadfefad7bb161be80"
    "e320a2443fde0420f7db1dce793cf3d22b1a69aa9cc232863542facf729d97ea210b6a049a665a86"
)


def authority() -> TestAuthority:
    """An authority of which all keys are KEY, with one issuer, revoked."""
    made = TestAuthority(KEY, KEY, KEY, KEY, KEY)
    made.add_issuer(IssuerKey(ISSUER_ID, KEY.public_key, DAY, date(2030, 1, 1)))
    made.revoke(ISSUER_ID)
    return made


AUTHORITY: Final = authority()


def certificates() -> list[Certificate]:
    """One of each role."""
    return [AUTHORITY.root, AUTHORITY.province, *AUTHORITY.own, *AUTHORITY.issuers.values()]


def trust_document() -> TrustDocument:
    """A whole trust store."""
    return AUTHORITY.trust(1)


def requests() -> list[bytes]:
    """Requests in PEM."""
    return [make_request(KEY, "TEST terminal")]


def issuer_request() -> IssuerRequest:
    """What an issuer sends to the province."""
    return IssuerRequest.make(KEY, IssuerKey(ISSUER_ID, KEY.public_key, DAY, date(2030, 1, 1)))


def sealed_record() -> SealedRecord:
    """The one record that the segment of SEGMENT_HEADER holds."""
    with same_randoms():
        return SegmentSealer(KEY.public_key).seal(RECORD, CLEAR)


def signed_content() -> bytes:
    """A signature of the centre, and what it signed."""
    return sign_content(KEY, SignedContext.RECEIPT, CONTENT) + CONTENT


def key_file() -> bytes:
    """KEY, encrypted under WRAPPING_KEY; the same in every process, so the only one that opens."""
    with same_randoms():
        return KeyFile.seal(KEY.to_pem(), WRAPPING_KEY, KIND, NAME).to_bytes()


def signed_manifest() -> SignedManifest:
    """A publication of one file."""
    files = (ManifestFile.of(TRUST, b"x"),)
    return sign_manifest(Manifest(FORMAT, 1, int(NOW.timestamp() * 1000), files), KEY)


def hotlist() -> tuple[bytes, bytes, bytes]:
    """Base, reasons and delta of 300 cards of which 60 are listed."""
    cards = [(number * 0x0123_4567_89AB_CDEF % 2**64).to_bytes(8) for number in range(1, 301)]
    issued = Issued.of(dict.fromkeys(cards, date(2020, 1, 1)))
    listed = {card: REASONS[1 + place % 3] for place, card in enumerate(cards[:60])}
    base = build_base(issued, Listed.of(listed), 7, DAY)
    reasons = build_reasons(base, issued, Listed.of(listed))
    held = Hotlist.from_files(base, (), reasons)
    return base, reasons, build_delta(held, issued, Listed.of(dict(list(listed.items())[9:])), DAY)


def standing_list() -> tuple[bytes, bytes]:
    """Base and delta of a list called `minors`, of 300 cards of which 60 are on it, later 51."""
    cards = [(number * 0x0123_4567_89AB_CDEF % 2**64).to_bytes(8) for number in range(1, 301)]
    issued = Issued.of(dict.fromkeys(cards, date(2020, 1, 1)))
    base = build_list("minors", issued, members_of(cards[:60]), 7, DAY)
    held = StandingList.from_files("minors", base)
    return base, build_list_delta(held, issued, members_of(cards[9:60]), 8, DAY)
