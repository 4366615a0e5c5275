"""Degraded modes on a running terminal: told when they begin and end, in both languages and in JSON, and by
`tongka terminal status`; taps go on where they can, and are refused before one would be lost."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import pytest
from typer.testing import CliRunner

from card.connection import CardConnection
from card.errors import NoCardInTime, WaitCancelled
from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from crypto.closing import Closing
from crypto.explained import ExplainedError, Language
from terminal.assembly import open_terminal
from terminal.clock import ClockSource
from terminal.commands import app
from terminal.configuration import CareSettings
from terminal.content.manifest import HOTLIST_BASE
from terminal.displays import JsonDisplay, LineDisplay
from terminal.modes.degraded import Degradation
from terminal.modes.inspection import Inspection
from terminal.modes.psam_watch import PsamWatch
from terminal.tap import TapResult
from terminal.validator import TapDisplay, Validator, live_condition
from tests.terminal.enrolled import Enrolled, SetClock, chip
from tests.terminal.hotlists import hotlist_of
from tests.terminal.modes.gate import WITHOUT_QUOTA, gate
from tests.terminal.own_mount import run_on_mount

DAY_MS: Final = 86_400_000
LONG_SECONDS: Final = 60.0
Step = Callable[[], CardConnection | bool | None]


@dataclass
class Scene(Closing):
    """A reader at which one step comes after another: a card, something that happens meanwhile (None), or a
    wait for it (False until it has)."""

    steps: list[Step]
    name: str = "scene"
    until: float = field(default_factory=lambda: time.monotonic() + LONG_SECONDS)

    def wait_for_card(self, timeout: float | None) -> CardConnection:
        if not self.steps:
            raise WaitCancelled
        given = self.steps[0]()
        if given is False and time.monotonic() < self.until:
            time.sleep(0.01)
            raise NoCardInTime
        assert given is not False, "it did not happen"
        self.steps.pop(0)
        if given is None or given is True:
            raise NoCardInTime
        return given

    def wait_for_removal(self, timeout: float | None) -> None:
        """At once."""

    def cancel(self) -> None:
        self.steps.clear()

    def close(self) -> None:
        self.steps.clear()


class Everywhere:
    """Both languages' lines and JSON at once."""

    def __init__(self) -> None:
        self._out = {name: io.StringIO() for name in ("zh", "en", "json")}
        self._displays: tuple[TapDisplay, ...] = (
            LineDisplay(Language.ZH, self._out["zh"]),
            LineDisplay(Language.EN, self._out["en"]),
            JsonDisplay(self._out["json"]),
        )

    def ready(self) -> None:
        for one in self._displays:
            one.ready()

    def reading(self) -> None:
        for one in self._displays:
            one.reading()

    def result(self, result: TapResult) -> None:
        for one in self._displays:
            one.result(result)

    def inspected(self, found: Inspection | None) -> None:
        for one in self._displays:
            one.inspected(found)

    def trouble(self, error: ExplainedError) -> None:
        for one in self._displays:
            one.trouble(error)

    def degraded(self, degradation: Degradation) -> None:
        for one in self._displays:
            one.degraded(degradation)

    def recovered(self, degradation: Degradation) -> None:
        for one in self._displays:
            one.recovered(degradation)

    def lines(self, language: str) -> list[str]:
        """What a person reads."""
        return self._out[language].getvalue().splitlines()

    def messages(self) -> list[str]:
        """What a program reads: of each message its state, and what it is about."""
        told = [json.loads(line) for line in self._out["json"].getvalue().splitlines()]
        return [
            ":".join(str(one[key]) for key in ("state", "kind", "outcome", "code") if key in one)
            for one in told
            if one["state"] != "reading"
        ]


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    """A bus terminal, whose hotlist may be 25 days old: it is 23 days old when a test begins."""
    bus = gate(tmp_path / "bus", WITHOUT_QUOTA)
    set_care(bus, CareSettings(hotlist_days=25))
    return bus


def set_care(bus: Enrolled, care: CareSettings) -> None:
    """Write [care] into terminal.toml."""
    configuration = bus.directory.load_configuration()
    changed = msgspec.structs.replace(configuration, care=care)
    bus.directory.configuration_file.write_bytes(changed.to_bytes())


