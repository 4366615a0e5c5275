"""Cards of the profile `reference-psam`, and terminals that read them, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from card.application import CardApplication, Role
from card.files import Record
from card.profile import packaged_profile
from card.readers.pcsc import PcscReader
from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.chips.chip import Chip
from card.simulator.chips.cipher_psam import CipherPsamChip
from card.simulator.chips.psam_card import PsamCardChip, PsamCardContents
from card.simulator.issuing.psam_card_issuer import PsamCardIssuer
from tests.card.full_cards import Tap

SECONDS: Final = 20.0
PSAM_PROFILE: Final = packaged_profile("reference-psam")
PSAM_ISSUER: Final = PsamCardIssuer.generate()
OTHER_ISSUER: Final = PsamCardIssuer.generate()
RECORDS: Final[Mapping[str, Record]] = MappingProxyType(
    {file.name: file.record_of(file.vector[0].fields) for file in PSAM_PROFILE.file}
)
PSAM_CARD: Final = PSAM_ISSUER.personalise(RECORDS)


def psam_card(contents: PsamCardContents = PSAM_CARD) -> PsamCardChip:
    """A chip with this card."""
    return PsamCardChip(contents, PSAM_PROFILE)


def cipher_psam(role: Role = Role.READER, issuer: PsamCardIssuer = PSAM_ISSUER) -> CipherPsamChip:
    """A PSAM of the tests' issuer."""
    return CipherPsamChip(issuer.psam_for(role), issuer.profile)


def with_record(name: str, number: int, data: bytes, card: PsamCardContents = PSAM_CARD) -> PsamCardContents:
    """The card with another record; none when `data` is empty."""
    records = MappingProxyType({**card.files[name], number: data})
    return replace(card, files=MappingProxyType({**card.files, name: records}))


@contextmanager
def opened_with_psam(chip: Chip, psam: Chip | None = None, role: Role = Role.READER) -> Iterator[PsamVisit]:
    """A visit to a card that is authenticated, with what passed to card and PSAM."""
    with Tap(InProcessConnection(chip)) as line, Tap(InProcessConnection(psam or cipher_psam(role))) as slot:
        application = CardApplication(line, PSAM_PROFILE)
        application.select()
        application.authenticate(slot, role)
        yield PsamVisit(application, line, slot)


def empty_readers(pcscd: PrivatePcscd) -> None:
    """Block until pcscd has seen that nothing lies on its readers."""
    for name in pcscd.readers:
        with PcscReader(name) as reader:
            reader.wait_for_removal(SECONDS)


class PsamVisit:
    """An authenticated visit, and the lines to card and PSAM."""

    def __init__(self, application: CardApplication, line: Tap, slot: Tap) -> None:
        self.application: Final = application
        self.line: Final = line
        self.slot: Final = slot
