"""A desk's command in a process of its own, driven by JSON lines."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

SECONDS: Final = 30.0


class DeskProcess:
    """`tongka VERB run … --json`, started from the verb's own module."""

    def __init__(
        self,
        module: str,
        *arguments: str | Path,
        environment: dict[str, str],
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self._command = [sys.executable, "-c", f"from {module} import app; app()", *map(str, arguments)]
        self._environment, self._pass_fds = environment, pass_fds
        self._lines: queue.Queue[str] = queue.Queue()

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
            pass_fds=self._pass_fds,
        )
        self._thread = threading.Thread(target=self._read, name="desk-output")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def message(self, state: str) -> dict[str, Any]:
        """The next line with this `state`."""
        while True:
            message: dict[str, Any] = json.loads(self._lines.get(timeout=SECONDS))
            if message["state"] == state:
                return message

    def enter(self, **order: object) -> None:
        """Send an order."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()
        self.end()

    def end(self) -> int:
        """SIGTERM, and wait; its exit status."""
        self._process.terminate()
        status = self._process.wait(SECONDS)
        self._thread.join()
        assert self._process.stdin is not None
        if not self._process.stdin.closed:
            self._process.stdin.close()
        return status

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)
        self._process.stdout.close()
