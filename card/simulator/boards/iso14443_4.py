"""A chip behind the half-duplex block protocol of ISO/IEC 14443-4: the card's side (PICC), type A.

Frames go in and out as they are in the air, CRC_A included. The chip computes in a thread of its own, so that
a slow one asks for more time by S(WTX) before its frame waiting time ends. CID and NAD are not supported, nor
any bit rate but 106 kbit/s, which the ATS says; blocks that use them are ignored, as the standard asks.

Clauses are those of the 2008 edition. Air time is not simulated here (card.simulator.timing.model models it).
"""

from __future__ import annotations

import secrets
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

from card.apdu import MAX_EXTENDED_DATA
from card.atr import Atr
from card.ats import Ats, frame_size
from card.errors import CardError
from card.simulator.boards.iso14443_3 import HALT, SAK_ISO_14443_4, PiccState, atqa_for, crc_a, without_crc
from card.simulator.boards.iso14443_blocks import PROLOGUE_AND_CRC_BYTES, RATS, Block, BlockKind
from card.simulator.chips.chip import Chip
from crypto.closing import Closing

FSCI_256: Final = 8
FWI_77_MS: Final = 8
WTXM: Final = 1
# The chip's share of the frame waiting time; the rest is for the request to come through.
SHARE_OF_WAITING_TIME: Final = 0.5
MAX_COMMAND_BYTES: Final = 4 + 3 + MAX_EXTENDED_DATA + 2
FIXED_UID_START: Final = (
    0x02  # a manufacturer's number; 08 would stand for a random UID (ISO/IEC 14443-3 §6.5.4)
)


class Type4Picc(Closing):
    """A card with this chip. A `Picc`.

    `uid` is a new number for each card unless given; `fsci` and `fwi` go into the ATS. `ended_by` tells why
    the card left by itself: CardTorn or the chip's own error.
    """

    def __init__(
        self, chip: Chip, uid: bytes | None = None, *, fsci: int = FSCI_256, fwi: int = FWI_77_MS
    ) -> None:
        self.uid: Final = uid or bytes((FIXED_UID_START,)) + secrets.token_bytes(3)
        self.atqa: Final = atqa_for(self.uid)
        self.sak: Final = SAK_ISO_14443_4
        self.ats: Final = Ats(fsci=fsci, fwi=fwi, options=0, historical=Atr.from_bytes(chip.atr).historical)
        self.ended_by: CardError | None = None
        self._chip = chip
        self._state = PiccState.POWER_OFF
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="picc-chip")
        self._reader_frame_size = frame_size(0)  # FSD, as RATS will say
        self._number = 1
        self._command = bytearray()
        self._answer = b""  # what chaining has yet to send
        self._computing: Future[bytes] | None = None
        self._last: Block | None = None

    def field_on(self) -> None:
        """The field is there: wait to be asked for."""
        if self._state is PiccState.POWER_OFF:
            self._state = PiccState.IDLE

    def field_off(self) -> None:
        """The field is gone: the chip stops whatever it does."""
        if self._state is not PiccState.GONE:
            self._leave_protocol(PiccState.POWER_OFF)

    def select(self, *, wake_up: bool) -> bool:
        """REQA or WUPA and anticollision, which end the block protocol of a card that is in it."""
        answers = {PiccState.IDLE, PiccState.HALT} if wake_up else {PiccState.IDLE}
        if self._state not in answers:
            return False
        self._state = PiccState.ACTIVE
        return True

    def receive(self, frame: bytes) -> bytes | None:
        """The answer to one frame; None is silence. Waits for the chip, but less than FWT."""
        body = without_crc(frame) if len(frame) <= self.ats.frame_size else None
        if body is None:
            return None  # transmission errors are the reader's to recover from (§7.5.6.2)
        if self._state is PiccState.ACTIVE:
            answer = self._activate(body)
        elif self._state is PiccState.PROTOCOL:
            answer = self._block(body)
        else:
            answer = None
        return None if answer is None else answer + crc_a(answer)

    def close(self) -> None:
        """The card is taken away."""
        self._leave_protocol(PiccState.GONE)
        self._worker.shutdown()

    def _activate(self, body: bytes) -> bytes | None:
        if body == HALT:
            self._state = PiccState.HALT
        if len(body) != 2 or body[0] != RATS:
            return None
        self._chip.power_on()
        self._reader_frame_size = frame_size(body[1] >> 4)
        self._number = 1  # rule C
        self._command.clear()
        self._answer = b""
        self._last = None
        self._state = PiccState.PROTOCOL
        return self.ats.to_bytes()

    def _block(self, body: bytes) -> bytes | None:
        received = Block.from_bytes(body)
        match received:
            case Block(kind=BlockKind.I_BLOCK):
                sent = self._take(received)
            case Block(kind=BlockKind.R_BLOCK):
                sent = self._acknowledged(received)
            case Block(kind=BlockKind.S_WTX):
                granted = self._computing is not None and received.wtxm == WTXM
                sent = self._wait_for_chip() if granted else None
            case Block(kind=BlockKind.S_DESELECT):
                self._leave_protocol(PiccState.HALT)
                sent = received
            case _:
                sent = None
        if sent is None:
            return None
        self._last = sent
        return sent.to_bytes()

    def _take(self, received: Block) -> Block | None:
        """An I-block of the command. Rules D, 2 and 10."""
        if self._computing is not None or len(self._command) + len(received.inf) > MAX_COMMAND_BYTES:
            return None
        self._number ^= 1
        self._answer = b""
        self._command += received.inf
        if received.flag:
            return Block(BlockKind.R_BLOCK, self._number)
        command = bytes(self._command)
        self._command.clear()
        if not command:  # a reader's way of asking whether the card is there (annex A)
            return Block(BlockKind.I_BLOCK, self._number)
        self._computing = self._worker.submit(self._chip.process, command)
        return self._wait_for_chip()

    def _acknowledged(self, received: Block) -> Block | None:
        """R(ACK) or R(NAK). Rules 11, 12, 13 and E."""
        if received.number == self._number:
            return self._last
        if received.flag:
            return Block(BlockKind.R_BLOCK, self._number)
        if not self._answer:
            return None
        self._number ^= 1
        return self._next_part()

    def _wait_for_chip(self) -> Block | None:
        """The answer's first I-block, or S(WTX) while the chip is not done (rule 9, §7.3)."""
        computing = self._computing
        if computing is None:
            return None
        wait((computing,), self.ats.frame_waiting_seconds * WTXM * SHARE_OF_WAITING_TIME)
        if self._state is not PiccState.PROTOCOL:
            return None  # the field went meanwhile
        if not computing.done():
            return Block(BlockKind.S_WTX, inf=bytes((WTXM,)))
        self._computing = None
        try:
            self._answer = computing.result()
        except CardError as error:
            self.ended_by = error
            self._state = PiccState.GONE
            return None
        return self._next_part()

    def _next_part(self) -> Block:
        room = self._reader_frame_size - PROLOGUE_AND_CRC_BYTES
        part, self._answer = self._answer[:room], self._answer[room:]
        return Block(BlockKind.I_BLOCK, self._number, flag=bool(self._answer), inf=part)

    def _leave_protocol(self, state: PiccState) -> None:
        """Cut the chip's power and let what it was doing end; its answer is nobody's any more."""
        before, self._state = self._state, state  # first, or an answer may still slip out
        if before is PiccState.PROTOCOL:
            self._chip.power_off()
            computing, self._computing = self._computing, None
            if computing is not None:
                wait((computing,))
