"""How a person names a printer, in one word:

network://192.168.1.9:9100   a printer on the network; without a port, 9100
usb                          the first one on USB (the kernel's /dev/usb/lp…)
serial:/dev/ttyS0            on a serial port, 9,600 baud; or serial:/dev/ttyS0@115200
file:PATH                    a device file, or a file that keeps the bytes
image:PATH                   a PNG of the slip
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from terminal.receipts.printers.device import first_usb_printer, open_device
from terminal.receipts.printers.line import PrinterLine
from terminal.receipts.printers.network import PORT, open_network
from terminal.receipts.printers.printer import EscposPrinter, PicturePrinter, Printer
from terminal.receipts.printers.serial_port import BAUD, open_serial

FORMS: Final = "network://HOST:PORT | usb | serial:/dev/ttyS0@BAUD | file:PATH | image:PATH"
_NETWORK: Final = "network://"


def printer_at(address: str) -> Printer:
    """The printer at this address; nothing is opened yet. Raises ValueError for what is no address."""
    if address == "usb":
        return EscposPrinter(address, lambda: open_device(first_usb_printer()))
    if address.startswith(_NETWORK):
        return EscposPrinter(address, _network(address))
    scheme, _colon, rest = address.partition(":")
    if rest and scheme == "serial":
        return EscposPrinter(address, _serial(rest))
    if rest and scheme == "file":
        return EscposPrinter(address, partial(open_device, Path(rest)))
    if rest and scheme == "image":
        return PicturePrinter(Path(rest))
    raise ValueError(address)


def _network(address: str) -> Callable[[], PrinterLine]:
    parts = urlsplit(address)
    if not parts.hostname or parts.path or parts.query or parts.fragment or parts.username:
        raise ValueError(address)
    return partial(open_network, parts.hostname, parts.port or PORT)


def _serial(rest: str) -> Callable[[], PrinterLine]:
    path, _at, baud = rest.partition("@")
    if _at and not (baud.isascii() and baud.isdecimal() and 0 < int(baud) <= 4_000_000):
        raise ValueError(rest)
    return partial(open_serial, path, int(baud or BAUD))
