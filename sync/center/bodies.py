"""Reading a request's body without ever holding more of it than its limit, and refusing what is larger."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sync.errors import BodyIncomplete, MessageOversized

BODY_SECONDS: Final = 30
LINGER_BYTES: Final = 8_388_608
LINGER_SECONDS: Final = 5


async def read_body(request: Request, limit: int) -> bytes:
    """The whole body, at most `limit` bytes. Raises MessageOversized or BodyIncomplete.

    An honest Content-Length is refused before a byte is read, a dishonest one at the first byte too many.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise MessageOversized(limit=limit)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    raise MessageOversized(limit=limit)
    except (ClientDisconnect, TimeoutError) as error:
        raise BodyIncomplete from error
    return bytes(body)


class LingeringResponse(Response):
    """An answer to a request whose body was not read to its end; then the connection closes.

    A sender that writes its whole body before it reads would find a reset connection instead of the answer:
    so the rest of the body is taken and thrown away for a while (RFC 9112 §9.6).
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send all of the answer at once, and end it when the sender has ended or the bounds are reached."""
        self.headers["Connection"] = "close"
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                await _throw_away(receive, LINGER_BYTES)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _throw_away(receive: Receive, limit: int) -> None:
    taken = 0
    while taken <= limit:
        message = await receive()
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return
        taken += len(message["body"])
