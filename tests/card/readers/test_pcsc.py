"""Cards through the genuine pcscd and libpcsclite."""

import gc
import os
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from smartcard import scard

from card.apdu import CommandApdu
from card.errors import (
    CardError,
    CardInUse,
    CardNotRemoved,
    CardTorn,
    NoCardInTime,
    NoSuchReader,
    PcscServiceGone,
    ReaderGone,
    RefusalReason,
    VirtualReaderUnreachable,
    WaitCancelled,
)
from card.exchange import Exchange, LengthLimits
from card.readers.deadline import Deadline
from card.readers.pcsc import PcscReader, list_readers
from card.readers.pcsc_context import READER_LIST_CHANGES
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.chip import Chip
from card.simulator.chips.faults import AnswerFault, FaultyChip, TearingChip
from card.simulator.chips.foreign import ForeignCardChip
from card.simulator.chips.wrapped_chip import WrappedChip
from card.simulator.issuing.altered_cards import clone, forge
from card.verification import VerifiedCard
from crypto.closing import Closing
from crypto.credential import TapCredential
from firmware_profiles.reader_profile import Quirks, ShareMode, recognise_reader
from tests.card.cards import Listed, ScriptedChip, applet, check, personalised, reason

SECONDS = 10.0


@pytest.fixture
def reader(private_pcscd: PrivatePcscd) -> PcscReader:
    """The first virtual reader, empty."""
    return PcscReader(private_pcscd.readers[0])


class OtherProgram(Closing):
    """Another user of the same reader, with nothing of ours."""

    def __init__(self, reader: str, share: int = scard.SCARD_SHARE_SHARED) -> None:
        _result, self._context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        protocol = scard.SCARD_PROTOCOL_T1 if share == scard.SCARD_SHARE_SHARED else 0
        result, self._card, _protocol = scard.SCardConnect(self._context, reader, share, protocol)
        assert result == scard.SCARD_S_SUCCESS

    def transmit(self, command: CommandApdu) -> None:
        """Send a command; waits for the end of a transaction, as libpcsclite does."""
        result, _answer = scard.SCardTransmit(self._card, scard.SCARD_PCI_T1, list(command.to_bytes()))
        assert result == scard.SCARD_S_SUCCESS

    def begin_transaction(self) -> None:
        """Keep everybody else from the card, until close()."""
        assert scard.SCardBeginTransaction(self._card) == scard.SCARD_S_SUCCESS

    def reset(self) -> None:
        """Reset the card."""
        result, _protocol = scard.SCardReconnect(
            self._card, scard.SCARD_SHARE_SHARED, scard.SCARD_PROTOCOL_T1, scard.SCARD_RESET_CARD
        )
        assert result == scard.SCARD_S_SUCCESS

    def close(self) -> None:
        """Leave."""
        scard.SCardDisconnect(self._card, scard.SCARD_LEAVE_CARD)
        scard.SCardReleaseContext(self._context)


def tap(reader: PcscReader, port: int, chip: Chip, *listed: bytes) -> RefusalReason | None:
    """Put the card down, verify it, take it away."""
    with reader, VpcdLink(chip, port), reader.wait_for_card(SECONDS) as connection:
        return reason(check(connection, Listed(*listed)))


def settle(reader_name: str) -> None:
    """Block until pcscd has seen that the reader is empty."""
    with PcscReader(reader_name) as reader:
        reader.wait_for_removal(SECONDS)


@pytest.fixture(autouse=True)
def _empty_readers(private_pcscd: PrivatePcscd) -> None:
    for name in private_pcscd.readers:
        settle(name)


def test_exactly_the_two_virtual_readers_are_listed(private_pcscd: PrivatePcscd) -> None:
    assert list_readers() == private_pcscd.readers


def test_a_card_is_verified_tap_after_tap(reader: PcscReader, private_pcscd: PrivatePcscd) -> None:
    chip = applet()
    counters = []
    with reader:
        for _ in range(3):
            with VpcdLink(chip, private_pcscd.ports[0]), reader.wait_for_card(SECONDS) as connection:
                assert connection.atr == chip.atr
                result = check(connection)
                assert isinstance(result, VerifiedCard)
                counters.append(result.proof.counter)
            reader.wait_for_removal(SECONDS)
    assert counters == [1, 2, 3]