def play(
    bus: Enrolled,
    clock: SetClock,
    *steps: Step,
    psam: PsamWatch | None = None,
    told: Everywhere | None = None,
) -> Everywhere:
    """Run the terminal through these steps."""
    told = told or Everywhere()
    with open_terminal(bus.directory, clock) as terminal:
        condition = live_condition(terminal, psam)
        Validator(terminal, Scene(list(steps)), told, condition=condition, look_seconds=0.01).run()
    return told


def tapped(bus: Enrolled) -> Step:
    """The tap of a new card."""
    return lambda: InProcessConnection(chip(bus.card()))


def done(work: Callable[[], object]) -> Step:
    """Something that happens while nobody taps."""

    def step() -> None:
        work()

    return step


def status(bus: Enrolled) -> list[str]:
    """The kinds that `tongka terminal status` tells of now, by the machine's clock."""
    place = ["status", "--data", str(bus.directory.path)]
    as_json = CliRunner().invoke(app, [*place, "--json"])
    told = json.loads(as_json.output)["troubles"]
    assert as_json.exit_code == any(one["serious"] for one in told)
    in_words = CliRunner().invoke(app, place)
    assert in_words.exit_code == as_json.exit_code
    lines = in_words.output.splitlines()[: len(told)]
    assert [line.split()[0] for line in lines] == [one["code"] for one in told]
    return [one["kind"] for one in told]


def told_once(told: Everywhere, code: str, zh: str, en: str) -> None:
    """It began and ended once, in both languages."""
    for language, begin, end in (("zh", zh, f"已恢复：{code}"), ("en", en, f"Over: {code}")):
        lines = told.lines(language)
        assert len([line for line in lines if line.startswith(code) and begin in line]) == 1
        assert len([line for line in lines if line.startswith(end)]) == 1


def test_a_stale_hotlist(bus: Enrolled) -> None:
    clock = SetClock()
    said: list[str] = []

    def three_days_pass() -> None:
        clock.now += 3 * DAY_MS
        clock.monotonic += 3 * DAY_MS

    def a_new_one_comes() -> None:
        set_care(bus, CareSettings(hotlist_days=1))
        said.extend(status(bus))
        bus.put_content(HOTLIST_BASE, hotlist_of((), bus.version + 1, date(2026, 11, 2)))

    told = play(
        bus,
        clock,
        tapped(bus),
        done(three_days_pass),
        tapped(bus),
        done(a_new_one_comes),
        tapped(bus),
    )
    assert told.messages() == [
        "ready",
        "result:granted",
        "ready",
        "degraded:hotlist_stale:TRM-720",
        "ready",
        "result:granted",
        "ready",
        "recovered:hotlist_stale",
        "ready",
        "result:granted",
        "ready",
    ]
    told_once(told, "TRM-720", "停用名单已有 26 天未更新", "The hotlist is 26 days old")
    assert "hotlist_stale" in said


def test_a_clock_that_is_not_trusted(bus: Enrolled) -> None:
    clock = SetClock()
    true_now = clock.now

    def somebody_sets_it_back() -> None:
        clock.source, clock.now = ClockSource.FREE, true_now - 300 * DAY_MS

    def a_time_service_sets_it_right() -> None:
        clock.source, clock.now = ClockSource.SYNCHRONISED, true_now + 5_000

    told = play(
        bus,
        clock,
        tapped(bus),
        done(somebody_sets_it_back),
        tapped(bus),
        done(a_time_service_sets_it_right),
        tapped(bus),
    )
    assert [one for one in told.messages() if one != "ready"] == [
        "result:granted",
        "degraded:clock_doubtful:TRM-413",
        "result:granted",
        "recovered:clock_doubtful",
        "result:granted",
    ]
    told_once(told, "TRM-413", "时钟", "clock")
    # The tap in between was judged and recorded by the time that had certainly passed.
    first, second, third = bus.events()
    assert first.time_ms <= second.time_ms <= third.time_ms
    assert second.wall_ms < true_now - 299 * DAY_MS


