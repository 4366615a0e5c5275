"""The wires between machine and TPM, with somebody listening."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_PAUSE_SECONDS = 0.02


class TappedBus:
    """What passed over it in either direction is in `heard`; `tcti` reaches the TPM over it."""

    def __init__(self, tcti: str, folder: Path) -> None:
        self._tpm = tcti.removeprefix("swtpm:path=")
        self._folder = folder
        self._is_over = threading.Event()
        self.tcti = f"swtpm:path={folder / 'bus'}"
        self.heard = bytearray()

    @contextmanager
    def listening(self) -> Iterator[TappedBus]:
        """Carry commands and answers meanwhile."""
        with ExitStack() as stack:
            for channel in ("", ".ctrl"):
                listener = stack.enter_context(socket.socket(socket.AF_UNIX))
                listener.bind(str(self._folder / f"bus{channel}"))
                listener.listen()
                carrier = threading.Thread(target=self._serve, args=(listener, self._tpm + channel))
                carrier.start()
                stack.callback(carrier.join)
            stack.callback(self._is_over.set)
            yield self

    def _serve(self, listener: socket.socket, far: str) -> None:
        listener.settimeout(_PAUSE_SECONDS)
        while not self._is_over.is_set():
            with suppress(TimeoutError):
                near, _ = listener.accept()
                with near, socket.socket(socket.AF_UNIX) as tpm:
                    tpm.connect(far)
                    self._carry(near, tpm)

    def _carry(self, near: socket.socket, tpm: socket.socket) -> None:
        """One command's connection, until either side closes it."""
        while not self._is_over.is_set():
            for source in select.select([near, tpm], [], [], _PAUSE_SECONDS)[0]:
                data = source.recv(4096)
                if not data:
                    return
                self.heard += data
                (tpm if source is near else near).sendall(data)
