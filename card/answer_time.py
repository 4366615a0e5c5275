"""How late a card may answer.

A contactless card may ask for more time without end (S(WTX), ISO/IEC 14443-4 §7.3), and a relay over a
network looks like a slow card: a terminal that takes either keeps people waiting or is deceived.

    session = IdentitySession(TimelyConnection(connection), profile)
"""

from __future__ import annotations

import time
from math import inf
from typing import Final

from card.apdu import CommandApdu, ResponseApdu
from card.connection import CardConnection
from card.errors import AnswerTooLate
from crypto.closing import Closing

# About ten times the slowest signature that is published (`tongka simulate timing`): no honest card is
# refused because its reader is slow.
ANSWER_SECONDS: Final = 2.0


class TimelyConnection(Closing):
    """A `CardConnection` around another that takes no answer which came after `seconds`.

    `together`: how long all answers of the connection may take; a card that is late a little each time is
    stopped by it. It does not end the wait for an answer, which is the reader's to end; it judges what came.
    """

    def __init__(
        self, connection: CardConnection, seconds: float = ANSWER_SECONDS, together: float = inf
    ) -> None:
        self._connection = connection
        self._seconds = seconds
        self._together = together
        self._taken = 0.0

    @property
    def atr(self) -> bytes:
        """The card's."""
        return self._connection.atr

    @property
    def max_apdu(self) -> int:
        """As long as the connection's."""
        return self._connection.max_apdu

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command, one answer. Raises AnswerTooLate and what the connection raises."""
        begun = time.perf_counter()
        answer = self._connection.transmit(command)
        taken = time.perf_counter() - begun
        self._taken += taken
        for time_taken, limit in ((taken, self._seconds), (self._taken, self._together)):
            if time_taken > limit:
                raise AnswerTooLate(milliseconds=round(time_taken * 1000), limit=round(limit * 1000))
        return answer

    def close(self) -> None:
        """Let go of the card. Closing twice does nothing."""
        self._connection.close()
