"""Connections that end by themselves: heads that do not come, answers that nobody takes, too many at once.

uvicorn waits for these without end; a terminal that lives for years can't.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from crypto.explained import Language
from terminal.local_api.limits import Limits
from terminal.local_api.refusals import refusal
from terminal.local_api.requests import no_http


class _Stalling(asyncio.Protocol):
    """What goes before a protocol of uvicorn's: ends a connection whose other side takes nothing any more."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    stall_seconds: float

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._stall = _Alarm(self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stall.stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall.set(self.stall_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        self._stall.stop()
        super().resume_writing()


def http_protocol(limits: Limits) -> type[asyncio.Protocol]:
    """uvicorn's HTTP/1.1 with these limits."""

    class ImpatientHttp(_Stalling, H11Protocol):
        """One connection over HTTP."""

        stall_seconds = limits.stall_seconds

        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            self._head = _Alarm(self.loop)

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._head.set(limits.head_seconds, transport.abort)
            # Counted apart, so that strangers on TCP never keep the socket's own users out.
            is_tcp = self.client is not None
            alike = [
                one
                for one in self.connections
                if (getattr(one, "client", None) is not None) is is_tcp and not _is_ending(one)
            ]
            if len(alike) > limits.connections:
                self._make_room(alike)

        def _make_room(self, alike: list[Any]) -> None:
            """End the one whose head is the longest in coming; where all have come, this one."""
            waiting = [one for one in alike if isinstance(one, ImpatientHttp) and one is not self]
            due = [(one._head.due, one) for one in waiting if one._head.due is not None]
            ended = min(due, key=lambda pair: pair[0])[1] if due else self
            ended.transport.abort()

        def connection_lost(self, exc: Exception | None) -> None:
            self._head.stop()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._head.stop()
            elif self.transport.get_protocol() is self:
                # Some of a head has come: the rest of it has as long as the first one had.
                self._head.set(limits.head_seconds, self.transport.abort)

        def handle_websocket_upgrade(self, event: Any) -> None:
            self._head.stop()
            super().handle_websocket_upgrade(event)

        def send_400_response(self, msg: str) -> None:
            """What came is no HTTP: say so as everything else is said."""
            answer = refusal(no_http(), Language.ZH, is_last=True)
            body = bytes(answer.body)
            head = f"HTTP/1.1 400 Bad Request\r\nContent-Type: {answer.media_type}\r\n"
            head += f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            self.transport.write(head.encode() + body)
            self.transport.close()

    return ImpatientHttp


def websocket_protocol(limits: Limits) -> type[asyncio.Protocol]:
    """uvicorn's WebSocket with these limits."""

    class ImpatientWebSocket(_Stalling, WebSocketsSansIOProtocol):
        """One WebSocket."""

        stall_seconds = limits.stall_seconds

        async def send(self, message: Any) -> None:
            await super().send(message)
            if self.initial_response is not None and self.close_sent:
                # Refused, and told so: else uvicorn logs each one as a fault of ours.
                self.handshake_complete = True

    return ImpatientWebSocket


def _is_ending(connection: Any) -> bool:
    transport = getattr(connection, "transport", None)
    return transport is not None and bool(transport.is_closing())


class _Alarm:
    """What is done in a while unless it is stopped before; one that is set already stays as it is."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._handle: asyncio.TimerHandle | None = None

    @property
    def due(self) -> float | None:
        """When, by the loop's time; None where it is not set."""
        return None if self._handle is None else self._handle.when()

    def set(self, seconds: float, act: Any) -> None:
        if self._handle is None:
            self._handle = self._loop.call_later(seconds, act)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