@pytest.mark.parametrize(
    ("fault", "first", "expected"),
    [
        (AnswerFault.GARBAGE, 1, RefusalReason.UNREADABLE),
        (AnswerFault.TRUNCATED_TLV, 1, RefusalReason.UNREADABLE),
        (AnswerFault.WRONG_LENGTH, 2, RefusalReason.UNREADABLE),
        (AnswerFault.WRONG_SW, 2, RefusalReason.UNREADABLE),
        (AnswerFault.SLOW, 2, None),
    ],
)
def test_each_fault_has_its_refusal(
    reader: PcscReader,
    private_pcscd: PrivatePcscd,
    fault: AnswerFault,
    first: int,
    expected: RefusalReason | None,
) -> None:
    assert tap(reader, private_pcscd.ports[0], FaultyChip(applet(), fault, first)) is expected


def test_forged_cloned_and_foreign_cards_are_refused(private_pcscd: PrivatePcscd) -> None:
    name, port = private_pcscd.readers[0], private_pcscd.ports[0]
    for chip, expected in (
        (applet(forge(personalised())), RefusalReason.FORGED),
        (applet(clone(personalised())), RefusalReason.CLONED),
        (ForeignCardChip(), RefusalReason.FOREIGN_CARD),
    ):
        assert tap(PcscReader(name), port, chip) is expected
        settle(name)


def test_a_listed_card_is_refused(reader: PcscReader, private_pcscd: PrivatePcscd) -> None:
    card = personalised()
    card_id = TapCredential.from_bytes(card.credential).card_id
    assert tap(reader, private_pcscd.ports[0], applet(card), card_id) is RefusalReason.HOTLISTED


@pytest.mark.parametrize("after_apdus", [0, 1])
def test_a_card_torn_away_is_torn(reader: PcscReader, private_pcscd: PrivatePcscd, after_apdus: int) -> None:
    chip = TearingChip(applet(), after_apdus=after_apdus)
    assert tap(reader, private_pcscd.ports[0], chip) is RefusalReason.TORN


def test_a_card_torn_away_within_an_answer_is_torn_and_reads_again(private_pcscd: PrivatePcscd) -> None:
    name, port = private_pcscd.readers[0], private_pcscd.ports[0]
    card = applet()
    assert tap(PcscReader(name), port, TearingChip(card, after_bytes=100)) is RefusalReason.TORN
    settle(name)
    assert tap(PcscReader(name), port, card) is None


def test_without_the_readers_quirk_an_empty_answer_is_unreadable(private_pcscd: PrivatePcscd) -> None:
    name = private_pcscd.readers[0]
    plain = msgspec.structs.replace(recognise_reader(name), quirks=Quirks())
    chip = TearingChip(applet(), after_apdus=0)
    assert tap(PcscReader(name, plain), private_pcscd.ports[0], chip) is RefusalReason.UNREADABLE


def test_a_wait_without_a_card_ends_in_time(reader: PcscReader) -> None:
    with reader, pytest.raises(NoCardInTime):
        reader.wait_for_card(0)


def test_a_card_that_stays_is_not_removed(reader: PcscReader, private_pcscd: PrivatePcscd) -> None:
    with reader, VpcdLink(applet(), private_pcscd.ports[0]):
        reader.wait_for_card(SECONDS).close()
        with pytest.raises(CardNotRemoved):
            reader.wait_for_removal(0.6)


def test_a_card_that_was_exchanged_counts_as_removed(reader: PcscReader, private_pcscd: PrivatePcscd) -> None:
    with reader:
        with VpcdLink(applet(), private_pcscd.ports[0]):
            reader.wait_for_card(SECONDS).close()
        settle(reader.name)
        with VpcdLink(applet(), private_pcscd.ports[0]):
            with PcscReader(reader.name) as other:
                other.wait_for_card(SECONDS).close()
            reader.wait_for_removal(0)
            with reader.wait_for_card(0) as connection:
                assert reason(check(connection)) is None


