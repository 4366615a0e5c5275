"""Command chaining on the simulated chip (ISO/IEC 7816-4 §5.3.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from card.apdu import MAX_SHORT_DATA, CommandApdu
from card.exchange import CHAINING_BIT
from card.simulator.chips.refusal import ChipRefused
from card.status_word import StatusWord

MAX_CHAINED_BYTES: Final = 4096


class CommandChain:
    """The parts of one long command so far."""

    def __init__(self) -> None:
        self._header: tuple[int, int, int, int] | None = None
        self._data = b""

    def forget(self) -> None:
        """No chain is under way."""
        self._header, self._data = None, b""

    def add(self, command: CommandApdu) -> None:
        """Keep a part that is not the last. Refused with 6700 where the whole becomes too long."""
        self._require_same(command)
        if len(self._data) + len(command.data) > MAX_CHAINED_BYTES:
            self.forget()
            raise ChipRefused(StatusWord.WRONG_LENGTH)
        self._header = _header(command)
        self._data += command.data

    def complete(self, command: CommandApdu) -> CommandApdu:
        """The whole command, of which this is the last part or all."""
        if self._header is None:
            return command
        self._require_same(command)
        data = self._data + command.data
        self.forget()
        return replace(command, data=data, extended=command.extended or len(data) > MAX_SHORT_DATA)

    def _require_same(self, command: CommandApdu) -> None:
        """Every part has the header of the first, but for the chaining bit; else the chain is void."""
        if self._header in (None, _header(command)):
            return
        self.forget()
        raise ChipRefused(StatusWord.LAST_COMMAND_OF_CHAIN_EXPECTED)


def _header(command: CommandApdu) -> tuple[int, int, int, int]:
    return command.cla & ~CHAINING_BIT, command.ins, command.p1, command.p2
