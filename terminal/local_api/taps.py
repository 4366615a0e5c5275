"""What a client hears of an event: what the terminal did and what is to pay, and nothing of the person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from crypto.explained import Text
from terminal.decisions.decide import BYSTANDER_GRANTED
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.tap import TapResult
from terminal.wording import LOOK_AT_SCREEN, RETURNED

_AMENDED: Final[Mapping[EventKind, Text]] = MappingProxyType(
    {
        EventKind.CANCELLATION: Text(zh="已撤销", en="Cancelled"),
        EventKind.CORRECTION: Text(zh="已更正", en="Corrected"),
    }
)
_RECORDED: Final = Text(zh="已记录", en="Recorded")


@dataclass(frozen=True)
class TapEntry:
    """An event, the words for bystanders, and while the tap is fresh `result`, for those addressed.

    `admits`: whether a gate opens for it.
    """

    event: UsageEvent
    bystander: Text
    admits: bool = False
    result: TapResult | None = field(repr=False, default=None)

    @classmethod
    def of(cls, event: UsageEvent, result: TapResult | None = None, *, admits: bool = False) -> TapEntry:
        """With the words of its tap where they are still known, else those that its outcome has."""
        bystander = _bystander_text(event) if result is None else result.bystander_text
        return cls(event, bystander, admits, result)

    @property
    def sequence(self) -> int:
        """Its place in the journal."""
        return self.event.sequence

    def faded(self) -> TapEntry:
        """The same once the tap is over: what was said to the holder and to staff is gone."""
        return replace(self, result=None)


def party_pays(event: UsageEvent) -> int:
    """What holder and companions pay together, in fen."""
    further = event.companions - event.companions_admitted
    return event.holder_pays + event.companions_admitted * event.companion_pays + further * event.fare


def _bystander_text(event: UsageEvent) -> Text:
    if event.kind.amends:
        return _AMENDED[event.kind]
    if event.outcome in RETURNED:
        return RETURNED[event.outcome].bystander
    if event.outcome.granted:
        return BYSTANDER_GRANTED
    return _RECORDED if event.outcome is Outcome.RECORDED else LOOK_AT_SCREEN
