"""Printing beside the taps: a slip is handed over and the tap goes on, whatever the printer does.

with PrintingAside(printer, on_done) as printing:
    printing.submit(slip)      # returns at once
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Final

from crypto.closing import Closing
from crypto.explained import ExplainedError, Text
from terminal.receipts.errors import PrinterNotReady
from terminal.receipts.printers.printer import Printer
from terminal.receipts.slip import Slip

#: Slips that may wait. More means that the printer has stood still for a while: whoever wants one asks again.
MOST_WAITING: Final = 20
_QUEUE_FULL: Final = Text(zh="等待打印的凭条太多", en="too many slips wait for it")


class PrintingAside(Closing):
    """One printer with its queue and thread.

    `on_done` is called from that thread after each slip: with None once it is printed, with the error if not.
    """

    def __init__(self, name: str, printer: Printer, on_done: Callable[[ExplainedError | None], None]) -> None:
        self._name, self._printer, self._on_done = name, printer, on_done
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="receipts")
        self._waiting = 0
        self._lock = Lock()

    def submit(self, slip: Slip) -> Future[None]:
        """Queue a slip; returns at once. Raises PrinterNotReady where too many wait already."""
        with self._lock:
            if self._waiting >= MOST_WAITING:
                raise PrinterNotReady(printer=self._name, detail=_QUEUE_FULL)
            self._waiting += 1
        return self._thread.submit(self._print, slip)

    def close(self) -> None:
        """Finish the slip under way, forget those that wait. Closing twice does nothing."""
        self._thread.shutdown(wait=True, cancel_futures=True)

    def _print(self, slip: Slip) -> None:
        try:
            self._printer.print_slip(slip)
        except ExplainedError as error:
            self._on_done(error)
        else:
            self._on_done(None)
        finally:
            with self._lock:
                self._waiting -= 1
