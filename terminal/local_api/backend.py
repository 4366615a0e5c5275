"""What the addresses of the API lead to: the terminal behind them, as far as programs may use it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from starlette.concurrency import run_in_threadpool

from crypto.explained import Text
from terminal.assembly import Terminal
from terminal.data_directory import DataDirectory
from terminal.local_api.api_desk import ApiDesk
from terminal.local_api.bridge import Bridge
from terminal.local_api.card_requests import CardRequests
from terminal.local_api.feed import Feed
from terminal.local_api.limits import Limits
from terminal.local_api.news import News, heard
from terminal.local_api.orders import Orders
from terminal.local_api.role import Role
from terminal.local_api.services import ServiceDesk
from terminal.local_api.status_models import Status
from terminal.local_api.stream import Streams
from terminal.local_api.tap_models import Receipt
from terminal.local_api.till import TillSales, TillState
from terminal.local_api.tokens import Bearer
from terminal.receipts.errors import NoReceiptDue
from terminal.receipts.journalled import receipt_of

T = TypeVar("T")

_TRAINING: Final = Text(zh="这是培训，什么都不算数", en="this is training, where nothing counts")


@dataclass(frozen=True)
class Backend:
    """Used by the event loop; what needs the journal it has done by the thread that taps."""

    directory: DataDirectory
    terminal: Terminal
    desk: ApiDesk
    sales: TillSales
    orders: Orders
    cards: CardRequests
    bridge: Bridge
    feed: Feed
    news: News
    services: ServiceDesk
    streams: Streams
    limits: Limits
    is_for_sales_only: bool

    async def ask(self, job: Callable[[], T]) -> T:
        """Have the thread that taps do a job. Raises TerminalBusy and what the job does."""
        return await self.bridge.ask(job, self.limits.answer_seconds)

    async def sale(self, bearer: Bearer, sale_id: str, seen: int, wait: float) -> TillState:
        """A sale: at once where it is not as the client has `seen` it, else when it changes or time is up.

        Raises RequestMalformed for one that is not this bearer's.
        """
        while True:
            ring = self.news.next_ring()
            state = self.sales.state(bearer.name, sale_id)
            is_news = state.revision != seen or state.sale.phase.is_over or self.news.is_over
            if is_news or not await heard(ring, min(wait, self.limits.wait_seconds)):
                return self.sales.state(bearer.name, sale_id)

    async def receipt(self, sequence: int, *, is_short: bool) -> Receipt:
        """The passenger's receipt of a tap. Raises SaleStillOpen, NoReceiptDue in training, and as
        receipt_of().
        """
        if self.terminal.desk.owner.is_training:
            raise NoReceiptDue(sequence=sequence, detail=_TRAINING)
        await self.ask(lambda: self.orders.require_settled(sequence))
        signed = await run_in_threadpool(receipt_of, self.directory, sequence, is_short=is_short)
        return Receipt.of(signed)

    def status(self, role: Role) -> Status:
        """How the terminal is."""
        configuration, health = self.terminal.configuration, self.desk.health
        return Status.of(
            role=role,
            configuration=configuration,
            health=health,
            sequence=self.feed.head,
            is_for_sales_only=self.is_for_sales_only,
            is_training=self.terminal.desk.owner.is_training,
            cancelled_at_start=self.terminal.cancelled_at_start,
        )
