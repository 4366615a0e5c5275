"""How long a tap takes on the air: a model of ISO/IEC 14443 type A and of a chip's own work.

`tap_timing(exchange, link, chip)` is a pure function. It counts from the moment at which the card comes into
the reader's field to the end of the card's last frame: activation (REQA, anticollision, RATS, PPS above
106 kbit/s), then each APDU in I-blocks, chained where a frame is too short, with S(WTX) where the chip takes
longer than it announced, and DESELECT if the reader sends it. What reader and host add between two APDUs is
stated apart, as `turnaround_ms`. All is counted in cycles of the carrier, so that the parts of the breakdown
add up exactly. Collisions, errors and polling for other card types are left out: one card, well placed.

    timing = tap_timing(recorded_tap(), RadioLink(BitRate.KBIT_106), ChipTimes(signature_ms=100))
    timing.on_air_ms, [(step.name, step.airtime) for step in timing.steps]
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from operator import add
from typing import Final

from card.apdu import Instruction
from card.simulator.timing.constants import (
    ANTICOLLISION_BYTES,
    ATQA_BYTES,
    ATS_FIXED_BYTES,
    ATS_MS,
    BYTE_BITS,
    CARD_END_BITS,
    CID_BYTES,
    COMMAND_MS,
    COUNTER_WRITE_MS,
    CRC_BYTES,
    FAST_CARD_START_CYCLES,
    FIELD_MS,
    FWI,
    MAX_FWI,
    MAX_WTXM,
    MS_CYCLES,
    PAUSE_CYCLES,
    PCB_BYTES,
    PPS_BYTES,
    RATS_BYTES,
    READER_CYCLES,
    READER_END_BITS,
    RESPONSE_CYCLES,
    SELECT_BYTES,
    SELECT_MS,
    SFGI,
    SHORT_FRAME_BITS,
    START_BITS,
    TURNAROUND_MS,
    WAITING_UNIT_CYCLES,
    WTXM,
    WTXM_BYTES,
    BitRate,
    FrameSize,
    UidSize,
)
from card.status_word import StatusWord


@dataclass(frozen=True)
class RadioLink:
    """What reader and card agree on.

    Attributes:
        uid: length of the card's UID.
        fsd, fsc: longest frame that the reader and the card take.
        cid: whether each block carries a CID.
        deselect: whether the reader ends the tap with S(DESELECT).
        turnaround_ms: what reader, cable and host add to each APDU; no part of the on-air time.
    """

    bit_rate: BitRate = BitRate.KBIT_106
    uid: UidSize = UidSize.DOUBLE
    fsd: FrameSize = FrameSize.BYTES_256
    fsc: FrameSize = FrameSize.BYTES_256
    cid: bool = False
    deselect: bool = False
    turnaround_ms: float = TURNAROUND_MS

    @property
    def block_bytes(self) -> int:
        """A block without information field: prologue and CRC_A. An R-block and S(DESELECT) are no more."""
        return PCB_BYTES + (CID_BYTES if self.cid else 0) + CRC_BYTES


@dataclass(frozen=True)
class ChipTimes:
    """How long a chip works, in ms, and how long it says that it may (FWI, SFGI, WTXM).

    Raises ValueError for a negative time and for FWI, SFGI or WTXM out of the standard's range.
    """

    signature_ms: float
    counter_write_ms: float = COUNTER_WRITE_MS
    select_ms: float = SELECT_MS
    command_ms: float = COMMAND_MS
    ats_ms: float = ATS_MS
    fwi: int = FWI
    sfgi: int = SFGI
    wtxm: int = WTXM

    def __post_init__(self) -> None:
        times = (self.signature_ms, self.counter_write_ms, self.select_ms, self.command_ms, self.ats_ms)
        if not all(0 <= time < math.inf for time in times):
            raise ValueError("a chip's times are not negative")
        if not (0 <= self.fwi <= MAX_FWI and 0 <= self.sfgi <= MAX_FWI and 1 <= self.wtxm <= MAX_WTXM):
            raise ValueError("FWI and SFGI are 0 to 14, WTXM is 1 to 59")

    def work_ms(self, apdu: ApduSizes) -> float:
        """How long it works on one command. A refusal costs no more than any other command."""
        match apdu.instruction:
            case Instruction.SELECT if apdu.succeeded:
                return self.select_ms
            case Instruction.INTERNAL_AUTHENTICATE if apdu.succeeded:
                return self.counter_write_ms + self.signature_ms
            case _:
                return self.command_ms

    @property
    def frame_waiting_cycles(self) -> int:
        """FWT: how long the reader waits for an answer before it takes the card for lost."""
        return WAITING_UNIT_CYCLES << self.fwi

    @property
    def extended_waiting_cycles(self) -> int:
        """How long it waits after an S(WTX), at most as long as FWI 14 would give."""
        return min(self.frame_waiting_cycles * self.wtxm, WAITING_UNIT_CYCLES << MAX_FWI)

    @property
    def start_up_guard_cycles(self) -> int:
        """SFGT: how long the reader must leave the card alone after its ATS; 0 stands for none."""
        return WAITING_UNIT_CYCLES << self.sfgi if self.sfgi else 0


@dataclass(frozen=True)
class ApduSizes:
    """One command and its answer: INS, the bytes of both, status word included, and whether it was 9000."""

    instruction: int
    command: int
    answer: int
    succeeded: bool

    @classmethod
    def of(cls, command: bytes, answer: bytes) -> ApduSizes:
        """Measure a command and its answer, whatever bytes they are; INS is 0 when there is none."""
        return cls(
            instruction=int.from_bytes(command[1:2]),
            command=len(command),
            answer=len(answer),
            succeeded=answer[-2:] == StatusWord.NO_ERROR.to_bytes(2, "big"),
        )


@dataclass(frozen=True)
class TapExchange:
    """What goes over the air in a tap: the ATS's historical bytes, and the APDUs."""

    historical_bytes: int
    apdus: tuple[ApduSizes, ...]


