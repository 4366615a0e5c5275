"""What is done with a card while programs listen: it is for an errand, for the open sale,
or for the terminal's own service.

A `Desk` (terminal.modes.desk_loop), so all of it runs in the thread that opened the terminal.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from card.connection import CardConnection
from crypto.explained import ExplainedError
from terminal.assembly import Terminal
from terminal.errors import TerminalError
from terminal.local_api.bridge import Bridge
from terminal.local_api.errands import Errands
from terminal.local_api.errors import NoTapAwaited
from terminal.local_api.feed import Feed
from terminal.local_api.health import Health, HealthWatch
from terminal.local_api.taps import TapEntry
from terminal.local_api.till import TillSales
from terminal.presence import TapRequest
from terminal.tap import TapResult

OwnTap = Callable[[CardConnection, TapRequest], TapResult]


class ApiDesk:
    """Taps, takes up what programs ask, and puts down every event for those who follow.

    `own_tap` is the tap of a card outside a sale; None where only sales are served.
    """

    def __init__(
        self,
        *,
        terminal: Terminal,
        sales: TillSales,
        errands: Errands,
        bridge: Bridge,
        feed: Feed,
        watch: HealthWatch,
        own_tap: OwnTap | None,
    ) -> None:
        self._terminal, self._sales, self._errands = terminal, sales, errands
        self._bridge, self._feed, self._own_tap = bridge, feed, own_tap
        self._watch = watch
        self.health: Health = self._watch.look()

    def ready(self) -> None:
        """A card is awaited."""
        self._watch.reader_works()

    def card(self, connection: CardConnection) -> None:
        """Run the errand that waits for it, or tap it. Raises as TillSale.tap or the own tap does."""
        # What was asked before the card came is for this card.
        self._bridge.work()
        if self._errands.run(connection):
            self._put_events()
            return
        try:
            result, admits = self._tap(connection)
        except BaseException:
            self._put_events()
            raise
        self._watch.tapped()
        self._put_events(result, admits=admits)

    def card_left(self) -> None:
        """The tap is over: its words are for nobody any more."""
        self._feed.fade()

    def entry(self, line: str) -> None:
        """Nobody types here."""

    def turn(self) -> None:
        """Take up what was asked, end a sale that was left alone, and see how everything is."""
        self._bridge.work()
        try:
            self._sales.cancel_if_late()
        finally:
            self._put_events()
            self.health = self._watch.look()

    def close(self) -> None:
        """The last call: do what waits, cancel what is not confirmed, and tell those who follow."""
        self._bridge.close()
        self._errands.close()
        try:
            self._sales.close()
        finally:
            self._put_events()

    def trouble(self, error: ExplainedError) -> None:
        """Something went wrong: programs see it in the status, and a till in its sale."""
        if not isinstance(error, NoTapAwaited):
            self._watch.note(error)

    def _tap(self, connection: CardConnection) -> tuple[TapResult, bool]:
        """What came of the tap, and whether a gate opens for it."""
        sale = self._sales.open
        if sale is not None:
            # Nobody has paid yet: the till knows when they have.
            return self._sales.tap(sale, connection), False
        if self._own_tap is None:
            raise NoTapAwaited
        result = self._own_tap(connection, self._terminal.request())
        return result, self._terminal.configuration.validator.windows.admits(result.outcome)

    def _put_events(self, result: TapResult | None = None, *, admits: bool = False) -> None:
        """Put down all that was recorded since the last time, whoever caused it."""
        # A disk that fails now is told of by whoever needs it; the events are put down when it is back.
        with suppress(TerminalError):
            while (event := self._terminal.desk.journal.event(self._feed.head + 1)) is not None:
                is_its = result is not None and result.sequence == event.sequence
                self._feed.put(TapEntry.of(event, result if is_its else None, admits=is_its and admits))
