"""What a terminal works without: told when it begins, once, and when it ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from card.readers.pcsc import PcscReader
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from terminal.assembly import Terminal, open_terminal
from terminal.clock import ClockSource
from terminal.commands import app
from terminal.configuration import CareSettings
from terminal.content.manifest import HOTLIST_BASE
from terminal.events.outcome import Outcome
from terminal.journal.writer import EventDraft
from terminal.modes.degraded import (
    MAX_UNSIGNED,
    DegradationKind,
    DegradationWatch,
    LiveCondition,
    degradations,
)
from terminal.modes.psam_watch import PsamWatch, psam_trouble
from terminal.modes.status import condition_of
from terminal.presence import evidence_of
from terminal.validator import live_condition
from tests.terminal.enrolled import NOON, Enrolled, SetClock, chip
from tests.terminal.hotlists import hotlist_of
from tests.terminal.modes.gate import gate

DAY_MS = 86_400_000
# The publications of these tests are made on 1 November, their lists dated then, and the taps on the 24th.
CARE = CareSettings(hotlist_days=25)


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    """A bus terminal that wants nothing."""
    return gate(tmp_path / "bus")


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def terminal(bus: Enrolled, clock: SetClock) -> Iterator[Terminal]:
    with open_terminal(bus.directory, clock) as terminal:
        yield terminal


class Listener:
    """Hears of a terminal as its display does."""

    def __init__(self, condition: LiveCondition) -> None:
        self._condition, self._watch = condition, DegradationWatch(CARE)

    def hears(self) -> list[str]:
        """What has begun (+) and ended (-) since the last time."""
        begun, ended = self._watch.changes(self._condition())
        return [f"+{one.kind}" for one in begun] + [f"-{one.kind}" for one in ended]


def test_a_terminal_that_wants_nothing_says_nothing(terminal: Terminal) -> None:
    listener = Listener(live_condition(terminal))
    assert listener.hears() == listener.hears() == []


def test_a_hotlist_that_grows_old_is_told_until_a_new_one_comes(
    terminal: Terminal, bus: Enrolled, clock: SetClock
) -> None:
    listener = Listener(live_condition(terminal))
    clock.now += 2 * DAY_MS
    assert listener.hears() == []
    clock.now += DAY_MS
    assert listener.hears() == ["+hotlist_stale"]
    assert listener.hears() == []
    bus.put_content(HOTLIST_BASE, hotlist_of((), bus.version + 1, date(2026, 11, 2)))
    assert listener.hears() == ["-hotlist_stale"]


def test_a_clock_set_back_is_told_until_it_is_right(terminal: Terminal, clock: SetClock) -> None:
    listener = Listener(live_condition(terminal))
    clock.source, clock.now = ClockSource.FREE, NOON - 300 * DAY_MS
    assert listener.hears() == ["+clock_doubtful"]
    assert listener.hears() == []
    clock.source, clock.now = ClockSource.SYNCHRONISED, NOON + 1000
    assert listener.hears() == ["-clock_doubtful"]


def test_content_that_can_not_be_used_is_told_until_other_content_comes(
    terminal: Terminal, bus: Enrolled
) -> None:
    listener = Listener(live_condition(terminal))
    good = bus.files[HOTLIST_BASE]
    bus.put_content(HOTLIST_BASE, b"no hotlist")
    assert listener.hears() == ["+content_unusable"]
    assert listener.hears() == []
    bus.put_content(HOTLIST_BASE, good)
    assert listener.hears() == ["-content_unusable"]


def test_lists_that_rules_ask_for_in_vain_are_told(terminal: Terminal, bus: Enrolled) -> None:
    listener = Listener(live_condition(terminal))
    pack = bus.files["rules/twice.toml"]
    bus.put_content("rules/twice.toml", pack.replace(b'"grade <= 3"', b"'\"kites\" in lists'"))
    assert listener.hears() == ["+lists_missing"]
    bus.put_content("rules/twice.toml", pack)
    assert listener.hears() == ["-lists_missing"]


def test_events_that_stand_unsigned_are_told(terminal: Terminal, bus: Enrolled) -> None:
    listener = Listener(live_condition(terminal))
    with sqlite3.connect(bus.directory.journal) as other:
        other.execute("ALTER TABLE checkpoints RENAME TO elsewhere")
    journal = terminal.desk.journal
    draft = EventDraft("BUS-1", 200, 0, Outcome.FOREIGN_CARD, 200, 200, "rules", 1, bytes(8), b"")
    for place in range(MAX_UNSIGNED + 1):
        assert listener.hears() == [], place
        journal.append(journal.next_place(), draft, evidence_of(None, None))
    assert listener.hears() == ["+journal_unsigned"]
    with sqlite3.connect(bus.directory.journal) as other:
        other.execute("ALTER TABLE elsewhere RENAME TO checkpoints")
    journal.append(journal.next_place(), draft, evidence_of(None, None))
    assert listener.hears() == ["-journal_unsigned"]


def test_training_is_told_from_the_beginning(bus: Enrolled, clock: SetClock) -> None:
    with open_terminal(bus.directory, clock, is_training=True) as terminal:
        assert Listener(live_condition(terminal)).hears() == ["+training"]


def test_a_psam_that_is_missing_is_told(
    private_pcscd: PrivatePcscd, bus: Enrolled, terminal: Terminal
) -> None:
    slot, port = private_pcscd.readers[1], private_pcscd.ports[1]
    assert psam_trouble(slot) is not None
    with VpcdLink(chip(bus.card()), port), PcscReader(slot) as reader:
        # Somebody who uses it just now shows that it is there.
        with reader.wait_for_card(20):
            assert psam_trouble(slot) is None
        with PsamWatch(slot, look_seconds=0.05) as watch:
            listener = Listener(live_condition(terminal, psam=watch))
            assert listener.hears() == []
    with PsamWatch(slot, look_seconds=0.05) as watch:
        while watch.trouble() is None:
            pass
        assert Listener(live_condition(terminal, psam=watch)).hears() == ["+no_psam"]


@pytest.mark.parametrize("kind", DegradationKind)
def test_only_what_decides_nothing_is_no_serious_matter(kind: DegradationKind) -> None:
    assert kind.is_serious is (kind not in {DegradationKind.JOURNAL_UNSIGNED, DegradationKind.TRAINING})


def test_status_says_what_a_terminal_wants_while_it_runs(bus: Enrolled, clock: SetClock) -> None:
    assert degradations(condition_of(bus.directory, clock), CARE) == ()
    with open_terminal(bus.directory, clock) as terminal:
        draft = EventDraft("BUS-1", 200, 0, Outcome.FOREIGN_CARD, 200, 200, "rules", 1, bytes(8), b"")
        terminal.desk.journal.append(terminal.desk.journal.next_place(), draft, evidence_of(None, None))
        clock.source, clock.now = ClockSource.FREE, NOON - 300 * DAY_MS
        found = degradations(condition_of(bus.directory, clock), CARE)
    assert [one.kind for one in found] == [DegradationKind.CLOCK_DOUBTFUL]


def test_status_on_the_command_line(bus: Enrolled, private_pcscd: PrivatePcscd) -> None:
    assert private_pcscd.readers
    bus.certify_now()
    configuration = bus.directory.load_configuration()
    patient = msgspec.structs.replace(configuration, care=CareSettings(hotlist_days=366))
    bus.directory.configuration_file.write_bytes(patient.to_bytes())
    place = ["status", "--data", str(bus.directory.path)]
    fine = CliRunner().invoke(app, place)
    assert (fine.exit_code, "一切正常" in fine.output) == (0, True)
    bus.put_content(HOTLIST_BASE, b"no hotlist")
    broken = CliRunner().invoke(app, [*place, "--json"])
    assert (broken.exit_code, '"kind":"content_unusable"' in broken.output) == (1, True)
