"""The kiosk's states and how events lead from one to the next; pure, so that it is tested without a screen.

STARTING → IDLE → READING → RESULT → IDLE. A result whose time is over while the card still lies on the reader
leads to TAKE_CARD, which knows nothing of the person any more. TROUBLE may come at any time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ClassVar, TypeAlias

from crypto.explained import ExplainedError
from terminal.tap import TapResult


class Phase(StrEnum):
    """What the screen shows, in one word."""

    STARTING = "starting"
    IDLE = "idle"
    READING = "reading"
    RESULT = "result"
    TAKE_CARD = "take-card"
    TROUBLE = "trouble"


@dataclass(frozen=True)
class KioskTimes:
    """Time limits in milliseconds.

    starting: after how long a terminal that says nothing counts as trouble. result: how long a result is
    shown. extended: what "more time" gives, counted from the press. details: how long the holder's details
    are shown before they are wiped. trouble: how long trouble is shown at least, for trouble that is over
    before anybody could read it. absence: after how long without a touch or key an idle kiosk goes back to
    its own language and look.
    """

    starting: int = 10_000
    result: int = 15_000
    extended: int = 20_000
    details: int = 20_000
    trouble: int = 5_000
    absence: int = 30_000


@dataclass(frozen=True)
class Starting:
    """The terminal is being opened."""

    phase: ClassVar[Phase] = Phase.STARTING


@dataclass(frozen=True)
class Idle:
    """Waiting for a card."""

    phase: ClassVar[Phase] = Phase.IDLE


@dataclass(frozen=True)
class Reading:
    """A card is being read."""

    phase: ClassVar[Phase] = Phase.READING


@dataclass(frozen=True)
class ResultShown:
    """The one state that holds something of a person. `details`: whether they asked to see their texts.

    until_ms: when it will be wiped; span_ms: how long the limit was when it was set.
    """

    phase: ClassVar[Phase] = Phase.RESULT
    result: TapResult = field(repr=False)
    until_ms: int
    span_ms: int
    details: bool = False
    card_on_reader: bool = True


@dataclass(frozen=True)
class TakeCard:
    """The result is wiped, the card still lies there."""

    phase: ClassVar[Phase] = Phase.TAKE_CARD


@dataclass(frozen=True)
class TroubleShown:
    """Something is wrong that is not the card's doing; `over` when it is mended but not yet read."""

    phase: ClassVar[Phase] = Phase.TROUBLE
    error: ExplainedError
    until_ms: int
    over: bool = False


State: TypeAlias = Starting | Idle | Reading | ResultShown | TakeCard | TroubleShown


class Press(StrEnum):
    """What a person asks for."""

    SHOW_DETAILS = "show-details"
    HIDE_DETAILS = "hide-details"
    MORE_TIME = "more-time"
    DONE = "done"


@dataclass(frozen=True)
class TerminalReady:
    """The terminal waits for a card: it is open, the last card is gone, trouble is over."""


@dataclass(frozen=True)
class CardSeen:
    """A card lies on the reader and is being read."""


@dataclass(frozen=True)
class TapDecided:
    """A tap is decided and recorded."""

    result: TapResult = field(repr=False)


@dataclass(frozen=True)
class TroubleArose:
    """Something is wrong that is not the card's doing."""

    error: ExplainedError


@dataclass(frozen=True)
class TimePassed:
    """Time went by; nothing else happened."""


Event: TypeAlias = TerminalReady | CardSeen | TapDecided | TroubleArose | TimePassed | Press


def advance(state: State, event: Event, now_ms: int, times: KioskTimes) -> State:
    """The state after `event`; the same one where the event means nothing in it.

    `now_ms`: milliseconds of a clock that never goes back.
    """
    match event:
        case CardSeen():
            # The next person does not wait for the last one's result to run out.
            return Reading()
        case TapDecided(result):
            return ResultShown(result, until_ms=now_ms + times.result, span_ms=times.result)
        case TroubleArose(error):
            return TroubleShown(error, until_ms=now_ms + times.trouble)
        case TerminalReady():
            return _ready(state, now_ms)
        case TimePassed():
            return _later(state, now_ms)
        case Press():
            return _pressed(state, event, now_ms, times) if isinstance(state, ResultShown) else state


def deadline(state: State) -> int | None:
    """When `TimePassed` will change the state, in milliseconds; None for never."""
    match state:
        case ResultShown(until_ms=until) | TroubleShown(until_ms=until, over=True):
            return until
    return None


def _ready(state: State, now_ms: int) -> State:
    match state:
        case ResultShown():
            return _later(replace(state, card_on_reader=False), now_ms)
        case TroubleShown():
            return _later(replace(state, over=True), now_ms)
    return Idle()


def _later(state: State, now_ms: int) -> State:
    limit = deadline(state)
    if limit is None or now_ms < limit:
        return state
    return TakeCard() if isinstance(state, ResultShown) and state.card_on_reader else Idle()


def _pressed(state: ResultShown, press: Press, now_ms: int, times: KioskTimes) -> State:
    match press:
        case Press.SHOW_DETAILS:
            return replace(state, details=True, until_ms=now_ms + times.details, span_ms=times.details)
        case Press.HIDE_DETAILS:
            return replace(state, details=False, until_ms=now_ms + times.result, span_ms=times.result)
        case Press.MORE_TIME:
            return _extended(state, now_ms, times.extended)
        case Press.DONE:
            return TakeCard() if state.card_on_reader else Idle()


def _extended(state: ResultShown, now_ms: int, extension: int) -> ResultShown:
    if state.until_ms >= now_ms + extension:
        return state
    return replace(state, until_ms=now_ms + extension, span_ms=extension)
