"""`tongka terminal`: run an enrolled terminal without a screen of its own, or show what it is."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from card.readers.address import open_reader
from card.readers.any_reader import ANY
from card.trace_file import traced
from crypto.explained import Language, Text
from terminal.assembly import open_terminal
from terminal.clock import SystemClock
from terminal.content.report import content_report, export_trust_store
from terminal.data_directory import DataDirectory
from terminal.displays import JsonDisplay, LineDisplay
from terminal.party_entry import PartyEntry
from terminal.validator import Validator

app = typer.Typer(help="运行或查看终端。Run a terminal, or show what it is.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="终端数据目录 / the terminal's data directory")]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]

_ONE_DIGIT = Text(
    zh="“{typed}”不是 0 到 9 的同行人数；请输入一位数字后回车。",
    en="{typed} is no number of companions; type one digit from 0 to 9 and Enter.",
)


@app.command()
def run(
    data: Data,
    reader: Annotated[
        str,
        typer.Option(
            help="读卡器：any、名称（见 tongka readers list）、nfc:端口、serial:描述文件:端口 / "
            "the reader: any, a name, nfc:PORT or serial:PROFILE:PORT"
        ),
    ] = ANY,
    as_json: AsJson = False,
    trace: Annotated[
        Path | None,
        typer.Option(
            help="把 APDU 跟踪写入此新文件（无个人信息） / write an APDU trace (nothing personal) there"
        ),
    ] = None,
) -> None:
    """刷卡验证模式：逐张读卡、判断、记账，直到 Ctrl-C。 Validate taps until interrupted.

    刷卡前可输入同行人数（一位数字）并回车。 Type the number of companions and Enter before a tap.

    Example: tongka terminal run --data out/terminal
    """
    language = Language.from_environment()
    display = JsonDisplay() if as_json else LineDisplay(language)
    party = PartyEntry(
        sys.stdin,
        lambda typed: typer.echo(_ONE_DIGIT.format(typed=typed).in_language(language), err=True),
    )
    with (
        open_terminal(DataDirectory(data)) as terminal,
        open_reader(reader) as opened,
        traced(opened, trace, display.trouble, terminal.desk.profile) as cards,
    ):
        validator = Validator(terminal, cards, display, lambda: terminal.request(party.take()))
        _stop_on_signals(validator.stop)
        party.start()
        validator.run()


@app.command()
def show(data: Data, as_json: AsJson = False) -> None:
    """显示终端身份与任务。 Show the terminal's identity and task.

    Example: tongka terminal show --data out/terminal
    """
    configuration = DataDirectory(data).load_configuration()
    if as_json:
        typer.echo(msgspec.json.encode(configuration).decode())
    else:
        typer.echo(configuration.to_bytes().decode(), nl=False)


@app.command()
def content(
    data: Data,
    as_json: AsJson = False,
    export_trust: Annotated[
        Path | None,
        typer.Option(
            "--export-trust",
            help="把信任库与根证书写入此目录 / write trust store and root certificate to this folder",
        ),
    ] = None,
) -> None:
    """使用中的内容：版本、名单天数、发卡密钥。 The content in force: number, hotlist and its age, issuers.

    Example: tongka terminal content --data out/terminal
    """
    directory = DataDirectory(data)
    clock = SystemClock()
    report = content_report(directory, clock.now_ms())
    if export_trust is not None:
        export_trust_store(directory, export_trust)
    if as_json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        typer.echo(report.to_text().in_language(Language.from_environment()))


def _stop_on_signals(stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop())
