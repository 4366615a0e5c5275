"""One agent a data directory."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sync.errors import AgentBusy


@contextmanager
def agent_lock(directory: Path) -> Iterator[None]:
    """Hold the directory's lock; the kernel drops it when the process dies. Raises AgentBusy."""
    descriptor = os.open(directory / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise AgentBusy(directory=directory) from error
    try:
        yield
    finally:
        os.close(descriptor)
