"""Serving: one process owns reader and journal; its main thread taps, and a second one talks to programs."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from card.reader import CardReader
from crypto.closing import Closing
from crypto.explained import Text
from terminal.assembly import open_terminal
from terminal.data_directory import DataDirectory
from terminal.journal.reader import JournalReader
from terminal.local_api.access import Access
from terminal.local_api.api_desk import ApiDesk, OwnTap
from terminal.local_api.app import create_app
from terminal.local_api.backend import Backend
from terminal.local_api.bridge import Bridge
from terminal.local_api.card_requests import CardRequests
from terminal.local_api.errands import Errands
from terminal.local_api.errors import ListenRefused
from terminal.local_api.feed import Feed
from terminal.local_api.gate import Gate
from terminal.local_api.health import HealthWatch, UntroubledContents
from terminal.local_api.impatience import http_protocol, websocket_protocol
from terminal.local_api.limits import Limits
from terminal.local_api.listening import Addresses, listen, url_of
from terminal.local_api.news import News
from terminal.local_api.orders import Orders
from terminal.local_api.services import ServiceDesk
from terminal.local_api.stream import Streams
from terminal.local_api.till import TillSales
from terminal.local_api.tokens import TokenBook, TokenStore
from terminal.modes.desk_loop import DeskLoop
from terminal.modes.psam_watch import watched_psam
from terminal.modes.sale import SaleDesk
from terminal.modes.validating import ValidatorTaps

_ENDED: Final = Text(zh="应答部分意外结束", en="what answers requests has ended")
_SHUTDOWN_SECONDS: Final = 3
_START_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Serving:
    """What is served, and to whom.

    `origins`: pages that may use it; `is_for_sales_only`: no card is tapped outside a sale; `is_training`:
    what is recorded stands apart and counts for nothing.
    """

    addresses: Addresses
    origins: tuple[str, ...] = ()
    is_for_sales_only: bool = False
    is_training: bool = False
    limits: Limits = field(default_factory=Limits)


def serve(
    directory: DataDirectory, reader: CardReader, serving: Serving, on_ready: Callable[[list[str]], None]
) -> None:
    """Tap cards and answer programs until SIGINT or SIGTERM; `on_ready` gets the addresses.

    Raises ListenRefused, TokensRefused, and as open_terminal().
    """
    limits, is_training = serving.limits, serving.is_training
    records = directory.training if is_training else directory
    tokens = TokenBook(TokenStore(directory.api_tokens))
    with (
        listen(serving.addresses) as sockets,
        open_terminal(directory, is_training=is_training) as terminal,
        SaleDesk(terminal.desk) as sale_desk,
        watched_psam(terminal.configuration.care.psam) as psam,
    ):
        news, bridge = News(), Bridge()
        head = _head_of(records.journal, is_training)
        feed = Feed(records.journal, head, news, is_training=is_training)
        sales = TillSales(sale_desk, news.ring)
        errands = Errands(sales)
        own_tap: OwnTap | None = None
        if not serving.is_for_sales_only:
            own_tap = ValidatorTaps(terminal.desk, terminal.configuration.validator.windows).tap
        desk = ApiDesk(
            terminal=terminal,
            sales=sales,
            errands=errands,
            bridge=bridge,
            feed=feed,
            watch=HealthWatch(terminal, psam),
            own_tap=own_tap,
        )
        access = Access(tokens, serving.origins, limits)
        backend = Backend(
            directory=directory,
            terminal=terminal,
            desk=desk,
            sales=sales,
            orders=Orders(terminal, sales, errands),
            cards=CardRequests(bridge, errands, access, limits),
            bridge=bridge,
            feed=feed,
            news=news,
            services=ServiceDesk(terminal.desk.contents, terminal.service.operator),
            streams=Streams(feed, access, limits),
            limits=limits,
            is_for_sales_only=serving.is_for_sales_only,
        )
        contents = UntroubledContents(terminal.desk.contents)
        loop = DeskLoop(contents, reader, _NoEntries(), desk, limits.turn_seconds)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: loop.stop())
        app = Gate(create_app(backend), access, limits)
        with _Answering(app, sockets, limits, news, loop.stop) as answering:
            answering.wait_until_ready()
            on_ready([url_of(one) for one in sockets])
            try:
                loop.run()
            finally:
                desk.close()


def _head_of(file: Path, is_training: bool) -> int:
    with JournalReader(file, is_training) as journal:
        head = journal.head()
    return 0 if head is None else head[0]


class _NoEntries:
    """Nobody types here."""

    ended = False

    def take(self) -> str | None:
        """Nothing."""
        return None


class _Answering(Closing):
    """uvicorn in a thread of its own, until closed; `on_end` is called when it ends by itself."""

    def __init__(
        self,
        app: ASGIApp,
        sockets: Iterable[socket.socket],
        limits: Limits,
        news: News,
        on_end: Callable[[], None],
    ) -> None:
        self._news, self._on_end = news, on_end
        self._sockets = list(sockets)
        config = uvicorn.Config(
            app,
            http=http_protocol(limits),
            ws=websocket_protocol(limits),
            ws_max_size=limits.body,
            ws_per_message_deflate=False,
            h11_max_incomplete_event_size=limits.head,
            lifespan="on",
            # Nothing that a client sends gets into a log: no request lines, no warnings about them.
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=int(limits.quiet_seconds),
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="local-api")
        self._thread.start()

    def wait_until_ready(self) -> None:
        """Until it answers. Raises ListenRefused where it never does."""
        for _ in range(int(_START_SECONDS / 0.02)):
            if self._server.started:
                return
            if self._ended.wait(0.02):
                break
        raise ListenRefused(address=url_of(self._sockets[0]), detail=_ENDED)

    def close(self) -> None:
        """End all streams, answer what is under way, and stop."""
        self._news.end()
        is_own_end = self._ended.is_set()
        self._server.should_exit = True
        self._thread.join()
        if is_own_end:
            raise ListenRefused(address=url_of(self._sockets[0]), detail=_ENDED)

    def _run(self) -> None:
        try:
            self._server.run(sockets=self._sockets)
        finally:
            self._ended.set()
            self._on_end()
