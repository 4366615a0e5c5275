"""The stream of taps as Server-Sent Events and over a WebSocket: the same entries in the same order.

A client remembers the last sequence it has dealt with and resumes behind it: `after`, or Last-Event-ID as a
browser sends it. Each entry is told at least once, and once only to who resumes behind the right one.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final

from pydantic import ValidationError
from starlette.datastructures import Headers
from starlette.responses import StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from crypto.explained import ExplainedError, Language
from terminal.local_api.access import Access, token_of
from terminal.local_api.errors import TooManyRequests
from terminal.local_api.feed import Feed
from terminal.local_api.gate import BEARER
from terminal.local_api.language import language_of
from terminal.local_api.limits import Limits
from terminal.local_api.models import Problem
from terminal.local_api.requests import hello_wrong, place_ahead
from terminal.local_api.tap_models import Hello, Tap
from terminal.local_api.tokens import Bearer

#: A WebSocket that is refused after it was opened; the reason is the last message before.
_REFUSED: Final = 4400
_OVER: Final = 1001
_QUIET: Final = ": \n\n"


class Streams:
    """Everybody who follows the taps."""

    def __init__(self, feed: Feed, access: Access, limits: Limits) -> None:
        self._feed, self._access, self._limits = feed, access, limits
        self._open = 0

    def events(self, headers: Headers, bearer: Bearer, after: int | None) -> StreamingResponse:
        """Server-Sent Events from a place on. Raises RequestMalformed, TooManyRequests."""
        token, language = token_of(headers), language_of(headers.get("accept-language", ""))
        place = self._place(after)
        if self._open >= self._limits.streams:
            raise TooManyRequests
        return StreamingResponse(
            self._events(bearer, token, place, language),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )

    async def talk(self, socket: WebSocket, after: int | None) -> None:
        """A WebSocket, until either side ends it; who sent no token with it does so in a first message."""
        await socket.accept()
        try:
            bearer, token, after = await self._hello(socket, after)
            place = self._place(after)
            with self._taking_part():
                await _while_open(socket, self._send(socket, bearer, token, place))
        except ExplainedError as error:
            language = language_of(socket.headers.get("accept-language", ""))
            with suppress(WebSocketDisconnect, RuntimeError):
                await socket.send_text(Problem.of(error, language).model_dump_json())
                await socket.close(_REFUSED, error.code)
        except WebSocketDisconnect:
            return

    async def _hello(self, socket: WebSocket, after: int | None) -> tuple[Bearer, str, int | None]:
        if BEARER in socket.scope:
            return socket.scope[BEARER], token_of(socket.headers), after
        try:
            async with asyncio.timeout(self._limits.hello_seconds):
                hello = Hello.model_validate_json(await socket.receive_text())
        except (TimeoutError, ValidationError, KeyError) as error:
            raise hello_wrong() from error
        bearer = self._access.require_token(hello.token)
        return bearer, hello.token, after if hello.after is None else hello.after

    async def _send(self, socket: WebSocket, bearer: Bearer, token: str, place: int) -> None:
        async for entry in self._feed.follow(place, self._limits.quiet_seconds):
            if self._access.bearer(token) is None:
                break
            if entry is not None:
                await socket.send_text(Tap.of(entry, bearer.role).model_dump_json())
        if socket.application_state is WebSocketState.CONNECTED:
            await socket.close(_OVER)

    async def _events(self, bearer: Bearer, token: str, place: int, language: Language) -> AsyncIterator[str]:
        with self._taking_part():
            # Something at once, so that a client knows that it is connected.
            yield _QUIET
            try:
                async for entry in self._feed.follow(place, self._limits.quiet_seconds):
                    # A token that was revoked hears nothing more.
                    if self._access.bearer(token) is None:
                        return
                    if entry is None:
                        yield _QUIET
                    else:
                        data = Tap.of(entry, bearer.role).model_dump_json()
                        yield f"id: {entry.sequence}\nevent: tap\ndata: {data}\n\n"
            except ExplainedError as error:
                yield f"event: problem\ndata: {Problem.of(error, language).model_dump_json()}\n\n"

    def _place(self, after: int | None) -> int:
        head = self._feed.head
        if after is not None and after > head:
            raise place_ahead(head)
        return head if after is None else after

    @contextmanager
    def _taking_part(self) -> Iterator[None]:
        if self._open >= self._limits.streams:
            raise TooManyRequests
        self._open += 1
        try:
            yield
        finally:
            self._open -= 1


async def _while_open(socket: WebSocket, send: Coroutine[Any, Any, None]) -> None:
    """Send until the client has gone: nothing that it says is of interest, but that it leaves is."""
    sending = asyncio.create_task(send)
    leaving = asyncio.create_task(_left(socket))
    try:
        await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        if sending.done():
            sending.result()
    finally:
        for task in (sending, leaving):
            task.cancel()
        await asyncio.gather(sending, leaving, return_exceptions=True)


async def _left(socket: WebSocket) -> None:
    with suppress(WebSocketDisconnect, RuntimeError, KeyError):
        while True:
            await socket.receive()
            if socket.client_state is not WebSocketState.CONNECTED:
                return
