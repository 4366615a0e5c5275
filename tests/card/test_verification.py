"""verify(): what is genuine passes with evidence, anything else is refused for its own reason."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from card.errors import ForeignCard, RefusalReason
from card.profile import reference_profile
from card.seen_proofs import SeenProofs
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.chip import Chip
from card.simulator.chips.faults import AnswerFault, FaultyChip, TearingChip
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from card.simulator.chips.wrapped_chip import WrappedChip
from card.simulator.issuing.altered_cards import ReplayingChip, clone, forge
from card.verification import Refusal, StepName, StepResult, VerifiedCard, verify
from crypto.credential import TapCredential
from crypto.tap_proof import TapProof
from tests.card.cards import (
    CHALLENGE,
    STRANGER,
    TODAY,
    TRUST,
    Listed,
    ScriptedChip,
    applet,
    card_key,
    check_chip,
    personalised,
    reason,
)

SELECT = 0xA4
AUTHENTICATE = 0x88
FIRST_DAY, LAST_DAY = date(2026, 1, 1), date(2036, 1, 1)


def test_a_genuine_card_passes_every_step_in_order() -> None:
    card = personalised()
    result = check_chip(applet(card))
    assert isinstance(result, VerifiedCard)
    assert result.credential.to_bytes() == card.credential
    assert result.proof.verify(CHALLENGE, card_key(card))
    assert [step.name for step in result.evidence] == list(StepName)
    assert {step.result for step in result.evidence} == {StepResult.PASSED}
    assert sum(step.microseconds for step in result.evidence) > 0


def test_the_issuer_s_signature_is_checked_aside_as_well_as_in_turn() -> None:
    with ThreadPoolExecutor(max_workers=1) as aside:
        for card, expected in ((personalised(), None), (forge(personalised()), RefusalReason.FORGED)):
            with InProcessConnection(applet(card)) as connection:
                result = verify(connection, reference_profile(), TRUST, CHALLENGE, TODAY, Listed(), aside)
            assert reason(result) is expected


class Relistener(WrappedChip):
    """A genuine chip at first; from then on its first proof is played back."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self._recorded = b""

    def process(self, command: bytes) -> bytes:
        """The chip's answer, or the recording."""
        if command[1] != AUTHENTICATE:
            return super().process(command)
        self._recorded = self._recorded or super().process(command)
        return self._recorded


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: Relistener(applet()), [None, RefusalReason.REPLAYED, RefusalReason.REPLAYED]),
        # Recorded elsewhere: no different from a clone's, the first time.
        (lambda: ReplayingChip(applet()), [RefusalReason.CLONED, *[RefusalReason.REPLAYED] * 2]),
        (lambda: applet(clone(personalised())), [RefusalReason.CLONED] * 3),
        (applet, [None] * 3),
    ],
)
def test_a_replayed_proof_is_told_from_a_clone_s(
    make: Callable[[], Chip], expected: list[RefusalReason | None]
) -> None:
    seen, chip = SeenProofs(), make()
    reasons = []
    for last in range(3):
        with InProcessConnection(chip) as connection:
            challenge = CHALLENGE[:-1] + bytes((last,))
            result = verify(connection, reference_profile(), TRUST, challenge, TODAY, Listed(), seen=seen)
        reasons.append(reason(result))
    assert reasons == expected


def test_the_oldest_proof_is_forgotten_when_there_are_too_many() -> None:
    seen = SeenProofs(most=2)
    proofs = [TapProof(1, bytes([number]) * 64) for number in range(3)]
    for proof in proofs:
        seen.add(proof)
    assert [proof in seen for proof in proofs] == [False, True, True]


def test_two_commands_are_all_a_tap_needs() -> None:
    chip = applet()
    chip.power_on()
    spy = ScriptedChip(chip.process)
    assert reason(check_chip(spy)) is None
    assert [command[1] for command in spy.commands] == [0xA4, 0x88]


def test_a_foreign_card_is_known_after_one_command_and_named_after_two() -> None:
    foreign = ForeignCardChip(ForeignKind.BANK)
    spy = ScriptedChip(foreign.process)
    result = check_chip(spy)
    assert reason(result) is RefusalReason.FOREIGN_CARD
    assert isinstance(result, Refusal)
    assert isinstance(result.error, ForeignCard)
    assert result.error.family is not None
    assert result.error.family.id == ForeignKind.BANK
    assert len(spy.commands) == 2
    assert [step.result for step in result.evidence] == [StepResult.REFUSED]


@pytest.mark.parametrize("sw", ["6A82", "6D00", "6E00", "6999", "6283", "9001"])
def test_any_other_answer_to_select_is_a_foreign_card(sw: str) -> None:
    assert reason(check_chip(ScriptedChip(lambda command: bytes.fromhex(sw)))) is RefusalReason.FOREIGN_CARD


def test_a_forged_credential_is_refused_before_the_chip_is_asked() -> None:
    result = check_chip(applet(forge(personalised())))
    assert reason(result) is RefusalReason.FORGED
    assert result.evidence[-1].name is StepName.ISSUER_SIGNATURE


def test_a_clone_is_refused_by_its_proof() -> None:
    result = check_chip(applet(clone(personalised())))
    assert isinstance(result, Refusal)
    assert result.reason is RefusalReason.CLONED
    assert result.credential is not None
    assert result.proof is not None


