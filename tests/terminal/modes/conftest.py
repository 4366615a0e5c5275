"""Tests of the modes leave no keys behind."""

from collections.abc import Iterator

import pytest

from terminal.holder_reference import DayKeys
from tests.terminal.modes.gate import MADE


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """Destroy the day keys of the terminals that a test made."""
    yield
    while MADE:
        DayKeys(MADE.pop()).destroy()
