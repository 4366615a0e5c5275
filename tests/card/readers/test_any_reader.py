"""Whatever reader is plugged in, a tap on it works; and what is missing is said once."""

import threading
from collections.abc import Iterator

import msgspec
import pytest

from card.errors import (
    CardError,
    CardInUse,
    CardNotRemoved,
    CardTorn,
    NoCardInTime,
    NoReaderConnected,
    PcscServiceGone,
    WaitCancelled,
)
from card.readers import sam_slots
from card.readers.address import reader_opener
from card.readers.any_reader import AnyReader
from card.readers.pcsc import PcscReader
from card.readers.reader_event import ReaderEvent, ReaderEventKind
from card.readers.reader_table import ReaderTable
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.serial_ccid_board import SerialCcidBoard
from card.simulator.boards.vpcd import VpcdLink
from firmware_profiles.reader_profile import recognise_reader
from tests.card.cards import applet, check, personalised, reason
from tests.card.readers.mute_cards import MuteCardBoard

SECONDS = 10.0


@pytest.fixture(autouse=True)
def _empty_readers(private_pcscd: PrivatePcscd) -> None:
    for name in private_pcscd.readers:
        with PcscReader(name) as reader:
            reader.wait_for_removal(SECONDS)


@pytest.fixture
def reader(private_pcscd: PrivatePcscd) -> Iterator[AnyReader]:
    """Both virtual readers, empty."""
    with AnyReader() as reader:
        yield reader


def tap(reader: AnyReader) -> None:
    """The next card is ours."""
    with reader.wait_for_card(SECONDS) as connection:
        assert reason(check(connection)) is None


def test_a_tap_works_on_every_reader(reader: AnyReader, private_pcscd: PrivatePcscd) -> None:
    for port in private_pcscd.ports:
        with VpcdLink(applet(), port):
            tap(reader)
            with pytest.raises(CardNotRemoved):
                reader.wait_for_removal(0.1)
        reader.wait_for_removal(SECONDS)
    with pytest.raises(NoCardInTime):
        reader.wait_for_card(0)


def test_a_card_that_lies_there_is_found_at_once(private_pcscd: PrivatePcscd) -> None:
    with VpcdLink(applet(), private_pcscd.ports[1]):
        with PcscReader(private_pcscd.readers[1]) as other:
            other.wait_for_card(SECONDS).close()
        with AnyReader() as reader:
            for _tap in range(2):
                with reader.wait_for_card(0) as connection:
                    assert reason(check(connection)) is None


def test_a_card_left_on_one_reader_does_not_keep_the_other_from_tapping(
    reader: AnyReader, private_pcscd: PrivatePcscd
) -> None:
    left, tapped = personalised(), personalised()
    with VpcdLink(applet(left), private_pcscd.ports[0]):
        tap(reader)
        for _tap in range(2):
            with VpcdLink(applet(tapped), private_pcscd.ports[1]):
                reader.wait_for_removal(SECONDS)
                tap(reader)
            reader.wait_for_removal(SECONDS)
        with pytest.raises(NoCardInTime):
            reader.wait_for_card(0)
    with VpcdLink(applet(), private_pcscd.ports[0]), PcscReader(private_pcscd.readers[0]) as other:
        other.wait_for_removal(SECONDS)
        tap(reader)


def test_a_card_that_another_program_holds_is_in_use_and_can_be_tapped_after_that(
    reader: AnyReader, private_pcscd: PrivatePcscd
) -> None:
    with VpcdLink(applet(), private_pcscd.ports[0]), PcscReader(private_pcscd.readers[0]) as other:
        with other.wait_for_card(SECONDS), pytest.raises(CardInUse):
            reader.wait_for_card(SECONDS)
        tap(reader)


def test_a_restart_with_a_card_on_the_reader_is_said_once_and_the_next_tap_works(
    reader: AnyReader, private_pcscd: PrivatePcscd
) -> None:
    port = private_pcscd.ports[0]
    with VpcdLink(applet(), port):
        tap(reader)
        private_pcscd.kill()
        try:
            with pytest.raises(PcscServiceGone):
                reader.wait_for_removal(SECONDS)
        finally:
            private_pcscd.restart()
    reader.wait_for_removal(SECONDS)
    with VpcdLink(applet(), port):
        tap(reader)
    reader.wait_for_removal(SECONDS)


def test_a_service_that_does_not_run_is_said_once_and_waited_for(private_pcscd: PrivatePcscd) -> None:
    path = private_pcscd.socket_path
    private_pcscd.kill()
    hidden = path.rename(path.with_name("hidden"))
    try:
        with AnyReader() as reader:
            with pytest.raises(PcscServiceGone):
                reader.wait_for_card(None)
            raised: list[CardError] = []

            def wait() -> None:
                try:
                    reader.wait_for_card(SECONDS).close()
                except CardError as error:
                    raised.append(error)

            waiting = threading.Thread(target=wait)
            waiting.start()
            hidden.rename(path)
            private_pcscd.restart()
            with VpcdLink(applet(), private_pcscd.ports[0]):
                waiting.join(SECONDS)
            assert raised == []
    finally:
        if hidden.exists():
            hidden.rename(path)
            private_pcscd.restart()