class StepName(StrEnum):
    """Steps of a tap. APDUs are named by their instruction, the rest by the standard's word."""

    FIELD = "field"
    REQUEST = "REQA/ATQA"
    ANTICOLLISION = "anticollision"
    RATS = "RATS/ATS"
    PPS = "PPS"
    SELECT = "SELECT"
    INTERNAL_AUTHENTICATE = "INTERNAL AUTHENTICATE"
    OTHER_APDU = "APDU"
    WAITING_TIME_EXTENSION = "S(WTX)"
    DESELECT = "S(DESELECT)"


APDU_STEPS: Final[Mapping[int, StepName]] = {
    Instruction.SELECT: StepName.SELECT,
    Instruction.INTERNAL_AUTHENTICATE: StepName.INTERNAL_AUTHENTICATE,
}


@dataclass(frozen=True)
class Airtime:
    """Where time goes, in carrier cycles: the reader's frames, the card's, silence, the chip's work."""

    reader: int = 0
    card: int = 0
    silence: int = 0
    chip: int = 0

    def __add__(self, other: Airtime) -> Airtime:
        return Airtime(
            self.reader + other.reader,
            self.card + other.card,
            self.silence + other.silence,
            self.chip + other.chip,
        )

    @property
    def total(self) -> int:
        """All four."""
        return self.reader + self.card + self.silence + self.chip


@dataclass(frozen=True)
class TimingStep:
    """One step and its time."""

    name: StepName
    airtime: Airtime


@dataclass(frozen=True)
class TapTiming:
    """A tap's steps in their order; their airtimes are all of the on-air time."""

    steps: tuple[TimingStep, ...]
    turnaround_ms: float

    @property
    def airtime(self) -> Airtime:
        """The sum of the steps."""
        return reduce(add, (step.airtime for step in self.steps), Airtime())

    @property
    def on_air_ms(self) -> float:
        """From the card in the field to the end of its last frame."""
        return milliseconds(self.airtime.total)


def tap_timing(exchange: TapExchange, link: RadioLink, chip: ChipTimes) -> TapTiming:
    """The time of a whole tap."""
    steps = [*activation_steps(exchange.historical_bytes, link, chip)]
    for apdu in exchange.apdus:
        steps += apdu_steps(apdu, link, chip)
    if link.deselect:
        airtime = _turn(link.bit_rate, link.block_bytes, link.block_bytes)
        steps.append(TimingStep(StepName.DESELECT, airtime))
    return TapTiming(tuple(steps), turnaround_ms=link.turnaround_ms * len(exchange.apdus))


def activation_steps(historical_bytes: int, link: RadioLink, chip: ChipTimes) -> Iterator[TimingStep]:
    """From the field to a card that takes APDUs: all at 106 kbit/s, with PPS for any other bit rate."""
    slow = BitRate.KBIT_106
    yield TimingStep(StepName.FIELD, Airtime(silence=_cycles(FIELD_MS)))
    request = Airtime(
        reader=(START_BITS + SHORT_FRAME_BITS + READER_END_BITS) * slow.etu,
        card=card_frame_cycles(ATQA_BYTES, slow),
        silence=_response_silence(slow),
    )
    yield TimingStep(StepName.REQUEST, request)
    select, sak = SELECT_BYTES
    level = _turn(slow, *ANTICOLLISION_BYTES) + _turn(slow, select + CRC_BYTES, sak + CRC_BYTES)
    yield TimingStep(StepName.ANTICOLLISION, reduce(add, [level] * link.uid.cascade_levels))
    ats = ATS_FIXED_BYTES + historical_bytes
    rats = _turn(slow, RATS_BYTES + CRC_BYTES, ats + CRC_BYTES, work=_cycles(chip.ats_ms))
    # Whatever comes next waits for the start-up frame guard time, counted here.
    guard = max(0, chip.start_up_guard_cycles - _request_silence(slow))
    yield TimingStep(StepName.RATS, rats + Airtime(silence=guard))
    if link.bit_rate is not slow:
        pps, answer = PPS_BYTES
        yield TimingStep(StepName.PPS, _turn(slow, pps + CRC_BYTES, answer + CRC_BYTES))


