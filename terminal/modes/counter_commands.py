"""`tongka counter`: receive holders at a counter, with a keyboard or from a program."""

from __future__ import annotations

import resource
from functools import partial
from typing import Annotated

import typer

from card.errors import CardError
from card.profile import CardProfile
from card.psam_slot import find_sam_slot, open_psam
from card.readers.address import open_reader
from card.readers.any_reader import ANY
from card.readers.pcsc import list_readers
from crypto.explained import Language
from terminal.assembly import open_terminal
from terminal.data_directory import DataDirectory
from terminal.modes.counter import SHOWN_MS, Counter, CounterDisplay, PsamOpener
from terminal.modes.counter_displays import CounterJsonDisplay, CounterLineDisplay
from terminal.modes.counter_orders import json_order, typed_order
from terminal.modes.desk_command import AsJson, Data, Reader, Training, run_desk
from terminal.modes.staff_stream import StaffStream

app = typer.Typer(help="服务窗口：来访与申请登记。Counter: visits and applications.", no_args_is_help=True)


@app.callback()
def counter() -> None:
    """服务窗口：来访与申请登记。 Counter: visits and applications."""


@app.command()
def run(  # noqa: PLR0917  options, each with a name
    data: Data,
    reader: Reader = ANY,
    psam: Annotated[
        str | None,
        typer.Option(
            "--psam", help="PSAM 卡槽，默认按终端设置或自动查找 / the SAM slot; by default as set, or found"
        ),
    ] = None,
    without_psam: Annotated[
        bool, typer.Option("--without-psam", help="不读卡内资料 / read no data of the card")
    ] = False,
    show_seconds: Annotated[
        float,
        typer.Option(
            "--show-seconds", min=1, max=600, help="个人信息最多显示多少秒 / for how long data are shown"
        ),
    ] = SHOWN_MS / 1000,
    as_json: AsJson = False,
    staff_fd: Annotated[
        int | None,
        typer.Option(
            "--staff-fd",
            help="姓名、证号、照片只写入此管道（文件描述符），须与 --json 同用 / "
            "name, number and photo go to this pipe (a file descriptor) alone; with --json",
        ),
    ] = None,
    training: Training = False,
) -> None:
    """来访登记：验卡、核对照片、登记来访或申请，直到 Ctrl-C。 Receive holders until interrupted.

    p y/n/- 照片，g y/n/- 监护人或陪护人，d 代码 列材料，v 代码 来访，a 代码 1 3 申请，s 代码 2 补交材料，
    c 代码 领取。证离开后个人信息即清除。
    p y/n/- for the photo, g y/n/- guardian or companion, d CODE the documents, v CODE a visit, a CODE 1 3 an
    application, s CODE 2 papers handed in, c CODE a collection. Personal data are wiped when the card leaves.

    Example: tongka counter run --data out/terminal
    """
    # A crash leaves no picture of the memory on the disk.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    staff = _staff_stream(staff_fd, as_json)
    language = Language.from_environment()
    display = (
        CounterJsonDisplay(staff, is_training=training)
        if as_json
        else CounterLineDisplay(language, is_training=training)
    )
    with open_terminal(DataDirectory(data), is_training=training) as terminal, open_reader(reader) as opened:
        named = psam or terminal.configuration.care.psam or None
        slot = None if without_psam else _psam(terminal.desk.profile, named, display)
        orders = json_order if as_json else typed_order
        desk = Counter(terminal, opened, display, orders, slot, round(show_seconds * 1000))
        try:
            run_desk(terminal, opened, desk, display)
        finally:
            desk.close()


def _staff_stream(descriptor: int | None, as_json: bool) -> StaffStream | None:
    """The pipe to staff's program; wrong usage where it is none."""
    if descriptor is None:
        return None
    try:
        if not as_json:
            raise ValueError("--json")
        return StaffStream(descriptor)
    except ValueError as error:
        message = (
            f"须与 --json 同用，且为启动者打开的管道或套接字 / with --json, and a pipe or socket: {error}"
        )
        raise typer.BadParameter(message, param_hint="--staff-fd") from error


def _psam(profile: CardProfile, named: str | None, display: CounterDisplay) -> PsamOpener | None:
    """How to open the PSAM; None, and the reason told, where no slot is known."""
    try:
        slot = named or find_sam_slot(list_readers(), profile.full_data_path.sam_names)
    except CardError as error:
        display.trouble(error)
        return None
    return partial(open_psam, slot)
