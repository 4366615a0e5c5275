"""Cards through serial readers of all three dialects, on lines that misbehave."""

from __future__ import annotations

import gc
import secrets
import threading
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from card.apdu import CommandApdu, ResponseApdu
from card.errors import (
    AnswerMalformed,
    CardError,
    CardNotRemoved,
    CardTorn,
    DeviceSpeaksOtherwise,
    FrameTooLong,
    NoCardInTime,
    NoSuchReader,
    ReaderGone,
    ReaderRefused,
    RefusalReason,
    SerialPortRefused,
    WaitCancelled,
)
from card.readers.frame_codec import FrameCodec
from card.readers.serial_reader import SerialReader
from card.simulator.boards.iso14443_4 import Type4Picc
from card.simulator.boards.pn532_board import Pn532Board
from card.simulator.boards.serial_board import LineFault, SerialBoard
from card.simulator.boards.serial_cable import SerialCable
from card.simulator.boards.serial_ccid_board import SerialCcidBoard
from card.simulator.boards.serial_command_response_board import SerialCommandResponseBoard
from card.simulator.chips.faults import TearingChip
from card.simulator.chips.foreign import ForeignCardChip
from card.verification import VerifiedCard
from firmware_profiles.frame_format import FieldName
from firmware_profiles.reader_profile import profile_by_id
from firmware_profiles.serial_profile import CcidDialect, Timing
from tests.card.cards import ScriptedChip, applet, check, reason
from tests.card.readers.serial_readers import (
    HASTY,
    PROFILES,
    QUICK,
    Board,
    board_for,
    disturbed,
    in_time,
    open_reader,
)

SECONDS = 10.0
# Waits for a first answer as on a busy machine, but not long for one that does not come.
IMPATIENT = Timing(ack=2000, answer=200, gap=50, poll=1)
ECHO = CommandApdu(0x00, 0xB0, 0x00, 0x00, le=256)


@pytest.fixture(params=PROFILES)
def profile(request: pytest.FixtureRequest) -> str:
    """Each profile of a serial reader in turn."""
    name: str = request.param
    return name


@pytest.fixture
def board(profile: str) -> Iterator[Board]:
    """The simulated reader of the profile, without a card."""
    board = board_for(profile)
    yield board
    board.close()


@pytest.fixture
def reader(board: Board, profile: str) -> Iterator[SerialReader]:
    """A reader on the board."""
    with open_reader(board, profile) as reader:
        yield reader


def test_a_card_is_verified_tap_after_tap(reader: SerialReader, board: Board) -> None:
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


def test_a_card_that_comes_later_ends_the_wait(reader: SerialReader, board: Board) -> None:
    with pytest.raises(NoCardInTime):
        reader.wait_for_card(0)
    later = threading.Timer(0.05, board.put, [applet()])
    later.start()
    with reader.wait_for_card(SECONDS) as connection:
        assert reason(check(connection)) is None
    later.join()


def test_a_card_that_stays_is_not_removed(reader: SerialReader, board: Board) -> None:
    board.put(applet())
    reader.wait_for_card(SECONDS).close()
    with pytest.raises(CardNotRemoved):
        reader.wait_for_removal(0.05)
    with reader.wait_for_card(SECONDS) as connection:
        assert reason(check(connection)) is None


def test_a_foreign_card_is_foreign(reader: SerialReader, board: Board) -> None:
    board.put(ForeignCardChip())
    with reader.wait_for_card(SECONDS) as connection:
        assert reason(check(connection)) is RefusalReason.FOREIGN_CARD


@pytest.mark.parametrize("after_apdus", [0, 1])
def test_a_card_torn_away_is_torn_and_reads_again(
    reader: SerialReader, board: Board, after_apdus: int
) -> None:
    chip = applet()
    board.put(TearingChip(chip, after_apdus=after_apdus))
    with reader.wait_for_card(SECONDS) as connection:
        assert reason(check(connection)) is RefusalReason.TORN
    board.remove()
    reader.wait_for_removal(SECONDS)
    board.put(chip)
    with reader.wait_for_card(SECONDS) as connection:
        assert reason(check(connection)) is None