def test_a_card_that_another_program_holds_is_in_use(reader: PcscReader, private_pcscd: PrivatePcscd) -> None:
    with reader, VpcdLink(applet(), private_pcscd.ports[0]):
        with PcscReader(reader.name) as other, other.wait_for_card(SECONDS), pytest.raises(CardInUse):
            reader.wait_for_card(SECONDS)
        with reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None


def test_a_closed_connection_answers_nothing(reader: PcscReader, private_pcscd: PrivatePcscd) -> None:
    with reader, VpcdLink(applet(), private_pcscd.ports[0]):
        connection = reader.wait_for_card(SECONDS)
        connection.close()
        connection.close()
        assert reason(check(connection)) is RefusalReason.TORN


def test_an_unknown_reader_is_named_with_those_present(private_pcscd: PrivatePcscd) -> None:
    with pytest.raises(NoSuchReader) as refused:
        PcscReader("No Such Reader")
    assert private_pcscd.readers[0] in str(refused.value)


def test_a_card_without_a_virtual_reader_is_refused(private_pcscd: PrivatePcscd) -> None:
    with PrivatePcscd() as other:
        port = other.ports[0]
    with pytest.raises(VirtualReaderUnreachable):
        VpcdLink(applet(), port).__enter__()


def test_cancel_from_another_thread_ends_a_wait_without_end(reader: PcscReader) -> None:
    ended: list[CardError] = []

    def wait() -> None:
        try:
            reader.wait_for_card(None)
        except CardError as error:
            ended.append(error)

    with reader:
        waiter = threading.Thread(target=wait)
        waiter.start()
        reader.cancel()
        waiter.join(SECONDS)
        assert [type(error) for error in ended] == [WaitCancelled]
        with pytest.raises(WaitCancelled):
            reader.wait_for_removal(None)


def test_cancel_from_a_signal_handler_ends_a_wait_without_end(reader: PcscReader) -> None:
    previous = signal.signal(signal.SIGALRM, lambda number, frame: reader.cancel())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with reader, pytest.raises(WaitCancelled):
            reader.wait_for_card(None)
    finally:
        signal.signal(signal.SIGALRM, previous)


def test_a_reader_recovers_from_a_restart_of_the_service(private_pcscd: PrivatePcscd) -> None:
    name, port = private_pcscd.readers[0], private_pcscd.ports[0]
    with PcscReader(name) as reader:
        with VpcdLink(applet(), port):
            reader.wait_for_card(SECONDS).close()
            private_pcscd.kill()
        try:
            with pytest.raises(PcscServiceGone):
                reader.wait_for_removal(SECONDS)
        finally:
            private_pcscd.restart()
        reader.wait_for_removal(SECONDS)
        with VpcdLink(applet(), port), reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None


def test_a_reader_waits_for_a_service_without_a_socket_and_goes_on(private_pcscd: PrivatePcscd) -> None:
    path = private_pcscd.socket_path

    def return_of_the_service() -> None:
        path.with_name("hidden").rename(path)
        private_pcscd.restart()

    with PcscReader(private_pcscd.readers[0]) as reader:
        private_pcscd.kill()
        path.rename(path.with_name("hidden"))
        returning = threading.Thread(target=return_of_the_service)
        try:
            for timeout in (SECONDS, 0.2):
                with pytest.raises(PcscServiceGone):
                    reader.wait_for_card(timeout)
        finally:
            returning.start()
        with pytest.raises(NoCardInTime):
            reader.wait_for_card(1.0)
        returning.join()


def test_a_reader_that_is_gone_is_waited_for_and_used_again(private_pcscd: PrivatePcscd) -> None:
    with PcscReader(private_pcscd.readers[0]) as reader:
        private_pcscd.kill()
        with pytest.raises(PcscServiceGone):
            reader.wait_for_card(SECONDS)
        try:
            private_pcscd.restart(plugged_in=False)
            assert list_readers() == ()
            with pytest.raises(ReaderGone):
                reader.wait_for_card(0.2)
        finally:
            private_pcscd.kill()
            private_pcscd.restart()
        with pytest.raises(PcscServiceGone):
            reader.wait_for_card(SECONDS)
        card = VpcdLink(applet(), private_pcscd.ports[0])
        with card, reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None


