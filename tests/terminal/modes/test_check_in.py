"""Attendance: in and out by the card, guardians, room, restarts and midnight."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.contents import ChipContents
from crypto.credential import TapCredential
from crypto.explained import Language
from terminal.assembly import open_terminal
from terminal.clock import ClockSource
from terminal.data_directory import TERMINAL_KEY
from terminal.decisions.decide import local_date
from terminal.events.event import ClockTrust, UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.errors import JournalUnavailable, TapNotRecorded
from terminal.journal.verification import verify_journal
from terminal.journal.writer import JournalWriter, Place
from terminal.modes import attendance
from terminal.modes.attendance import read_book
from terminal.modes.check_in import REPEAT_MS, AttendanceRules, CheckIn
from terminal.modes.check_in_commands import app
from terminal.modes.check_in_displays import CheckInJsonDisplay, CheckInLineDisplay
from terminal.modes.check_in_orders import Guardian, ListPresent, json_order, typed_order
from terminal.modes.counter_errors import EntryRefused
from terminal.modes.desk_loop import DeskLoop
from terminal.succession import TOGETHER_MS
from tests.card.psam_cards import empty_readers
from tests.terminal.enrolled import NOON, Enrolled, SetClock, chip, enrol
from tests.terminal.modes.desk_process import DeskProcess
from tests.terminal.modes.desk_script import Do, Script, Step, passing
from tests.terminal.modes.sale_cast import journal_of, locked

IN, OUT, VISIT = EventKind.CHECK_IN, EventKind.CHECK_OUT, EventKind.VISIT
CANCELLATION: Final = EventKind.CANCELLATION
ANY_RULES: Final = AttendanceRules()
LIST: Final = '{"do": "list"}'
HOURS_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOURS_MS


@pytest.fixture
def hall(tmp_path: Path) -> Enrolled:
    """A terminal at a place that people come to and leave."""
    return enrol(tmp_path / "hall")


def attend(
    hall: Enrolled,
    *steps: Step,
    clock: SetClock | None = None,
    rules: AttendanceRules = ANY_RULES,
    is_killed: bool = False,
) -> list[dict[str, Any]]:
    """What a program hears while this happens, from one start of the terminal to its end."""
    out, script = io.StringIO(), Script(*steps)
    with open_terminal(hall.directory, clock or SetClock()) as terminal:
        moment = terminal.desk.journal.timekeeper.now()
        day, boot = local_date(moment.time_ms), moment.reading.boot
        book = read_book(hall.directory.journal, terminal.service.code, day, boot)
        desk = CheckIn(terminal, book, rules, CheckInJsonDisplay(out), json_order)
        DeskLoop(terminal.desk.contents, script, script, desk).run()
        if not is_killed:
            desk.close()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def answers(told: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """What each tap came to, and how many were present then."""
    return [(one["answer"], one["present"]) for one in told if one["state"] == "attendance"]


def words_of(hall: Enrolled) -> list[str]:
    """What the centre reads in the sealed words of each event."""
    return [hall.evidence(event).words for event in hall.events()]


def kinds(events: list[UsageEvent]) -> list[tuple[EventKind, int]]:
    """Kinds of events, and what they refer to."""
    return [(event.kind, event.refers_to) for event in events]


def test_the_first_tap_comes_in_and_the_next_goes_out(hall: Enrolled) -> None:
    clock = SetClock()
    first, second = hall.card(), hall.card()
    later = passing(clock, REPEAT_MS)
    told = attend(
        hall, *(chip(first), later, chip(second), later, chip(first), later, chip(first)), clock=clock
    )
    assert answers(told) == [("came", 1), ("came", 2), ("left", 1), ("came", 2)]
    events = journal_of(hall)
    assert kinds(events) == [(IN, 0), (IN, 0), (OUT, 1), (IN, 0)]
    assert {(event.outcome, event.fare, event.holder_pays) for event in events} == {(Outcome.RECORDED, 0, 0)}
    key = hall.directory.keystore.load(TERMINAL_KEY).public_key
    assert verify_journal(hall.directory.journal, key).faults == ()


def test_tapped_twice_is_done_once(hall: Enrolled) -> None:
    clock, card = SetClock(), hall.card()
    told = attend(
        hall,
        *(chip(card), passing(clock, REPEAT_MS // 2), chip(card), passing(clock, REPEAT_MS // 2)),
        *(chip(card), chip(card)),
        clock=clock,
    )
    assert answers(told) == [("came", 1), ("again", 1), ("left", 0), ("again", 0)]
    assert kinds(journal_of(hall)) == [(IN, 0), (VISIT, 0), (OUT, 1), (VISIT, 0)]
    assert words_of(hall) == ["", "again", "", "again"]


def test_who_finds_no_room_is_told_so_and_comes_in_when_somebody_left(hall: Enrolled) -> None:
    clock = SetClock()
    first, second = hall.card(), hall.card()
    later = passing(clock, REPEAT_MS)
    told = attend(
        hall,
        *(chip(first), chip(second), later, chip(first), chip(second)),
        clock=clock,
        rules=AttendanceRules(capacity=1),
    )
    assert answers(told) == [("came", 1), ("full", 1), ("left", 0), ("came", 1)]
    assert words_of(hall) == ["", "full", "", ""]
    full = next(one for one in told if one.get("answer") == "full")
    assert full["bystander_zh"] == "请看屏幕提示"


def test_a_companion_card_counts_behind_its_holders_alone(hall: Enrolled) -> None:
    card, stranger = hall.card(), hall.card()
    carer = hall.companion_card(card)
    told = attend(hall, chip(carer), chip(card), chip(carer), chip(carer), chip(stranger), chip(carer))
    assert answers(told) == [
        ("companion_alone", 0),
        ("came", 1),
        ("accompanied", 1),
        ("companion_alone", 1),
        ("came", 2),
        ("companion_alone", 2),
    ]
    assert kinds(journal_of(hall)) == [(VISIT, 0), (IN, 0), (IN, 2), (VISIT, 0), (IN, 0), (VISIT, 0)]


NEEDS: Final = AttendanceRules(guardian=True)


def test_a_guardian_is_shown_by_the_companion_card_coming_and_going(hall: Enrolled) -> None:
    clock, card = SetClock(), hall.card()
    carer = hall.companion_card(card)
    told = attend(
        hall,
        *(chip(card), chip(carer), passing(clock, HOURS_MS), chip(card), chip(carer)),
        *(passing(clock, HOURS_MS), LIST),
        clock=clock,
        rules=NEEDS,
    )
    assert [one["needs_guardian"] for one in told if one["state"] == "attendance"] == [
        True,
        False,
        True,
        False,
    ]
    assert [(one["sequence"], one["here"]) for one in told if one["state"] == "guardian"] == [
        (1, True),
        (3, True),
    ]
    assert kinds(journal_of(hall)) == [(IN, 0), (IN, 1), (OUT, 1), (OUT, 3)]
    assert next(one for one in reversed(told) if one["state"] == "presences")["present"] == 0


def test_staff_may_confirm_a_guardian_or_deny_it(hall: Enrolled) -> None:
    clock = SetClock()
    first, second = hall.card(), hall.card()
    here, not_here = '{"do": "guardian", "here": true}', '{"do": "guardian", "here": false}'
    told = attend(
        hall,
        *(here, chip(first), here, chip(second), not_here, passing(clock, HOURS_MS), LIST),
        clock=clock,
        rules=NEEDS,
    )
    assert [one["code"] for one in told if one["state"] == "trouble"] == ["TRM-738"]
    assert kinds(journal_of(hall)) == [(IN, 0), (IN, 0), (CANCELLATION, 2)]
    [here_now] = [one for one in told if one["state"] == "presences"][1:]
    assert [one["sequence"] for one in here_now["list"]] == [1]


@pytest.mark.parametrize("how", ["time", "another card", "closing"])
def test_without_a_guardian_nobody_came_and_nobody_left(hall: Enrolled, how: str) -> None:
    clock = SetClock()
    first, second = hall.card(), hall.card()
    carer = hall.companion_card(first)
    attend(hall, chip(first), chip(carer), clock=clock, rules=NEEDS)
    clock.now += HOURS_MS
    then: dict[str, list[Step]] = {
        "time": [passing(clock, TOGETHER_MS + 1), LIST],
        "another card": [chip(second), chip(hall.companion_card(second))],
        "closing": [],
    }
    told = attend(hall, chip(first), *then[how], clock=clock, rules=NEEDS)
    assert (False, 3) in [(one["here"], one["sequence"]) for one in told if one["state"] == "guardian"]
    assert (CANCELLATION, 3) in kinds(journal_of(hall))
    present = attend(hall, clock=clock)[0]
    assert 1 in [one["sequence"] for one in present["list"]]  # the one who wanted to leave alone


@pytest.mark.parametrize("guardian", ["none", "staff", "card"])
def test_a_kill_lets_nobody_go_alone(hall: Enrolled, guardian: str) -> None:
    """Killed within the minute in which a guardian may still come."""
    clock, card = SetClock(), hall.card()
    shown: dict[str, list[Step]] = {
        "none": [],
        "staff": ['{"do": "guardian", "here": true}'],
        "card": [chip(hall.companion_card(card))],
    }
    attend(hall, chip(card), '{"do": "guardian", "here": true}', clock=clock, rules=NEEDS)
    clock.now += HOURS_MS
    attend(hall, chip(card), *shown[guardian], clock=clock, rules=NEEDS, is_killed=True)
    told = attend(hall, clock=clock, rules=NEEDS)
    present = next(one for one in told if one["state"] == "presences")["present"]
    if guardian == "none":
        assert told[0] == {"state": "interrupted", "cancelled": 1}
        assert (CANCELLATION, 2) in kinds(journal_of(hall)) and present == 1
    else:
        assert told[0]["state"] == "presences"
        assert CANCELLATION not in [kind for kind, _ in kinds(journal_of(hall))] and present == 0


def test_who_came_alone_and_was_killed_with_the_desk_has_not_come(hall: Enrolled) -> None:
    clock, card = SetClock(), hall.card()
    attend(hall, chip(card), clock=clock, rules=NEEDS, is_killed=True)
    clock.boot, clock.now = b"boot-two", clock.now + REPEAT_MS
    told = attend(hall, clock=clock, rules=NEEDS)
    assert (told[1]["present"], told[1]["unmatched"]) == (0, 0)


def test_who_went_alone_is_here_again_once_the_disk_takes_the_withdrawal(hall: Enrolled) -> None:
    clock, card = SetClock(), hall.card()
    staff = '{"do": "guardian", "here": true}'
    attend(hall, chip(card), staff, clock=clock, rules=NEEDS)
    clock.now += HOURS_MS
    attend(hall, chip(card), clock=clock, rules=NEEDS, is_killed=True)
    clock.now += HOURS_MS
    with pytest.MonkeyPatch.context() as patch:
        # As a full disk does: the start gets no place in the journal, the first tap does.
        places, next_place = iter([False]), JournalWriter.next_place

        def full_at_first(journal: JournalWriter) -> Place:
            if next(places, True):
                return next_place(journal)
            raise JournalUnavailable(detail="full")

        patch.setattr(JournalWriter, "next_place", full_at_first)
        told = attend(hall, chip(card), staff, clock=clock, rules=NEEDS)
    assert [one["present"] for one in told if one["state"] == "presences"] == [0]
    assert answers(told) == [("left", 0)]
    assert kinds(journal_of(hall)) == [(IN, 0), (OUT, 1), (CANCELLATION, 2), (OUT, 1)]


def test_a_withdrawal_that_the_disk_did_not_take_is_made_before_the_next_confirmation(hall: Enrolled) -> None:
    first, second, out = hall.card(), hall.card(), io.StringIO()
    with open_terminal(hall.directory, SetClock()) as terminal:
        journal = terminal.desk.journal
        book = read_book(hall.directory.journal, "BUS-1", local_date(NOON), SetClock().boot)
        desk = CheckIn(terminal, book, NEEDS, CheckInJsonDisplay(out), json_order)
        with InProcessConnection(chip(first)) as connection:
            desk.card(connection)
        with (
            ExitStack() as held,
            pytest.MonkeyPatch.context() as patch,
            InProcessConnection(chip(second)) as connection,
        ):
            note = book.note

            def note_and_lock(event: UsageEvent) -> None:
                note(event)
                held.enter_context(locked(hall, terminal))

            # The second coming is written, the withdrawal of the first is not.
            patch.setattr(book, "note", note_and_lock)
            with pytest.raises(TapNotRecorded):
                desk.card(connection)
        assert journal.unconfirmed() == (1, 2)
        desk.entry('{"do": "guardian", "here": true}')
        assert journal.unconfirmed() == ()
    assert kinds(journal_of(hall)) == [(IN, 0), (IN, 0), (CANCELLATION, 1)]


def test_a_restart_finds_who_is_here(hall: Enrolled) -> None:
    clock = SetClock()
    cards = [hall.card() for _ in range(3)]
    attend(hall, *(chip(card) for card in cards), clock=clock)
    clock.now += HOURS_MS
    told = attend(hall, chip(cards[1]), chip(cards[1]), clock=clock)
    assert [one["sequence"] for one in told[0]["list"]] == [1, 2, 3]
    assert answers(told) == [("left", 2), ("again", 2)]
    assert kinds(journal_of(hall))[3] == (OUT, 2)


def test_a_power_cut_leaves_presences_that_nobody_can_match(hall: Enrolled) -> None:
    """The day's key goes with the power: the same card has another reference, and is not counted twice."""
    clock, card = SetClock(), hall.card()
    attend(hall, chip(card), clock=clock)
    with open_terminal(hall.directory, clock) as terminal:
        terminal.desk.day_keys.destroy()
    clock.boot, clock.now = b"boot-two", clock.now + HOURS_MS
    told = attend(hall, chip(card), clock=clock)
    assert (told[0]["present"], told[0]["unmatched"]) == (0, 1)
    assert answers(told) == [("came", 1)]


