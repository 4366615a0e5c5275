"""A serial cable whose far end is this process, and which can be pulled out and put back.

`path` stays the same when the cable is put back, as a udev rule arranges it for genuine readers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from card.simulator.boards.pty_line import PtyLine
from crypto.closing import Closing


class SerialCable(Closing):
    """Hands to `received` what a program writes to `path`, in a thread of its own; plugged from the start."""

    def __init__(self, received: Callable[[bytes], None]) -> None:
        self._received = received
        self._folder = TemporaryDirectory(prefix="serial-")
        self.path: Final = str(Path(self._folder.name) / "ttyS0")
        self._lock = threading.Lock()
        self._line: PtyLine | None = None
        self._thread: threading.Thread | None = None
        self.plug()

    def plug(self) -> None:
        """Put the cable back. Does nothing when it is there."""
        if self._line is None:
            self._join()
            line = self._line = PtyLine()
            self._thread = threading.Thread(target=self._serve, args=(line,), name="serial-cable")
            self._thread.start()
            Path(self.path).symlink_to(line.path)

    def unplug(self) -> None:
        """Pull the cable out; also from within `received`. Does nothing when it is out."""
        with self._lock:
            line, self._line = self._line, None
            if line is not None:
                Path(self.path).unlink()
                line.wake()
        self._join()

    def send(self, data: bytes) -> None:
        """Let these bytes come out of the port."""
        with self._lock:
            if self._line is not None:
                self._line.write(data)

    def close(self) -> None:
        """Pull the cable out for good. Closing twice does nothing."""
        self.unplug()
        self._folder.cleanup()

    def _serve(self, line: PtyLine) -> None:
        with line:
            while self._line is line:
                if data := line.read():
                    self._received(data)

    def _join(self) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()