def apdu_steps(apdu: ApduSizes, link: RadioLink, chip: ChipTimes) -> Iterator[TimingStep]:
    """One command and its answer, in as many blocks as the frame sizes ask for."""
    rate, overhead = link.bit_rate, link.block_bytes
    *chained, last = _information_fields(apdu.command, link.fsc - overhead)
    first, *following = _information_fields(apdu.answer, link.fsd - overhead)
    work = _cycles(chip.work_ms(apdu))
    extensions = waiting_time_extensions(work, chip)
    airtime = _turn(rate, overhead + last, overhead + first, work=work)
    for field in chained:
        airtime += _turn(rate, overhead + field, overhead)  # answered by R(ACK)
    for field in following:
        airtime += _turn(rate, overhead, overhead + field)  # asked for by R(ACK)
    yield TimingStep(APDU_STEPS.get(apdu.instruction, StepName.OTHER_APDU), airtime)
    if extensions:
        # The card's S(WTX) ends a stretch of its work, the reader's begins the next: the work fills the
        # silence after it. (When the last stretch is shorter than that silence, its 0.08 ms are left out.)
        size = overhead + WTXM_BYTES
        extension = Airtime(
            reader=reader_frame_cycles(size, rate),
            card=card_frame_cycles(size, rate),
            silence=_request_silence(rate),
        )
        yield TimingStep(StepName.WAITING_TIME_EXTENSION, reduce(add, [extension] * extensions))


def waiting_time_extensions(work: int, chip: ChipTimes) -> int:
    """How often a chip that works for so many cycles asks for more time. ISO/IEC 14443-4 §7.3."""
    beyond = work - chip.frame_waiting_cycles
    return 0 if beyond <= 0 else -(-beyond // chip.extended_waiting_cycles)


def reader_frame_cycles(size: int, rate: BitRate) -> int:
    """A standard frame from reader to card. ISO/IEC 14443-3 §6.2.3.2.1."""
    return (START_BITS + BYTE_BITS * size + READER_END_BITS) * rate.etu


def card_frame_cycles(size: int, rate: BitRate) -> int:
    """A standard frame from card to reader. ISO/IEC 14443-3 §6.2.3.2.1."""
    bits = (START_BITS + BYTE_BITS * size) * rate.etu
    return bits + (_card_end_cycles(rate) if rate is BitRate.KBIT_106 else FAST_CARD_START_CYCLES)


def milliseconds(cycles: int) -> float:
    """Carrier cycles in ms."""
    return cycles / MS_CYCLES


def _cycles(ms: float) -> int:
    return round(ms * MS_CYCLES)


def _turn(rate: BitRate, reader_bytes: int, card_bytes: int, work: int = 0) -> Airtime:
    """The silence before a reader's frame, the frame, the chip's work or a silence, and the card's frame."""
    return Airtime(
        reader=reader_frame_cycles(reader_bytes, rate),
        card=card_frame_cycles(card_bytes, rate),
        silence=_request_silence(rate) + max(0, _response_silence(rate) - work),
        chip=work,
    )


def _response_silence(rate: BitRate) -> int:
    """From the end of the reader's frame to the card's first modulation.

    The delay is counted from the last pause. When the last bit is 0 that is the one which begins the end of
    the frame; when it is 1 it lies half a bit earlier and the delay is 64/fc longer: the same moment.
    """
    pause = PAUSE_CYCLES * rate.etu // BitRate.KBIT_106.etu
    return pause + RESPONSE_CYCLES - READER_END_BITS * rate.etu


def _request_silence(rate: BitRate) -> int:
    """From the end of the card's frame to the reader's first pause, counted from the last modulation."""
    return READER_CYCLES - _card_end_cycles(rate)


def _card_end_cycles(rate: BitRate) -> int:
    return CARD_END_BITS * rate.etu if rate is BitRate.KBIT_106 else 0


def _information_fields(size: int, most: int) -> list[int]:
    """The lengths of the information fields into which so many bytes are cut (ISO/IEC 14443-4, chaining)."""
    whole, rest = divmod(size, most)
    return [most] * whole + ([rest] if rest or not whole else [])
