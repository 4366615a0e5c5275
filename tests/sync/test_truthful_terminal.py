"""Whatever happens to a terminal that tells the truth, nothing is found and what counts is paid."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.reconcile.findings import FindingKind, find_all
from sync.reconcile.settlement import CANCELLED, CORRECTED, REPLACED, settle
from terminal.clock import ClockSource
from terminal.events.kind import EventKind
from tests.sync.truthful_terminal import Books, TruthfulTerminal

# Ibis 12 still calls it; DuckDB 2 has another name for it.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

Move: TypeAlias = Callable[[TruthfulTerminal], None]
CARDS = st.sampled_from([0, 0, 0, 1])
HOUR = 3_600_000
STEPS = [-40 * 24 * HOUR, -25 * HOUR, -10_000, -1_000, 30_000, 70_000, 25 * HOUR, 40 * 24 * HOUR]
MOVES: st.SearchStrategy[Move] = st.one_of(
    *[CARDS.map(lambda card: lambda terminal: terminal.tap(card))] * 4,
    *[CARDS.map(lambda card: lambda terminal: terminal.tap(card, again=True))] * 2,
    st.builds(
        lambda kind, number: lambda terminal: terminal.amend(kind, number),
        st.sampled_from([EventKind.CANCELLATION, EventKind.CORRECTION]),
        st.integers(0, 5),
    ),
    st.sampled_from([5_000, HOUR, 26 * HOUR]).map(lambda time: lambda terminal: terminal.wait(time)),
    st.booleans().map(lambda is_reboot: lambda terminal: terminal.restart(is_reboot=is_reboot)),
    st.builds(
        lambda by, source: lambda terminal: terminal.set_clock(by, source),
        st.sampled_from(STEPS),
        st.sampled_from(ClockSource),
    ),
    st.sampled_from([TruthfulTerminal.refuse, TruthfulTerminal.fail]),
)


def books_of(moves: list[Move]) -> tuple[Books, set[int]]:
    """The centre's books after these moves, and the taps in them that are dated over a day ahead."""
    with tempfile.TemporaryDirectory() as folder:
        with closing(TruthfulTerminal(Path(folder) / "journal.db")) as terminal:
            for move in moves:
                move(terminal)
        return terminal.books, terminal.dated_ahead


@settings(max_examples=25, deadline=None)
@given(
    st.lists(MOVES, min_size=10, max_size=40),
    st.just(frozenset()) | st.frozensets(st.integers(1, 12), min_size=1, max_size=3),
)
def test_nothing_is_found_of_a_truthful_terminal(moves: list[Move], missing: frozenset[int]) -> None:
    # Nor while some of it is still to come.
    books, ahead = books_of(moves)
    with books.without(missing).ledger() as ledger:
        findings = [finding for finding in find_all(ledger) if finding.kind is not FindingKind.GAP]
        claims = settle(ledger).claims
    assert {finding.kind for finding in findings} <= {FindingKind.DATED_AHEAD}
    assert {finding.first for finding in findings} == ahead - missing
    assert {claim.sequence for claim in claims if claim.withheld_for == "dated_ahead"} == ahead - missing
    reasons = {claim.withheld_for for claim in claims if claim.sequence not in ahead}
    assert reasons <= {"", CANCELLED, CORRECTED, REPLACED}