def test_at_midnight_the_day_is_closed_and_a_tap_comes_in_anew(hall: Enrolled) -> None:
    clock = SetClock(now=NOON + 12 * HOURS_MS - 60_000)
    card, other = hall.card(), hall.card()
    told = attend(hall, chip(card), chip(other), passing(clock, 120_000), LIST, chip(card), clock=clock)
    [closed] = [one for one in told if one["state"] == "day_closed"]
    assert (closed["day"], closed["still_present"]) == ("2026-11-24", 2)
    assert answers(told) == [("came", 1), ("came", 2), ("came", 1)]
    events = journal_of(hall)
    # Nothing in the journal links the holder's two days.
    assert kinds(events) == [(IN, 0)] * 3
    assert events[0].holder_ref != events[2].holder_ref
    assert attend(hall, clock=clock)[0]["present"] == 1


def set_by(clock: SetClock, milliseconds: int) -> Do:
    """Somebody sets the wall clock."""

    def setting() -> None:
        clock.now += milliseconds

    return Do(setting)


def test_a_clock_that_was_wrong_for_a_while_forgets_nobody(hall: Enrolled) -> None:
    clock, card, other = SetClock(source=ClockSource.FREE), hall.card(), hall.card()
    year = 365 * DAY_MS
    there_and_back = (set_by(clock, year), LIST, set_by(clock, -year), passing(clock, REPEAT_MS))
    told = attend(hall, chip(card), chip(other), *there_and_back, chip(card), clock=clock)
    assert answers(told) == [("came", 1), ("came", 2), ("left", 1)]
    assert kinds(journal_of(hall)) == [(IN, 0), (IN, 0), (OUT, 1)]


