"""A PN532 module on a serial line (HSU) that is a pseudo-terminal, and the card before its antenna.

    with Pn532Board() as board, NfcReader(board.path) as reader:
        board.put(chip)
        with reader.wait_for_card(5) as connection: …
        board.remove()

Source: NXP UM0701-02, PN532 User Manual, §6.2 (frames, HSU) and §7 (commands).
"""

from __future__ import annotations

import threading
from typing import Final

from card.errors import WaitCancelled
from card.simulator.boards.iso14443_3 import Picc
from card.simulator.boards.iso14443_4 import Type4Picc
from card.simulator.boards.iso14443_type_b import TypeBCard
from card.simulator.boards.pn532_firmware import Pn532Firmware
from card.simulator.boards.pn532_frames import ACK, NACK, Frame, FrameReader, Signal
from card.simulator.boards.pty_line import PtyLine
from card.simulator.chips.chip import Chip
from crypto.closing import Closing

INITIAL_SPEED: Final = 115_200
CUT_FRAME_SECONDS: Final = 0.1  # a frame that stops for so long will never be complete
WAKE_UP_EDGES: Final = 5  # on the receiving pin; what came before is lost (§6.3.2.3)


class Pn532Board(Closing):
    """The module, powered for as long as the context lasts; `path` is the device that a host opens.

    put(), remove() and close() may come from any thread at any time: they do what a hand does.
    """

    def __init__(self) -> None:
        self._line = PtyLine()
        self.path: Final = self._line.path
        self._firmware = Pn532Firmware(self._line.has_input)
        self._antenna = threading.Lock()
        self._waiting: bytes | None = None  # an InListPassiveTarget that no card has answered yet
        self._speed = INITIAL_SPEED
        self._sent = b""
        self._unplugged = False
        self._thread = threading.Thread(target=self._serve, name="pn532")
        self._thread.start()

    def put(self, chip: Chip, uid: bytes | None = None) -> Type4Picc:
        """Put a card with this chip before the antenna, in place of any other."""
        picc = Type4Picc(chip, uid)
        self.put_picc(picc)
        return picc

    def put_picc(self, picc: Picc | TypeBCard) -> None:
        """Put a card of any type there, in place of any other."""
        self.remove()
        with self._antenna:
            self._firmware.picc = picc
        self._line.wake()

    def remove(self) -> None:
        """Take the card away, be it in the middle of an exchange. Doing so twice does nothing."""
        leaving = self._firmware.picc
        if leaving is not None:
            leaving.field_off()  # ends the exchange under way
        with self._antenna:
            picc, self._firmware.picc = self._firmware.picc, None
            if picc is not None:
                picc.close()

    def close(self) -> None:
        """Pull the cable: the host's end of the line hangs up. Closing twice does nothing."""
        if not self._unplugged:
            self._unplugged = True
            self._line.wake()
            self._thread.join()
            self.remove()
            self._line.close()

    def _serve(self) -> None:
        frames = FrameReader()
        while not self._unplugged:
            received = self._line.read(CUT_FRAME_SECONDS if frames.is_within_frame else None)
            if received is None:
                frames.discard()
            elif self._hears():
                for frame in frames.feed(self._awake(received)):
                    self._handle(frame)
            if self._waiting is not None:
                self._execute(self._waiting)

    def _hears(self) -> bool:
        """Whether host and module agree on the speed; bytes at another one are noise.

        While a change is under way nobody can tell at which speed a byte was sent.
        """
        return self._firmware.next_speed is not None or self._line.speed == self._speed

    def _awake(self, received: bytes) -> bytes:
        """What a module that may be asleep hears of these bytes."""
        edges = 0
        for position, byte in enumerate(received):
            if not self._firmware.asleep:
                return received[position:]
            edges += _rising_edges(byte)
            self._firmware.asleep = edges < WAKE_UP_EDGES
        return b""

    def _handle(self, frame: Frame | Signal) -> None:
        if isinstance(frame, Frame):
            self._line.write(ACK)
            self._execute(frame.data)
        elif frame == NACK:
            self._line.write(self._sent)
        else:  # ACK: take note of the answer, or break off what is under way
            self._waiting = None
            if self._firmware.next_speed is not None:
                self._speed, self._firmware.next_speed = self._firmware.next_speed, None

    def _execute(self, command: bytes) -> None:
        self._waiting = None
        try:
            with self._antenna:
                answer = self._firmware.execute(command)
        except WaitCancelled:
            return
        if answer is None:
            self._waiting = command
        else:
            self._sent = Frame(answer).to_bytes()
            self._line.write(self._sent)


def _rising_edges(byte: int) -> int:
    """Rising edges of a byte on the line: start bit 0, data bits, the lowest first, stop bit 1."""
    bits = byte << 1 | 1 << 9
    return (bits & ~(bits << 1)).bit_count()
