"""Connections that would last for ever: each ends in its time, and holds nobody else up."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from terminal.local_api.access import Access
from terminal.local_api.gate import Gate
from terminal.local_api.impatience import http_protocol, websocket_protocol
from terminal.local_api.limits import Limits
from terminal.local_api.role import Role
from terminal.local_api.tokens import TokenBook, TokenStore

LIMITS: Final = Limits(head_seconds=0.4, body_seconds=0.4, stall_seconds=0.4, connections=4)
#: Far longer than any of these, far shorter than for ever.
PATIENCE: Final = 10.0
BLOCK: Final = "x" * 65_536


async def flood(_: Request) -> Response:
    async def blocks() -> AsyncIterator[str]:
        while True:
            yield BLOCK
            await asyncio.sleep(0)

    return StreamingResponse(blocks())


async def flood_socket(opened: WebSocket) -> None:
    await opened.accept()
    while True:
        await opened.send_text(BLOCK)
        await asyncio.sleep(0)


async def slow(request: Request) -> Response:
    return PlainTextResponse(await request.body())


class Server:
    """uvicorn with these limits, and a token for it."""

    def __init__(self, folder: Path) -> None:
        self.token = TokenStore(folder / "tokens").create("one", Role.TILL)
        routes = [
            Route("/flood", flood),
            Route("/slow", slow, methods=["POST"]),
            WebSocketRoute("/f", flood_socket),
        ]
        access = Access(TokenBook(TokenStore(folder / "tokens")), (), LIMITS)
        self.listener = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(
            Gate(Starlette(routes=routes), access, LIMITS),
            http=http_protocol(LIMITS),
            ws=websocket_protocol(LIMITS),
            ws_per_message_deflate=False,
            log_level="critical",
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        self.server = uvicorn.Server(config)

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    @property
    def head(self) -> bytes:
        return f"Host: 127.0.0.1:{self.port}\r\nAuthorization: Bearer {self.token}\r\n".encode()

    @contextmanager
    def connected(self) -> Iterator[socket.socket]:
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as connection:
            yield connection

    def answers(self) -> bool:
        with httpx.Client(trust_env=False, timeout=PATIENCE) as client:
            headers = {"Authorization": f"Bearer {self.token}"}
            return client.get(f"http://127.0.0.1:{self.port}/none", headers=headers).status_code == 404


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = Server(tmp_path_factory.mktemp("impatience"))
    thread = threading.Thread(target=made.server.run, kwargs={"sockets": [made.listener]})
    thread.start()
    while not made.server.started:
        time.sleep(0.01)
    yield made
    made.server.should_exit = True
    thread.join()
    made.listener.close()


def ended(connection: socket.socket) -> bytes:
    """What still comes until the server ends the connection, which it does in time."""
    came = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(4096):
            came += part
    return came


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHo"])
def test_a_head_that_does_not_come_ends_the_connection(server: Server, begun: bytes) -> None:
    with server.connected() as connection:
        connection.sendall(begun)
        assert ended(connection) == b""


def test_a_head_that_comes_drop_by_drop_ends_the_connection(server: Server) -> None:
    with server.connected() as connection, pytest.raises(OSError):
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            connection.sendall(b"x")
            time.sleep(0.05)


def test_the_second_request_of_a_connection_has_no_longer(server: Server) -> None:
    with server.connected() as connection:
        connection.sendall(b"GET /none HTTP/1.1\r\n" + server.head + b"\r\n")
        while b"Not Found" not in connection.recv(4096)[-9:]:
            pass
        connection.sendall(b"GET /none HTTP/1.1\r\n")
        assert ended(connection) == b""


def test_a_body_that_does_not_come_is_told_so(server: Server) -> None:
    with server.connected() as connection:
        connection.sendall(b"POST /slow HTTP/1.1\r\nContent-Length: 10\r\n" + server.head + b"\r\n{")
        answer = ended(connection)
    assert answer.startswith(b"HTTP/1.1 408") and b"TRM-703" in answer


@pytest.mark.parametrize(
    "request_head",
    [
        b"GET /flood HTTP/1.1\r\n",
        b"GET /f HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    ],
)
def test_who_takes_nothing_off_a_stream_is_dropped(
    server: Server, request_head: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with server.connected() as connection:
        connection.sendall(request_head + server.head + b"\r\n")
        assert connection.recv(12, socket.MSG_WAITALL) in (b"HTTP/1.1 200", b"HTTP/1.1 101")
        deadline = time.monotonic() + PATIENCE
        while server.server.server_state.connections and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not server.server.server_state.connections
    assert not caplog.records  # it is no fault of ours


@pytest.mark.parametrize("begun", [b"", b"GET / HTTP/1.1\r\nHo"])
def test_connections_without_a_request_keep_nobody_out(server: Server, begun: bytes) -> None:
    """Whoever sends a request has it answered at once: the place of one that waits for its head is his."""
    for _ in range(5):
        with ExitStack() as held:
            for _ in range(3 * LIMITS.connections):
                held.enter_context(server.connected()).sendall(begun)
            assert server.answers()


def test_with_every_place_in_use_the_next_one_is_refused(server: Server) -> None:
    with ExitStack() as held:
        for _ in range(LIMITS.connections):
            connection = held.enter_context(server.connected())
            connection.sendall(b"GET /flood HTTP/1.1\r\n" + server.head + b"\r\n")
            assert connection.recv(12, socket.MSG_WAITALL) == b"HTTP/1.1 200"
        with pytest.raises(httpx.TransportError):
            server.answers()
