"""The addresses of the API, version 1 (docs/local-api.md)."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query
from fastapi.requests import HTTPConnection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.websockets import WebSocket

from terminal.events.challenge import MAX_SEQUENCE
from terminal.local_api.backend import Backend
from terminal.local_api.errors import RoleTooLow
from terminal.local_api.gate import BEARER
from terminal.local_api.models import Problem
from terminal.local_api.requests import members_wrong
from terminal.local_api.role import Role
from terminal.local_api.sale_models import SaleAsked, Sales, SaleStatus
from terminal.local_api.service_models import Services, ServicesFound, ServiceShown
from terminal.local_api.services import MAX_PAGE
from terminal.local_api.status_models import Status
from terminal.local_api.tap_models import CorrectionAsked, Receipt, Tap
from terminal.local_api.taps import TapEntry
from terminal.local_api.tokens import Bearer

PREFIX: Final = "/v1"
MAX_WAIT: Final = 60.0
#: What every address may answer beside what was asked for.
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"model": Problem, "description": "Refused; nothing was done. 已拒绝，什么都没有做。"},
    "5XX": {"model": Problem, "description": "The terminal's own trouble. 终端自身的问题。"},
}

router = APIRouter(prefix=PREFIX, responses=REFUSALS)


def _backend(connection: HTTPConnection) -> Backend:
    backend: Backend = connection.app.state.backend
    return backend


def bearer_of(least: Role) -> Callable[[Request], Bearer]:
    """Who sent a request, as a dependency that raises RoleTooLow for who has less than this role."""

    def bearer(request: Request) -> Bearer:
        found: Bearer = request.scope[BEARER]
        if not found.role.includes(least):
            raise RoleTooLow(role=found.role.value)
        return found

    return bearer


Terminal = Annotated[Backend, Depends(_backend)]
Watcher = Annotated[Bearer, Depends(bearer_of(Role.WATCH))]
Till = Annotated[Bearer, Depends(bearer_of(Role.TILL))]
SaleId = Annotated[str, Path(max_length=32, examples=["9f86d081884c7d65"])]
Sequence = Annotated[int, Path(ge=1, le=MAX_SEQUENCE)]
After = Annotated[
    int | None,
    Query(
        ge=0, le=MAX_SEQUENCE, description="The last sequence dealt with; without it: only what comes. 断点。"
    ),
]


@router.get("/status")
async def status(backend: Terminal, bearer: Watcher) -> Status:
    """How the terminal is, and what the token may do. 终端状态。"""
    return backend.status(bearer.role)


@router.get("/services")
async def services(
    backend: Terminal,
    bearer: Watcher,
    after: Annotated[
        str, Query(max_length=12, description="`next` of the page before. 上一页的 next。")
    ] = "",
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
) -> Services:
    """The catalogue, page by page. 服务目录。"""
    return await run_in_threadpool(backend.services.page, after, limit)


@router.get("/services/search")
async def find_services(
    backend: Terminal,
    bearer: Watcher,
    q: Annotated[
        str, Query(max_length=100, description="Hanzi, pinyin, initials, English. 汉字、拼音、首字母。")
    ],
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
) -> ServicesFound:
    """Services by what somebody typed, the best match first. 搜索服务。"""
    return await run_in_threadpool(backend.services.find, q, limit)


@router.get("/services/{code}")
async def service(
    backend: Terminal, bearer: Watcher, code: Annotated[str, Path(max_length=12)]
) -> ServiceShown:
    """One service, whole. 一项服务的全部内容。"""
    return await run_in_threadpool(backend.services.show, code)


@router.get("/sales")
async def sales(backend: Terminal, bearer: Till) -> Sales:
    """The last sales of this token since the terminal started, the latest last. 本令牌最近的售票。"""
    states = backend.sales.states(bearer.name)
    return Sales(sales=[SaleStatus.of(state, bearer.role) for state in states])


@router.post("/sales", status_code=HTTPStatus.CREATED)
async def begin_sale(backend: Terminal, bearer: Till, asked: SaleAsked) -> SaleStatus:
    """Begin a sale: the next card is tapped for its first line, and so on. 开始售票。"""
    state = await backend.ask(lambda: backend.orders.begin(bearer.name, asked.lines))
    return SaleStatus.of(state, bearer.role)


@router.get("/sales/{sale}")
async def show_sale(
    backend: Terminal,
    bearer: Till,
    sale: SaleId,
    seen: Annotated[
        int,
        Query(
            ge=0, le=MAX_SEQUENCE, description="The revision known; answered when it is another. 已知版本。"
        ),
    ] = 0,
    wait: Annotated[float, Query(ge=0, le=MAX_WAIT, description="Seconds to wait for that, 20 at most.")] = 0,
) -> SaleStatus:
    """A sale as it stands, or as soon as it has changed. 售票状态，可等待变化。"""
    return SaleStatus.of(await backend.sale(bearer, sale, seen, wait), bearer.role)


@router.post("/sales/{sale}/lines")
async def add_lines(backend: Terminal, bearer: Till, sale: SaleId, asked: SaleAsked) -> SaleStatus:
    """Further lines for an open sale. 增加行。"""
    state = await backend.ask(lambda: backend.orders.add(bearer.name, sale, asked.lines))
    return SaleStatus.of(state, bearer.role)


@router.delete("/sales/{sale}/lines/{number}")
async def remove_line(backend: Terminal, bearer: Till, sale: SaleId, number: Sequence) -> SaleStatus:
    """Take a tapped line out of an open sale; its tap is cancelled. 移除一行。"""
    state = await backend.ask(lambda: backend.orders.remove(bearer.name, sale, number))
    return SaleStatus.of(state, bearer.role)


@router.post("/sales/{sale}/confirm")
async def confirm_sale(backend: Terminal, bearer: Till, sale: SaleId) -> SaleStatus:
    """The sale is paid: its taps count. May be sent again. 确认。"""
    state = await backend.ask(lambda: backend.orders.confirm(bearer.name, sale))
    return SaleStatus.of(state, bearer.role)


@router.post("/sales/{sale}/cancel")
async def cancel_sale(backend: Terminal, bearer: Till, sale: SaleId) -> SaleStatus:
    """The sale is dropped: its taps are cancelled. May be sent again. 撤销。"""
    state = await backend.ask(lambda: backend.orders.cancel_sale(bearer.name, sale))
    return SaleStatus.of(state, bearer.role)


@router.get(
    "/taps",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "`id`: the sequence; `event: tap`; `data`: a Tap; comments while it is quiet.",
            "content": {"text/event-stream": {"itemSchema": {"$ref": "#/components/schemas/Tap"}}},
        }
    },
)
async def follow_taps(
    backend: Terminal, bearer: Watcher, request: Request, after: After = None
) -> StreamingResponse:
    """Everything that is recorded, as it comes: Server-Sent Events. 刷卡流。"""
    return backend.streams.events(request.headers, bearer, _resumed(request, after))


@router.websocket("/taps")
async def talk_of_taps(socket: WebSocket, backend: Terminal, after: After = None) -> None:
    """The same over a WebSocket, each message a Tap; a page says who it is in its first message, a Hello."""
    await backend.streams.talk(socket, after)


@router.post("/taps/{sequence}/cancel")
async def cancel_tap(backend: Terminal, bearer: Till, sequence: Sequence) -> Tap:
    """A tap of this token's confirmed sale does not count; with a `staff` token, any tap. 撤销刷卡。"""
    event = await backend.ask(lambda: backend.orders.cancel_tap(bearer, sequence))
    return Tap.of(TapEntry.of(event), bearer.role)


@router.post("/taps/{sequence}/correct")
async def correct_tap(backend: Terminal, bearer: Till, sequence: Sequence, asked: CorrectionAsked) -> Tap:
    """A tap of this token's sale (`staff`: any tap) was for less: fare, or party. 更正。"""
    event = await backend.ask(
        lambda: backend.orders.correct_tap(bearer, sequence, asked.fare, asked.companions)
    )
    return Tap.of(TapEntry.of(event), bearer.role)


@router.get("/taps/{sequence}/receipt")
async def receipt(backend: Terminal, bearer: Till, sequence: Sequence, short: bool = False) -> Receipt:
    """The passenger's receipt, as the text of its QR code. 优惠凭条。"""
    return await backend.receipt(sequence, is_short=short)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request, bearer: Watcher) -> dict[str, Any]:
    """This document."""
    return request.app.openapi()  # type: ignore[no-any-return]


def _resumed(request: Request, after: int | None) -> int | None:
    last = request.headers.get("last-event-id", "")
    if after is not None or not last:
        return after
    if not (last.isascii() and last.isdecimal()) or int(last[:16]) > MAX_SEQUENCE:
        raise members_wrong(("Last-Event-ID",))
    return int(last[:16])