@pytest.mark.parametrize("restarts", [False, True])
def test_who_comes_while_the_clock_is_a_day_ahead_makes_nobody_come_twice(
    hall: Enrolled, restarts: bool
) -> None:
    clock = SetClock(source=ClockSource.FREE)
    first, second, third = (hall.card() for _ in range(3))
    later, full = passing(clock, REPEAT_MS), AttendanceRules(capacity=3)
    parts: list[list[Step]] = [
        [chip(first), later, chip(second), later],
        [set_by(clock, DAY_MS), chip(third), later],
        [set_by(clock, -DAY_MS), chip(first), later, chip(second), later, chip(third), later, LIST],
    ]
    if not restarts:
        parts = [[step for part in parts for step in part]]
    told: list[dict[str, Any]] = []
    for part in parts:
        told += attend(hall, *part, clock=clock, rules=full)
    assert answers(told) == [("came", 1), ("came", 2), ("came", 1), ("left", 1), ("left", 0), ("came", 1)]
    listed = next(one for one in reversed(told) if one["state"] == "presences")
    assert (listed["present"], listed["unmatched"]) == (1, 0)
    if not restarts:
        # Staff hear how many the wrong day had: they are to tap once more.
        closed = [(one["day"], one["still_present"]) for one in told if one["state"] == "day_closed"]
        assert closed == [("2026-11-24", 2), ("2026-11-25", 1)]


