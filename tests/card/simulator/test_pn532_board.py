"""The virtual PN532 over its serial line, as a program that speaks its frames sees it."""

import errno
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import nfc.clf
import nfc.clf.pn532
import nfc.tag
import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st
from nfc.clf.transport import TTY

from card.apdu import CommandApdu
from card.profile import reference_profile
from card.simulator.boards.iso14443_4 import Type4Picc
from card.simulator.boards.iso14443_type2 import Type2Tag
from card.simulator.boards.iso14443_type_b import RESIDENT_ID_ATQB, TypeBCard
from card.simulator.boards.pn532_board import Pn532Board
from card.simulator.boards.pn532_firmware import Command, Pn532Firmware
from card.simulator.boards.pn532_frames import ACK, MAX_DATA, NACK, Frame, FrameReader, Signal
from card.simulator.chips.chip import Chip
from card.simulator.chips.faults import TearingChip
from tests.card.cards import ScriptedChip, applet

SECONDS = 10.0
WAKE_UP = bytes.fromhex("55 55 00 00 00 00 00 00")
SELECT = CommandApdu(0x00, 0xA4, 0x04, 0x00, reference_profile().aid_bytes, le=256).to_bytes()
ERROR_FRAME = bytes.fromhex("00 00 FF 01 FF 7F 81 00")
GET_FIRMWARE_VERSION = bytes.fromhex("00 00 FF 02 FE D4 02 2A 00")
FIRMWARE_VERSION = bytes.fromhex("00 00 FF 06 FA D5 03 32 01 06 07 E8 00")
WITHOUT_RATS = bytes.fromhex("12 00")
ONE_TYPE_A = bytes.fromhex("4A 01 00")
DO_NOT_WAIT = bytes.fromhex("32 05 00 00 01")


class Host:
    """A program on the other end of the line."""

    def __init__(self, path: str) -> None:
        self.port = serial.Serial(path, 115_200, timeout=SECONDS)

    def send(self, *command: bytes) -> None:
        """One command, and the chip's ACK."""
        self.port.write(Frame(b"\xd4" + b"".join(command)).to_bytes())
        assert self.port.read(6) == ACK

    def receive(self) -> bytes:
        """What follows TFI in the next frame."""
        frames: list[Frame | Signal] = []
        reader = FrameReader()
        while not frames:
            read = self.port.read(1)
            assert read, "no answer"
            frames = reader.feed(read)
        (frame,) = frames
        assert isinstance(frame, Frame)
        self.port.read(1)  # postamble
        return frame.data[1:]

    def ask(self, *command: bytes) -> bytes:
        """One command and its answer, its code left out."""
        self.send(*command)
        answer = self.receive()
        assert answer[0] == command[0][0] + 1
        return answer[1:]


@pytest.fixture
def board() -> Iterator[Pn532Board]:
    """A board without a card."""
    with Pn532Board() as board:
        yield board


@pytest.fixture
def host(board: Pn532Board) -> Iterator[Host]:
    """Its host; the chip is awake and does not wait for cards."""
    host = Host(board.path)
    host.port.write(WAKE_UP)
    host.ask(DO_NOT_WAIT)
    yield host
    host.port.close()


def reply(host: Host, length: int) -> bytes:
    """So many bytes."""
    return bytes(host.port.read(length))


@given(st.binary(min_size=1, max_size=MAX_DATA))
def test_a_frame_survives_the_round_trip(data: bytes) -> None:
    assert FrameReader().feed(Frame(data).to_bytes()) == [Frame(data)]


