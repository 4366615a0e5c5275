"""Cards through nfcpy and its PN532 driver, on a pseudo-terminal behind which the virtual board answers."""

import errno
import io
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import serial
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from card.apdu import CommandApdu
from card.atr import contactless_atr
from card.ats import Ats
from card.errors import (
    AnswerMalformed,
    CardError,
    CardNotRemoved,
    CardTorn,
    DeviceSpeaksOtherwise,
    NoCardInTime,
    NoSuchReader,
    ReaderAddressRefused,
    ReaderGone,
    RefusalReason,
    SerialPortRefused,
    WaitCancelled,
)
from card.readers.nfc import NfcReader
from card.recognition import name_foreign_card
from card.simulator.boards.iso14443_3 import atqa_for, crc_a
from card.simulator.boards.iso14443_4 import Type4Picc
from card.simulator.boards.iso14443_type2 import Type2Tag
from card.simulator.boards.iso14443_type_b import TypeBCard
from card.simulator.boards.pn532_board import Pn532Board
from card.simulator.boards.pn532_firmware import Command, Pn532Firmware
from card.simulator.boards.pn532_frames import ACK, Frame, FrameReader
from card.simulator.boards.pty_line import PtyLine
from card.simulator.chips.chip import Chip
from card.simulator.chips.faults import AnswerFault, FaultyChip, TearingChip
from card.simulator.chips.foreign import ForeignCardChip
from card.simulator.issuing.altered_cards import clone, forge
from card.trace_file import Trace, traced
from card.verification import VerifiedCard
from crypto.closing import Closing
from crypto.credential import TapCredential
from tests.card.cards import Listed, ScriptedChip, applet, check, personalised, reason

SECONDS = 10.0
COMMAND = CommandApdu(0x00, 0xB0, 0x00, 0x00, le=256)
OK = b"\x90\x00"
UID = bytes.fromhex("02 11 22 33")
ASKED = (
    Command.READ_REGISTER,
    Command.WRITE_REGISTER,
    Command.RF_CONFIGURATION,
    Command.IN_COMMUNICATE_THRU,
    Command.IN_LIST_PASSIVE_TARGET,
)


@pytest.fixture
def board() -> Iterator[Pn532Board]:
    """A board without a card."""
    with Pn532Board() as board:
        yield board


@pytest.fixture
def reader(board: Pn532Board) -> Iterator[NfcReader]:
    """A reader on it."""
    with NfcReader(board.path) as reader:
        yield reader


def tap(board: Pn532Board, reader: NfcReader, chip: Chip, *listed: bytes) -> RefusalReason | None:
    """Put the card down, verify it, take it away."""
    board.put(chip)
    with reader.wait_for_card(SECONDS) as connection:
        result = reason(check(connection, Listed(*listed)))
    board.remove()
    reader.wait_for_removal(SECONDS)
    return result


class ScriptedPicc:
    """A card whose frames a test computes; without CRC_A, None for silence."""

    def __init__(self, answer: Callable[[bytes], bytes | None], sak: int = 0x20) -> None:
        self.uid = UID
        self.atqa = atqa_for(UID)
        self.sak = sak
        self._answer = answer

    def field_on(self) -> None:
        """No state."""

    def field_off(self) -> None:
        """No state."""

    def select(self, *, wake_up: bool) -> bool:
        """Always."""
        return True

    def receive(self, frame: bytes) -> bytes | None:
        """What the test says."""
        answer = self._answer(frame[:-2])
        return None if answer is None else answer + crc_a(answer)

    def close(self) -> None:
        """No state."""


def on_rats(ats: bytes, then: Callable[[bytes], bytes | None]) -> ScriptedPicc:
    """A card with this ATS and these blocks."""
    return ScriptedPicc(lambda body: ats if body[:1] == b"\xe0" else then(body))


def test_a_card_is_verified_tap_after_tap(board: Pn532Board, reader: NfcReader) -> None:
    chip = applet()
    counters = []
    for _ in range(3):
        board.put(chip)
        with reader.wait_for_card(SECONDS) as connection:
            assert connection.atr == chip.atr
            result = check(connection)
            assert isinstance(result, VerifiedCard)
            counters.append(result.proof.counter)
        board.remove()
        reader.wait_for_removal(SECONDS)
    assert counters == [1, 2, 3]


