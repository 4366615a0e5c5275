"""A till's sale: what it asks for, line by line, and the taps that come for it.

Used by the thread that taps; the states that it gives out may be read from any.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from card.connection import CardConnection
from crypto.explained import ExplainedError, Text
from terminal.local_api.errors import NoTapAwaited, SaleOfAnother
from terminal.local_api.requests import sale_unknown, too_many_lines
from terminal.modes.counter_errors import SaleMoveRefused, SaleTimedOut
from terminal.modes.sale import Sale, SaleDesk
from terminal.modes.sale_state import SaleItem, SaleMove, SalePhase, SaleState
from terminal.open_sale import MAX_TAPS
from terminal.tap import TapResult

#: Taps of which the token is known whose sale they were; with older ones staff can help.
_OWNED: Final = 16_384
#: Sales that are over and can still be asked for: a till may have lost the last answer.
_REMEMBERED: Final = 16
_ADDING: Final = Text(zh="增加一行", en="adding a line")


@dataclass(frozen=True)
class TillState:
    """A sale as it stands.

    `revision` grows with every change. `waiting` are the lines no card was tapped for yet, the next one
    first; `last` is what came of the last tap, `trouble` what went wrong since then.
    """

    id: str
    revision: int
    sale: SaleState
    waiting: tuple[SaleItem, ...]
    last: TapResult | None
    trouble: ExplainedError | None
    is_training: bool


class TillSale:
    """One sale, its lines in the order in which cards are expected; `owner` is the token that began it."""

    def __init__(self, owner: str, sale: Sale, items: Iterable[SaleItem]) -> None:
        self.owner: Final = owner
        self._sale, self._waiting = sale, deque(items)
        self.state = TillState(sale.id, 1, sale.state, tuple(self._waiting), None, None, sale.is_training)

    def add(self, items: Iterable[SaleItem]) -> None:
        """More lines. Raises SaleMoveRefused where it is over, RequestMalformed for too many."""
        added = tuple(items)
        phase = self._sale.state.phase
        if SaleMove.TAP not in phase.moves:
            raise SaleMoveRefused(move=_ADDING, phase=phase.label)
        if len(self._waiting) + len(added) > MAX_TAPS:
            raise too_many_lines(MAX_TAPS)
        self._waiting.extend(added)
        self._become()

    def tap(self, connection: CardConnection) -> TapResult:
        """Tap for the next line. Raises NoTapAwaited, and as Sale.tap does."""
        try:
            if not self._waiting:
                raise NoTapAwaited
            result = self._sale.tap(connection, self._waiting[0])
        except ExplainedError as error:
            self._become(trouble=error)
            raise
        if self._sale.state.line(result.sequence) is not None:
            self._waiting.popleft()
        self._become(last=result)
        return result

    def move(self, move: Callable[[Sale], SaleState]) -> None:
        """Remove a line, confirm or cancel. Raises as these do."""
        try:
            move(self._sale)
        finally:
            self._become(trouble=self.state.trouble, last=self.state.last)

    def cancel_if_late(self) -> None:
        """End what was left alone. Raises what the journal does."""
        if self._sale.cancel_if_late():
            self._become(trouble=SaleTimedOut())

    def _become(self, last: TapResult | None = None, trouble: ExplainedError | None = None) -> None:
        if self._sale.state.phase.is_over:
            self._waiting.clear()
        self.state = TillState(
            self.state.id,
            self.state.revision + 1,
            self._sale.state,
            tuple(self._waiting),
            last,
            trouble,
            self.state.is_training,
        )


class TillSales:
    """The sales of this run, one open at a time; `on_change` is called after each change."""

    def __init__(self, desk: SaleDesk, on_change: Callable[[], None]) -> None:
        self._desk, self._on_change = desk, on_change
        self._sales: dict[str, TillSale] = {}
        self._owners: OrderedDict[int, str] = OrderedDict()

    @property
    def open(self) -> TillSale | None:
        """The one that is not over."""
        current = self._desk.current
        return None if current is None else self._sales[current.id]

    def states(self, owner: str) -> tuple[TillState, ...]:
        """Those of a token that are remembered, the latest last; from any thread."""
        return tuple(one.state for one in self._sales.values() if one.owner == owner)

    def state(self, owner: str, sale_id: str) -> TillState:
        """One of them; from any thread. Raises RequestMalformed."""
        return self._sale(owner, sale_id).state

    def begin(self, owner: str, items: Iterable[SaleItem]) -> TillState:
        """The next sale. Raises SaleStillOpen, SaleOfAnother."""
        self.cancel_if_late()
        current = self.open
        if current is not None and current.owner != owner:
            raise SaleOfAnother
        sale = self._desk.begin()
        sales = {**self._sales, sale.id: TillSale(owner, sale, items)}
        for forgotten in list(sales)[:-_REMEMBERED]:
            del sales[forgotten]
        self._sales = sales
        self._on_change()
        return sales[sale.id].state

    def add(self, owner: str, sale_id: str, items: Iterable[SaleItem]) -> TillState:
        """More lines. Raises as TillSale.add."""
        sale = self._sale(owner, sale_id)
        sale.add(items)
        self._on_change()
        return sale.state

    def move(
        self,
        owner: str,
        sale_id: str,
        move: Callable[[Sale], SaleState],
        towards: SalePhase | None = None,
    ) -> TillState:
        """Move one of them; nothing is to be done where it is `towards` already, for answers get lost.

        Raises as the move does, and RequestMalformed for an id that is not the owner's.
        """
        sale = self._sale(owner, sale_id)
        if sale.state.sale.phase is towards:
            return sale.state
        try:
            sale.move(move)
        finally:
            self._on_change()
        return sale.state

    def tap(self, sale: TillSale, connection: CardConnection) -> TapResult:
        """Tap for the open sale. Raises as TillSale.tap."""
        try:
            result = sale.tap(connection)
        finally:
            self._on_change()
        self._owners[result.sequence] = sale.owner
        if len(self._owners) > _OWNED:
            self._owners.popitem(last=False)
        return result

    def cancel_if_late(self) -> None:
        """End the open one where it was left alone. Raises what the journal does."""
        sale = self.open
        if sale is None:
            return
        revision = sale.state.revision
        sale.cancel_if_late()
        if sale.state.revision != revision:
            self._on_change()

    def close(self) -> None:
        """Cancel the open one. Raises what the journal does."""
        sale = self.open
        if sale is not None:
            self.move(sale.owner, sale.state.id, lambda one: one.cancel())

    def holds(self, sequence: int) -> bool:
        """Whether an event belongs to the open sale."""
        sale = self.open
        return sale is not None and sale.state.sale.line(sequence) is not None

    def owner_of(self, sequence: int) -> str | None:
        """The token whose sale this tap was in this run; None for others."""
        return self._owners.get(sequence)

    def _sale(self, owner: str, sale_id: str) -> TillSale:
        sale = self._sales.get(sale_id)
        # Another's id is as unknown as one that never was.
        if sale is None or sale.owner != owner:
            raise sale_unknown()
        return sale
