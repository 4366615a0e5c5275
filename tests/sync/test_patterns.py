"""What only several events show, looked for in a ledger whose rows are written down here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import pytest

from sync.reconcile import patterns
from sync.reconcile.findings import find_all
from sync.reconcile.settlement import settle
from terminal import timekeeping
from terminal.events.kind import EventKind
from tests.sync.cast import EVENTS_START
from tests.sync.truthful_terminal import Books

# Ibis 12 still calls it; DuckDB 2 has another name for it.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

HERE = "00112233aabbccdd"
SECOND = 1_000


def taps(
    books: Books,
    *dated: tuple[float, str],
    terminal: str = HERE,
    uses: Sequence[tuple[int, bool]] = (),
    gaps: Sequence[int] = (),
    ahead_ms: int = 0,
    cards: str = "",
    raised: Mapping[int, int] = MappingProxyType({}),
) -> None:
    """Granted taps of one card, dated so many seconds after the start, by a clock of that worth.

    `uses`: what each says was used before of a quota of two, and whether it is a use. `gaps`: sequences that
    were not sent. `ahead_ms`: by how much each is dated after its receipt.
    `cards`: whose each tap is, a letter each; all of one card by default. `raised`: what the quota gives, of
    taps for which that is not two.
    """
    left = [number for number in range(1, len(dated) + len(gaps) + 1) if number not in gaps]
    for place, (sequence, (seconds, clock)) in enumerate(zip(left, dated, strict=True)):
        where = {"terminal": terminal, "epoch": 1, "sequence": sequence}
        name = f"{terminal} {sequence}"
        card = cards[place] if cards else "a"
        time_ms = EVENTS_START + int(seconds * SECOND)
        received_ms = time_ms - ahead_ms
        previous = f"{terminal} {sequence - 1}"
        books.add("events", **where, hash=name, previous=previous, received_ms=received_ms)
        books.add(
            "examined",
            **where,
            service="BUS-1",
            operator="bus",
            kind=EventKind.TAP.value,
            granted=True,
            proof="valid",
            agrees=True,
            card=card,
            counter=int(terminal[:2], 16) * 100 + sequence,
            proof_digest=name,
            due=200,
            claimed=200,
            time_ms=time_ms,
            clock=clock,
        )
        if uses:
            said, used = uses[place]
            tally = f"{card} rides"
            most = raised.get(sequence, 2)
            books.add("quota_uses", **where, tally=tally, most=most, said=said, used=used)


def found(books: Books) -> list[tuple[str, str, int]]:
    with books.ledger() as ledger:
        return [(one.kind.value, one.terminal, one.first) for one in find_all(ledger)]


def withheld(books: Books) -> dict[int, str]:
    with books.ledger() as ledger:
        return {claim.sequence: claim.withheld_for for claim in settle(ledger).claims if claim.withheld_for}


def test_the_tolerance_is_the_terminals() -> None:
    assert patterns.TOLERANCE_MS == timekeeping.TOLERANCE_MS


@pytest.mark.parametrize(
    ("times", "places"),
    [
        ([(0, "free"), (-3, "free")], [2]),
        ([(0, "free"), (-3, "corrected")], []),
        # A clock that jumped ahead is right again, and where it jumped from, time had been later still.
        ([(0, "free"), (9e6, "stepped"), (9e6 - 60, "stepped"), (1, "free")], []),
        ([(0, "free"), (9e6, "stepped"), (1, "set_back")], []),
        ([(0, "free"), (9e6, "stepped"), (1, "free"), (-3, "free")], [4]),
        # Whoever said once that it had been corrected has not said so for ever.
        ([(0, "free"), (-9, "corrected"), (-20, "synchronised")], [3]),
    ],
)
def test_time_goes_back_with_a_mark_alone(times: list[tuple[float, str]], places: list[int]) -> None:
    books = Books()
    taps(books, *times)
    assert found(books) == [("time_went_back", HERE, place) for place in places]


def test_time_is_not_held_against_an_event_that_is_missing() -> None:
    books = Books()
    taps(books, (0, "free"), (-60, "free"), gaps=[2])
    assert found(books) == [("gap", HERE, 2)]


@pytest.mark.parametrize(("ahead_ms", "is_paid"), [(86_400_000, True), (86_400_001, False)])
def test_a_clock_may_be_a_day_ahead_of_the_receipt_and_no_more(ahead_ms: int, is_paid: bool) -> None:
    books = Books()
    taps(books, (0, "free"), (60, "free"), ahead_ms=ahead_ms)
    taps(books, (0, "free"), terminal="ffeeddccbbaa9988")
    assert found(books) == [("dated_ahead", HERE, place) for place in (1, 2) if not is_paid]
    assert withheld(books) == ({} if is_paid else {1: "dated_ahead", 2: "dated_ahead"})


@pytest.mark.parametrize(
    ("times", "places"),
    [
        ([(6 * number, "free") for number in range(11)], [11]),
        ([(6.001 * number, "free") for number in range(11)], []),
        # Times of before that come once more show no haste.
        ([*((9 * number, "free") for number in range(10)), (30, "corrected"), (39, "free")], []),
        # Without a clock of its own a terminal that is switched on for each tap stands still in time.
        ([(0, "set_back")] * 12, []),
    ],
)
def test_haste_is_what_no_holder_shows(times: list[tuple[float, str]], places: list[int]) -> None:
    books = Books()
    taps(books, *times)
    assert found(books) == [("rapid_taps", HERE, place) for place in places]
    assert withheld(books) == {}


def test_a_missing_event_may_have_given_a_use_back_but_not_two() -> None:
    books = Books()
    minutes = [(60.0 * number, "free") for number in range(4)]
    taps(books, *minutes, uses=[(0, True), (1, True), (1, True), (1, True)], gaps=[3])
    assert found(books) == [("gap", HERE, 3), ("quota_exceeded", HERE, 5)]
    assert withheld(books) == {5: "quota_exceeded"}


def test_what_is_missing_excuses_one_card_and_not_every_one() -> None:
    books = Books()
    # Three cards' third rides, with a quota of two each, behind two missing events: one is too many.
    cards = "abcabcabc"
    uses = [(place // 3, True) for place in range(len(cards))]
    minutes = [(60.0 * number, "free") for number in range(len(cards))]
    taps(books, *minutes, uses=uses, gaps=[1, 2], cards=cards)
    assert found(books) == [("gap", HERE, 1), ("quota_exceeded", HERE, 11)]
    assert withheld(books) == {11: "quota_exceeded"}


def test_a_quota_that_is_raised_needs_no_second_excuse() -> None:
    books = Books()
    # Missing is a cancellation of the second; then the rules give three, of which the third is left.
    taps(
        books,
        *((60.0 * number, "free") for number in range(4)),
        uses=[(0, True), (1, True), (1, True), (2, True)],
        gaps=[3],
        raised={5: 3},
    )
    assert found(books) == [("gap", HERE, 3)]


def test_a_late_cancellation_gives_no_use_back_and_may_have_given_one_to_what_came_before_it() -> None:
    def books_with(cancellation: int) -> Books:
        books = Books()
        minutes = [(60.0 * number, "free") for number in range(3)]
        taps(books, *minutes, uses=[(0, True), (1, True), (1, True)], gaps=[cancellation])
        books.add(
            "terminals", terminal=HERE, epoch=1, revoked_ms=EVENTS_START + 400 * SECOND, late_until_ms=None
        )
        where = {"terminal": HERE, "epoch": 1, "sequence": cancellation}
        late = EVENTS_START + 500 * SECOND
        books.add("events", **where, hash="late", received_ms=late)
        books.add(
            "examined",
            **where,
            kind=EventKind.CANCELLATION.value,
            refers_to=1,
            proof="none",
            agrees=True,
            time_ms=EVENTS_START + 150 * SECOND,
            clock="synchronised",
        )
        return books

    # Sent late, it stands before the third ride, which may well have been in order; made late, behind it.
    assert withheld(books_with(3)) == {}
    assert withheld(books_with(4)) == {3: "quota_exceeded"}


def test_what_two_terminals_gave_together_is_found_where_time_comes_to_it() -> None:
    books = Books()
    there = "ffeeddccbbaa9988"
    taps(books, (0, "free"), (600, "free"), uses=[(0, True), (1, True)])
    taps(books, (300, "free"), (900, "free"), terminal=there, uses=[(0, True), (1, True)])
    # The third ride is the first terminal's second, and the fourth is not told again.
    assert found(books) == [("quota_exceeded_together", HERE, 2)]
    assert withheld(books) == {}


def test_what_one_terminal_gave_too_much_is_not_told_twice() -> None:
    books = Books()
    taps(books, *((60.0 * number, "free") for number in range(3)), uses=[(0, True)] * 3)
    assert found(books) == [("quota_exceeded", HERE, 3)]


@pytest.mark.parametrize(("said", "is_found"), [(1, False), (2, True)])
def test_uses_may_be_said_of_a_tap_that_nobody_can_read(said: int, is_found: bool) -> None:
    books = Books()
    taps(books, (0, "free"), (60, "free"), uses=[(0, False), (said, False)])
    books.rows["quota_uses"] = books.rows["quota_uses"][1:]
    books.rows["examined"][0] = tuple(
        "invalid" if value == "valid" else value for value in books.rows["examined"][0]
    )
    kinds = [kind for kind, _, _ in found(books)]
    assert kinds == ["invalid_proof"] + ["uses_overstated"] * is_found
