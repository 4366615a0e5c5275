"""The application: addresses, what is said of what goes wrong, and the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from crypto.explained import ExplainedError
from terminal.local_api.addresses import router
from terminal.local_api.backend import Backend
from terminal.local_api.gate import explained_fault
from terminal.local_api.language import language_of
from terminal.local_api.need_addresses import router as need_router
from terminal.local_api.refusals import refusal
from terminal.local_api.requests import members_wrong, method_refused, path_unknown
from terminal.local_api.tap_models import Hello, Tap

_MOST_PLACES: Final = 5
_MOST_CHARACTERS: Final = 40
_ABOUT: Final = """\
第三方售票机、闸机、车载机经本接口使用通卡终端（docs/local-api.md）。金额均为整数，单位分；文字均有中英文。

By this tills, gates and bus computers that others make use a Tongka terminal (docs/local-api.md). Sums are
whole fen; texts come in Chinese and English. `/v1/taps` is a WebSocket as well: each message is a `Tap`; a
page, which can't send headers, says who it is in its first message, a `Hello`.
"""


def create_app(backend: Backend | None = None) -> FastAPI:
    """The application of a terminal; without one it has its document alone."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        if backend is not None:
            backend.news.attach()
        yield

    app = FastAPI(
        title="Tongka local API",
        version="1",
        description=_ABOUT,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.backend = backend
    app.include_router(router)
    app.include_router(need_router)
    app.add_exception_handler(ExplainedError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    app.add_exception_handler(HTTPException, _answer_http_error)
    app.add_exception_handler(Exception, _answer_fault)
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def openapi_document() -> str:
    """The OpenAPI document, as it is kept in docs/openapi."""
    return json.dumps(create_app().openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n"


def _document(app: FastAPI) -> dict[str, object]:
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        schemas = document["components"]["schemas"]
        # FastAPI's own words for what can't be read are not what is answered here.
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for methods in document["paths"].values():
            for operation in methods.values():
                operation["responses"].pop("422", None)
        for model in (Tap, Hello):
            schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(schema.pop("$defs", {}))
            schemas[model.__name__] = schema
        document["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        document["security"] = [{"token": []}]
        app.openapi_schema = document
    return app.openapi_schema


async def _answer_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ExplainedError)  # noqa: S101 - what the handler is registered for
    return refusal(error, language_of(request.headers.get("accept-language", "")))


async def _answer_fault(request: Request, error: Exception) -> Response:
    """A fault of ours, which goes on to the gate to be told of there."""
    return await _answer_error(request, explained_fault(error))


async def _answer_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - what the handler is registered for
    # Names of members, never what was in them; a name may be anything that somebody sent.
    places = [".".join(str(part) for part in one["loc"][1:]) for one in error.errors()[:_MOST_PLACES]]
    shown = (place[:_MOST_CHARACTERS].encode("ascii", "replace").decode() for place in places if place)
    return await _answer_error(request, members_wrong(tuple(dict.fromkeys(shown))))


async def _answer_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what the handler is registered for
    match error.status_code:
        case HTTPStatus.NOT_FOUND:
            return await _answer_error(request, path_unknown())
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return await _answer_error(request, method_refused())
        case _:
            return await _answer_error(request, members_wrong(()))
