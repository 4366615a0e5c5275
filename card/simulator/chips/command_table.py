"""How a simulated chip takes a command apart and finds its work: by class and instruction."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from card.apdu import CommandApdu, StatusWord
from card.errors import CommandMalformed
from card.simulator.chips.refusal import ChipRefused, require

Handler = Callable[[CommandApdu], bytes]
CommandTable = Mapping[tuple[int, int], Handler]


def parsed(command: bytes) -> CommandApdu:
    """The command. Refused with 6700 when it is none."""
    try:
        return CommandApdu.from_bytes(command)
    except CommandMalformed as error:
        raise ChipRefused(StatusWord.WRONG_LENGTH) from error


def handler(table: CommandTable, command: CommandApdu) -> Handler:
    """What answers the command. Refused with 6E00 for an unknown class, 6D00 for an unknown instruction."""
    require(command.cla in {cla for cla, _ins in table}, StatusWord.CLASS_NOT_SUPPORTED)
    found = table.get((command.cla, command.ins))
    if found is None:
        raise ChipRefused(StatusWord.INSTRUCTION_NOT_SUPPORTED)
    return found
