"""A recorded decision comes out the same in another process, and a record that was touched does not."""

from pathlib import Path

import msgspec

from terminal.events.event import UsageEvent
from tests.recompute.__main__ import RecordedTap, recompute_elsewhere, record


def test_another_process_decides_the_same(tmp_path: Path) -> None:
    taps = list(record(2000, seed=7))
    outcomes = {UsageEvent.from_bytes(tap.event).outcome for tap in taps}
    assert len(outcomes) >= 5, outcomes
    file = tmp_path / "taps"
    file.write_bytes(msgspec.msgpack.encode(taps))
    assert recompute_elsewhere(file) == []


def test_a_record_that_says_otherwise_is_found(tmp_path: Path) -> None:
    taps = list(record(20, seed=8))
    event = UsageEvent.from_bytes(taps[4].event)
    richer = msgspec.structs.replace(event, holder_pays=event.holder_pays + 1)
    taps[4] = RecordedTap(richer.to_bytes(), taps[4].evidence, taps[4].lists, taps[4].decision)
    file = tmp_path / "taps"
    file.write_bytes(msgspec.msgpack.encode(taps))
    assert recompute_elsewhere(file) == [5]
