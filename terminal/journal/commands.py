"""`tongka journal`: look at a terminal's journal and check it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from crypto.explained import Language, Text
from crypto.sm2 import PublicKey
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.errors import FileNotRead
from terminal.events.event import UsageEvent
from terminal.journal.reader import JournalReader
from terminal.journal.verification import JournalReport, verify_journal

app = typer.Typer(
    help="查看与核验终端流水账。Look at a terminal's journal and check it.", no_args_is_help=True
)

Data = Annotated[Path, typer.Option("--data", help="终端数据目录 / the terminal's data directory")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]


@app.command("list")
def list_events(
    data: Data,
    after: Annotated[int, typer.Option(help="从此序号之后 / after this sequence")] = 0,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="最多条数 / at most")] = 50,
    as_json: AsJson = False,
) -> None:
    """列出流水（不含任何个人信息）。 List events; they hold nothing personal.

    Example: tongka journal list --data out/terminal
    """
    with JournalReader(DataDirectory(data).journal) as reader:
        events = [UsageEvent.from_bytes(stored.data) for stored in reader.events(after, limit)]
    if as_json:
        for event in events:
            typer.echo(msgspec.json.encode(_clear_part(event)).decode())
        return
    language = Language.from_environment()
    table = Table(title=Text(zh="流水账", en="Journal").in_language(language))
    for heading in (
        Text(zh="序号", en="sequence"),
        Text(zh="时间 (UTC)", en="time (UTC)"),
        Text(zh="服务", en="service"),
        Text(zh="结果", en="outcome"),
        Text(zh="票价（分）", en="fare (fen)"),
        Text(zh="实付（分）", en="pays (fen)"),
    ):
        table.add_column(heading.in_language(language))
    for event in events:
        table.add_row(
            str(event.sequence),
            datetime.fromtimestamp(event.time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S"),
            event.service,
            event.outcome.value,
            str(event.fare),
            str(event.holder_pays),
        )
    Console().print(table)


@app.command()
def verify(
    data: Data,
    key: Annotated[
        Path | None,
        typer.Option(
            help="终端公钥 PEM（默认取数据目录的密钥） / the terminal's public key; default: its own key"
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """核验每条流水与检查点；有错时指明序号并以 1 退出。 Check every event and checkpoint; exit 1 on a fault.

    Example: tongka journal verify --data out/terminal
    """
    directory = DataDirectory(data)
    if key is None:
        public_key = directory.keystore.load(TERMINAL_KEY).public_key
    else:
        public_key = PublicKey.from_pem(_read_key(key))
    report = verify_journal(directory.journal, public_key)
    if as_json:
        typer.echo(_report_json(report))
    else:
        _print_report(report, Language.from_environment())
    raise typer.Exit(1 if report.faults else 0)


def _read_key(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise FileNotRead(file=file, detail=error.strerror) from error


def _clear_part(event: UsageEvent) -> dict[str, int | str]:
    return {
        "sequence": event.sequence,
        "time_ms": event.time_ms,
        "clock": event.clock.value,
        "service": event.service,
        "fare": event.fare,
        "companions": event.companions,
        "outcome": event.outcome.value,
        "holder_pays": event.holder_pays,
        "companion_pays": event.companion_pays,
        "pack_version": event.pack_version,
        "hash": event.hash.hex(),
    }


def _report_json(report: JournalReport) -> str:
    faults = [
        {"sequence": fault.sequence, "zh": fault.what.zh, "en": fault.what.en} for fault in report.faults
    ]
    document = {"events": report.events, "signed_up_to": report.signed_up_to, "faults": faults}
    return msgspec.json.encode(document).decode()


def _print_report(report: JournalReport, language: Language) -> None:
    for fault in report.faults:
        typer.echo(f"#{fault.sequence}: {fault.what.in_language(language)}")
    summary = Text(
        zh="共 {events} 条，检查点签名覆盖到第 {signed} 条，问题 {faults} 处",
        en="{events} events, signed up to {signed}, {faults} faults",
    )
    facts = summary.format(events=report.events, signed=report.signed_up_to, faults=len(report.faults))
    typer.echo(facts.in_language(language))
