"""Time never runs back behind what is known, whatever the wall clock says; and what it is worth is told."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.clock import BOOT_BYTES, ClockReading, ClockSource, SystemClock
from terminal.events.event import ClockTrust
from terminal.known_time import learn_journal
from terminal.timekeeping import (
    DRIFT_MS,
    LEEWAY_MS,
    PLAUSIBLE_MS,
    REST_MS,
    STEP_MS,
    TOLERANCE_MS,
    Moment,
    Timekeeper,
)

NOON = 1_795_492_800_000
HOUR = 3_600_000
DAY = 24 * HOUR
YEAR = 365 * DAY
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

    def boots(self, off: int = 0) -> None:
        """The machine is off for a while, and starts anew."""
        self.boot, self.monotonic = self.boot[:4] + bytes([self.boot[4] + 1]) + self.boot[5:], 10
        self.wall += off


class Stamp(NamedTuple):
    """Of an event what it says of its time."""

    time_ms: int
    clock: ClockTrust
    boot: bytes
    monotonic_ms: int
    sequence: int = 0


@dataclass
class Journal:
    """What a process records, and the next one learns from."""

    clocks: Clocks
    stamps: list[Stamp] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.keeper = Timekeeper(self.clocks)

    def tap(self) -> ClockTrust:
        """A tap is judged and recorded."""
        moment = self.keeper.now()
        boot, monotonic_ms = moment.reading.boot, moment.reading.monotonic_ms
        stamp = Stamp(moment.time_ms, moment.trust, boot, monotonic_ms, len(self.stamps) + 1)
        self.stamps.append(stamp)
        self.keeper.learn(stamp)
        return moment.trust

    def restart(self) -> None:
        """Another process opens it; the machine runs on."""
        self.keeper = Timekeeper(self.clocks)
        learn_journal(self.keeper, self.stamps[-1], lambda sequence: self.stamps[sequence - 1])


def tapped(time_keeper: Timekeeper) -> Moment:
    """A tap is judged and recorded."""
    moment = time_keeper.now()
    reading = moment.reading
    time_keeper.learn(Stamp(moment.time_ms, moment.trust, reading.boot, reading.monotonic_ms))
    return moment


def keeper(clocks: Clocks) -> Timekeeper:
    """One that has just seen an event."""
    made = Timekeeper(clocks)
    tapped(made)
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
    moment = tapped(time_keeper)
    assert (moment.time_ms, moment.trust) == (NOON, ClockTrust.CORRECTED)
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
    clocks.boot, clocks.monotonic = OTHER_BOOT, 10  # it may have been off for so long
    assert time_keeper.now().trust is ClockTrust.FREE


def test_one_wild_reading_locks_nobody_out() -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.boot, clocks.monotonic, clocks.wall = OTHER_BOOT, 10, NOON + 11 * 365 * 24 * HOUR  # 2037
    moment = tapped(time_keeper)
    assert (moment.time_ms, moment.trust) == (NOON, ClockTrust.STEPPED)
    clocks.boots()
    clocks.wall = NOON + 24 * HOUR
    moment = time_keeper.now()
    assert (moment.time_ms, moment.trust) == (NOON + 24 * HOUR, ClockTrust.FREE)


@pytest.mark.parametrize("beyond", [0, 1])
def test_how_far_ahead_a_clock_is_still_judged_by(beyond: int) -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.boots(PLAUSIBLE_MS + beyond)
    moment = time_keeper.now()
    assert (moment.time_ms, moment.trust) == (NOON if beyond else clocks.wall, ClockTrust.STEPPED)


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


@pytest.mark.parametrize("taps", [1, 2, 70])
@pytest.mark.parametrize("boots", [False, True])
@pytest.mark.parametrize("is_new", [False, True])
def test_taps_while_the_clock_is_a_year_ahead_hold_nobody_there(taps: int, boots: bool, is_new: bool) -> None:
    clocks = Clocks()
    time_keeper = Timekeeper(clocks)
    time_keeper.learn_signed(NOON - DAY)
    if not is_new:
        tapped(time_keeper)
    if boots:
        clocks.boots(HOUR)
    clocks.wall += YEAR
    for _ in range(taps):
        clocks.pass_by(HOUR)
        moment = tapped(time_keeper)
        assert (moment.time_ms, moment.trust) == (clocks.wall, ClockTrust.STEPPED)
        assert moment.known_ms <= moment.settled_ms == moment.known_ms < clocks.wall - YEAR + HOUR
    if boots:
        clocks.boots(HOUR)
    clocks.wall -= YEAR
    moment = tapped(time_keeper)
    assert (moment.time_ms, moment.trust) == (clocks.wall, ClockTrust.FREE)
    clocks.wall -= 2 * HOUR  # and from then on nobody turns it back behind that
    assert time_keeper.now().trust is ClockTrust.SET_BACK


def test_a_clock_that_goes_ahead_and_back_is_not_back_behind_what_was_known() -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.wall += YEAR
    tapped(time_keeper)
    clocks.pass_by(HOUR)
    clocks.wall = NOON - DAY
    moment = tapped(time_keeper)
    assert (moment.time_ms, moment.trust) == (NOON + HOUR, ClockTrust.SET_BACK)


def test_what_came_while_the_clock_was_behind_moves_the_known_time_on() -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.boots()
    clocks.wall = 0
    tapped(time_keeper)
    clocks.pass_by(HOUR)
    assert tapped(time_keeper).time_ms == NOON + HOUR
    clocks.boots()
    assert time_keeper.now().time_ms == NOON + HOUR


def test_whoever_sets_a_clock_right_that_was_behind_sets_it_ahead_and_is_believed() -> None:
    """A bus computer that starts in 1970, and gets its time by radio after the first tap."""
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.boots()
    clocks.wall = 0
    assert tapped(time_keeper).trust is ClockTrust.SET_BACK
    clocks.wall = NOON + 14 * HOUR
    moment = tapped(time_keeper)
    assert (moment.time_ms, moment.trust) == (NOON + 14 * HOUR, ClockTrust.FREE)
    clocks.wall += STEP_MS + 1  # from now on the monotonic clock watches it again
    assert time_keeper.now().trust is ClockTrust.STEPPED


@pytest.mark.parametrize(("beyond", "trust"), [(0, ClockTrust.FREE), (1, ClockTrust.STEPPED)])
def test_how_long_a_terminal_may_rest(beyond: int, trust: ClockTrust) -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.boots(REST_MS + beyond)
    moment = tapped(time_keeper)
    assert (moment.time_ms, moment.trust) == (clocks.wall, trust)
    time_keeper.learn_signed(clocks.wall - LEEWAY_MS)  # whoever has heard of the centre since knows more
    assert time_keeper.now().trust is ClockTrust.FREE


def test_time_goes_on_for_a_terminal_that_rested_long_and_hears_of_nobody_for_years() -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.boots(30 * DAY)
    for _ in range(4 * 12):
        assert tapped(time_keeper).time_ms == clocks.wall
        clocks.boots(30 * DAY)
    assert clocks.wall - NOON > 3 * PLAUSIBLE_MS


SETTINGS = st.lists(
    st.tuples(
        st.integers(-(10**11), 10**12),  # how the wall clock is set
        st.integers(0, 10**9),  # how long passes
        st.booleans(),  # a boot
        st.sampled_from(ClockSource),
    ),
    max_size=20,
)


@given(SETTINGS)
def test_what_is_known_never_runs_back_and_no_jump_teaches_any(
    settings: list[tuple[int, int, bool, ClockSource]],
) -> None:
    """Judged is never a time before what is known; known is what undoubted events say, and nothing else."""
    clocks = Clocks()
    time_keeper = keeper(clocks)
    known = Stamp(NOON, ClockTrust.FREE, clocks.boot, clocks.monotonic)
    for step, passing, boots, clocks.source in settings:
        if boots:
            clocks.boots()
        clocks.pass_by(passing)
        clocks.wall += step
        passed = clocks.monotonic - known.monotonic_ms if clocks.boot == known.boot else 0
        least = known.time_ms + passed
        moment = tapped(time_keeper)
        if clocks.source is ClockSource.SYNCHRONISED:
            assert moment.time_ms == clocks.wall
        else:
            assert moment.time_ms >= moment.known_ms == least
            assert (clocks.wall + TOLERANCE_MS < least) is (moment.trust is ClockTrust.SET_BACK)
            assert moment.trust not in (ClockTrust.SYNCHRONISED, ClockTrust.CORRECTED)
        if moment.trust is not ClockTrust.STEPPED:
            known = Stamp(moment.time_ms, moment.trust, clocks.boot, clocks.monotonic)


# How long passes (all of it less than a terminal may rest), whether with a boot, whether with a tap.
WRONG = st.tuples(st.integers(0, REST_MS // 20), st.booleans(), st.booleans())


@given(st.integers(REST_MS + 1, 3 * YEAR), st.lists(WRONG, max_size=20))
def test_once_the_clock_is_right_again_it_is_taken_at_its_word(
    wrong_by: int, meanwhile: list[tuple[int, bool, bool]]
) -> None:
    """However long it was ahead, and whatever happened, as long as the centre signed nothing in between."""
    clocks = Clocks()
    time_keeper = keeper(clocks)
    clocks.wall += wrong_by
    for passing, boots, taps in meanwhile:
        clocks.pass_by(passing)
        if boots:
            clocks.boots()
        if taps:
            assert tapped(time_keeper).trust is ClockTrust.STEPPED
    clocks.wall -= wrong_by
    moment = tapped(time_keeper)
    assert moment.time_ms == clocks.wall
    assert moment.trust is ClockTrust.FREE


@given(st.lists(st.tuples(st.integers(STEP_MS + 1, YEAR), st.integers(0, 10**8)), max_size=20))
def test_on_one_boot_no_setting_ahead_leaves_anything_behind(settings: list[tuple[int, int]]) -> None:
    clocks = Clocks()
    time_keeper = keeper(clocks)
    for ahead, passing in settings:
        clocks.pass_by(passing)
        clocks.wall += ahead
        assert tapped(time_keeper).trust is ClockTrust.STEPPED
        clocks.wall -= ahead
    moment = tapped(time_keeper)
    assert (moment.time_ms, moment.trust) == (clocks.wall, ClockTrust.FREE)


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize("boots", [False, True])
def test_once_right_on_a_boot_a_clock_is_not_walked_ahead_by_setting_it_back_first(
    boots: bool, restarts: bool
) -> None:
    clocks = Clocks()
    journal = Journal(clocks)
    journal.tap()
    if boots:
        clocks.boots(8 * HOUR)
        assert journal.tap() is ClockTrust.FREE
    right = clocks.wall
    for _ in range(8):
        clocks.wall = right - HOUR
        assert journal.tap() is ClockTrust.SET_BACK
        if restarts:
            journal.restart()
        clocks.wall = right + 9 * DAY
        assert journal.tap() is ClockTrust.STEPPED
        if restarts:
            journal.restart()
    assert journal.keeper.now().known_ms == right
    clocks.wall = right
    assert journal.tap() is ClockTrust.FREE


@pytest.mark.parametrize("restarts", [False, True])
def test_nor_by_a_little_a_tap(restarts: bool) -> None:
    clocks = Clocks()
    journal = Journal(clocks)
    journal.tap()
    trusts = []
    for _ in range(2 * DRIFT_MS // STEP_MS):
        clocks.wall += STEP_MS
        trusts.append(journal.tap())
        if restarts:
            journal.restart()
    steps = DRIFT_MS // STEP_MS
    assert trusts == [ClockTrust.FREE] * steps + [ClockTrust.STEPPED] * steps
    assert journal.keeper.now().known_ms == NOON + DRIFT_MS


def test_a_slow_clock_that_is_kept_right_for_a_year_without_a_boot_is_believed() -> None:
    clocks = Clocks()
    journal = Journal(clocks)
    journal.tap()
    for _ in range(365):
        clocks.monotonic += DAY - 5_000
        clocks.wall += DAY
        assert journal.tap() is ClockTrust.FREE


def test_what_a_time_service_corrected_is_right_from_then_on() -> None:
    """A clock without a battery that starts where it was switched off; the network comes, and goes again."""
    clocks = Clocks()
    journal = Journal(clocks)
    journal.tap()
    clocks.boots()
    assert journal.tap() is ClockTrust.FREE
    clocks.wall, clocks.source = clocks.wall + 10 * HOUR, ClockSource.SYNCHRONISED
    assert journal.tap() is ClockTrust.SYNCHRONISED
    clocks.source = ClockSource.FREE
    for _ in range(2):
        assert journal.tap() is ClockTrust.FREE
        journal.restart()
    clocks.wall += STEP_MS + 1
    assert journal.tap() is ClockTrust.STEPPED


def test_the_boot_before_says_nothing_of_this_one() -> None:
    clocks = Clocks()
    journal = Journal(clocks)
    journal.tap()
    clocks.boots()
    clocks.wall = 0
    assert journal.tap() is ClockTrust.SET_BACK
    journal.restart()
    clocks.wall = NOON + 14 * HOUR
    assert journal.tap() is ClockTrust.FREE


# By how much the wall clock is set, how long passes, whether somebody taps, whether the process ends.
ANYHOW = st.tuples(
    st.sampled_from([-DAY, -HOUR, STEP_MS, 9 * DAY, REST_MS]) | st.integers(-YEAR, YEAR),
    st.integers(0, DAY),
    st.booleans(),
    st.booleans(),
)


@pytest.mark.parametrize(("boots", "allowed"), [(False, DRIFT_MS), (True, REST_MS + DRIFT_MS)])
@given(steps=st.lists(ANYHOW, max_size=30))
def test_on_one_boot_the_known_time_outruns_the_true_one_by_one_allowance_alone(
    boots: bool, allowed: int, steps: list[tuple[int, int, bool, bool]]
) -> None:
    clocks = Clocks()
    journal = Journal(clocks)
    journal.tap()
    if boots:
        clocks.boots()
    true_ms = NOON
    for setting, passing, taps, restarts in steps:
        clocks.pass_by(passing)
        true_ms += passing
        clocks.wall += setting
        if taps:
            journal.tap()
        if restarts:
            journal.restart()
        assert journal.keeper.now().known_ms <= true_ms + allowed


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
