"""`tongka terminal`: run an enrolled terminal without a screen of its own, or show what it is."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from card.readers.address import open_reader
from card.readers.any_reader import ANY
from card.trace_file import traced
from crypto.explained import ExplainedError, Language, Text
from terminal.assembly import open_terminal
from terminal.clock import SystemClock
from terminal.content.report import content_report, export_trust_store
from terminal.data_directory import DataDirectory
from terminal.displays import JsonDisplay, LineDisplay, described
from terminal.modes.clock_report import ClockReport
from terminal.modes.degraded import Degradation, degradations
from terminal.modes.direction import exit_of
from terminal.modes.inspect_command import answer_handheld, inspect_cards, inspect_receipts, inspector_of
from terminal.modes.psam_watch import watched_psam
from terminal.modes.readiness import Fault, Readiness, readiness_of
from terminal.modes.signals import BellSignals, NoSignals
from terminal.modes.status import condition_of
from terminal.party_entry import PartyEntry
from terminal.validator import Validator, live_condition

app = typer.Typer(help="运行或查看终端。Run a terminal, or show what it is.", no_args_is_help=True)

Data = Annotated[Path, typer.Option("--data", help="终端数据目录 / the terminal's data directory")]
Reader = Annotated[
    str,
    typer.Option(
        help="读卡器：any、名称（见 tongka readers list）、nfc:端口、serial:描述文件:端口 / "
        "the reader: any, a name, nfc:PORT or serial:PROFILE:PORT"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]

_ONE_DIGIT = Text(
    zh="“{typed}”不是 0 到 9 的同行人数；请输入一位数字后回车，或输入 ? 查验下一张卡。",
    en="{typed} is no number of companions; type one digit from 0 to 9 and Enter, or ? to inspect a card.",
)
_NEEDS_DATA: Final = Text(
    zh="--receipt 和 --relayed 需要 --data。", en="--receipt and --relayed need --data."
)
_ALL_WELL: Final = Text(zh="一切正常", en="Nothing is wanting")
_RUNNING: Final = Text(zh="终端程序正在运行", en="A terminal process is running")
_STANDING: Final = Text(zh="没有终端程序在运行", en="No terminal process is running")
_UNSENT: Final = Text(
    zh="流水 {recorded} 条，其中 {unsent} 条中心尚未签收",
    en="{recorded} events, {unsent} of them not acknowledged by the centre",
)


@app.command()
def run(  # noqa: PLR0917  the options of one verb
    data: Data,
    reader: Reader = ANY,
    as_json: AsJson = False,
    trace: Annotated[
        Path | None,
        typer.Option(
            help="把 APDU 跟踪写入此新文件（无个人信息） / write an APDU trace (nothing personal) there"
        ),
    ] = None,
    bell: Annotated[
        bool, typer.Option("--bell/--no-bell", help="刷卡后响铃（仅屏幕终端） / ring the screen's bell")
    ] = True,
    training: Annotated[
        bool, typer.Option("--training", help="培训：不计次、不结算 / train staff: nothing counts")
    ] = False,
) -> None:
    """刷卡验证模式：逐张读卡、判断、记账，直到 Ctrl-C。 Validate taps until interrupted.

    刷卡前可输入同行人数（一位数字）并回车；输入 ? 并回车则查验下一张卡。 Type the number of companions and
    Enter before a tap, or ? and Enter to inspect the next card.

    Example: tongka terminal run --data out/terminal
    """
    language = Language.from_environment()
    display = JsonDisplay(is_training=training) if as_json else LineDisplay(language, is_training=training)
    with (
        open_terminal(DataDirectory(data), is_training=training) as terminal,
        open_reader(reader) as opened,
        traced(opened, trace, display.trouble, terminal.desk.profile) as cards,
        BellSignals(sys.stderr) as ringing,
        watched_psam(terminal.configuration.care.psam) as psam,
    ):
        validator = Validator(
            terminal,
            cards,
            display,
            lambda: terminal.request(party.take()),
            is_exit=exit_of(opened, terminal.configuration.validator.exit_reader),
            signals=ringing if bell else NoSignals(),
            condition=live_condition(terminal, psam=psam),
        )
        party = PartyEntry(
            sys.stdin,
            lambda typed: typer.echo(_ONE_DIGIT.format(typed=typed).in_language(language), err=True),
            validator.inspect_next,
        )
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
    directory.require_terminal()
    clock = SystemClock()
    report = content_report(directory, clock.now_ms())
    if export_trust is not None:
        export_trust_store(directory, export_trust)
    if as_json:
        typer.echo(msgspec.json.encode(report).decode())
    else:
        typer.echo(report.to_text().in_language(Language.from_environment()))


@app.command()
def status(data: Data, reader: Reader = ANY, as_json: AsJson = False) -> None:
    """能否刷卡、缺什么、多少条未上传；有严重问题时退出码为 1。 Whether it can tap, and what it lacks.

    检查密钥、证书、磁盘、流水账和读卡器，不打扰刷卡。 Tries key, certificate, disk, journal and reader.

    No tap is disturbed. Exit code 1 for anything serious.

    Example: tongka terminal status --data out/terminal
    """
    directory = DataDirectory(data)
    condition = condition_of(directory, SystemClock())
    clock = ClockReport.of(condition.moment)
    ready = readiness_of(directory, condition.content, reader)
    told = {one.error.code for one in ready.faults}
    lacking = degradations(condition, directory.load_configuration().care)
    found: list[Fault | Degradation] = list(ready.faults)
    found += (one for one in lacking if one.error.code not in told)
    shown = [described(one, Language.EN) for one in found]
    if as_json:
        document = {
            "running": ready.is_running,
            "recorded": ready.recorded,
            "unsent": ready.unsent,
            "clock": clock,
            "troubles": shown,
        }
        typer.echo(msgspec.json.encode(document).decode())
    else:
        _tell_status(ready, [one.error for one in found], clock, Language.from_environment())
    if any(one["serious"] for one in shown):
        raise typer.Exit(1)


@app.command()
def inspect(  # noqa: PLR0917  the options of one verb
    data: Annotated[Path | None, typer.Option("--data", help="终端数据目录 / the data directory")] = None,
    reader: Reader = ANY,
    via: Annotated[
        str | None,
        typer.Option(
            "--via",
            metavar="COMMAND",
            help="手持机：经此命令询问另一终端（该终端运行 inspect --relayed） / "
            "on a handheld: ask the terminal that this command runs `inspect --relayed` on",
        ),
    ] = None,
    relayed: Annotated[
        bool,
        typer.Option("--relayed", help="应答手持机（标准输入输出） / answer a handheld on stdin, stdout"),
    ] = False,
    receipt: Annotated[
        str | None,
        typer.Option(
            "--receipt",
            metavar="TEXT|-",
            help="查验凭条二维码文字，- 表示从标准输入逐行读取 / a receipt's text; -: lines of stdin",
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="只查验一张卡 / one card only")] = False,
    as_json: AsJson = False,
) -> None:
    """查验：这张卡今天在此终端是否已刷；或凭条真伪。不留记录。 Inspect: was this card tapped here today?

    Or is a receipt genuine and shown for the first time. Nothing is recorded. Exit code 1: it is not.

    Example: tongka terminal inspect --data out/terminal --once
    """
    if receipt is not None or relayed:
        if data is None:
            raise typer.BadParameter(_NEEDS_DATA.in_language(Language.from_environment()))
        is_good = receipt is None or inspect_receipts(data, receipt, as_json=as_json)
        if relayed:
            answer_handheld(data)
    else:
        display = JsonDisplay() if as_json else LineDisplay(Language.from_environment())
        with inspector_of(data, via) as inspector, open_reader(reader) as cards:
            _stop_on_signals(cards.cancel)
            is_good = inspect_cards(inspector, cards, display, once=once) or not once
    if not is_good:
        raise typer.Exit(1)


def _tell_status(
    ready: Readiness, troubles: Sequence[ExplainedError], clock: ClockReport, language: Language
) -> None:
    for error in troubles:
        shown = error.explain(language)
        typer.echo(f"{shown.code} {shown.cause} → {shown.next_step}")
    if not troubles:
        typer.echo(_ALL_WELL.in_language(language))
    typer.echo((_RUNNING if ready.is_running else _STANDING).in_language(language))
    if ready.recorded is not None:
        said = _UNSENT.format(recorded=ready.recorded, unsent=ready.unsent)
        typer.echo(said.in_language(language))
    typer.echo(clock.to_text().in_language(language))


def _stop_on_signals(stop: Callable[[], None]) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop())
