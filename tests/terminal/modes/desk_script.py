"""A desk's reader and its entries, played from a script: what happens in which order is certain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from card.connection import CardConnection
from card.errors import CardNotRemoved, NoCardInTime, WaitCancelled
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.chip import Chip
from crypto.closing import Closing
from crypto.explained import ExplainedError
from tests.terminal.enrolled import SetClock


class Move(Enum):
    """What a script says besides cards and entries."""

    TAKE_AWAY = "the card that lies there is taken away"


@dataclass(frozen=True)
class Do:
    """Something else happens."""

    action: Callable[[], object]


def passing(clock: SetClock, milliseconds: int) -> Do:
    """Time passes."""
    return Do(lambda: clock.pass_time(milliseconds))


Step: TypeAlias = str | Chip | Move | ExplainedError | Do


class Script(Closing):
    """Both a `CardReader` and an `EntrySource`; ends the loop when it is over.

    A card lies there until the next card or TAKE_AWAY; entries (text) and calls come while it does.
    """

    name = "scripted"
    ended = False

    def __init__(self, *steps: Step) -> None:
        self._steps = list(steps)
        self.lying: Chip | None = None
        self._is_new = False  # put down, and the desk has not seen it yet

    @property
    def _next(self) -> Step | None:
        return self._steps[0] if self._steps else None

    def take(self) -> str | None:
        """The entry whose turn it is."""
        if isinstance(self._next, str) and not self._is_new:
            return str(self._steps.pop(0))
        return None

    def wait_for_card(self, timeout: float | None) -> CardConnection:
        """A line to the card that lies there, or is put there next."""
        if self.lying is not None:
            return InProcessConnection(self.lying)
        step = self._next
        if step is None:
            raise WaitCancelled
        if isinstance(step, str):
            raise NoCardInTime
        self._steps.pop(0)
        if isinstance(step, ExplainedError):
            raise step
        if isinstance(step, Do):
            step.action()
        if isinstance(step, Move | Do):
            raise NoCardInTime
        self.lying, self._is_new = step, True
        return InProcessConnection(step)

    def wait_for_removal(self, timeout: float | None) -> None:
        """The card that lies there is taken away when the script says so."""
        step, self._is_new = self._next, False
        if isinstance(step, Do):
            self._steps.pop(0)
            step.action()
        if isinstance(step, str | Do):
            raise CardNotRemoved
        if step is Move.TAKE_AWAY:
            self._steps.pop(0)
        self.lying = None

    def cancel(self) -> None:
        """Nothing more happens."""
        self._steps.clear()
        self.lying = None

    def close(self) -> None:
        """Nothing to let go of."""