@pytest.mark.parametrize("restarts", [False, True])
def test_on_the_day_itself_nobody_is_here_who_came_while_the_clock_was_ahead(
    hall: Enrolled, restarts: bool
) -> None:
    clock, room = SetClock(source=ClockSource.FREE), AttendanceRules(capacity=2)
    card, other = hall.card(), hall.card()
    first: list[Step] = [chip(other), set_by(clock, DAY_MS), chip(card), set_by(clock, -DAY_MS)]
    then: list[Step] = [passing(clock, DAY_MS), LIST, chip(other), chip(card)]
    told: list[dict[str, Any]] = []
    for part in [first, then] if restarts else [first + then]:
        told += attend(hall, *part, clock=clock, rules=room)
    assert answers(told) == [("came", 1), ("came", 1), ("came", 1), ("came", 2)]
    assert next(one for one in reversed(told) if one["state"] == "presences")["list"] == []


@pytest.mark.parametrize("restarts", [False, True])
def test_a_coming_that_is_withdrawn_while_the_clock_is_ahead_stays_withdrawn(
    hall: Enrolled, restarts: bool
) -> None:
    clock = SetClock(source=ClockSource.FREE)
    card, other = hall.card(), hall.card()
    first: list[Step] = [chip(card), set_by(clock, DAY_MS), chip(other), set_by(clock, -DAY_MS)]
    then: list[Step] = [LIST]
    told: list[dict[str, Any]] = []
    for part in [first, then] if restarts else [first + then]:
        told += attend(hall, *part, clock=clock, rules=NEEDS)
    assert (CANCELLATION, 1) in kinds(journal_of(hall))
    assert next(one for one in reversed(told) if one["state"] == "presences")["list"] == []


