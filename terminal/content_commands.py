"""`tongka content`: make what a centre publishes: starter catalogue and rules, and the hotlist."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from crypto.credential import CARD_ID_BYTES
from crypto.explained import Language, Text
from terminal.clock import SystemClock
from terminal.decisions.decide import local_date
from terminal.durable_file import write_durably
from terminal.errors import ContentExists, FileNotRead, HotlistEntryRefused
from terminal.hotlist import Hotlist, HotlistReason
from terminal.starter import starter_files

app = typer.Typer(help="制作待发布内容。Make content for publication.", no_args_is_help=True)

_NO_ENTRY = Text(
    zh="不是 16 位十六进制的卡标识，或原因不在列表中",
    en="no card id of 16 hexadecimal digits, or an unknown reason",
)
_WRITTEN = Text(zh="已写入 {path}（{count} 张卡）", en="Wrote {path} ({count} cards)")
_STARTED = Text(zh="起步内容已写入 {directory}", en="The starter content is in {directory}")


@app.command()
def starter(
    out: Annotated[Path, typer.Option("--out", help="输出目录 / folder to write to")],
    force: Annotated[bool, typer.Option("--force", help="覆盖已有文件 / overwrite what is there")] = False,
) -> None:
    """写出起步的服务目录与规则包，供修改；停用名单另行制作。 Write the starter catalogue and rule packs.

    Example: tongka content starter --out content
    """
    files = {out / name: data for name, data in starter_files().items()}
    edited = [path for path, data in files.items() if path.exists() and path.read_bytes() != data]
    if edited and not force:
        raise ContentExists(file=edited[0])
    for path, data in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_durably(path, data, mode=0o644)
    typer.echo(_STARTED.format(directory=out).in_language(Language.from_environment()))


@app.command()
def hotlist(
    cards: Annotated[
        Path, typer.Option("--cards", help="CSV：卡标识（16 位十六进制）,原因 / CSV: card id,reason")
    ],
    out: Annotated[Path, typer.Option("--out", help="输出文件 / file to write")],
    version: Annotated[int, typer.Option("--version", min=1, help="名单版本，每次递增 / rises each time")],
    dated: Annotated[
        datetime | None,
        typer.Option("--dated", formats=["%Y-%m-%d"], help="名单日期，默认今天 / default: today"),
    ] = None,
) -> None:
    """由 CSV 制作停用名单。原因：lost withdrawn deceased cancelled superseded misuse。 Make the hotlist.

    Example: tongka content hotlist --cards lost.csv --version 7 --out content/hotlist.bin
    """
    day = local_date(SystemClock().now_ms()) if dated is None else dated.date()
    listed = _read_cards(cards)
    write_durably(out, Hotlist.of(version, day, listed).to_bytes(), mode=0o644)
    typer.echo(_WRITTEN.format(path=out, count=len(listed)).in_language(Language.from_environment()))


def _read_cards(path: Path) -> Mapping[bytes, HotlistReason]:
    listed: dict[bytes, HotlistReason] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                if row:
                    card_id, reason = _entry(row, number, path.name)
                    listed[card_id] = reason
    except OSError as error:
        raise FileNotRead(file=path, detail=error.strerror) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise HotlistEntryRefused(file=path.name, line=len(listed) + 1, detail=str(error)) from error
    return listed


def _entry(row: list[str], number: int, file: str) -> tuple[bytes, HotlistReason]:
    if len(row) != 2:
        raise HotlistEntryRefused(
            file=file,
            line=number,
            detail=Text(zh=f"有 {len(row)} 项，应为 2 项", en=f"{len(row)} fields, not 2"),
        )
    try:
        card_id, reason = bytes.fromhex(row[0].strip()), HotlistReason(row[1].strip())
    except ValueError as error:
        raise HotlistEntryRefused(file=file, line=number, detail=_NO_ENTRY) from error
    if len(card_id) != CARD_ID_BYTES:
        raise HotlistEntryRefused(
            file=file,
            line=number,
            detail=Text(zh="卡标识应为 16 位十六进制数", en="a card id has 16 hexadecimal digits"),
        )
    return card_id, reason
