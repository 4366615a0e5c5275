"""The trust store: whose signatures a terminal and a centre accept.

A JSON file that enrolment hands to the terminal: the card issuers' keys by key id, and the centre's keys for
sealing, receipts and content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Final

import msgspec

from crypto.credential import KEY_ID_BYTES
from crypto.errors import KeyMalformed, TestKeyRefused, TrustStoreMalformed
from crypto.sm2 import PublicKey

TEST_MARKER: Final = b"TEST"
MAX_TRUST_STORE_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class IssuerKey:
    """One key of a card issuer and the days within which credentials that it signed were issued."""

    key_id: bytes
    public_key: PublicKey
    not_before: date
    not_after: date

    @property
    def is_test(self) -> bool:
        """Whether this is a test key: its id starts with the ASCII letters TEST."""
        return self.key_id.startswith(TEST_MARKER)

    def covers(self, issued: date) -> bool:
        """Whether a credential issued on this day may carry this key's signature."""
        return self.not_before <= issued <= self.not_after


class _IssuerDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key_id: str
    point: str
    not_before: date
    not_after: date


class _TrustDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: int
    issuers: list[_IssuerDocument]
    center_sealing_key: str
    center_receipt_key: str
    content_key: str


@dataclass(frozen=True)
class TrustStore:
    """The anchors in force, by use; `issuers` maps key id to key."""

    issuers: Mapping[bytes, IssuerKey]
    center_sealing_key: PublicKey
    center_receipt_key: PublicKey
    content_key: PublicKey

    @classmethod
    def from_bytes(cls, data: bytes) -> TrustStore:
        """Parse the JSON file. Raises TrustStoreMalformed."""
        if len(data) > MAX_TRUST_STORE_BYTES:
            raise TrustStoreMalformed(detail="the file is too long")
        try:
            document = msgspec.json.decode(data, type=_TrustDocument)
            if document.format != 1:
                raise TrustStoreMalformed(detail=f"format {document.format} is not known")
            issuers = [_issuer_key(issuer) for issuer in document.issuers]
            if len({issuer.key_id for issuer in issuers}) != len(issuers):
                raise TrustStoreMalformed(detail="an issuer key id stands twice")
            return cls(
                issuers=MappingProxyType({issuer.key_id: issuer for issuer in issuers}),
                center_sealing_key=_point(document.center_sealing_key),
                center_receipt_key=_point(document.center_receipt_key),
                content_key=_point(document.content_key),
            )
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise TrustStoreMalformed(detail=str(error)) from error
        except KeyMalformed as error:
            raise TrustStoreMalformed(detail=str(error.facts["detail"])) from error

    def to_bytes(self) -> bytes:
        """The JSON file."""
        document = _TrustDocument(
            format=1,
            issuers=[_issuer_document(issuer) for issuer in self.issuers.values()],
            center_sealing_key=self.center_sealing_key.point.hex(),
            center_receipt_key=self.center_receipt_key.point.hex(),
            content_key=self.content_key.point.hex(),
        )
        return msgspec.json.format(msgspec.json.encode(document))

    def issuer(self, key_id: bytes) -> IssuerKey | None:
        """The issuer key with this id, if it is trusted."""
        return self.issuers.get(key_id)

    def require_production(self) -> None:
        """Raise TestKeyRefused if any issuer key is marked as a test key."""
        for issuer in self.issuers.values():
            if issuer.is_test:
                raise TestKeyRefused(key_id=issuer.key_id.hex())


def issuer_key_to_json(issuer: IssuerKey) -> bytes:
    """What an issuer publishes of its key, for a centre to put into its trust store."""
    return msgspec.json.format(msgspec.json.encode(_issuer_document(issuer)))


def issuer_key_from_json(data: bytes) -> IssuerKey:
    """Parse what an issuer published. Raises TrustStoreMalformed."""
    try:
        return _issuer_key(msgspec.json.decode(data, type=_IssuerDocument))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TrustStoreMalformed(detail=str(error)) from error
    except KeyMalformed as error:
        raise TrustStoreMalformed(detail=str(error.facts["detail"])) from error


def _issuer_key(document: _IssuerDocument) -> IssuerKey:
    key_id = _hex("an issuer key id", document.key_id)
    if len(key_id) != KEY_ID_BYTES:
        raise TrustStoreMalformed(detail="an issuer key id has 8 bytes")
    return IssuerKey(key_id, _point(document.point), document.not_before, document.not_after)


def _issuer_document(issuer: IssuerKey) -> _IssuerDocument:
    return _IssuerDocument(
        issuer.key_id.hex(), issuer.public_key.point.hex(), issuer.not_before, issuer.not_after
    )


def _point(text: str) -> PublicKey:
    return PublicKey.from_point(_hex("a key", text))


def _hex(name: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise TrustStoreMalformed(detail=f"{name} is no hexadecimal number") from error
