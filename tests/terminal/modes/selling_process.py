"""A ticket office in a process of its own, for tests that kill it: sells without end, and says what it did.

python -m tests.terminal.modes.selling_process FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from card.simulator.boards.link import InProcessConnection
from terminal.modes.sale_state import SaleItem
from tests.terminal.enrolled import chip
from tests.terminal.modes.sale_cast import park, selling


def main(folder: Path) -> None:
    """One sale of two cards confirmed, the next one cancelled, and so on."""
    office = park(folder)
    with selling(office) as (terminal, sales):
        for number in range(1000):
            sale = sales.begin()
            for _ in range(2):
                with InProcessConnection(chip(office.card())) as connection:
                    result = sale.tap(connection, SaleItem.of(terminal.service))
                print("tapped", result.sequence, flush=True)  # noqa: T201 - what the test waits for
            state = sale.cancel() if number % 2 else sale.confirm()
            print(state.phase, *(line.number for line in state.lines), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(Path(sys.argv[1]))
