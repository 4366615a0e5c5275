"""The timing model against times worked out by hand from the standard, and its laws."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from card.apdu import Instruction
from card.errors import CardTorn
from card.simulator.chips.applet import HISTORICAL_BYTES
from card.simulator.commands.simulate import app as simulate
from card.simulator.timing.chip import TimedChip
from card.simulator.timing.constants import GOALS, BitRate, FrameSize, UidSize
from card.simulator.timing.exchange import recorded_tap
from card.simulator.timing.model import (
    Airtime,
    ApduSizes,
    ChipTimes,
    RadioLink,
    StepName,
    TapExchange,
    TapTiming,
    activation_steps,
    apdu_steps,
    card_frame_cycles,
    milliseconds,
    reader_frame_cycles,
    tap_timing,
    waiting_time_extensions,
)
from card.verification import VerifiedCard
from tests.card.cards import ScriptedChip, applet, check_chip

SECONDS = 20.0
NO_WORK = ChipTimes(0, counter_write_ms=0, select_ms=0, command_ms=0, ats_ms=0)
RATES = st.sampled_from(BitRate)
FRAMES = st.sampled_from(FrameSize)
TIMES_MS = st.floats(0, 500)
APDUS = st.builds(
    ApduSizes,
    instruction=st.sampled_from([*Instruction, 0xB0]),
    command=st.integers(0, 300),
    answer=st.integers(0, 300),
    succeeded=st.booleans(),
)
EXCHANGES = st.builds(
    TapExchange, historical_bytes=st.integers(0, 15), apdus=st.lists(APDUS, max_size=4).map(tuple)
)
LINKS = st.builds(
    RadioLink,
    bit_rate=RATES,
    uid=st.sampled_from(UidSize),
    fsd=FRAMES,
    fsc=FRAMES,
    cid=st.booleans(),
    deselect=st.booleans(),
)
CHIPS = st.builds(
    ChipTimes,
    signature_ms=TIMES_MS,
    counter_write_ms=st.floats(0, 20),
    select_ms=st.floats(0, 20),
    fwi=st.integers(0, 14),
    sfgi=st.integers(0, 8),
    wtxm=st.integers(1, 59),
)


def one_apdu(command: int, answer: int) -> ApduSizes:
    return ApduSizes(Instruction.SELECT, command, answer, succeeded=True)


def airtimes(timing: TapTiming) -> dict[StepName, Airtime]:
    return {step.name: step.airtime for step in timing.steps}


@pytest.mark.parametrize(
    ("rate", "reader_us", "card_us"),
    [
        # 16 bytes are 144 bits with parity; 3 more around them from the reader, 2 from the card.
        (BitRate.KBIT_106, 147 * 128 / 13.56, 146 * 128 / 13.56),
        # Above 106 kbit/s the card starts with 32 cycles of its subcarrier (37.8 us) and a bit, and needs no
        # bit to end.
        (BitRate.KBIT_212, 147 * 64 / 13.56, 512 / 13.56 + 145 * 64 / 13.56),
        (BitRate.KBIT_424, 147 * 32 / 13.56, 512 / 13.56 + 145 * 32 / 13.56),
        (BitRate.KBIT_848, 147 * 16 / 13.56, 512 / 13.56 + 145 * 16 / 13.56),
    ],
)
def test_a_frame_of_sixteen_bytes_takes_what_its_bits_take(
    rate: BitRate, reader_us: float, card_us: float
) -> None:
    assert milliseconds(reader_frame_cycles(16, rate)) * 1000 == pytest.approx(reader_us)
    assert milliseconds(card_frame_cycles(16, rate)) * 1000 == pytest.approx(card_us)


def test_an_apdu_in_one_block_each_way_at_106() -> None:
    # Command 13 bytes + PCB + CRC_A = 16, answer 10 + 3 = 13 bytes; 119 bits from the card.
    (step,) = apdu_steps(one_apdu(13, 10), RadioLink(), NO_WORK)
    assert step.name is StepName.SELECT
    assert step.airtime == Airtime(
        reader=147 * 128,
        card=119 * 128,
        # Before the command 1172 from the card's last modulation, of which one bit is the frame's end; before
        # the answer 1172 from the last pause, which is 41 long and begins with the frame's end, 2 bits.
        silence=(1172 - 128) + (41 + 1172 - 256),
        chip=0,
    )


def test_a_chip_that_works_is_not_waited_for_twice() -> None:
    (step,) = apdu_steps(one_apdu(13, 10), RadioLink(), replace(NO_WORK, select_ms=5))
    assert step.airtime.chip == 67_800  # 5 ms
    assert step.airtime.silence == 1172 - 128


def test_an_answer_longer_than_a_frame_is_chained() -> None:
    # 176 bytes in frames of 64: 61 + 61 + 54, each with PCB and CRC_A; the reader acknowledges two of them
    # with R(ACK), 3 bytes.
    (step,) = apdu_steps(one_apdu(13, 176), RadioLink(fsd=FrameSize.BYTES_64), NO_WORK)
    assert step.airtime.card == (3 * 2 + 9 * (64 + 64 + 57)) * 128
    assert step.airtime.reader == (3 * 3 + 9 * (16 + 3 + 3)) * 128


def test_a_command_longer_than_a_frame_is_chained_and_acknowledged_with_its_cid() -> None:
    # 100 bytes in frames of 64 with a CID: 60 + 40, each with PCB, CID and CRC_A; the card's R(ACK) has 4.
    link = RadioLink(fsc=FrameSize.BYTES_64, cid=True)
    (step,) = apdu_steps(one_apdu(100, 2), link, NO_WORK)
    assert step.airtime.reader == (3 * 2 + 9 * (64 + 44)) * 128
    assert step.airtime.card == (2 * 2 + 9 * (4 + 6)) * 128


def test_the_activation_of_a_card_with_seven_bytes_of_uid() -> None:
    steps = {step.name: step.airtime for step in activation_steps(11, RadioLink(), NO_WORK)}
    assert steps[StepName.FIELD] == Airtime(silence=69_156)  # 5.1 ms
    assert steps[StepName.REQUEST].reader == 10 * 128  # 7 bits and 3 around them
    assert steps[StepName.REQUEST].card == 20 * 128  # 2 bytes
    # Twice: 93 20, answered by 5 bytes; 93 70, 4 of UID, BCC, CRC_A, answered by SAK and CRC_A.
    assert steps[StepName.ANTICOLLISION].reader == 2 * ((18 + 3) + (81 + 3)) * 128
    assert steps[StepName.ANTICOLLISION].card == 2 * ((45 + 2) + (27 + 2)) * 128
    # RATS and CRC_A; TL T0 TA TB TC, 11 historical bytes, CRC_A.
    assert (steps[StepName.RATS].reader, steps[StepName.RATS].card) == (39 * 128, 164 * 128)
    assert StepName.PPS not in steps


def test_a_card_with_four_bytes_of_uid_needs_half_the_anticollision() -> None:
    single, double = (
        {step.name: step.airtime.total for step in activation_steps(11, RadioLink(uid=uid), NO_WORK)}
        for uid in UidSize
    )
    assert single[StepName.ANTICOLLISION] * 2 == double[StepName.ANTICOLLISION]


def test_a_faster_rate_is_agreed_on_at_106_and_holds_from_then_on() -> None:
    timing = tap_timing(TapExchange(0, (one_apdu(13, 10),)), RadioLink(BitRate.KBIT_848), NO_WORK)
    steps = airtimes(timing)
    assert (steps[StepName.PPS].reader, steps[StepName.PPS].card) == (48 * 128, 29 * 128)
    assert steps[StepName.SELECT].reader == 147 * 16


def test_the_guard_time_after_the_ats_delays_what_follows() -> None:
    # SFGI 8: 256 x 16/fc x 2^8, 77.33 ms, instead of the reader's shortest silence.
    plain, guarded = (
        tap_timing(TapExchange(0, ()), RadioLink(), replace(NO_WORK, sfgi=sfgi)) for sfgi in (0, 8)
    )
    added = guarded.airtime.total - plain.airtime.total
    assert added == 4096 * 256 - (1172 - 128)
    assert milliseconds(4096 * 256) == pytest.approx(77.33, abs=0.01)


@pytest.mark.parametrize(
    ("work_ms", "fwi", "wtxm", "expected"),
    [
        (77, 8, 1, 0),
        (78, 8, 1, 1),
        (154, 8, 1, 1),
        (155, 8, 1, 2),
        (155, 8, 59, 1),
        (100, 4, 1, 20),
        (0, 0, 1, 0),
    ],
)
def test_a_chip_asks_for_more_time_as_often_as_its_fwt_is_over(
    work_ms: float, fwi: int, wtxm: int, expected: int
) -> None:
    # FWT is 77.33 ms at FWI 8 and 4.83 ms at FWI 4.
    assert waiting_time_extensions(round(work_ms * 13_560), ChipTimes(0, fwi=fwi, wtxm=wtxm)) == expected


def test_each_extension_costs_a_block_of_four_bytes_each_way() -> None:
    chip = replace(NO_WORK, select_ms=100)
    (_select, extension) = apdu_steps(one_apdu(13, 10), RadioLink(), chip)
    assert extension.name is StepName.WAITING_TIME_EXTENSION
    assert extension.airtime == Airtime(reader=39 * 128, card=38 * 128, silence=1172 - 128)


def test_a_refusal_takes_no_signature() -> None:
    chip = ChipTimes(100)
    proof = ApduSizes(Instruction.INTERNAL_AUTHENTICATE, 61, 76, succeeded=True)
    assert chip.work_ms(proof) == chip.counter_write_ms + 100
    assert chip.work_ms(replace(proof, succeeded=False)) == chip.command_ms


@pytest.mark.parametrize("wrong", [{"fwi": 15}, {"fwi": -1}, {"sfgi": 15}, {"wtxm": 0}, {"wtxm": 60}])
def test_a_chip_outside_the_standard_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="FWI"):
        replace(NO_WORK, **wrong)


@pytest.mark.parametrize("time", [-1.0, float("inf"), float("nan")])
def test_a_chip_without_a_time_is_refused(time: float) -> None:
    with pytest.raises(ValueError, match="negative"):
        ChipTimes(time)


@given(EXCHANGES, LINKS, CHIPS)
def test_the_steps_add_up_to_the_total(exchange: TapExchange, link: RadioLink, chip: ChipTimes) -> None:
    timing = tap_timing(exchange, link, chip)
    assert sum(step.airtime.total for step in timing.steps) == timing.airtime.total
    assert timing.on_air_ms * 13_560 == pytest.approx(timing.airtime.total)
    assert min(min(vars(step.airtime).values()) for step in timing.steps) >= 0
    assert timing.turnaround_ms == link.turnaround_ms * len(exchange.apdus)


@given(EXCHANGES, LINKS, CHIPS)
def test_a_longer_answer_a_slower_chip_and_a_shorter_frame_never_save_time(
    exchange: TapExchange, link: RadioLink, chip: ChipTimes
) -> None:
    total = tap_timing(exchange, link, chip).airtime.total
    longer = replace(exchange, apdus=tuple(replace(apdu, answer=apdu.answer + 1) for apdu in exchange.apdus))
    assert tap_timing(longer, link, chip).airtime.total >= total
    slower = replace(chip, signature_ms=chip.signature_ms + 1)
    assert tap_timing(exchange, link, slower).airtime.total >= total
    shorter = replace(link, fsd=FrameSize.BYTES_64, fsc=FrameSize.BYTES_64)
    assert tap_timing(exchange, shorter, chip).airtime.total >= total


@given(st.integers(13, 300), st.integers(80, 300), FRAMES)
def test_a_faster_rate_carries_an_apdu_in_less_time(command: int, answer: int, frame: FrameSize) -> None:
    totals = [
        sum(
            step.airtime.total
            for step in apdu_steps(one_apdu(command, answer), RadioLink(rate, fsd=frame, fsc=frame), NO_WORK)
        )
        for rate in BitRate
    ]
    assert totals == sorted(totals, reverse=True)
    assert len(set(totals)) == len(totals)


def test_deselect_is_part_of_the_tap_where_the_reader_sends_it() -> None:
    exchange = recorded_tap()
    chip = ChipTimes(20)
    steps = airtimes(tap_timing(exchange, RadioLink(deselect=True), chip))
    assert (steps[StepName.DESELECT].reader, steps[StepName.DESELECT].card) == (30 * 128, 29 * 128)
    assert StepName.DESELECT not in airtimes(tap_timing(exchange, RadioLink(), chip))


def test_the_exchange_is_the_applets_own() -> None:
    chip = applet()
    chip.power_on()
    spy = ScriptedChip(chip.process)
    assert isinstance(check_chip(spy), VerifiedCard)
    recorded = recorded_tap()
    assert [apdu.command for apdu in recorded.apdus] == [len(command) for command in spy.commands]
    assert [apdu.instruction for apdu in recorded.apdus] == [
        Instruction.SELECT,
        Instruction.INTERNAL_AUTHENTICATE,
    ]
    assert all(apdu.succeeded for apdu in recorded.apdus)
    assert recorded.historical_bytes == len(HISTORICAL_BYTES)


@pytest.mark.parametrize("frame", [FrameSize.BYTES_64, FrameSize.BYTES_256])
def test_both_goals_hold_in_the_model(frame: FrameSize) -> None:
    exchange = recorded_tap()
    for goal in GOALS:
        link = RadioLink(goal.bit_rate, fsd=frame, fsc=frame)
        timing = tap_timing(exchange, link, ChipTimes(goal.signature_ms))
        assert goal.signature_ms < timing.on_air_ms
        assert timing.on_air_ms + timing.turnaround_ms <= goal.on_air_ms


def test_a_timed_chip_answers_no_earlier_than_on_the_air() -> None:
    link, times = RadioLink(), ChipTimes(30)
    modelled = tap_timing(recorded_tap(), link, times).on_air_ms / 1000
    begun = perf_counter()
    assert isinstance(check_chip(TimedChip(applet(), link, times)), VerifiedCard)
    # Every step is rounded to whole cycles, and a clock may be read a little early.
    assert perf_counter() - begun >= modelled - 0.001


def test_a_timed_chip_takes_any_bytes_for_a_command() -> None:
    chip = TimedChip(applet(), RadioLink(BitRate.KBIT_848), NO_WORK)
    chip.power_on()
    assert chip.process(b"") == applet().process(b"")


def test_a_timed_chip_whose_field_goes_away_is_torn() -> None:
    chip = TimedChip(applet(), RadioLink(), ChipTimes(0, select_ms=3_600_000))
    torn = threading.Event()
    powered = threading.Event()

    def tap() -> None:
        try:
            chip.power_on()
            powered.set()
            chip.process(bytes.fromhex("00A4040007F0544B5245463100"))
        except CardTorn:
            torn.set()

    tapping = threading.Thread(target=tap)
    tapping.start()
    assert powered.wait(SECONDS)
    chip.power_off()
    assert torn.wait(SECONDS)
    tapping.join(SECONDS)


def run(*arguments: str) -> str:
    """What `tongka simulate timing` prints."""
    result = CliRunner().invoke(simulate, ["timing", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_verb_prints_table_breakdown_and_goals_as_json() -> None:
    document = json.loads(
        run("--json", "--rate", "424", "--signature-ms", "40", "--frame", "64", "--uid", "4")
    )
    assert {(row["bit_rate"], row["signature_ms"]) for row in document["table"]} == {
        (rate, signature) for rate in (106, 212, 424, 848) for signature in (20, 40, 60, 100)
    }
    breakdown = document["breakdown"]
    assert (breakdown["bit_rate"], breakdown["signature_ms"]) == (424, 40)
    assert sum(step["total_ms"] for step in breakdown["steps"]) == pytest.approx(breakdown["on_air_ms"])
    assert [goal["holds"] for goal in document["goals"]] == [True, True]
    assert [figure["most"] for figure in document["taps_elsewhere"]] == [200, 350, 500]
    assert all(figure["source"] for figure in document["signatures_elsewhere"])


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        ("en", ["106 kbit/s with a signature of 100 ms", "INTERNAL AUTHENTICATE", "at most 180 ms", "Suica"]),
        ("zh", ["106 kbit/s、签名 100 ms 的分步时间", "不超过 180 ms", "Suica 闸机"]),
    ],
)
def test_the_verb_speaks_both_languages(
    monkeypatch: pytest.MonkeyPatch, language: str, sentences: list[str]
) -> None:
    monkeypatch.setenv("TONGKA_LANG", language)
    monkeypatch.setenv("COLUMNS", "200")
    printed = run()
    for sentence in sentences:
        assert sentence in printed


@pytest.mark.parametrize(
    "wrong", [["--rate", "300"], ["--frame", "65"], ["--uid", "5"], ["--signature-ms", "-1"]]
)
def test_the_verb_refuses_what_the_model_does_not_know(wrong: list[str]) -> None:
    assert CliRunner().invoke(simulate, ["timing", *wrong]).exit_code == 2
