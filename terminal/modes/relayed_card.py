"""The terminal's side of a relayed inspection: a card that lies on a handheld's reader, and what it is told.

The handheld need not be trusted: it can only ask about a card that is held to it, for the card itself answers
the terminal's challenge; and the answer is the same that a person with that card at this terminal would get.
"""

from __future__ import annotations

from typing import Final

from card.apdu import MAX_APDU_BYTES, CommandApdu, ResponseApdu
from card.errors import CardTorn, WaitCancelled
from crypto.closing import Closing
from crypto.explained import ExplainedError, Language, Text
from terminal.modes.errors import NothingToInspect, RelayFailed
from terminal.modes.inspection import Inspection
from terminal.modes.relayed_line import RelayedLine
from terminal.modes.relayed_messages import (
    CardAnswered,
    CardLaid,
    Inspected,
    NotInspected,
    SendCommand,
    from_handheld,
)

_OUT_OF_PLACE: Final = Text(zh="消息次序不对", en="a message is out of place")


class RelayedConnection(Closing):
    """An open line to the card on the handheld's reader; RelayFailed comes where a reader's own faults do."""

    def __init__(self, line: RelayedLine, atr: bytes) -> None:
        self._line, self._atr = line, atr

    @property
    def atr(self) -> bytes:
        """As the handheld's reader gave it."""
        return self._atr

    @property
    def max_apdu(self) -> int:
        """Of any length; the handheld's reader says what it can't carry."""
        return MAX_APDU_BYTES

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command, one answer. Raises CardTorn, RelayFailed."""
        self._line.send(SendCommand(command.to_bytes()))
        answer = from_handheld(self._line.receive())
        if isinstance(answer, CardLaid):
            raise RelayFailed(detail=_OUT_OF_PLACE)
        if not isinstance(answer, CardAnswered):
            raise CardTorn
        return ResponseApdu.from_bytes(answer.apdu)

    def close(self) -> None:
        """Nothing: the handheld lets go of the card when it has its answer."""


class RelayedReader(Closing):
    """The handheld's reader as far as an inspection needs one; its end is the handheld's."""

    name: Final = "relayed"

    def __init__(self, line: RelayedLine) -> None:
        self._line = line

    def wait_for_card(self, timeout: float | None) -> RelayedConnection:
        """The next card. Raises WaitCancelled when the handheld has ended, RelayFailed."""
        received = self._line.receive_if_any(timeout)
        if received is None:
            raise WaitCancelled
        laid = from_handheld(received)
        if not isinstance(laid, CardLaid):
            raise RelayFailed(detail=_OUT_OF_PLACE)
        return RelayedConnection(self._line, laid.atr)

    def wait_for_removal(self, timeout: float | None) -> None:
        """At once: the handheld tells of its next card when there is one."""

    def cancel(self) -> None:
        """Nothing: the wait ends with the handheld."""

    def close(self) -> None:
        """Nothing: the line is somebody else's."""


class RelayedDisplay:
    """Tells the handheld what came of its card."""

    def __init__(self, line: RelayedLine) -> None:
        self._line = line

    def ready(self) -> None:
        """The handheld knows by itself."""

    def reading(self) -> None:
        """The handheld knows by itself."""

    def inspected(self, found: Inspection | None) -> None:
        """A card was looked up."""
        self._line.send(Inspected.of(found))

    def trouble(self, error: ExplainedError) -> None:
        """It could not be."""
        reason = error.facts["reason"] if isinstance(error, NothingToInspect) else None
        if not isinstance(reason, Text):
            reason = Text(zh=error.explain(Language.ZH).cause, en=error.explain(Language.EN).cause)
        self._line.send(NotInspected(reason.zh, reason.en))
