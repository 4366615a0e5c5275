"""After a result has left the screen, nothing in the process holds the person's texts any more."""

from __future__ import annotations

import gc

import pytest
from PyQt6.QtWidgets import QLabel, QPushButton, QWidget

from crypto.explained import Language
from kiosk_ui.look import Preferences
from kiosk_ui.states import Idle, KioskTimes, ResultShown, TakeCard
from terminal.events.outcome import Outcome
from tests.kiosk_ui.kiosk_help import ScreenOnly, made_result, screen_only, wait_until

# Kept in two halves, so that the search finds no memory of its own.
FIRST, SECOND = "密语", "七九"


def tap(screen: ScreenOnly, outcome: Outcome = Outcome.NOT_ELIGIBLE) -> None:
    """A tap whose result nothing but the presenter keeps."""
    screen.presenter.ready()
    screen.presenter.reading()
    screen.presenter.decided(made_result(outcome, holder="".join((FIRST, SECOND))))
    screen.settle()


def in_memory() -> list[str]:
    """Where a text with both halves is referred to, in all objects that Python's collector knows."""
    gc.collect()
    wanted = len(FIRST)
    found: list[str] = []
    for holder in gc.get_objects():
        for text in gc.get_referents(holder):
            if (
                isinstance(text, str)
                and FIRST in text
                and text[text.index(FIRST) + wanted :].startswith(SECOND)
            ):
                found.append(type(holder).__qualname__)
    return found


def in_widgets(screen: ScreenOnly) -> list[str]:
    """Which widgets show the text or tell it to assistive technology, hidden ones included."""
    found: list[str] = []
    for widget in (screen.window, *screen.window.findChildren(QWidget)):
        texts = [
            widget.accessibleName(),
            widget.accessibleDescription(),
            widget.toolTip(),
            widget.windowTitle(),
        ]
        if isinstance(widget, QLabel | QPushButton):
            texts.append(widget.text())
        if any(FIRST in text for text in texts):
            found.append(type(widget).__qualname__)
    return found


def test_the_search_finds_what_is_there() -> None:
    with screen_only() as screen:
        tap(screen)
        assert in_memory()
        assert in_widgets(screen) == [], "nobody has asked for details yet"
        screen.window.result_face.show_details.click()
        assert len(in_widgets(screen)) >= 2


@pytest.mark.parametrize("outcome", [Outcome.NOT_ELIGIBLE, Outcome.GRANTED])
def test_done_wipes_widgets_and_memory(outcome: Outcome) -> None:
    with screen_only() as screen:
        tap(screen, outcome)
        screen.window.result_face.show_details.click()
        screen.window.result_face.done.click()
        screen.settle()
        assert screen.presenter.state == TakeCard()
        assert in_widgets(screen) == []
        assert in_memory() == []


def test_time_wipes_by_itself() -> None:
    with screen_only(times=KioskTimes(result=30, details=60)) as screen:
        tap(screen)
        screen.presenter.ready()
        screen.window.result_face.show_details.click()
        screen.clock.now = 100
        wait_until(lambda: screen.presenter.state == Idle(), screen.presenter.phase_changed)
        assert in_widgets(screen) == []
        assert in_memory() == []


def test_the_next_card_wipes_the_last_result() -> None:
    with screen_only() as screen:
        tap(screen)
        screen.window.result_face.show_details.click()
        screen.presenter.reading()
        screen.settle()
        assert in_widgets(screen) == []
        assert in_memory() == []


def test_hidden_details_are_not_merely_invisible() -> None:
    with screen_only() as screen:
        tap(screen)
        screen.window.result_face.show_details.click()
        assert in_widgets(screen)
        screen.window.result_face.show_details.click()
        screen.settle()
        assert in_widgets(screen) == []


def test_a_closed_window_holds_nothing() -> None:
    with screen_only() as screen:
        tap(screen)
        screen.window.result_face.show_details.click()
    assert in_memory() == []


def test_changing_the_language_brings_no_details_back() -> None:
    with screen_only() as screen:
        tap(screen)
        screen.window.result_face.show_details.click()
        screen.window.result_face.show_details.click()
        screen.window.preferences_chosen.emit(Preferences(Language.EN, still=True))
        assert isinstance(screen.presenter.state, ResultShown)
        assert in_widgets(screen) == []
