"""A test issuer of cards of the profile `reference-psam`: master keys, PSAMs and personalised cards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from card.application import CardApplication, Role
from card.files import Record
from card.profile import CardProfile, packaged_profile
from card.psam_cipher import PsamCipherParameters, diversifier
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.cipher_psam import CipherPsamChip, CipherPsamContents
from card.simulator.chips.psam_card import PsamCardChip, PsamCardContents
from card.simulator.chips.psam_cipher_keys import card_key
from card.simulator.issuing.personalisation import KEYS_FOLDER, TestIssuer
from card.simulator.issuing.psam_card_file import CipherPsamFile

MASTERS_FILE: Final = "cipher-psam.json"  # in the folder of keys


def psam_card_profile() -> CardProfile:
    """The profile `reference-psam`."""
    return packaged_profile("reference-psam")


@dataclass(frozen=True, repr=False)
class PsamCardIssuer:
    """An issuer in memory. No `repr`: it holds master keys."""

    profile: CardProfile
    psam: CipherPsamContents

    @classmethod
    def generate(cls, profile: CardProfile | None = None) -> PsamCardIssuer:
        """New master keys, by default for the profile that comes with this distribution."""
        known = profile or psam_card_profile()
        return cls(known, CipherPsamContents.generate(PsamCipherParameters.of(known).numbers))

    @classmethod
    def at(cls, directory: Path) -> PsamCardIssuer:
        """The test issuer in this folder; these master keys of its are made the first time.

        Raises IssuerRefused, KeystoreRefused and CardFileRefused.
        """
        TestIssuer.load(directory)
        file = directory / KEYS_FOLDER / MASTERS_FILE
        if not file.exists():
            CipherPsamFile.create(file, cls.generate().psam)
        return cls(psam_card_profile(), CipherPsamFile(file).load())

    def psam_for(self, role: Role) -> CipherPsamContents:
        """A PSAM for a terminal of this role, without the other keys. Raises ProfileLacks."""
        parameters = PsamCipherParameters.of(self.profile)
        keys = [parameters.card_key, parameters.read_mac_key]
        if role is Role.ISSUER:
            keys.append(parameters.update_mac_key)
        numbers = [int(key, 16) for key in keys]
        return self.psam.limited_to(parameters.key_of(role, self.profile), *numbers)

    def personalise(self, files: Mapping[str, Record]) -> PsamCardContents:
        """A new card with these files, of which the public one has what diversification needs.

        The chip's maker puts keys and public file on it; the rest is written by commands, through the
        issuer's PSAM. Raises FieldMalformed, AnswerMalformed, ProfileLacks.
        """
        parameters = PsamCipherParameters.of(self.profile)
        public = self.profile.file_named(parameters.public_file)
        own = diversifier(self.profile, files[public.name])
        keys = {number: card_key(master, own) for number, master in self.psam.masters.items()}
        records = enumerate(public.encode_records(files[public.name]), start=1)
        written = MappingProxyType({number: record for number, record in records if record})
        chip = PsamCardChip(
            PsamCardContents(MappingProxyType(keys), MappingProxyType({public.name: written})), self.profile
        )
        psam = CipherPsamChip(self.psam_for(Role.ISSUER), self.profile)
        with InProcessConnection(chip) as card, InProcessConnection(psam) as module:
            application = CardApplication(card, self.profile)
            application.select()
            application.authenticate(module, Role.ISSUER)
            for name, record in files.items():
                if name != public.name:
                    application.write_file(name, (record,))
        return chip.contents
