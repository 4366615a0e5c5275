"""`tongka readers`: which readers are there, and what is known of them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from card.errors import CardError, NoCardInTime
from card.readers.pcsc import PcscReader, list_readers
from crypto.explained import Language, Text
from firmware_profiles.reader_profile import ReaderProfile

app = typer.Typer(help="读卡器 · Smart-card readers.", no_args_is_help=True)

JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON · Print JSON.")]

NONE_FOUND = Text(
    zh="没有读卡器。请连接读卡器后重试。", en="There are no readers. Connect one and try again."
)
HEADINGS = (
    Text(zh="读卡器", en="Reader"),
    Text(zh="描述文件", en="Profile"),
    Text(zh="卡片", en="Card"),
    Text(zh="ATR", en="ATR"),
)
PRESENT = Text(zh="有卡", en="present")
ABSENT = Text(zh="无卡", en="none")
LABELS = {
    "id": Text(zh="描述文件", en="Profile"),
    "title": Text(zh="名称", en="Title"),
    "transport": Text(zh="传输方式", en="Transport"),
    "protocols": Text(zh="协议", en="Protocols"),
    "share": Text(zh="共享方式", en="Sharing"),
    "quirks": Text(zh="特殊处理", en="Quirks"),
    "atr": Text(zh="卡片 ATR", en="Card's ATR"),
}


@dataclass(frozen=True)
class ReaderStatus:
    """One reader as it is now. `atr` is empty without a card; `trouble` is an error's code or empty."""

    name: str
    profile: str
    card: bool
    atr: str
    trouble: str


@app.command(name="list", epilog="例 · Example: tongka readers list --json")
def list_command(as_json: JsonOption = False) -> None:
    """列出读卡器及其上的卡 · List the readers and the cards on them."""
    found = [_status(name) for name in list_readers()]
    if as_json:
        typer.echo(json.dumps([asdict(status) for status in found], ensure_ascii=False, indent=2))
        return
    language = Language.from_environment()
    if not found:
        typer.echo(NONE_FOUND.in_language(language))
        return
    table = Table(*(heading.in_language(language) for heading in HEADINGS))
    for status in found:
        card = status.trouble or (PRESENT if status.card else ABSENT).in_language(language)
        table.add_row(status.name, status.profile, card, status.atr)
    Console().print(table)


@app.command(name="show", epilog='例 · Example: tongka readers show "Virtual PCD 00 00"')
def show_command(
    name: Annotated[str, typer.Argument(help="读卡器名称 · The reader's name.")], as_json: JsonOption = False
) -> None:
    """显示一台读卡器的描述和卡片 · Show one reader's profile and card."""
    with PcscReader(name) as reader:
        profile = reader.profile
    status = _status(name)
    if as_json:
        described = {**asdict(status), "profile": _described(profile, Language.from_environment())}
        typer.echo(json.dumps(described, ensure_ascii=False, indent=2))
        return
    language = Language.from_environment()
    table = Table(show_header=False, title=name)
    for key, value in {**_described(profile, language), "atr": status.trouble or status.atr or "–"}.items():
        table.add_row(LABELS[key].in_language(language), value)
    Console().print(table)


def _status(name: str) -> ReaderStatus:
    with PcscReader(name) as reader:
        profile = reader.profile.id
        try:
            with reader.wait_for_card(timeout=0) as connection:
                return ReaderStatus(name, profile, True, connection.atr.hex().upper(), "")
        except NoCardInTime:
            return ReaderStatus(name, profile, False, "", "")
        except CardError as error:
            return ReaderStatus(name, profile, True, "", error.code)


def _described(profile: ReaderProfile, language: Language) -> dict[str, str]:
    quirks = profile.quirks
    set_quirks = [name for name in quirks.__struct_fields__ if getattr(quirks, name)]
    return {
        "id": profile.id,
        "title": profile.title.text.in_language(language),
        "transport": profile.transport,
        "protocols": ", ".join(profile.protocols),
        "share": profile.share,
        "quirks": ", ".join(set_quirks) or "–",
    }
