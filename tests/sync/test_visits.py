"""What the centre makes of visits and attendance: a card's proof behind each, and no money in any."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from msgspec import structs

from card.simulator.issuing.personalisation import TestIssuer
from crypto.issuer_request import IssuerRequest
from sync.agent.agent import Agent
from sync.center.directory import Center
from sync.center.reconciliation import reconcile_center
from sync.center.unsealing import Unsealer
from sync.reconcile.report import Reconciliation
from terminal.assembly import open_terminal
from terminal.clock import SystemClock
from terminal.data_directory import DataDirectory
from terminal.decisions.decide import local_date
from terminal.events.event import SealedEvidence, UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.reader import JournalReader
from terminal.modes.attendance import read_book
from terminal.modes.check_in import AttendanceRules, CheckIn
from terminal.modes.check_in_displays import CheckInJsonDisplay
from terminal.modes.check_in_orders import typed_order
from terminal.modes.counter import Counter
from terminal.modes.counter_displays import CounterJsonDisplay
from terminal.modes.counter_note import CounterNote, EyeCheck, Purpose, new_salt
from terminal.modes.counter_orders import json_order
from terminal.modes.desk_loop import DeskLoop
from tests.authority import TestAuthority
from tests.sync.cast import EVENTS_START, Card, Chain, Issuer, enrolled, new_center, now_ms, serving
from tests.sync.test_settlement import found, settle
from tests.terminal.enrolled import Enrolled, chip
from tests.terminal.modes.counter_cast import companion_of, holder, psam_of
from tests.terminal.modes.desk_script import Move, Script, Step

# Ibis 12 still calls it; DuckDB 2 has another name for it.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

RECORDED: Final = Outcome.RECORDED
ATTENDED: Final = (EventKind.VISIT, EventKind.CHECK_IN, EventKind.CHECK_OUT)


def record(chain: Chain, card: Card, kind: EventKind, refers_to: int = 0, **lies: Any) -> UsageEvent:
    """An event of this kind as an honest desk writes it, altered by `lies`."""
    honest = {
        "outcome": RECORDED,
        "holder_pays": 0,
        "companion_pays": 0,
        "companions_admitted": 0,
        "kind": kind,
        "refers_to": refers_to,
        "service": "CERT-RENEW",
        "signed": {"kind": kind},
        "fare": 0,
    }
    return chain.tap(card, **{**honest, **lies})


def examined(center: Center) -> list[tuple[str, str, str, int]]:
    """Kind, proof and reason of every event, and what it claims."""
    with center.store.reading() as connection:
        return connection.execute(
            "SELECT kind, proof, reason, claimed FROM examined ORDER BY terminal, epoch, sequence"
        ).fetchall()


def settles_nothing(result: Reconciliation) -> None:
    """Neither a sum nor a claim came of it."""
    assert sum(line.claimed + line.accepted for line in result.lines) == 0
    assert not any(claim.accepted for claim in result.claims)


def test_a_card_s_proof_stands_behind_every_visit_and_attendance(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    card = issuer.card()
    record(chain, card, EventKind.VISIT)
    record(chain, card, EventKind.VISIT, refers_to=1)
    record(chain, card, EventKind.CHECK_IN)
    record(chain, card, EventKind.CHECK_OUT, refers_to=3)
    record(chain, issuer.card((), 0), EventKind.VISIT, refers_to=1)
    result = settle(center, chain)
    assert found(result) == []
    settles_nothing(result)
    assert examined(center) == [
        (kind, "valid", "", 0) for kind in ("visit", "visit", "check_in", "check_out", "visit")
    ]
    assert result.coverage.pending == 0


@pytest.mark.parametrize("kind", ATTENDED)
def test_a_desk_that_makes_holders_up_is_found(
    center: Center, chain: Chain, issuer: Issuer, kind: EventKind
) -> None:
    card = issuer.card()
    record(chain, card, kind)
    # A tap's proof for a visit, a visit's for another service, and none at all.
    record(chain, card, kind, signed={"kind": EventKind.TAP})
    record(chain, card, kind, signed={"kind": kind, "service": "CERT-NEW"})
    record(chain, card, kind, evidence=SealedEvidence(b"", 0, b"", "", ""))
    record(chain, Issuer().card(), kind)
    result = settle(center, chain)
    assert found(result) == [
        ("invalid_proof", 2, "proof_wrong"),
        ("invalid_proof", 3, "proof_wrong"),
        ("invalid_proof", 4, "credential_malformed"),
        ("invalid_proof", 5, "credential_forged"),
    ]
    settles_nothing(result)


@pytest.mark.parametrize("kind", ATTENDED)
def test_a_visit_that_claims_money_is_found_and_gets_none(
    center: Center, chain: Chain, issuer: Issuer, kind: EventKind
) -> None:
    card = issuer.card()
    signed = {"kind": kind, "service": "BUS-1", "fare": 200}
    record(chain, card, kind, service="BUS-1", fare=200, outcome=Outcome.GRANTED, signed=signed)
    result = settle(center, chain)
    assert found(result) == [("decision_differs", 1, "decision_differs")]
    settles_nothing(result)


# --- what was registered ------------------------------------------------------------------------------


def register(chain: Chain, card: Card, note: CounterNote, refers_to: int = 1, **lies: Any) -> UsageEvent:
    """A note as an honest counter records it, altered by `lies`; the card signs as it is asked to."""
    nonce = note.commitment(refers_to)
    signed = {"kind": EventKind.VISIT, "nonce": nonce}
    honest = {"signed": signed, "nonce": nonce, "words": note.to_words()}
    return record(chain, card, EventKind.VISIT, refers_to, **{**honest, **lies})


def note_of(service: str, **others: Any) -> CounterNote:
    """An application for a service."""
    return CounterNote(salt=new_salt(), purpose=Purpose.APPLICATION, service=service, **others)


def test_what_the_card_signed_for_is_taken(center: Center, chain: Chain, issuer: Issuer) -> None:
    card = issuer.card()
    record(chain, card, EventKind.VISIT)
    register(chain, card, CounterNote(salt=new_salt(), purpose=Purpose.COMPARISON))
    register(chain, card, note_of("CERT-RENEW", documents=(0, 2)))
    record(chain, card, EventKind.VISIT, words="again")
    result = settle(center, chain)
    assert found(result) == []
    assert [proof for _kind, proof, _reason, _claimed in examined(center)] == ["valid"] * 4


def test_a_note_that_was_exchanged_after_the_card_signed_is_refused(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    card = issuer.card()
    record(chain, card, EventKind.VISIT)
    record(chain, card, EventKind.VISIT)
    note = note_of("CERT-RENEW", photo=EyeCheck.DIFFERS)
    # Another service, another sight of the photo, other papers, another salt, another visit, another nonce.
    for other in (
        structs.replace(note, service="REHAB-MED"),
        structs.replace(note, photo=EyeCheck.MATCHES),
        structs.replace(note, documents=(0,)),
        structs.replace(note, salt=new_salt()),
    ):
        register(chain, card, note, words=other.to_words())
    register(chain, card, note, refers_to=2, signed=signed_for(note, 1), nonce=note.commitment(1))
    register(chain, card, note, signed=signed_for(note_of("CERT-NEW"), 1))
    register(chain, card, note, words="an application, believe me")
    result = settle(center, chain)
    assert found(result) == [
        *(("invalid_proof", sequence, "words_differ") for sequence in (3, 4, 5, 6, 7)),
        ("invalid_proof", 8, "proof_wrong"),
        ("invalid_proof", 9, "words_differ"),
    ]
    settles_nothing(result)


def signed_for(note: CounterNote, refers_to: int) -> dict[str, Any]:
    """What the card is asked to sign for a note."""
    return {"kind": EventKind.VISIT, "nonce": note.commitment(refers_to)}


def test_nothing_is_registered_but_in_a_visit_of_the_same_card(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    card, other = issuer.card(), issuer.card()
    record(chain, card, EventKind.VISIT)
    record(chain, card, EventKind.CHECK_IN, service="CERT-RENEW")
    register(chain, other, note_of("CERT-RENEW"))
    register(chain, card, note_of("CERT-RENEW"), refers_to=2)
    register(chain, card, note_of("CERT-RENEW"), refers_to=0)
    register(chain, card, note_of("CERT-RENEW"), refers_to=9)
    tomorrow = EVENTS_START + 86_400_000
    note = note_of("CERT-RENEW")
    late = {**signed_for(note, 1), "time_ms": tomorrow}
    register(chain, card, note, signed=late, time_ms=tomorrow)
    result = settle(center, chain)
    assert [one for one in found(result) if one[0] == "invalid_proof"] == [
        ("invalid_proof", sequence, "registered_for_nobody") for sequence in (3, 4, 5, 6, 7)
    ]


@pytest.mark.parametrize("kind", (EventKind.CHECK_IN, EventKind.CHECK_OUT))
def test_a_coming_or_going_has_no_words(
    center: Center, chain: Chain, issuer: Issuer, kind: EventKind
) -> None:
    card, note = issuer.card(), note_of("CERT-RENEW")
    record(chain, card, EventKind.VISIT)
    signed = {"kind": kind, "nonce": note.commitment(1)}
    record(chain, card, kind, 1, signed=signed, nonce=note.commitment(1), words=note.to_words())
    assert found(settle(center, chain)) == [("invalid_proof", 2, "words_differ")]


# --- a genuine counter, uploaded ----------------------------------------------------------------------


@dataclass
class FullIssuer(Issuer):
    """An issuer of cards with full data, whom a centre certifies as any other."""

    full: TestIssuer = field(default_factory=lambda: TestIssuer.generate(date(2020, 1, 1), date(2050, 1, 1)))

    def public_file(self, path: Path) -> Path:
        """What the centre certifies its key by."""
        path.write_bytes(IssuerRequest.make(self.full.private_key, self.full.issuer_key).to_bytes())
        return path


def serve_visits(counter: Enrolled, *steps: Step) -> None:
    """A counter with a PSAM."""
    script = Script(*steps)
    with open_terminal(counter.directory, SystemClock()) as terminal:
        display = CounterJsonDisplay(None, io.StringIO())
        desk = Counter(terminal, script, display, json_order, psam_of(counter))
        DeskLoop(terminal.desk.contents, script, script, desk).run()
        desk.close()


def serve_attendance(hall: Enrolled, *steps: Step) -> None:
    """A training, at which guardians are needed; whoever taps twice leaves."""
    script = Script(*steps)
    with open_terminal(hall.directory, SystemClock()) as terminal:
        moment = terminal.desk.journal.timekeeper.now()
        day, boot = local_date(moment.time_ms), moment.reading.boot
        book = read_book(hall.directory.journal, terminal.service.code, day, boot)
        rules = AttendanceRules(guardian=True, repeat_ms=0)
        desk = CheckIn(terminal, book, rules, CheckInJsonDisplay(io.StringIO()), typed_order)
        DeskLoop(terminal.desk.contents, script, script, desk).run()
        desk.close()


def test_the_centre_takes_a_day_of_a_counter_and_of_a_training(tmp_path: Path) -> None:
    issuer = FullIssuer()
    with new_center(tmp_path / "authority", issuer) as center, serving(center) as url:
        directory = enrolled(center, url, tmp_path / "terminal")
        desk = Enrolled(directory, issuer.full, TestAuthority())
        card = holder(desk, issued=date(2026, 1, 1))
        own, carer = chip(card), chip(companion_of(desk, card, issued=date(2026, 1, 1)))
        serve_visits(
            desk,
            *(own, Move.TAKE_AWAY, carer, Move.TAKE_AWAY, own),
            '{"do": "check", "visit": 1, "photo": "matches"}',
            '{"do": "register", "visit": 1, "service": "CERT-RENEW", "purpose": "application"}',
        )
        serve_attendance(desk, own, carer, own, "g", chip(holder(desk)), "x")
        assert Agent(directory).run_once()
        result = reconcile_center(center, now_ms())
        events, judged = journal_of(directory), examined(center)
        opened = unsealed(center, events)
    assert found(result) == []
    settles_nothing(result)
    assert [(event.kind.value, event.refers_to) for event in events] == [
        *(("visit", 0), ("visit", 1), ("visit", 1), ("visit", 1), ("visit", 1)),
        *(("check_in", 0), ("check_in", 6), ("check_out", 6), ("check_in", 0), ("cancellation", 9)),
    ]
    assert {proof for _kind, proof, _reason, _claimed in judged} == {"valid", "none"}
    assert [kind for kind, proof, _reason, _claimed in judged if proof == "none"] == ["cancellation"]
    note = CounterNote.from_words(opened[4].words)
    assert (note.purpose, note.service) == (Purpose.APPLICATION, "CERT-RENEW")
    assert (note.photo, note.companion_tap) == (EyeCheck.MATCHES, 2)
    assert len({event.service for event in events}) == 1


def journal_of(directory: DataDirectory) -> list[UsageEvent]:
    """Every event of its journal."""
    with JournalReader(directory.journal) as journal:
        return [UsageEvent.from_bytes(one.data) for one in journal.events(0, 1000)]


def unsealed(center: Center, events: list[UsageEvent]) -> list[SealedEvidence]:
    """What the centre reads in them."""
    unsealer = Unsealer(center)
    return [unsealer.open(event) for event in events]
