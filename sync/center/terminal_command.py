"""`tongka center terminal`: list the enrolled terminals, and revoke one that is stolen or given up."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table

from crypto.explained import Language, Text
from crypto.pki.revocation import RevocationReason
from sync.center.directory import Center, open_center
from sync.center.enrolled_terminals import (
    EnrolledTerminal,
    accept_late_events,
    revoke_terminal,
    terminals,
)
from sync.center.option_words import SIXTEEN_DIGITS
from sync.center.reconciliation import reconcile_center
from sync.reconcile.report import yuan
from terminal.events.challenge import TERMINAL_ID_BYTES

app = typer.Typer(help="管理已登记的终端。Enrolled terminals.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="中心数据目录 / the centre's data directory")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]

_REVOKED = Text(
    zh="终端 {terminal} 已吊销，随第 {version} 版内容发布；此后的记录不予结算，此前的记录若现在才补传，须经 "
    "tongka center terminal accept-late 确认后结算",
    en="Terminal {terminal} is revoked, published with content {version}; what it records from now on is not "
    "paid, and what it recorded before and sends from now on once it is accepted: tongka center terminal "
    "accept-late",
)
_ACCEPTED = Text(
    zh="终端 {terminal} 吊销后至今补传的 {events} 条记录照常结算，核定补贴因此变动 {sum} 元（已留痕）；"
    "此后再传的仍须确认",
    en="{events} events that terminal {terminal} sent since it was revoked count now, and change what is "
    "paid by {sum} yuan (entered in the audit); what it still sends has to be accepted again",
)
_IN_FORCE = Text(zh="有效", en="in force")
_HEADINGS = (
    Text(zh="终端", en="terminal"),
    Text(zh="期", en="epoch"),
    Text(zh="运营单位", en="operator"),
    Text(zh="服务", en="service"),
    Text(zh="已签收至", en="received up to"),
    Text(zh="状态", en="state"),
    Text(zh="待确认", en="waiting"),
)


@app.command()
def revoke(
    data: Data,
    terminal: Annotated[str, typer.Option("--terminal", help="终端号（16 位十六进制） / the terminal's id")],
    reason: Annotated[
        RevocationReason, typer.Option("--reason", help="原因 / why")
    ] = RevocationReason.KEY_COMPROMISE,
    as_json: AsJson = False,
) -> None:
    """吊销被盗或停用的终端并立即发布；它同步后即停止服务。 Revoke a terminal: it serves nobody any more.

    要重新启用，另发登记码重新登记。 To use it again, enrol it with another code.

    Example: tongka center terminal revoke --data out/center --terminal 00112233445566ff
    """
    now = datetime.now(UTC)
    name = _terminal_id(terminal)
    with open_center(data) as center:
        revoke_terminal(center.store, name, reason, _actor(), now)
        version = center.publish(None, now)
    if as_json:
        typer.echo(msgspec.json.encode({"terminal": name.hex(), "content": version}).decode())
        return
    typer.echo(_REVOKED.format(terminal=name.hex(), version=version).in_language(Language.from_environment()))


@app.command(name="accept-late")
def accept_late(
    data: Data,
    terminal: Annotated[str, typer.Option("--terminal", help="终端号（16 位十六进制） / the terminal's id")],
    as_json: AsJson = False,
) -> None:
    """确认吊销后才收到的记录可信，照常结算；留痕。 Pay what came after a revocation; entered in the audit.

    只在确知终端吊销后一直在谁手里时使用。 Only where you know who had it since.

    Example: tongka center terminal accept-late --data out/center --terminal 00112233445566ff
    """
    name = _terminal_id(terminal)
    with open_center(data) as center:
        before = _paid(center, name)
        events = accept_late_events(center.store, name, _actor(), time.time_ns() // 1_000_000)
        fen = _paid(center, name) - before
    if as_json:
        typer.echo(msgspec.json.encode({"terminal": name.hex(), "events": events, "fen": fen}).decode())
        return
    said = _ACCEPTED.format(terminal=name.hex(), events=events, sum=yuan(fen))
    typer.echo(said.in_language(Language.from_environment()))


@app.command(name="list")
def list_command(data: Data, as_json: AsJson = False) -> None:
    """列出已登记的终端，及吊销后收到、待确认的记录数。 List the enrolled terminals.

    Of a revoked one also how many events came since and wait to be accepted (accept-late).

    Example: tongka center terminal list --data out/center
    """
    with open_center(data) as center:
        found = terminals(center.store)
    if as_json:
        typer.echo(msgspec.json.encode([_document(one) for one in found]).decode())
        return
    language = Language.from_environment()
    name, *others = (heading.in_language(language) for heading in _HEADINGS)
    # The name is what other commands ask for: it is never cut, however narrow the screen.
    table = Table(Column(name, min_width=2 * TERMINAL_ID_BYTES), *others)
    for one in found:
        state = _state(one) or _IN_FORCE.in_language(language)
        table.add_row(
            one.terminal.hex(),
            str(one.epoch),
            one.operator,
            one.service,
            str(one.received),
            state,
            str(one.waiting),
        )
    Console().print(table)


def _document(one: EnrolledTerminal) -> dict[str, str | int | None]:
    return {
        "terminal": one.terminal.hex(),
        "epoch": one.epoch,
        "operator": one.operator,
        "region": one.region,
        "service": one.service,
        "enrolled_ms": one.enrolled_ms,
        "received_up_to": one.received,
        "revoked": _state(one),
        "waiting": one.waiting,
    }


def _paid(center: Center, terminal: bytes) -> int:
    """What is paid for a terminal's taps by now, in fen."""
    claims = reconcile_center(center, time.time_ns() // 1_000_000).claims
    return sum(claim.accepted for claim in claims if claim.terminal == terminal.hex())


def _actor() -> str:
    return f"uid:{os.getuid()}"


def _state(one: EnrolledTerminal) -> str | None:
    return f"{one.revoked.at.date().isoformat()} {one.revoked.reason}" if one.revoked else None


def _terminal_id(text: str) -> bytes:
    try:
        name = bytes.fromhex(text)
    except ValueError as error:
        raise typer.BadParameter(SIXTEEN_DIGITS, param_hint="--terminal") from error
    if len(name) != TERMINAL_ID_BYTES:
        raise typer.BadParameter(SIXTEEN_DIGITS, param_hint="--terminal")
    return name