def test_an_unknown_issuer_is_refused() -> None:
    assert reason(check_chip(applet(personalised(STRANGER)))) is RefusalReason.UNKNOWN_ISSUER


def test_an_issuer_key_does_not_reach_beyond_its_days(monkeypatch: pytest.MonkeyPatch) -> None:
    # The issuer itself refuses to personalise such a card; whoever stole its key would not.
    monkeypatch.setattr("crypto.trust.IssuerKey.covers", lambda key, issued: True)
    card = personalised(issued=date(2031, 1, 1))
    monkeypatch.undo()
    assert reason(check_chip(applet(card))) is RefusalReason.UNKNOWN_ISSUER


@pytest.mark.parametrize(
    ("issued", "expires", "expected"),
    [
        (TODAY, TODAY, None),
        (TODAY + timedelta(1), LAST_DAY, RefusalReason.NOT_YET_VALID),
        (FIRST_DAY, TODAY - timedelta(1), RefusalReason.EXPIRED),
    ],
)
def test_validity_counts_both_its_days(issued: date, expires: date, expected: RefusalReason | None) -> None:
    assert reason(check_chip(applet(personalised(issued=issued, expires=expires)))) is expected


def test_a_listed_card_is_refused_last() -> None:
    card = personalised()
    listed = Listed(TapCredential.from_bytes(card.credential).card_id)
    result = check_chip(applet(card), listed)
    assert isinstance(result, Refusal)
    assert result.reason is RefusalReason.HOTLISTED
    assert result.evidence[-1].name is StepName.HOTLIST
    assert result.proof is not None


@pytest.mark.parametrize(
    ("fault", "first", "expected"),
    [
        (AnswerFault.GARBAGE, 1, RefusalReason.UNREADABLE),
        (AnswerFault.GARBAGE, 2, RefusalReason.UNREADABLE),
        (AnswerFault.TRUNCATED_TLV, 1, RefusalReason.UNREADABLE),
        (AnswerFault.TRUNCATED_TLV, 2, RefusalReason.UNREADABLE),
        (AnswerFault.WRONG_LENGTH, 1, RefusalReason.UNREADABLE),
        (AnswerFault.WRONG_LENGTH, 2, RefusalReason.UNREADABLE),
        (AnswerFault.WRONG_SW, 1, RefusalReason.FOREIGN_CARD),
        (AnswerFault.WRONG_SW, 2, RefusalReason.UNREADABLE),
        (AnswerFault.SLOW, 2, None),
    ],
)
def test_each_fault_has_its_refusal(fault: AnswerFault, first: int, expected: RefusalReason | None) -> None:
    assert reason(check_chip(FaultyChip(applet(), fault, first))) is expected


@pytest.mark.parametrize("after_apdus", [0, 1])
def test_a_card_torn_away_is_torn(after_apdus: int) -> None:
    assert reason(check_chip(TearingChip(applet(), after_apdus=after_apdus))) is RefusalReason.TORN


@pytest.mark.parametrize("after_bytes", [0, 1, 175, 176, 251])
def test_a_card_torn_away_within_an_answer_is_torn(after_bytes: int) -> None:
    assert reason(check_chip(TearingChip(applet(), after_bytes=after_bytes))) is RefusalReason.TORN


def test_a_card_that_stays_for_all_its_bytes_is_not_torn() -> None:
    assert reason(check_chip(TearingChip(applet(), after_bytes=252))) is None


@pytest.mark.parametrize("answer", [b"", b"\x90"])
def test_an_answer_without_status_word_is_unreadable(answer: bytes) -> None:
    assert reason(check_chip(ScriptedChip(lambda command: answer))) is RefusalReason.UNREADABLE


def test_no_altered_byte_of_any_answer_is_ever_verified() -> None:
    genuine = applet()
    genuine.power_on()

    def verified_with(position: int, mask: int, instruction: int) -> bool:
        def altered(command: bytes) -> bytes:
            answer = bytearray(genuine.process(command))
            if command[1] == instruction and position < len(answer):
                answer[position] ^= mask
            return bytes(answer)

        return reason(check_chip(ScriptedChip(altered))) is None

    assert verified_with(0, 0, SELECT)
    for instruction, length in ((SELECT, 176), (0x88, 76)):
        for position in range(length):
            for mask in (0x01, 0x80, 0xFF):
                assert not verified_with(position, mask, instruction), (instruction, position, mask)


def test_a_proof_for_another_challenge_is_refused() -> None:
    genuine = applet()
    genuine.power_on()

    def replayed(command: bytes) -> bytes:
        if command[1] == SELECT:
            return genuine.process(command)
        return genuine.process(command[:5] + bytes(55) + b"\x00")

    assert reason(check_chip(ScriptedChip(replayed))) is RefusalReason.CLONED


def test_no_error_or_evidence_tells_anything_of_the_holder() -> None:
    card = personalised()
    credential = TapCredential.from_bytes(card.credential)
    for chip in (
        applet(forge(card)),
        applet(clone(card)),
        FaultyChip(applet(card), AnswerFault.TRUNCATED_TLV),
    ):
        result = check_chip(chip)
        assert isinstance(result, Refusal)
        shown = f"{result.error} {result.error.facts} {result.evidence}".lower()
        for secret in (credential.card_id.hex(), credential.region, credential.card_key.point.hex()):
            assert secret not in shown