def test_a_reader_that_is_gone_is_named_whatever_was_waited_on(
    reader: PcscReader, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What services without this pseudo-reader answer (SCARD_E_UNKNOWN_READER).
    monkeypatch.setattr(scard, "SCardGetStatusChange", lambda *_: (scard.SCARD_E_UNKNOWN_READER, []))
    with reader, pytest.raises(ReaderGone) as gone:
        reader._block(READER_LIST_CHANGES, scard.SCARD_STATE_UNAWARE, Deadline(0))
    assert gone.value.facts == {"reader": reader.name}


def test_a_service_that_ends_during_a_tap_is_raised_and_then_waited_for(private_pcscd: PrivatePcscd) -> None:
    def killed(command: bytes) -> bytes:
        private_pcscd.kill()
        return b"\x90\x00"

    name, port = private_pcscd.readers[0], private_pcscd.ports[0]
    with PcscReader(name) as reader:
        killing = ScriptedChip(killed)
        try:
            with (
                VpcdLink(killing, port),
                reader.wait_for_card(SECONDS) as connection,
                pytest.raises(PcscServiceGone),
            ):
                check(connection)
        finally:
            private_pcscd.restart()
        with VpcdLink(applet(), port), reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None


def test_neither_taps_nor_restarts_leak_descriptors(private_pcscd: PrivatePcscd) -> None:
    def descriptors() -> int:
        gc.collect()
        return len(list(Path("/proc/self/fd").iterdir()))

    name, port = private_pcscd.readers[0], private_pcscd.ports[0]
    before = descriptors()
    for _ in range(2):
        with PcscReader(name) as reader:
            torn = TearingChip(applet(), after_apdus=1)
            with VpcdLink(torn, port), reader.wait_for_card(SECONDS) as connection:
                check(connection)
            reader.wait_for_removal(SECONDS)
            private_pcscd.kill()
            try:
                with pytest.raises(PcscServiceGone):
                    reader.wait_for_card(SECONDS)
            finally:
                private_pcscd.restart()
            with pytest.raises(NoCardInTime):
                reader.wait_for_card(0)
        with pytest.raises(NoSuchReader):
            PcscReader("No Such Reader")
    assert descriptors() == before


def test_a_service_that_does_not_run_is_said_so(private_pcscd: PrivatePcscd, tmp_path: Path) -> None:
    # libpcsclite fixes its socket's path at its first use, so another process asks where nobody listens.
    script = "from card.readers.pcsc import list_readers; list_readers()"
    asked = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PCSCLITE_CSOCK_NAME": str(tmp_path / "nobody")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert PcscServiceGone.code in asked.stderr


def test_in_shared_mode_no_other_program_comes_between_two_commands(private_pcscd: PrivatePcscd) -> None:
    name = private_pcscd.readers[0]
    shared = msgspec.structs.replace(recognise_reader(name), share=ShareMode.SHARED)
    chip = ScriptedChip(lambda command: b"\x90\x00")
    ours, theirs = CommandApdu(0x00, 0x01, 0, 0), CommandApdu(0x00, 0x02, 0, 0)
    with PcscReader(name, shared) as reader, VpcdLink(chip, private_pcscd.ports[0]):
        reader.wait_for_card(SECONDS).close()
        with OtherProgram(name) as other:
            with reader.wait_for_card(SECONDS) as connection, connection.transaction():
                connection.transmit(ours)
                sending = threading.Thread(target=other.transmit, args=(theirs,))
                sending.start()
                connection.transmit(ours)
            sending.join(SECONDS)
    assert chip.commands == [ours.to_bytes(), ours.to_bytes(), theirs.to_bytes()]


def test_a_transaction_keeps_a_torn_card_torn(reader: PcscReader, private_pcscd: PrivatePcscd) -> None:
    with reader, VpcdLink(applet(), private_pcscd.ports[0]) as link:
        with reader.wait_for_card(SECONDS) as connection:
            link.remove()
            reader.wait_for_removal(SECONDS)
            with pytest.raises(CardTorn), connection.transaction():
                pass
        with pytest.raises(CardTorn), connection.transaction():
            pass


def test_a_card_that_another_program_resets_is_torn(private_pcscd: PrivatePcscd) -> None:
    name = private_pcscd.readers[0]
    shared = msgspec.structs.replace(recognise_reader(name), share=ShareMode.SHARED)
    with PcscReader(name, shared) as reader, VpcdLink(applet(), private_pcscd.ports[0]):
        reader.wait_for_card(SECONDS).close()
        with OtherProgram(name) as other, reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None
            # Ours is one transaction to its end; another program gets in only where that is lost.
            assert connection._handle is not None
            scard.SCardEndTransaction(connection._handle, scard.SCARD_LEAVE_CARD)
            other.reset()
            assert reason(check(connection)) is RefusalReason.TORN


def test_a_reader_that_is_held_without_a_card_is_waited_on(
    reader: PcscReader, private_pcscd: PrivatePcscd
) -> None:
    with reader, OtherProgram(reader.name, scard.SCARD_SHARE_DIRECT), pytest.raises(NoCardInTime):
        reader.wait_for_card(0)


def test_a_card_lying_there_is_tapped_again_and_again(
    reader: PcscReader, private_pcscd: PrivatePcscd
) -> None:
    with reader:
        with VpcdLink(applet(), private_pcscd.ports[0]):
            for _tap in range(3):
                with reader.wait_for_card(SECONDS) as connection:
                    assert reason(check(connection)) is None
            with pytest.raises(CardNotRemoved):
                reader.wait_for_removal(0)
        reader.wait_for_removal(SECONDS)
        with pytest.raises(NoCardInTime):
            reader.wait_for_card(0)


def test_extended_length_goes_through_the_service_whole(
    reader: PcscReader, private_pcscd: PrivatePcscd
) -> None:
    data = bytes(range(256)) * 200
    chip = ScriptedChip(lambda command: CommandApdu.from_bytes(command).data + b"\x90\x00")
    limits = LengthLimits(extended=True, max_command=60_000)
    command = CommandApdu(0x00, 0xD6, 0, 0, data, le=65_536, extended=True)
    with reader:
        with VpcdLink(chip, private_pcscd.ports[0]), reader.wait_for_card(SECONDS) as connection:
            assert Exchange(connection, limits).send(command, "ECHO", max_answer=len(data)) == data
        reader.wait_for_removal(SECONDS)


class MuteChip(WrappedChip):
    """A card that answers nothing to the second command, for as long as it lies there."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self._commands = 0
        self._gone = threading.Event()

    def process(self, command: bytes) -> bytes:
        """The first answer alone. Raises CardTorn when it leaves."""
        self._commands += 1
        if self._commands == 1:
            return self._chip.process(command)
        self._gone.wait(SECONDS)
        raise CardTorn

    def leave(self) -> None:
        """Let the command under way end."""
        self._gone.set()


def test_a_card_that_never_answers_is_too_slow_and_the_reader_goes_on(private_pcscd: PrivatePcscd) -> None:
    name, port = private_pcscd.readers[0], private_pcscd.ports[0]
    mute = MuteChip(applet())
    with PcscReader(name) as reader:
        with VpcdLink(mute, port), reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is RefusalReason.TOO_SLOW
            mute.leave()
        reader.wait_for_removal(SECONDS)
        assert reason_in_the_end(reader, port) is None


def reason_in_the_end(reader: PcscReader, port: int) -> RefusalReason | None:
    """The reason of a tap; pcscd misses a card that comes while it still tidies up after a client it lost."""
    for _ in range(10):
        with suppress(NoCardInTime), VpcdLink(applet(), port), reader.wait_for_card(2) as connection:
            return reason(check(connection))
    raise AssertionError("no card was seen any more")


def test_a_program_that_keeps_its_transaction_is_told_as_such(private_pcscd: PrivatePcscd) -> None:
    name, port = private_pcscd.readers[0], private_pcscd.ports[0]
    with PcscReader(name) as reader:
        with VpcdLink(applet(), port):
            with reader.wait_for_card(SECONDS):
                pass
            with OtherProgram(name) as other:
                other.begin_transaction()
                with pytest.raises(CardInUse):
                    reader.wait_for_card(SECONDS)
            with reader.wait_for_card(SECONDS) as connection:
                assert reason(check(connection)) is None
        # pcscd would miss the next test's card, did that come while this one is still there for it.
        reader.wait_for_removal(SECONDS)
