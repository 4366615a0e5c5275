"""What a printer says of itself: the real-time status of ESC/POS (DLE EOT n), and GS r after printing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from crypto.explained import Text
from terminal.receipts.printers.line import PrinterLine

_ANSWER_SECONDS: Final = 0.5
_PRINTED_SECONDS: Final = 10.0

_OUT_OF_PAPER: Final = Text(zh="缺纸", en="it is out of paper")
_COVER_OPEN: Final = Text(zh="机盖打开", en="its cover is open")
_FAULTY: Final = Text(zh="打印机报告故障（卡刀或过热）", en="it reports a fault, such as a stuck cutter")
_OFFLINE: Final = Text(zh="打印机脱机", en="it is offline")

# DLE EOT n: which of its answer's bits say what, the most telling first.
_QUESTIONS: Final = (
    (b"\x10\x04\x04", ((0x60, _OUT_OF_PAPER),)),
    (b"\x10\x04\x02", ((0x04, _COVER_OPEN), (0x20, _OUT_OF_PAPER), (0x40, _FAULTY))),
    (b"\x10\x04\x01", ((0x08, _OFFLINE),)),
)
_FIXED_MASK, _FIXED = 0x93, 0x12  # bits that every answer to DLE EOT has
_PAPER_AFTER: Final = b"\x1dr\x01"  # GS r 1: answered when everything before it was printed
_GS_R_FIXED: Final = 0x90  # bits that no answer to GS r has
_PAPER_END: Final = 0x0C


def ask_ready(line: PrinterLine) -> tuple[bool, Text | None]:
    """Whether it answers at all, and what keeps it from printing. Raises OSError.

    Printers behind a print server, and some cheap ones, never answer: that is no fault.
    """
    for question, meanings in _QUESTIONS:
        line.send(question)
        answer = _answer(line, _ANSWER_SECONDS, _is_status)
        if answer is None:
            return False, None
        for bits, meaning in meanings:
            if answer & bits:
                return True, meaning
    return True, None


def ask_printed(line: PrinterLine) -> Text | None:
    """Wait until all was printed; what went wrong, if something did. Raises OSError, TimeoutError."""
    line.send(_PAPER_AFTER)
    answer = _answer(line, _PRINTED_SECONDS, lambda byte: not byte & _GS_R_FIXED)
    if answer is None:
        raise TimeoutError
    return _OUT_OF_PAPER if answer & _PAPER_END else None


def _is_status(byte: int) -> bool:
    return byte & _FIXED_MASK == _FIXED


def _answer(line: PrinterLine, seconds: float, fits: Callable[[int], bool]) -> int | None:
    """The first byte that can be the answer; printers send status of their own accord as well."""
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        for byte in line.receive(left):
            if fits(byte):
                return byte
    return None