def test_a_day_that_turns_out_to_be_right_keeps_who_came(hall: Enrolled) -> None:
    """Off for longer than a clock is trusted, and then a time service says that it was right."""
    clock, card, other = SetClock(source=ClockSource.FREE), hall.card(), hall.card()
    attend(hall, chip(other), clock=clock)
    clock.now, clock.boot, clock.monotonic = clock.now + 30 * DAY_MS, b"boot-two", 1_000
    attend(hall, chip(card), clock=clock)
    clock.source = ClockSource.SYNCHRONISED
    clock.pass_time(HOURS_MS)
    told = attend(hall, chip(other), chip(card), clock=clock)
    assert answers(told) == [("came", 2), ("left", 1)]
    assert journal_of(hall)[1].clock is ClockTrust.STEPPED


def test_who_came_while_the_clock_was_hours_ahead_may_leave_when_it_is_right(hall: Enrolled) -> None:
    clock, card = SetClock(source=ClockSource.FREE), hall.card()
    other = hall.card()
    told = attend(
        hall,
        *(chip(other), set_by(clock, 3 * HOURS_MS), chip(card), set_by(clock, -3 * HOURS_MS)),
        *(passing(clock, REPEAT_MS), chip(card)),
        clock=clock,
    )
    assert answers(told) == [("came", 1), ("came", 2), ("left", 1)]


def test_a_refused_card_is_recorded_and_nobody_came(hall: Enrolled) -> None:
    told = attend(hall, chip(hall.card(expires=date(2026, 2, 1))), LIST)
    assert [one["outcome"] for one in told if one["state"] == "result"] == ["expired"]
    assert told[-2]["present"] == 0
    assert [(event.kind, event.outcome) for event in journal_of(hall)] == [(IN, Outcome.EXPIRED)]


