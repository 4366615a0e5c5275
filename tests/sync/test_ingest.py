"""Taking batches in: exactly once, in any order, and nothing at all from one that is wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto.sm2 import PrivateKey
from crypto.sm3 import sm3
from sync.center.directory import Center
from sync.center.ingest import take_batch
from sync.errors import (
    CertificateNotValid,
    ChainBroken,
    EventForeign,
    EventMalformed,
    ForkFound,
    HeadMismatch,
    HeadSignatureInvalid,
    MessageRefused,
    StoreBroken,
    TerminalUnknown,
)
from sync.protocol.batch import Batch, BatchAnswer, Fork, Gap
from terminal.events.event import UsageEvent
from tests.sync.cast import Chain, chain_of, integrity, now_ms, snapshot

THREE_YEARS_MS = 3 * 366 * 86_400_000


def give(center: Center, batch: Batch) -> BatchAnswer:
    return take_batch(center.store, center.keys, batch, now_ms())


def stored(center: Center) -> list[int]:
    return [row[2] for row in snapshot(center, "events")["events"]]


@pytest.fixture
def long_chain(chain: Chain) -> Chain:
    for _ in range(12):
        chain.tap()
    return chain


def test_a_batch_is_stored_and_its_watermark_receipted(center: Center, long_chain: Chain) -> None:
    answer = give(center, long_chain.batch())

    assert (answer.watermark, answer.gaps, answer.fork, answer.rejected) == (12, [], None, None)
    assert answer.receipt is not None
    assert answer.receipt.verify(center.publications.current.trust.center_receipt_key)
    assert answer.receipt.receipt.hash == sm3(long_chain.events[-1])
    assert stored(center) == list(range(1, 13))


def test_a_batch_that_comes_again_changes_nothing(center: Center, long_chain: Chain) -> None:
    first = give(center, long_chain.batch())
    before = snapshot(center)

    again = give(center, long_chain.batch())
    overlapping = give(center, long_chain.batch(5, 9))

    assert first.watermark == again.watermark == overlapping.watermark == 12
    now = snapshot(center)
    assert now["events"] == before["events"]
    assert now["forks"] == []


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32))
def test_any_order_of_any_slices_ends_in_the_same_chain(center: Center, long_chain: Chain, seed: int) -> None:
    with center.store.transaction() as connection:
        connection.execute("DELETE FROM events")
        connection.execute("DELETE FROM forks")
        connection.execute("UPDATE terminals SET watermark = 0")
    order = random.Random(seed)
    cuts = sorted(order.sample(range(2, 13), 4))
    slices = list(zip([1, *cuts], [cut - 1 for cut in cuts] + [12], strict=True)) * 2
    order.shuffle(slices)
    seen: set[int] = set()
    for first, last in slices:
        answer = give(center, long_chain.batch(first, last))
        seen |= set(range(first, last + 1))
        contiguous = next(number for number in range(1, 14) if number not in seen) - 1
        missing = {number for gap in answer.gaps for number in range(gap.first, gap.last + 1)}
        assert answer.watermark == contiguous
        assert missing == set(range(contiguous + 1, max(seen) + 1)) - seen

    assert stored(center) == list(range(1, 13))
    assert snapshot(center)["forks"] == []


def test_gaps_are_asked_for_until_they_are_filled(center: Center, long_chain: Chain) -> None:
    nothing_yet = give(center, long_chain.batch(4, 6))
    assert (nothing_yet.watermark, nothing_yet.gaps, nothing_yet.receipt) == (0, [Gap(1, 3)], None)
    assert give(center, long_chain.batch(10, 12)).gaps == [Gap(1, 3), Gap(7, 9)]
    assert give(center, long_chain.batch(1, 3)).watermark == 6
    filled = give(center, long_chain.batch(7, 9))
    assert (filled.watermark, filled.gaps) == (12, [])


@dataclass(frozen=True)
class ForkCase:
    """The centre knows events `known`; a clone that differs from `differs` on sends its `sent`."""

    known: tuple[int, int]
    differs: int
    sent: tuple[int, int]
    named: int


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(ForkCase((1, 8), 5, (1, 8), 5), id="same number, other hash"),
        pytest.param(ForkCase((1, 4), 3, (5, 8), 4), id="does not follow the stored event before it"),
        pytest.param(ForkCase((5, 8), 2, (1, 4), 4), id="the stored event after it does not follow it"),
    ],
)
def test_a_fork_is_named_and_the_stored_chain_stays(
    center: Center, long_chain: Chain, case: ForkCase
) -> None:
    clone = long_chain.fork(case.differs - 1)
    while len(clone.events) < 12:
        clone.tap()
    give(center, long_chain.batch(*case.known))
    before = snapshot(center)

    answer = give(center, clone.batch(*case.sent))
    give(center, clone.batch(*case.sent))

    expected = Fork(
        sequence=case.named,
        stored_hash=sm3(long_chain.events[case.named - 1]),
        other_hash=sm3(clone.events[case.named - 1]),
    )
    assert answer.fork == expected
    assert answer.rejected == ForkFound.code
    now = snapshot(center)
    assert now["events"] == before["events"]
    assert now["heads"] == before["heads"]
    assert [row[:5] for row in now["forks"]] == [
        (long_chain.terminal, 1, case.named, expected.stored_hash, expected.other_hash)
    ]
    # The terminal's own chain goes on.
    assert give(center, long_chain.batch()).watermark == 12
    assert integrity(center) == "ok"


def altered(data: bytes, **changes: object) -> bytes:
    return msgspec.structs.replace(UsageEvent.from_bytes(data), **changes).to_bytes()


def tampered(chain: Chain) -> dict[str, Batch]:
    """Batches that are wrong in one way each."""
    good, events = chain.batch(), list(chain.events)
    late_head = msgspec.structs.replace(good.head.checkpoint, time_ms=1)

    def holding(*changed: bytes) -> Batch:
        return msgspec.structs.replace(good, events=list(changed))

    return {
        "signed by a stranger": chain.batch(key=PrivateKey.generate()),
        "head altered": msgspec.structs.replace(
            good, head=msgspec.structs.replace(good.head, checkpoint=late_head)
        ),
        "cut short under the same head": holding(*events[:-1]),
        "event left out": holding(*events[:4], *events[5:]),
        "events swapped": holding(*events[:3], events[4], events[3], *events[5:]),
        "event altered": holding(*events[:3], altered(events[3], fare=999), *events[4:]),
        "last event altered": holding(*events[:-1], altered(events[-1], fare=999)),
        "event truncated": holding(*events[:3], events[3][:-5], *events[4:]),
        "garbage signed by the terminal": chain.signed([bytes([0x93, 1, 2, 3])]),
        "first event with a past": chain.signed([altered(events[0], previous=bytes([1] * 32))]),
        "unknown terminal": msgspec.structs.replace(good, terminal=bytes(8)),
        "unknown epoch": msgspec.structs.replace(good, epoch=2),
    }


@pytest.mark.parametrize(
    ("case", "error"),
    [
        ("signed by a stranger", HeadSignatureInvalid),
        ("head altered", HeadSignatureInvalid),
        ("cut short under the same head", HeadMismatch),
        ("event left out", ChainBroken),
        ("events swapped", ChainBroken),
        ("event altered", ChainBroken),
        ("last event altered", HeadMismatch),
        ("event truncated", EventMalformed),
        ("garbage signed by the terminal", EventMalformed),
        ("first event with a past", ChainBroken),
        ("unknown terminal", TerminalUnknown),
        ("unknown epoch", TerminalUnknown),
    ],
)
def test_nothing_of_a_wrong_batch_is_stored(
    center: Center, long_chain: Chain, case: str, error: type[MessageRefused]
) -> None:
    give(center, long_chain.batch(1, 3))
    before = snapshot(center)

    for _ in range(2):
        with pytest.raises(error):
            give(center, tampered(long_chain)[case])

    assert snapshot(center) == before
    assert [row[2:4] for row in snapshot(center, "refusals")["refusals"]] == [(error.code, 2)]
    assert integrity(center) == "ok"
    assert give(center, long_chain.batch()).watermark == 12


def test_a_terminals_event_does_not_pass_in_anothers_batch(
    center: Center, url: str, long_chain: Chain, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = chain_of(center, url, tmp_path_factory.mktemp("other") / "terminal")
    other.tap()

    with pytest.raises(EventForeign):
        give(center, other.signed([long_chain.events[0]]))
    assert stored(center) == []


def test_an_expired_certificate_is_refused(center: Center, long_chain: Chain) -> None:
    with pytest.raises(CertificateNotValid):
        take_batch(center.store, center.keys, long_chain.batch(), now_ms() + THREE_YEARS_MS)
    assert stored(center) == []


def test_a_failing_store_takes_all_or_nothing(center: Center, long_chain: Chain) -> None:
    give(center, long_chain.batch(1, 3))
    with center.store.transaction() as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON events WHEN NEW.sequence = 9 "
            "BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(StoreBroken):
        give(center, long_chain.batch())
    assert stored(center) == [1, 2, 3]

    with center.store.transaction() as connection:
        connection.execute("DROP TRIGGER full")
    assert give(center, long_chain.batch()).watermark == 12


def test_the_store_syncs_before_it_answers(center: Center) -> None:
    with center.store.reading() as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
