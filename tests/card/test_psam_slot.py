"""Card and PSAM as two virtual cards in two slots, through the genuine pcscd; and which of them is which."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from card.application import CardApplication, Role
from card.errors import (
    AuthenticationRefused,
    CardTorn,
    NoSamSlot,
    NoSuchReader,
    PsamGone,
    PsamMissing,
    PsamRefused,
    SamSlotUnclear,
)
from card.profile import CardProfile, packaged_profile, reference_profile
from card.psam_slot import find_sam_slot, open_psam
from card.readers.pcsc import PcscReader, list_readers
from card.readers.sam_slots import is_sam_slot
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import VolatileMemory
from card.simulator.chips.faults import TearingChip
from card.simulator.chips.foreign import ForeignCardChip
from card.simulator.chips.psam import PsamChip
from card.simulator.chips.t0 import HEADER_AND_P3, T0Card
from card.simulator.chips.wrapped_chip import WrappedChip
from tests.card.cards import ISSUER, STRANGER
from tests.card.full_cards import FILES, full_card
from tests.card.psam_cards import OTHER_ISSUER, RECORDS, cipher_psam, empty_readers, psam_card

SECONDS = 10.0
REFERENCE = reference_profile()
REFERENCE_PSAM = packaged_profile("reference-psam")
CARD = full_card()


def reference_card() -> Chip:
    return ReferenceApplet(VolatileMemory(CARD))


def reference_psam() -> Chip:
    return PsamChip(ISSUER.psam_for(Role.READER))


MAKERS: dict[str, tuple[CardProfile, Callable[[], Chip], Callable[[], Chip]]] = {
    "reference": (REFERENCE, reference_card, reference_psam),
    "reference-psam": (REFERENCE_PSAM, psam_card, cipher_psam),
}


@pytest.fixture(autouse=True)
def _empty_readers(private_pcscd: PrivatePcscd) -> Iterator[None]:
    """Before each test and after it: pcscd sees a card leave only some time later."""
    empty_readers(private_pcscd)
    yield
    empty_readers(private_pcscd)


@contextmanager
def opened(pcscd: PrivatePcscd, profile: CardProfile, card: Chip, psam: Chip) -> Iterator[CardApplication]:
    """A visit to the card in the first slot, with a PSAM in the second."""
    first, second = pcscd.readers
    with (
        VpcdLink(psam, pcscd.ports[1]),
        VpcdLink(card, pcscd.ports[0]),
        PcscReader(first) as reader,
        reader.wait_for_card(SECONDS) as connection,
        open_psam(second) as slot,
    ):
        application = CardApplication(connection, profile)
        application.select()
        application.authenticate(slot)
        yield application


def test_full_data_with_the_photo_are_read_under_secure_messaging(private_pcscd: PrivatePcscd) -> None:
    with opened(private_pcscd, REFERENCE, reference_card(), reference_psam()) as application:
        for file in REFERENCE.file:
            expected = tuple(file.record_of(fields) for fields in FILES.get(file.name, []))
            if file.name != "card":
                assert application.read_file(file.name) == expected


def test_every_file_of_a_card_with_a_psam_alone_is_read(private_pcscd: PrivatePcscd) -> None:
    with opened(private_pcscd, REFERENCE_PSAM, psam_card(), cipher_psam()) as application:
        for name, record in RECORDS.items():
            assert application.read_file(name) == (record,)


def test_such_a_card_is_read_behind_contacts_too(private_pcscd: PrivatePcscd) -> None:
    with opened(private_pcscd, REFERENCE_PSAM, T0Card(psam_card()), cipher_psam()) as application:
        for name, record in RECORDS.items():
            assert application.read_file(name) == (record,)


def test_an_empty_slot_has_no_psam(private_pcscd: PrivatePcscd) -> None:
    with pytest.raises(PsamMissing), open_psam(private_pcscd.readers[1]):
        pass


@pytest.mark.parametrize("after", [0, 1, 2])
@pytest.mark.parametrize("profile", MAKERS)
def test_a_psam_that_is_torn_out_is_not_taken_for_a_torn_card(
    private_pcscd: PrivatePcscd, profile: str, after: int
) -> None:
    layout, card, psam = MAKERS[profile]
    torn = TearingChip(psam(), after_apdus=after)
    with pytest.raises(PsamGone), opened(private_pcscd, layout, card(), torn):
        pass


@pytest.mark.parametrize("profile", MAKERS)
def test_a_card_that_is_torn_away_is_a_torn_card(private_pcscd: PrivatePcscd, profile: str) -> None:
    layout, card, psam = MAKERS[profile]
    torn = TearingChip(card(), after_apdus=2)
    with pytest.raises(CardTorn), opened(private_pcscd, layout, torn, psam()):
        pass


class Listening(WrappedChip):
    """A chip that keeps the commands that reach it."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self.commands: list[bytes] = []

    def process(self, command: bytes) -> bytes:
        """Passed on, and kept."""
        self.commands.append(command)
        return super().process(command)


