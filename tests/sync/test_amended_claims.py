"""What the centre makes of taps that were taken back, count against a quota, or come in succession."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from crypto.companion_card import companion_card_id
from sync.center.directory import Center
from sync.center.ingest import take_batch
from sync.center.reconciliation import reconcile_center
from terminal.events.event import SealedEvidence
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from tests.sync.carers import CARERS_PACK
from tests.sync.cast import Card, Chain, Issuer, chain_of, now_ms, snapshot
from tests.sync.test_settlement import balanced, found, settle, withheld

# Ibis 12 still calls it; DuckDB 2 has another name for it.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.fixture(scope="module")
def packs() -> Mapping[str, str]:
    return {"carers.toml": CARERS_PACK}


@pytest.fixture
def blind(issuer: Issuer) -> Card:
    return issuer.card((1,), 1)


def test_a_cancelled_tap_is_not_paid(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    chain.tap(blind)
    chain.amend(EventKind.CANCELLATION, 1)
    result = settle(center, chain)
    (line,) = result.lines
    assert (line.taps, line.granted, line.claimed, line.accepted) == (2, 2, 400, 200)
    assert withheld(result) == {1: "cancelled"}
    assert result.findings == []
    balanced(result)


def test_a_corrected_tap_is_paid_for_what_is_left(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind, companions=2)
    chain.amend(EventKind.CORRECTION, 1, fare=200, companions=1)
    chain.amend(EventKind.CORRECTION, 1, fare=100, companions=1)
    result = settle(center, chain)
    (line,) = result.lines
    assert (line.list_fare, line.paid, line.claimed) == (600, 200, 400)
    assert line.accepted == 100 + 50  # one fare of 100, and half of one for the companion
    assert withheld(result) == {1: "corrected"}
    balanced(result)


@pytest.mark.parametrize(
    ("kind", "sequence", "fare", "companions", "reason"),
    [
        (EventKind.CORRECTION, 1, 201, 0, "amends_upwards"),
        (EventKind.CORRECTION, 1, 200, 1, "amends_upwards"),
        (EventKind.CANCELLATION, 2, 200, 0, "amends_nothing"),  # itself
        (EventKind.CANCELLATION, 0, 200, 0, "amends_nothing"),
    ],
)
def test_an_amendment_that_takes_nothing_back_is_found_and_changes_nothing(  # noqa: PLR0917
    center: Center,
    chain: Chain,
    blind: Card,
    kind: EventKind,
    sequence: int,
    fare: int,
    companions: int,
    reason: str,
) -> None:
    chain.tap(blind)
    chain.amend(kind, sequence, fare, companions)
    result = settle(center, chain)
    assert found(result) == [("invalid_proof", 2, reason)]
    assert result.lines[0].accepted == 200


def test_an_amendment_waits_for_what_it_amends(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    chain.new_segment()
    chain.amend(EventKind.CANCELLATION, 1)
    take_batch(center.store, center.keys, chain.batch(2), now_ms())
    assert reconcile_center(center, now_ms()).coverage.pending == 1
    take_batch(center.store, center.keys, chain.batch(1, 1), now_ms())
    result = reconcile_center(center, now_ms())
    assert withheld(result) == {1: "cancelled"}
    assert result.coverage.pending == 0


def test_uses_of_a_quota_are_part_of_the_decision(center: Center, chain: Chain, issuer: Issuer) -> None:
    card = issuer.card((4,), 4)
    chain.tap(card)
    chain.tap(card, uses={"carers/rides": 1})
    third = chain.tap(card, uses={"carers/rides": 2})
    assert third.holder_pays == 100  # what the province gives when the city's rides are used up
    chain.tap(card, uses={"carers/rides": 2}, holder_pays=0)
    result = settle(center, chain)
    assert found(result) == [("decision_differs", 4, "decision_differs")]
    assert result.lines[0].accepted == 200 + 200 + 100


def test_a_quota_that_its_own_journal_shows_spent_is_paid_no_further(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    card = issuer.card((4,), 4)
    for _ in range(4):
        chain.tap(card)  # each said to be the first
    chain.tap(issuer.card((4,), 4))  # each card has its own
    chain.amend(EventKind.CANCELLATION, 1)
    result = settle(center, chain)
    assert found(result) == [("quota_exceeded", 4, "")]
    assert withheld(result) == {1: "cancelled", 4: "quota_exceeded"}
    balanced(result)


def test_uses_that_no_journal_shows_are_found_once_nothing_is_missing(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    card = issuer.card((4,), 4)
    chain.tap(card)
    chain.new_segment()
    chain.tap(card, uses={"carers/rides": 1})
    chain.tap(card, uses={"carers/rides": 2})
    chain.tap(issuer.card((4,), 4), uses={"carers/rides": 1})  # its first tap
    take_batch(center.store, center.keys, chain.batch(2), now_ms())
    assert found(reconcile_center(center, now_ms())) == [("gap", 1, "")]
    take_batch(center.store, center.keys, chain.batch(1, 1), now_ms())
    result = reconcile_center(center, now_ms())
    assert found(result) == [("uses_overstated", 4, "")]


def test_a_tap_that_is_not_paid_may_have_used_a_quota_all_the_same(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    card = issuer.card((4,), 4)
    chain.tap(card, fare=201)
    chain.tap(card, outcome=Outcome.GRANTED_WITH_COMPANION)
    chain.tap(card, uses={"carers/rides": 2})
    result = settle(center, chain)
    assert found(result) == [("fare_above_list", 1, ""), ("decision_differs", 2, "decision_differs")]
    # Of those that count, it is the first.
    chain.tap(card, uses={"carers/rides": 1})
    assert ("quota_exceeded", 4, "") not in found(settle(center, chain))


def test_a_quota_spent_at_two_terminals_is_found_once_and_paid(
    center: Center, url: str, chain: Chain, issuer: Issuer, tmp_path: Path
) -> None:
    card = issuer.card((4,), 4)
    other = chain_of(center, url, tmp_path / "other")
    for number in range(2):
        chain.tap(card, uses={"carers/rides": number} if number else {})
        other.tap(card, uses={"carers/rides": number} if number else {})
    result = settle(center, chain, other)
    assert [kind for kind, _, _ in found(result)] == ["quota_exceeded_together"]
    assert withheld(result) == {}


def test_uses_are_kept_under_names_that_lead_back_to_no_card_and_no_rule(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    first, second = issuer.card((4,), 4), issuer.card((4,), 4)
    chain.tap(first)
    chain.tap(second)
    chain.tap(first, uses={"carers/rides": 1})
    settle(center, chain)
    rows = snapshot(center, "quota_uses")["quota_uses"]
    tallies = [row[3] for row in rows]
    assert tallies[0] == tallies[2] != tallies[1]
    assert [row[4:] for row in rows] == [(2, 0, 1), (2, 0, 1), (2, 1, 1)]
    for secret in (first.credential.card_id, b"rides"):
        assert repr(secret)[2:-1] not in repr(rows)


def carer_of(issuer: Issuer, holder: Card) -> Card:
    return issuer.card((), 0, card_id=companion_card_id(holder.credential.card_id, date(2024, 1, 1)))


def test_a_companion_card_rides_free_right_behind_its_holders_alone(
    center: Center, chain: Chain, issuer: Issuer, blind: Card
) -> None:
    carer, other = carer_of(issuer, blind), issuer.card((1,), 1)
    chain.tap(blind)
    assert chain.tap(carer, follows=1).outcome is Outcome.GRANTED
    chain.tap(carer, follows=2)  # twice running
    chain.tap(other)
    chain.tap(carer, follows=4)  # behind somebody else's
    chain.tap(carer)  # honest: behind nobody's
    result = settle(center, chain)
    assert {claim.sequence for claim in result.claims if claim.accepted} == {1, 2, 4}
    assert found(result) == [
        (kind, at, kind) for kind, at in (("decision_differs", 3), ("decision_differs", 5))
    ]
    balanced(result)


def test_a_companion_card_is_not_paid_behind_a_holders_tap_that_was_taken_back(
    center: Center, chain: Chain, issuer: Issuer, blind: Card
) -> None:
    other = issuer.card((1,), 1)
    chain.tap(blind)
    chain.tap(carer_of(issuer, blind), follows=1)
    chain.tap(other)
    chain.tap(carer_of(issuer, other), follows=3)
    chain.amend(EventKind.CANCELLATION, 1, fare=200, companions=0)
    result = settle(center, chain)
    assert withheld(result) == {1: "cancelled", 2: "holder_cancelled"}
    assert result.lines[0].accepted == 200 + 200
    balanced(result)


@pytest.mark.parametrize("credential", ["self-signed", "genuine"])
def test_a_companion_card_is_not_paid_behind_a_forged_tap_of_its_holder(
    center: Center, chain: Chain, issuer: Issuer, blind: Card, credential: str
) -> None:
    forged = issuer.card(key=chain.key, card_id=blind.credential.card_id)
    if credential == "self-signed":
        chain.tap(forged)
        reason = "credential_forged"
    else:
        chain.tap(blind, evidence=SealedEvidence(blind.credential.to_bytes(), 7, bytes(64), "", ""))
        reason = "proof_wrong"
    chain.tap(carer_of(issuer, blind), follows=1)
    result = settle(center, chain)
    assert found(result) == [("invalid_proof", 1, reason), ("decision_differs", 2, "holder_not_valid")]
    assert withheld(result) == {1: reason, 2: "holder_not_valid"}
    balanced(result)


def test_a_companion_card_is_not_paid_behind_a_copied_chip(
    center: Center, chain: Chain, issuer: Issuer, blind: Card
) -> None:
    chain.tap(blind)
    chain.tap(Card(blind.key, blind.credential))
    chain.tap(carer_of(issuer, blind), follows=2)
    result = settle(center, chain)
    assert withheld(result) == {2: "counter_repeated", 3: "holder_unpaid"}
    balanced(result)


@pytest.mark.parametrize(("is_cancelled", "left"), [(False, {1: "replaced"}), (True, {2: "holder_unpaid"})])
def test_a_companion_card_is_paid_while_the_holders_larger_party_is(  # noqa: PLR0917
    center: Center, chain: Chain, issuer: Issuer, blind: Card, is_cancelled: bool, left: dict[int, str]
) -> None:
    chain.tap(blind)
    chain.tap(carer_of(issuer, blind), follows=1)
    chain.tap(blind, companions=1, refers_to=1)
    if is_cancelled:
        chain.amend(EventKind.CANCELLATION, 3, companions=1)
        left = {1: "replaced", 3: "cancelled", **left}
    result = settle(center, chain)
    assert withheld(result) == left
    assert result.findings == []
    balanced(result)


def test_a_correction_is_measured_against_the_one_before(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    chain.amend(EventKind.CORRECTION, 1, fare=50)
    chain.amend(EventKind.CORRECTION, 1, fare=150)
    result = settle(center, chain)
    assert found(result) == [("invalid_proof", 3, "amends_upwards")]
    assert result.lines[0].accepted == 50
    # In a later run, too, when the first correction is read from the store.
    chain.amend(EventKind.CORRECTION, 1, fare=150)
    chain.amend(EventKind.CORRECTION, 1, fare=40)
    result = settle(center, chain)
    assert [place for _, place, _ in found(result)] == [3, 4]
    assert result.lines[0].accepted == 40


def test_a_companion_card_an_hour_later_is_not_paid(
    center: Center, chain: Chain, issuer: Issuer, blind: Card
) -> None:
    carer = carer_of(issuer, blind)
    first = chain.tap(blind)
    later = first.time_ms + 3_600_000
    chain.tap(carer, follows=1, time_ms=later, signed={"time_ms": later})
    assert found(settle(center, chain)) == [("decision_differs", 2, "decision_differs")]


def test_an_expired_card_is_served_for_as_long_as_the_rules_are_patient(
    center: Center, chain: Chain, issuer: Issuer
) -> None:
    chain.tap(issuer.card((1,), 1, expires=date(2026, 8, 23)))  # 29 days before the taps
    chain.tap(issuer.card((1,), 1, expires=date(2026, 8, 20)), outcome=Outcome.GRANTED, holder_pays=0)
    result = settle(center, chain)
    assert found(result) == [("invalid_proof", 2, "credential_not_in_force")]
    assert result.lines[0].accepted == 200
