"""The centre over genuine HTTP: refusals that explain themselves, and bodies that never fill its memory."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
import zstandard

from crypto.sm3 import sm3
from sync.center.directory import Center
from sync.protocol.batch import BATCH_LIMITS, Batch, BatchAnswer
from sync.protocol.encoding import MediaType
from terminal.content.manifest import SignedManifest
from tests.sync.cast import Chain, integrity, snapshot

MSGPACK = {"Content-Type": MediaType.MSGPACK_ZSTD.value}
BATCHES = "/v1/batches"


@pytest.fixture
def http(url: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=url, trust_env=False) as client:
        yield client


def refused(response: httpx.Response, status: int, code: str) -> None:
    document = response.json()
    assert (response.status_code, document["code"]) == (status, code)
    for part in ("cause", "next_step"):
        assert document[part]["zh-CN"]
        assert document[part]["en"]


def test_a_batch_goes_in_as_msgpack_or_json(http: httpx.Client, chain: Chain) -> None:
    for _ in range(4):
        chain.tap()
    for media_type, part in ((MediaType.MSGPACK_ZSTD, (1, 2)), (MediaType.JSON, (3, 4))):
        body = chain.batch(*part).to_bytes(media_type)
        response = http.post(BATCHES, content=body, headers={"Content-Type": media_type.value})
        assert response.status_code == 200
        assert response.headers["content-type"] == media_type.value
        assert BatchAnswer.from_bytes(response.content, media_type).watermark == part[1]


def test_an_announced_oversize_is_refused_before_the_body(url: str) -> None:
    address = urlsplit(url)
    request = (
        f"POST {BATCHES} HTTP/1.1\r\nHost: x\r\nContent-Type: {MSGPACK['Content-Type']}\r\n"
        f"Content-Length: {10**12}\r\n\r\n"
    )
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=20) as connection:
        connection.sendall(request.encode())
        # Not one byte of the body was sent, yet the answer is there.
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_a_sender_that_writes_before_it_reads_still_finds_the_answer(http: httpx.Client) -> None:
    for times in (2, 6):
        refused(http.post(BATCHES, content=bytes(times * BATCH_LIMITS.wire), headers=MSGPACK), 413, "SYN-101")


def test_an_unannounced_oversize_is_refused_while_it_comes(center: Center, http: httpx.Client) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100 * BATCH_LIMITS.wire:
            sent += 65_536
            yield bytes(65_536)

    # The centre closes the connection on a sender that will not stop; its answer may get lost in that.
    with suppress(httpx.TransportError):
        refused(http.post(BATCHES, content=endless(), headers=MSGPACK), 413, "SYN-101")
    assert sent < 100 * BATCH_LIMITS.wire
    assert snapshot(center)["events"] == []


def test_a_bomb_is_refused(center: Center, http: httpx.Client) -> None:
    bomb = zstandard.compress(bytes(100 * 1_048_576), 19)
    refused(http.post(BATCHES, content=bomb, headers=MSGPACK), 413, "SYN-101")
    assert integrity(center) == "ok"


@pytest.mark.parametrize(
    ("body", "media_type", "status", "code"),
    [
        (b"garbage", MediaType.MSGPACK_ZSTD, 400, "SYN-102"),
        (b"", MediaType.MSGPACK_ZSTD, 400, "SYN-102"),
        (zstandard.compress(b"garbage"), MediaType.MSGPACK_ZSTD, 400, "SYN-103"),
        (b"{}", MediaType.JSON, 400, "SYN-103"),
        (b'{"version": 9}', MediaType.JSON, 400, "SYN-104"),
        (b"{}", "text/plain", 415, "SYN-105"),
    ],
)
def test_what_is_no_batch(http: httpx.Client, body: bytes, media_type: str, status: int, code: str) -> None:
    refused(http.post(BATCHES, content=body, headers={"Content-Type": str(media_type)}), status, code)


def test_wrong_batches_have_their_status(http: httpx.Client, chain: Chain) -> None:
    for _ in range(3):
        chain.tap()
    good = chain.batch()
    cases = (
        (Batch(terminal=bytes(8), epoch=1, events=good.events, head=good.head), 403, "SYN-201"),
        (
            Batch(terminal=good.terminal, epoch=1, events=good.events[:2], head=good.head),
            422,
            "SYN-204",
        ),
    )
    for batch, status, code in cases:
        refused(http.post(BATCHES, content=batch.to_bytes(), headers=MSGPACK), status, code)


def test_unknown_addresses_and_methods(http: httpx.Client) -> None:
    refused(http.get("/v1/nothing"), 404, "SYN-107")
    refused(http.get(BATCHES), 405, "SYN-108")
    for name in (
        "../keys/root.pem",
        "..%2Fkeys%2Froot.pem",
        "catalogue.toml",
        "00" * 32,
        "00" * 31,
        "g" * 64,
    ):
        refused(http.get(f"/v1/content/{name}"), 404, "SYN-107")


def test_content_is_served_by_its_digest_under_a_signed_manifest(center: Center, http: httpx.Client) -> None:
    signed = SignedManifest.from_bytes(http.get("/v1/manifest").content)
    manifest = signed.verified(center.keys.content.public_key)
    assert manifest.version == 1
    for file in manifest.files:
        data = http.get(f"/v1/content/{file.digest.hex()}").content
        assert (len(data), sm3(data)) == (file.size, file.digest)


def test_health(http: httpx.Client) -> None:
    assert http.get("/v1/health").json()["status"] == "ok"
