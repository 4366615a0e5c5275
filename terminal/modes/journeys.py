"""Who was served here, until the day ends: in memory alone, by the day's reference, so that it names nobody.

Everything in it is in the day's events as well; a restart reads it from there, and opens no loophole.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from terminal.decisions.decide import local_date
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.return_windows import ReturnWindows, within

#: The oldest is forgotten first: whoever it was is then served as for the first time.
MAX_JOURNEYS: Final = 16_384


@dataclass(frozen=True)
class Asked:
    """What a tap asks for; `reference` is the holder's of the day."""

    reference: bytes
    service: str
    ticket: str
    fare: int
    companions: int

    @classmethod
    def by(cls, event: UsageEvent) -> Asked:
        """What an event of the journal asked for."""
        return cls(event.holder_ref, event.service, event.ticket, event.fare, event.companions)


@dataclass(frozen=True)
class Returned:
    """A card that was served here came back.

    `outcome` is what it gets; None where it asks for more than it got (a larger party, a dearer ride): then
    all of it is decided anew, in place of the earlier tap. `refers_to` is the sequence of that earlier tap.
    """

    outcome: Outcome | None
    refers_to: int


@dataclass
class _Journey:
    """`first`: the granted tap. `last`: the one that let the holder go ahead most recently.

    `is_bought`: the first tap bought a ticket at a gate with anti-passback, and let nobody in.
    """

    first: int
    first_ms: int
    started_ms: int  # earlier than the first tap where that took another's place
    last: int
    last_ms: int
    asked: Asked
    inside: bool = True
    is_bought: bool = False

    @property
    def is_to_come(self) -> bool:
        """Whether nobody entered with the ticket yet."""
        return self.is_bought and self.last == self.first


class Journeys:
    """The day's journeys at one terminal."""

    def __init__(self, windows: ReturnWindows) -> None:
        self._windows = windows
        self._day: date | None = None
        self._journeys: OrderedDict[tuple[bytes, str, str], _Journey] = OrderedDict()

    def __len__(self) -> int:
        return len(self._journeys)

    def returned(self, asked: Asked, time_ms: int) -> Returned | None:
        """What a card that is tapped at this time gets for having been here; None where it was not.

        An earlier tap that was cancelled since must be taken out first (`rests_on`, `take_out`).
        """
        journey = self._of(asked, time_ms)
        if journey is None:
            return None
        is_repeat = journey.inside and within(self._windows.repeat, journey.last_ms, time_ms)
        if not is_repeat and journey.inside and within(self._windows.passback, journey.last_ms, time_ms):
            return Returned(Outcome.ALREADY_INSIDE, journey.last)
        window = self._windows.bought if journey.is_to_come else self._windows.transfer
        if not is_repeat and not within(window, journey.started_ms, time_ms):
            return None
        if asked.companions > journey.asked.companions or asked.fare > journey.asked.fare:
            return Returned(None, journey.first)
        if is_repeat:
            return Returned(Outcome.REPEATED, journey.last)
        return Returned(Outcome.TRANSFERRED, journey.first)

    def rests_on(self, asked: Asked, time_ms: int) -> frozenset[int]:
        """The sequences of the taps that this card's journey of the day rests on; none without one."""
        journey = self._of(asked, time_ms)
        return frozenset() if journey is None else frozenset((journey.first, journey.last))

    def take_out(self, asked: Asked, sequence: int) -> None:
        """That tap does not count any more: with its first tap a journey is gone, with another that alone."""
        journey = self._journeys[_key(asked)]
        if sequence == journey.first:
            del self._journeys[_key(asked)]
        else:
            journey.last, journey.last_ms = journey.first, journey.first_ms
            journey.inside = journey.inside and not journey.is_bought

    def correct(self, asked: Asked, fare: int, companions: int) -> None:
        """The first tap of this card's journey was for so much and no more."""
        journey = self._journeys[_key(asked)]
        journey.asked = replace(journey.asked, fare=fare, companions=companions)

    def note(self, event: UsageEvent, *, is_sold: bool = False) -> None:
        """Take up an event of the journal, in its order; `is_sold`: it bought a ticket."""
        if not event.holder_ref:
            return
        asked = Asked.by(event)
        journey = self._of(asked, event.time_ms)
        if event.kind is EventKind.CHECK_OUT and journey is not None:
            journey.inside = False
        elif event.kind is not EventKind.TAP:
            return
        elif event.outcome.granted:
            self._begin(event, asked, journey, is_sold=is_sold)
        elif event.outcome is Outcome.TRANSFERRED and journey is not None:
            journey.last, journey.last_ms, journey.inside = event.sequence, event.time_ms, True

    def _begin(self, event: UsageEvent, asked: Asked, replaced: _Journey | None, *, is_sold: bool) -> None:
        is_replaced = replaced is not None and event.refers_to == replaced.first
        started_ms = replaced.started_ms if replaced is not None and is_replaced else event.time_ms
        self._journeys.pop(_key(asked), None)
        # Where nobody is kept out, whoever bought has come: within seconds it is the same tap again.
        is_bought = is_sold and bool(self._windows.passback)
        self._journeys[_key(asked)] = _Journey(
            first=event.sequence,
            first_ms=event.time_ms,
            started_ms=started_ms,
            last=event.sequence,
            last_ms=event.time_ms,
            asked=asked,
            inside=not is_bought,
            is_bought=is_bought,
        )
        while len(self._journeys) > MAX_JOURNEYS:
            self._journeys.popitem(last=False)

    def _of(self, asked: Asked, time_ms: int) -> _Journey | None:
        day = local_date(time_ms)
        if day != self._day:
            # The day's references mean nobody on another.
            self._journeys.clear()
            self._day = day
        return self._journeys.get(_key(asked))


def _key(asked: Asked) -> tuple[bytes, str, str]:
    return asked.reference, asked.service, asked.ticket
