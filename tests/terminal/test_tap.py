"""The tap, whole, on virtual cards in this process: every outcome, and what is left of it on the disk."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from card.connection import CardConnection
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.faults import AnswerFault, FaultyChip, TearingChip
from card.simulator.chips.foreign import ForeignCardChip
from card.simulator.issuing.altered_cards import clone, forge
from card.simulator.issuing.personalisation import Holder, TestIssuer
from crypto.credential import TapCredential
from crypto.errors import KeystoreUnprotected
from crypto.pki.role import Role
from crypto.sealing import SegmentOpener
from crypto.sm2 import PrivateKey
from crypto.tap_proof import TapProof
from terminal.assembly import open_terminal
from terminal.clock import ClockSource
from terminal.configuration import Mode
from terminal.decisions.errors import ServiceUnknown
from terminal.errors import FileNotRead, TerminalNotEnrolled
from terminal.events.event import ClockTrust
from terminal.events.outcome import Outcome
from terminal.journal.commands import app as journal
from terminal.journal.verification import verify_journal
from terminal.tap import TapResult, tap
from terminal.wording import LOOK_AT_SCREEN
from tests.category_words import CATEGORY_WORDS
from tests.terminal.enrolled import NOON, Enrolled, SetClock, chip, enrol


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    """A bus terminal."""
    return enrol(tmp_path / "bus")


@pytest.fixture
def garden(tmp_path: Path) -> Enrolled:
    """An attraction's terminal."""
    return enrol(tmp_path / "garden", service="GARDEN")


def tap_once(
    enrolled: Enrolled, virtual: Chip, companions: int = 0, clock: SetClock | None = None
) -> TapResult:
    """One tap on a terminal that is opened for it and closed after it."""
    with open_terminal(enrolled.directory, clock or SetClock()) as terminal:
        connection: CardConnection
        with InProcessConnection(virtual) as connection:
            return tap(terminal.desk, connection, terminal.request(companions))


def test_a_granted_tap_can_be_proven_by_the_centre(bus: Enrolled) -> None:
    card = bus.card()
    result = tap_once(bus, chip(card))
    assert (result.outcome, result.holder_pays, result.sequence) == (Outcome.GRANTED, 0, 1)
    (event,) = bus.events()
    evidence = bus.evidence(event)
    credential = TapCredential.from_bytes(evidence.credential)
    assert credential.verify_signature(bus.issuer.private_key.public_key)
    proof = TapProof(evidence.counter, evidence.signature)
    assert proof.verify(event.challenge().to_bytes(), credential.card_key)
    assert evidence.rule
    assert evidence.detail == ""


def _half_fare(bus: Enrolled) -> Chip:
    return chip(bus.card((4,), 4))


def _elsewhere(bus: Enrolled) -> Chip:
    return chip(bus.card((1,), 1, region="110101"))


def _expired(bus: Enrolled) -> Chip:
    return chip(bus.card(issued=date(2020, 1, 1), expires=date(2026, 11, 23)))


def _not_yet(bus: Enrolled) -> Chip:
    return chip(bus.card(issued=date(2026, 11, 25)))


def _listed(bus: Enrolled) -> Chip:
    card = bus.card()
    bus.put_hotlist(TapCredential.from_bytes(card.credential).card_id)
    return chip(card)


def _of_a_revoked_issuer(bus: Enrolled) -> Chip:
    bus.authority.revoke(bus.issuer.issuer_key.key_id)
    bus.publish()
    return chip(bus.card())


def _stranger(_bus: Enrolled) -> Chip:
    stranger = TestIssuer.generate(date(2020, 1, 1), date(2030, 12, 31))
    return chip(stranger.personalise(Holder((1,), 1, "500103", date(2026, 1, 1), date(2035, 12, 31))))


@pytest.mark.parametrize(
    ("make", "outcome", "pays", "proven"),
    [
        (_half_fare, Outcome.GRANTED, 100, True),
        (_elsewhere, Outcome.GRANTED, 0, True),
        (_expired, Outcome.EXPIRED, 200, True),
        (_not_yet, Outcome.NOT_YET_VALID, 200, True),
        (_listed, Outcome.BLOCKED, 200, True),
        (_stranger, Outcome.UNKNOWN_ISSUER, 200, False),
        (_of_a_revoked_issuer, Outcome.ISSUER_REVOKED, 200, False),
        (lambda bus: chip(forge(bus.card())), Outcome.FORGED, 200, True),
        (lambda bus: chip(clone(bus.card())), Outcome.CLONED, 200, True),
        (lambda _bus: ForeignCardChip(), Outcome.FOREIGN_CARD, 200, False),
        (lambda bus: TearingChip(chip(bus.card()), after_apdus=1), Outcome.UNREADABLE, 200, False),
        (lambda bus: FaultyChip(chip(bus.card()), AnswerFault.TRUNCATED_TLV), Outcome.UNREADABLE, 200, False),
    ],
)
def test_every_outcome_is_shown_and_journaled(
    bus: Enrolled, make: Callable[[Enrolled], Chip], outcome: Outcome, pays: int, proven: bool
) -> None:
    result = tap_once(bus, make(bus))
    assert (result.outcome, result.holder_pays) == (outcome, pays)
    (event,) = bus.events()
    assert (event.outcome, event.holder_pays, event.fare) == (outcome, pays, 200)
    evidence = bus.evidence(event)
    assert bool(evidence.signature) is proven
    assert bool(evidence.detail) is not outcome.granted
    if not outcome.granted:
        assert result.bystander_text == LOOK_AT_SCREEN
        assert event.holder_ref == b""


