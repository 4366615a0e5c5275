"""A fault of our own: said in words, and told of by kind and place alone."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import httpx
import pytest
from starlette.types import Scope

from terminal.local_api.access import Access
from terminal.local_api.app import create_app
from terminal.local_api.gate import Gate
from terminal.local_api.limits import Limits
from terminal.local_api.role import Role
from terminal.local_api.tokens import TokenBook, TokenStore


def test_a_fault_is_answered_in_words_and_logged_without_a_stack(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = TokenStore(tmp_path / "tokens")
    headers = {"Authorization": f"Bearer {store.create('one', Role.WATCH)}", "Accept-Language": "en"}
    # Without a terminal behind it every address fails.
    app = Gate(create_app(), Access(TokenBook(store), (), Limits()), Limits())

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:1") as client:
            return await client.get("/v1/status", headers=headers)

    with caplog.at_level(logging.ERROR, "tongka.local_api"):
        answer = asyncio.run(ask())
    assert (answer.status_code, answer.json()["code"]) == (500, "TRM-604")
    assert "AttributeError" in answer.json()["cause"] and "terminal.local_api.addresses:" in answer.text
    [record] = [one for one in caplog.records if one.name == "tongka.local_api"]
    assert record.exc_info is None and "TRM-604" in record.getMessage()


def test_a_connection_of_unknown_origin_is_refused(tmp_path: Path) -> None:
    store = TokenStore(tmp_path / "tokens")
    store.create("one", Role.WATCH)
    app = Gate(create_app(), Access(TokenBook(store), (), Limits()), Limits())
    sent: list[int] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            assert isinstance(message["status"], int)
            sent.append(message["status"])

    scope: Scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "server": None}
    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    assert sent == [403]
