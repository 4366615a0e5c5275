"""`tongka content`: make what a centre publishes: starter catalogue and rules, and the hotlist."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from crypto.explained import Text
from crypto.telling import told
from terminal.clock import SystemClock
from terminal.content.asked_lists import asked_lists
from terminal.content.errors import ContentExists
from terminal.decisions.decide import local_date
from terminal.decisions.errors import MisuseNotRuled
from terminal.durable_file import write_durably
from terminal.errors import FileNotRead
from terminal.hotlist.base import HotlistBase
from terminal.hotlist.building import build_base, build_delta, build_reasons
from terminal.hotlist.delta import HotlistDelta
from terminal.hotlist.hotlist import Hotlist
from terminal.hotlist.reason import HotlistReason
from terminal.hotlist.registers import STATUSES, read_issued, read_listed
from terminal.rule_checks.loading import read_book
from terminal.starter import starter_files, starter_rule_book

app = typer.Typer(help="制作待发布内容。Make content for publication.", no_args_is_help=True)

BASE: Final = "base.bin"
REASONS: Final = "reasons.bin"

IssuedFile = Annotated[
    Path,
    typer.Option(
        "--issued",
        help="全部已发卡，CSV（卡标识,发卡日期）或 Parquet / all cards issued: card_id, issued",
    ),
]
StatusesFile = Annotated[
    Path,
    typer.Option(
        "--statuses",
        help="停用登记，CSV（卡标识,原因,起始日,截止日）或 Parquet；原因：lost withdrawn deceased cancelled "
        "superseded misuse / statuses: card_id, reason, since, until",
    ),
]

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]

_CARD = "应为 16 位十六进制，如 0011223344556677 / 16 hexadecimal digits are expected, as 0011223344556677"
_REGION = "应为六位地区代码，如 330100 / six digits of GB/T 2260 are expected, as 330100"
_WRITTEN = Text(zh="已写入 {path}（{count} 张卡）", en="Wrote {path} ({count} cards)")
_STARTED = Text(zh="起步内容已写入 {directory}", en="The starter content is in {directory}")


@app.command()
def starter(
    out: Annotated[Path, typer.Option("--out", help="输出目录 / folder to write to")],
    force: Annotated[bool, typer.Option("--force", help="覆盖已有文件 / overwrite what is there")] = False,
    as_json: AsJson = False,
) -> None:
    """写出起步的服务目录与规则包，供修改；停用名单另行制作。 Write the starter catalogue and rule packs.

    规则要查询的常设名单，在 lists 中各有一个空的成员文件，供填写。 For every standing list that the rules ask
    for there is an empty file of members in lists/, to be filled in.

    Example: tongka content starter --out content
    """
    files = {out / name: data for name, data in starter_files().items()}
    edited = [path for path, data in files.items() if path.exists() and path.read_bytes() != data]
    if edited and not force:
        raise ContentExists(file=edited[0])
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, data, mode=0o644)
    for name in asked_lists(starter_rule_book()):
        members = out / "lists" / f"{name}.csv"
        if not members.exists():
            members.parent.mkdir(exist_ok=True)
            write_durably(members, b"", mode=0o600)
    typer.echo(told(_STARTED, as_json, directory=out))


@app.command()
def hotlist(  # noqa: PLR0917  the verb's options
    issued: IssuedFile,
    statuses: StatusesFile,
    version: Annotated[int, typer.Option("--version", min=1, help="名单版本，每次递增 / rises each time")],
    out: Annotated[Path, typer.Option("--out", help="输出目录 / folder to write to")],
    dated: Annotated[
        datetime | None,
        typer.Option(
            "--dated",
            formats=["%Y-%m-%d"],
            help="整表日期，默认昨天并附今天的增量；当日所发的卡须已全部登记 / default: yesterday, with "
            "today's delta; every card issued on that day must be registered",
        ),
    ] = None,
    with_reasons: Annotated[
        bool,
        typer.Option(
            "--reasons", help="同时发布停用原因，供窗口人员 / give the reasons out, for staff at counters"
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """制作基础停用名单，并删除旧增量。 Make the hotlist's base; old deltas go away.

    停用原因默认不发布：任何能下载名单的人都能由卡标识查到原因。 Reasons are not given out unless asked for:
    whoever can fetch the list could look up why a card is on it.

    Example: tongka content hotlist --issued issued.csv --statuses dead.csv --version 7 --out content/hotlist
    """
    day = _today() - timedelta(days=1) if dated is None else _past(dated)
    known = _today() if dated is None else day
    cards = read_issued(issued)
    listed = read_listed(statuses, cards, known)
    base = build_base(cards, listed, version, day)
    reasons = build_reasons(base, cards, listed) if with_reasons else None
    count = HotlistBase.from_bytes(base).listed.part
    out.mkdir(parents=True, exist_ok=True)
    write_durably(out / BASE, base, mode=0o644)
    if reasons is None:
        (out / REASONS).unlink(missing_ok=True)
    else:
        write_durably(out / REASONS, reasons, mode=0o644)
    for old in out.glob("delta-*.bin"):
        old.unlink()
    if known != day:
        # What was reported today is in the base already; the delta says so, and covers today's new cards.
        delta = build_delta(Hotlist.from_files(base, (), reasons), cards, listed, known)
        write_durably(out / "delta-0001.bin", delta, mode=0o644)
    typer.echo(told(_WRITTEN, as_json, path=out / BASE, count=count))


@app.command()
def hotlist_delta(
    folder: Annotated[Path, typer.Option("--hotlist", help="基础名单所在目录 / folder of the base")],
    issued: IssuedFile,
    statuses: StatusesFile,
    dated: Annotated[
        datetime | None,
        typer.Option("--dated", formats=["%Y-%m-%d"], help="增量日期，默认今天 / default: today"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """制作下一份停用名单增量 delta-NNNN.bin。 Make the hotlist's next delta.

    Example: tongka content hotlist-delta --hotlist content/hotlist --issued issued.csv --statuses dead.csv
    """
    day = _today() if dated is None else _past(dated)
    deltas = sorted(folder.glob("delta-*.bin"))
    has_reasons = (folder / REASONS).exists()
    held = Hotlist.from_files(
        _read(folder / BASE),
        [_read(path) for path in deltas],
        _read(folder / REASONS) if has_reasons else None,
    )
    cards = read_issued(issued)
    delta = build_delta(held, cards, read_listed(statuses, cards, day), day)
    path = folder / f"delta-{len(deltas) + 1:04}.bin"
    count = len(HotlistDelta.from_bytes(delta).cards)
    write_durably(path, delta, mode=0o644)
    typer.echo(told(_WRITTEN, as_json, path=path, count=count))


@app.command()
def misuse(
    card: Annotated[str, typer.Option("--card", help="卡标识，16 位十六进制 / the card id")],
    region: Annotated[
        str, typer.Option("--region", help="违规所在地，GB/T 2260 六位代码 / where it was misused")
    ],
    content: Annotated[
        Path, typer.Option("--content", help="规则包或所在目录 / rule packs, or the folder they are in")
    ],
    found: Annotated[
        datetime | None,
        typer.Option("--found", formats=["%Y-%m-%d"], help="认定日期，默认今天 / when found; default: today"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """按规则包写出违规卡的停用登记行。 Write the lines of statuses that misuse brings, by the packs.

    停用到哪天由当地规则包的 [misuse] 决定；收回的卡其后仍停用。是否违规由人认定。把输出追加（>>）到停用登记。

    How long the card is barred is the local pack's [misuse] to say; one that is withdrawn stays barred after
    that. People find misuse, not programs. Append what is printed (>>) to the register of statuses.

    --json: [{"card_id": "…", "reason": "misuse|withdrawn", "since": "…", "until": "… or empty"}].

    Example: tongka content misuse --card 0011223344556677 --region 420106 --content content
    """
    if not re.fullmatch("[0-9A-Fa-f]{16}", card):
        raise typer.BadParameter(_CARD, param_hint="--card")
    if not re.fullmatch("[0-9]{6}", region):
        raise typer.BadParameter(_REGION, param_hint="--region")
    day = _today() if found is None else _past(found, "--found")
    ruled = read_book([content]).misuse_in(region, day)
    if ruled is None:
        raise MisuseNotRuled(region=region, found=day)
    last = ruled.bar_until(day)
    rows = [(card, HotlistReason.MISUSE.value, day.isoformat(), last.isoformat())]
    if ruled.withdrawn:
        # The bar is over then, and its holder may get another card; this one does not come back.
        rows.append((card, HotlistReason.WITHDRAWN.value, (last + timedelta(days=1)).isoformat(), ""))
    if as_json:
        listed = [dict(zip(STATUSES, row, strict=True)) for row in rows]
        typer.echo(msgspec.json.encode(listed).decode())
        return
    for row in rows:
        typer.echo(",".join(row))


def _past(dated: datetime, option: str = "--dated") -> date:
    """A list knows nothing of days to come."""
    if dated.date() > _today():
        said = f"不得晚于今天（{_today()}） / {_today()} at the latest"
        raise typer.BadParameter(said, param_hint=option)
    return dated.date()


def _today() -> date:
    return local_date(SystemClock().now_ms())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileNotRead(file=path, detail=error.strerror) from error
