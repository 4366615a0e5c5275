"""What the tests of the terminal leave behind is nothing."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.enrolled import TERMINAL_ID


@pytest.fixture(scope="session", autouse=True)
def _no_day_keys_left() -> Iterator[None]:
    """Remove the day keys of the test terminal from memory-backed storage."""
    yield
    shutil.rmtree(Path(f"/dev/shm/tongka-{os.geteuid()}-{TERMINAL_ID.hex()}"), ignore_errors=True)  # noqa: S108
