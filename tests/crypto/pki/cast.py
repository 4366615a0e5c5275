"""A root, a province, a leaf of each role, and what openssl makes of the same kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from crypto.pki.certificate import Certificate
from crypto.pki.issuing import Authority, Subject, issue, make_root
from crypto.pki.role import LEAVES, Role
from crypto.sm2 import PrivateKey

SINCE = datetime(2026, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
UNTIL = datetime(2046, 1, 1, tzinfo=UTC)
PERIOD = (date(2026, 1, 1), date(2029, 12, 31))


@dataclass
class Cast:
    """Keys and certificates of one hierarchy."""

    root_key: PrivateKey = field(default_factory=PrivateKey.generate)
    province_key: PrivateKey = field(default_factory=PrivateKey.generate)
    leaf_key: PrivateKey = field(default_factory=PrivateKey.generate)

    def __post_init__(self) -> None:
        self.root = make_root(self.root_key, "TEST root", SINCE, UNTIL)
        self.province = self.certify(
            Role.PROVINCE, "浙江省", self.province_key, Authority(self.root_key, self.root), path_length=0
        )
        self.leaves = {role: self.certify(role, f"a {role}", self.leaf_key) for role in LEAVES}

    @property
    def authority(self) -> Authority:
        return Authority(self.province_key, self.province)

    def certify(  # noqa: PLR0917 - a test's wishes
        self,
        role: Role,
        name: str,
        key: PrivateKey,
        authority: Authority | None = None,
        since: datetime = SINCE,
        until: datetime = UNTIL,
        path_length: int | None = None,
        serial: int = 7,
    ) -> Certificate:
        return issue(
            authority or self.authority,
            Subject(name, key.public_key, signing_period=PERIOD if role is Role.ISSUER else None),
            role,
            serial=serial,
            not_before=since,
            not_after=until,
            path_length=path_length,
        )