def test_a_companion_is_admitted_where_the_rule_says_so(garden: Enrolled) -> None:
    result = tap_once(garden, chip(garden.card((4,), 1, region="339901")), companions=1)
    assert (result.outcome, result.companions_admitted) == (Outcome.GRANTED_WITH_COMPANION, 1)
    assert (result.holder_pays, result.companion_pays) == (0, 0)
    assert garden.events()[0].companions == 1


@pytest.mark.parametrize("category", range(1, 8))
def test_bystanders_learn_nothing(bus: Enrolled, category: int) -> None:
    result = tap_once(bus, chip(bus.card((category,), 1)))
    for text in (result.bystander_text.zh, result.bystander_text.en.lower(), repr(result).lower()):
        assert not [word for word in CATEGORY_WORDS if word in text]


def test_a_terminal_on_disk_can_not_be_read_back_to_a_person(bus: Enrolled) -> None:
    cards: list[ChipContents] = [bus.card((category,), 2) for category in (1, 4, 5)]
    with open_terminal(bus.directory, SetClock()) as terminal:
        for card in cards:
            with InProcessConnection(chip(card)) as connection:
                tap(terminal.desk, connection, terminal.request())
    image = b"".join(path.read_bytes() for path in bus.directory.path.rglob("*") if path.is_file())
    for card in cards:
        credential = TapCredential.from_bytes(card.credential)
        for trace in (
            credential.card_id,
            credential.card_key.point[1:],
            credential.signature,
            credential.card_id.hex().encode(),
        ):
            assert trace not in image
    rules = {bus.evidence(event).rule for event in bus.events() if event.segment_header}
    for event in bus.events():
        for rule in rules:
            assert rule.encode() not in event.to_bytes()


def test_the_same_holder_is_linked_within_a_day_and_not_beyond(bus: Enrolled) -> None:
    card = bus.card()
    clock = SetClock()
    tap_once(bus, chip(card), clock=clock)
    tap_once(bus, chip(card), clock=clock)  # a restart in between keeps the link
    clock.now = NOON + 86_400_000
    tap_once(bus, chip(card), clock=clock)
    tap_once(bus, chip(bus.card()), clock=clock)
    first, second, next_day, other = (event.holder_ref for event in bus.events())
    assert first == second
    assert len({first, next_day, other}) == 3


def test_a_journal_of_many_taps_and_restarts_verifies(bus: Enrolled) -> None:
    key = bus.directory.keystore.load("terminal").public_key
    for _ in range(3):
        with open_terminal(bus.directory, SetClock()) as terminal:
            for _tap in range(3):
                with InProcessConnection(chip(bus.card())) as connection:
                    tap(terminal.desk, connection, terminal.request())
    report = verify_journal(bus.directory.journal, key)
    assert (report.events, report.signed_up_to, report.faults) == (9, 9, ())
    assert len({event.segment for event in bus.events()}) == 3


def test_anybody_with_the_public_key_can_verify_a_journal(bus: Enrolled, tmp_path: Path) -> None:
    tap_once(bus, chip(bus.card()))
    public = tmp_path / "public.pem"
    arguments = ["verify", "--data", str(bus.directory.path), "--key", str(public)]
    assert isinstance(CliRunner().invoke(journal, arguments).exception, FileNotRead)
    public.write_bytes(bus.directory.keystore.load("terminal").public_key.to_pem())
    assert CliRunner().invoke(journal, arguments).exit_code == 0
    public.write_bytes(bus.center.public_key.to_pem())
    assert CliRunner().invoke(journal, arguments).exit_code == 1


def test_production_refuses_an_unprotected_key(tmp_path: Path) -> None:
    enrolled = enrol(tmp_path, mode=Mode.PRODUCTION)
    with pytest.raises(KeystoreUnprotected), open_terminal(enrolled.directory):
        pass


