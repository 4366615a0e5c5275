"""Time never runs back behind what is known, whatever the wall clock says; and what it is worth is told."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.clock import BOOT_BYTES, ClockReading, ClockSource, SystemClock
from terminal.events.event import ClockTrust
from terminal.timekeeping import STEP_MS, TOLERANCE_MS, Timekeeper

NOON = 1_795_492_800_000
HOUR = 3_600_000
BOOT, OTHER_BOOT = b"boot-one", b"boot-two"


@dataclass
class Clocks:
    """Stand still until a test moves them."""

    wall: int = NOON
    monotonic: int = 5 * HOUR
    boot: bytes = BOOT
    source: ClockSource = ClockSource.FREE

    def read(self) -> ClockReading:
        return ClockReading(self.wall, self.monotonic, self.boot, self.source)

    def now_ms(self) -> int:
        return self.wall

    def pass_by(self, milliseconds: int) -> None:
        self.wall += milliseconds
        self.monotonic += milliseconds


def keeper(clocks: Clocks) -> Timekeeper:
    """One that has just seen an event."""
    made = Timekeeper(clocks)
    moment = made.now()
    made.learn(moment.time_ms, clocks.boot, clocks.monotonic)
    return made


@pytest.mark.parametrize(
    ("source", "trust"),
    [(ClockSource.FREE, ClockTrust.FREE), (ClockSource.SYNCHRONISED, ClockTrust.SYNCHRONISED)],
)
def test_an_undisturbed_clock_is_taken_as_it_is(source: ClockSource, trust: ClockTrust) -> None:
    clocks = Clocks(source=source)
    time_keeper = keeper(clocks)
    clocks.pass_by(HOUR)
    moment = time_keeper.now()
    assert (moment.time_ms, moment.trust) == (NOON + HOUR, trust)


def test_a_clock_that_was_set_back_is_marked_and_time_goes_on_by_the_monotonic_one() -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.pass_by(HOUR)
    clocks.wall -= 30 * 24 * HOUR
    moment = time_keeper.now()
    assert (moment.time_ms, moment.trust) == (NOON + HOUR, ClockTrust.SET_BACK)
    assert moment.reading.wall_ms == NOON + HOUR - 30 * 24 * HOUR  # what it read is kept


def test_after_a_boot_the_known_time_is_the_least_that_it_can_be() -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.boot, clocks.monotonic, clocks.wall = OTHER_BOOT, 10, 0  # no battery: 1970
    moment = time_keeper.now()
    assert (moment.time_ms, moment.trust) == (NOON, ClockTrust.SET_BACK)


def test_a_time_service_alone_corrects_a_clock_that_was_ahead() -> None:
    clocks = Clocks(wall=NOON + 365 * 24 * HOUR)
    time_keeper = keeper(clocks)
    clocks.wall, clocks.source = NOON, ClockSource.SYNCHRONISED
    moment = time_keeper.now()
    assert (moment.time_ms, moment.trust) == (NOON, ClockTrust.CORRECTED)
    time_keeper.learn(moment.time_ms, clocks.boot, clocks.monotonic)
    clocks.pass_by(HOUR)
    assert time_keeper.now().trust is ClockTrust.SYNCHRONISED


def test_what_the_centre_signed_has_been_even_for_a_time_service() -> None:
    clocks = Clocks(wall=NOON, source=ClockSource.SYNCHRONISED)
    time_keeper = Timekeeper(clocks)
    time_keeper.learn_signed(NOON + 20 * HOUR)  # the centre's clock may be a little ahead
    assert time_keeper.now().trust is ClockTrust.SYNCHRONISED
    time_keeper.learn_signed(NOON + 48 * HOUR)
    moment = time_keeper.now()
    assert (moment.time_ms, moment.trust) == (NOON + 48 * HOUR, ClockTrust.SET_BACK)
    time_keeper.learn_signed(NOON)  # older content teaches nothing
    assert time_keeper.now().time_ms == NOON + 48 * HOUR


def test_a_free_clock_that_was_set_ahead_is_marked() -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.pass_by(HOUR)
    clocks.wall += STEP_MS + 1
    moment = time_keeper.now()
    assert (moment.time_ms, moment.trust) == (clocks.wall, ClockTrust.STEPPED)
    clocks.boot, clocks.monotonic = OTHER_BOOT, 10  # it may have been off for a year
    assert time_keeper.now().trust is ClockTrust.FREE


def test_one_wild_reading_locks_nobody_out() -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.boot, clocks.monotonic, clocks.wall = OTHER_BOOT, 10, NOON + 11 * 365 * 24 * HOUR  # 2037
    moment = time_keeper.now()
    assert (moment.time_ms, moment.trust) == (NOON, ClockTrust.STEPPED)
    time_keeper.learn(moment.time_ms, clocks.boot, clocks.monotonic)
    clocks.boot, clocks.monotonic, clocks.wall = BOOT, 10, NOON + 24 * HOUR
    moment = time_keeper.now()
    assert (moment.time_ms, moment.trust) == (NOON + 24 * HOUR, ClockTrust.FREE)


def test_a_terminal_that_stood_still_for_a_year_and_a_month_believes_its_clock() -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.boot, clocks.monotonic, clocks.wall = OTHER_BOOT, 10, NOON + 395 * 24 * HOUR
    assert time_keeper.now().time_ms == NOON + 395 * 24 * HOUR


def test_drift_is_no_setting() -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.wall -= TOLERANCE_MS
    moment = time_keeper.now()
    assert (moment.time_ms, moment.trust) == (NOON, ClockTrust.FREE)


SETTINGS = st.lists(
    st.tuples(
        st.integers(-(10**11), 10**12),  # how the wall clock is set
        st.integers(0, 10**9),  # how long passes
        st.booleans(),  # a boot
    ),
    max_size=20,
)


@given(SETTINGS)
def test_without_a_time_service_judged_time_never_runs_back(settings: list[tuple[int, int, bool]]) -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    last = NOON
    for step, passing, boots in settings:
        if boots:
            clocks.boot, clocks.monotonic = clocks.boot[::-1] + b"x", 0
        clocks.pass_by(passing)
        clocks.wall += step
        moment = time_keeper.now()
        assert moment.time_ms >= last
        assert moment.trust is not ClockTrust.SYNCHRONISED
        if clocks.wall + TOLERANCE_MS < last:
            assert moment.trust is ClockTrust.SET_BACK
        last = moment.time_ms
        time_keeper.learn(moment.time_ms, clocks.boot, clocks.monotonic)


def test_the_systems_clocks_are_what_they_claim() -> None:
    clock = SystemClock()
    first = clock.read()
    again = clock.read()
    assert abs(first.wall_ms - time.time() * 1000) < HOUR
    uptime = float(Path("/proc/uptime").read_text().split()[0]) * 1000
    assert abs(again.monotonic_ms - uptime) < 60_000
    assert again.monotonic_ms >= first.monotonic_ms
    assert first.boot == again.boot
    assert len(first.boot) == BOOT_BYTES
    assert first.boot.hex() not in Path("/proc/sys/kernel/random/boot_id").read_text().replace("-", "")
