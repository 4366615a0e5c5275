"""Who may use the API: under which host name, from which pages, with which token, and how often.

A page that a browser of this machine shows may send requests to 127.0.0.1, too, and with a name that it turns
to 127.0.0.1 (DNS rebinding) it could even read the answers. So over TCP the Host must be this machine's own,
and an Origin must be one that the operator has listed; a program sends none. A Unix socket is out of a
browser's reach, and the file's permissions say who may connect.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.types import Scope

from terminal.local_api.errors import OriginRefused, TokenRefused, TooManyRequests
from terminal.local_api.limits import Limits
from terminal.local_api.tokens import TOKEN_CHARACTERS, Bearer, TokenBook

_OWN_NAMES: Final = ("127.0.0.1", "localhost", "[::1]")
_SAME: Final = ("", "none", "same-origin")
_SCHEME: Final = "bearer "
_NOBODY: Final = ""


@dataclass
class _Bucket:
    """How many requests one client may send just now."""

    left: float
    filled_at: float


class Access:
    """Checks requests; used by the event loop alone. `origins` as browsers send them, `https://till.example`."""

    def __init__(self, tokens: TokenBook, origins: Iterable[str], limits: Limits) -> None:
        self._tokens, self._limits = tokens, limits
        self._origins = frozenset(origins)
        self._buckets: dict[str, _Bucket] = {}

    def require_place(self, scope: Scope, headers: Headers) -> str | None:
        """The Origin of a page that is allowed, None for a program. Raises OriginRefused."""
        server = scope.get("server")
        is_on_socket = server is not None and server[1] is None
        if not is_on_socket and not (server and _is_own(headers.getlist("host"), server[1])):
            raise OriginRefused
        origins = headers.getlist("origin")
        if origins:
            if len(origins) > 1 or origins[0] not in self._origins:
                raise OriginRefused
            return origins[0]
        if headers.get("sec-fetch-site", "").lower() not in _SAME:
            raise OriginRefused
        return None

    def require_bearer(self, headers: Headers) -> Bearer:
        """Whose token the request came with. Raises TokenRefused, TooManyRequests, TokensRefused."""
        given = headers.getlist("authorization")
        is_one = len(given) == 1 and given[0][: len(_SCHEME)].lower() == _SCHEME
        return self.require_token(given[0][len(_SCHEME) :].strip() if is_one else "")

    def require_token(self, token: str) -> Bearer:
        """Whose token this is. Raises TokenRefused, TooManyRequests, TokensRefused."""
        bearer = self.bearer(token)
        self._take(_NOBODY if bearer is None else bearer.name)
        if bearer is None:
            raise TokenRefused
        return bearer

    def bearer(self, token: str) -> Bearer | None:
        """Whose token this is now; None for nobody's."""
        return self._tokens.bearer(token) if len(token) == TOKEN_CHARACTERS else None

    def _take(self, name: str) -> None:
        now = time.monotonic()
        bucket = self._buckets.setdefault(name, _Bucket(self._limits.burst, now))
        bucket.left = min(
            float(self._limits.burst), bucket.left + (now - bucket.filled_at) * self._limits.rate
        )
        bucket.filled_at = now
        if bucket.left < 1:
            raise TooManyRequests
        bucket.left -= 1


def token_of(headers: Headers) -> str:
    """The token of an Authorization header that was accepted."""
    return headers["authorization"].partition(" ")[2].strip()


def _is_own(hosts: list[str], port: int) -> bool:
    if len(hosts) != 1:
        return False
    return hosts[0].lower() in {f"{name}:{port}" for name in _OWN_NAMES}
