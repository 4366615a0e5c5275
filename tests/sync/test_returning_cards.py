"""What the centre makes of taps that rest on an earlier one of the same card: paid once, no lie unseen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from crypto.companion_card import companion_card_id
from sync.center.directory import Center
from sync.center.ingest import take_batch
from sync.center.reconciliation import reconcile_center
from terminal.events.event import SealedEvidence
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from tests.sync.carers import CARERS_PACK
from tests.sync.cast import EVENTS_START, Card, Chain, Issuer, now_ms
from tests.sync.test_settlement import balanced, found, settle, withheld

# Ibis 12 still calls it; DuckDB 2 has another name for it.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

FREE: dict[str, Any] = {"holder_pays": 0, "companion_pays": 0, "companions_admitted": 0}
MINUTE, HOUR = 60_000, 3_600_000


@pytest.fixture(scope="module")
def packs() -> Mapping[str, str]:
    return {"carers.toml": CARERS_PACK}


@pytest.fixture
def blind(issuer: Issuer) -> Card:
    return issuer.card((1,), 1)


def later(chain: Chain, card: Card, milliseconds: int, outcome: Outcome, refers_to: int, **lies: Any) -> None:
    """A tap so long after the chain began, as a terminal records one of a card that came back."""
    at = EVENTS_START + milliseconds
    sums = {} if outcome in (Outcome.ALREADY_INSIDE, Outcome.GRANTED) else FREE
    paid = {"holder_pays": 200, "companion_pays": 200} if outcome is Outcome.ALREADY_INSIDE else sums
    told = {**paid, "outcome": outcome, "refers_to": refers_to, "time_ms": at, **lies}
    chain.tap(card, signed={"time_ms": at}, **told)


def test_a_card_that_comes_back_is_paid_once(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    later(chain, blind, 3_000, Outcome.REPEATED, 1)
    later(chain, blind, 30 * MINUTE, Outcome.TRANSFERRED, 1)
    later(chain, blind, 30 * MINUTE + 4_000, Outcome.REPEATED, 3)
    later(chain, blind, 32 * MINUTE, Outcome.ALREADY_INSIDE, 3)
    result = settle(center, chain)
    (line,) = result.lines
    assert (line.taps, line.granted, line.claimed, line.accepted) == (5, 1, 200, 200)
    assert result.findings == []
    balanced(result)


@pytest.mark.parametrize(
    ("milliseconds", "outcome", "refers_to", "lies"),
    [
        (3_000, Outcome.REPEATED, 0, {}),  # a first tap, said to be a repeat
        (3_000, Outcome.REPEATED, 3, {}),  # of itself
        (3_000, Outcome.REPEATED, 2, {}),  # of somebody else's tap
        (61_000, Outcome.REPEATED, 1, {}),  # longer ago than any terminal can be set to
        (5 * HOUR, Outcome.TRANSFERRED, 1, {}),
        (13 * HOUR, Outcome.ALREADY_INSIDE, 1, {}),
        (2 * HOUR, Outcome.TRANSFERRED, 1, {}),  # after midnight, when no reference is the same
        (3_000, Outcome.REPEATED, 1, {"holder_pays": 200}),  # taken from the holder once more
        (3_000, Outcome.REPEATED, 1, {"companions": 1, "signed": {"companions": 1}}),
        (60_000, Outcome.ALREADY_INSIDE, 1, {"holder_pays": 0}),
    ],
)
def test_whoever_is_turned_away_as_served_though_they_were_not_is_found(  # noqa: PLR0917
    center: Center,
    chain: Chain,
    blind: Card,
    issuer: Issuer,
    milliseconds: int,
    outcome: Outcome,
    refers_to: int,
    lies: dict[str, Any],
) -> None:
    chain.tap(blind)
    chain.tap(issuer.card((1,), 1))
    at = EVENTS_START + milliseconds
    signed = {"time_ms": at, **lies.pop("signed", {})}
    sums = {"holder_pays": 200, "companion_pays": 200} if outcome is Outcome.ALREADY_INSIDE else FREE
    chain.tap(
        blind, **{**sums, "outcome": outcome, "refers_to": refers_to, "time_ms": at, "signed": signed, **lies}
    )
    result = settle(center, chain)
    assert found(result) == [("decision_differs", 3, "continues_nothing")]
    assert result.lines[0].accepted == 400
    balanced(result)


def test_a_repeat_of_a_tap_that_gave_nothing_is_found(center: Center, chain: Chain, issuer: Issuer) -> None:
    other = issuer.card((4,), 4)
    chain.tap(other, service="GARDEN", outcome=Outcome.NOT_ELIGIBLE)
    chain.tap(other, service="GARDEN", outcome=Outcome.REPEATED, refers_to=1, **FREE)
    assert ("decision_differs", 2, "continues_nothing") in found(settle(center, chain))


def test_a_repeat_without_a_card_is_found(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    later(chain, blind, 2_000, Outcome.REPEATED, 1, nonce=bytes(8))
    assert found(settle(center, chain)) == [("invalid_proof", 2, "proof_wrong")]


def test_a_larger_party_s_tap_is_paid_in_place_of_the_first(
    center: Center, chain: Chain, blind: Card
) -> None:
    chain.tap(blind)
    chain.tap(blind, companions=1, refers_to=1)
    result = settle(center, chain)
    (line,) = result.lines
    assert (line.claimed, line.accepted) == (200 + 300, 300)
    assert withheld(result) == {1: "replaced"}
    assert result.findings == []
    balanced(result)


def test_a_tap_can_not_take_the_place_of_somebody_else_s(
    center: Center, chain: Chain, blind: Card, issuer: Issuer
) -> None:
    chain.tap(issuer.card((1,), 1))
    chain.tap(blind, companions=1, refers_to=1)
    result = settle(center, chain)
    assert found(result) == [("decision_differs", 2, "continues_nothing")]
    assert withheld(result) == {2: "continues_nothing"}
    balanced(result)


def test_a_companion_card_follows_its_holder_s_repeat_too(
    center: Center, chain: Chain, blind: Card, issuer: Issuer
) -> None:
    carer = issuer.card((), 0, card_id=companion_card_id(blind.credential.card_id, date(2024, 1, 1)))
    chain.tap(blind)
    chain.tap(blind, outcome=Outcome.REPEATED, refers_to=1, **FREE)
    assert chain.tap(carer, follows=2).outcome is Outcome.GRANTED
    result = settle(center, chain)
    assert result.findings == []
    assert result.lines[0].accepted == 400


def test_a_companion_card_does_not_follow_a_repeat_that_is_none(
    center: Center, chain: Chain, blind: Card, issuer: Issuer
) -> None:
    carer = issuer.card((), 0, card_id=companion_card_id(blind.credential.card_id, date(2024, 1, 1)))
    chain.tap(blind, outcome=Outcome.REPEATED, refers_to=0, **FREE)
    chain.tap(carer, follows=1)
    assert found(settle(center, chain)) == [
        ("decision_differs", 1, "continues_nothing"),
        ("decision_differs", 2, "holder_not_valid"),
    ]


def test_a_repeat_waits_for_what_it_repeats(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    chain.new_segment()
    chain.tap(blind, outcome=Outcome.REPEATED, refers_to=1, **FREE)
    take_batch(center.store, center.keys, chain.batch(2), now_ms())
    assert reconcile_center(center, now_ms()).coverage.pending == 1
    take_batch(center.store, center.keys, chain.batch(1, 1), now_ms())
    result = reconcile_center(center, now_ms())
    assert (result.coverage.pending, result.findings) == (0, [])


def test_a_repeat_can_be_cancelled_and_changes_nothing(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind)
    chain.tap(blind, outcome=Outcome.REPEATED, refers_to=1, **FREE)
    chain.amend(EventKind.CANCELLATION, 2)
    result = settle(center, chain)
    assert result.lines[0].accepted == 200
    balanced(result)


def test_a_tap_that_rests_on_a_forged_one_is_found(center: Center, chain: Chain, blind: Card) -> None:
    chain.tap(blind, evidence=SealedEvidence(blind.credential.to_bytes(), 7, bytes(64), "", ""))
    later(chain, blind, 30 * MINUTE, Outcome.ALREADY_INSIDE, 1)
    assert found(settle(center, chain)) == [
        ("invalid_proof", 1, "proof_wrong"),
        ("decision_differs", 2, "continues_nothing"),
    ]


@pytest.mark.parametrize(
    ("service", "outcome", "findings"),
    [
        ("BUS-1", Outcome.ALREADY_INSIDE, [("decision_differs", 3, "continues_nothing")]),
        ("BUS-1", Outcome.TRANSFERRED, []),
        ("GARDEN", Outcome.ALREADY_INSIDE, []),  # left from elsewhere
    ],
)
def test_nobody_is_still_inside_who_has_left(  # noqa: PLR0917
    center: Center,
    chain: Chain,
    blind: Card,
    service: str,
    outcome: Outcome,
    findings: list[tuple[str, int, str]],
) -> None:
    chain.tap(blind)
    at = EVENTS_START + 10 * MINUTE
    signed: dict[str, Any] = {"time_ms": at, "kind": EventKind.CHECK_OUT, "fare": 0, "service": service}
    told: dict[str, Any] = {
        **signed,
        "outcome": Outcome.RECORDED,
        "refers_to": 1,
        "holder_pays": 0,
        "companion_pays": 0,
    }
    chain.tap(blind, signed=signed, **told)
    later(chain, blind, 20 * MINUTE, outcome, 1)
    result = settle(center, chain)
    assert found(result) == findings
    balanced(result)
