"""A TPM of one's own: Debian's swtpm on Unix sockets, as the demonstration and the tests use it."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Final

_PATIENCE_SECONDS: Final = 10.0
_MAX_SOCKET_PATH: Final = 100  # of 107 (unix(7)), less ".ctrl"


class SoftwareTpm:
    """A TPM whose state lies in `folder`; started again in the same folder it is the same TPM.

        with SoftwareTpm(folder) as tcti:
            make_keystore(keys, "tpm", {"tcti": tcti})

    Raises TimeoutError where it does not start, ValueError for a folder whose path is too long for a socket.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder.absolute()
        self._socket = self._folder / "tpm"
        if len(str(self._socket)) > _MAX_SOCKET_PATH:
            raise ValueError(f"{folder} is too long for a socket")
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def tcti(self) -> str:
        """How tpm2-tools reach it."""
        return f"swtpm:path={self._socket}"

    def start(self) -> None:
        """Run it, switched on, until `stop`."""
        state = self._folder / "state"
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The library finds the control channel by its name.
        control = self._socket.with_name(f"{self._socket.name}.ctrl")
        command = [
            *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state},mode=0600"),
            *("--server", f"type=unixio,path={self._socket},mode=0600"),
            *("--ctrl", f"type=unixio,path={control},mode=0600"),
            *("--flags", "not-need-init,startup-clear"),
        ]
        with (self._folder / "swtpm.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (self._socket.exists() and control.exists()):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise TimeoutError(f"swtpm does not start: {self._folder / 'swtpm.log'}")
            time.sleep(0.01)

    def stop(self) -> None:
        """Switch it off; its state stays."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_PATIENCE_SECONDS)
            self._process = None
        for socket in self._folder.glob("tpm*"):
            socket.unlink()

    def __enter__(self) -> str:
        self.start()
        return self.tcti

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
