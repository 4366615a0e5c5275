"""The terminal that is killed: it taps a card again and again, and says when a tap is acknowledged."""

from __future__ import annotations

import os
import signal
import struct
import time
from dataclasses import dataclass, field
from typing import Final

from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from terminal.assembly import open_terminal
from terminal.journal.upkeep import JournalUpkeep
from terminal.tap import tap
from tests.terminal.enrolled import Enrolled, chip

_WORD: Final = struct.Struct(">Q32s")
# A pause between two cards, in which upkeep signs and prunes.
_BETWEEN_TAPS: Final = 0.002


@dataclass
class TappingTerminal:
    """A terminal in a process of its own, which is forked off so that a thousand start in no time."""

    process: int
    _pipe: int
    _received: bytes = field(default=b"", init=False)

    @classmethod
    def start(cls, bus: Enrolled, card: ChipContents) -> TappingTerminal:
        """Start one. This process must have no thread and no open database."""
        receiving, sending = os.pipe()
        process = os.fork()
        if process == 0:
            try:
                os.close(receiving)
                _tap_for_ever(bus, card, sending)
            finally:
                os._exit(1)  # whatever went wrong: never back into the parent's program
        os.close(sending)
        return cls(process, receiving)

    def wait_for_a_tap(self) -> None:
        """Return once the first tap is acknowledged."""
        self._received += os.read(self._pipe, _WORD.size)

    def kill(self) -> dict[int, bytes]:
        """Kill it; sequence and hash of each tap that it acknowledged, down to the last moment."""
        os.kill(self.process, signal.SIGKILL)
        _, status = os.waitpid(self.process, 0)
        while data := os.read(self._pipe, 65536):
            self._received += data
        os.close(self._pipe)
        if not os.WIFSIGNALED(status):
            raise AssertionError(f"the terminal ended by itself: {os.waitstatus_to_exitcode(status)}")
        whole = len(self._received) - len(self._received) % _WORD.size
        return dict(_WORD.iter_unpack(self._received[:whole]))


def _tap_for_ever(bus: Enrolled, card: ChipContents, pipe: int) -> None:
    with open_terminal(bus.directory) as terminal:
        journal = terminal.desk.journal
        with JournalUpkeep(
            journal,
            bus.directory.uploads,
            lambda: bus.authority.receipt.public_key,
            checkpoint_seconds=_BETWEEN_TAPS,
            keep_days=0,
        ):
            applet = chip(card)
            while True:
                with InProcessConnection(applet) as connection:
                    result = tap(terminal.desk, connection, terminal.request())
                head = journal._head
                assert head is not None
                assert head.sequence == result.sequence
                os.write(pipe, _WORD.pack(result.sequence, head.hash))
                time.sleep(_BETWEEN_TAPS)
