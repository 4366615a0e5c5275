"""Signals: two of them, the same for everybody, and none that holds a tap up."""

from __future__ import annotations

import io
import os
import pty
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

import pytest

from terminal.events.outcome import Outcome
from terminal.modes.signals import BellSignals, Signal
from terminal.return_windows import ReturnWindows


@contextmanager
def screen() -> Iterator[tuple[int, TextIO]]:
    """A screen, and the end at which one hears it."""
    heard, shown = pty.openpty()
    with os.fdopen(shown, "w") as file:
        yield heard, file
    os.close(heard)


@pytest.mark.parametrize("passback_minutes", [0, 20])
@pytest.mark.parametrize("outcome", Outcome)
def test_every_outcome_has_one_of_two_signals(outcome: Outcome, passback_minutes: int) -> None:
    goes_ahead = outcome in {
        *(Outcome.GRANTED, Outcome.GRANTED_WITH_COMPANION),
        *(Outcome.TRANSFERRED, Outcome.RECORDED),
    }
    if outcome is Outcome.REPEATED:
        goes_ahead = not passback_minutes
    windows = ReturnWindows.of(5, 60, passback_minutes)
    assert (Signal.of(outcome, windows) is Signal.GO_AHEAD) is goes_ahead


@pytest.mark.parametrize(("signal", "rings"), [(Signal.GO_AHEAD, b"\a"), (Signal.LOOK_AT_SCREEN, b"\a\a")])
def test_the_bell_rings_once_or_twice(signal: Signal, rings: bytes) -> None:
    with screen() as (heard, file), BellSignals(file) as bell:
        bell.give(signal)
        bell.close()
        assert os.read(heard, 10) == rings


def test_a_file_gets_no_bell() -> None:
    file = io.StringIO()
    with BellSignals(file) as bell:
        bell.give(Signal.GO_AHEAD)
    assert file.getvalue() == ""


def test_a_screen_that_takes_nothing_holds_up_no_tap() -> None:
    with screen() as (heard, file):
        os.set_blocking(file.fileno(), True)
        # XOFF: from now on, whoever writes to this screen waits.
        os.write(heard, b"\x13")
        time.sleep(0.1)
        bell = BellSignals(file)
        began = time.monotonic()
        for _ in range(1000):
            bell.give(Signal.LOOK_AT_SCREEN)
        assert time.monotonic() - began < 5.0  # it would wait for ever
        os.write(heard, b"\x11")
        bell.close()
