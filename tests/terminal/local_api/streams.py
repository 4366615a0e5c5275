"""Following the taps as a program does: Server-Sent Events over httpx, WebSockets by a library of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from websockets.sync.client import ClientConnection, connect

from tests.terminal.local_api.served import SECONDS, Caller, Json, ServedApi


@contextmanager
def followed(caller: Caller, query: str = "", **headers: str) -> Iterator[Iterator[Json]]:
    """The taps, each with its `id` and `event`, as they come."""
    with caller.http.stream("GET", f"/v1/taps{query}", headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _entries(answer.iter_lines())


def websocket(
    api: ServedApi, token: str = "", query: str = "", origin: str | None = None
) -> ClientConnection:
    """A WebSocket over TCP; `token` goes into the header where it is given."""
    return connect(
        f"ws://127.0.0.1:{api.port}/v1/taps{query}",
        additional_headers={"Authorization": f"Bearer {token}"} if token else {},
        origin=origin,  # type: ignore[arg-type]
        open_timeout=SECONDS,
        proxy=None,
    )


def message(socket: ClientConnection) -> Json:
    """The next message."""
    document: Json = json.loads(socket.recv(timeout=SECONDS))
    return document


def _entries(lines: Iterator[str]) -> Iterator[Json]:
    fields: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield {**json.loads(fields["data"]), "id": fields.get("id"), "event": fields["event"]}
            fields = {}
