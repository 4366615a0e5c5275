"""Qt without a screen, and a kiosk with an enrolled terminal. No thread outlives a test."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PyQt6.QtWidgets import QApplication

from kiosk_ui.application import open_application
from tests.terminal.enrolled import Enrolled, enrol

# Belongs to the session's private pcscd, which some tests start anew.
PCSCD_LOG = "pcscd-log"


@pytest.fixture(scope="session", autouse=True)
def application() -> QApplication:
    """Qt's application object, which lives as long as the process."""
    return open_application(may_be_offscreen=True)


@pytest.fixture(autouse=True)
def _nothing_left_behind(application: QApplication) -> Iterator[None]:
    threads = set(threading.enumerate())
    yield
    application.processEvents()
    assert [widget for widget in application.topLevelWidgets() if widget.isVisible()] == []
    assert {thread for thread in set(threading.enumerate()) - threads if thread.name != PCSCD_LOG} == set()


@pytest.fixture
def enrolled(tmp_path: Path) -> Enrolled:
    """A terminal on the bus."""
    return enrol(tmp_path / "terminal")
