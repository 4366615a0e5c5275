"""The sealed part of an event: one encoding, and one length for whatever a tap came to."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from crypto.credential import TapCredential
from crypto.sealed_once import TAG_BYTES
from terminal.assembly import open_terminal
from terminal.events.errors import EventMalformed
from terminal.events.event import (
    MAX_SEALED_BYTES,
    MAX_WORDS,
    SEALED_BLOCK_BYTES,
    QuotaUses,
    SealedEvidence,
    UsageEvent,
)
from terminal.starter import starter_rule_book
from terminal.tap import tap
from tests.terminal.enrolled import SetClock, chip, enrol
from tests.terminal.modes.counter_cast import companion_of
from tests.terminal.modes.sale_cast import journal_of

ONE_BLOCK = SEALED_BLOCK_BYTES + TAG_BYTES
EVIDENCE = SealedEvidence(bytes(156), 7, bytes(64), "cn/transit-art-50", "", (QuotaUses("a/b", 2),), 3)


@pytest.mark.parametrize("service", ["BUS-1", "GARDEN"])
def test_its_length_tells_neither_category_nor_grade_nor_outcome(tmp_path: Path, service: str) -> None:
    enrolled = enrol(tmp_path, service)
    cards = [enrolled.card((category,), grade) for category in range(1, 8) for grade in range(1, 5)]
    several = enrolled.card((1, 2, 3, 4), 1, "110101")
    companion = companion_of(enrolled, several)
    blocked = enrolled.card((5,), 3)
    enrolled.put_hotlist(TapCredential.from_bytes(blocked.credential).card_id)
    with open_terminal(enrolled.directory, SetClock()) as terminal:
        for chosen in (*cards, several, companion, blocked):
            with InProcessConnection(chip(chosen)) as connection:
                tap(terminal.desk, connection, terminal.request(1))
        with InProcessConnection(ForeignCardChip(ForeignKind.BANK)) as connection:
            tap(terminal.desk, connection, terminal.request())
    events: list[UsageEvent] = journal_of(enrolled)
    assert len({event.outcome for event in events}) >= 3
    assert {len(event.sealed) for event in events} == {ONE_BLOCK}


def test_every_rule_and_quota_of_the_starter_fits_into_the_one_length() -> None:
    book = starter_rule_book()
    rules = [rule.name for pack in book.packs for rule in pack.rules]
    quotas = [quota.name for pack in book.packs for quota in pack.quotas]
    uses = tuple(QuotaUses(name, 2**32 - 1) for name in quotas[:3])
    assert rules
    assert uses
    for rule in ("", *rules):
        evidence = SealedEvidence(bytes(156), 2**32 - 1, bytes(64), rule, "", uses, 2**47)
        assert len(evidence.to_bytes()) == SEALED_BLOCK_BYTES


def test_the_largest_is_as_long_as_an_event_takes() -> None:
    largest = SealedEvidence(b"c" * 255, 2**32 - 1, b"s" * 64, "", "CRD-101", (), 0, "w" * MAX_WORDS)
    assert len(largest.to_bytes()) + TAG_BYTES == MAX_SEALED_BYTES
    assert SealedEvidence.from_bytes(largest.to_bytes()) == largest


def _padded(packed: bytes, length: int | None = None, padding: bytes = b"\x00") -> bytes:
    whole = (len(packed) if length is None else length).to_bytes(2) + packed
    return whole.ljust(SEALED_BLOCK_BYTES, padding)


def test_there_is_one_encoding() -> None:
    good = EVIDENCE.to_bytes()
    packed = good[2 : 2 + int.from_bytes(good[:2])]
    assert _padded(packed) == good
    for bad in (
        packed,
        b"",
        good[:-1],
        good + bytes(SEALED_BLOCK_BYTES),
        _padded(packed, padding=b" "),
        _padded(packed, len(packed) + 1),
        _padded(packed, len(packed) - 1),
        _padded(packed, 0xFFFF),
        good[:-1] + b"\x01",
        # An array without the fields that may be left out.
        _padded(b"\x95" + SealedEvidence(b"", 0, b"", "", "").to_bytes()[3:12]),
    ):
        with pytest.raises(EventMalformed):
            SealedEvidence.from_bytes(bad)


@given(st.binary(max_size=3 * SEALED_BLOCK_BYTES))
def test_any_bytes_are_a_sealed_part_or_refused(data: bytes) -> None:
    for tried in (data, _padded(data[: SEALED_BLOCK_BYTES - 2])):
        try:
            found = SealedEvidence.from_bytes(tried)
        except EventMalformed:
            continue
        assert found.to_bytes() == tried