def test_status_tells_of_a_clock_that_is_behind_what_the_centre_signed(bus: Enrolled) -> None:
    bus.version += 1
    bus.authority.publish(bus.directory.content, bus.files, bus.version, date(2036, 1, 1))
    assert "clock_doubtful" in status(bus)


def test_a_psam_that_is_taken_out_and_put_back(bus: Enrolled, private_pcscd: PrivatePcscd) -> None:
    slot, port = private_pcscd.readers[1], private_pcscd.ports[1]
    set_care(bus, CareSettings(hotlist_days=366, psam=slot))

    with ExitStack() as inside, PsamWatch(slot, look_seconds=0.05) as watch:

        def missing() -> bool:
            return watch.trouble() is not None

        def there() -> bool:
            return watch.trouble() is None

        told = play(
            bus,
            SetClock(),
            missing,
            tapped(bus),
            done(lambda: inside.enter_context(VpcdLink(chip(bus.card()), port))),
            there,
            tapped(bus),
            psam=watch,
        )
        assert "no_psam" not in status(bus)
        inside.close()
        until = time.monotonic() + LONG_SECONDS
        while there() and time.monotonic() < until:
            time.sleep(0.05)
    assert "no_psam" in status(bus)
    assert [one for one in told.messages() if one != "ready"] == [
        "degraded:no_psam:CRD-144",
        "result:granted",
        "recovered:no_psam",
        "result:granted",
    ]
    told_once(told, "CRD-144", "PSAM", "PSAM")


def test_what_the_journal_s_upkeep_can_not_do_is_told_once(bus: Enrolled) -> None:
    bus.directory.uploads.write_bytes(b"no database at all")
    told = Everywhere()
    play(bus, SetClock(), lambda: "trouble:TRM-425" in told.messages(), tapped(bus), told=told)
    assert [one for one in told.messages() if one != "ready"] == ["trouble:TRM-425", "result:granted"]


ON_A_SMALL_DISK = """
import os, sys
from pathlib import Path
from terminal.configuration import CareSettings
from terminal.journal.disk import MIB
from tests.terminal.enrolled import SetClock
from tests.terminal.modes.gate import MADE, WITHOUT_QUOTA, gate
from tests.terminal.modes.test_told_aloud import done, play, set_care, status, tapped
from terminal.holder_reference import DayKeys
folder = Path(sys.argv[1])
bus = gate(folder / "bus", WITHOUT_QUOTA)
set_care(bus, CareSettings(hotlist_days=366))

def leave(mib):
    def fill():
        used = os.statvfs(folder).f_bavail * 4096 - mib * MIB
        with open(folder / "ballast", "ab") as ballast:
            os.posix_fallocate(ballast.fileno(), ballast.tell(), used)
        print("disk_nearly_full" in status(bus))
    return done(fill)

told = play(
    bus, SetClock(),
    tapped(bus), leave(40), tapped(bus), leave(15), tapped(bus), tapped(bus),
    done((folder / "ballast").unlink), tapped(bus),
)
print(*[one for one in told.messages() if one != "ready"])
assert [line for line in told.lines("zh") if line.startswith("TRM-421 磁盘空间不多")]
assert [line for line in told.lines("en") if line.startswith("TRM-421 The disk is filling up")]
assert [line for line in told.lines("zh") if line.startswith("已恢复：TRM-420 磁盘将满")]
assert [line for line in told.lines("en") if line.startswith("Over: TRM-420 The disk is nearly full")]
print(len(bus.events()))
DayKeys(MADE.pop()).destroy()
"""


def test_a_disk_that_fills_up(tmp_path: Path) -> None:
    """On a genuine small disk, in a mount namespace of the test's own."""
    output = run_on_mount(tmp_path, 'mount -t tmpfs -o size=100m tmpfs "$1"', ON_A_SMALL_DISK)
    *seen, told, recorded = output.splitlines()
    assert seen == ["True", "True"]
    assert told.split() == [
        "result:granted",
        "degraded:disk_nearly_full:TRM-421",
        "result:granted",
        "degraded:disk_nearly_full:TRM-420",  # more serious than before, so it is told again
        "trouble:TRM-420",  # neither card was read
        "trouble:TRM-420",
        "recovered:disk_nearly_full",
        "result:granted",
    ]
    assert recorded == "3"
