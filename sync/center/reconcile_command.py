"""`tongka reconcile`: what does not add up, and what each operator is owed."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from crypto.explained import Language, Text
from sync import reasons
from sync.center.directory import open_center
from sync.center.reconciliation import reconcile_center
from sync.errors import OutputNotWritten
from sync.reconcile.report import Reconciliation, to_html, yuan

app = typer.Typer(short_help="对账与结算。Reconciliation and settlement.")

_WIDTH_OFF_SCREEN = 120
_MONEY = (
    Text(zh="票价（元）", en="list fare"),
    Text(zh="乘客支付", en="paid"),
    Text(zh="申报补贴", en="claimed"),
    Text(zh="核定补贴", en="accepted"),
    Text(zh="暂不支付", en="withheld"),
)


@app.callback(invoke_without_command=True)
def command(
    data: Annotated[Path, typer.Option("--data", help="中心数据目录 / the centre's data directory")],
    html: Annotated[Path | None, typer.Option("--html", help="写入 HTML 报告 / write an HTML report")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """核验证据，查找缺号、重放、分叉、无效证据与判定不符，并给出结算。
    Examine the evidence, find gaps, replays, forks, bad proofs and wrong decisions, and settle.

    Example: tongka reconcile --data out/center --html out/report.html
    """
    with open_center(data) as center:
        result = reconcile_center(center, time.time_ns() // 1_000_000)
    if html is not None:
        _write(html, to_html(result))
    if as_json:
        typer.echo(msgspec.json.encode(result).decode())
        return
    _print(result, Language.from_environment())


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputNotWritten(file=error.filename or file, detail=reasons.of_system(error)) from error


def _print(result: Reconciliation, language: Language) -> None:
    # A pipe or a log has no width of its own; on a narrow screen a cell goes on in the next line.
    console = Console(width=None if sys.stdout.isatty() else _WIDTH_OFF_SCREEN)
    findings = Table(title=Text(zh="发现的问题", en="Findings").in_language(language))
    for heading in (
        Text(zh="问题", en="finding"),
        Text(zh="终端", en="terminal"),
        Text(zh="期", en="epoch"),
        Text(zh="序号", en="sequence"),
        Text(zh="代码", en="code"),
    ):
        findings.add_column(heading.in_language(language), overflow="fold")
    for one in result.findings:
        place = str(one.first) if one.first == one.last else f"{one.first}–{one.last}"
        code = f"{one.kind.value} {one.detail[:24]}".rstrip()
        findings.add_row(one.kind.text.in_language(language), one.terminal, str(one.epoch), place, code)
    if result.findings:
        console.print(findings)
    else:
        console.print(Text(zh="没有发现问题。", en="Nothing was found.").in_language(language))
    console.print(_settlement(result, language))
    covered = Text(
        zh="已存 {stored} 条，已核验 {examined} 条，待补传后核验 {pending} 条",
        en="{stored} events stored, {examined} examined, {pending} waiting for a gap to be filled",
    ).format(**vars(result.coverage))
    console.print(covered.in_language(language))


def _settlement(result: Reconciliation, language: Language) -> Table:
    table = Table(title=Text(zh="结算", en="Settlement").in_language(language))
    for heading in (
        Text(zh="运营单位", en="operator"),
        Text(zh="日期", en="day"),
        Text(zh="服务", en="service"),
    ):
        table.add_column(heading.in_language(language), overflow="fold")
    for heading in (Text(zh="刷卡", en="taps"), Text(zh="优惠", en="granted"), *_MONEY):
        table.add_column(heading.in_language(language), justify="right", overflow="fold")
    for line in result.lines:
        counts = (str(line.taps), str(line.granted))
        sums = (line.list_fare, line.paid, line.claimed, line.accepted, line.withheld)
        table.add_row(line.operator, line.day, line.service, *counts, *map(yuan, sums))
    table.add_section()
    for total in result.totals:
        counts = (str(total.taps), str(total.granted))
        sums = (total.list_fare, total.paid, total.claimed, total.accepted, total.withheld)
        table.add_row(total.operator, "Σ", "", *counts, *map(yuan, sums), style="bold")
    return table
