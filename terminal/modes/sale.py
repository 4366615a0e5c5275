"""A sale: several persons and companions, each tap recorded at once, all confirmed or cancelled together.

    with SaleDesk(terminal.desk) as sales:
        sale = sales.begin()
        result = sale.tap(connection, SaleItem.of(service, companions=1))
        ...
        sale.confirm()      # or sale.cancel()

A tap that was acknowledged is in the journal. One that is not confirmed in the end is cancelled by a further
event: by `cancel`, after a while without a move, when the desk is closed, or, where the process was killed,
when the terminal starts again. What the taps use of quotas counts from the confirmation on. Moves come from
the thread that opened the terminal, as all that writes its journal; `state` may be read from any.
"""

from __future__ import annotations

import secrets
import threading
from datetime import date
from typing import Final

from card.connection import CardConnection
from crypto.closing import Closing
from terminal.decisions.decide import local_date
from terminal.modes.counter_errors import (
    CardInSaleAlready,
    NotInSale,
    SaleFull,
    SaleMoveRefused,
    SaleStillOpen,
    SaleTimedOut,
)
from terminal.modes.sale_state import SaleItem, SaleLine, SaleMove, SalePhase, SaleState
from terminal.open_sale import MAX_TAPS, cancel_unconfirmed
from terminal.presence import TapDesk
from terminal.tap import TapResult, tap
from terminal.timekeeping import Moment

# Longer than a family needs to find the next card; a till that was left gives everybody's uses back.
IDLE_MS: Final = 300_000


class Sale:
    """One sale. `id` names it to programs: random, and of this run only.

    Every move raises SaleMoveRefused where the phase does not allow it, SaleTimedOut where it came too late,
    and what the journal raises: TapNotRecorded, JournalUnavailable, JournalDamaged.
    """

    def __init__(self, desk: TapDesk, idle_ms: int = IDLE_MS) -> None:
        self.id: Final = secrets.token_hex(8)
        self._desk, self._idle_ms = desk, idle_ms
        self._lock = threading.RLock()
        self._state = SaleState(SalePhase.OPEN)
        self._taps = 0  # those that were refused, and those of lines that left, among them
        self._references: dict[int, bytes] = {}
        now = self._now()
        self._day: Final[date] = local_date(now.time_ms)
        self._moved_ms = now.reading.monotonic_ms

    @property
    def is_training(self) -> bool:
        """Whether it is of training, and nothing of it counts."""
        return self._desk.owner.is_training

    @property
    def state(self) -> SaleState:
        """Where it stands."""
        return self._state

    def tap(self, connection: CardConnection, item: SaleItem) -> TapResult:
        """Tap the card for this item; when this returns, its event is durable.

        A genuine card becomes a line of the sale, entitled or not; one that is refused (torn, foreign,
        expired …) is recorded and adds nothing, for its holder will try again. Raises also CardInSaleAlready,
        SaleFull, and as `terminal.tap.tap` does.
        """
        with self._lock:
            self._require(SaleMove.TAP)
            if self._taps >= MAX_TAPS:
                raise SaleFull(most=MAX_TAPS)
            result = tap(self._desk, connection, item.request)
            self._taps += 1
            self._note_move()
            event = self._desk.journal.event(result.sequence)
            if event is None or not event.holder_ref:
                return result
            if event.holder_ref in self._references.values():
                cancel_unconfirmed(self._desk, (result.sequence,))
                raise CardInSaleAlready
            self._references[result.sequence] = event.holder_ref
            self._become(SalePhase.OPEN, (*self._state.lines, SaleLine(item, result)))
            return result

    def remove(self, number: int) -> SaleState:
        """Take one line out again, and the companion card's behind it; their taps are cancelled.

        Raises also NotInSale.
        """
        with self._lock:
            self._require(SaleMove.REMOVE)
            if self._state.line(number) is None:
                raise NotInSale(sequence=number)
            gone = {number, *self._companion_of(number)}
            # The companion's first: should the disk fail in between, nobody accompanies a holder who left.
            cancel_unconfirmed(self._desk, sorted(gone, reverse=True))
            self._note_move()
            for one in gone:
                del self._references[one]
            left = tuple(line for line in self._state.lines if line.number not in gone)
            return self._become(SalePhase.OPEN, left)

    def confirm(self) -> SaleState:
        """Close it: its lines count."""
        with self._lock:
            self._require(SaleMove.CONFIRM)
            # A second tap of one card whose cancellation the disk did not take at the time.
            lines = {line.number for line in self._state.lines}
            waiting = self._desk.journal.unconfirmed()
            cancel_unconfirmed(self._desk, (one for one in waiting if one not in lines))
            self._desk.quotas.confirm()
            return self._end(SalePhase.CONFIRMED)

    def cancel(self) -> SaleState:
        """End it without effect: every tap that gave something is cancelled, quotas are given back.

        Where the journal fails in between it is CANCELLING, and can be cancelled again.
        """
        with self._lock:
            if SaleMove.CANCEL not in self._state.phase.moves:
                raise SaleMoveRefused(move=SaleMove.CANCEL.label, phase=self._state.phase.label)
            self._become(SalePhase.CANCELLING, self._state.lines)
            cancel_unconfirmed(self._desk, self._desk.journal.unconfirmed())
            return self._end(SalePhase.CANCELLED)

    def cancel_if_late(self) -> bool:
        """Cancel it if nothing happened for too long, or its day is over; whether it was."""
        with self._lock:
            if self._state.phase.is_over or not self._is_late():
                return False
            self.cancel()
            return True

    def _companion_of(self, number: int) -> tuple[int, ...]:
        """The line that counts only because this one does; none, or one."""
        has_companion = self._desk.succession.has_companion(number)
        return (number + 1,) if has_companion and self._state.line(number + 1) is not None else ()

    def _require(self, move: SaleMove) -> None:
        if move not in self._state.phase.moves:
            raise SaleMoveRefused(move=move.label, phase=self._state.phase.label)
        if self.cancel_if_late():
            raise SaleTimedOut

    def _is_late(self) -> bool:
        now = self._now()
        # The references by which a card is known again are of one day.
        if local_date(now.time_ms) != self._day:
            return True
        return now.reading.monotonic_ms - self._moved_ms > self._idle_ms

    def _note_move(self) -> None:
        self._moved_ms = self._now().reading.monotonic_ms

    def _now(self) -> Moment:
        return self._desk.journal.timekeeper.now()

    def _end(self, phase: SalePhase) -> SaleState:
        self._references.clear()
        return self._become(phase, self._state.lines)

    def _become(self, phase: SalePhase, lines: tuple[SaleLine, ...]) -> SaleState:
        self._state = SaleState(phase, lines)
        return self._state


class SaleDesk(Closing):
    """Begins sales at a terminal, one at a time."""

    def __init__(self, desk: TapDesk, idle_ms: int = IDLE_MS) -> None:
        self._desk, self._idle_ms = desk, idle_ms
        self._sale: Sale | None = None

    @property
    def current(self) -> Sale | None:
        """The sale that is not over yet."""
        sale = self._sale
        return None if sale is None or sale.state.phase.is_over else sale

    def begin(self) -> Sale:
        """The next sale. Raises SaleStillOpen; what was left too long is cancelled first."""
        current = self.current
        if current is not None and not current.cancel_if_late():
            raise SaleStillOpen
        self._sale = Sale(self._desk, self._idle_ms)
        return self._sale

    def close(self) -> None:
        """Cancel what is not confirmed. Closing twice does nothing; raises as Sale.cancel does."""
        current = self.current
        if current is not None:
            current.cancel()
