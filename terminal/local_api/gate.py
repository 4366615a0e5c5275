"""What stands before every request: its place, its token and its body are checked before anything is done."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from http import HTTPStatus
from typing import Any, Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from crypto.explained import ExplainedError, Language
from terminal.command_errors import places
from terminal.errors import InternalFault
from terminal.local_api.access import Access
from terminal.local_api.errors import TooManyRequests
from terminal.local_api.language import language_of
from terminal.local_api.limits import Limits
from terminal.local_api.refusals import refusal
from terminal.local_api.requests import body_incomplete, body_too_large, not_json
from terminal.local_api.role import Role
from terminal.local_api.tokens import Bearer

_LOG: Final = logging.getLogger("tongka.local_api")
#: Where the bearer of a request's token stands in its scope; a WebSocket may say who it is later.
BEARER: Final = "tongka.bearer"
#: The one request whose body may hold a recording.
_WITH_RECORDING: Final = ("POST", "/v1/needs")
REFUSED_BODY_SECONDS: Final = 1.0
_PREFLIGHT: Final[Mapping[str, str]] = {
    "Access-Control-Allow-Methods": "GET, POST, DELETE",
    "Access-Control-Allow-Headers": "authorization, content-type, accept-language, last-event-id",
    "Access-Control-Allow-Private-Network": "true",
    "Access-Control-Max-Age": "600",
}


class Gate:
    """Lets through, to `app`, what is allowed and whole."""

    def __init__(self, app: ASGIApp, access: Access, limits: Limits) -> None:
        self._app, self._access, self._limits = app, access, limits
        self._recordings = 0  # bodies that may hold one, just now

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, WebSocket or the life of the application."""
        match scope["type"]:
            case "http":
                await self._serve(scope, receive, send)
            case "websocket":
                await self._open(scope, receive, send)
            case _:
                await self._app(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        origin: str | None = None
        is_coming = True  # the body, or the rest of it
        try:
            origin = self._access.require_place(scope, headers)
            send = _to(origin, send)
            if origin is not None and scope["method"] == "OPTIONS":
                # A browser asks before it sends a token for a page; nothing is told or done.
                await Response(None, HTTPStatus.NO_CONTENT, _PREFLIGHT)(scope, receive, send)
                return
            bearer = scope[BEARER] = self._access.require_bearer(headers)
            with ExitStack() as held:
                body = await self._body(headers, receive, self._most(scope, bearer), held)
                is_coming = False
                _require_json(headers, body)
                await self._hand_on(scope, _given(body, receive), send)
        except ExplainedError as error:
            if is_coming:
                await self._take_in(receive)
            answer = refusal(error, language_of(headers.get("accept-language", "")), is_last=True)
            await answer(scope, receive, send)

    async def _open(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        try:
            self._access.require_place(scope, headers)
            if "authorization" in headers:
                scope[BEARER] = self._access.require_bearer(headers)
        except ExplainedError as error:
            answer = refusal(error, language_of(headers.get("accept-language", "")))
            await answer(scope, receive, send)
            return
        await self._hand_on(scope, receive, send)

    async def _hand_on(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except WebSocketDisconnect:
            return
        except OSError:  # the client has gone, which is uvicorn's to deal with
            raise
        except Exception as error:  # noqa: BLE001 - a stack with values in it must not get into a log
            said = explained_fault(error).explain(Language.from_environment())
            _LOG.error("%s %s %s", said.code, said.cause, said.next_step)

    def _most(self, scope: Scope, bearer: Bearer) -> int:
        """How many bytes the body of a request may have."""
        is_with_recording = (scope["method"], scope["path"]) == _WITH_RECORDING
        is_for_it = is_with_recording and bearer.role.includes(Role.TILL)
        return self._limits.recording_body if is_for_it else self._limits.body

    @contextmanager
    def _one_recording(self) -> Iterator[None]:
        if self._recordings >= self._limits.recordings:
            raise TooManyRequests
        self._recordings += 1
        try:
            yield
        finally:
            self._recordings -= 1

    async def _take_in(self, receive: Receive) -> None:
        """Let a client that is refused end its request, within limits.

        It is still sending: closed on at once, it would see a broken connection and never the refusal.
        """
        left = self._limits.refused_body
        with suppress(TimeoutError):
            async with asyncio.timeout(REFUSED_BODY_SECONDS):
                while left > 0:
                    message = await receive()
                    if not message.get("more_body", False):  # the end of it, or of the connection
                        return
                    left -= len(message.get("body", b""))

    async def _body(self, headers: Headers, receive: Receive, most: int, held: ExitStack) -> bytes:
        """All of it, `most` bytes at most; one that may hold a recording has its place among these in `held`.

        An honest Content-Length is refused at once, a false one at the first byte too many.
        """
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > most:
            raise body_too_large(most)
        is_large = False
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise body_incomplete()
                    body += message.get("body", b"")
                    if len(body) > most:
                        raise body_too_large(most)
                    if len(body) > self._limits.body and not is_large:
                        is_large = True
                        held.enter_context(self._one_recording())
                    if not message.get("more_body", False):
                        break
        except TimeoutError as error:
            raise body_incomplete() from error
        return bytes(body)


def _require_json(headers: Headers, body: bytes) -> None:
    # A page can send any other type without asking first.
    if body and headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise not_json()


def explained_fault(error: Exception) -> InternalFault:
    """What is to be said of a fault of ours: its kind and where it happened, nothing of what it was about."""
    return InternalFault(kind=type(error).__name__, place=places(error))


def _given(body: bytes, receive: Receive) -> Receive:
    """What the application receives: the body that was read, then what comes."""
    is_given = False

    async def given() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return given


def _to(origin: str | None, send: Send) -> Send:
    """Answers that a page of this origin may read; no others are marked so."""
    if origin is None:
        return send

    async def marked(message: Any) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = origin
            headers.add_vary_header("Origin")
        await send(message)

    return marked
