"""What a client may ask the thread that taps to do: sell, take back, correct."""

from __future__ import annotations

from collections.abc import Iterable

from terminal.amendment_errors import NothingToAmend
from terminal.amendments import cancel, correct
from terminal.assembly import Terminal
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.local_api.errands import Errands
from terminal.local_api.errors import RoleTooLow
from terminal.local_api.requests import fare_above_list, service_not_offered
from terminal.local_api.role import Role
from terminal.local_api.sale_models import LineAsked
from terminal.local_api.till import TillSales, TillState
from terminal.local_api.tokens import Bearer
from terminal.modes.counter_errors import SaleStillOpen
from terminal.modes.sale_state import SaleItem, SalePhase


class Orders:
    """Carries out orders; used by the thread that taps. `owner` is the token that an order came with."""

    def __init__(self, terminal: Terminal, sales: TillSales, errands: Errands) -> None:
        self._terminal, self._sales, self._errands = terminal, sales, errands

    def begin(self, owner: str, lines: Iterable[LineAsked]) -> TillState:
        """A sale of these lines.

        Raises SaleStillOpen, SaleOfAnother, TerminalBusy while an errand awaits a card, TicketUnknown,
        ServiceUnknown, RequestMalformed.
        """
        self._errands.require_none()
        return self._sales.begin(owner, [self._item(line) for line in lines])

    def add(self, owner: str, sale_id: str, lines: Iterable[LineAsked]) -> TillState:
        """Further lines. Raises also SaleMoveRefused."""
        return self._sales.add(owner, sale_id, [self._item(line) for line in lines])

    def remove(self, owner: str, sale_id: str, number: int) -> TillState:
        """Take one tap out of a sale. Raises NotInSale, SaleMoveRefused, SaleTimedOut."""
        return self._sales.move(owner, sale_id, lambda sale: sale.remove(number))

    def confirm(self, owner: str, sale_id: str) -> TillState:
        """The taps count. Raises SaleMoveRefused, SaleTimedOut."""
        return self._sales.move(owner, sale_id, lambda sale: sale.confirm(), SalePhase.CONFIRMED)

    def cancel_sale(self, owner: str, sale_id: str) -> TillState:
        """None of them does. Raises SaleMoveRefused."""
        return self._sales.move(owner, sale_id, lambda sale: sale.cancel(), SalePhase.CANCELLED)

    def cancel_tap(self, bearer: Bearer, sequence: int) -> UsageEvent:
        """A tap does not count. Raises as amendments.cancel, and SaleStillOpen, RoleTooLow."""
        self._require_tap(bearer, sequence)
        return cancel(self._terminal.desk, sequence)

    def correct_tap(self, bearer: Bearer, sequence: int, fare: int, companions: int) -> UsageEvent:
        """A tap was for less. Raises as amendments.correct, and SaleStillOpen, RoleTooLow."""
        self._require_tap(bearer, sequence)
        return correct(self._terminal.desk, sequence, fare, companions)

    def require_settled(self, sequence: int) -> None:
        """Raise SaleStillOpen for a tap whose sale may still be cancelled."""
        if self._sales.holds(sequence):
            raise SaleStillOpen

    def _require_tap(self, bearer: Bearer, sequence: int) -> None:
        # Of a tap that is not its own sale's a till learns nothing, not even whether there is one.
        if not bearer.role.includes(Role.STAFF) and self._sales.owner_of(sequence) != bearer.name:
            raise RoleTooLow(role=bearer.role)
        self.require_settled(sequence)
        event = self._terminal.desk.journal.event(sequence)
        # A till has no business with visits, needs and ratings.
        if event is not None and event.kind is not EventKind.TAP:
            raise NothingToAmend(sequence=sequence)

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
