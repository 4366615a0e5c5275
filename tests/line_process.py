"""A process that is started, spoken to and listened to line by line, and ended."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

WAIT_SECONDS: Final = 30.0


class NothingSaid(Exception):
    """No further line came in time, or the process has closed its output."""


class LineProcess:
    """This command while it runs; what it says of errors goes to a file, or to the tests' own."""

    def __init__(
        self,
        *command: str | Path,
        environment: dict[str, str],
        errors: Path | None = None,
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        self._command, self._environment = list(map(str, command)), environment
        self._errors, self._pass_fds = errors, pass_fds
        self._files = ExitStack()
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Self:
        errors = None if self._errors is None else self._files.enter_context(self._errors.open("wb"))
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env=self._environment,
            pass_fds=self._pass_fds,
        )
        self._thread = threading.Thread(target=self._read, name="process-output")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """Its number in the process table."""
        return self._process.pid

    def line(self) -> str:
        """The next line of standard output. Raises NothingSaid."""
        try:
            line = self._lines.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            line = None
        if line is None:
            raise NothingSaid(" ".join(self._command))
        return line

    def message(self, state: str) -> dict[str, Any]:
        """The next JSON line with this `state`. Raises NothingSaid."""
        while True:
            message: dict[str, Any] = json.loads(self.line())
            if message["state"] == state:
                return message

    def type(self, text: str) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def enter(self, **order: object) -> None:
        """Send an order as JSON."""
        self.type(json.dumps(order))

    def kill(self) -> None:
        """SIGKILL: it gets no chance to finish anything."""
        self._process.kill()
        self._finish()

    def end(self) -> int:
        """SIGTERM, and wait; its exit status."""
        if self._process.poll() is None:
            self._process.terminate()
        return self._finish()

    def _finish(self) -> int:
        try:
            status = self._process.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._thread.join()
        if self._process.stdin is not None and not self._process.stdin.closed:
            self._process.stdin.close()
        self._files.close()
        return status

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._process.stdout.close()
        self._lines.put(None)
