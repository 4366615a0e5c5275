"""What can be wrong between a terminal and the programs that use it: TRM-70x, each with its HTTP status."""

from __future__ import annotations

from http import HTTPStatus

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

    status: HTTPStatus


class TokenRefused(RequestRefused):
    """No token was sent, or one that this terminal did not make."""

    code = "TRM-701"
    status = HTTPStatus.UNAUTHORIZED
    cause = Text(zh="没有令牌，或令牌不对。", en="The token is missing or wrong.")
    next_step = Text(
        zh="请在请求头写 Authorization: Bearer 令牌；新令牌用 tongka api token create 制作。",
        en="Send the header `Authorization: Bearer TOKEN`; `tongka api token create` makes one.",
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
        en="Programs use 127.0.0.1 or localhost with the port, and no Origin; --origin lists your own pages.",
    )


class RequestMalformed(RequestRefused):
    """A request that can't be used. Facts: problem and write, Texts; `status` is one of 4xx."""

    code = "TRM-703"
    cause = Text(zh="请求无法使用：{problem}。", en="The request can't be used: {problem}.")
    next_step = Text(zh="请改为：{write}。什么都没有做。", en="Send {write}. Nothing was done.")

    def __init__(self, status: HTTPStatus, problem: Text, write: Text) -> None:
        super().__init__(problem=problem, write=write)
        self.status = status


class TooManyRequests(RequestRefused):
    """A client asks more often than a terminal can serve beside its taps."""

    code = "TRM-704"
    status = HTTPStatus.TOO_MANY_REQUESTS
    cause = Text(zh="请求或连接过多。", en="There are too many requests or streams.")
    next_step = Text(
        zh="请稍后再试；用刷卡流代替反复查询。",
        en="Wait a second; follow the stream instead of asking often.",
    )


class RoleTooLow(RequestRefused):
    """The token's role does not allow it. Facts: role."""

    code = "TRM-705"
    status = HTTPStatus.FORBIDDEN
    cause = Text(zh="令牌的角色“{role}”不允许此操作。", en="A token of the role {role} does not allow this.")
    next_step = Text(
        zh="请改用有此权限的令牌：售票、撤销自己的售票用 till；撤销其他刷卡、员工提示用 staff。",
        en="Use one that does: `till` sells, and amends its own sales; `staff` amends any tap, and reads "
        "what is told to staff.",
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


class SaleOfAnother(RequestRefused):
    """A terminal has one open sale at a time, and it is another token's."""

    code = "TRM-708"
    status = HTTPStatus.CONFLICT
    cause = Text(zh="另一程序的售票还没有结束。", en="Another program's sale is open.")
    next_step = Text(
        zh="请待它确认或撤销；久未操作的五分钟后自动撤销。",
        en="Wait until it is confirmed or cancelled; one that is left alone ends after five minutes.",
    )


class TokensRefused(TerminalError):
    """The file of the API's tokens can't be used, or a change of it. Facts: problem and write, Texts."""

    code = "TRM-709"
    cause = Text(zh="接口令牌不可用：{problem}。", en="The API's tokens can't be used: {problem}.")
    next_step = Text(zh="请{write}。", en="{write}.")
