"""A printer that gives slips, and what it is called when it does not."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from crypto.explained import Text
from terminal.durable_file import write_durably
from terminal.receipts.errors import PrinterNotReady, PrinterTorn, PrinterUnreachable
from terminal.receipts.escpos_slip import to_escpos
from terminal.receipts.picture_slip import to_png
from terminal.receipts.printers.line import PrinterLine
from terminal.receipts.printers.status import ask_printed, ask_ready
from terminal.receipts.slip import Slip

_REASONS: Final = {
    errno.ECONNREFUSED: Text(zh="对方拒绝连接", en="it refuses the connection"),
    errno.EHOSTUNREACH: Text(zh="网络到不了", en="the network does not reach it"),
    errno.ENETUNREACH: Text(zh="网络到不了", en="the network does not reach it"),
    errno.ENOENT: Text(zh="没有这个设备", en="there is no such device"),
    errno.ENODEV: Text(zh="没有这个设备", en="there is no such device"),
    errno.ENXIO: Text(zh="没有这个设备", en="there is no such device"),
    errno.EACCES: Text(zh="没有权限", en="no permission to use it"),
    errno.EBUSY: Text(zh="被别的程序占用", en="another program holds it"),
    errno.ECONNRESET: Text(zh="连接断开", en="the connection was cut"),
    errno.EPIPE: Text(zh="连接断开", en="the connection was cut"),
    errno.EIO: Text(zh="连接断开", en="the connection was cut"),
}
_TOO_SLOW: Final = Text(zh="一直没有反应", en="it does not react")
_HUNG_UP: Final = Text(zh="连接断开", en="the connection was cut")


class Printer(Protocol):
    """Whatever gives slips."""

    def print_slip(self, slip: Slip) -> None:
        """Print it. Raises PrinterUnreachable, PrinterNotReady, PrinterTorn."""


@dataclass(frozen=True)
class EscposPrinter:
    """A printer that speaks ESC/POS at the end of a line. `name`: what a person calls it by."""

    name: str
    open_line: Callable[[], PrinterLine] = field(repr=False)

    def print_slip(self, slip: Slip) -> None:
        """Print it, and wait until it is out where the printer tells.

        Raises PrinterUnreachable, PrinterNotReady, PrinterTorn.
        """
        data = to_escpos(slip)
        try:
            line = self.open_line()
        except OSError as error:
            raise PrinterUnreachable(printer=self.name, detail=_reason(error)) from error
        with line:
            try:
                hindrance = self._send(line, data)
            except OSError as error:
                raise PrinterTorn(printer=self.name, detail=_reason(error)) from error
        if hindrance is not None:
            raise PrinterNotReady(printer=self.name, detail=hindrance)

    def _send(self, line: PrinterLine, data: bytes) -> Text | None:
        """What keeps it from printing, before or after; None once all was given away."""
        tells, hindrance = ask_ready(line) if line.answers else (False, None)
        if hindrance is not None:
            return hindrance
        line.send(data)
        return ask_printed(line) if tells else None


@dataclass(frozen=True)
class PicturePrinter:
    """Writes the slip as a PNG: for printers that speak no ESC/POS, and to look at."""

    path: Path

    def print_slip(self, slip: Slip) -> None:
        """Write the file. Raises FileNotWritten, PrinterUnreachable where no font has Hanzi."""
        write_durably(self.path, to_png(slip), mode=0o644)


def _reason(error: OSError) -> Text | str:
    if isinstance(error, TimeoutError):
        return _TOO_SLOW
    if isinstance(error, ConnectionResetError) and error.errno is None:
        return _HUNG_UP
    return _REASONS.get(error.errno or 0, error.strerror or str(error))
