"""Requests that are answered by a card: each is kept open until one is put down, or its client goes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, TypeVar

from starlette.requests import Request

from card.connection import CardConnection
from card.errors.transport import NoCardInTime
from terminal.local_api.access import Access, token_of
from terminal.local_api.bridge import Bridge
from terminal.local_api.errands import Errand, Errands
from terminal.local_api.errors import TokenRefused
from terminal.local_api.limits import Limits
from terminal.local_api.tokens import Bearer

T = TypeVar("T")

#: How often it is looked whether the token is still good.
_LOOK_SECONDS: Final = 1.0


class CardRequests:
    """Used by the event loop; what is done with a card is done by the thread that taps."""

    def __init__(self, bridge: Bridge, errands: Errands, access: Access, limits: Limits) -> None:
        self._bridge, self._errands = bridge, errands
        self._access, self._limits = access, limits

    async def serve(
        self,
        request: Request,
        bearer: Bearer,
        seconds: float,
        check: Callable[[], object],
        work: Callable[[CardConnection], T],
    ) -> T:
        """What `work` makes of the next card; `check` tells before, in its thread, what stands against it.

        Raises NoCardInTime, TokenRefused for one that was revoked in the meantime, TerminalBusy,
        SaleStillOpen, SaleOfAnother, and what `check` and `work` do.
        """
        errand = Errand(bearer.name, work)
        token = token_of(request.headers)

        def begin() -> None:
            check()
            # Who waits no time asks whether it could be, and is in nobody's way.
            if seconds > 0:
                self._errands.await_card(errand)
            else:
                self._errands.require_free(bearer.name)

        try:
            await self._bridge.ask(begin, self._limits.answer_seconds)
            outcome = asyncio.wrap_future(errand.outcome)
            await self._wait(request, outcome, token, min(seconds, self._limits.card_seconds))
            # A card that is just being read is read to its end, whether anybody still listens or not.
            done = () if errand.outcome.cancel() else (await outcome,)
        finally:
            errand.outcome.cancel()
        if self._access.bearer(token) is None:
            raise TokenRefused
        if not done:
            raise NoCardInTime
        return done[0]

    async def _wait(self, request: Request, outcome: asyncio.Future[T], token: str, seconds: float) -> None:
        """Until it is done, time is up, the client has gone or its token is no good any more."""
        deadline = time.monotonic() + seconds
        leaving = asyncio.create_task(_left(request))
        try:
            while not (outcome.done() or leaving.done()) and self._access.bearer(token) is not None:
                left = min(deadline - time.monotonic(), _LOOK_SECONDS)
                if left <= 0:
                    return
                await asyncio.wait((outcome, leaving), timeout=left, return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            await asyncio.gather(leaving, return_exceptions=True)


async def _left(request: Request) -> None:
    """Until the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
