"""The options by which `tongka center` takes standing lists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from sync.center.standing_lists import ListChanges, ListRegisters
from terminal.content.manifest import LIST_NAME_PATTERN
from terminal.decisions.decide import local_date

SUFFIXES: Final = (".csv", ".parquet")
_NAME: Final = re.compile(rf"{LIST_NAME_PATTERN}\Z")

MadeLists = Annotated[
    list[str] | None,
    typer.Option(
        "--list",
        metavar="NAME=FILE",
        help="制作常设名单；文件每行一个卡标识，CSV 或 Parquet / make a standing list; a card_id a line",
    ),
]
ListsFolder = Annotated[
    Path | None,
    typer.Option(
        "--lists",
        metavar="DIR",
        help="目录，其中每个 名称.csv 或 名称.parquet 制作一份常设名单 / folder of such files, each named "
        "after its list",
    ),
]
IssuedFile = Annotated[
    Path | None,
    typer.Option(
        "--issued",
        help="全部已发卡，与 --list 同用，CSV（卡标识,发卡日期）或 Parquet / with --list: all cards issued",
    ),
]
IssuedUntil = Annotated[
    datetime | None,
    typer.Option(
        "--issued-until",
        formats=["%Y-%m-%d"],
        help="截至哪天所发的卡都已登记，默认昨天 / the last day whose cards are all registered; default: "
        "yesterday",
    ),
]
DroppedLists = Annotated[
    list[str] | None,
    typer.Option("--drop-list", metavar="NAME", help="不再发布此名单，可重复 / publish it no more"),
]
ShrunkLists = Annotated[
    list[str] | None,
    typer.Option(
        "--shrink-list", metavar="NAME", help="此名单明显减少是有意为之 / it may lose many of its cards"
    ),
]

_NAME_AND_FILE: Final = (
    "应为名单与文件，如 minors=minors.csv / a list and a file are expected, as minors=minors.csv"
)
_SLUG: Final = "名单名应为小写字母、数字、连字符 / a list's name has small letters, digits and hyphens"


def list_changes(  # noqa: PLR0917  one argument an option
    folder: Path | None,
    made: Iterable[str] | None,
    issued: Path | None,
    issued_until: datetime | None,
    now: datetime,
    dropped: Iterable[str] | None = None,
    may_shrink: Iterable[str] | None = None,
) -> ListChanges:
    """What these options ask for. Raises typer.BadParameter."""
    named = [] if folder is None else [(_named(path.stem, "--lists"), path) for path in _files(folder)]
    named += [_made(one) for one in made or ()]
    members = dict(named)
    if len(members) < len(named):
        raise typer.BadParameter("同一名单写了两次 / a list is named twice", param_hint="--list")
    registers = None
    if members:
        if issued is None:
            raise typer.BadParameter("须与 --list 同写 / it is needed with --list", param_hint="--issued")
        registers = ListRegisters(issued, _dated(issued_until, now), members)
    return ListChanges(registers, frozenset(dropped or ()), frozenset(may_shrink or ()))


def _made(option: str) -> tuple[str, Path]:
    name, found, file = option.partition("=")
    if not found or not file:
        raise typer.BadParameter(_NAME_AND_FILE, param_hint="--list")
    return _named(name, "--list"), Path(file)


def _files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES)
    if not found:
        raise typer.BadParameter(f"{folder} 中没有名单文件 / it holds no list", param_hint="--lists")
    return found


def _named(name: str, option: str) -> str:
    if _NAME.match(name) is None:
        raise typer.BadParameter(_SLUG, param_hint=option)
    return name


def _dated(issued_until: datetime | None, now: datetime) -> date:
    """A list knows nothing of days to come."""
    today = local_date(int(now.timestamp() * 1000))
    if issued_until is None:
        return today - timedelta(days=1)
    if issued_until.date() > today:
        raise typer.BadParameter(
            f"不得晚于今天（{today}） / {today} at the latest", param_hint="--issued-until"
        )
    return issued_until.date()
