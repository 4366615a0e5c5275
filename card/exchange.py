"""Commands with complete answers: GET RESPONSE after 61xx, the right Le after 6Cxx.

ISO/IEC 7816-4 clause 5 (61xx, 6Cxx) and clause 11 (GET RESPONSE). A card on T=1 that sends its
answer at once uses neither; a card on T=0 must.
"""

from __future__ import annotations

from dataclasses import replace

from card.apdu import CommandApdu, Instruction, StatusWord
from card.connection import CardConnection
from card.errors import AnswerMalformed, ApduRefused
from card.status_word import StatusClass

MAX_ANSWER_BYTES = 4096  # far above any answer of a profile: a card may not keep a terminal reading for ever
MAX_GET_RESPONSES = 16


class Exchange:
    """Sends commands over a connection and hands back whole answers."""

    def __init__(self, connection: CardConnection) -> None:
        self._connection = connection

    def send(self, command: CommandApdu, name: str) -> bytes:
        """The answer's data. `name` is the command's name in errors.

        Raises ApduRefused for any final status word but 9000 (61xx once more after all parts were fetched
        included), AnswerMalformed for too long an answer, and what the connection raises.
        """
        answer = self._connection.transmit(command)
        if answer.sw1 == StatusClass.WRONG_LE:
            answer = self._connection.transmit(replace(command, le=answer.sw2 or 256))
        collected = answer.data
        parts = 0
        while answer.sw1 == StatusClass.BYTES_AVAILABLE and parts < MAX_GET_RESPONSES:
            answer = self._connection.transmit(_get_response(command, answer.sw2))
            collected += answer.data
            parts += 1
        if answer.sw != StatusWord.NO_ERROR:
            raise ApduRefused(name, answer.sw)
        if len(collected) > MAX_ANSWER_BYTES:
            raise AnswerMalformed(what=name, detail=f"more than {MAX_ANSWER_BYTES} bytes")
        return collected


def _get_response(command: CommandApdu, available: int) -> CommandApdu:
    # Bits 1-2 are the logical channel; chaining and secure messaging do not apply to GET RESPONSE.
    return CommandApdu(command.cla & 0x03, Instruction.GET_RESPONSE, 0, 0, le=available or 256)
