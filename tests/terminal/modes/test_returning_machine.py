"""Whatever is tapped, whenever, and however often the terminal restarts: never two benefits in a window, and
never a person turned away who was not served here before."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from terminal.amendments import cancel
from terminal.decisions.decide import local_date
from terminal.events.event import UsageEvent
from terminal.events.outcome import Outcome
from tests.terminal.enrolled import NOON, SetClock
from tests.terminal.modes.gate import MINUTE, SECOND, WITHOUT_QUOTA, gate, opened


@dataclass
class Served:
    """A tap that let a card's holder go ahead."""

    event: UsageEvent
    counts: bool = True


class TerminalOfADay(RuleBasedStateMachine):
    """Three cards at one terminal, around midnight too."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = tempfile.TemporaryDirectory()
        self._running = ExitStack()
        self._served: dict[int, list[Served]] = {}

    @initialize(
        repeat=st.sampled_from([0, 5, 60]),
        transfer=st.sampled_from([0, 1, 30]),
        passback=st.sampled_from([0, 1, 10]),
        start=st.sampled_from([NOON, NOON + 12 * 60 * MINUTE - 2 * MINUTE]),
    )
    def begin(self, repeat: int, transfer: int, passback: int, start: int) -> None:
        self._repeat, self._transfer, self._passback = repeat * SECOND, transfer * MINUTE, passback * MINUTE
        self._terminal = gate(
            Path(self._folder.name) / "gate",
            WITHOUT_QUOTA,
            repeat_seconds=repeat,
            transfer_minutes=transfer,
            passback_minutes=passback,
        )
        self._cards = [self._terminal.card() for _ in range(3)]
        self._clock = SetClock(start)
        self._start()

    @rule()
    def restart(self) -> None:
        self._running.close()
        self._start()

    @rule(seconds=st.sampled_from([1, 4, 6, 31, 61, 300, 601, 1800]))
    def time_passes(self, seconds: int) -> None:
        self._here.pass_time(seconds * SECOND)

    @rule(number=st.integers(0, 2), companions=st.sampled_from([0, 0, 0, 1, 2]))
    def tap(self, number: int, companions: int) -> None:
        result = self._here.tap(self._cards[number], companions)
        event = self._here.terminal.desk.journal.event(result.sequence)
        assert event is not None
        day = [
            one
            for one in self._served.get(number, [])
            if one.counts and local_date(one.event.time_ms) == local_date(event.time_ms)
        ]
        if result.outcome.granted:
            self._check_granted(event, day)
        else:
            self._check_returned(event, day)
        if result.outcome.granted or result.outcome is Outcome.TRANSFERRED:
            self._served.setdefault(number, []).append(Served(event))

    @precondition(lambda self: any(self._served.values()))
    @rule(data=st.data())
    def staff_cancels(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from([key for key, served in self._served.items() if served]))
        last = self._served[number][-1]
        if not last.counts:
            return
        cancel(self._here.terminal.desk, last.event.sequence)
        last.counts = False
        if last.event.outcome.granted:
            # With its first tap the journey is gone; the next tap begins one.
            for one in self._served[number]:
                one.counts = False

    def teardown(self) -> None:
        self._running.close()
        self._folder.cleanup()

    def _start(self) -> None:
        self._here = self._running.enter_context(opened(self._terminal, self._clock))

    def _check_granted(self, event: UsageEvent, day: list[Served]) -> None:
        """No benefit beside another one in its window: a second takes the first's place, or comes later."""
        if event.refers_to:
            (replaced,) = [one for one in day if one.event.sequence == event.refers_to]
            assert (event.companions, event.fare) > (replaced.event.companions, 0)
            replaced.counts = False
            return
        for one in day:
            apart = event.time_ms - one.event.time_ms
            assert apart > self._repeat
            assert apart > self._passback
        grants = [one.event for one in day if one.event.outcome.granted and not one.event.refers_to]
        if grants and self._transfer:
            assert event.time_ms - grants[-1].time_ms > self._transfer

    def _check_returned(self, event: UsageEvent, day: list[Served]) -> None:
        """Whoever does not get the benefit was served here in the window that is named, and by that tap."""
        earlier = next(one.event for one in day if one.event.sequence == event.refers_to)
        window = {
            Outcome.REPEATED: self._repeat,
            Outcome.TRANSFERRED: self._transfer,
            Outcome.ALREADY_INSIDE: self._passback,
        }[event.outcome]
        started = self._started(earlier) if event.outcome is Outcome.TRANSFERRED else earlier.time_ms
        assert 0 <= event.time_ms - started <= window
        assert event.holder_pays == (event.fare if event.outcome is Outcome.ALREADY_INSIDE else 0)

    def _started(self, event: UsageEvent) -> int:
        """When the journey of a tap began, which may have taken another's place."""
        while event.refers_to:
            before = self._here.terminal.desk.journal.event(event.refers_to)
            assert before is not None
            event = before
        return event.time_ms


TestTerminalOfADay = TerminalOfADay.TestCase
TestTerminalOfADay.settings = settings(
    max_examples=12, stateful_step_count=20, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
