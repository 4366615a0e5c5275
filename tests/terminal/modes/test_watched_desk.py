"""A staffed desk tells what the terminal works without, between cards and while nobody comes."""

from __future__ import annotations

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crypto.explained import Language
from terminal.assembly import open_terminal
from terminal.clock import ClockSource
from terminal.configuration import CareSettings, TerminalConfiguration
from terminal.content.manifest import HOTLIST_BASE
from terminal.modes.counter import Counter
from terminal.modes.counter_displays import CounterJsonDisplay, CounterLineDisplay
from terminal.modes.counter_orders import json_order, typed_order
from terminal.modes.desk_loop import DeskLoop
from terminal.modes.watched_desk import WatchedDesk
from terminal.validator import LOOK_SECONDS
from tests.terminal.enrolled import NOON, Enrolled, SetClock, chip
from tests.terminal.hotlists import hotlist_of
from tests.terminal.modes.counter_cast import counter_at, holder
from tests.terminal.modes.desk_script import Do, Script, Step, passing

DAY_MS = 86_400_000


@pytest.fixture
def counter(tmp_path: Path) -> Enrolled:
    """A counter whose hotlist, of 1 November, may be 25 days old."""
    counter = counter_at(tmp_path / "counter")
    file = counter.directory.configuration_file
    configuration = TerminalConfiguration.from_bytes(file.read_bytes())
    file.write_bytes(msgspec.structs.replace(configuration, care=CareSettings(hotlist_days=25)).to_bytes())
    return counter


def heard(counter: Enrolled, clock: SetClock, *steps: Step) -> list[dict[str, Any]]:
    """What a program is told."""
    out, script = io.StringIO(), Script(*steps)
    with open_terminal(counter.directory, clock) as terminal:
        display = CounterJsonDisplay(None, out)
        desk = Counter(terminal, script, display, json_order, None)
        watched = WatchedDesk(desk, terminal, display)
        DeskLoop(terminal.desk.contents, script, script, watched).run()
        desk.close()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def told(messages: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What began and what ended."""
    return [(one["state"], one["kind"]) for one in messages if one["state"] in ("degraded", "recovered")]


def test_a_counter_that_wants_nothing_says_nothing(counter: Enrolled) -> None:
    assert told(heard(counter, SetClock(), chip(holder(counter)))) == []


def test_an_old_hotlist_and_a_doubtful_clock_are_told_once_and_work_goes_on(counter: Enrolled) -> None:
    clock = SetClock()

    def set_back() -> None:
        clock.source, clock.now = ClockSource.FREE, NOON - 300 * DAY_MS

    messages = heard(
        counter,
        clock,
        *(passing(clock, 3 * DAY_MS), chip(holder(counter)), chip(holder(counter))),
        *(Do(set_back), passing(clock, round(LOOK_SECONDS * 1000)), chip(holder(counter))),
    )
    assert told(messages) == [("degraded", "hotlist_stale"), ("degraded", "clock_doubtful")]
    assert [one["state"] for one in messages].count("visit") == 3


def test_while_nobody_comes_it_is_told_within_half_a_minute(counter: Enrolled) -> None:
    clock, soon = SetClock(), round(LOOK_SECONDS * 1000) // 2
    other = hotlist_of((), counter.version + 1, date(2026, 11, 2))
    renewed = Do(lambda: counter.put_content(HOTLIST_BASE, other))
    steps = (passing(clock, 3 * DAY_MS), renewed, passing(clock, soon), passing(clock, soon))
    assert told(heard(counter, clock, *steps)) == [
        ("degraded", "hotlist_stale"),
        ("recovered", "hotlist_stale"),
    ]


def test_a_person_reads_the_code_and_what_to_do(counter: Enrolled) -> None:
    clock, out = SetClock(now=NOON + 3 * DAY_MS), io.StringIO()
    script = Script(chip(holder(counter)))
    with open_terminal(counter.directory, clock) as terminal:
        display = CounterLineDisplay(Language.ZH, out)
        desk = Counter(terminal, script, display, typed_order, None)
        DeskLoop(terminal.desk.contents, script, script, WatchedDesk(desk, terminal, display)).run()
    [line] = [one for one in out.getvalue().splitlines() if one.startswith("TRM-72")]
    assert " → " in line
