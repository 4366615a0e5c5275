"""The virtual card's block protocol, against nfcpy's, and against what no standard allows."""

import threading
from collections.abc import Iterable
from contextlib import suppress
from enum import Enum, auto

import nfc.clf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nfc.clf.device import Device
from nfc.tag.tt4 import IsoDepInitiator

from card.ats import FRAME_SIZES, Ats
from card.errors import AnswerMalformed, CardTorn, WaitCancelled
from card.simulator.boards.iso14443_3 import HALT, crc_a, without_crc
from card.simulator.boards.iso14443_4 import Type4Picc
from card.simulator.boards.iso14443_blocks import Block, BlockKind
from card.simulator.boards.iso14443_pcd import Type4Pcd
from card.simulator.chips.chip import Chip
from tests.card.cards import ScriptedChip, applet

SECONDS = 10.0
RATS_256 = bytes.fromhex("E0 80")
R_ACK_0, R_ACK_1 = bytes.fromhex("A2"), bytes.fromhex("A3")
R_NAK_0, R_NAK_1 = bytes.fromhex("B2"), bytes.fromhex("B3")
DESELECT = bytes.fromhex("C2")
WTX = bytes.fromhex("F2 01")
COMMAND = bytes.fromhex("00 84 00 00 08")
OK = bytes.fromhex("90 00")


class HeldChip(ScriptedChip):
    """A chip that answers when the test releases it."""

    def __init__(self) -> None:
        self.release = threading.Event()
        super().__init__(self._wait)

    def power_off(self) -> None:
        """Ends the wait."""
        self.release.set()

    def _wait(self, command: bytes) -> bytes:
        assert self.release.wait(SECONDS)
        return OK


def send(picc: Type4Picc, body: bytes) -> bytes | None:
    """A frame's body, and the answer's."""
    answer = picc.receive(body + crc_a(body))
    return None if answer is None else without_crc(answer)


def in_protocol(chip: Chip, rats: bytes = RATS_256, fsci: int = 8, fwi: int = 8) -> Type4Picc:
    """A card that has sent its ATS."""
    picc = Type4Picc(chip, fsci=fsci, fwi=fwi)
    picc.field_on()
    assert picc.select(wake_up=False)
    assert send(picc, rats) is not None
    return picc


class Fate(Enum):
    """What happens to a frame and its answer."""

    ARRIVES = auto()
    LOST = auto()
    ANSWER_LOST = auto()
    ANSWER_DAMAGED = auto()


class Antenna:
    """nfcpy's ContactlessFrontend as its block protocol sees it, with nothing but air up to the card."""

    def __init__(self, picc: Type4Picc, fates: Iterable[Fate] = ()) -> None:
        self._picc = picc
        self._fates = iter(fates)

    def exchange(self, data: bytes, timeout: float) -> bytearray:
        """One frame."""
        fate = next(self._fates, Fate.ARRIVES)
        answer = None if fate is Fate.LOST else send(self._picc, bytes(data))
        if answer is None or fate is Fate.ANSWER_LOST:
            raise nfc.clf.TimeoutError
        if fate is Fate.ANSWER_DAMAGED:
            raise nfc.clf.TransmissionError
        return bytearray(answer)


@given(st.binary(max_size=300))
def test_crc_a_is_the_one_that_nfcpy_computes(data: bytes) -> None:
    assert data + crc_a(data) == bytes(Device.add_crc_a(bytearray(data)))


def test_crc_a_is_the_one_of_the_standards_examples() -> None:
    # ISO/IEC 14443-3, annex B
    assert crc_a(bytes.fromhex("00 00")) == bytes.fromhex("A0 1E")
    assert crc_a(bytes.fromhex("12 34")) == bytes.fromhex("26 CF")


def test_the_ats_carries_the_historical_bytes_of_the_chips_atr() -> None:
    chip = applet()
    with Type4Picc(chip, fsci=5, fwi=7) as picc:
        picc.field_on()
        assert send(picc, RATS_256) is None  # nobody selected it
        assert picc.select(wake_up=False)
        answer = send(picc, RATS_256)
    assert answer is not None
    ats = Ats.from_bytes(answer)
    assert (ats.frame_size, ats.fwi, ats.bit_rates, ats.options) == (64, 7, 0, 0)
    assert ats.historical and ats.historical in chip.atr