@given(st.lists(st.binary(min_size=1, max_size=MAX_DATA), max_size=5), st.data())
def test_frames_are_found_however_they_are_cut_up(datas: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(ACK + Frame(item).to_bytes() for item in datas)
    reader = FrameReader()
    found = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += reader.feed(stream[:size])
        stream = stream[size:]
    assert found == [item for sent in datas for item in (ACK, Frame(sent))]


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_no_bytes_upset_the_frame_reader(chunks: list[bytes]) -> None:
    reader = FrameReader()
    for chunk in chunks:
        reader.feed(chunk)
    reader.discard()
    assert reader.feed(Frame(b"\xd4\x02").to_bytes()) == [Frame(b"\xd4\x02")]


@given(st.binary(min_size=2, max_size=40), st.data())
def test_a_damaged_frame_is_not_taken_for_another(data: bytes, draw: st.DataObject) -> None:
    frame = bytearray(Frame(data).to_bytes())
    frame[draw.draw(st.integers(3, len(frame) - 2))] ^= draw.draw(st.integers(1, 255))
    found = FrameReader().feed(bytes(frame) + bytes(2 * MAX_DATA))
    assert Frame(data) not in found


def test_frames_look_as_the_manual_prints_them() -> None:
    # UM0701-02 §6.2.1 and §7.2.2
    assert Frame(bytes.fromhex("D4 02")).to_bytes() == GET_FIRMWARE_VERSION
    assert bytes.fromhex("00 00 FF 00 FF 00") == ACK
    assert bytes.fromhex("00 00 FF FF 00 00") == NACK
    assert Frame(b"\x7f").to_bytes() == ERROR_FRAME
    assert Frame(bytes(256)).to_bytes()[:8] == bytes.fromhex("00 00 FF FF FF 01 00 FF")


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(Command) | st.integers(0, 255), st.binary(max_size=40)), max_size=20)
)
def test_no_commands_upset_the_firmware(commands: list[tuple[int, bytes]]) -> None:
    firmware = Pn532Firmware(lambda: False)
    with Type4Picc(ScriptedChip(lambda command: command + b"\x90\x00")) as picc:
        firmware.picc = picc
        for code, parameters in commands:
            answer = firmware.execute(bytes((0xD4, code)) + parameters)
            assert answer is None or answer == b"\x7f" or answer[:2] == bytes((0xD5, code + 1))


def test_a_chip_that_sleeps_hears_only_what_follows_the_wake_up(board: Pn532Board) -> None:
    with serial.Serial(board.path, 115_200, timeout=SECONDS) as port:
        port.write(GET_FIRMWARE_VERSION)  # wakes it and is lost
        port.write(GET_FIRMWARE_VERSION)
        assert port.read(len(ACK + FIRMWARE_VERSION)) == ACK + FIRMWARE_VERSION
        port.write(Frame(bytes.fromhex("D4 16 10 00")).to_bytes())  # PowerDown, to be woken by HSU
        assert port.read(16) == ACK + Frame(bytes.fromhex("D5 17 00")).to_bytes()
        port.write(WAKE_UP + GET_FIRMWARE_VERSION)
        assert port.read(len(ACK + FIRMWARE_VERSION)) == ACK + FIRMWARE_VERSION
        assert port.in_waiting == 0


def test_a_host_at_another_speed_is_not_understood_and_the_speed_can_be_changed(host: Host) -> None:
    assert host.ask(bytes.fromhex("10 05")) == b""  # 230,400 bit/s, once the host has said ACK
    host.port.write(ACK)
    host.port.baudrate = 230_400
    assert host.ask(b"\x02") == FIRMWARE_VERSION[7:11]
    host.port.baudrate = 115_200
    host.port.write(GET_FIRMWARE_VERSION)
    host.port.timeout = 0.1
    assert reply(host, 1) == b""
    host.port.baudrate = 230_400
    host.port.timeout = SECONDS
    assert host.ask(b"\x02") == FIRMWARE_VERSION[7:11]


def test_an_answer_is_sent_again_after_a_nack(host: Host) -> None:
    assert host.ask(b"\x02") == FIRMWARE_VERSION[7:11]
    host.port.write(NACK)
    assert reply(host, len(FIRMWARE_VERSION)) == FIRMWARE_VERSION


