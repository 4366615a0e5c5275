"""A printer that is a device file (/dev/usb/lp0, by the kernel's usblp), or a file that keeps the bytes."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from terminal.receipts.printers.line import HandleLine

_DEVICES: Final = Path("/dev")
_USB_FOLDER: Final = Path("/dev/usb")
_MODE: Final = 0o644


def open_device(path: Path) -> HandleLine:
    """Open a device, or make a file anew. Raises OSError."""
    # Non-blocking: a queue that nobody reads must not hold us up. A device is opened for answers, too.
    flags = os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    # A printer that is not plugged in must not become a file that swallows every slip.
    if _DEVICES not in path.parents:
        flags |= os.O_CREAT
    handle = os.open(path, flags, _MODE)
    line = HandleLine(handle)
    if stat.S_ISREG(os.fstat(handle).st_mode):
        os.truncate(handle, 0)
        line.answers = False
    return line


def first_usb_printer(folder: Path = _USB_FOLDER) -> Path:
    """The first printer that the kernel has on USB. Raises FileNotFoundError."""
    found = sorted(folder.glob("lp*"))
    if not found:
        raise FileNotFoundError(2, os.strerror(2), str(folder / "lp0"))
    return found[0]
