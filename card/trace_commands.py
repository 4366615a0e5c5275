"""`tongka card trace`: what passed between card and terminal, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from card.trace_file import Trace
from card.trace_record import TraceRecord
from crypto.explained import Language, Text

EXAMPLE: Final = "例 · Example: tongka card trace trace.jsonl"

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON，每行一个 · Print JSON, one a line.")]

TITLE: Final = Text(zh="APDU 跟踪（卡片描述 {card}）", en="APDU trace (card profile {card})")
HEADINGS: Final = (
    Text(zh="时刻 ms", en="at ms"),
    Text(zh="用时 ms", en="took ms"),
    Text(zh="连接", en="connection"),
    Text(zh="命令头", en="header"),
    Text(zh="长度", en="lengths"),
    Text(zh="内容", en="content"),
)
SENT: Final = Text(zh="发送", en="sent")
RECEIVED: Final = Text(zh="返回", en="received")
CUT: Final = Text(
    zh="文件在最后一行中断，该行没有显示。", en="The file breaks off in its last line, which is not shown."
)
FULL: Final = Text(
    zh="文件达到上限，之后的内容没有记录。", en="The file reached its limit; what came after is not in it."
)


def show_trace(
    file: Annotated[Path, typer.Argument(help="跟踪文件（--trace 写出） · A file that --trace wrote.")],
    as_json: AsJson = False,
) -> None:
    """显示 APDU 跟踪；其中没有个人信息和密钥 · Show an APDU trace; it holds no personal data and no keys."""
    trace = Trace.load(file)
    if as_json:
        for record in trace.records:
            typer.echo(msgspec.json.encode(_document(trace, record)).decode())
        return
    language = Language.from_environment()
    table = Table(title=TITLE.format(card=trace.card).in_language(language))
    for heading in HEADINGS:
        table.add_column(heading.in_language(language), overflow="fold")
    for record in trace.records:
        table.add_row(*(escape(cell) for cell in _cells(trace, record, language)))
    Console(highlight=False).print(table)
    if trace.is_cut:
        typer.echo(CUT.in_language(language))
    if trace.is_full:
        typer.echo(FULL.in_language(language))


def _cells(trace: Trace, record: TraceRecord, language: Language) -> Iterator[str]:
    yield _milliseconds(record.at)
    yield _milliseconds(record.took)
    yield f"{record.connection} {trace.readers[record.connection] or ''}".rstrip()
    yield f"{record.cla} {record.ins} {record.p1} {record.p2}"
    yield f"Lc {record.lc} Le {'–' if record.le is None else record.le}"
    lines = [record.text.in_language(language)]
    for heading, objects in ((SENT, record.sent), (RECEIVED, record.received)):
        if objects:
            lines.append(f"{heading.in_language(language)} {' '.join(map(str, objects))}")
    yield "\n".join(lines)


def _document(trace: Trace, record: TraceRecord) -> dict[str, object]:
    """The line as it is written, with its text for people and its reader."""
    text = record.text
    return {
        **msgspec.to_builtins(record),
        "reader": trace.readers[record.connection],
        "zh": text.zh,
        "en": text.en,
    }


def _milliseconds(microseconds: int) -> str:
    return f"{microseconds / 1000:.3f}"