def test_a_psam_on_t_0_gets_no_le_with_data_and_is_asked_for_its_answers(private_pcscd: PrivatePcscd) -> None:
    psam = Listening(cipher_psam())
    with opened(private_pcscd, REFERENCE_PSAM, psam_card(), psam) as application:
        application.read_file("disability")
    with_data = [command for command in psam.commands if len(command) > HEADER_AND_P3]
    assert len(with_data) > 5
    assert all(len(command) == HEADER_AND_P3 + command[4] for command in with_data)
    assert {command[:4] for command in psam.commands if command not in with_data} == {b"\x00\xc0\x00\x00"}


@pytest.mark.parametrize(
    ("profile", "psam"),
    [
        ("reference", PsamChip(STRANGER.psam)),
        ("reference-psam", cipher_psam(issuer=OTHER_ISSUER)),
    ],
)
def test_another_issuer_s_psam_is_refused(private_pcscd: PrivatePcscd, profile: str, psam: Chip) -> None:
    layout, card, _psam = MAKERS[profile]
    with pytest.raises(AuthenticationRefused), opened(private_pcscd, layout, card(), psam):
        pass


@pytest.mark.parametrize(
    ("profile", "psam"),
    [
        ("reference", cipher_psam()),
        ("reference-psam", reference_psam()),
        ("reference", ForeignCardChip()),
        ("reference-psam", ForeignCardChip()),
    ],
)
def test_a_psam_of_another_kind_is_refused(private_pcscd: PrivatePcscd, profile: str, psam: Chip) -> None:
    layout, card, _psam = MAKERS[profile]
    with pytest.raises(PsamRefused), opened(private_pcscd, layout, card(), psam):
        pass


def test_a_slot_that_does_not_exist_is_said_to_be_missing(private_pcscd: PrivatePcscd) -> None:
    assert private_pcscd.readers
    with pytest.raises(NoSuchReader), open_psam("No such slot 00 00"):
        pass


def test_the_slot_is_found_by_the_card_profile_s_pattern(private_pcscd: PrivatePcscd) -> None:
    assert find_sam_slot(list_readers(), ("Virtual PCD 00 01",)) == private_pcscd.readers[1]


def test_a_slot_that_nobody_knows_or_several_must_be_named() -> None:
    readers = ("Maker Contactless 00 00", "Maker SAM A 00 01", "Maker SAM B 00 02")
    assert find_sam_slot(readers, ("* SAM A *",)) == readers[1]
    with pytest.raises(NoSamSlot, match="Maker Contactless"):
        find_sam_slot(readers)
    with pytest.raises(SamSlotUnclear, match="Maker SAM A 00 01, Maker SAM B 00 02"):
        find_sam_slot(readers, ("* SAM ? *",))


def test_the_slot_of_a_dual_reader_is_told_from_its_card_reader() -> None:
    readers = (
        "ACS ACR1252 Reader [ACR1252 Dual Reader PICC] 00 00",
        "ACS ACR1252 Reader [ACR1252 Dual Reader SAM] 01 00",
    )
    assert find_sam_slot(readers) == readers[1]
    assert not is_sam_slot("SAMSUNG Reader 00 00")
