"""`tongka journal`: look at a terminal's journal and check it."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from crypto.explained import Language, Text
from terminal.data_directory import DataDirectory
from terminal.events.errors import EventMalformed
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.journal.items import StoredEvent, Unreadable
from terminal.journal.keeping_commands import export, prune_events, receipt
from terminal.journal.reader import JournalReader
from terminal.journal.verify_command import verify

app = typer.Typer(
    help="查看与核验终端流水账。Look at a terminal's journal and check it.", no_args_is_help=True
)

Data = Annotated[Path, typer.Option("--data", help="终端数据目录 / the terminal's data directory")]
_Row = dict[str, int | str | None]

_KINDS: Final = {
    EventKind.TAP: Text(zh="刷卡", en="tap"),
    EventKind.CHECK_IN: Text(zh="签到", en="check-in"),
    EventKind.CHECK_OUT: Text(zh="签退", en="check-out"),
    EventKind.VISIT: Text(zh="来访", en="visit"),
    EventKind.NEED: Text(zh="需求", en="need"),
    EventKind.RATING: Text(zh="评价", en="rating"),
    EventKind.CANCELLATION: Text(zh="取消", en="cancellation"),
    EventKind.CORRECTION: Text(zh="更正", en="correction"),
}
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]


@app.command("list")
def list_events(
    data: Data,
    after: Annotated[int, typer.Option(help="从此序号之后 / after this sequence")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="最多条数 / how many at most")] = 50,
    training: Annotated[bool, typer.Option("--training", help="培训流水 / the training journal")] = False,
    as_json: AsJson = False,
) -> None:
    """列出流水（不含任何个人信息）。 List events; they hold nothing personal.

    取消和更正指明原记录，本身没有实付。 Cancellations and corrections name their event; none is a payment.

    Example: tongka journal list --data out/terminal
    """
    directory = DataDirectory(data)
    directory.require_terminal()
    rows: list[_Row] = []
    with JournalReader(directory.training_journal if training else directory.journal, training) as reader:
        for item in islice(reader.events_from(after + 1), limit):
            rows.append(
                {"sequence": item.sequence, "damaged": "true"} if isinstance(item, Unreadable) else _row(item)
            )
    if as_json:
        for row in rows:
            typer.echo(msgspec.json.encode(row).decode())
        return
    language = Language.from_environment()
    table = Table(title=Text(zh="流水账", en="Journal").in_language(language))
    for heading in (
        Text(zh="序号", en="sequence"),
        Text(zh="时间 (UTC)", en="time (UTC)"),
        Text(zh="类别", en="kind"),
        Text(zh="关于", en="about"),
        Text(zh="服务", en="service"),
        Text(zh="结果", en="outcome"),
        Text(zh="票价（分）", en="fare (fen)"),
        Text(zh="实付（分）", en="pays (fen)"),
    ):
        table.add_column(heading.in_language(language))
    damaged = Text(zh="受损", en="damaged").in_language(language)
    for row in rows:
        if "damaged" in row:
            table.add_row(str(row["sequence"]), damaged)
        else:
            table.add_row(
                str(row["sequence"]),
                _shown_time(row["time_ms"]),
                _KINDS[EventKind(str(row["kind"]))].in_language(language),
                f"#{row['refers_to']}" if row["refers_to"] else "",
                str(row["service"]),
                str(row["outcome"]),
                str(row["fare"]),
                "—" if row["holder_pays"] is None else str(row["holder_pays"]),
            )
    Console().print(table)


app.command("verify")(verify)
app.command("export")(export)
app.command("receipt")(receipt)
app.command("prune")(prune_events)


def _row(stored: StoredEvent) -> _Row:
    """What is shown of an event; where it can't be parsed, that much."""
    try:
        return _clear_part(UsageEvent.from_bytes(stored.data))
    except EventMalformed:
        return {"sequence": stored.sequence, "damaged": "true"}


def _clear_part(event: UsageEvent) -> _Row:
    # What is recorded beside taps repeats a fare at most; nobody paid it.
    is_tap = event.kind is EventKind.TAP
    return {
        "sequence": event.sequence,
        "time_ms": event.time_ms,
        "clock": event.clock.value,
        "kind": event.kind.value,
        "refers_to": event.refers_to or None,
        "service": event.service,
        "fare": event.fare,
        "companions": event.companions,
        "outcome": event.outcome.value,
        "holder_pays": event.holder_pays if is_tap else None,
        "companion_pays": event.companion_pays if is_tap else None,
        "pack_version": event.pack_version,
        "hash": event.hash.hex(),
    }


def _shown_time(time_ms: int | str | None) -> str:
    return datetime.fromtimestamp(int(time_ms or 0) / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