def test_an_unknown_command_is_an_error_of_syntax(host: Host) -> None:
    for command in ("8C 00", "4A 03 00", "00 07", "06 63", "08 63 01", "10 09", "12", "16", "32 01"):
        host.send(bytes.fromhex(command))
        assert reply(host, len(ERROR_FRAME)) == ERROR_FRAME


def test_the_chip_listens_again_after_noise_and_half_frames(host: Host) -> None:
    host.port.write(Frame(b"\xd4\x00\x00" + bytes(200)).to_bytes()[:30])
    host.port.timeout = 0.5  # the chip gives up a frame that stops
    assert reply(host, 1) == b""
    host.port.timeout = SECONDS
    assert host.ask(b"\x02") == FIRMWARE_VERSION[7:11]
    for noise in (bytes.fromhex("00 FF 00 FF FF 12 34"), b"\xff" * 40, b"\x00" * 40):
        host.port.write(noise)
        assert host.ask(b"\x02") == FIRMWARE_VERSION[7:11]


def test_inlistpassivetarget_waits_for_a_card_for_ever_unless_told_otherwise(
    board: Pn532Board, host: Host
) -> None:
    assert host.ask(ONE_TYPE_A) == b"\x00"
    host.ask(bytes.fromhex("32 05 00 00 FF"))
    host.send(ONE_TYPE_A)
    board.put(applet(), uid=bytes.fromhex("02 11 22 33"))
    found = host.receive()
    assert found[:12] == bytes.fromhex("4B 01 01 00 04 20 04 02 11 22 33") + found[11:12]
    board.remove()
    host.send(ONE_TYPE_A)
    host.port.write(ACK)  # break it off
    board.put(applet())
    assert host.ask(b"\x02") == FIRMWARE_VERSION[7:11]


def test_a_uid_can_be_asked_for(board: Pn532Board, host: Host) -> None:
    host.ask(WITHOUT_RATS)
    uid = bytes.fromhex("02 11 22 33 44 55 66")
    board.put(applet(), uid=uid)
    # A UID of seven bytes is asked for with its cascade tag (§7.3.5); ATQA 0044, SAK 20, and no ATS.
    described = bytes.fromhex("01 01 00 44 20 07") + uid
    assert host.ask(ONE_TYPE_A, b"\x88" + uid) == described
    assert host.ask(ONE_TYPE_A, b"\x88" + uid[:-1] + b"\x00") == b"\x00"
    assert host.ask(ONE_TYPE_A) == described
    assert host.ask(bytes.fromhex("4A 01 03 00")) == b"\x00"  # type B


def test_a_type_b_card_is_found_as_such(board: Pn532Board, host: Host) -> None:
    board.put_picc(TypeBCard())
    assert host.ask(ONE_TYPE_A) == b"\x00"
    assert host.ask(bytes.fromhex("4A 01 03 00")) == b"\x01\x01" + RESIDENT_ID_ATQB + b"\x01\x00"
    assert host.ask(b"\x40\x01", SELECT) == b"\x01"  # silence


def test_the_firmware_does_the_block_protocol_with_long_commands_and_answers(
    board: Pn532Board, host: Host
) -> None:
    chip = ScriptedChip(lambda command: command * 2)
    board.put(chip)
    assert host.ask(ONE_TYPE_A)[:2] == b"\x01\x01"
    command = bytes(range(256)) + bytes(144)
    assert host.ask(b"\x40\x41", command[:250]) == b"\x00"  # more information follows
    answer = host.ask(b"\x40\x01", command[250:])
    collected = answer[1:]
    while answer[0] & 0x40:
        answer = host.ask(b"\x40\x01")
        collected += answer[1:]
    assert answer[0] == 0
    assert collected == command * 2
    assert chip.commands == [command]


