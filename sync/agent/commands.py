"""`tongka agent`: upload a terminal's journal, fetch its content, and see how far both are."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Annotated, Final, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from crypto.explained import Language, Text
from sync.agent.agent import Agent, Backoff, UploadStatus, upload_status
from terminal.data_directory import DataDirectory

app = typer.Typer(
    help="上传终端流水，查看上传状态。Upload a terminal's journal; see its state.", no_args_is_help=True
)

GRACE_SECONDS: Final = 2.0

AsJson = Annotated[bool, typer.Option("--json", help="输出 JSON / print JSON")]

Data = Annotated[Path, typer.Option("--data", help="终端数据目录 / the terminal's data directory")]


@app.command()
def run(
    *,
    data: Data,
    once: Annotated[bool, typer.Option("--once", help="只尝试一次 / one attempt, then exit")] = False,
    until_empty: Annotated[
        bool, typer.Option("--until-empty", help="全部确认后退出 / exit once everything is acknowledged")
    ] = False,
    retry_refused: Annotated[
        bool, typer.Option("--retry-refused", help="重发被拒绝的记录 / send refused events again")
    ] = False,
    interval: Annotated[
        float, typer.Option(min=0.1, max=3600, help="查看间隔（秒） / seconds between looks")
    ] = 2.0,
    longest_wait: Annotated[
        float, typer.Option(min=0.1, max=3600, help="重试间隔上限（秒） / longest wait between attempts")
    ] = 60.0,
    as_json: AsJson = False,
) -> None:
    """上传流水、下载新内容；断网时自动重试，不丢记录。 Upload the journal, fetch content; nothing is dropped.

    Example: tongka agent run --data out/terminal --until-empty
    """
    stop = Event()
    _end_on_signals(stop, 1 if once or until_empty else 0)
    agent = Agent(DataDirectory(data))
    backoff = Backoff(most=longest_wait)
    with agent.working():
        if retry_refused:
            agent.send_refused_again()
        if not once and not until_empty:
            agent.run(stop, interval, backoff)
            return
        is_empty = agent.run_once() if once else agent.run_until_empty(stop, backoff)
    _show(upload_status(DataDirectory(data)), as_json)
    raise typer.Exit(0 if is_empty else 1)


@app.command()
def status(data: Data, as_json: AsJson = False) -> None:
    """未上传、被拒绝、最早未上传与最近联系时间。 Unsent, refused, oldest unsent, last contact.

    退出码 1：流水账落后于中心（丢失或回退），须重新登记。 Exit code 1: the journal is behind the centre.

    Example: tongka agent status --data out/terminal --json
    """
    found = upload_status(DataDirectory(data))
    _show(found, as_json)
    if found.behind is not None:
        raise typer.Exit(1)


def _show(found: UploadStatus, as_json: bool) -> None:
    if as_json:
        typer.echo(msgspec.json.encode(_document(found)).decode())
    else:
        _print_status(found, Language.from_environment())


def _end_on_signals(stop: Event, status: int) -> None:
    """On SIGTERM and SIGINT set `stop`; a request that still hangs after GRACE_SECONDS is abandoned.

    Nothing is lost by that: what no receipt covers is sent again.
    """

    def told(*_: object) -> None:
        stop.set()
        signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS, GRACE_SECONDS)

    def abandon(*_: object) -> NoReturn:
        raise SystemExit(status)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, told)
    signal.signal(signal.SIGALRM, abandon)


def _document(found: UploadStatus) -> dict[str, object]:
    progress = found.progress
    return {
        "recorded": found.recorded,
        "acknowledged": progress.acknowledged,
        "unsent": found.unsent,
        "refused": {str(sequence): code for sequence, code in progress.refused.items()},
        "gaps": [[gap.first, gap.last] for gap in progress.gaps],
        "recordings": found.recordings,
        "oldest_unsent_ms": found.oldest_unsent_ms,
        "behind": None if found.behind is None else found.behind.code,
        "last_contact_ms": progress.contact_ms,
        "last_error": progress.error,
        "last_error_ms": progress.error_ms,
        "content": found.content,
        "content_error": progress.content_error,
        "content_error_ms": progress.content_error_ms,
    }


def _print_status(found: UploadStatus, language: Language) -> None:
    progress = found.progress
    table = Table(title=Text(zh="上传状态", en="Upload").in_language(language), show_header=False)
    rows = (
        (Text(zh="已记录", en="recorded"), str(found.recorded)),
        (Text(zh="中心已确认", en="acknowledged by the centre"), str(progress.acknowledged)),
        (Text(zh="未确认", en="unsent"), str(found.unsent)),
        (Text(zh="被拒绝", en="refused"), _refused(progress.refused)),
        (Text(zh="待上传录音", en="recordings to send"), str(found.recordings)),
        (Text(zh="最早未确认", en="oldest unsent"), _moment(found.oldest_unsent_ms)),
        (Text(zh="最近联系中心", en="last contact"), _moment(progress.contact_ms)),
        (Text(zh="使用中的内容（版本号）", en="content in force (number)"), str(found.content or "—")),
    )
    for name, value in rows:
        table.add_row(name.in_language(language), value)
    for name, error in (
        (Text(zh="最近的问题", en="last problem"), progress.error),
        (Text(zh="新内容未启用", en="new content not in force"), progress.content_error),
    ):
        if error:
            table.add_row(
                name.in_language(language),
                f"{error.code} {error.cause[language]}\n{error.next_step[language]}",
            )
    Console().print(table)
    if found.behind is not None:
        shown = found.behind.explain(language)
        typer.echo(f"{shown.code} {shown.cause} → {shown.next_step}")


def _refused(refused: dict[int, str]) -> str:
    shown = ", ".join(f"#{sequence} {code}" for sequence, code in list(refused.items())[:5])
    return f"{len(refused)} ({shown}{' …' if len(refused) > 5 else ''})" if refused else "0"


def _moment(at_ms: int | None) -> str:
    if at_ms is None:
        return "—"
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")
