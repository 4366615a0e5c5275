"""The simulated readers on a serial line, one for each dialect, and profiles for impatient tests."""

from __future__ import annotations

import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import msgspec
import serial

from card.readers.serial_reader import SerialReader
from card.simulator.boards.pn532_board import Pn532Board
from card.simulator.boards.serial_cable import SerialCable
from card.simulator.boards.serial_ccid_board import SerialCcidBoard
from card.simulator.boards.serial_command_response_board import SerialCommandResponseBoard
from card.simulator.chips.chip import Chip
from crypto.closing import Closing
from firmware_profiles.reader_profile import ReaderProfile, profile_by_id
from firmware_profiles.serial_profile import Timing

PROFILES = ("acs-ccid-serial", "pn532-hsu", "stx-etx-generic")
QUICK = Timing(ack=2000, answer=5000, gap=50, poll=1)
HASTY = Timing(ack=20, answer=20, gap=10, poll=1)  # for readers that will not answer
SHORTEST_ANSWER = 12  # bytes; acknowledgements are shorter


class Board(Protocol):
    """What the tests do with a simulated reader."""

    @property
    def path(self) -> str:
        """Where it is, plugged or not."""

    def put(self, chip: Chip) -> object:
        """Lay a card on it."""

    def remove(self) -> None:
        """Take the card away."""

    def unplug(self) -> None:
        """Pull the cable out."""

    def plug(self) -> None:
        """Put it back."""

    def close(self) -> None:
        """Take reader and card away."""


class PluggedPn532(Closing):
    """A PN532 board that can be unplugged: put back, it is switched on anew, without a card."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="pn532-")
        self._link = Path(self._folder.name) / "ttyS0"
        self._board: Pn532Board | None = None
        self.plug()

    @property
    def path(self) -> str:
        """Where it is, plugged or not."""
        return str(self._link)

    def put(self, chip: Chip) -> None:
        """Lay a card on it."""
        assert self._board is not None
        self._board.put(chip)

    def remove(self) -> None:
        """Take the card away."""
        assert self._board is not None
        self._board.remove()

    def unplug(self) -> None:
        """Pull the cable out."""
        board, self._board = self._board, None
        if board is not None:
            self._link.unlink()
            board.close()

    def plug(self) -> None:
        """Put it back."""
        self._board = Pn532Board()
        self._link.symlink_to(self._board.path)

    def close(self) -> None:
        """Take reader and card away."""
        self.unplug()
        self._folder.cleanup()


class DisturbedCable(Closing):
    """A cable to a simulated reader on which answers can be damaged or come late; `path` is its near end."""

    def __init__(self, far_path: str, baud: int, ack: bytes) -> None:
        self._far = serial.Serial(far_path, baud)
        self._ack = ack
        self._damages = 0
        self._is_late = False
        self._last_answer = b""
        self._cable = SerialCable(self._command)
        self.path = self._cable.path
        self._thread = threading.Thread(target=self._carry, name="disturbed-cable")
        self._thread.start()

    def damage(self, answers: int) -> None:
        """Flip a bit in so many of the next answers."""
        self._damages = answers

    def repeat_late(self) -> None:
        """From now on, let each answer come once more when the next command was sent."""
        self._is_late = True

    def close(self) -> None:
        """Take it away. Closing twice does nothing."""
        self._far.cancel_read()
        self._thread.join()
        self._cable.close()
        self._far.close()

    def _command(self, sent: bytes) -> None:
        if self._is_late:
            self._cable.send(self._last_answer)
        self._far.write(sent)

    def _carry(self) -> None:
        while first := self._far.read(1):
            carried = bytearray(first + self._far.read(self._far.in_waiting))
            if len(carried) > SHORTEST_ANSWER:
                self._last_answer = bytes(carried).removeprefix(self._ack)
                if self._damages:
                    self._damages -= 1
                    carried[len(carried) // 2] ^= 0x40
            self._cable.send(bytes(carried))


def board_for(profile: str) -> Board:
    """The simulated reader that this profile describes."""
    boards: dict[str, type[Board]] = {
        "acs-ccid-serial": SerialCcidBoard,
        "pn532-hsu": PluggedPn532,
        "stx-etx-generic": SerialCommandResponseBoard,
    }
    return boards[profile]()


def in_time(profile: str, timing: Timing) -> ReaderProfile:
    """A profile that we ship, with another timing."""
    shipped = profile_by_id(profile)
    assert shipped.serial is not None
    return msgspec.structs.replace(shipped, serial=msgspec.structs.replace(shipped.serial, timing=timing))


def disturbed(board: Board, profile: str) -> DisturbedCable:
    """A cable to the board, at the profile's speed."""
    spoken = profile_by_id(profile).serial
    assert spoken is not None
    ack = bytes.fromhex(spoken.frame.preamble) + bytes.fromhex(spoken.frame.signals.ack)
    return DisturbedCable(board.path, spoken.line.baud, ack)


def open_reader(board: Board, profile: str, timing: Timing = QUICK) -> SerialReader:
    """A reader at the board's path."""
    return SerialReader(board.path, in_time(profile, timing))
