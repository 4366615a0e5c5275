"""A park and a bus with a few rules of their own, and cards, for tests of sales."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from terminal.assembly import Terminal, open_terminal
from terminal.events.event import UsageEvent
from terminal.modes.sale import Sale, SaleDesk
from terminal.modes.sale_state import SaleItem
from terminal.tap import TapResult
from tests.terminal.enrolled import Enrolled, SetClock, chip, enrol

CATALOGUE: Final = """
version = "2026.1"

[[items]]
code = "PARK-T"
name = { zh = "测试公园", en = "Test park" }
domain = "social"
kind = "attraction"
operator = "test-bus"
region = "500103"
fare = 9000
tickets = { half = 4500 }
"""
PACK: Final = """
name = "park"
version = "2026.1"
region = "5001"
effective_from = 2026-01-01

[[quotas]]
id = "visits"
uses = 2
per = "month"

[[rules]]
id = "severe"
applies_to = { kinds = ["attraction"] }
condition = "grade <= 2"
quota = "visits"
benefit = { kind = "free", companions = 1, companion_pays = 50 }
legal_basis = { zh = "测试办法", en = "test rules" }
holder_text = { zh = "免票", en = "free" }
staff_text = { zh = "免票", en = "free" }
source = { cites = "test", mark = "G" }

[[rules]]
id = "carer"
applies_to = { kinds = ["attraction"] }
for = "companion-card"
condition = "follows_holder"
benefit = { kind = "free" }
legal_basis = { zh = "测试办法", en = "test rules" }
holder_text = { zh = "免票", en = "free" }
staff_text = { zh = "免票", en = "free" }
source = { cites = "test", mark = "G" }
"""


def park(path: Path) -> Enrolled:
    """A ticket office: grades 1 and 2 free twice a month, one companion at half price; others pay.

    A companion card is free behind its holder's.
    """
    enrolled = enrol(path)
    enrolled.files["catalogue.toml"] = CATALOGUE.encode()
    configuration = enrolled.directory.configuration_file
    configuration.write_text(configuration.read_text().replace("BUS-1", "PARK-T"))
    enrolled.put_only_rules("park", PACK)
    return enrolled


@contextmanager
def selling(office: Enrolled, clock: SetClock | None = None) -> Iterator[tuple[Terminal, SaleDesk]]:
    """The terminal, running, and its sales."""
    with (
        open_terminal(office.directory, clock or SetClock()) as terminal,
        SaleDesk(terminal.desk) as sales,
    ):
        yield terminal, sales


@contextmanager
def locked(office: Enrolled, terminal: Terminal) -> Iterator[None]:
    """Another program holds the journal's file: the disk takes nothing."""
    terminal.desk.journal._connection.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(office.directory.journal, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


def tap_in(terminal: Terminal, sale: Sale, card: ChipContents, companions: int = 0) -> TapResult:
    """One card tapped in a sale, for an ordinary ticket."""
    with InProcessConnection(chip(card)) as connection:
        return sale.tap(connection, SaleItem.of(terminal.service, companions=companions))


def journal_of(office: Enrolled) -> list[UsageEvent]:
    """Every event of its journal."""
    return office.events()