def test_a_card_that_leaves_is_a_time_out_for_the_host(board: Pn532Board, host: Host) -> None:
    board.put(TearingChip(applet(), after_apdus=1))
    assert host.ask(ONE_TYPE_A)[:2] == b"\x01\x01"
    assert host.ask(b"\x40\x01", SELECT)[-2:] == b"\x90\x00"
    assert host.ask(b"\x00\x06") == b"\x00"  # Diagnose: it is there
    assert host.ask(b"\x40\x01", SELECT) == b"\x01"
    assert host.ask(b"\x00\x06") == b"\x01"
    assert host.ask(ONE_TYPE_A) == b"\x00"
    assert host.ask(b"\x40\x01", SELECT) == b"\x27"  # no target


def test_a_card_can_be_deselected_and_selected_again(board: Pn532Board, host: Host) -> None:
    board.put(applet())
    assert host.ask(ONE_TYPE_A)[:2] == b"\x01\x01"
    for _ in range(2):
        assert host.ask(b"\x44\x01") == b"\x00"
        assert host.ask(b"\x54\x01") == b"\x00"
        assert host.ask(b"\x40\x01", SELECT)[-2:] == b"\x90\x00"
    assert host.ask(b"\x04") == bytes.fromhex("00 01 01 01 00 00 00 00")
    assert host.ask(b"\x52\x00") == b"\x00"
    assert host.ask(b"\x54\x01") == b"\x27"


def test_a_host_can_break_off_a_card_that_asks_for_time_without_end(board: Pn532Board, host: Host) -> None:
    release = threading.Event()

    def never(command: bytes) -> bytes:
        assert release.wait(SECONDS)
        return b"\x90\x00"

    board.put(ScriptedChip(never))
    assert host.ask(ONE_TYPE_A)[:2] == b"\x01\x01"
    host.send(b"\x40\x01", SELECT)
    host.port.write(ACK)
    assert host.ask(b"\x02") == FIRMWARE_VERSION[7:11]
    release.set()


def nfcpy(board: Pn532Board) -> nfc.clf.ContactlessFrontend:
    """nfcpy as it is."""
    frontend = nfc.clf.ContactlessFrontend()
    frontend.device = nfc.clf.pn532.init(TTY(board.path))
    return frontend


@pytest.mark.parametrize(("uid", "fsci"), [("02 11 22 33", 8), ("02 11 22 33 44 55 66", 2)])
def test_nfcpy_activates_a_type_4_tag_by_itself(board: Pn532Board, uid: str, fsci: int) -> None:
    board.put_picc(Type4Picc(applet(), bytes.fromhex(uid), fsci=fsci))
    with nfcpy(board) as frontend:
        target = frontend.sense(nfc.clf.RemoteTarget("106A"))
        tag = nfc.tag.activate(frontend, target)
        assert isinstance(tag, nfc.tag.tt4.Type4ATag)
        assert bytes(tag.identifier) == bytes.fromhex(uid)
        assert bytes(tag.transceive(SELECT)[-2:]) == b"\x90\x00"
        assert tag.is_present
        board.remove()
        assert not tag.is_present


def test_nfcpy_reads_a_type_2_tag_by_itself(board: Pn532Board) -> None:
    board.put_picc(Type2Tag())
    with nfcpy(board) as frontend:
        target = frontend.sense(nfc.clf.RemoteTarget("106A"))
        tag = nfc.tag.activate(frontend, target)
        assert isinstance(tag, nfc.tag.tt2.Type2Tag)
        assert (tag.ndef.length, tag.ndef.is_writeable) == (0, True)
        assert tag.is_present


def test_an_unplugged_board_hangs_up_and_leaves_nothing(board: Pn532Board) -> None:
    def kept() -> tuple[int, int]:
        return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))

    before = kept()
    other = Pn532Board()
    chip: Chip = applet()
    other.put(chip)
    host = os.open(other.path, os.O_RDWR | os.O_NOCTTY)
    other.close()
    other.close()
    with pytest.raises(OSError, match=os.strerror(errno.EIO)):
        os.write(host, b"\x55")
    os.close(host)
    assert kept() == before
