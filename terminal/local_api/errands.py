"""What a program has done with the next card in place of a tap: one errand at a time, for who waits for it.

An errand belongs to a request that is kept open. When that ends (time is up, or the client has gone) it is
withdrawn, and no card is read for it; once a card is being read it is done to its end.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from card.connection import CardConnection
from terminal.local_api.errors import SaleOfAnother, TerminalBusy
from terminal.local_api.till import TillSales
from terminal.modes.counter_errors import SaleStillOpen

T = TypeVar("T")


@dataclass(frozen=True)
class Errand(Generic[T]):
    """`work` is done with the card; `outcome` is what it returns or raises, cancelled where it is withdrawn.

    `owner` is the token that it came with.
    """

    owner: str
    work: Callable[[CardConnection], T] = field(repr=False)
    outcome: Future[T] = field(default_factory=Future, repr=False)

    def run(self, connection: CardConnection) -> bool:
        """Do it; False where it was withdrawn."""
        if not self.outcome.set_running_or_notify_cancel():
            return False
        try:
            self.outcome.set_result(self.work(connection))
        except Exception as error:  # noqa: BLE001 - goes to whoever asked; taps go on
            self.outcome.set_exception(error)
        return True

    def give_up(self) -> None:
        """It never will be done."""
        if self.outcome.set_running_or_notify_cancel():
            self.outcome.set_exception(TerminalBusy())


class Errands:
    """The errand that awaits a card; used by the thread that taps."""

    def __init__(self, sales: TillSales) -> None:
        self._sales = sales
        self._awaiting: Errand[Any] | None = None

    def await_card(self, errand: Errand[Any]) -> None:
        """The next card is for this errand. Raises as `require_free`."""
        self.require_free(errand.owner)
        self._awaiting = errand

    def require_free(self, owner: str) -> None:
        """Raise SaleStillOpen, SaleOfAnother or TerminalBusy where the next card is for something else."""
        self._sales.cancel_if_late()
        sale = self._sales.open
        if sale is not None:
            raise SaleStillOpen if sale.owner == owner else SaleOfAnother
        self.require_none()

    def require_none(self) -> None:
        """Raise TerminalBusy where the next card is for an errand."""
        if self._awaiting is not None and not self._awaiting.outcome.done():
            raise TerminalBusy

    def run(self, connection: CardConnection) -> bool:
        """Do what waits for the card; False where nothing does."""
        errand, self._awaiting = self._awaiting, None
        return errand is not None and errand.run(connection)

    def close(self) -> None:
        """No card will come any more."""
        errand, self._awaiting = self._awaiting, None
        if errand is not None:
            errand.give_up()