@pytest.mark.parametrize(
    ("fault", "first", "expected"),
    [
        (AnswerFault.GARBAGE, 1, RefusalReason.UNREADABLE),
        (AnswerFault.TRUNCATED_TLV, 1, RefusalReason.UNREADABLE),
        (AnswerFault.WRONG_LENGTH, 1, RefusalReason.UNREADABLE),
        (AnswerFault.WRONG_SW, 1, RefusalReason.FOREIGN_CARD),
        (AnswerFault.GARBAGE, 2, RefusalReason.UNREADABLE),
        (AnswerFault.WRONG_SW, 2, RefusalReason.UNREADABLE),
        (AnswerFault.SLOW, 2, None),
    ],
)
def test_each_fault_has_its_refusal(
    board: Pn532Board, reader: NfcReader, fault: AnswerFault, first: int, expected: RefusalReason | None
) -> None:
    assert tap(board, reader, FaultyChip(applet(), fault, first=first)) is expected


def test_forged_cloned_foreign_and_listed_cards_are_refused(board: Pn532Board, reader: NfcReader) -> None:
    card = personalised()
    card_id = TapCredential.from_bytes(card.credential).card_id
    assert tap(board, reader, applet(forge(card))) is RefusalReason.FORGED
    assert tap(board, reader, applet(clone(card))) is RefusalReason.CLONED
    assert tap(board, reader, ForeignCardChip()) is RefusalReason.FOREIGN_CARD
    assert tap(board, reader, applet(card), card_id) is RefusalReason.HOTLISTED


@pytest.mark.parametrize("after", [{"after_apdus": 0}, {"after_apdus": 1}, {"after_bytes": 100}])
def test_a_card_torn_away_is_torn_and_reads_again(
    board: Pn532Board, reader: NfcReader, after: dict[str, int]
) -> None:
    card = applet()
    assert tap(board, reader, TearingChip(card, **after)) is RefusalReason.TORN
    assert tap(board, reader, card) is None


def test_a_card_taken_away_between_two_commands_is_torn(board: Pn532Board, reader: NfcReader) -> None:
    board.put(ScriptedChip(lambda command: OK))
    with reader.wait_for_card(SECONDS) as connection:
        connection.transmit(COMMAND)
        board.remove()
        with pytest.raises(CardTorn):
            connection.transmit(COMMAND)
    reader.wait_for_removal(SECONDS)


def test_a_card_taken_away_within_a_chained_answer_is_torn(board: Pn532Board, reader: NfcReader) -> None:
    picc = Type4Picc(ScriptedChip(lambda command: bytes(600) + OK))

    def leave(body: bytes) -> bytes | None:
        answer = picc.receive(body + crc_a(body)) if body[:1] != b"\xa3" else None
        return None if answer is None else answer[:-2]

    picc.field_on()
    picc.select(wake_up=False)
    board.put_picc(ScriptedPicc(leave))
    with picc, reader.wait_for_card(SECONDS) as connection, pytest.raises(CardTorn):
        connection.transmit(COMMAND)


@pytest.mark.parametrize("fsci", [0, 2, 5, 8])
def test_long_commands_and_answers_are_chained(board: Pn532Board, reader: NfcReader, fsci: int) -> None:
    data = bytes(range(256)) * 4
    chip = ScriptedChip(lambda command: command[7:] + OK)
    board.put_picc(Type4Picc(chip, fsci=fsci))
    with reader.wait_for_card(SECONDS) as connection:
        answer = connection.transmit(CommandApdu(0x00, 0xD6, 0x00, 0x00, data, extended=True))
    assert (answer.data, answer.sw) == (data, 0x9000)


def test_a_type_2_tag_is_a_foreign_card(board: Pn532Board, reader: NfcReader) -> None:
    board.put_picc(Type2Tag())
    with reader.wait_for_card(SECONDS) as connection:
        # smartcard_list.txt: "MIFARE Ultralight (PICC)"
        assert connection.atr == bytes.fromhex("3B 8F 80 01 80 4F 0C A0 00 00 03 06 03 00 03 00 00 00 00 68")
        assert reason(check(connection)) is RefusalReason.FOREIGN_CARD
    with pytest.raises(CardNotRemoved):
        reader.wait_for_removal(0.3)
    board.remove()
    reader.wait_for_removal(SECONDS)


def test_a_resident_id_card_is_a_foreign_card_and_named_by_its_atr(
    board: Pn532Board, reader: NfcReader
) -> None:
    board.put_picc(TypeBCard())
    with reader.wait_for_card(SECONDS) as connection:
        # smartcard_list.txt: "Resident Identity Card of People Republic of China"
        assert connection.atr == bytes.fromhex("3B 88 80 01 D1 03 86 05 00 80 80 00 58")
        assert name_foreign_card(connection, connection.atr).id == "resident-id"
        assert reason(check(connection)) is RefusalReason.FOREIGN_CARD
    with pytest.raises(CardNotRemoved):
        reader.wait_for_removal(0)
    board.put(applet())
    reader.wait_for_removal(0)
    board.put_picc(TypeBCard())
    reader.wait_for_card(SECONDS).close()
    board.remove()
    reader.wait_for_removal(SECONDS)


