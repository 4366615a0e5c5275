"""The centre's keys: root, province, sealing, receipt, content, and the secret that tells cards apart."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from crypto.errors import CertificateRefused
from crypto.explained import Text
from crypto.keystore.directory import make_keystore, open_keystore
from crypto.pki.certificate import TEST_PREFIX, Certificate
from crypto.pki.issuing import Authority, Subject, issue, make_root
from crypto.pki.role import Role
from crypto.signer import KeyHolder
from sync import reasons
from sync.errors import CenterDataMissing

ROOT: Final = "root"
PROVINCE: Final = "province"
#: The keys that the centre works with, by name, and what each may do.
PURPOSES: Final = {"sealing": Role.SEALING, "receipt": Role.RECEIPT, "content": Role.CONTENT}
# A province's certificate has to outlast the cards of the last key that it certifies.
ROOT_VALIDITY: Final = timedelta(days=14_610)  # 40 years
PROVINCE_VALIDITY: Final = timedelta(days=12_784)  # 35 years
PURPOSE_VALIDITY: Final = timedelta(days=3653)
# A terminal's clock may be behind the centre's; its certificate must be valid there at once all the same.
CLOCK_LEEWAY: Final = timedelta(days=1)
PSEUDONYM_KEY_BYTES: Final = 32
_CERTIFICATES: Final = "certificates"
_PSEUDONYM_KEY: Final = "pseudonym.key"


@dataclass(frozen=True)
class CenterKeys:
    """Every secret of a centre, ready to be used, wherever it lies.

    `root` signs the province's certificate and enrolments, `province` certifies terminals and issuers,
    `sealing` opens what terminals sealed, `receipt` signs receipts, `content` what is given out. `pseudonym`
    (32 bytes) turns card ids into pseudonyms. `certificates` are those of sealing, receipt and content.
    """

    root: KeyHolder
    root_certificate: Certificate
    province: KeyHolder
    province_certificate: Certificate
    sealing: KeyHolder
    receipt: KeyHolder
    content: KeyHolder
    certificates: tuple[Certificate, ...]
    pseudonym: bytes

    @classmethod
    def create(cls, directory: Path, now: datetime, keystore: str, settings: Mapping[str, str]) -> CenterKeys:
        """Make all of them in a new folder, the keys in a keystore of this kind. Raises KeystoreRefused."""
        store = make_keystore(directory, keystore, settings)
        since = now.astimezone(UTC) - CLOCK_LEEWAY
        # Whoever has the disk of such a centre has its keys: production mode refuses what leads back to it.
        mark = "" if store.is_protected else f"{TEST_PREFIX} "
        root = store.create(ROOT)
        root_certificate = make_root(root, f"{mark}Tongka root", since, since + ROOT_VALIDITY)
        province = store.create(PROVINCE)
        province_certificate = issue(
            Authority(root, root_certificate),
            Subject(f"{mark}Tongka province", province.public_key),
            Role.PROVINCE,
            serial=2,
            not_before=since,
            not_after=since + PROVINCE_VALIDITY,
            path_length=0,
        )
        certificates = {ROOT: root_certificate, PROVINCE: province_certificate}
        for serial, (name, role) in enumerate(PURPOSES.items(), start=1):
            certificates[name] = issue(
                Authority(province, province_certificate),
                Subject(f"{mark}Tongka centre, {name}", store.create(name).public_key),
                role,
                serial=serial,
                not_before=since,
                not_after=since + PURPOSE_VALIDITY,
            )
        (directory / _CERTIFICATES).mkdir()
        for name, certificate in certificates.items():
            (directory / _CERTIFICATES / f"{name}.pem").write_bytes(certificate.pem)
        handle = os.open(directory / _PSEUDONYM_KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(PSEUDONYM_KEY_BYTES))
        return cls.load(directory)

    @classmethod
    def load(cls, directory: Path) -> CenterKeys:
        """Load what `create` made. Raises KeystoreRefused or CenterDataMissing."""
        try:
            pseudonym = (directory / _PSEUDONYM_KEY).read_bytes()
            certificates = {
                name: Certificate.from_pem((directory / _CERTIFICATES / f"{name}.pem").read_bytes())
                for name in (ROOT, PROVINCE, *PURPOSES)
            }
        except OSError as error:
            raise CenterDataMissing(directory=directory, detail=reasons.of_system(error)) from error
        except CertificateRefused as error:
            raise CenterDataMissing(directory=directory, detail=reasons.of_error(error)) from error
        if len(pseudonym) != PSEUDONYM_KEY_BYTES:
            said = Text(zh=f"{_PSEUDONYM_KEY} 已损坏", en=f"{_PSEUDONYM_KEY} is damaged")
            raise CenterDataMissing(directory=directory, detail=said)
        store = open_keystore(directory)
        keys = {name: store.load(name) for name in certificates}
        for name, certificate in certificates.items():
            if keys[name].public_key != certificate.public_key:
                # Working on with a wrong backup would sign what nobody believes and call good events broken.
                said = Text(zh=f"密钥 {name} 与证书不匹配", en=f"the key {name} is not the certificate's")
                raise CenterDataMissing(directory=directory, detail=said)
        return cls(
            root=keys[ROOT],
            root_certificate=certificates[ROOT],
            province=keys[PROVINCE],
            province_certificate=certificates[PROVINCE],
            sealing=keys["sealing"],
            receipt=keys["receipt"],
            content=keys["content"],
            certificates=tuple(certificates[name] for name in PURPOSES),
            pseudonym=pseudonym,
        )

    @property
    def province_authority(self) -> Authority:
        """The province as an issuer of certificates."""
        return Authority(self.province, self.province_certificate)

    def __repr__(self) -> str:
        return "CenterKeys(…)"
