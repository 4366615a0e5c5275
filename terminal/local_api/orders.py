"""What a client may ask the thread that taps to do: sell, take back, correct."""

from __future__ import annotations

from collections.abc import Iterable

from terminal.amendments import cancel, correct
from terminal.assembly import Terminal
from terminal.events.event import UsageEvent
from terminal.local_api.errors import EventInOpenSale
from terminal.local_api.models import LineAsked
from terminal.local_api.requests import fare_above_list, service_not_offered
from terminal.local_api.till import TillSales, TillState
from terminal.modes.sale_state import SaleItem


class Orders:
    """Carries out orders; used by the thread that taps."""

    def __init__(self, terminal: Terminal, sales: TillSales) -> None:
        self._terminal, self._sales = terminal, sales

    def begin(self, lines: Iterable[LineAsked]) -> TillState:
        """A sale of these lines. Raises SaleStillOpen, TicketUnknown, ServiceUnknown, RequestMalformed."""
        return self._sales.begin([self._item(line) for line in lines])

    def add(self, sale_id: str, lines: Iterable[LineAsked]) -> TillState:
        """Further lines. Raises also SaleMoveRefused."""
        return self._sales.add(sale_id, [self._item(line) for line in lines])

    def remove(self, sale_id: str, number: int) -> TillState:
        """Take one tap out of a sale. Raises NotInSale, SaleMoveRefused, SaleTimedOut."""
        return self._sales.move(sale_id, lambda sale: sale.remove(number))

    def confirm(self, sale_id: str) -> TillState:
        """The taps count. Raises SaleMoveRefused, SaleTimedOut."""
        return self._sales.move(sale_id, lambda sale: sale.confirm())

    def cancel_sale(self, sale_id: str) -> TillState:
        """None of them does. Raises SaleMoveRefused."""
        return self._sales.move(sale_id, lambda sale: sale.cancel())

    def cancel_event(self, sequence: int) -> UsageEvent:
        """An event does not count. Raises as amendments.cancel, and EventInOpenSale."""
        self.require_settled(sequence)
        return cancel(self._terminal.desk, sequence)

    def correct_event(self, sequence: int, fare: int, companions: int) -> UsageEvent:
        """An event was for less. Raises as amendments.correct, and EventInOpenSale."""
        self.require_settled(sequence)
        return correct(self._terminal.desk, sequence, fare, companions)

    def require_settled(self, sequence: int) -> None:
        """Raise EventInOpenSale for an event whose sale may still be cancelled."""
        if self._sales.holds(sequence):
            raise EventInOpenSale(sequence=sequence)

    def _item(self, line: LineAsked) -> SaleItem:
        configuration = self._terminal.configuration
        catalogue = self._terminal.desk.contents.current().catalogue
        service = catalogue.item(line.service or configuration.service)
        if service.operator != self._terminal.service.operator:
            raise service_not_offered(service.code)
        item = SaleItem.of(service, line.ticket, line.companions, line.fare)
        listed = service.list_fare(line.ticket)
        if item.fare > listed:
            raise fare_above_list(listed)
        return item
