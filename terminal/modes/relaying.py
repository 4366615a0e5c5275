"""The handheld's side of a relayed inspection: it passes on what an inspection takes, and nothing else.

A terminal in the wrong hands could ask for the proof of a tap in the place of an inspection's, and have one
that was never made. So a challenge goes to the card only if it is an inspection's, and no other command does
that could make the card sign or change anything.
"""

from __future__ import annotations

import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from card.apdu import CommandApdu, Instruction
from card.connection import CardConnection
from card.errors import CardError, CommandMalformed
from crypto.explained import Text
from terminal.events.challenge import CHALLENGE_BYTES
from terminal.modes.errors import NothingToInspect, RelayFailed, RelayRefused
from terminal.modes.inspection import MAGIC, Inspection
from terminal.modes.relayed_line import RelayedLine
from terminal.modes.relayed_messages import (
    CardAnswered,
    CardGone,
    CardLaid,
    Inspected,
    NotInspected,
    from_terminal,
)

_END_SECONDS: Final = 5.0
_NOT_STARTED: Final = Text(zh="无法运行 --via 的命令", en="the command of --via can't be run")


class RelayedInspector:
    """Has cards inspected by the terminal at the other end of a line."""

    def __init__(self, line: RelayedLine) -> None:
        self._line = line

    def look(self, connection: CardConnection) -> Inspection | None:
        """The last tap there today of the card on `connection`, if it counts; None if there is none.

        Raises NothingToInspect where the card is not accepted, RelayRefused, RelayFailed.
        """
        self._line.send(CardLaid(connection.atr))
        while True:
            message = from_terminal(self._line.receive())
            if isinstance(message, Inspected):
                return message.inspection
            if isinstance(message, NotInspected):
                raise NothingToInspect(reason=Text(zh=message.zh, en=message.en))
            self._line.send(self._answer(connection, message.apdu))

    def _answer(self, connection: CardConnection, apdu: bytes) -> CardAnswered | CardGone:
        command = _permitted(apdu)
        if command is None:
            # The terminal is told before whoever runs the handheld is, so that it does not wait.
            self._line.send(CardGone())
            raise RelayRefused
        try:
            return CardAnswered(connection.transmit(command).to_bytes())
        except CardError:
            return CardGone()


@contextmanager
def terminal_behind(command: str) -> Iterator[RelayedInspector]:
    """The terminal that this shell-like command (no shell runs it) speaks with on its standard streams.

    Raises RelayFailed where it can't be started; where it ends or hangs, the next `look` does.
    """
    near, far = socket.socketpair()
    with near:
        try:
            with far:
                process = subprocess.Popen(shlex.split(command), stdin=far.fileno(), stdout=far.fileno())
        except (OSError, ValueError, IndexError) as error:
            raise RelayFailed(detail=_NOT_STARTED) from error
        try:
            yield RelayedInspector(RelayedLine(near.fileno(), near.fileno()))
        finally:
            near.close()
            try:
                process.wait(_END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _permitted(apdu: bytes) -> CommandApdu | None:
    """The command, if an inspection takes it."""
    try:
        command = CommandApdu.from_bytes(apdu)
    except CommandMalformed:
        return None
    if command.cla != 0:  # chaining and secure messaging are no part of it
        return None
    if command.ins == Instruction.INTERNAL_AUTHENTICATE:
        is_own = len(command.data) == CHALLENGE_BYTES and command.data.startswith(MAGIC)
        return command if is_own else None
    return command if command.ins in (Instruction.SELECT, Instruction.GET_RESPONSE) else None
