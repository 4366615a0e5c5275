"""The centre's keys: root, sealing, receipts, content, and the secret under which cards are told apart."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from crypto.certificates import make_root
from crypto.explained import Text
from crypto.keystore import Keystore
from crypto.sm2 import PrivateKey
from sync import reasons
from sync.errors import CenterDataMissing

ROOT_NAME: Final = "Tongka centre"
ROOT_DAYS: Final = 3650
# A terminal's clock may be behind the centre's; its certificate must be valid there at once all the same.
CLOCK_LEEWAY: Final = timedelta(days=1)
PSEUDONYM_KEY_BYTES: Final = 32
_ROOT_CERTIFICATE: Final = "root-certificate.pem"
_PSEUDONYM_KEY: Final = "pseudonym.key"


@dataclass(frozen=True)
class CenterKeys:
    """Every secret of a centre, loaded.

    `root` signs terminals' certificates and enrolments, `sealing` opens what terminals sealed, `receipt`
    signs receipts, `content` what is given out. `pseudonym` (32 bytes) turns card ids into pseudonyms.
    """

    root: PrivateKey
    root_certificate: bytes
    sealing: PrivateKey
    receipt: PrivateKey
    content: PrivateKey
    pseudonym: bytes

    @classmethod
    def create(cls, directory: Path, now: datetime) -> CenterKeys:
        """Make all of them in a new folder. Raises KeystoreRefused."""
        store = Keystore(directory)
        keys = cls(
            root=store.create("root"),
            root_certificate=b"",
            sealing=store.create("sealing"),
            receipt=store.create("receipt"),
            content=store.create("content"),
            pseudonym=secrets.token_bytes(PSEUDONYM_KEY_BYTES),
        )
        certificate = make_root(keys.root, ROOT_NAME, now.astimezone(UTC) - CLOCK_LEEWAY, ROOT_DAYS)
        (directory / _ROOT_CERTIFICATE).write_bytes(certificate)
        handle = os.open(directory / _PSEUDONYM_KEY, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(keys.pseudonym)
        return cls.load(directory)

    @classmethod
    def load(cls, directory: Path) -> CenterKeys:
        """Load what `create` made. Raises KeystoreRefused or CenterDataMissing."""
        store = Keystore(directory)
        try:
            pseudonym = (directory / _PSEUDONYM_KEY).read_bytes()
            root_certificate = (directory / _ROOT_CERTIFICATE).read_bytes()
        except OSError as error:
            raise CenterDataMissing(directory=directory, detail=reasons.of_system(error)) from error
        if len(pseudonym) != PSEUDONYM_KEY_BYTES:
            said = Text(zh=f"{_PSEUDONYM_KEY} 已损坏", en=f"{_PSEUDONYM_KEY} is damaged")
            raise CenterDataMissing(directory=directory, detail=said)
        return cls(
            root=store.load("root"),
            root_certificate=root_certificate,
            sealing=store.load("sealing"),
            receipt=store.load("receipt"),
            content=store.load("content"),
            pseudonym=pseudonym,
        )

    def __repr__(self) -> str:
        return "CenterKeys(…)"
