"""From an error to an answer: which HTTP status, and its words as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from starlette.responses import Response

from card.errors.root import TapRefused
from card.errors.transport import NoCardInTime
from crypto.explained import ExplainedError, Language
from terminal.amendment_errors import AmendsUpwards, CancelledAlready, NothingToAmend
from terminal.decisions.errors import DecisionInputInvalid, ServiceUnknown
from terminal.errors import InternalFault
from terminal.local_api.errors import RequestRefused, TokenRefused, TooManyRequests
from terminal.local_api.models import Problem
from terminal.modes.counter_errors import (
    NotInSale,
    SaleFull,
    SaleMoveRefused,
    SaleStillOpen,
    SaleTimedOut,
    TicketUnknown,
)
from terminal.needs.errors import (
    NoServiceToday,
    NothingToRate,
    RatedAlready,
    RatingOfAnother,
    RatingTooLate,
    VoiceRefused,
    WordsRefused,
)
from terminal.receipts.errors import NoReceiptDue

_STATUS: Final[Mapping[type[ExplainedError], HTTPStatus]] = MappingProxyType(
    {
        AmendsUpwards: HTTPStatus.UNPROCESSABLE_ENTITY,
        CancelledAlready: HTTPStatus.CONFLICT,
        DecisionInputInvalid: HTTPStatus.UNPROCESSABLE_ENTITY,
        InternalFault: HTTPStatus.INTERNAL_SERVER_ERROR,
        NoCardInTime: HTTPStatus.CONFLICT,
        NoReceiptDue: HTTPStatus.NOT_FOUND,
        NotInSale: HTTPStatus.NOT_FOUND,
        NothingToAmend: HTTPStatus.NOT_FOUND,
        NoServiceToday: HTTPStatus.NOT_FOUND,
        NothingToRate: HTTPStatus.NOT_FOUND,
        RatedAlready: HTTPStatus.CONFLICT,
        RatingOfAnother: HTTPStatus.CONFLICT,
        RatingTooLate: HTTPStatus.CONFLICT,
        SaleFull: HTTPStatus.CONFLICT,
        SaleMoveRefused: HTTPStatus.CONFLICT,
        SaleStillOpen: HTTPStatus.CONFLICT,
        SaleTimedOut: HTTPStatus.CONFLICT,
        ServiceUnknown: HTTPStatus.NOT_FOUND,
        TicketUnknown: HTTPStatus.UNPROCESSABLE_ENTITY,
        VoiceRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
        WordsRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
    }
)


def status_of(error: ExplainedError) -> HTTPStatus:
    """The HTTP status of an error; 503 for what is the terminal's own trouble: disk, key, content."""
    if isinstance(error, RequestRefused):
        return error.status
    if isinstance(error, TapRefused):
        return HTTPStatus.UNPROCESSABLE_ENTITY
    return _STATUS.get(type(error), HTTPStatus.SERVICE_UNAVAILABLE)


def refusal(error: ExplainedError, language: Language, *, is_last: bool = False) -> Response:
    """The answer; `is_last` closes the connection, where the rest of a request must not be waited for."""
    headers = {"Cache-Control": "no-store"}
    if isinstance(error, TokenRefused):
        headers["WWW-Authenticate"] = 'Bearer realm="tongka"'
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = "1"
    if is_last:
        headers["Connection"] = "close"
    body = Problem.of(error, language).model_dump_json()
    return Response(body, status_of(error), headers, "application/json")
