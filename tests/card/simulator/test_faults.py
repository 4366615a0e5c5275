"""Each fault of the simulator gives its own refusal, with a sentence in both languages."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from card.answer_time import ANSWER_SECONDS, TimelyConnection
from card.apdu import CommandApdu, Instruction
from card.errors import (
    AnswerMalformed,
    AnswerTooLate,
    ApduRefused,
    CardCloned,
    CardTorn,
    CredentialExpired,
    CredentialForged,
    CredentialNotYetValid,
    FaultNeedsOption,
    ForeignCard,
    HolderRefused,
    RefusalReason,
    TapRefused,
)
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.chip import Chip
from card.simulator.chips.faults import (
    AnswerFault,
    FaultyChip,
    TearingChip,
    WrongSignatureChip,
)
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from card.simulator.commands.fault_choice import Fault, FaultChoice
from card.simulator.issuing.altered_cards import ReplayingChip, clone, forge, reissue
from card.simulator.timing.constants import BitRate, FrameSize
from card.simulator.timing.exchange import recorded_tap
from card.simulator.timing.model import ChipTimes, RadioLink, tap_timing
from card.simulator.timing.published import SIGNATURES_ELSEWHERE
from card.verification import Refusal, StepName, VerifiedCard
from crypto.explained import Language
from crypto.tap_proof import TapProof
from tests.card.cards import CHALLENGE, ISSUER, TODAY, applet, check, check_chip, personalised

SECONDS = 20.0
DAY = timedelta(days=1)
DECADE = timedelta(days=3650)
SELECT = bytes.fromhex("00A4040007F0544B5245463100")
AUTHENTICATE = CommandApdu(0, Instruction.INTERNAL_AUTHENTICATE, 0, 0, CHALLENGE, le=256).to_bytes()


def faulty(fault: AnswerFault, first: int) -> Chip:
    return FaultyChip(applet(), fault, first)


def expired() -> Chip:
    return applet(reissue(personalised(), ISSUER, TODAY - DECADE / 2, TODAY - DAY))


def not_yet_valid() -> Chip:
    return applet(reissue(personalised(), ISSUER, TODAY + DAY, TODAY + DECADE))


@pytest.mark.parametrize(
    ("chip", "error", "reason", "step"),
    [
        (ForeignCardChip, ForeignCard, RefusalReason.FOREIGN_CARD, StepName.SELECT),
        (
            lambda: applet(forge(personalised())),
            CredentialForged,
            RefusalReason.FORGED,
            StepName.ISSUER_SIGNATURE,
        ),
        (lambda: applet(clone(personalised())), CardCloned, RefusalReason.CLONED, StepName.TAP_PROOF),
        (lambda: ReplayingChip(applet()), CardCloned, RefusalReason.CLONED, StepName.TAP_PROOF),
        (lambda: WrongSignatureChip(applet()), CardCloned, RefusalReason.CLONED, StepName.TAP_PROOF),
        (expired, CredentialExpired, RefusalReason.EXPIRED, StepName.VALIDITY),
        (not_yet_valid, CredentialNotYetValid, RefusalReason.NOT_YET_VALID, StepName.VALIDITY),
        (lambda: TearingChip(applet(), after_apdus=0), CardTorn, RefusalReason.TORN, StepName.SELECT),
        (
            lambda: TearingChip(applet(), after_apdus=1),
            CardTorn,
            RefusalReason.TORN,
            StepName.INTERNAL_AUTHENTICATE,
        ),
        (lambda: TearingChip(applet(), after_bytes=100), CardTorn, RefusalReason.TORN, StepName.SELECT),
        (
            lambda: faulty(AnswerFault.GARBAGE, 1),
            AnswerMalformed,
            RefusalReason.UNREADABLE,
            StepName.SELECT,
        ),
        (
            lambda: faulty(AnswerFault.WRONG_LENGTH, 2),
            AnswerMalformed,
            RefusalReason.UNREADABLE,
            StepName.INTERNAL_AUTHENTICATE,
        ),
        (
            lambda: faulty(AnswerFault.WRONG_SW, 2),
            ApduRefused,
            RefusalReason.UNREADABLE,
            StepName.INTERNAL_AUTHENTICATE,
        ),
    ],
)
def test_each_fault_ends_the_tap_at_its_step_for_its_reason(
    chip: Callable[[], Chip], error: type[TapRefused], reason: RefusalReason, step: StepName
) -> None:
    result = check_chip(chip())
    assert isinstance(result, Refusal)
    assert (type(result.error), result.reason, result.evidence[-1].name) == (error, reason, step)
    for language in Language:
        explanation = result.error.explain(language)
        assert explanation.code == error.code
        assert explanation.cause
        assert explanation.next_step


def test_a_slow_card_is_accepted_within_the_bound() -> None:
    slow = FaultyChip(applet(), AnswerFault.SLOW, seconds=0.01)
    with TimelyConnection(InProcessConnection(slow), seconds=SECONDS) as connection:
        assert isinstance(check(connection), VerifiedCard)
        assert connection.atr == slow.atr


def test_a_card_that_is_slower_is_refused_for_that() -> None:
    slow = FaultyChip(applet(), AnswerFault.SLOW, first=2, seconds=0.05)
    # SELECT has no fault, and is given no time to be late in either.
    with InProcessConnection(slow) as plain:
        plain.transmit(CommandApdu.from_bytes(SELECT))
        connection = TimelyConnection(plain, seconds=0.04)
        with pytest.raises(AnswerTooLate) as refused:
            connection.transmit(CommandApdu.from_bytes(AUTHENTICATE))
    assert refused.value.reason is RefusalReason.TOO_SLOW
    assert refused.value.facts["limit"] == 40
    assert "最多允许 40 毫秒" in refused.value.explain(Language.ZH).cause
    assert "40 ms are allowed" in refused.value.explain(Language.EN).cause


def test_verification_refuses_a_card_that_answers_too_late() -> None:
    with TimelyConnection(InProcessConnection(applet()), seconds=0) as connection:
        result = check(connection)
    assert isinstance(result, Refusal)
    assert (type(result.error), result.evidence[-1].name) == (AnswerTooLate, StepName.SELECT)


def test_the_bound_leaves_room_for_the_slowest_published_signature() -> None:
    slowest = max(figure.most for figure in SIGNATURES_ELSEWHERE)
    chip = ChipTimes(slowest)
    link = RadioLink(BitRate.KBIT_106, fsd=FrameSize.BYTES_64, fsc=FrameSize.BYTES_64)
    assert tap_timing(recorded_tap(), link, chip).on_air_ms < ANSWER_SECONDS * 1000 / 5


def test_a_slow_card_that_is_taken_away_is_torn_at_once() -> None:
    chip = FaultyChip(applet(), AnswerFault.SLOW, seconds=3600)
    chip.power_on()
    torn = threading.Event()

    def select() -> None:
        try:
            chip.process(SELECT)
        except CardTorn:
            torn.set()

    asking = threading.Thread(target=select)
    asking.start()
    chip.power_off()
    assert torn.wait(SECONDS)
    asking.join(SECONDS)


def test_a_replayed_proof_is_the_one_that_was_recorded() -> None:
    genuine = applet()
    chip = ReplayingChip(genuine)
    chip.power_on()
    select_answer = chip.process(SELECT)
    proofs = {chip.process(AUTHENTICATE) for _ in range(3)}
    assert len(proofs) == 1
    assert TapProof.from_bytes(proofs.pop()[:-2]).counter == 1
    assert select_answer == genuine.process(SELECT)


def test_a_wrong_signature_is_wrong_in_one_bit_of_the_proof_alone() -> None:
    genuine = applet()
    chip = WrongSignatureChip(genuine)
    chip.power_on()
    assert chip.process(AUTHENTICATE) == genuine.process(AUTHENTICATE) != b""  # not selected: no proof
    assert chip.process(SELECT) == genuine.process(SELECT)
    assert TapProof.from_bytes(chip.process(AUTHENTICATE)[:-2]).counter == 1


def test_an_issuer_signs_no_days_that_its_key_does_not_cover() -> None:
    with pytest.raises(HolderRefused):
        reissue(personalised(), ISSUER, TODAY - 10 * DECADE, TODAY)
    with pytest.raises(HolderRefused):
        reissue(personalised(), ISSUER, TODAY, date(2100, 1, 1))  # the credential has two digits for it


@pytest.mark.parametrize(
    ("fault", "options", "option"),
    [
        (None, {"after": 10}, "--after"),
        (Fault.SLOW, {"after": 10}, "--after"),
        (Fault.TORN, {"seconds": 1.0}, "--seconds"),
        (Fault.FORGED, {"issuer": Path("issuer")}, "--issuer"),
        (None, {"foreign": ForeignKind.BANK}, "--foreign"),
        (Fault.EXPIRED, {}, "--issuer"),
        (Fault.NOT_YET_VALID, {}, "--issuer"),
    ],
)
def test_a_fault_and_its_option_go_together(
    fault: Fault | None, options: dict[str, object], option: str
) -> None:
    with pytest.raises(FaultNeedsOption, match=option):
        FaultChoice(fault, **options)  # type: ignore[arg-type]
