"""The state machine, event by event, and what holds whatever happens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.errors import CardTorn, ReaderGone
from kiosk_ui.states import (
    CardSeen,
    Event,
    Idle,
    KioskTimes,
    Press,
    Reading,
    ResultShown,
    Starting,
    State,
    TakeCard,
    TapDecided,
    TerminalReady,
    TimePassed,
    TroubleArose,
    TroubleShown,
    advance,
    deadline,
)
from tests.kiosk_ui.kiosk_help import made_result

TIMES = KioskTimes(result=8_000, extended=20_000, details=15_000, trouble=5_000)
GONE = ReaderGone(reader="R")
RESULT = made_result()
EVENTS: tuple[Event, ...] = (
    TerminalReady(),
    CardSeen(),
    TapDecided(RESULT),
    TroubleArose(GONE),
    TimePassed(),
    *Press,
)


def run(*steps: tuple[int, Event], state: State | None = None) -> State:
    """The state after events at these milliseconds."""
    reached = state or Starting()
    for now_ms, event in steps:
        reached = advance(reached, event, now_ms, TIMES)
    return reached


TAPPED = ((0, TerminalReady()), (100, CardSeen()), (200, TapDecided(RESULT)))


def test_a_tap_leads_from_idle_over_reading_to_its_result() -> None:
    assert run(TAPPED[0]) == Idle()
    assert run(*TAPPED[:2]) == Reading()
    assert run(*TAPPED) == ResultShown(RESULT, until_ms=8_200, span_ms=8_000)


def test_a_result_stays_until_the_card_is_gone_and_its_time_is_over() -> None:
    assert isinstance(run(*TAPPED, (1_000, TerminalReady())), ResultShown)
    assert isinstance(run(*TAPPED, (1_000, TerminalReady()), (8_199, TimePassed())), ResultShown)
    assert run(*TAPPED, (1_000, TerminalReady()), (8_200, TimePassed())) == Idle()


def test_a_forgotten_card_is_asked_for_without_a_trace_of_its_holder() -> None:
    forgotten = run(*TAPPED, (8_200, TimePassed()))
    assert forgotten == TakeCard()
    assert run((9_000, TerminalReady()), state=forgotten) == Idle()


def test_a_result_can_be_read_without_haste() -> None:
    assert KioskTimes().result == 15_000


def test_done_ends_a_result_at_once() -> None:
    assert run(*TAPPED, (300, TerminalReady()), (400, Press.DONE)) == Idle()
    assert run(*TAPPED, (400, Press.DONE)) == TakeCard()


def test_more_time_counts_from_the_press_and_never_shortens() -> None:
    extended = run(*TAPPED, (5_000, Press.MORE_TIME))
    assert deadline(extended) == 25_000
    assert run((5_000, Press.MORE_TIME), state=extended) == extended
    assert deadline(run((24_999, Press.MORE_TIME), state=extended)) == 44_999


def test_details_are_hidden_on_request_and_with_the_result() -> None:
    shown = run(*TAPPED, (300, TerminalReady()), (1_000, Press.SHOW_DETAILS))
    assert isinstance(shown, ResultShown)
    assert shown.details
    assert shown.until_ms == 16_000
    hidden = run((2_000, Press.HIDE_DETAILS), state=shown)
    assert isinstance(hidden, ResultShown)
    assert not hidden.details
    assert hidden.until_ms == 10_000
    assert run((16_000, TimePassed()), state=shown) == Idle()


def test_the_next_card_does_not_wait_for_the_last_result() -> None:
    assert run(*TAPPED, (1_000, TerminalReady()), (1_500, CardSeen())) == Reading()


def test_trouble_that_is_over_at_once_can_still_be_read() -> None:
    torn = run((0, TerminalReady()), (10, TroubleArose(CardTorn())), (20, TerminalReady()))
    assert isinstance(torn, TroubleShown)
    assert torn.over
    assert run((5_010, TimePassed()), state=torn) == Idle()
    assert run((500, CardSeen()), state=torn) == Reading()


def test_trouble_stays_until_the_terminal_is_ready() -> None:
    trouble = run((0, TroubleArose(GONE)))
    assert run((3_600_000, TimePassed()), state=trouble) == trouble
    assert run((3_600_000, TerminalReady()), state=trouble) == Idle()


@pytest.mark.parametrize("state", [Starting(), Idle(), Reading(), TakeCard(), TroubleShown(GONE, 1)])
@pytest.mark.parametrize("press", list(Press))
def test_buttons_mean_nothing_without_a_result(state: State, press: Press) -> None:
    assert advance(state, press, 1, TIMES) is state


@given(st.lists(st.tuples(st.integers(0, 30_000), st.sampled_from(EVENTS)), max_size=30))
def test_nothing_of_a_person_outlives_their_time(steps: list[tuple[int, Event]]) -> None:
    now, state = 0, run()
    for wait, event in steps:
        now += wait
        state = run((now, event), state=state)
        if isinstance(state, ResultShown):
            assert state.until_ms - now <= max(TIMES.result, TIMES.extended, TIMES.details)
            assert not isinstance(run((state.until_ms, TimePassed()), state=state), ResultShown)
        else:
            assert "holder_text" not in repr(state)


def test_no_state_tells_the_holders_texts_in_its_repr() -> None:
    assert RESULT.holder_text.zh not in repr(run(*TAPPED))
