"""Fixtures for every test, and what the tests leave behind: nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Final

import pytest
from hypothesis import HealthCheck, settings

from card.simulator.boards.pcscd import PrivatePcscd
from terminal.holder_reference import FOLDER_VARIABLE
from tests.card.psam_cards import empty_readers

# A busy machine makes no input wrong.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Terminals keep their day keys on a tmpfs: these ones apart from those of other sessions. The workers of a
# session inherit its folder, and so does every process that a test starts.
_IS_WORKER: Final = "PYTEST_XDIST_WORKER" in os.environ
if not _IS_WORKER:
    os.environ[FOLDER_VARIABLE] = tempfile.mkdtemp(prefix="tests-of-tongka-", dir="/dev/shm")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Remove the day keys of all terminals that the tests made, once every worker has ended."""
    if not _IS_WORKER:
        shutil.rmtree(os.environ[FOLDER_VARIABLE], ignore_errors=True)


@pytest.fixture(scope="session")
def private_pcscd() -> Iterator[PrivatePcscd]:
    """A genuine pcscd with two empty virtual readers, which this process uses from now on.

    Where pcscd or vpcd is not installed the tests fail: they are never skipped.
    """
    with PrivatePcscd() as service:
        service.activate()
        yield service


@pytest.fixture(autouse=True)
def _empty_readers_to_begin_with(request: pytest.FixtureRequest) -> None:
    """The card of the test before is gone in pcscd's eyes, too: it looks at a virtual reader every 400 ms."""
    if "private_pcscd" in request.fixturenames:
        empty_readers(request.getfixturevalue("private_pcscd"))