def test_a_card_taken_away_between_two_commands_is_torn(reader: SerialReader, board: Board) -> None:
    board.put(applet())
    with reader.wait_for_card(SECONDS) as connection:
        board.remove()
        assert reason(check(connection)) is RefusalReason.TORN


def test_a_closed_connection_and_one_before_another_answer_nothing(
    reader: SerialReader, board: Board
) -> None:
    board.put(applet())
    first = reader.wait_for_card(SECONDS)
    with reader.wait_for_card(SECONDS) as second:
        with pytest.raises(CardTorn):
            first.transmit(ECHO)
        first.close()
        assert reason(check(second)) is None
    second.close()
    with pytest.raises(CardTorn):
        second.transmit(ECHO)


def test_another_card_on_a_pn532_counts_as_removal() -> None:
    with Pn532Board() as board, SerialReader(board.path, in_time("pn532-hsu", QUICK)) as reader:
        board.put(applet(), uid=b"\x04\x01\x02\x03")
        reader.wait_for_card(SECONDS).close()
        board.put(applet(), uid=b"\x04\x01\x02\x04")
        reader.wait_for_removal(SECONDS)
        with reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None


def test_a_card_with_a_uid_that_changes_is_not_taken_for_another() -> None:
    with Pn532Board() as board, SerialReader(board.path, in_time("pn532-hsu", QUICK)) as reader:
        board.put(applet(), uid=b"\x08\x01\x02\x03")
        reader.wait_for_card(SECONDS).close()
        board.put(applet(), uid=b"\x08\x01\x02\x04")
        with pytest.raises(CardNotRemoved):
            reader.wait_for_removal(0)


class MemoryCard(Type4Picc):
    """A card that says by its SAK that it is a MIFARE Classic 1K."""

    def __init__(self) -> None:
        super().__init__(applet())
        self.sak = 0x08  # type: ignore[misc]


def test_a_memory_card_is_named_by_its_atr_and_is_foreign() -> None:
    with Pn532Board() as board, SerialReader(board.path, in_time("pn532-hsu", QUICK)) as reader:
        board.put_picc(MemoryCard())
        with reader.wait_for_card(SECONDS) as connection:
            # PC/SC part 3 §3.1.3.2.3.2 prints this one.
            assert connection.atr == bytes.fromhex("3B8F8001804F0CA000000306030001000000006A")
            assert reason(check(connection)) is RefusalReason.FOREIGN_CARD


def test_the_cable_pulled_out_is_told_once_and_put_back_it_goes_on(
    reader: SerialReader, board: Board
) -> None:
    chip = applet()
    board.put(chip)
    connection = reader.wait_for_card(SECONDS)
    board.unplug()
    with pytest.raises(ReaderGone) as in_exchange:
        connection.transmit(ECHO)
    connection.close()
    with pytest.raises(ReaderGone) as in_wait:
        reader.wait_for_removal(0)
    assert in_exchange.value.facts == in_wait.value.facts == {"reader": reader.name}

    def put_back() -> None:
        board.plug()
        board.put(chip)

    back = threading.Timer(0.05, put_back)
    back.start()
    with reader.wait_for_card(SECONDS) as again:
        assert reason(check(again)) is None
    back.join()
    with pytest.raises(CardTorn):
        connection.transmit(ECHO)


def test_a_reader_unplugged_between_two_waits_is_gone_at_the_next(reader: SerialReader, board: Board) -> None:
    board.unplug()
    with pytest.raises(ReaderGone):
        reader.wait_for_card(SECONDS)
    board.plug()
    with pytest.raises(NoCardInTime):
        reader.wait_for_card(0)


