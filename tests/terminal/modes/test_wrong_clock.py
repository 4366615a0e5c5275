"""A clock that stood wrong for a while turns no valid card away afterwards, and makes nothing fresh again."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from card.simulator.issuing.personalisation import Holder, TestIssuer
from sync.agent.state import UploadState
from terminal import commands
from terminal.clock import ClockSource
from terminal.configuration import CareSettings
from terminal.decisions.decide import local_date
from terminal.events.event import ClockTrust, UsageEvent
from terminal.events.outcome import Outcome
from terminal.events.receipt import Receipt, sign_receipt
from terminal.known_time import MOST, learn_journal
from terminal.modes.degraded import Degradation, degradations
from terminal.modes.inspection import open_inspector
from terminal.modes.status import condition_of
from terminal.modes.todays_events import todays_events
from terminal.timekeeping import DRIFT_MS, LEEWAY_MS, REST_MS, STEP_MS, Timekeeper
from tests.terminal.enrolled import NOON, Enrolled, SetClock, chip
from tests.terminal.modes.gate import MINUTE, WITHOUT_QUOTA, gate, opened

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    """A bus terminal with a quota of two rides a month, and nobody who keeps its clock."""
    return gate(tmp_path / "bus")


@pytest.fixture
def clock() -> SetClock:
    return SetClock(source=ClockSource.FREE)


def tap_once(bus: Enrolled, clock: SetClock, card: ChipContents) -> Outcome:
    """The outcome at a process that is started for this tap alone."""
    with opened(bus, clock) as here:
        return here.tap(card).outcome


def restart(_clock: SetClock) -> None:
    """Of the process; the machine runs on."""


def reboot(clock: SetClock) -> None:
    """Of the machine."""
    clock.boot, clock.monotonic = bytes([clock.boot[0] + 1]) + clock.boot[1:], 1_000


@pytest.mark.parametrize("between", [restart, reboot])
@pytest.mark.parametrize("is_new", [False, True])
def test_a_card_that_is_valid_today_is_taken_once_the_clock_is_right(
    bus: Enrolled, clock: SetClock, between: Callable[[SetClock], None], is_new: bool
) -> None:
    card = bus.card(expires=date(2027, 6, 30))
    if not is_new:
        assert tap_once(bus, clock, card) is Outcome.GRANTED
    between(clock)
    clock.now += YEAR_MS + 10 * MINUTE
    clock.monotonic += 10 * MINUTE
    for _ in range(2):
        assert tap_once(bus, clock, card) is Outcome.EXPIRED
    between(clock)
    clock.now -= YEAR_MS
    assert tap_once(bus, clock, card) is Outcome.GRANTED
    *_, ahead, right = bus.events()
    assert (ahead.clock, right.clock) == (ClockTrust.STEPPED, ClockTrust.FREE)
    assert right.time_ms == right.wall_ms


def test_it_is_taken_while_the_process_runs_on(bus: Enrolled, clock: SetClock) -> None:
    card = bus.card(expires=date(2027, 6, 30))
    with opened(bus, clock) as here:
        clock.now += YEAR_MS
        assert here.tap(card).outcome is Outcome.EXPIRED
        clock.now -= YEAR_MS
        assert here.tap(card).outcome is Outcome.GRANTED


def test_an_issuer_whose_certificate_had_run_out_by_a_wrong_clock_is_known_again(
    bus: Enrolled, clock: SetClock
) -> None:
    issuer = TestIssuer.generate(date(2020, 1, 1), date(2030, 12, 31))
    bus.authority.add_issuer(issuer.issuer_key, until=datetime(2027, 6, 1, tzinfo=UTC))
    bus.publish()
    card = issuer.personalise(Holder((1,), 1, "500103", date(2026, 1, 1), date(2035, 12, 31)))
    with opened(bus, clock) as here:
        clock.now += YEAR_MS
        outcomes = [here.tap(card).outcome for _ in range(2)]
        clock.now -= YEAR_MS
        outcomes += [here.tap(card).outcome for _ in range(2)]
    # Content is looked at again at the tap after the one that told of another day.
    assert outcomes[1] is Outcome.UNKNOWN_ISSUER
    assert outcomes[3] is Outcome.GRANTED


@pytest.mark.parametrize("between", [restart, reboot])
def test_ahead_and_then_back_revives_no_expired_card(
    bus: Enrolled, clock: SetClock, between: Callable[[SetClock], None]
) -> None:
    expired = bus.card(issued=date(2020, 1, 1), expires=date(2026, 11, 23))
    assert tap_once(bus, clock, expired) is Outcome.EXPIRED
    clock.now += YEAR_MS
    assert tap_once(bus, clock, bus.card()) is Outcome.GRANTED
    between(clock)
    clock.now = NOON - 2 * DAY_MS
    assert tap_once(bus, clock, expired) is Outcome.EXPIRED
    assert [event.clock for event in bus.events()] == [
        ClockTrust.FREE,
        ClockTrust.STEPPED,
        ClockTrust.SET_BACK,
    ]


@pytest.mark.parametrize("is_started_ahead", [False, True])
def test_ahead_and_then_back_makes_no_quota_fresh(
    bus: Enrolled, clock: SetClock, is_started_ahead: bool
) -> None:
    card = bus.card()
    with opened(bus, clock) as here:
        outcomes = []
        for _ in range(2):
            outcomes.append(here.tap(card).outcome)
            here.pass_time(10 * MINUTE)
        if not is_started_ahead:
            clock.now += YEAR_MS
            assert here.tap(card).outcome is Outcome.GRANTED  # that month's own, and marked
            clock.now -= YEAR_MS
            outcomes.append(here.tap(card).outcome)
    if is_started_ahead:
        clock.now += YEAR_MS
        assert tap_once(bus, clock, card) is Outcome.GRANTED
        clock.now -= YEAR_MS
    outcomes.append(tap_once(bus, clock, card))
    assert outcomes[:2] == [Outcome.GRANTED, Outcome.GRANTED]
    assert set(outcomes[2:]) == {Outcome.QUOTA_USED_UP}


# By how much the clock is set, and whether the process ends then.
SETTING = st.tuples(
    st.sampled_from([-HOUR_MS, STEP_MS, 9 * DAY_MS, 31 * DAY_MS]) | st.integers(-YEAR_MS, YEAR_MS),
    st.booleans(),
)


@settings(max_examples=5, deadline=None)
@given(steps=st.lists(SETTING, min_size=1, max_size=6))
def test_on_one_boot_no_settings_make_a_quota_fresh_or_turn_a_valid_card_away(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, bool]]
) -> None:
    bus, clock = gate(tmp_path_factory.mktemp("bus") / "bus"), SetClock(source=ClockSource.FREE)
    used_up, valid = bus.card(), bus.card(expires=date(2026, 11, 25))
    with ExitStack() as running:
        here = running.enter_context(opened(bus, clock))
        for _ in range(2):
            assert here.tap(used_up).outcome is Outcome.GRANTED
            here.pass_time(10 * MINUTE)
        true_ms = clock.now
        for setting, restarts in steps:
            clock.now += setting
            here.tap(bus.card())
            if restarts:
                running.close()
                here = running.enter_context(opened(bus, clock))
        clock.now = true_ms + MINUTE
        assert here.tap(used_up).outcome is Outcome.QUOTA_USED_UP
        assert here.tap(valid).outcome is Outcome.GRANTED
    assert all(
        event.time_ms <= true_ms + MINUTE + DRIFT_MS
        for event in bus.events()
        if event.clock is not ClockTrust.STEPPED
    )


def test_a_quota_is_not_used_again_unmarked_by_a_clock_that_is_set_back_and_then_ahead(
    bus: Enrolled, clock: SetClock
) -> None:
    card, soon = bus.card(), bus.card(expires=date(2027, 1, 31))
    with opened(bus, clock) as here:
        for _ in range(2):
            here.tap(card)
            here.pass_time(10 * MINUTE)
        right = clock.now
        for _ in range(8):
            clock.now -= HOUR_MS
            here.tap(bus.card())
            clock.now += HOUR_MS + 9 * DAY_MS
            here.tap(bus.card())
        clock.now = right + MINUTE
        assert here.tap(card).outcome is Outcome.QUOTA_USED_UP
    assert tap_once(bus, clock, card) is Outcome.QUOTA_USED_UP
    assert tap_once(bus, clock, soon) is Outcome.GRANTED
    assert {event.clock for event in bus.events() if event.time_ms > right + DAY_MS} == {ClockTrust.STEPPED}


def test_a_quota_s_counts_still_go_when_its_window_has_certainly_ended(
    bus: Enrolled, clock: SetClock
) -> None:
    keys = bus.directory.window_keys
    with opened(bus, clock) as here:
        here.tap(bus.card())
        assert [file.name for file in keys.iterdir()] == ["window-2026-11-01-2026-11-30.key"]
        here.pass_time(7 * DAY_MS)
        here.tap(bus.card())
    assert [file.name for file in keys.iterdir()] == ["window-2026-12-01-2026-12-31.key"]


def test_a_card_refused_by_a_wrong_clock_is_no_way_round_anti_passback(
    tmp_path: Path, clock: SetClock
) -> None:
    bus = gate(tmp_path / "gate", WITHOUT_QUOTA, passback_minutes=60)
    card, old = bus.card(), bus.card(expires=date(2027, 6, 30))
    assert tap_once(bus, clock, card) is Outcome.GRANTED
    clock.now += YEAR_MS
    assert tap_once(bus, clock, old) is Outcome.EXPIRED
    clock.now += MINUTE - YEAR_MS
    clock.monotonic += MINUTE
    assert tap_once(bus, clock, card) is Outcome.ALREADY_INSIDE


def test_nor_is_one_that_is_taken_meanwhile(tmp_path: Path, clock: SetClock) -> None:
    bus = gate(tmp_path / "gate", WITHOUT_QUOTA, passback_minutes=60)
    card, other = bus.card(), bus.card()
    assert tap_once(bus, clock, card) is Outcome.GRANTED
    clock.now += DAY_MS
    assert tap_once(bus, clock, other) is Outcome.GRANTED
    clock.now -= DAY_MS
    clock.pass_time(MINUTE)
    assert tap_once(bus, clock, card) is Outcome.ALREADY_INSIDE


def test_the_day_s_events_are_those_of_the_day_alone(bus: Enrolled, clock: SetClock) -> None:
    with opened(bus, clock) as here:
        clock.now -= DAY_MS
        for ahead in (0, DAY_MS, DAY_MS, 3 * DAY_MS, DAY_MS):
            clock.now += ahead
            here.tap(bus.card(expires=date(2026, 11, 24)))
            clock.now -= ahead
        events = [msgspec.structs.replace(event, time_ms=event.wall_ms) for event in bus.events()]

    def event(sequence: int) -> UsageEvent | None:
        return events[sequence - 1] if sequence else None

    today = local_date(NOON)
    assert [one.sequence for one in todays_events(event, 5, today)] == [2, 3, 5]
    assert [one.sequence for one in todays_events(event, 5, today, most=3)] == [3, 5]
    assert [one.sequence for one in todays_events(event, 3, today)] == [2, 3]
    assert todays_events(event, 4, today + timedelta(days=1)) == []


def test_an_inspector_beside_it_goes_by_the_same_time(bus: Enrolled, clock: SetClock) -> None:
    card, old = bus.card(), bus.card(expires=date(2027, 6, 30))
    with opened(bus, clock) as here:
        tapped = here.tap(card)
        clock.now += YEAR_MS
        here.tap(old)
        clock.now = NOON - DAY_MS
        with (
            open_inspector(bus.directory, clock) as inspector,
            InProcessConnection(chip(card)) as connection,
        ):
            found = inspector.look(connection)
    assert found is not None
    assert found.sequence == tapped.sequence


def clock_troubles(bus: Enrolled, clock: SetClock) -> list[Degradation]:
    """What status tells a technician of the clock."""
    found = degradations(condition_of(bus.directory, clock), CareSettings(hotlist_days=3660))
    return [one for one in found if one.kind == "clock_doubtful"]


def test_status_tells_what_is_believed_and_what_to_do(bus: Enrolled, clock: SetClock) -> None:
    assert tap_once(bus, clock, bus.card()) is Outcome.GRANTED
    assert clock_troubles(bus, clock) == []
    clock.now += YEAR_MS
    for _ in range(2):  # before a tap, and after one
        (told,) = clock_troubles(bus, clock)
        assert told.error.code == "TRM-415"
        assert "2027-11-24 04:00 UTC" in str(told.error) and "2026-11-24 04:00 UTC" in str(told.error)
        assert tap_once(bus, clock, bus.card()) is Outcome.GRANTED
    clock.now -= YEAR_MS
    assert clock_troubles(bus, clock) == []
    clock.now -= DAY_MS
    (told,) = clock_troubles(bus, clock)
    assert told.error.code == "TRM-413"
    assert "2026-11-23 04:00 UTC" in str(told.error) and "2026-11-24 04:00 UTC" in str(told.error)
    clock.now += 20 * YEAR_MS
    (told,) = clock_troubles(bus, clock)
    assert told.error.code == "TRM-413"  # nobody is judged by that
    assert "2046-11-18 04:00 UTC" in str(told.error) and "2026-11-24 04:00 UTC" in str(told.error)


def test_a_technician_sees_the_clock_on_the_command_line(bus: Enrolled) -> None:
    bus.certify_now()
    place = ["status", "--data", str(bus.directory.path)]
    said = msgspec.json.decode(CliRunner().invoke(commands.app, [*place, "--json"]).output)["clock"]
    assert said["trust"] in ("free", "synchronised")
    assert said["reads_ms"] == said["judged_ms"] >= said["known_ms"] > said["reads_ms"] - DAY_MS - MINUTE
    known = datetime.fromtimestamp(said["known_ms"] // 1000, UTC)
    for language, word in (("zh_CN.UTF-8", "确知已到"), ("en_GB.UTF-8", "certain is")):
        shown = CliRunner().invoke(commands.app, place, env={"LC_ALL": language}).output
        assert f"{word} {known:%Y-%m-%d}" in shown


def test_what_the_centre_signed_shows_that_a_clock_is_right_after_a_long_rest(
    bus: Enrolled, clock: SetClock
) -> None:
    tap_once(bus, clock, bus.card())
    (first,) = bus.events()
    clock.now += 30 * DAY_MS
    reboot(clock)
    assert [told.error.code for told in clock_troubles(bus, clock)] == ["TRM-415"]
    assert tap_once(bus, clock, bus.card()) is Outcome.GRANTED
    said = Receipt(first.terminal, first.epoch, first.sequence, first.hash, clock.now)
    with UploadState(bus.directory.uploads, first.epoch) as state:
        state.record_answer(sign_receipt(said, bus.authority.receipt), first.sequence, [], clock.now)
    assert clock_troubles(bus, clock) == []
    assert tap_once(bus, clock, bus.card()) is Outcome.GRANTED
    assert [event.clock for event in bus.events()][1:] == [ClockTrust.STEPPED, ClockTrust.FREE]
    # Nor can the clock be turned back behind it, but for the day by which two clocks may differ.
    clock.now -= 20 * DAY_MS
    reboot(clock)
    (told,) = clock_troubles(bus, clock)
    assert told.error.code == "TRM-413"


def test_a_receipt_that_is_a_little_ahead_makes_no_clock_doubtful(bus: Enrolled, clock: SetClock) -> None:
    tap_once(bus, clock, bus.card())
    (first,) = bus.events()
    said = Receipt(first.terminal, first.epoch, first.sequence, first.hash, clock.now + LEEWAY_MS)
    with UploadState(bus.directory.uploads, first.epoch) as state:
        state.record_answer(sign_receipt(said, bus.authority.receipt), first.sequence, [], clock.now)
    tap_once(bus, clock, bus.card())
    assert bus.events()[-1].clock is ClockTrust.FREE


def test_a_new_terminal_knows_when_it_was_certified(bus: Enrolled, clock: SetClock) -> None:
    clock.now = NOON + REST_MS  # over ten days behind the content, and even behind the certificate
    tap_once(bus, clock, bus.card())
    assert bus.events()[-1].clock is ClockTrust.STEPPED
    bus.certify(datetime.fromtimestamp(NOON / 1000, UTC) + timedelta(days=1))
    tap_once(bus, clock, bus.card())
    assert bus.events()[-1].clock is ClockTrust.FREE


def test_how_far_back_the_known_time_is_looked_for(bus: Enrolled, clock: SetClock) -> None:
    with opened(bus, clock) as here:
        here.tap(bus.card())
        clock.now += YEAR_MS
        here.tap(bus.card())
    right, ahead = bus.events()

    def known_behind(taps: int) -> int:
        """By a journal with so many taps while the clock stood ahead."""
        last = msgspec.structs.replace(ahead, sequence=taps + 1)
        keeper = Timekeeper(SetClock(now=0, source=ClockSource.FREE, boot=b"boot-two"))
        learn_journal(keeper, last, lambda sequence: right if sequence == 1 else ahead)
        return keeper.now().known_ms

    assert known_behind(MOST) == right.time_ms
    assert known_behind(MOST + 1) == 0
