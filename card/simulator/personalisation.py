"""A test issuer: makes keys and personalised cards that every production terminal refuses.

The ids of its keys begin with the letters TEST, which `TrustStore.require_production` looks for.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Final

import msgspec

from card.errors import HolderRefused, IssuerRefused
from crypto.credential import CARD_ID_BYTES, KEY_ID_BYTES, issue_credential
from crypto.errors import CredentialMalformed, TrustStoreMalformed
from crypto.keystore import Keystore
from crypto.sm2 import PrivateKey
from crypto.trust import TEST_MARKER, IssuerKey, issuer_key_from_json, issuer_key_to_json

ISSUER_FILE: Final = "issuer.json"
KEYS_FOLDER: Final = "keys"
KEY_NAME: Final = "issuer"


class Holder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a credential says of its holder; no name and no number are among it.

    Attributes:
        categories: digits 1 to 7 (GB/T 26341).
        grade: 1 (most severe) to 4.
        region: six digits of GB/T 2260.
        issued, expires: first and last day of validity.
    """

    categories: Annotated[tuple[int, ...], msgspec.Meta(min_length=1, max_length=7)]
    grade: int
    region: str
    issued: date
    expires: date

    @classmethod
    def from_bytes(cls, data: bytes) -> Holder:
        """Parse a holder's JSON file. Raises HolderRefused."""
        try:
            return msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HolderRefused(detail=str(error)) from error


@dataclass(frozen=True)
class PersonalisedCard:
    """What an issuer puts on a chip: the credential (a 7F21 object) and the chip's private key."""

    credential: bytes
    private_key: PrivateKey

    def __repr__(self) -> str:
        """Neither of the two is for a log."""
        return f"PersonalisedCard({len(self.credential)} bytes of credential)"


@dataclass(frozen=True)
class TestIssuer:
    """An issuer for tests and demonstrations."""

    __test__ = False  # the name begins like a pytest class

    private_key: PrivateKey
    issuer_key: IssuerKey

    @classmethod
    def generate(cls, not_before: date, not_after: date) -> TestIssuer:
        """An issuer in memory whose key covers credentials issued on these days."""
        return cls._of(PrivateKey.generate(), not_before, not_after)

    @classmethod
    def create(cls, directory: Path, not_before: date, not_after: date) -> TestIssuer:
        """An issuer in a folder: keys/issuer.pem (0600) and issuer.json, which is public.

        Raises IssuerRefused when one is there already, and KeystoreRefused.
        """
        if (directory / ISSUER_FILE).exists():
            raise IssuerRefused(directory=directory, detail=f"{ISSUER_FILE} exists already")
        issuer = cls._of(Keystore(directory / KEYS_FOLDER).create(KEY_NAME), not_before, not_after)
        (directory / ISSUER_FILE).write_bytes(issuer_key_to_json(issuer.issuer_key))
        return issuer

    @classmethod
    def load(cls, directory: Path) -> TestIssuer:
        """The issuer in a folder. Raises IssuerRefused and KeystoreRefused."""
        try:
            issuer_key = issuer_key_from_json((directory / ISSUER_FILE).read_bytes())
        except OSError as error:
            raise IssuerRefused(directory=directory, detail=f"no readable {ISSUER_FILE}") from error
        except TrustStoreMalformed as error:
            raise IssuerRefused(directory=directory, detail=error.facts["detail"]) from error
        private_key = Keystore(directory / KEYS_FOLDER).load(KEY_NAME)
        if private_key.public_key != issuer_key.public_key or not issuer_key.is_test:
            raise IssuerRefused(directory=directory, detail="key and issuer.json do not belong together")
        return cls(private_key, issuer_key)

    @classmethod
    def _of(cls, key: PrivateKey, not_before: date, not_after: date) -> TestIssuer:
        key_id = TEST_MARKER + secrets.token_bytes(KEY_ID_BYTES - len(TEST_MARKER))
        return cls(key, IssuerKey(key_id, key.public_key, not_before, not_after))

    def personalise(self, holder: Holder) -> PersonalisedCard:
        """A new card for this holder, with a chip key and a card id of its own. Raises HolderRefused."""
        if not self.issuer_key.covers(holder.issued):
            raise HolderRefused(detail="the issuer's key does not cover the day of issue")
        chip_key = PrivateKey.generate()
        try:
            credential = issue_credential(
                self.private_key,
                issuer_key_id=self.issuer_key.key_id,
                card_id=secrets.token_bytes(CARD_ID_BYTES),
                categories=holder.categories,
                grade=holder.grade,
                region=holder.region,
                issued=holder.issued,
                expires=holder.expires,
                card_key=chip_key.public_key,
            )
        except CredentialMalformed as error:
            raise HolderRefused(detail=error.facts["detail"]) from error
        return PersonalisedCard(credential.to_bytes(), chip_key)
