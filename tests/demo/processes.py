"""The demo's processes: each a real `tongka` command, started by the demo and ended by it."""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Self

WAIT_SECONDS = 30.0


class DemoFailed(Exception):
    """The demo could not go on; says at what, with the last lines of the process concerned."""


def tongka(*arguments: str | Path, environment: dict[str, str], stdin: str = "") -> str:
    """Run one command to its end; its standard output. Raises DemoFailed with what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "terminal.command_line", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        raise DemoFailed(f"tongka {' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}")
    return done.stdout


class Running:
    """A command that goes on while the demo does; its standard output can be waited on, line by line."""

    def __init__(self, log: Path, *arguments: str | Path, environment: dict[str, str]) -> None:
        self._log, self._arguments, self._environment = log, arguments, environment
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> Self:
        self._errors = self._log.open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "terminal.command_line", *map(str, self._arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            env=self._environment,
        )
        self._thread = threading.Thread(target=self._read, name="demo-output")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def process(self) -> int:
        """Its number in the process table."""
        return self._process.pid

    def line(self) -> str:
        """The next line of standard output. Raises DemoFailed when there is none in time."""
        try:
            line = self._lines.get(timeout=WAIT_SECONDS)
        except queue.Empty:
            line = None
        if line is None:
            self._errors.flush()
            raise DemoFailed(f"tongka {' '.join(map(str, self._arguments))}\n{self._log.read_text()[-2000:]}")
        return line

    def message(self, state: str) -> dict[str, Any]:
        """The next JSON line with this `state`. Raises DemoFailed at a line that tells of trouble."""
        while True:
            message: dict[str, Any] = json.loads(self.line())
            if message["state"] == state:
                return message
            if message["state"] == "trouble":
                raise DemoFailed(f"{message['code']} {message['cause']}")

    def type(self, text: str) -> None:
        """Write a line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

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
        self._errors.close()
        return status

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line.rstrip("\n"))
        self._process.stdout.close()
        self._lines.put(None)