def test_without_a_reader_that_is_said_once_and_one_is_waited_for(private_pcscd: PrivatePcscd) -> None:
    private_pcscd.kill()
    private_pcscd.restart(plugged_in=False)
    try:
        with AnyReader() as reader:
            with pytest.raises(NoReaderConnected):
                reader.wait_for_card(None)
            private_pcscd.kill()
            private_pcscd.restart()
            with pytest.raises(PcscServiceGone):
                reader.wait_for_removal(None)
            reader.wait_for_removal(SECONDS)
            with VpcdLink(applet(), private_pcscd.ports[0]):
                tap(reader)
    finally:
        private_pcscd.kill()
        private_pcscd.restart()


def test_cancel_ends_a_wait_without_end(reader: AnyReader) -> None:
    canceller = threading.Timer(0.1, reader.cancel)
    canceller.start()
    with pytest.raises(WaitCancelled):
        reader.wait_for_card(None)
    canceller.join()
    with pytest.raises(WaitCancelled):
        reader.wait_for_removal(None)


def test_a_reader_off_pcsc_is_one_of_them(private_pcscd: PrivatePcscd) -> None:
    with SerialCcidBoard() as board:
        address = f"serial:acs-ccid-serial:{board.path}"
        with AnyReader({address: reader_opener(address)}) as reader:
            for _tap in range(2):
                board.put(applet())
                tap(reader)
                board.remove()
                reader.wait_for_removal(SECONDS)
                with VpcdLink(applet(), private_pcscd.ports[0]):
                    tap(reader)
                reader.wait_for_removal(SECONDS)


def test_a_card_off_pcsc_that_can_t_be_activated_is_said(private_pcscd: PrivatePcscd) -> None:
    with MuteCardBoard() as board:
        address = f"serial:acs-ccid-serial:{board.path}"
        with AnyReader({address: reader_opener(address)}) as reader:
            board.put_mute()
            with pytest.raises(CardTorn):
                reader.wait_for_card(SECONDS)
            with pytest.raises(CardNotRemoved):
                reader.wait_for_removal(0.1)
            board.remove()
            reader.wait_for_removal(SECONDS)
            board.put(applet())
            tap(reader)


def events(*kinds: ReaderEventKind, reader: str = "reader") -> list[ReaderEvent]:
    """These, at one reader."""
    return [ReaderEvent(kind, reader) for kind in kinds]


def test_a_sam_slot_is_never_taken_for_the_cards_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    arrival = (ReaderEventKind.READER_ARRIVED, ReaderEventKind.CARD_PRESENT)
    departure = (ReaderEventKind.CARD_REMOVED, ReaderEventKind.READER_LEFT)
    profile = msgspec.structs.replace(
        recognise_reader("Bus Validator 00 00"), sam_names=("Bus Validator ?? 0[1-4]",)
    )
    monkeypatch.setattr(sam_slots, "reader_profiles", lambda: (profile,))
    name = "Bus Validator 00 03"
    assert [sam_slots.is_sam_slot(reader) for reader in (name, "Bus Validator 00 00")] == [True, False]
    table = ReaderTable()
    table.take(events(*arrival, reader=name))
    table.take(events(*arrival))
    assert table.readers == {"reader"}
    assert [card.reader for card in table.cards] == ["reader"]
    table.take(events(*departure, reader=name))
    table.take(events(*departure))
    assert table.readers == set()
    assert table.cards == []


def test_the_sam_slot_of_a_dual_reader_without_a_profile_of_its_own_is_left_out() -> None:
    arrival = (ReaderEventKind.READER_ARRIVED, ReaderEventKind.CARD_PRESENT)
    card_slot = "ACS ACR1252 Reader [ACR1252 Dual Reader PICC] 00 00"
    table = ReaderTable()
    table.take(events(*arrival, reader="ACS ACR1252 Reader [ACR1252 Dual Reader SAM] 01 00"))
    table.take(events(*arrival, reader=card_slot))
    assert table.readers == {card_slot}
    assert [card.reader for card in table.cards] == [card_slot]


def test_a_card_stays_the_same_while_its_reader_is_away() -> None:
    arrived, left = ReaderEventKind.READER_ARRIVED, ReaderEventKind.READER_LEFT
    present, removed = ReaderEventKind.CARD_PRESENT, ReaderEventKind.CARD_REMOVED
    table = ReaderTable()
    table.take(events(arrived, present))
    first = table.cards[0]
    table.take(events(removed, left))
    table.take(events(arrived, present))
    assert table.cards == [first]
    table.take(events(removed, present))
    exchanged = table.cards[0]
    assert exchanged is not first
    table.take(events(removed, left))
    table.take(events(arrived))
    table.take(events(present))
    assert table.cards[0] not in {first, exchanged}
