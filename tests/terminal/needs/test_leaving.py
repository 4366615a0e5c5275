"""Needs and ratings at a terminal: sealed with the card's proof, one rating a service, answers on demand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from card.errors import CardHotlisted, ForeignCard
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.foreign import ForeignCardChip
from crypto.credential import TapCredential
from crypto.errors import SealBroken
from crypto.sealing import SegmentOpener
from crypto.tap_proof import TapProof
from terminal.amendments import cancel
from terminal.assembly import Terminal, open_terminal
from terminal.content.errors import ContentDamaged, ContentMissing
from terminal.content.manifest import ANSWERS
from terminal.decisions.errors import ServiceUnknown
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.reader import JournalReader
from terminal.needs.answers import NO_ANSWERS, answer_secret, seal_answers
from terminal.needs.contents import Relation, need, rating
from terminal.needs.errors import NoServiceToday, NothingToRate, RatedAlready, RatingOfAnother, RatingTooLate
from terminal.needs.leaving import last_service, leave_need, rate
from tests.terminal.enrolled import Enrolled, SetClock, chip, enrol
from tests.terminal.needs.cast import (
    ANSWER,
    WHEELCHAIR,
    asked,
    credential,
    left,
    rated,
    tapped,
    words_of,
)

DAY_MS = 86_400_000


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    return enrol(tmp_path / "bus")


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def terminal(bus: Enrolled, clock: SetClock) -> Iterator[Terminal]:
    with open_terminal(bus.directory, clock) as terminal:
        yield terminal
        terminal.desk.day_keys.destroy()


def test_a_need_is_sealed_with_the_cards_proof(bus: Enrolled, terminal: Terminal) -> None:
    card, said = bus.card(), need(WHEELCHAIR, "轮椅坏了", Relation.FAMILY)
    event = left(terminal, card, said)
    assert (event.kind, event.outcome, event.refers_to) == (EventKind.NEED, Outcome.RECORDED, 0)
    assert words_of(bus, event) == said
    evidence = bus.evidence(event)
    shown = TapCredential.from_bytes(evidence.credential)
    assert shown == credential(card)
    assert TapProof(evidence.counter, evidence.signature).verify(event.challenge().to_bytes(), shown.card_key)


def test_what_the_card_signs_covers_the_words(bus: Enrolled, terminal: Terminal) -> None:
    event = left(terminal, bus.card(), need(WHEELCHAIR, "轮椅坏了"))
    assert event.nonce == words_of(bus, event).commitment(0)
    service = tapped(terminal, card := bus.card())
    event = rated(terminal, card, service.sequence, rating(4))
    assert event.nonce == words_of(bus, event).commitment(service.sequence)


def test_in_the_clear_it_says_no_item(bus: Enrolled, terminal: Terminal) -> None:
    said = {left(terminal, bus.card(), need(item)).service for item in (WHEELCHAIR, "REHAB-EAR")}
    assert said == {"BUS-1"}


def test_an_item_that_no_catalogue_has_is_refused_before_the_card_is_read(
    bus: Enrolled, terminal: Terminal
) -> None:
    with pytest.raises(ServiceUnknown):
        left(terminal, bus.card(), need("NOTHING"))
    assert bus.events() == []


def test_a_refused_card_leaves_a_refusal_and_no_words(bus: Enrolled, terminal: Terminal) -> None:
    card = bus.card()
    bus.put_hotlist(credential(card).card_id)
    with pytest.raises(CardHotlisted):
        left(terminal, card, need(WHEELCHAIR, "轮椅坏了"))
    [event] = bus.events()
    assert (event.kind, event.outcome) == (EventKind.NEED, Outcome.BLOCKED)
    assert bus.evidence(event).words == ""
    with InProcessConnection(ForeignCardChip()) as connection, pytest.raises(ForeignCard):
        leave_need(terminal, connection, need(WHEELCHAIR))


def test_the_service_just_had_is_rated_once(bus: Enrolled, terminal: Terminal) -> None:
    card = bus.card()
    service = tapped(terminal, card)
    tapped(terminal, bus.card())
    event = rated(terminal, card, service.sequence, rating(2, "等太久"))
    assert (event.kind, event.refers_to) == (EventKind.RATING, service.sequence)
    assert words_of(bus, event) == words_of(bus, bus.events()[-1])
    with pytest.raises(RatedAlready):
        rated(terminal, card, service.sequence, rating(5))
    assert len(bus.events()) == 3


def test_nobody_rates_anothers_service(bus: Enrolled, terminal: Terminal) -> None:
    service = tapped(terminal, bus.card())
    with pytest.raises(RatingOfAnother):
        rated(terminal, bus.card(), service.sequence, rating(1))
    assert len(bus.events()) == 1


def test_a_service_is_rated_on_its_day(bus: Enrolled, terminal: Terminal, clock: SetClock) -> None:
    card = bus.card()
    service = tapped(terminal, card)
    clock.now += DAY_MS
    clock.monotonic += DAY_MS
    with pytest.raises(RatingTooLate):
        rated(terminal, card, service.sequence, rating(5))


def test_only_a_service_can_be_rated(bus: Enrolled, terminal: Terminal) -> None:
    card = bus.card()
    service = tapped(terminal, card)
    other = left(terminal, card, need(WHEELCHAIR))
    done = rated(terminal, card, service.sequence, rating(3))
    gone = tapped(terminal, card)
    taken_back = cancel(terminal.desk, gone.sequence)
    for sequence in (other.sequence, done.sequence, gone.sequence, taken_back.sequence, 0, 999):
        with pytest.raises(NothingToRate):
            rated(terminal, card, sequence, rating(5))


def test_the_last_service_is_this_card_s_newest_of_today_that_counts(
    bus: Enrolled, terminal: Terminal, clock: SetClock
) -> None:
    card, other = bus.card(), bus.card()
    service = tapped(terminal, card)
    cancel(terminal.desk, tapped(terminal, card).sequence)
    left(terminal, card, need(WHEELCHAIR))
    others = tapped(terminal, other)
    before = len(bus.events())
    assert last_of(terminal, card) == service.sequence
    assert last_of(terminal, other) == others.sequence
    with pytest.raises(NoServiceToday):
        last_of(terminal, bus.card())
    assert len(bus.events()) == before
    clock.now += DAY_MS
    clock.monotonic += DAY_MS
    with pytest.raises(NoServiceToday):
        last_of(terminal, card)


def test_the_last_service_is_rated_while_the_card_lies_there(bus: Enrolled, terminal: Terminal) -> None:
    card = bus.card()
    service = tapped(terminal, card)
    tapped(terminal, bus.card())
    given = rating(4)
    with InProcessConnection(chip(card)) as connection:
        event = rate(terminal, connection, last_service(terminal, connection, given), given)
    assert event.refers_to == service.sequence


def last_of(terminal: Terminal, card: ChipContents) -> int:
    """This card's last service."""
    with InProcessConnection(chip(card)) as connection:
        return last_service(terminal, connection, rating(4))


