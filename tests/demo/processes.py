"""The demo's processes: each a real `tongka` command, started by the demo and ended by it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.line_process import LineProcess, NothingSaid


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


class Running(LineProcess):
    """A command that goes on while the demo does; its standard output can be waited on, line by line."""

    def __init__(self, log: Path, *arguments: str | Path, environment: dict[str, str]) -> None:
        command = (sys.executable, "-m", "terminal.command_line", *arguments)
        super().__init__(*command, environment=environment, errors=log)
        self._log, self._arguments = log, arguments

    def line(self) -> str:
        """The next line of standard output. Raises DemoFailed when there is none in time."""
        try:
            return super().line()
        except NothingSaid as error:
            told = self._log.read_text()[-2000:]
            raise DemoFailed(f"tongka {' '.join(map(str, self._arguments))}\n{told}") from error

    def message(self, state: str) -> dict[str, Any]:
        """The next JSON line with this `state`. Raises DemoFailed at a line that tells of trouble."""
        while True:
            message: dict[str, Any] = json.loads(self.line())
            if message["state"] == state:
                return message
            if message["state"] == "trouble":
                raise DemoFailed(f"{message['code']} {message['cause']}")
