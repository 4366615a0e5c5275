"""What can be wrong between a terminal and the programs that use it: TRM-70x, each with its HTTP status."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar

from crypto.explained import Text
from terminal.errors import TerminalError


class ListenRefused(TerminalError):
    """The API can't listen at the address it was given. Facts: address, detail."""

    code = "TRM-700"
    cause = Text(
        zh="接口无法在 {address} 监听：{detail}。", en="The API can't listen at {address}: {detail}."
    )
    next_step = Text(
        zh="请换用别的 --port（0 为任意空闲端口）或 --socket，并检查目录权限。",
        en="Choose another --port (0 takes any free one) or --socket, and check the folder's permissions.",
    )


class RequestRefused(TerminalError):
    """Root of what a client gets as an answer."""

    status: ClassVar[HTTPStatus]


class TokenRefused(RequestRefused):
    """No token was sent, or one that this terminal did not make."""

    code = "TRM-701"
    status = HTTPStatus.UNAUTHORIZED
    cause = Text(zh="没有令牌，或令牌不对。", en="The token is missing or wrong.")
    next_step = Text(
        zh="请在请求头写 Authorization: Bearer 令牌；令牌用 tongka api token 查看。",
        en="Send the header `Authorization: Bearer TOKEN`; `tongka api token` shows the terminal's tokens.",
    )


class OriginRefused(RequestRefused):
    """A browser sent it for a page that is not allowed, or under a name that is not this machine's."""

    code = "TRM-702"
    status = HTTPStatus.FORBIDDEN
    cause = Text(
        zh="请求来自未获准的网页（Origin），或主机名（Host）不是本机。",
        en="The request comes from a page that is not allowed (Origin), or names another host (Host).",
    )
    next_step = Text(
        zh="程序请直接用 127.0.0.1 或 localhost 加端口，不带 Origin；自己的网页用 --origin 列出。",
        en="Programs use 127.0.0.1 or localhost with the port, and no Origin; list your own page by --origin.",
    )


class RequestMalformed(RequestRefused):
    """A request that can't be used. Facts: problem and write, Texts; `status` is one of 4xx."""

    code = "TRM-703"
    status = HTTPStatus.BAD_REQUEST
    cause = Text(zh="请求无法使用：{problem}。", en="The request can't be used: {problem}.")
    next_step = Text(zh="请改为：{write}。什么都没有做。", en="Send {write}. Nothing was done.")

    def __init__(self, status: HTTPStatus, problem: Text, write: Text) -> None:
        super().__init__(problem=problem, write=write)
        self.answer_status = status


class TooManyRequests(RequestRefused):
    """A client asks more often than a terminal can serve beside its taps."""

    code = "TRM-704"
    status = HTTPStatus.TOO_MANY_REQUESTS
    cause = Text(zh="请求或连接过多。", en="There are too many requests or streams.")
    next_step = Text(
        zh="请稍后再试；用刷卡流代替反复查询。", en="Wait a second; follow the stream instead of asking often."
    )


class RoleTooLow(RequestRefused):
    """The token's role does not allow it. Facts: role."""

    code = "TRM-705"
    status = HTTPStatus.FORBIDDEN
    cause = Text(zh="令牌的角色“{role}”不允许此操作。", en="A token of the role {role} does not allow this.")
    next_step = Text(
        zh="请改用有此权限的令牌：售票用 till，员工提示用 staff。",
        en="Use one that does: `till` sells and amends, `staff` reads what is told to staff.",
    )


class NoTapAwaited(TerminalError):
    """A card was put down and nothing was asked for that it could be tapped for."""

    code = "TRM-706"
    cause = Text(zh="没有待刷的项目，这次没有刷卡。", en="No line waits for a card: it was not tapped.")
    next_step = Text(
        zh="请先开始售票，或给它加一行，再请持卡人刷卡。",
        en="Begin a sale, or add a line to it, then ask the holder to tap.",
    )


class TerminalBusy(RequestRefused):
    """The terminal did not come to it in time; nothing was done."""

    code = "TRM-707"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    cause = Text(zh="终端正忙，未能及时处理。", en="The terminal is busy and did not come to it in time.")
    next_step = Text(zh="什么都没有做；请稍后重试。", en="Nothing was done; try again.")


class EventInOpenSale(RequestRefused):
    """An event belongs to a sale that is not confirmed. Facts: sequence."""

    code = "TRM-708"
    status = HTTPStatus.CONFLICT
    cause = Text(
        zh="第 {sequence} 号属于尚未确认的售票。", en="Event {sequence} belongs to a sale that is still open."
    )
    next_step = Text(
        zh="请先确认售票；不要它就从售票中移除这一行。",
        en="Confirm the sale first; to take the tap back, remove its line.",
    )


class TokensUnreadable(TerminalError):
    """The file of the API's tokens can't be used. Facts: file, detail."""

    code = "TRM-709"
    cause = Text(
        zh="接口令牌文件 {file} 不可用：{detail}。", en="The file of tokens {file} can't be used: {detail}."
    )
    next_step = Text(
        zh="请检查权限（须为 0600）；或用 tongka api token --renew 重新制作，并更新各程序的令牌。",
        en="Check its permissions (0600), or make new tokens with `tongka api token --renew` and give them to "
        "the programs.",
    )
