"""The centre's HTTP interface (docs/sync-protocol.md). Nothing personal is in a URL, an answer or a log."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from crypto.explained import ExplainedError, Language
from sync.center.bodies import LingeringResponse, read_body
from sync.center.directory import Center
from sync.center.enrolment import redeem_code
from sync.center.ingest import take_batch
from sync.center.voice_ingest import take_voice
from sync.errors import BodyIncomplete, MessageOversized, MessageRefused, MethodRefused, PathUnknown
from sync.protocol.batch import BATCH_LIMITS, Batch
from sync.protocol.encoding import MediaType
from sync.protocol.enrolment import REQUEST_LIMITS, EnrolmentRequest
from sync.protocol.refusal import RefusalMessage
from sync.protocol.voice import VOICE_LIMITS, VoiceUpload

_LOG: Final = logging.getLogger("tongka.center")


def create_app(center: Center, on_ready: Callable[[], None] | None = None) -> FastAPI:
    """The application over an opened centre; `on_ready` is called once it can answer."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if on_ready is not None:
            on_ready()
        yield

    app = FastAPI(title="Tongka centre", lifespan=lifespan, openapi_url=None)
    app.add_exception_handler(ExplainedError, _answer_error)
    app.add_exception_handler(HTTPException, _answer_http_error)

    @app.post("/v1/enrolments")
    async def enrol(request: Request) -> Response:
        media_type = MediaType.from_header(request.headers.get("content-type", ""))
        body = await read_body(request, REQUEST_LIMITS.wire)

        def work() -> bytes:
            message = EnrolmentRequest.from_bytes(body, media_type)
            return redeem_code(center, message, datetime.now(UTC)).to_bytes(media_type)

        return Response(await run_in_threadpool(work), media_type=media_type)

    @app.post("/v1/batches")
    async def batches(request: Request) -> Response:
        media_type = MediaType.from_header(request.headers.get("content-type", ""))
        body = await read_body(request, BATCH_LIMITS.wire)

        def work() -> bytes:
            batch = Batch.from_bytes(body, media_type)
            answer = take_batch(center.store, center.keys, batch, time.time_ns() // 1_000_000)
            return answer.to_bytes(media_type)

        return Response(await run_in_threadpool(work), media_type=media_type)

    @app.post("/v1/voices")
    async def voices(request: Request) -> Response:
        media_type = MediaType.from_header(request.headers.get("content-type", ""))
        body = await read_body(request, VOICE_LIMITS.wire)

        def work() -> bytes:
            message = VoiceUpload.from_bytes(body, media_type)
            answer = take_voice(center.store, center.keys, message, time.time_ns() // 1_000_000)
            return answer.to_bytes(media_type)

        return Response(await run_in_threadpool(work), media_type=media_type)

    @app.get("/v1/manifest")
    def manifest() -> Response:
        return Response(center.publications.manifest.to_bytes(), media_type="application/octet-stream")

    @app.get("/v1/content/{digest}")
    def content(digest: str) -> Response:
        path = center.publications.store.blob(_digest(digest))
        if path is None:
            raise PathUnknown
        return FileResponse(path, media_type="application/octet-stream")

    @app.get("/v1/health")
    def health() -> Response:
        with center.store.reading() as connection:
            connection.execute("SELECT 1 FROM terminals LIMIT 1").fetchone()
        return JSONResponse({"status": "ok", "rules": center.publications.current.rules.version})

    return app


def _digest(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise PathUnknown from error


async def _answer_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ExplainedError)  # noqa: S101 - what the handler is registered for
    if isinstance(error, MessageRefused):
        status = error.status
    else:
        # The centre's own trouble (disk, signing card): whoever runs it must not learn it from the terminals.
        status = HTTPStatus.SERVICE_UNAVAILABLE
        said = error.explain(Language.from_environment())
        _LOG.error("%s %s %s", said.code, said.cause, said.next_step)
    body = RefusalMessage.of(error).to_bytes()
    if isinstance(error, MessageOversized):
        return LingeringResponse(body, status, media_type=MediaType.JSON)
    # What is left of a body that did not come must not be waited for.
    headers = {"Connection": "close"} if isinstance(error, BodyIncomplete) else {}
    return Response(body, status, headers, MediaType.JSON)


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what the handler is registered for
    is_method = error.status_code == HTTPStatus.METHOD_NOT_ALLOWED
    return await _answer_error(request, MethodRefused() if is_method else PathUnknown())