@pytest.mark.parametrize("fsci", range(len(FRAME_SIZES)))
@pytest.mark.parametrize("fsdi", [0, 5, 8])
def test_nfcpy_and_the_card_chain_in_both_directions(fsci: int, fsdi: int) -> None:
    command, answer = bytes(range(256)) * 2, bytes(reversed(range(256))) * 3
    chip = ScriptedChip(lambda command: answer)
    with in_protocol(chip, bytes((0xE0, fsdi << 4)), fsci) as picc:
        blocks = IsoDepInitiator(Antenna(picc), FRAME_SIZES[fsci], 0.1)
        for _ in range(3):
            assert blocks.exchange(command) == answer
    assert chip.commands == [command] * 3


def spread(fates: list[Fate]) -> list[Fate]:
    """Enough quiet after each fault for the reader to make it good: it gives up after a few in a row."""
    return [fate for wanted in fates for fate in (wanted, *[Fate.ARRIVES] * 3)]


@settings(deadline=None, max_examples=60)
@given(
    st.binary(min_size=4, max_size=80),
    st.binary(min_size=2, max_size=80),
    st.lists(st.sampled_from(Fate), max_size=30),
)
def test_what_is_lost_is_made_good_with_nfcpy_and_no_command_runs_twice(
    command: bytes, answer: bytes, fates: list[Fate]
) -> None:
    chip = ScriptedChip(lambda command: answer)
    with in_protocol(chip, bytes.fromhex("E0 00"), fsci=0) as picc:
        blocks = IsoDepInitiator(Antenna(picc, spread(fates)), 16, 0.1)
        for _ in range(2):
            assert blocks.exchange(command) == answer
    assert chip.commands == [command] * 2


@settings(deadline=None, max_examples=60)
@given(
    st.binary(min_size=4, max_size=80),
    st.binary(min_size=2, max_size=200),
    st.lists(st.sampled_from(Fate), max_size=30),
)
def test_what_is_lost_is_made_good_with_the_firmwares_side(
    command: bytes, answer: bytes, fates: list[Fate]
) -> None:
    chip = ScriptedChip(lambda command: answer)
    with Type4Picc(chip, fsci=0) as picc:
        picc.field_on()
        picc.select(wake_up=False)
        antenna = Antenna(picc, spread([Fate.ARRIVES, *fates]))

        def transceive(block: bytes) -> bytes | None:
            try:
                return bytes(antenna.exchange(block, 0))
            except nfc.clf.CommunicationError:
                return None

        pcd = Type4Pcd(transceive, lambda: False, retries=3)
        for _ in range(2):
            assert pcd.exchange(command) == answer
    assert chip.commands == [command] * 2


def test_a_slow_chip_asks_for_time_until_it_is_done() -> None:
    chip = HeldChip()
    with in_protocol(chip, fwi=0) as picc:
        assert send(picc, b"\x02" + COMMAND) == WTX
        assert send(picc, WTX) == WTX
        assert send(picc, R_NAK_0) == WTX  # rule 11
        assert send(picc, bytes.fromhex("F2 02")) is None  # not what it asked for
        assert send(picc, b"\x03" + COMMAND) is None
        chip.release.set()
        answer = send(picc, WTX)
        while answer == WTX:
            answer = send(picc, WTX)
        assert answer == b"\x02" + OK
        assert send(picc, WTX) is None
    assert chip.commands == [COMMAND]


def test_a_field_that_goes_ends_what_the_chip_does() -> None:
    chip = HeldChip()
    picc = in_protocol(chip, fwi=0)
    assert send(picc, b"\x02" + COMMAND) == WTX
    picc.field_off()
    assert chip.release.is_set()
    assert send(picc, WTX) is None
    picc.field_on()
    assert picc.select(wake_up=False)
    assert send(picc, RATS_256) == picc.ats.to_bytes()
    assert send(picc, b"\x02" + COMMAND) == b"\x02" + OK
    picc.close()
    picc.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("picc-chip")]


def test_presence_is_told_without_moving_on() -> None:
    with in_protocol(ScriptedChip(lambda command: OK)) as picc:
        for _ in range(2):
            assert send(picc, R_NAK_0) == R_ACK_1  # rule 12
        assert send(picc, b"\x02") == b"\x02"  # an empty I-block
        assert send(picc, R_NAK_1) == R_ACK_0
        assert send(picc, R_NAK_0) == R_ACK_0  # rule 11: the last block again
        assert send(picc, R_ACK_1) is None  # nothing is being chained
        assert send(picc, b"\x03" + COMMAND) == b"\x03" + OK


