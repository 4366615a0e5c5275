"""A test issuer: makes keys and personalised cards that every production terminal refuses.

The ids of its keys begin with the letters TEST, which `TrustStore.require_production` looks for. Its cards
are personalised as real ones would be: by commands to a blank chip, through the issuer's PSAM.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from card.application import Role
from card.errors import FieldMalformed, HolderRefused, IssuerRefused
from card.fci import SERIAL_BYTES
from card.files import Record
from card.mutual_sm4 import MutualSm4Parameters
from card.personalisation import Personalisation, personalise_chip
from card.profile import reference_profile
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.contents import ChipContents, LifeCycle, VolatileMemory
from card.simulator.chips.psam import PsamChip, PsamContents
from card.simulator.issuing.psam_file import PsamFile
from crypto.companion_card import companion_card_id
from crypto.credential import CARD_ID_BYTES, KEY_ID_BYTES, issue_credential
from crypto.errors import CredentialMalformed, IssuerRequestMalformed
from crypto.issuer_request import IssuerRequest
from crypto.keystore.directory import make_keystore, open_keystore
from crypto.signer import Keystore, Signer
from crypto.sm2 import PrivateKey, PublicKey
from crypto.trust import TEST_MARKER, IssuerKey

ISSUER_FILE: Final = "issuer.json"
KEYS_FOLDER: Final = "keys"
PSAM_FILE: Final = "psam.json"  # in the folder of keys
APPLET_VERSION: Final = "1.0"


class Holder(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes onto a holder's card, or onto the companion card of a holder's carer.

    Attributes:
        categories: digits 1 to 7 (GB/T 26341); none on a companion card.
        grade: 1 (most severe) to 4; 0 on a companion card.
        region: six digits of GB/T 2260.
        issued, expires: first and last day of validity.
        files: full data, by file and field name of the reference profile; binary fields in hexadecimal. The
            credential holds none of them.
        companion_of: 16 hexadecimal digits, the id of the holder's card that a companion card goes with.
    """

    categories: Annotated[tuple[int, ...], msgspec.Meta(max_length=7)]
    grade: int
    region: str
    issued: date
    expires: date
    files: dict[str, list[dict[str, str]]] = {}
    companion_of: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-fA-F]{16}\Z")] | None = None

    def __post_init__(self) -> None:
        if (self.companion_of is None) != bool(self.categories):
            raise ValueError("a card has categories, or it is the companion card of a holder's card")

    @classmethod
    def from_bytes(cls, data: bytes) -> Holder:
        """Parse a holder's JSON file. Raises HolderRefused."""
        try:
            return msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise HolderRefused(detail=str(error)) from error

    def records(self) -> Mapping[str, tuple[Record, ...]]:
        """The files as the profile encodes them. Raises HolderRefused."""
        known = {file.name: file for file in reference_profile().file}
        try:
            return MappingProxyType(
                {
                    name: tuple(known[name].record_of(fields) for fields in records)
                    for name, records in self.files.items()
                }
            )
        except KeyError as error:
            detail = f"there is no file {error}; known are {', '.join(known)}"
            raise HolderRefused(detail=detail) from error
        except FieldMalformed as error:
            raise HolderRefused(detail=error.facts["detail"]) from error


