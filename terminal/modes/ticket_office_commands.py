"""`tongka ticket-office`: sell to several persons at once, with a keyboard or from a program."""

from __future__ import annotations

import typer

from card.readers.address import open_reader
from card.readers.any_reader import ANY
from crypto.explained import Language
from terminal.assembly import open_terminal
from terminal.data_directory import DataDirectory
from terminal.modes.desk_command import AsJson, Data, Reader, Training, run_desk
from terminal.modes.office_displays import OfficeJsonDisplay, OfficeLineDisplay
from terminal.modes.office_orders import json_order, typed_order
from terminal.modes.sale import SaleDesk
from terminal.modes.ticket_office import TicketOffice

app = typer.Typer(help="售票窗口：多人一单。Ticket office: several persons, one sale.", no_args_is_help=True)


@app.callback()
def ticket_office() -> None:
    """售票窗口：多人一单。 Ticket office: several persons, one sale."""


@app.command()
def run(data: Data, reader: Reader = ANY, as_json: AsJson = False, training: Training = False) -> None:
    """逐张刷卡、合计、确认或撤销，直到 Ctrl-C。 Tap cards, add up, confirm or cancel, until interrupted.

    刷卡前输入 0–9 为同行人数，输入票种（如 half）选票；r 号码移除一行，c 确认，x 撤销。未确认的一律撤销。
    Before a tap: 0 to 9 companions, or a class of ticket (as half). r NUMBER removes a line, c confirms, x
    cancels; what is not confirmed is cancelled.

    Example: tongka ticket-office run --data out/terminal
    """
    language = Language.from_environment()
    display = (
        OfficeJsonDisplay(is_training=training)
        if as_json
        else OfficeLineDisplay(language, is_training=training)
    )
    directory = DataDirectory(data)
    with (
        open_terminal(directory, is_training=training) as terminal,
        SaleDesk(terminal.desk) as sales,
        open_reader(reader) as opened,
    ):
        orders = json_order if as_json else typed_order
        run_desk(terminal, opened, TicketOffice(terminal, sales, display, orders), display)
