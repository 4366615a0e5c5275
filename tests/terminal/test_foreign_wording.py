"""What a terminal says of a card that is not ours: its name to staff and holder, nothing to bystanders."""

from pathlib import Path

import pytest

from card.errors import (
    AnswerMalformed,
    AnswerTooLate,
    CardCloned,
    CardHotlisted,
    CardTorn,
    CredentialForged,
    ForeignCard,
    IssuerRevoked,
    ProofReplayed,
    TapRefused,
)
from card.foreign_cards import ForeignCardFamily, foreign_cards
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from terminal.decisions.card_facts import Party
from terminal.events.event import SealedEvidence
from terminal.events.outcome import Outcome
from terminal.hotlist.reason import HotlistReason
from terminal.presence import TapRequest
from terminal.starter import starter_catalogue
from terminal.tap import TapResult
from terminal.wording import LOOK_AT_SCREEN, REFUSED, refusal_wording
from tests.terminal.enrolled import enrol
from tests.terminal.test_tap import tap_once

FAMILIES = (*foreign_cards().families, foreign_cards().generic)
INDISCREET = ("残疾", "残障", "disab", "handicap")


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.id)
def test_staff_and_holder_hear_what_the_card_is(family: ForeignCardFamily) -> None:
    wording = refusal_wording(Outcome.FOREIGN_CARD, ForeignCard(family))
    assert wording.staff == family.sentence.text
    assert wording.holder.zh == f"您放的是{family.title.zh}，请换用第三代智能化证卡。"
    assert wording.holder.en.startswith(f"This is {family.title.en}. Please ")


def test_a_foreign_card_of_unknown_family_and_every_other_refusal_keep_their_texts() -> None:
    for outcome, wording in REFUSED.items():
        assert refusal_wording(outcome, None) is wording


def test_each_reason_of_a_refusal_has_words_of_its_own() -> None:
    errors: list[tuple[Outcome, TapRefused]] = [
        (Outcome.UNREADABLE, CardTorn()),
        (Outcome.UNREADABLE, AnswerTooLate(milliseconds=1, limit=1)),
        (Outcome.UNREADABLE, AnswerMalformed(what="x", detail="y")),
        (Outcome.CLONED, CardCloned()),
        (Outcome.CLONED, ProofReplayed()),
        (Outcome.FORGED, CredentialForged()),
        (Outcome.FOREIGN_CARD, ForeignCard()),
        (Outcome.ISSUER_REVOKED, IssuerRevoked()),
        *((Outcome.BLOCKED, CardHotlisted(reason)) for reason in HotlistReason),
    ]
    wordings = [refusal_wording(outcome, error) for outcome, error in errors]
    for language in ("zh", "en"):
        said = [getattr(wording.staff, language) for wording in wordings]
        assert len(set(said)) == len(said)


def test_why_a_card_is_listed_is_for_staff_alone() -> None:
    told = {refusal_wording(Outcome.BLOCKED, CardHotlisted(reason)).holder for reason in HotlistReason}
    assert told == {REFUSED[Outcome.BLOCKED].holder}
    assert len({str(CardHotlisted(reason)) for reason in HotlistReason}) == 1


def test_no_text_of_a_foreign_card_says_what_the_right_one_stands_for() -> None:
    for wording in (
        REFUSED[Outcome.FOREIGN_CARD],
        *(refusal_wording(Outcome.FOREIGN_CARD, ForeignCard(f)) for f in FAMILIES),
    ):
        for text in (wording.staff, wording.holder):
            assert not [word for word in INDISCREET if word in text.zh + text.en.lower()]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.id)
def test_bystanders_and_logs_learn_nothing_of_the_card(family: ForeignCardFamily) -> None:
    service = starter_catalogue().item("BUS-1")
    request = TapRequest(service, service.fare, Party(0))
    result = TapResult.of_refusal(1, request, Outcome.FOREIGN_CARD, 0, ForeignCard(family))
    assert result.bystander_text == LOOK_AT_SCREEN
    assert result.staff_text == family.sentence.text
    assert family.title.zh not in repr(result)
    assert family.title.en not in repr(result)


@pytest.mark.parametrize("kind", ForeignKind)
def test_the_journal_keeps_only_that_the_card_was_foreign(kind: ForeignKind, tmp_path: Path) -> None:
    bus = enrol(tmp_path / "bus")
    result = tap_once(bus, ForeignCardChip(kind))
    (event,) = bus.events()
    assert result.outcome == event.outcome == Outcome.FOREIGN_CARD
    evidence = bus.evidence(event)
    assert evidence == SealedEvidence(
        credential=b"", counter=0, signature=b"", rule="", detail=ForeignCard.code
    )