@dataclass(frozen=True)
class TestIssuer:
    """An issuer for tests and demonstrations: its signature key, and the master keys on its PSAM."""

    __test__ = False  # the name begins like a pytest class

    private_key: Signer
    issuer_key: IssuerKey
    psam: PsamContents

    @classmethod
    def generate(cls, not_before: date, not_after: date) -> TestIssuer:
        """An issuer in memory whose key covers credentials issued on these days."""
        key = PrivateKey.generate()
        numbers = tuple(_key_numbers().key(role) for role in Role)
        issuer_key = IssuerKey(_new_key_id(), key.public_key, not_before, not_after)
        return cls(key, issuer_key, PsamContents.generate(numbers))

    @classmethod
    def create(
        cls,
        directory: Path,
        not_before: date,
        not_after: date,
        keystore: str = "plain",
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> TestIssuer:
        """An issuer in a folder: its keys in keys/, of them keys/psam.json (0600), and issuer.json, public.

        `keystore` and `settings` say where the signature key shall lie. Raises IssuerRefused when one is
        there already, KeystoreRefused, what the keystore raises, and CardFileRefused.
        """
        if (directory / ISSUER_FILE).exists():
            raise IssuerRefused(directory=directory, detail=f"{ISSUER_FILE} exists already")
        store = make_keystore(directory / KEYS_FOLDER, keystore, settings)
        numbers = tuple(_key_numbers().key(role) for role in Role)
        issuer = cls._with_new_key(store, PsamContents.generate(numbers), not_before, not_after)
        PsamFile.create(directory / KEYS_FOLDER / PSAM_FILE, issuer.psam)
        issuer.offer(directory)
        return issuer

    @classmethod
    def rotate(cls, directory: Path, not_before: date, not_after: date) -> TestIssuer:
        """The issuer in a folder with a new signature key, which may overlap with the old.

        Cards that the old key signed stay good; its issuer.json is kept as issuer-KEYID.json. Raises as
        `load`.
        """
        old = cls.load(directory)
        store = open_keystore(directory / KEYS_FOLDER)
        issuer = cls._with_new_key(store, old.psam, not_before, not_after)
        old.offer(directory, f"issuer-{old.issuer_key.key_id.hex()}.json")
        issuer.offer(directory)
        return issuer

    def offer(self, directory: Path, name: str = ISSUER_FILE) -> None:
        """Write what a centre certifies the key by: public."""
        request = IssuerRequest.make(self.private_key, self.issuer_key)
        (directory / name).write_bytes(request.to_bytes())

    @classmethod
    def load(cls, directory: Path) -> TestIssuer:
        """The issuer in a folder. Raises IssuerRefused, KeystoreRefused and CardFileRefused."""
        try:
            issuer_key = IssuerRequest.from_bytes((directory / ISSUER_FILE).read_bytes()).issuer_key
        except OSError as error:
            raise IssuerRefused(directory=directory, detail=f"no readable {ISSUER_FILE}") from error
        except IssuerRequestMalformed as error:
            raise IssuerRefused(directory=directory, detail=error.facts["detail"]) from error
        store, name = open_keystore(directory / KEYS_FOLDER), _key_name(issuer_key.key_id)
        private_key = store.load(name) if store.exists(name) and issuer_key.is_test else None
        if private_key is None or private_key.public_key != issuer_key.public_key:
            raise IssuerRefused(directory=directory, detail="key and issuer.json do not belong together")
        return cls(private_key, issuer_key, PsamFile(directory / KEYS_FOLDER / PSAM_FILE).load())

    @classmethod
    def _with_new_key(
        cls, store: Keystore, psam: PsamContents, not_before: date, not_after: date
    ) -> TestIssuer:
        key_id = _new_key_id()
        key = store.create(_key_name(key_id))
        return cls(key, IssuerKey(key_id, key.public_key, not_before, not_after), psam)

    def psam_for(self, *roles: Role) -> PsamContents:
        """A PSAM for a terminal of these roles, without the other keys."""
        return self.psam.limited_to(*(_key_numbers().key(role) for role in roles))

    def blank_chip(self) -> ChipContents:
        """A chip as its maker delivers it: a serial number and the transport keys."""
        serial = secrets.token_bytes(SERIAL_BYTES)
        transport = _key_numbers().key(Role.TRANSPORT)
        return ChipContents(
            credential=b"",
            private_key=None,
            serial=serial,
            life_cycle=LifeCycle.MANUFACTURED,
            keys=MappingProxyType({transport: self.psam.masters[transport].diversified(serial)}),
        )

    def personalise(self, holder: Holder) -> ChipContents:
        """A new card for this holder, with a chip key and a card id of its own. Raises HolderRefused."""
        if not self.issuer_key.covers(holder.issued):
            raise HolderRefused(detail="the issuer's key does not cover the day of issue")
        memory = VolatileMemory(self.blank_chip())
        with (
            InProcessConnection(ReferenceApplet(memory)) as chip,
            InProcessConnection(PsamChip(self.psam)) as psam,
        ):
            try:
                personalise_chip(chip, psam, reference_profile(), self.personalisation(holder))
            except FieldMalformed as error:
                raise HolderRefused(detail=error.facts["detail"]) from error
        return memory.load()

    def personalisation(self, holder: Holder) -> Personalisation:
        """What personalise_chip() puts on a blank chip for a holder. Raises HolderRefused."""
        card_id = secrets.token_bytes(CARD_ID_BYTES)
        if holder.companion_of is not None:
            card_id = companion_card_id(bytes.fromhex(holder.companion_of), holder.issued)

        def credential(card_key: PublicKey) -> bytes:
            try:
                return issue_credential(
                    self.private_key,
                    issuer_key_id=self.issuer_key.key_id,
                    card_id=card_id,
                    categories=holder.categories,
                    grade=holder.grade,
                    region=holder.region,
                    issued=holder.issued,
                    expires=holder.expires,
                    card_key=card_key,
                ).to_bytes()
            except CredentialMalformed as error:
                raise HolderRefused(detail=error.facts["detail"]) from error

        numbers = _key_numbers()
        keys = {
            numbers.key(role): self.psam.masters[numbers.key(role)].diversified(card_id)
            for role in (Role.READER, Role.ISSUER)
        }
        about_the_card: Record = {
            "applet_version": APPLET_VERSION,
            "key_version": str(self.psam.identity.key_version),
        }
        files = {"card": (about_the_card,), **holder.records()}
        return Personalisation(credential, MappingProxyType(keys), MappingProxyType(files))


def _key_numbers() -> MutualSm4Parameters:
    return reference_profile().parameters(MutualSm4Parameters)


def _new_key_id() -> bytes:
    return TEST_MARKER + secrets.token_bytes(KEY_ID_BYTES - len(TEST_MARKER))


def _key_name(key_id: bytes) -> str:
    return f"issuer-{key_id.hex()}"
