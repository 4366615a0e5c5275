"""Taps go on while a printer stands still; nothing is printed twice or lost unseen."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from crypto.explained import ExplainedError, Text
from terminal.receipts.errors import PrinterNotReady, PrinterTorn
from terminal.receipts.printers.address import printer_at
from terminal.receipts.printing_aside import MOST_WAITING, PrintingAside
from terminal.receipts.shown_receipts import ShownReceipts
from terminal.receipts.slip import Paper, Slip, slip_of
from tests.terminal.receipts.cast import AT, RECEIPT, SIGNED, bus
from tests.terminal.receipts.escpos_renderer import EscposRenderer
from tests.terminal.receipts.paper_printers import NetworkPrinter, PrinterBoard

SLIP = slip_of(SIGNED, Text(zh="公交", en="Bus"))
SECONDS = 10


@dataclass
class StuckPrinter:
    """Holds on to a slip until it is let go, then finds its line cut."""

    is_free: threading.Event = field(default_factory=threading.Event)

    def print_slip(self, _slip: Slip) -> None:
        """Stand still."""
        assert self.is_free.wait(SECONDS)
        raise PrinterTorn(printer="stuck", detail="cut")


def test_taps_go_on_while_the_printer_stands_still(tmp_path: Path) -> None:
    line, printer = bus(tmp_path / "bus"), StuckPrinter()
    heard: list[ExplainedError | None] = []
    with PrintingAside("stuck", printer, heard.append) as printing:
        done = printing.submit(SLIP)
        [event] = line.tap(line.enrolled.card())
        assert event.outcome.granted
        assert heard == [] and not done.done()
        printer.is_free.set()
        done.result(SECONDS)
    assert [type(one) for one in heard] == [PrinterTorn]


def test_slips_are_printed_in_their_order_and_each_is_reported() -> None:
    heard: list[ExplainedError | None] = []
    board = PrinterBoard(EscposRenderer(Paper.NARROW.dots))
    with NetworkPrinter(board) as printer:
        with PrintingAside(printer.address, printer_at(printer.address), heard.append) as printing:
            for done in [printing.submit(SLIP) for _ in range(3)]:
                done.result(SECONDS)
        assert board.renderer.cuts == 3
    assert heard == [None, None, None]


def test_a_queue_that_grows_without_end_is_refused() -> None:
    printer = StuckPrinter()
    with PrintingAside("stuck", printer, lambda _error: None) as printing:
        waiting = [printing.submit(SLIP) for _ in range(MOST_WAITING)]
        with pytest.raises(PrinterNotReady):
            printing.submit(SLIP)
        printer.is_free.set()
        for done in waiting:
            done.result(SECONDS)
        printing.submit(SLIP).result(SECONDS)


def test_a_receipt_that_is_shown_again_is_told_with_the_first_time() -> None:
    shown = ShownReceipts(most=2)
    first, second, third = (msgspec.structs.replace(RECEIPT, sequence=number) for number in (1, 2, 3))
    assert shown.show(first, AT) is None
    assert shown.show(first, AT) == AT
    assert shown.show(first, AT + timedelta(minutes=3)) == AT
    assert shown.show(first, AT + timedelta(minutes=9)) == AT
    assert shown.show(second, AT) is None and shown.show(third, AT) is None
    assert shown.show(first, AT) is None  # the oldest was forgotten