def test_answers_are_shown_to_their_card_alone_and_nothing_is_recorded(
    bus: Enrolled, terminal: Terminal
) -> None:
    card = bus.card()
    assert asked(terminal, card) == ()
    bus.put_content(ANSWERS, seal_answers({answer_secret(credential(card)): [ANSWER]}).to_bytes())
    assert asked(terminal, card) == (ANSWER,)
    assert asked(terminal, bus.card()) == ()
    assert bus.events() == []
    bus.put_hotlist(credential(card).card_id)
    with pytest.raises(CardHotlisted):
        asked(terminal, card)


def test_an_ordinary_tap_says_nothing_of_an_answer(bus: Enrolled, terminal: Terminal) -> None:
    card = bus.card()
    before = tapped(terminal, card)
    bus.put_content(ANSWERS, seal_answers({answer_secret(credential(card)): [ANSWER]}).to_bytes())
    after = tapped(terminal, card)
    assert replace(after, sequence=before.sequence, microseconds=before.microseconds) == before


@pytest.mark.parametrize("place", [0, 3, 20, -1])
def test_a_file_of_answers_with_one_other_bit_is_not_in_force(bus: Enrolled, place: int) -> None:
    card = bus.card()
    data = bytearray(seal_answers({answer_secret(credential(card)): [ANSWER]}).to_bytes())
    bus.put_content(ANSWERS, bytes(data))
    signed = bus.directory.content.manifest(bus.version).unverified()
    data[place] ^= 1
    blob = bus.directory.content.blob(signed.file(ANSWERS).digest)
    assert blob is not None
    blob.write_bytes(bytes(data))
    with open_terminal(bus.directory, SetClock()) as terminal:
        assert asked(terminal, card) == ()
        trouble = terminal.desk.contents.take_trouble()
        assert isinstance(trouble, ContentDamaged | ContentMissing)  # the second look finds it thrown away
        assert terminal.desk.contents.current().answers == NO_ANSWERS
        terminal.desk.day_keys.destroy()


def test_a_signed_file_that_is_no_answers_leaves_the_content_before_in_force(
    bus: Enrolled, terminal: Terminal
) -> None:
    bus.put_content(ANSWERS, b"anything")
    assert terminal.desk.contents.current().version == bus.version - 1
    trouble = terminal.desk.contents.take_trouble()
    assert trouble is not None and trouble.code == "TRM-746"


def test_training_leaves_nothing(bus: Enrolled, terminal: Terminal) -> None:
    with open_terminal(bus.directory, SetClock(), is_training=True) as training:
        card = bus.card()
        service = tapped(training, card)
        event = left(training, card, need(WHEELCHAIR, "轮椅坏了"))
        rated(training, card, service.sequence, rating(1))
        training.desk.day_keys.destroy()
    assert bus.events() == []
    assert event.terminal == bytes(8)
    with JournalReader(bus.directory.training.journal, is_training=True) as journal:
        first = UsageEvent.from_bytes(journal.events(0, 1)[0].data)
    assert first.segment == event.segment
    with pytest.raises(SealBroken):  # not even the centre reads what was typed to try it out
        SegmentOpener(bus.center, first.segment_header)
