"""The ways in which a request can be unusable, each said so that its sender knows what to send instead."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

from crypto.explained import Text
from terminal.local_api.errors import RequestMalformed

_AS_DOCUMENTED: Final = Text(zh="接口说明 /v1/openapi.json 中的形式", en="what /v1/openapi.json describes")


def path_unknown() -> RequestMalformed:
    """There is nothing at this address."""
    problem = Text(zh="没有这个地址", en="there is nothing at this address")
    return RequestMalformed(HTTPStatus.NOT_FOUND, problem, _AS_DOCUMENTED)


def method_refused() -> RequestMalformed:
    """The address takes other methods."""
    problem = Text(zh="此地址不支持该方法", en="this address does not take that method")
    return RequestMalformed(HTTPStatus.METHOD_NOT_ALLOWED, problem, _AS_DOCUMENTED)


def not_json() -> RequestMalformed:
    """A write that does not say that it is JSON; pages of others can't send that header unasked."""
    problem = Text(zh="没有声明为 JSON", en="it does not say that it is JSON")
    write = Text(zh="请求头 Content-Type: application/json", en="the header Content-Type: application/json")
    return RequestMalformed(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, problem, write)


def body_too_large(most: int) -> RequestMalformed:
    """More than `most` bytes."""
    problem = Text(zh="正文过大", en="its body is too large")
    write = Text(zh=f"不超过 {most} 字节", en=f"at most {most} bytes")
    return RequestMalformed(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, problem, write)


def body_incomplete() -> RequestMalformed:
    """The body did not come in time."""
    problem = Text(zh="正文没有及时收完", en="its body did not come in time")
    return RequestMalformed(HTTPStatus.REQUEST_TIMEOUT, problem, Text(zh="完整的正文", en="all of it"))


def members_wrong(places: tuple[str, ...]) -> RequestMalformed:
    """Members (by name, never by value) that are missing or not as they should be."""
    named = "、".join(places)
    problem = Text(zh=f"这些内容有误：{named or '正文'}", en=f"wrong: {', '.join(places) or 'body'}")
    return RequestMalformed(HTTPStatus.UNPROCESSABLE_ENTITY, problem, _AS_DOCUMENTED)


def sale_unknown() -> RequestMalformed:
    """No such sale in this run of the terminal."""
    problem = Text(zh="没有这笔售票，或终端已重新启动", en="there is no such sale, or the terminal restarted")
    write = Text(
        zh="GET /v1/sales 列出的编号；未确认的售票在重启时已撤销",
        en="an id that GET /v1/sales lists; a restart cancels what was not confirmed",
    )
    return RequestMalformed(HTTPStatus.NOT_FOUND, problem, write)


def too_many_lines(most: int) -> RequestMalformed:
    """More lines than a sale has room for."""
    problem = Text(zh="行数过多", en="there are too many lines")
    return RequestMalformed(
        HTTPStatus.CONFLICT, problem, Text(zh=f"不超过 {most} 行", en=f"at most {most} lines")
    )


def service_not_offered(service: str) -> RequestMalformed:
    """A service of another operator, whose money this terminal can't take."""
    problem = Text(zh=f"服务“{service}”属于别的运营单位", en=f"{service} is another operator's service")
    write = Text(
        zh="GET /v1/services 中 offered 为 true 的服务", en="one that GET /v1/services lists as offered"
    )
    return RequestMalformed(HTTPStatus.UNPROCESSABLE_ENTITY, problem, write)


def fare_above_list(fare: int) -> RequestMalformed:
    """A fare above the catalogue's; the centre would not settle it."""
    problem = Text(zh="票价高于目录所列", en="the fare is above the catalogue's")
    write = Text(zh=f"不超过 {fare} 分", en=f"at most {fare} fen")
    return RequestMalformed(HTTPStatus.UNPROCESSABLE_ENTITY, problem, write)


def place_ahead(head: int) -> RequestMalformed:
    """A stream is asked for from behind the journal's end."""
    problem = Text(
        zh="流水账还没有这一号，终端可能重装过", en="the journal is not there yet; was it installed anew?"
    )
    write = Text(zh=f"after 不大于 {head}", en=f"`after` up to {head}")
    return RequestMalformed(HTTPStatus.CONFLICT, problem, write)


def hello_wrong() -> RequestMalformed:
    """A client's first message on the WebSocket is not the one that says who it is."""
    problem = Text(zh="第一条消息有误", en="the first message is wrong")
    write = Text(zh='{"token": "…", "after": 0}', en='{"token": "…", "after": 0}')
    return RequestMalformed(HTTPStatus.BAD_REQUEST, problem, write)


def no_http() -> RequestMalformed:
    """What came is not HTTP/1.1, or its head is too long."""
    problem = Text(zh="不是 HTTP/1.1，或请求头过长", en="it is not HTTP/1.1, or its head is too long")
    return RequestMalformed(HTTPStatus.BAD_REQUEST, problem, _AS_DOCUMENTED)