class _OtherCardInside:
    """A chip that answers the first SELECT as one card and everything after as another."""

    def __init__(self, first: ChipContents, then: ChipContents) -> None:
        self._first, self._then = chip(first), chip(then)
        self._selected = 0

    @property
    def atr(self) -> bytes:
        """The card's."""
        return self._then.atr

    def power_on(self) -> None:
        """Both."""
        self._first.power_on()
        self._then.power_on()

    def power_off(self) -> None:
        """Both."""
        self._first.power_off()
        self._then.power_off()

    def process(self, command: bytes) -> bytes:
        """The first command to the one, the rest to the other."""
        self._selected += 1
        return (self._first if self._selected == 1 else self._then).process(command)


def test_a_card_that_is_another_than_it_said_comes_and_goes_nowhere(hall: Enrolled) -> None:
    told = attend(hall, _OtherCardInside(hall.card(), hall.card()), LIST)
    assert [one["code"] for one in told if one["state"] == "trouble"] == ["CRD-103"]
    assert journal_of(hall) == []


def test_a_day_of_many_events_is_read_in_pages(hall: Enrolled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attendance, "_PAGE", 3)
    cards = [hall.card() for _ in range(8)]
    attend(hall, *(chip(card) for card in cards))
    assert attend(hall)[0]["present"] == 8
    monkeypatch.setattr(attendance, "MAX_EVENTS", 4)
    assert attend(hall)[0]["present"] == 6  # two pages


def test_people_see_counts_and_never_who(hall: Enrolled) -> None:
    out = io.StringIO()
    clock = SetClock()
    cards = [hall.card((category,), 1) for category in range(1, 8)]
    script = Script(*(chip(card) for card in cards), "l", "?", "x")
    with open_terminal(hall.directory, clock) as terminal:
        book = read_book(hall.directory.journal, "BUS-1", local_date(clock.now), clock.boot)
        display = CheckInLineDisplay(Language.ZH, out)
        desk = CheckIn(terminal, book, NEEDS, display, typed_order)
        DeskLoop(terminal.desk.contents, script, script, desk).run()
    shown = out.getvalue()
    assert "已签到　在场 1 人" in shown
    assert "第 12 号，12:00 起" in shown  # each but the last was withdrawn
    assert "没有监护人，已撤销" in shown
    assert "TRM-738" in shown
    for card in cards:
        assert TapCredential.from_bytes(card.credential).card_id.hex() not in shown
    for word in ("视力", "听力", "言语", "肢体", "智力", "精神", "多重"):
        assert word not in shown


def test_the_command_checks_in_over_pcsc_and_lists_who_is_here(
    hall: Enrolled, private_pcscd: PrivatePcscd
) -> None:
    empty_readers(private_pcscd)
    card = hall.card(issued=date.today())
    place = ("run", "--data", hall.directory.path, "--reader", private_pcscd.readers[0], "--json")
    command = ("terminal.modes.check_in_commands", *place, "--repeat-seconds", "0", "--capacity", "5")
    with DeskProcess(*command, environment=private_pcscd.environment()) as process:
        for answer, present in (("came", 1), ("left", 0), ("came", 1)):
            process.message("ready")
            with VpcdLink(chip(card), private_pcscd.ports[0]):
                told = process.message("attendance")
            assert (told["answer"], told["present"]) == (answer, present)
        process.message("ready")
        shown = run("present", "--data", str(hall.directory.path), "--json")  # beside the running desk
        assert (json.loads(shown)["present"], json.loads(shown)["list"][0]["sequence"]) == (1, 3)
        assert process.end() == 0
    assert "在场 1 人" in run("present", "--data", str(hall.directory.path), language="zh-CN")


def run(*arguments: str, language: str = "en") -> str:
    """What a verb prints."""
    result = CliRunner().invoke(app, list(arguments), catch_exceptions=False, env={"TONGKA_LANG": language})
    assert result.exit_code == 0, result.output
    return result.output


def test_a_terminal_without_a_journal_has_nobody(hall: Enrolled) -> None:
    assert json.loads(run("present", "--data", str(hall.directory.path), "--json"))["list"] == []
    assert (
        CliRunner().invoke(app, ["run", "--data", str(hall.directory.path), "--capacity", "0"]).exit_code == 2
    )


@given(st.text(max_size=40))
def test_any_entry_is_an_order_or_refused(text: str) -> None:
    read: Callable[[str], object]
    for read in (typed_order, json_order):
        try:
            order = read(text)
        except EntryRefused:
            continue
        assert isinstance(order, Guardian | ListPresent)
