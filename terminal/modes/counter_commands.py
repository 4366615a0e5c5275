"""`tongka counter`: receive holders at a counter, with a keyboard or from a program."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from card.errors import CardError
from card.profile import CardProfile
from card.psam_slot import find_sam_slot, open_psam
from card.readers.address import open_reader
from card.readers.any_reader import ANY
from card.readers.pcsc import list_readers
from terminal.assembly import open_terminal
from terminal.data_directory import DataDirectory
from terminal.modes.counter import Counter, CounterDisplay, PsamOpener
from terminal.modes.counter_displays import counter_display
from terminal.modes.counter_orders import json_order, typed_order
from terminal.modes.desk_command import AsJson, Data, Reader, run_desk

app = typer.Typer(help="服务窗口：来访与申请登记。Counter: visits and applications.", no_args_is_help=True)


@app.callback()
def counter() -> None:
    """服务窗口：来访与申请登记。 Counter: visits and applications."""


@app.command()
def run(  # noqa: PLR0917  options, each with a name
    data: Data,
    reader: Reader = ANY,
    psam: Annotated[
        str | None, typer.Option("--psam", help="PSAM 卡槽，默认自动查找 / the SAM slot; found by default")
    ] = None,
    without_psam: Annotated[
        bool, typer.Option("--without-psam", help="不读卡内资料 / read no data of the card")
    ] = False,
    as_json: AsJson = False,
    for_staff: Annotated[
        bool,
        typer.Option(
            "--for-staff",
            help="JSON 含姓名、照片，只供工作人员屏幕 / JSON with name and photo, for a screen of staff's",
        ),
    ] = False,
) -> None:
    """来访登记：验卡、核对照片、登记来访或申请，直到 Ctrl-C。 Receive holders until interrupted.

    p y/n/- 照片，g y/n/- 陪护人，d 代码 列材料，v 代码 登记来访，a 代码 1 3 登记申请。
    证离开后个人信息即清除。
    p y/n/- for the photo, g y/n/- the companion, d CODE the documents, v CODE a visit, a CODE 1 3 an
    application. Personal data are wiped when the card leaves.

    Example: tongka counter run --data out/terminal
    """
    display = counter_display(as_json, for_staff)
    with open_terminal(DataDirectory(data)) as terminal, open_reader(reader) as opened:
        slot = None if without_psam else _psam(terminal.desk.profile, psam, display)
        desk = Counter(terminal, opened, display, json_order if as_json else typed_order, slot)
        try:
            run_desk(terminal, opened, desk)
        finally:
            desk.close()


def _psam(profile: CardProfile, named: str | None, display: CounterDisplay) -> PsamOpener | None:
    """How to open the PSAM; None, and the reason told, where no slot is known."""
    try:
        slot = named or find_sam_slot(list_readers(), profile.full_data_path.sam_names)
    except CardError as error:
        display.trouble(error)
        return None
    return partial(open_psam, slot)
