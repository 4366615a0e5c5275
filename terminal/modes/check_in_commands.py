"""`tongka check-in`: attendance at a training, day care or event."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer

from card.readers.address import open_reader
from card.readers.any_reader import ANY
from crypto.explained import Language
from terminal.assembly import open_terminal
from terminal.clock import SystemClock
from terminal.data_directory import DataDirectory
from terminal.decisions.decide import local_date
from terminal.modes.attendance import read_book
from terminal.modes.check_in import REPEAT_MS, AttendanceRules, CheckIn
from terminal.modes.check_in_displays import (
    CheckInJsonDisplay,
    CheckInLineDisplay,
    presence_document,
    presence_lines,
)
from terminal.modes.check_in_orders import json_order, typed_order
from terminal.modes.desk_command import AsJson, Data, Reader, Training, run_desk

app = typer.Typer(
    help="签到：培训、托养、活动。Attendance: training, day care, events.", no_args_is_help=True
)


@app.command()
def run(  # noqa: PLR0917  the verb's options
    data: Data,
    reader: Reader = ANY,
    capacity: Annotated[
        int | None, typer.Option("--capacity", min=1, help="最多在场人数 / how many may be present")
    ] = None,
    guardian: Annotated[
        bool,
        typer.Option("--guardian", help="须有监护人：刷陪护卡或人工确认 / a guardian must come along"),
    ] = False,
    repeat_seconds: Annotated[
        float,
        typer.Option(
            "--repeat-seconds",
            min=0,
            max=3600,
            help="多少秒内重复不计 / seconds within which a second tap does not count",
        ),
    ] = REPEAT_MS / 1000,
    as_json: AsJson = False,
    training: Training = False,
) -> None:
    """刷卡签到、再刷签退，直到 Ctrl-C；零点按日重新开始。 Tap to check in, tap again to check out.

    g 监护人在场，x 监护人不在场，l 列出在场（不含姓名）。
    g: the guardian is here; x: is not; l: list who is present, without names. Each day starts anew.

    Example: tongka check-in run --data out/terminal --capacity 30
    """
    language = Language.from_environment()
    display = (
        CheckInJsonDisplay(is_training=training)
        if as_json
        else CheckInLineDisplay(language, is_training=training)
    )
    directory = DataDirectory(data)
    journal = directory.training_journal if training else directory.journal
    rules = AttendanceRules(capacity, guardian, round(repeat_seconds * 1000))
    with open_terminal(directory, is_training=training) as terminal, open_reader(reader) as opened:
        moment = terminal.desk.journal.timekeeper.now()
        day, boot = local_date(moment.time_ms), moment.reading.boot
        book = read_book(journal, terminal.service.code, day, boot, is_training=training)
        desk = CheckIn(terminal, book, rules, display, json_order if as_json else typed_order)
        try:
            run_desk(terminal, opened, desk, display)
        finally:
            desk.close()


@app.command()
def present(data: Data, as_json: AsJson = False) -> None:
    """今日在场人数与清单，不含姓名。 How many are present today, and since when; no names.

    Example: tongka check-in present --data out/terminal
    """
    directory = DataDirectory(data)
    reading = SystemClock().read()
    service = directory.load_configuration().service
    book = read_book(directory.journal, service, local_date(reading.wall_ms), reading.boot)
    if as_json:
        typer.echo(msgspec.json.encode(presence_document(book)).decode())
        return
    for line in presence_lines(book):
        typer.echo(line.in_language(Language.from_environment()))
