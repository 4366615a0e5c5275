"""Reading a request's body without ever holding more of it than its limit."""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.requests import ClientDisconnect, Request

from sync.errors import BodyIncomplete, MessageOversized

BODY_SECONDS: Final = 30


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