def test_cancel_from_another_thread_ends_a_wait_without_end(reader: SerialReader, board: Board) -> None:
    ended: list[CardError] = []

    def wait() -> None:
        try:
            reader.wait_for_card(None)
        except CardError as error:
            ended.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    reader.cancel()
    waiting.join(SECONDS)
    assert [type(error) for error in ended] == [WaitCancelled]
    board.put(applet())
    with pytest.raises(WaitCancelled):
        reader.wait_for_card(0)
    with pytest.raises(WaitCancelled):
        reader.wait_for_removal(None)


def test_cancel_ends_the_wait_for_a_reader_that_is_away(reader: SerialReader, board: Board) -> None:
    board.unplug()
    with pytest.raises(ReaderGone):
        reader.wait_for_card(None)
    later = threading.Timer(0.05, reader.cancel)
    later.start()
    with pytest.raises(WaitCancelled):
        reader.wait_for_card(None)
    later.join()


def test_cancel_lets_a_tap_under_way_end(reader: SerialReader, board: Board) -> None:
    board.put(applet())
    with reader.wait_for_card(SECONDS) as connection:
        reader.cancel()
        assert reason(check(connection)) is None


def open_descriptors() -> int:
    """Files, pipes and terminals that this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_two_hundred_cards_leave_no_thread_and_no_descriptor(reader: SerialReader, board: Board) -> None:
    chip = applet()

    def tap() -> None:
        board.put(chip)
        with reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None
        board.remove()
        reader.wait_for_removal(SECONDS)

    tap()
    gc.collect()
    threads, descriptors = threading.active_count(), open_descriptors()
    for _ in range(200):
        tap()
    gc.collect()
    assert (threading.active_count(), open_descriptors()) == (threads, descriptors)


def test_long_commands_and_answers_go_in_parts() -> None:
    # Twice as long as any frame of these readers; the command in extended form, as it comes back.
    command = CommandApdu(0x00, 0xD6, 0x00, 0x00, secrets.token_bytes(600), le=1200, extended=True)
    for profile in ("acs-ccid-serial", "pn532-hsu"):
        board = board_for(profile)
        try:
            with open_reader(board, profile) as reader:
                board.put(ScriptedChip(lambda sent: sent + sent + b"\x90\x00"))
                with reader.wait_for_card(SECONDS) as connection:
                    assert connection.transmit(command) == ResponseApdu(command.to_bytes() * 2, 0x9000)
        finally:
            board.close()


def test_a_command_too_long_for_a_reader_without_parts_is_refused() -> None:
    command = CommandApdu(0x00, 0xD6, 0x00, 0x00, bytes(600), extended=True)
    with SerialCommandResponseBoard() as board, open_reader(board, "stx-etx-generic") as reader:
        board.put(applet())
        with reader.wait_for_card(SECONDS) as connection:
            with pytest.raises(FrameTooLong):
                connection.transmit(command)
            assert reason(check(connection)) is None


@pytest.mark.parametrize("damaged", [1, 2, 3])
def test_an_answer_damaged_on_its_way_is_asked_for_again(board: Board, profile: str, damaged: int) -> None:
    board.put(applet())
    with (
        disturbed(board, profile) as cable,
        SerialReader(cable.path, in_time(profile, QUICK)) as reader,
        reader.wait_for_card(SECONDS) as connection,
    ):
        cable.damage(damaged)
        result = check(connection)
        assert isinstance(result, VerifiedCard)
        assert result.proof.counter == 1


def test_a_late_answer_to_an_earlier_command_is_not_taken_for_this_ones(board: Board, profile: str) -> None:
    board.put(applet())
    with (
        disturbed(board, profile) as cable,
        SerialReader(cable.path, in_time(profile, QUICK)) as reader,
        reader.wait_for_card(SECONDS) as connection,
    ):
        cable.repeat_late()
        for _ in range(3):
            assert reason(check(connection)) is None


def test_an_answer_that_is_damaged_time_after_time_is_a_reader_gone(board: Board, profile: str) -> None:
    board.put(applet())
    with (
        disturbed(board, profile) as cable,
        SerialReader(cable.path, in_time(profile, QUICK)) as reader,
    ):
        connection = reader.wait_for_card(SECONDS)
        cable.damage(1000)
        with pytest.raises(ReaderGone):
            check(connection)
        cable.damage(0)
        with reader.wait_for_card(SECONDS) as again:
            assert reason(check(again)) is None


BOARDS: dict[str, type[SerialBoard]] = {
    "acs-ccid-serial": SerialCcidBoard,
    "stx-etx-generic": SerialCommandResponseBoard,
}


@pytest.mark.parametrize("name", sorted(BOARDS))
@pytest.mark.parametrize(
    "fault",
    [
        LineFault.NOISE,
        LineFault.HALF_FRAME,
        LineFault.WRONG_CHECKSUM,
        LineFault.NAK,
        LineFault.DUPLICATE,
        LineFault.MORE_TIME,
    ],
)
@pytest.mark.parametrize("before", [0, 1])
def test_a_disturbed_line_costs_no_tap_and_the_card_does_nothing_twice(
    name: str, fault: LineFault, before: int
) -> None:
    with BOARDS[name]() as board, open_reader(board, name) as reader:
        board.put(applet())
        for counter in (1, 2):
            with reader.wait_for_card(SECONDS) as connection:
                # Two commands of the tap: the fault hits SELECT, or INTERNAL AUTHENTICATE.
                board.inject(*[LineFault.NONE] * before, fault)
                result = check(connection)
            assert isinstance(result, VerifiedCard)
            assert result.proof.counter == counter


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_every_command_of_a_tap_may_be_disturbed(name: str) -> None:
    faults = [LineFault.WRONG_CHECKSUM, LineFault.NOISE, LineFault.NAK, LineFault.DUPLICATE]
    with BOARDS[name]() as board, open_reader(board, name) as reader:
        board.inject(*faults * 4)
        board.put(applet())
        with reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None
        board.remove()
        reader.wait_for_removal(SECONDS)


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_a_cable_pulled_within_a_frame_is_a_reader_gone(name: str) -> None:
    with BOARDS[name]() as board, open_reader(board, name) as reader:
        board.put(applet())
        with reader.wait_for_card(SECONDS) as connection:
            board.inject(LineFault.UNPLUG)
            with pytest.raises(ReaderGone):
                check(connection)
        board.plug()
        with reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_a_reader_that_falls_silent_is_gone_and_recovers(name: str) -> None:
    with BOARDS[name]() as board, open_reader(board, name, IMPATIENT) as reader:
        board.put(applet())
        with reader.wait_for_card(SECONDS) as connection:
            board.inject(LineFault.SILENCE)
            with pytest.raises(ReaderGone) as gone:
                connection.transmit(ECHO)
            assert gone.value.facts == {"reader": reader.name}
        with reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_a_card_that_asks_for_time_without_end_is_torn(name: str) -> None:
    with BOARDS[name]() as board, open_reader(board, name) as reader:
        board.put(applet())
        with reader.wait_for_card(SECONDS) as connection:
            board.inject(LineFault.ENDLESS_TIME)
            assert reason(check(connection)) is RefusalReason.TORN
        with reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None


@pytest.mark.parametrize("name", sorted(BOARDS))
def test_a_reader_that_never_understands_has_refused(name: str) -> None:
    with BOARDS[name]() as board, open_reader(board, name) as reader:
        board.put(applet())
        with reader.wait_for_card(SECONDS) as connection:
            board.inject(*[LineFault.NAK] * 4)
            with pytest.raises(ReaderRefused) as refused:
                connection.transmit(ECHO)
            assert "NAK" in str(refused.value) and reader.name in str(refused.value)
            assert reason(check(connection)) is None


@pytest.mark.parametrize(("device", "chosen"), list(permutations(PROFILES, 2)))
def test_a_device_under_another_profile_is_told_by_path_and_profile(device: str, chosen: str) -> None:
    board = board_for(device)
    try:
        with pytest.raises(DeviceSpeaksOtherwise) as refused:
            open_reader(board, chosen, HASTY)
        assert board.path in str(refused.value) and chosen in str(refused.value)
    finally:
        board.close()


def test_a_slot_that_a_reader_lacks_is_refused() -> None:
    profile = in_time("acs-ccid-serial", QUICK)
    assert profile.serial is not None
    second = msgspec.structs.replace(
        profile, serial=msgspec.structs.replace(profile.serial, ccid=CcidDialect(slot=1))
    )
    with SerialCcidBoard() as board, pytest.raises(ReaderRefused) as refused:
        SerialReader(board.path, second)
    assert "GET_SLOT_STATUS with error 05" in str(refused.value)


def test_an_unknown_port_is_no_reader(tmp_path: Path) -> None:
    path = str(tmp_path / "ttyS0")
    with pytest.raises(NoSuchReader) as refused:
        SerialReader(path, profile_by_id("acs-ccid-serial"))
    assert f"serial:acs-ccid-serial:{path}" in str(refused.value)


def test_what_is_no_serial_port_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ttyS0"
    path.write_bytes(b"")
    with pytest.raises(SerialPortRefused):
        SerialReader(str(path), profile_by_id("acs-ccid-serial"))


def test_a_port_that_another_program_holds_is_refused(board: Board, profile: str) -> None:
    with open_reader(board, profile), pytest.raises(SerialPortRefused) as refused:
        open_reader(board, profile)
    assert board.path in str(refused.value)


def test_a_profile_of_another_transport_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match="pcsc-generic"):
        SerialReader("/dev/ttyS0", profile_by_id("pcsc-generic"))


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(PROFILES), st.binary(max_size=60))
def test_a_device_that_answers_random_bytes_raises_our_errors_alone(profile: str, answer: bytes) -> None:
    with SerialCable(lambda _command: cable.send(answer)) as cable, pytest.raises(CardError):
        SerialReader(cable.path, in_time(profile, HASTY)).close()
        raise NoCardInTime  # by chance it greeted


class HostileBoard(SerialCable):
    """Greets as its profile says; then its answers have these contents, one after the other.

    For CCID a content begins with bStatus, bError and bChainParameter. The last one is given again and again.
    """

    def __init__(self, name: str, *contents: bytes) -> None:
        spoken = in_time(name, QUICK).serial
        assert spoken is not None
        self._name = name
        self._codec = FrameCodec(spoken.frame)
        self._ack = bytes.fromhex(spoken.frame.preamble) + bytes.fromhex(spoken.frame.signals.ack)
        self._contents = list(contents)
        self.is_hostile = False
        super().__init__(self._answer)

    def _content(self, greeting: bytes) -> bytes:
        if not self.is_hostile:
            return greeting
        return self._contents.pop(0) if len(self._contents) > 1 else self._contents[0]

    def _answer(self, command: bytes) -> None:
        fields: dict[FieldName, bytes] = {}
        if self._name == "acs-ccid-serial":
            content = self._content(b"\x02\x00\x00")
            parameters, data = content[:3].ljust(3, b"\x00"), content[3:]
            fields = {
                FieldName.COMMAND: b"\x80",
                FieldName.SEQUENCE: command[7:8],
                FieldName.PARAMETERS: parameters,
            }
        elif self._name == "pn532-hsu":
            _wake_up, start, frame = command.rpartition(b"\x00\x00\xff")
            if not start:
                return  # wake-up bytes alone
            code = frame[3]
            content = self._content(b"\x32")
            data = content if content == b"\x7f" else bytes((0xD5, code + 1)) + content
        else:
            data = self._content(b"\x01")
            fields = {FieldName.SEQUENCE: command[4:5], FieldName.COMMAND: command[5:6]}
        self.send(self._ack + self._codec.encode(fields, data))


# What finding a card takes: an inactive card and its ATR; one target of SEL_RES 20 with its ATS; found, ATS.
FOUND = {
    "acs-ccid-serial": (b"\x01\x00\x00", bytes.fromhex("00 00 00 3B 80 80 01 01")),
    "pn532-hsu": (bytes.fromhex("01 01 00 04 20 04 01 02 03 04 05 72 00 40 02"),),
    "stx-etx-generic": (b"\x00", bytes.fromhex("00 05 72 00 40 02")),
}


@pytest.mark.parametrize(
    ("name", "contents", "expected"),
    [
        ("acs-ccid-serial", ["40 FE 00"], CardTorn),  # ICC_MUTE, at power-on
        ("acs-ccid-serial", ["40 FB 00"], ReaderRefused),  # HW_ERROR
        ("pn532-hsu", ["01 01 00 04"], AnswerMalformed),  # a target that is cut off
        ("pn532-hsu", ["02 01 00 04 20 04 01 02 03 04"], AnswerMalformed),  # more targets than asked for
        ("pn532-hsu", ["01 01 00 04 20 04 01 02 03 04 06 78"], AnswerMalformed),  # an ATS that is cut off
        ("pn532-hsu", ["7F"], ReaderRefused),  # syntax error
        ("stx-etx-generic", ["7E"], ReaderRefused),
        ("stx-etx-generic", [""], AnswerMalformed),  # no status
        ("stx-etx-generic", ["00", "01"], CardTorn),  # gone before it was activated
        ("stx-etx-generic", ["00", "00 05 78"], AnswerMalformed),  # an ATS that is cut off
    ],
)
def test_what_goes_wrong_while_a_card_is_found_has_its_error(
    name: str, contents: list[str], expected: type[CardError]
) -> None:
    with HostileBoard(name, *map(bytes.fromhex, contents)) as board:
        reader = SerialReader(board.path, in_time(name, QUICK))
        board.is_hostile = True
        with reader, pytest.raises(expected):
            reader.wait_for_card(0)


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("acs-ccid-serial", "42 FE 00", CardTorn),
        ("acs-ccid-serial", "40 FD 00", CardTorn),  # XFR_PARITY_ERROR
        ("acs-ccid-serial", "40 E0 00", ReaderRefused),  # CMD_SLOT_BUSY
        ("acs-ccid-serial", "00 00 01" + "00" * 261, AnswerMalformed),  # an answer without end
        ("acs-ccid-serial", "00 00 03", AnswerMalformed),  # and one that does not come forward
        ("acs-ccid-serial", "00 00 00 90", AnswerMalformed),  # less than a status word
        ("pn532-hsu", "01", CardTorn),
        ("pn532-hsu", "10", ReaderRefused),  # invalid parameter
        ("pn532-hsu", "", AnswerMalformed),
        ("pn532-hsu", "40" + "00" * 262, AnswerMalformed),  # an answer without end
        ("pn532-hsu", "40", AnswerMalformed),
        ("stx-etx-generic", "01", CardTorn),
        ("stx-etx-generic", "7E", ReaderRefused),
        ("stx-etx-generic", "00 90", AnswerMalformed),
    ],
)
def test_what_goes_wrong_within_an_exchange_has_its_error(
    name: str, content: str, expected: type[CardError]
) -> None:
    with HostileBoard(name, *FOUND[name], bytes.fromhex(content)) as board:
        reader = SerialReader(board.path, in_time(name, QUICK))
        board.is_hostile = True
        with reader, reader.wait_for_card(0) as connection, pytest.raises(expected):
            connection.transmit(ECHO)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(PROFILES), st.booleans(), st.lists(st.binary(max_size=40), min_size=1, max_size=4))
def test_a_reader_that_answers_random_content_raises_our_errors_alone(
    name: str, finds: bool, contents: list[bytes]
) -> None:
    found = FOUND[name] if finds else ()
    with (
        HostileBoard(name, *found, *contents) as board,
        SerialReader(board.path, in_time(name, IMPATIENT)) as reader,
        pytest.raises(CardError),
    ):
        board.is_hostile = True
        with reader.wait_for_card(0) as connection:
            connection.transmit(ECHO)
        raise NoCardInTime  # by chance all of it had a meaning
