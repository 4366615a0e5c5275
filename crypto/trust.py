"""The trust store: whose signatures a terminal and a centre accept, and whose no longer.

A versioned JSON file of certificates and revocation lists. It needs no signature of its own to be read: every
certificate in it leads back to the root that the reader holds. That nothing was left out of it is what the
manifest says that lists it (terminal.content.manifest).

    root ─▶ province ─▶ card issuers' keys (by key id), the centre's sealing, receipt and content keys
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from crypto.credential import KEY_ID_BYTES
from crypto.errors import (
    CertificateExpired,
    CertificateNotYetValid,
    CertificateRevoked,
    TestKeyRefused,
    TrustStoreMalformed,
)
from crypto.explained import Text
from crypto.pki.certificate import Certificate
from crypto.pki.chain import verify_chain
from crypto.pki.revocation import RevocationList
from crypto.pki.role import Role
from crypto.sm2 import PublicKey

TEST_MARKER: Final = b"TEST"
FORMAT: Final = 2
MAX_TRUST_STORE_BYTES: Final = 1_000_000
MAX_CERTIFICATES: Final = 500
MAX_REVOCATION_LISTS: Final = 50


@dataclass(frozen=True)
class IssuerKey:
    """One key of a card issuer.

    `not_before` and `not_after` are the days on which it issues: a credential's own date of issue must lie
    there. A revoked key's credentials count no more, whenever they were issued.
    """

    key_id: bytes
    public_key: PublicKey
    not_before: date
    not_after: date
    is_revoked: bool = False

    @property
    def is_test(self) -> bool:
        """Whether this is a test key: its id starts with the ASCII letters TEST."""
        return self.key_id.startswith(TEST_MARKER)

    def covers(self, issued: date) -> bool:
        """Whether a credential issued on this day may carry this key's signature."""
        return self.not_before <= issued <= self.not_after


_Pem = Annotated[str, msgspec.Meta(max_length=8192)]
_LongPem = Annotated[str, msgspec.Meta(max_length=262_144)]


class TrustDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file as it is written: PEM texts, leaves and intermediates in any order."""

    format: Annotated[int, msgspec.Meta(ge=FORMAT, le=FORMAT)] = FORMAT
    version: Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]
    certificates: Annotated[list[_Pem], msgspec.Meta(max_length=MAX_CERTIFICATES)]
    revocations: Annotated[list[_LongPem], msgspec.Meta(max_length=MAX_REVOCATION_LISTS)] = []

    @classmethod
    def of(
        cls, version: int, certificates: Iterable[Certificate], revocations: Iterable[bytes] = ()
    ) -> TrustDocument:
        """The document of these certificates and revocation lists (PEM)."""
        return cls(
            version=version,
            certificates=[one.pem.decode() for one in certificates],
            revocations=[one.decode() for one in revocations],
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> TrustDocument:
        """Parse the JSON file; verifies nothing. Raises TrustStoreMalformed."""
        if len(data) > MAX_TRUST_STORE_BYTES:
            raise TrustStoreMalformed(detail=Text(zh="文件过大", en="the file is too long"))
        try:
            return msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise TrustStoreMalformed(detail=str(error)) from error

    def to_bytes(self) -> bytes:
        """The JSON file."""
        return msgspec.json.format(msgspec.json.encode(self))


@dataclass(frozen=True)
class TrustStore:
    """The keys in force, by use; `issuers` maps key id to key, revoked ones included."""

    version: int
    issuers: Mapping[bytes, IssuerKey]
    center_sealing_key: PublicKey
    center_receipt_key: PublicKey
    content_key: PublicKey
    revocations: tuple[RevocationList, ...] = ()

    @classmethod
    def from_bytes(
        cls, data: bytes, root: Certificate, at: datetime, held: Sequence[RevocationList] = ()
    ) -> TrustStore:
        """Parse the JSON file and verify all that is in it, back to `root`, as of `at`.

        `held`: the lists of the store that this one is to replace. They go on revoking, and an authority that
        had a list must have one at least as new: whoever holds a revoked key can't leave that out. A
        certificate that has run out, or does not run yet, is passed over: the others go on. Of several for
        one use of the centre the newest counts. Raises TrustStoreMalformed, and CertificateRefused for one
        that is not what it says.
        """
        document = TrustDocument.from_bytes(data)
        certificates = [Certificate.from_pem(pem.encode()) for pem in document.certificates]
        lists = [RevocationList.from_pem(pem.encode()) for pem in document.revocations]
        authorities = [one for one in certificates if one.role is Role.PROVINCE]
        for one in lists:
            _require_author(one, (root, *authorities))
        issuers: dict[bytes, IssuerKey] = {}
        newest: dict[Role, Certificate] = {}
        for leaf in (one for one in certificates if one.role is not Role.PROVINCE):
            try:
                verify_chain(leaf, authorities, root, at, leaf.role, (*lists, *held))
                is_revoked = False
            except (CertificateExpired, CertificateNotYetValid):
                continue
            except CertificateRevoked:
                is_revoked = True
            if leaf.role is Role.ISSUER:
                key = _issuer_key(leaf, is_revoked)
                if key.key_id in issuers:
                    raise TrustStoreMalformed(
                        detail=Text(zh="发卡密钥编号重复", en="an issuer key id stands twice")
                    )
                issuers[key.key_id] = key
            elif not is_revoked and (
                leaf.role not in newest or newest[leaf.role].not_before < leaf.not_before
            ):
                newest[leaf.role] = leaf
        for one in held:
            _require_successor(one, lists)
        return cls(
            version=document.version,
            issuers=MappingProxyType(issuers),
            center_sealing_key=_key(newest, Role.SEALING),
            center_receipt_key=_key(newest, Role.RECEIPT),
            content_key=_key(newest, Role.CONTENT),
            revocations=tuple(lists),
        )

    def issuer(self, key_id: bytes) -> IssuerKey | None:
        """The issuer key with this id, if it is known; it may be revoked."""
        return self.issuers.get(key_id)

    def revokes(self, certificate: Certificate) -> bool:
        """Whether the authority that issued a certificate has withdrawn it."""
        return any(
            (one.issuer, one.issuer_key_id) == (certificate.issuer, certificate.authority_key_id)
            and one.revoked(certificate.serial) is not None
            for one in self.revocations
        )

    def require_production(self) -> None:
        """Raise TestKeyRefused if any issuer key is marked as a test key."""
        for issuer in self.issuers.values():
            if issuer.is_test:
                raise TestKeyRefused(key_id=issuer.key_id.hex())


def _require_author(found: RevocationList, authorities: Iterable[Certificate]) -> None:
    """A list that fits nobody would be passed over unseen, and with it whom it revokes."""
    for one in authorities:
        if (found.issuer, found.issuer_key_id) == (one.subject, one.key_id) and found.is_signed_by(
            one.public_key
        ):
            return
    raise TrustStoreMalformed(
        detail=Text(
            zh=f"吊销列表 {found.number} 不是其中任何机构签发", en=f"nobody in it signed list {found.number}"
        )
    )


def _require_successor(held: RevocationList, offered: Iterable[RevocationList]) -> None:
    if not any(
        (one.issuer, one.issuer_key_id) == (held.issuer, held.issuer_key_id) and one.number >= held.number
        for one in offered
    ):
        raise TrustStoreMalformed(
            detail=Text(
                zh=f"缺少第 {held.number} 号或更新的吊销列表",
                en=f"revocation list {held.number}, or a newer one, is missing",
            )
        )


def _issuer_key(leaf: Certificate, is_revoked: bool) -> IssuerKey:
    period = leaf.signing_period
    if period is None or len(leaf.key_id) != KEY_ID_BYTES:
        raise TrustStoreMalformed(
            detail=Text(
                zh="发卡机构证书缺少签发期或密钥编号",
                en="an issuer's certificate has no signing period or key id",
            )
        )
    return IssuerKey(leaf.key_id, leaf.public_key, *period, is_revoked)


def _key(newest: Mapping[Role, Certificate], role: Role) -> PublicKey:
    certificate = newest.get(role)
    if certificate is None:
        raise TrustStoreMalformed(
            detail=Text(zh=f"没有有效的 {role} 证书", en=f"no {role} certificate is in force")
        )
    return certificate.public_key
