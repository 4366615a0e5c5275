"""`tongka rules lint`: what is amiss in rule packs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from terminal.clock import SystemClock
from terminal.command_line import ExitCode
from terminal.decisions.decide import local_date
from terminal.rule_checks.finding import Level
from terminal.rule_checks.lint import lint as find
from terminal.rule_checks.loading import pack_files, read_catalogue
from terminal.rule_checks.printing import Printer

EXAMPLE: Final = "例 · Example: tongka rules lint content --catalogue content"


def lint(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILES…", help="规则包文件或目录 / rule packs or folders of them")
    ],
    catalogue: Annotated[
        Path | None,
        typer.Option("--catalogue", help="服务目录文件或所在目录 / the catalogue, or the folder it is in"),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from",
            formats=["%Y-%m-%d"],
            help="从哪天起，默认今天：过去的缺口已无法补救 / first day that matters, default: today",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")] = False,
) -> None:
    """检查规则包：按全部卡片、服务和日期一并检查。
    Check rule packs as one book, over the whole space of cards, services and days.

    错误：读不懂的文件、少于全国法律所给的规则、永远用不上的规则（并指出被谁挡住）、算不出的条件、
    没有的地区、既无规则也无建议的人群。
    警告：更优惠的规则排在后面、两版之间的空档、本包地区以外的发证地、可疑的文字、目录中没有的服务、
    只能抽样检查而没有用上的规则。

    Faults: unreadable files, rules that give less than the nation's law, rules that never apply (and which
    shadow them), conditions that fail, regions that there are not, people for whom no rule and no advice
    speaks. Warnings: a better rule that comes too late, days between versions, regions outside the pack's,
    texts that look unfinished or name a category, services that the catalogue lacks, rules that no tried
    value lets apply where only some could be tried.

    --json: {"rules": n, "findings": [{"level": "fault|warning|note", "check": "…",
    "subject": "pack/rule", "says": {"zh", "en"}, "where": [{"zh", "en"}]}]}.

    退出码：0 没有错误；1 有错误；2 用法有误。
    Exit code: 0 no fault; 1 faults; 2 wrong usage.
    """
    files = pack_files(paths)
    day = local_date(SystemClock().now_ms()) if since is None else since.date()
    found = find(files, None if catalogue is None else read_catalogue(catalogue), day)
    if as_json:
        listed = [finding.as_json() for finding in found.findings]
        typer.echo(msgspec.json.encode({"rules": found.rules, "findings": listed}).decode())
    else:
        Printer().findings(found.findings, found.rules)
    if any(finding.level is Level.FAULT for finding in found.findings):
        raise typer.Exit(ExitCode.REFUSED)
