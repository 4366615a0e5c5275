"""A desk's command in a process of its own, driven by JSON lines."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.line_process import LineProcess


class DeskProcess(LineProcess):
    """`tongka VERB run … --json`, started from the verb's own module."""

    def __init__(
        self,
        module: str,
        *arguments: str | Path,
        environment: dict[str, str],
        pass_fds: tuple[int, ...] = (),
    ) -> None:
        super().__init__(
            *(sys.executable, "-c", f"from {module} import app; app()", *arguments),
            environment=environment,
            pass_fds=pass_fds,
        )
