"""A province's authority in memory, and publications that it signs, made without a centre."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from crypto.pki.certificate import Certificate
from crypto.pki.issuing import Authority, Subject, issue, make_root
from crypto.pki.revocation import RevocationReason, Revoked, make_revocation_list
from crypto.pki.role import Role
from crypto.signer import KeyHolder
from crypto.sm2 import PrivateKey
from crypto.trust import IssuerKey, TrustDocument
from terminal.content.manifest import FORMAT, TRUST, Manifest, ManifestFile, SignedManifest, sign_manifest
from terminal.content.store import ContentStore

SINCE = datetime(2020, 1, 1, tzinfo=UTC)
UNTIL = datetime(2049, 12, 31, tzinfo=UTC)


def _serial() -> int:
    return secrets.randbits(60) + 1


@dataclass
class TestAuthority:
    """Root and province, the centre's keys with their certificates, and issuers."""

    __test__ = False  # the name begins like a pytest class

    root_key: PrivateKey = field(default_factory=PrivateKey.generate)
    province_key: PrivateKey = field(default_factory=PrivateKey.generate)
    sealing: PrivateKey = field(default_factory=PrivateKey.generate)
    receipt: PrivateKey = field(default_factory=PrivateKey.generate)
    content: PrivateKey = field(default_factory=PrivateKey.generate)
    issuers: dict[bytes, Certificate] = field(default_factory=dict)
    revoked: list[Revoked] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = make_root(self.root_key, "TEST root", SINCE, UNTIL)
        self.province = issue(
            Authority(self.root_key, self.root),
            Subject("TEST province", self.province_key.public_key),
            Role.PROVINCE,
            serial=2,
            not_before=SINCE,
            not_after=UNTIL,
            path_length=0,
        )
        self.own = tuple(
            self.certify(role, f"TEST {role}", key)
            for role, key in (
                (Role.SEALING, self.sealing),
                (Role.RECEIPT, self.receipt),
                (Role.CONTENT, self.content),
            )
        )

    @property
    def authority(self) -> Authority:
        """The province as an issuer of certificates."""
        return Authority(self.province_key, self.province)

    def certify(
        self, role: Role, name: str, key: KeyHolder, since: datetime = SINCE, until: datetime = UNTIL
    ) -> Certificate:
        """A certificate from the province."""
        subject = Subject(name, key.public_key)
        return issue(self.authority, subject, role, serial=_serial(), not_before=since, not_after=until)

    def add_issuer(self, issuer: IssuerKey, until: datetime = UNTIL) -> Certificate:
        """Certify a card issuer's key."""
        certificate = issue(
            self.authority,
            Subject(
                issuer.key_id.hex(),
                issuer.public_key,
                key_id=issuer.key_id,
                signing_period=(issuer.not_before, issuer.not_after),
            ),
            Role.ISSUER,
            serial=_serial(),
            not_before=SINCE,
            not_after=until,
        )
        self.issuers[issuer.key_id] = certificate
        return certificate

    def revoke(self, key_id: bytes) -> None:
        """Revoke an issuer's key."""
        serial = self.issuers[key_id].serial
        self.revoked.append(
            Revoked(serial, datetime(2026, 11, 1, tzinfo=UTC), RevocationReason.KEY_COMPROMISE)
        )

    def trust(self, version: int, extra: Iterable[Certificate] = ()) -> TrustDocument:
        """The trust store as it stands now."""
        revocations = make_revocation_list(
            self.authority,
            self.revoked,
            number=version,
            this_update=datetime(2026, 11, 1, tzinfo=UTC),
            next_update=datetime(2026, 11, 1, tzinfo=UTC) + timedelta(days=30),
        )
        certificates = (self.province, *self.own, *self.issuers.values(), *extra)
        return TrustDocument.of(version, certificates, (revocations,))

    def publish(
        self, store: ContentStore, files: Mapping[str, bytes], version: int, made: date = date(2026, 11, 1)
    ) -> SignedManifest:
        """Put a publication in force: these files, and the trust store unless they hold one."""
        everything = {TRUST: self.trust(version).to_bytes(), **files}
        manifest = Manifest(
            FORMAT,
            version,
            int(datetime.combine(made, time.min, UTC).timestamp() * 1000),
            tuple(ManifestFile.of(name, data) for name, data in sorted(everything.items())),
        )
        for data in everything.values():
            store.put(data)
        signed = sign_manifest(manifest, self.content)
        store.put_manifest(version, signed)
        return signed
