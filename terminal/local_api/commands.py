"""`tongka api`: let tills, gates and bus computers that others make use this terminal."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from card.readers.address import open_reader
from card.readers.any_reader import ANY
from crypto.explained import Language, Text
from terminal.data_directory import DataDirectory
from terminal.local_api.listening import Addresses
from terminal.local_api.role import Role
from terminal.local_api.tokens import TokenStore
from terminal.modes.desk_command import Data, Reader, Training

app = typer.Typer(
    help="本机接口：供售票机、闸机、车载机使用。The local API for tills, gates and bus computers.",
    no_args_is_help=True,
)
token_app = typer.Typer(
    help="接口令牌：制作、列出、换新、作废。Tokens: make, list, replace, revoke.", no_args_is_help=True
)
app.add_typer(token_app, name="token")

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]
Name = Annotated[
    str, typer.Argument(help="名称：小写字母、数字、连字符 / its name: small letters, digits, hyphens")
]

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_ORIGIN: Final = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?")
_NAME_FORM: Final = (
    "应为小写字母、数字、连字符，如 till-1 / small letters, digits and hyphens are expected, as till-1"
)
_ORIGIN_FORM: Final = (
    "应为网页来源，如 https://till.example:8080 / an origin is expected, as https://till.example:8080"
)
_SHOWN_ONCE: Final = Text(
    zh="令牌只显示这一次，请立即交给程序，勿写入网址或日志：",
    en="The token is shown this once; give it to the program now, and never put it into a URL or a log:",
)
_REVOKED: Final = Text(zh="已作废：{name}", en="Revoked: {name}")
_NO_TOKENS: Final = Text(
    zh="还没有令牌。用 tongka api token create 制作。",
    en="There are no tokens yet. Make one by `tongka api token create`.",
)


@app.command()
def serve(
    *,
    data: Data,
    reader: Reader = ANY,
    socket: Annotated[
        Path | None,
        typer.Option("--socket", help="Unix 套接字，缺省为数据目录中的 api.sock / default: api.sock in DIR"),
    ] = None,
    group: Annotated[
        bool, typer.Option("--group", help="同组用户也可连接套接字（0660） / the group may connect, too")
    ] = False,
    port: Annotated[
        int | None,
        typer.Option(
            "--port", min=0, max=65535, help="另在 127.0.0.1 监听，0 为任意端口 / TCP as well; 0 takes any"
        ),
    ] = None,
    ipv6: Annotated[bool, typer.Option("--ipv6", help="改用 ::1 / ::1 in place of 127.0.0.1")] = False,
    origin: Annotated[
        list[str] | None,
        typer.Option("--origin", help="获准的网页来源，可重复 / pages that may use it; repeatable"),
    ] = None,
    sales_only: Annotated[
        bool,
        typer.Option(
            "--sales-only", help="只在售票中刷卡 / cards are tapped in sales alone, not for the own service"
        ),
    ] = False,
    training: Training = False,
    as_json: AsJson = False,
) -> None:
    """刷卡并供程序使用，直到 Ctrl-C；就绪时逐行输出“READY 地址”。 Serve until interrupted.

    Prints a line `READY ADDRESS` for each address once it answers.

    Example: tongka api serve --data out/terminal --port 8490
    """
    for one in origin or ():
        if not _ORIGIN.fullmatch(one):
            raise typer.BadParameter(_ORIGIN_FORM, param_hint="--origin")
    # Only this verb needs what answers requests.
    from terminal.local_api import serving  # noqa: PLC0415

    def ready(addresses: list[str]) -> None:
        if as_json:
            typer.echo(msgspec.json.encode({"state": "ready", "addresses": addresses}).decode())
        else:
            for address in addresses:
                typer.echo(f"READY {address}")

    directory = DataDirectory(data)
    directory.require_terminal()
    addresses = Addresses(socket or directory.api_socket, port, for_group=group, for_ipv6=ipv6)
    with open_reader(reader) as opened:
        chosen = serving.Serving(
            addresses, tuple(origin or ()), is_for_sales_only=sales_only, is_training=training
        )
        serving.serve(directory, opened, chosen, ready)


@app.command()
def openapi() -> None:
    """输出 OpenAPI 文档（JSON）。 Print the OpenAPI document, JSON.

    Example: tongka api openapi > openapi.json
    """
    from terminal.local_api.app import openapi_document  # noqa: PLC0415

    typer.echo(openapi_document(), nl=False)


@token_app.command()
def create(
    name: Name,
    data: Data,
    role: Annotated[
        Role,
        typer.Option(
            "--role",
            help="watch 只看，till 可售票，staff 另可看给持证人和员工的话 / "
            "watch reads, till sells, staff also reads what holder and staff are told",
        ),
    ] = Role.TILL,
    as_json: AsJson = False,
) -> None:
    """制作令牌；只显示这一次，终端只存哈希。 Make a token; it is shown this once.

    Example: tongka api token create till-1 --data out/terminal --role till
    """
    _require_name(name)
    _show(name, _tokens(data).create(name, role), as_json)


@token_app.command()
def rotate(name: Name, data: Data, as_json: AsJson = False) -> None:
    """换新令牌，旧的立即失效。 Replace a token; the old one ends at once.

    Example: tongka api token rotate till-1 --data out/terminal
    """
    _require_name(name)
    _show(name, _tokens(data).rotate(name), as_json)


@token_app.command()
def revoke(name: Name, data: Data, as_json: AsJson = False) -> None:
    """作废令牌，立即生效。 Revoke a token, at once.

    Example: tongka api token revoke till-1 --data out/terminal
    """
    _require_name(name)
    _tokens(data).revoke(name)
    if as_json:
        typer.echo(msgspec.json.encode({"revoked": name}).decode())
    else:
        typer.echo(_REVOKED.format(name=name).in_language(Language.from_environment()))


@token_app.command("list")
def list_tokens(data: Data, as_json: AsJson = False) -> None:
    """列出令牌的名称和角色。 List the tokens' names and roles.

    Example: tongka api token list --data out/terminal
    """
    kept = _tokens(data).kept()
    language = Language.from_environment()
    if as_json:
        for one in kept:
            typer.echo(msgspec.json.encode({"name": one.name, "role": one.role}).decode())
    elif not kept:
        typer.echo(_NO_TOKENS.in_language(language))
    else:
        table = Table(
            Text(zh="名称", en="name").in_language(language), Text(zh="角色", en="role").in_language(language)
        )
        for one in kept:
            table.add_row(one.name, one.role.value)
        Console().print(table)


def _tokens(data: Path) -> TokenStore:
    """The terminal's tokens; none are made in a folder that was mistyped. Raises TerminalNotEnrolled."""
    directory = DataDirectory(data)
    directory.require_terminal()
    return TokenStore(directory.api_tokens)


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise typer.BadParameter(_NAME_FORM, param_hint="NAME")


def _show(name: str, token: str, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode({"name": name, "token": token}).decode())
        return
    # The sentence is for a person, the token may be for a file.
    typer.echo(_SHOWN_ONCE.in_language(Language.from_environment()), err=True)
    typer.echo(token)
