"""The ticket office: a group's cards one after the other, one sum, one confirmation.

with open_terminal(directory) as terminal, SaleDesk(terminal.desk) as sales:
    office = TicketOffice(terminal, sales, display, typed_order)
    DeskLoop(terminal.desk.contents, reader, entries, office).run()

The first card begins a sale, staff end it; one that is left alone, or open when the office closes, is
cancelled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from card.connection import CardConnection
from crypto.explained import ExplainedError, Text
from terminal.assembly import Terminal
from terminal.modes.counter_errors import SaleMoveRefused, SaleTimedOut
from terminal.modes.office_orders import CancelSale, ConfirmSale, NextPerson, OfficeOrder, RemoveLine
from terminal.modes.sale import Sale, SaleDesk
from terminal.modes.sale_state import SaleItem, SaleMove, SaleState
from terminal.tap import TapResult

_NOT_BEGUN: Final = Text(zh="还没有开始", en="not begun")


class OfficeDisplay(Protocol):
    """What staff see; called from the loop's thread."""

    def ready(self) -> None:
        """A card is awaited."""

    def next_person(self, item: SaleItem) -> None:
        """What the next card will be tapped for."""

    def reading(self) -> None:
        """A card is being read."""

    def result(self, result: TapResult) -> None:
        """A tap is decided and recorded."""

    def sale(self, state: SaleState) -> None:
        """The sale has changed, or ended."""

    def interrupted(self, taps: int) -> None:
        """The sale before was broken off with the program; so many taps were cancelled."""

    def trouble(self, error: ExplainedError) -> None:
        """Something is wrong that is not the card's doing."""


class TicketOffice:
    """A `Desk` that sells; `read_order` is what turns an entry into an order."""

    def __init__(
        self,
        terminal: Terminal,
        sales: SaleDesk,
        display: OfficeDisplay,
        read_order: Callable[[str], OfficeOrder],
    ) -> None:
        self._terminal, self._sales = terminal, sales
        self._display, self._read_order = display, read_order
        self._next = NextPerson()
        if terminal.cancelled_at_start:
            display.interrupted(terminal.cancelled_at_start)

    def ready(self) -> None:
        """A card is awaited."""
        self._display.ready()

    def card(self, connection: CardConnection) -> None:
        """One more person; begins a sale where none is open. Raises as Sale.tap does."""
        self._display.reading()
        sale = self._sales.current or self._sales.begin()
        ordered, self._next = self._next, NextPerson()
        result = sale.tap(connection, self._item(ordered))
        self._display.result(result)
        self._display.sale(sale.state)

    def card_left(self) -> None:
        """Nothing to do: a tap is over when it is recorded."""

    def entry(self, line: str) -> None:
        """Carry out an order. Raises EntryRefused, TicketUnknown, and what a sale's moves raise."""
        match self._read_order(line):
            case NextPerson(companions, ticket):
                chosen = NextPerson(
                    self._next.companions if companions is None else companions,
                    self._next.ticket if ticket is None else ticket,
                )
                # Refused now, while whoever entered it still looks.
                item = self._item(chosen)
                self._next = chosen
                self._display.next_person(item)
            case RemoveLine(number):
                self._display.sale(self._open(SaleMove.REMOVE).remove(number))
            case ConfirmSale():
                self._display.sale(self._open(SaleMove.CONFIRM).confirm())
            case CancelSale():
                self._display.sale(self._open(SaleMove.CANCEL).cancel())

    def turn(self) -> None:
        """Cancel a sale that was left alone."""
        sale = self._sales.current
        if sale is not None and sale.cancel_if_late():
            self._display.trouble(SaleTimedOut())
            self._display.sale(sale.state)

    def trouble(self, error: ExplainedError) -> None:
        """Show what went wrong."""
        self._display.trouble(error)

    def _open(self, move: SaleMove) -> Sale:
        sale = self._sales.current
        if sale is None:
            raise SaleMoveRefused(move=move.label, phase=_NOT_BEGUN)
        return sale

    def _item(self, ordered: NextPerson) -> SaleItem:
        return SaleItem.of(self._terminal.service, ordered.ticket or "", ordered.companions or 0)
