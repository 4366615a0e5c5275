"""Fixtures for every test, and what the tests leave behind: nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from card.simulator.boards.pcscd import PrivatePcscd

# A busy machine makes no input wrong.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

MEMORY_BACKED = Path("/dev/shm")  # noqa: S108 - where terminals keep their day keys


_KEYS_BEFORE: Final = frozenset(MEMORY_BACKED.glob("tongka-*"))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Remove the day keys of all terminals that the tests made, once every worker has ended."""
    if hasattr(session.config, "workerinput"):
        return
    for folder in set(MEMORY_BACKED.glob("tongka-*")) - _KEYS_BEFORE:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def private_pcscd() -> Iterator[PrivatePcscd]:
    """A genuine pcscd with two empty virtual readers, which this process uses from now on.

    Where pcscd or vpcd is not installed the tests fail: they are never skipped.
    """
    with PrivatePcscd() as service:
        service.activate()
        yield service