def test_a_clock_set_back_is_marked_and_makes_no_expired_card_valid(bus: Enrolled) -> None:
    clock = SetClock(source=ClockSource.FREE)
    tap_once(bus, chip(bus.card()), clock=clock)
    clock.now = NOON - 400 * 86_400_000  # a day on which the card below was valid
    result = tap_once(bus, _expired(bus), clock=clock)
    assert result.outcome is Outcome.EXPIRED
    first, second = bus.events()
    assert (first.clock, second.clock) == (ClockTrust.FREE, ClockTrust.SET_BACK)
    assert second.time_ms >= first.time_ms > NOON > second.wall_ms
    assert bus.evidence(second).signature  # the card signed the judged time


def test_a_clock_set_back_revives_no_certificate(bus: Enrolled) -> None:
    gone = TestIssuer.generate(date(2020, 1, 1), date(2030, 12, 31))
    bus.authority.add_issuer(gone.issuer_key, until=datetime(2026, 11, 24, 12, tzinfo=UTC))
    bus.publish()
    card = chip(gone.personalise(Holder((1,), 1, "500103", date(2026, 1, 1), date(2035, 12, 31))))
    clock = SetClock(source=ClockSource.FREE)
    assert tap_once(bus, card, clock=clock).outcome is Outcome.GRANTED
    clock.now += 2 * 86_400_000
    clock.monotonic += 2 * 86_400_000
    for _ in range(2):
        outcome = tap_once(bus, card, clock=clock).outcome
    assert outcome is Outcome.UNKNOWN_ISSUER
    clock.now -= 5 * 86_400_000
    for _ in range(2):
        assert tap_once(bus, card, clock=clock).outcome is Outcome.UNKNOWN_ISSUER


def test_a_new_sealing_key_counts_from_the_next_tap(bus: Enrolled) -> None:
    with open_terminal(bus.directory, SetClock()) as terminal:
        for _ in range(2):
            with InProcessConnection(chip(bus.card())) as connection:
                tap(terminal.desk, connection, terminal.request())
            new_key = PrivateKey.generate()
            newer = bus.authority.certify(Role.SEALING, "TEST 2", new_key, datetime(2026, 6, 1, tzinfo=UTC))
            bus.authority.own = (*bus.authority.own, newer)
            bus.publish()
            if len(bus.events()) == 1:
                second = new_key
    first_event, second_event = bus.events()
    assert first_event.segment != second_event.segment
    for key, event in ((bus.center, first_event), (second, second_event)):
        assert SegmentOpener(key, event.segment_header).open(event.index, event.sealed, event.seal_context())


def test_a_clock_at_the_end_of_the_century_stops_no_terminal(bus: Enrolled) -> None:
    clock = SetClock(now=NOON + 70 * 365 * 86_400_000, source=ClockSource.FREE)
    assert tap_once(bus, chip(bus.card()), clock=clock).outcome is Outcome.GRANTED
    (event,) = bus.events()
    assert (event.clock, event.time_ms < NOON) == (ClockTrust.STEPPED, True)


def test_what_the_centre_signed_is_the_least_that_the_time_can_be(bus: Enrolled) -> None:
    clock = SetClock(now=NOON - 300 * 86_400_000, source=ClockSource.FREE)
    tap_once(bus, chip(bus.card()), clock=clock)
    (event,) = bus.events()
    assert event.clock is ClockTrust.SET_BACK
    assert event.time_ms >= datetime(2026, 11, 1, tzinfo=UTC).timestamp() * 1000


def test_each_event_names_the_publication_that_it_was_judged_by(bus: Enrolled) -> None:
    card = bus.card()
    with open_terminal(bus.directory, SetClock()) as terminal:
        for _ in range(2):
            with InProcessConnection(chip(card)) as connection:
                tap(terminal.desk, connection, terminal.request())
            bus.put_hotlist(TapCredential.from_bytes(card.credential).card_id)
    first, second = bus.events()
    assert (second.content, second.outcome) == (first.content + 1, Outcome.BLOCKED)


def test_how_old_the_hotlist_may_be_is_a_rule(bus: Enrolled) -> None:
    pack = bus.files["rules/cn.toml"]
    fresh = re.sub(rb'(?m)^condition = "(.*)"$', rb'condition = "(\1) && hotlist_age <= 23"', pack)
    assert fresh != pack
    bus.put_only_rules("cn", fresh.decode())
    blind = bus.card((1,), 1, region="110101")
    assert tap_once(bus, chip(blind)).outcome is Outcome.GRANTED  # dated 23 days before
    assert tap_once(bus, chip(blind), clock=SetClock(NOON + 86_400_000)).outcome is Outcome.NOT_ELIGIBLE


def test_a_terminal_that_is_not_whole_says_what_is_missing(tmp_path: Path, bus: Enrolled) -> None:
    with (
        pytest.raises(TerminalNotEnrolled, match=r"terminal\.toml"),
        open_terminal(type(bus.directory)(tmp_path / "nothing")),
    ):
        pass
    with (
        pytest.raises(ServiceUnknown, match="NOSUCH"),
        open_terminal(enrol(tmp_path / "odd", service="NOSUCH").directory),
    ):
        pass
