"""`tongka issuer`: a test issuer that personalises virtual cards."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from card.errors import HolderRefused
from card.simulator.card_file import CardFile
from card.simulator.personalisation import ISSUER_FILE, Holder, TestIssuer
from crypto.explained import Language, Text

app = typer.Typer(help="测试发卡方 · A test issuer of virtual cards.", no_args_is_help=True)

KEY_YEARS = 20
CARD_YEARS = 10

DirectoryOption = Annotated[Path, typer.Option("--dir", help="发卡方目录 · The issuer's folder.")]

MADE_ISSUER = Text(
    zh="已建立测试发卡方 {key_id}，公钥文件：{file}（正式终端会拒绝它）。",
    en="Made the test issuer {key_id}; its public file is {file} (production terminals refuse it).",
)
MADE_CARD = Text(zh="已写入虚拟卡：{file}", en="Wrote the virtual card {file}")


@app.command(epilog="例 · Example: tongka issuer init --dir issuer")
def init(directory: DirectoryOption) -> None:
    """建立测试发卡方 · Make a test issuer: keys/issuer.pem (0600) and issuer.json for trust stores."""
    today = _today()
    issuer = TestIssuer.create(directory, _years_later(today, -KEY_YEARS), _years_later(today, KEY_YEARS))
    _say(MADE_ISSUER.format(key_id=issuer.issuer_key.key_id.hex().upper(), file=directory / ISSUER_FILE))


@app.command(
    epilog="例 · Example: tongka issuer personalise --dir issuer --category 1 --grade 1 --region 330100 "
    "--out card.json"
)
def personalise(
    *,
    directory: DirectoryOption,
    out: Annotated[Path, typer.Option("--out", help="虚拟卡文件 · The card's file (0600).")],
    holder: Annotated[
        Path | None,
        typer.Option("--holder", help="JSON: categories, grade, region, issued, expires."),
    ] = None,
    category: Annotated[
        list[int] | None, typer.Option("--category", help="类别 1–7，可重复 · May repeat.")
    ] = None,
    grade: Annotated[int | None, typer.Option("--grade", help="等级 1–4 · Grade.")] = None,
    region: Annotated[str | None, typer.Option("--region", help="六位区划码 · GB/T 2260.")] = None,
    issued: Annotated[
        datetime | None, typer.Option("--issued", formats=["%Y-%m-%d"], help="默认今天 · Default: today.")
    ] = None,
    expires: Annotated[
        datetime | None, typer.Option("--expires", formats=["%Y-%m-%d"], help="默认十年 · Default: 10 years.")
    ] = None,
) -> None:
    """制作一张虚拟卡 · Personalise a virtual card, from a file or from options."""
    issuer = TestIssuer.load(directory)
    if holder is not None:
        described = _holder_file(holder)
    elif category and grade is not None and region is not None:
        first = issued.date() if issued else _today()
        last = expires.date() if expires else _years_later(first, CARD_YEARS)
        described = Holder(tuple(category), grade, region, first, last)
    else:
        raise HolderRefused(detail="neither --holder nor --category, --grade and --region")
    CardFile.create(out, issuer.personalise(described))
    _say(MADE_CARD.format(file=out))


def _holder_file(path: Path) -> Holder:
    try:
        return Holder.from_bytes(path.read_bytes())
    except OSError as error:
        raise HolderRefused(detail=f"{path}: {error.strerror}") from error


def _today() -> date:
    return datetime.now().astimezone().date()


def _years_later(day: date, years: int) -> date:
    """The same day of another year; 29 February becomes the 28th."""
    last = 28 if (day.month, day.day) == (2, 29) else day.day
    return day.replace(year=day.year + years, day=last)


def _say(text: Text) -> None:
    typer.echo(text.in_language(Language.from_environment()))