def test_a_deselected_card_hears_only_a_wake_up() -> None:
    with in_protocol(ScriptedChip(lambda command: OK)) as picc:
        assert send(picc, DESELECT) == DESELECT
        assert send(picc, b"\x02" + COMMAND) is None
        assert not picc.select(wake_up=False)
        assert picc.select(wake_up=True)
        assert send(picc, HALT) is None
        assert picc.select(wake_up=True)
        assert send(picc, RATS_256) == picc.ats.to_bytes()


def test_a_card_that_leaves_is_silent_for_good() -> None:
    def leave(command: bytes) -> bytes:
        raise CardTorn

    with in_protocol(ScriptedChip(leave)) as picc:
        assert send(picc, b"\x02" + COMMAND) is None
        assert isinstance(picc.ended_by, CardTorn)
        picc.field_off()
        picc.field_on()
        assert not picc.select(wake_up=True)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(bytes.fromhex("0A 00") + COMMAND, id="I-block with CID"),
        pytest.param(bytes.fromhex("06 00") + COMMAND, id="I-block with NAD"),
        pytest.param(bytes.fromhex("22") + COMMAND, id="I-block with a reserved bit"),
        pytest.param(bytes.fromhex("A2 00"), id="R-block with data"),
        pytest.param(bytes.fromhex("C2 00"), id="S(DESELECT) with data"),
        pytest.param(bytes.fromhex("F2"), id="S(WTX) without WTXM"),
        pytest.param(b"\x02" + bytes(254), id="longer than FSC"),
    ],
)
def test_what_is_no_block_is_ignored(body: bytes) -> None:
    with in_protocol(ScriptedChip(lambda command: OK)) as picc:
        assert send(picc, body) is None
        assert picc.receive(b"\x02" + COMMAND + b"\x00\x00") is None  # a wrong CRC
        assert send(picc, b"\x02" + COMMAND) == b"\x02" + OK


def test_a_command_without_end_is_not_collected() -> None:
    part = b"\x12" + bytes(253)
    with in_protocol(ScriptedChip(lambda command: OK)) as picc:
        acknowledged = 0
        while send(picc, part) is not None:
            acknowledged += 1
    assert 65_544 - 253 < acknowledged * 253 <= 65_544


frames = st.one_of(
    st.binary(max_size=20),
    st.builds(
        lambda kind, number, flag, inf: Block(kind, number, flag, inf).to_bytes(),
        st.sampled_from(BlockKind),
        st.integers(0, 1),
        st.booleans(),
        st.binary(max_size=20),
    ),
)


@settings(deadline=None, max_examples=80)
@given(st.lists(st.tuples(frames, st.booleans()), max_size=30))
def test_no_frames_upset_a_card(sent: list[tuple[bytes, bool]]) -> None:
    with in_protocol(ScriptedChip(lambda command: command + OK), bytes.fromhex("E0 00"), fsci=1) as picc:
        for body, with_crc in sent:
            answer = picc.receive(body + crc_a(body) if with_crc else body)
            assert answer is None or (len(answer) <= 16 and without_crc(answer))
        picc.field_off()
        picc.field_on()
        assert picc.select(wake_up=False)
        assert send(picc, RATS_256) == picc.ats.to_bytes()
        assert send(picc, b"\x02" + COMMAND) == b"\x02" + COMMAND + OK


@given(st.binary(max_size=20))
def test_a_block_survives_the_round_trip(encoded: bytes) -> None:
    block = Block.from_bytes(encoded)
    assert block is None or block.to_bytes() == encoded


@settings(deadline=None)
@given(st.lists(st.none() | frames, max_size=30))
def test_no_answers_upset_the_firmwares_side(answers: list[bytes | None]) -> None:
    script = iter([Ats(fsci=0).to_bytes(), *answers])
    pcd = Type4Pcd(lambda block: next(script, None), lambda: False, retries=2)
    with suppress(CardTorn, AnswerMalformed):
        assert isinstance(pcd.exchange(COMMAND * 10), bytes)


def test_the_firmware_can_be_interrupted_while_a_card_asks_for_time() -> None:
    with Type4Picc(HeldChip(), fwi=0) as picc:
        picc.field_on()
        picc.select(wake_up=False)
        asked = iter([False, False, True])
        pcd = Type4Pcd(lambda block: send(picc, block), lambda: next(asked), retries=0)
        assert pcd.is_present()
        with pytest.raises(WaitCancelled):
            pcd.exchange(COMMAND)
