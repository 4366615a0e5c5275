"""What the tests of needs act with: a terminal, cards, and what the centre would read of its journal."""

from __future__ import annotations

from datetime import date

from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from crypto.credential import TapCredential
from terminal.assembly import Terminal
from terminal.events.event import UsageEvent
from terminal.needs.answers import Answer, CaseStatus
from terminal.needs.contents import Left, Need, Rating, left_from_text
from terminal.needs.leaving import leave_need, rate, status_of
from terminal.tap import TapResult, tap
from tests.terminal.enrolled import Enrolled, chip

WHEELCHAIR = "REHAB-FIX"
ANSWER = Answer(
    7, WHEELCHAIR, date(2026, 11, 20), CaseStatus.ANSWERED, date(2026, 11, 24), "周五上门修理", "On Friday"
)


def credential(card: ChipContents) -> TapCredential:
    """What the card says of itself."""
    return TapCredential.from_bytes(card.credential)


def tapped(terminal: Terminal, card: ChipContents) -> TapResult:
    """An ordinary tap."""
    with InProcessConnection(chip(card)) as connection:
        return tap(terminal.desk, connection, terminal.request())


def left(terminal: Terminal, card: ChipContents, what: Need) -> UsageEvent:
    """A need, with the card at the reader."""
    with InProcessConnection(chip(card)) as connection:
        return leave_need(terminal, connection, what)


def rated(terminal: Terminal, card: ChipContents, sequence: int, what: Rating) -> UsageEvent:
    """A rating, with the card at the reader."""
    with InProcessConnection(chip(card)) as connection:
        return rate(terminal, connection, sequence, what)


def asked(terminal: Terminal, card: ChipContents) -> tuple[Answer, ...]:
    """The answers, with the card at the reader."""
    with InProcessConnection(chip(card)) as connection:
        return status_of(terminal, connection)


def words_of(enrolled: Enrolled, event: UsageEvent) -> Left:
    """What was left with an event."""
    return left_from_text(enrolled.evidence(event).words)
