"""Cards and PSAMs that are the same in every process, so that a recorded visit is a seed for any of them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from types import MappingProxyType
from typing import Final

from card.application import CardApplication, Role
from card.mutual_authentication import StaticKeys
from card.profile import CardProfile, packaged_profile, reference_profile
from card.psam import PsamIdentity
from card.psam_cipher import PsamCipherParameters
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.chip import Chip
from card.simulator.chips.cipher_psam import CipherPsamChip, CipherPsamContents
from card.simulator.chips.contents import ChipContents, VolatileMemory
from card.simulator.chips.psam import PsamChip, PsamContents
from card.simulator.chips.psam_card import PsamCardChip
from card.simulator.issuing.psam_card_issuer import PsamCardIssuer
from crypto.credential import CARD_ID_BYTES, KEY_ID_BYTES, issue_credential
from crypto.sm2 import PrivateKey
from tests.card.full_cards import Tap

PROFILE: Final = reference_profile()
PSAM_PROFILE: Final = packaged_profile("reference-psam")
IDENTITY: Final = PsamIdentity(bytes(8), 1)

_KEY: Final = PrivateKey.generate()  # no command that a seed holds depends on it
_CARD_ID: Final = bytes(CARD_ID_BYTES)
_PAIRS: Final = {number: StaticKeys(bytes((number,)) * 16, bytes((16 + number,)) * 16) for number in (1, 2)}
_PSAM: Final = PsamContents(IDENTITY, MappingProxyType(_PAIRS))
_CARD: Final = ChipContents(
    issue_credential(
        _KEY,
        issuer_key_id=bytes(KEY_ID_BYTES),
        card_id=_CARD_ID,
        categories=(1,),
        grade=1,
        region="330106",
        issued=date(2026, 1, 1),
        expires=date(2036, 1, 1),
        card_key=_KEY.public_key,
    ).to_bytes(),
    _KEY,
    keys=MappingProxyType({number: pair.diversified(_CARD_ID) for number, pair in _PAIRS.items()}),
)
_MASTERS: Final = {number: bytes((number,)) * 16 for number in PsamCipherParameters.of(PSAM_PROFILE).numbers}
CIPHER_ISSUER: Final = PsamCardIssuer(PSAM_PROFILE, CipherPsamContents(IDENTITY, MappingProxyType(_MASTERS)))
RECORDS: Final = {file.name: file.record_of(file.vector[0].fields) for file in PSAM_PROFILE.file}
_PSAM_CARD: Final = CIPHER_ISSUER.personalise(RECORDS)


def card() -> ReferenceApplet:
    """A card of the reference profile."""
    return ReferenceApplet(VolatileMemory(_CARD))


def psam() -> PsamChip:
    """Its PSAM, with the pairs of readers and of the issuer."""
    return PsamChip(_PSAM)


def psam_card() -> PsamCardChip:
    """A card of the profile `reference-psam`."""
    return PsamCardChip(_PSAM_CARD, PSAM_PROFILE)


def cipher_psam() -> CipherPsamChip:
    """Its PSAM, with all keys."""
    return CipherPsamChip(CIPHER_ISSUER.psam, PSAM_PROFILE)


@contextmanager
def same_randoms() -> Iterator[None]:
    """Make every random the same, so that what was recorded once is right again."""
    drawn = secrets.token_bytes
    secrets.token_bytes = lambda nbytes=None: bytes(range(nbytes or 0))
    try:
        yield
    finally:
        secrets.token_bytes = drawn


def visit(card_chip: Chip, psam_chip: Chip, profile: CardProfile, role: Role) -> tuple[bytes, bytes]:
    """What passes to card and PSAM when a file is written, as the issuer, and read."""
    file = profile.file_named("disability")
    with (
        same_randoms(),
        Tap(InProcessConnection(card_chip)) as line,
        Tap(InProcessConnection(psam_chip)) as slot,
    ):
        application = CardApplication(line, profile)
        application.select()
        application.authenticate(slot, role)
        if role is Role.ISSUER:
            application.write_file(file.name, (file.record_of(file.vector[0].fields),))
        application.read_file(file.name)
    return conversation(line), conversation(slot)


def conversation(line: Tap) -> bytes:
    """The commands that passed, each with its length before it."""
    commands = [command.to_bytes() for command in line.commands]
    return b"".join(bytes((len(command),)) + command for command in commands)
