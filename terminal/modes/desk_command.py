"""What the commands of all staffed desks have in common: their options, and how they run."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

import typer

from card.reader import CardReader
from terminal.assembly import Terminal
from terminal.modes.desk_loop import Desk, DeskLoop
from terminal.modes.entries import Entries
from terminal.modes.watched_desk import ConditionDisplay, WatchedDesk

Data = Annotated[Path, typer.Option("--data", help="终端数据目录 / the terminal's data directory")]
Reader = Annotated[
    str,
    typer.Option(
        "--reader",
        help="读卡器：any、名称（见 tongka readers list）、nfc:端口、serial:描述文件:端口 / "
        "the reader: any, a name, nfc:PORT or serial:PROFILE:PORT",
    ),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="逐行读写 JSON，供程序使用 / read and write lines of JSON, for a program"),
]
Training = Annotated[
    bool, typer.Option("--training", help="培训：不计次、不结算 / train staff: nothing counts")
]


def run_desk(terminal: Terminal, reader: CardReader, desk: Desk, display: ConditionDisplay) -> None:
    """Serve `desk` until SIGINT, SIGTERM or the end of standard input; `display` hears of what is wanting."""
    entries = Entries(sys.stdin)
    loop = DeskLoop(terminal.desk.contents, reader, entries, WatchedDesk(desk, terminal, display))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: loop.stop())
    entries.start()
    loop.run()
