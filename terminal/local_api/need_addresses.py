"""The addresses at which programs leave needs and ratings and ask for answers; each waits for a card."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from terminal.local_api.addresses import MAX_WAIT, PREFIX, REFUSALS, Terminal, Till, bearer_of
from terminal.local_api.need_models import Answers, AnswerShown, NeedAsked, RatingAsked, Recorded
from terminal.local_api.role import Role
from terminal.local_api.tokens import Bearer
from terminal.needs.leaving import leave_need, rate, require_leavable, require_ratable, status_of

_REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    **REFUSALS,
    "4XX": {
        **REFUSALS["4XX"],
        "description": "Refused; nothing was done, but that a card that is no good is recorded as refused. "
        "已拒绝；除记下被拒的证外，什么都没有做。",
    },
}

router = APIRouter(prefix=PREFIX, responses=_REFUSALS)

Staff = Annotated[Bearer, Depends(bearer_of(Role.STAFF))]
Wait = Annotated[
    float,
    Query(
        ge=0,
        le=MAX_WAIT,
        description="Seconds to wait for a card; 0 only asks whether it could be (CRD-106). 等卡的秒数。",
    ),
]
_SECONDS: Final = 30.0


@router.post("/needs", status_code=HTTPStatus.CREATED)
async def leave(
    backend: Terminal, bearer: Till, request: Request, asked: NeedAsked, wait: Wait = _SECONDS
) -> Recorded:
    """Leave a need with the next card put down; only the centre can read it. 刷卡留下需求。"""
    said, recording = asked.read()
    terminal = backend.terminal
    event = await backend.cards.serve(
        request,
        bearer,
        wait,
        lambda: require_leavable(terminal.desk, said, recording),
        lambda card: leave_need(terminal, card, said, recording),
    )
    return Recorded.of(event)


@router.post("/ratings", status_code=HTTPStatus.CREATED)
async def leave_rating(
    backend: Terminal, bearer: Till, request: Request, asked: RatingAsked, wait: Wait = _SECONDS
) -> Recorded:
    """Rate a service of today with the card that had it, once. 刷卡评价。"""
    said, terminal = asked.read(), backend.terminal
    event = await backend.cards.serve(
        request,
        bearer,
        wait,
        lambda: asked.sequence and require_ratable(terminal.desk, asked.sequence),
        lambda card: rate(terminal, card, asked.sequence, said),
    )
    return Recorded.of(event)


@router.post("/needs/answers")
async def answers(
    backend: Terminal, bearer: Staff, request: Request, response: Response, wait: Wait = _SECONDS
) -> Answers:
    """How the needs of the next card's holder stand, for that person alone. 刷卡查答复，不记录。"""
    terminal = backend.terminal
    found = await backend.cards.serve(
        request, bearer, wait, lambda: None, lambda card: status_of(terminal, card)
    )
    response.headers["Cache-Control"] = "no-store"
    catalogue = terminal.desk.contents.current().catalogue
    return Answers(answers=[AnswerShown.of(one, catalogue) for one in found])