def test_a_card_with_the_shortest_ats_is_talked_to(board: Pn532Board, reader: NfcReader) -> None:
    board.put_picc(on_rats(b"\x01", lambda body: body[:1] + OK))
    with reader.wait_for_card(SECONDS) as connection:
        assert connection.atr == contactless_atr(b"")
        assert connection.transmit(COMMAND).sw == 0x9000


@pytest.mark.parametrize("ats", [b"\x05\x78", b"\x02\x70", b"\x00", b"\xff" * 40])
def test_a_card_with_a_malformed_ats_is_unreadable(board: Pn532Board, reader: NfcReader, ats: bytes) -> None:
    board.put_picc(on_rats(ats, lambda body: None))
    with reader.wait_for_card(SECONDS) as connection:
        assert reason(check(connection)) is RefusalReason.UNREADABLE


def test_a_card_that_does_not_answer_rats_is_torn(board: Pn532Board, reader: NfcReader) -> None:
    board.put_picc(ScriptedPicc(lambda body: None))
    with pytest.raises(CardTorn):
        reader.wait_for_card(SECONDS)
    with pytest.raises(CardNotRemoved):
        reader.wait_for_removal(0)


@pytest.mark.parametrize(
    "blocks",
    [
        pytest.param(lambda body: b"\xf2\x01", id="asks for time"),
        pytest.param(lambda body: b"\xa3", id="never had the command"),
        pytest.param(lambda body: bytes((0x12 | body[0] & 1,)) + bytes(200), id="chains"),
    ],
)
def test_a_card_that_does_so_for_ever_is_given_up(
    board: Pn532Board, reader: NfcReader, blocks: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("card.readers.nfc_card.ANSWER_SECONDS", 0.5)
    board.put_picc(on_rats(Ats(fwi=4).to_bytes(), blocks))
    with reader.wait_for_card(SECONDS) as connection, pytest.raises(AnswerMalformed):
        connection.transmit(COMMAND)


@pytest.mark.parametrize(
    "block", [b"", b"\xf2", b"\xf2\x00", b"\xb2", b"\x03\x90\x00", b"\x02", b"\xc2", b"\x02\x90"]
)
def test_blocks_that_break_the_protocol_are_the_cards_fault(
    board: Pn532Board, reader: NfcReader, block: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("card.readers.nfc_card.ANSWER_SECONDS", 0.5)
    board.put_picc(on_rats(Ats().to_bytes(), lambda body: block))
    with reader.wait_for_card(SECONDS) as connection:
        assert reason(check(connection)) in {RefusalReason.UNREADABLE, RefusalReason.TORN}
    board.put(applet())
    with reader.wait_for_card(SECONDS) as connection:
        assert reason(check(connection)) is None


def test_a_wait_without_a_card_ends_in_time(reader: NfcReader) -> None:
    for timeout in (0, 0.2):
        with pytest.raises(NoCardInTime):
            reader.wait_for_card(timeout)
    reader.wait_for_removal(0)


def test_a_card_that_comes_during_a_wait_is_seen(board: Pn532Board, reader: NfcReader) -> None:
    coming = threading.Timer(0.2, board.put, (applet(),))
    coming.start()
    with reader.wait_for_card(SECONDS) as connection:
        assert reason(check(connection)) is None
    coming.join()


def test_a_card_that_stays_is_not_removed_and_keeps_its_state(board: Pn532Board, reader: NfcReader) -> None:
    resets = []

    class Counting(ScriptedChip):
        def power_on(self) -> None:
            resets.append(1)

    board.put(Counting(lambda command: OK))
    with reader.wait_for_card(SECONDS) as connection:
        connection.transmit(COMMAND)
        with pytest.raises(CardNotRemoved):
            reader.wait_for_removal(0.3)
        connection.transmit(COMMAND)
    assert resets == [1]


@pytest.mark.parametrize("uid", [UID, bytes.fromhex("08 11 22 33")])
def test_a_card_that_stopped_answering_is_not_gone(board: Pn532Board, reader: NfcReader, uid: bytes) -> None:
    picc = board.put(ScriptedChip(lambda command: OK), uid=uid)
    reader.wait_for_card(SECONDS).close()
    picc.field_off()  # a dip of the field
    with pytest.raises(CardNotRemoved):
        reader.wait_for_removal(0)
    board.put(ScriptedChip(lambda command: OK), uid=bytes.fromhex("08 44 55 66"))
    if uid == UID:
        reader.wait_for_removal(0)
    else:  # a random UID says nothing
        with pytest.raises(CardNotRemoved):
            reader.wait_for_removal(0)


def test_a_card_that_was_exchanged_counts_as_removed(board: Pn532Board, reader: NfcReader) -> None:
    board.put(applet())
    reader.wait_for_card(SECONDS).close()
    board.put(applet())
    reader.wait_for_removal(0)
    with reader.wait_for_card(0) as connection:
        assert reason(check(connection)) is None


def test_a_connection_ends_when_it_is_closed_or_its_card_is_selected_anew(
    board: Pn532Board, reader: NfcReader
) -> None:
    board.put(ScriptedChip(lambda command: OK))
    first = reader.wait_for_card(SECONDS)
    with reader.wait_for_card(SECONDS) as second:
        with pytest.raises(CardTorn):
            first.transmit(COMMAND)
        assert second.transmit(COMMAND).sw == 0x9000
    with pytest.raises(CardTorn):
        second.transmit(COMMAND)


def test_cancel_from_another_thread_ends_a_wait_without_end(reader: NfcReader) -> None:
    ended: list[CardError] = []

    def wait() -> None:
        try:
            reader.wait_for_card(None)
        except CardError as error:
            ended.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    reader.cancel()
    waiter.join(SECONDS)
    assert [type(error) for error in ended] == [WaitCancelled]
    with pytest.raises(WaitCancelled):
        reader.wait_for_removal(None)


def test_cancel_from_a_signal_handler_ends_a_wait_without_end(reader: NfcReader) -> None:
    previous = signal.signal(signal.SIGALRM, lambda number, frame: reader.cancel())
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(WaitCancelled):
            reader.wait_for_card(None)
    finally:
        signal.signal(signal.SIGALRM, previous)


def test_a_reader_that_is_not_there_is_named(board: Pn532Board, tmp_path: Path) -> None:
    with pytest.raises(NoSuchReader, match="nfc:"):
        NfcReader(str(tmp_path / "none"))
    for path in ("ttyUSB0", "/dev/ttyUSB0; true", ""):
        with pytest.raises(ReaderAddressRefused):
            NfcReader(path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SerialPortRefused):
        NfcReader(str(tmp_path / "file"))
    with NfcReader(board.path), pytest.raises(SerialPortRefused, match=os.strerror(errno.EAGAIN)):
        NfcReader(board.path)
    with PtyLine() as line, pytest.raises(DeviceSpeaksOtherwise):
        NfcReader(line.path)


def test_an_unplugged_board_is_reported_once_and_waited_for(tmp_path: Path) -> None:
    port = tmp_path / "port"

    def plug() -> Pn532Board:
        board = Pn532Board()
        port.unlink(missing_ok=True)
        port.symlink_to(board.path)
        return board

    board = plug()
    with NfcReader(str(port)) as reader:
        unplugging = threading.Timer(0.2, board.close)
        unplugging.start()
        with pytest.raises(ReaderGone):
            reader.wait_for_card(SECONDS)
        unplugging.join()
        with pytest.raises(ReaderGone):
            reader.wait_for_card(0.2)
        replugged: list[Pn532Board] = []

        def replug() -> None:
            replugged.append(plug())
            replugged[0].put(applet())

        replugging = threading.Timer(0.2, replug)
        replugging.start()
        with reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None
            replugged[0].close()
            with pytest.raises(ReaderGone):
                connection.transmit(COMMAND)
        with plug(), pytest.raises(NoCardInTime):
            reader.wait_for_card(0)
        replugging.join()


def test_a_chip_that_a_killed_program_left_at_a_high_speed_is_found(board: Pn532Board) -> None:
    set_460800 = Frame(bytes.fromhex("D4 10 06")).to_bytes()
    with serial.Serial(board.path, 115_200, timeout=SECONDS) as port:
        port.write(bytes(10) + set_460800)
        assert port.read(15) == ACK + Frame(bytes.fromhex("D5 11")).to_bytes()
        port.write(ACK)
    with NfcReader(board.path) as reader, pytest.raises(NoCardInTime):
        reader.wait_for_card(0)


def test_a_card_can_be_taken_away_while_its_chip_computes(board: Pn532Board, reader: NfcReader) -> None:
    computing, released = threading.Event(), threading.Event()

    class Computing(ScriptedChip):
        def power_off(self) -> None:
            released.set()

    def compute(command: bytes) -> bytes:
        computing.set()
        assert released.wait(SECONDS)
        return OK

    board.put(Computing(compute))

    def take_away() -> None:
        assert computing.wait(SECONDS)
        board.remove()

    taking = threading.Thread(target=take_away)
    with reader.wait_for_card(SECONDS) as connection:
        taking.start()
        with pytest.raises(CardTorn):
            connection.transmit(COMMAND)
    taking.join(SECONDS)


def test_a_trace_names_the_profile_of_nfcpy_s_driver(
    board: Pn532Board, reader: NfcReader, tmp_path: Path
) -> None:
    path = tmp_path / "trace.jsonl"
    said: list[CardError] = []
    with traced(reader, path, said.append) as cards:
        board.put(applet())
        with cards.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None
    assert Trace.load(path).readers == {1: "pn532-nfcpy"}
    assert not said


def test_nfcpy_writes_nothing_into_the_programs_log(board: Pn532Board, reader: NfcReader) -> None:
    written = io.StringIO()
    programs_own = logging.StreamHandler(written)
    logging.getLogger().addHandler(programs_own)
    try:
        assert tap(board, reader, TearingChip(applet(), after_apdus=0)) is RefusalReason.TORN
    finally:
        logging.getLogger().removeHandler(programs_own)
    assert written.getvalue() == ""


class LyingBoard(Closing):
    """A PN532 whose answers a test replaces: whole by `noise`, or what follows a command's code by `lies`."""

    def __init__(self) -> None:
        self.noise = b""
        self.lies: dict[int, bytes] = {}
        self._line = PtyLine()
        self.path = self._line.path
        self._firmware = Pn532Firmware(self._line.has_input)
        self._firmware.picc = Type4Picc(applet())
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="lying")
        self._thread.start()

    def close(self) -> None:
        """End the thread and the line."""
        self._closed = True
        self._line.wake()
        self._thread.join()
        self._line.close()
        if self._firmware.picc is not None:
            self._firmware.picc.close()

    def _serve(self) -> None:
        frames = FrameReader()
        while not self._closed:
            for frame in frames.feed(self._line.read() or b""):
                if isinstance(frame, Frame):
                    self._line.write(self.noise or ACK + self._answer(frame.data))

    def _answer(self, command: bytes) -> bytes:
        answer = self._firmware.execute(command) or b"\x7f"
        lie = self.lies.get(command[1])
        return Frame(answer if lie is None else answer[:2] + lie).to_bytes()


def use(reader: NfcReader) -> None:
    """All that a terminal does with a reader. Raises CardError."""
    with reader.wait_for_card(0) as connection:
        check(connection)
    reader.wait_for_removal(0)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        st.binary(min_size=1, max_size=40),
        st.integers(1, 20).map(lambda count: ACK * count),
        st.binary(min_size=1, max_size=40).map(lambda data: ACK + Frame(data).to_bytes()),
        st.binary(max_size=40).map(lambda rest: ACK + b"\x00\x00\xff" + rest),
        st.binary(max_size=40).map(lambda rest: ACK + b"\x00\x00\xff\xff\xff" + rest),
    )
)
def test_noise_on_the_line_raises_only_what_the_package_has(noise: bytes) -> None:
    with LyingBoard() as board, NfcReader(board.path) as reader:
        board.noise = noise
        with pytest.raises(CardError):
            use(reader)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(ASKED), st.binary(max_size=30))
def test_a_reader_that_answers_nonsense_raises_only_what_the_package_has(command: int, lie: bytes) -> None:
    with LyingBoard() as board, NfcReader(board.path) as reader:
        board.lies[command] = lie
        with pytest.raises(CardError):
            use(reader)


def test_neither_taps_nor_replugging_leak_threads_or_descriptors(board: Pn532Board) -> None:
    def kept() -> tuple[int, int]:
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    before = kept()
    chip = applet()
    with NfcReader(board.path) as reader:
        within = kept()
        for _ in range(200):
            assert tap(board, reader, chip) is None
        assert kept() == within
    for _ in range(3):
        with Pn532Board() as other, NfcReader(other.path) as reader:
            other.put(chip)
            other.close()
            with pytest.raises(ReaderGone):
                reader.wait_for_card(0)
    with PtyLine() as line, pytest.raises(DeviceSpeaksOtherwise):
        NfcReader(line.path)
    assert kept() == before
