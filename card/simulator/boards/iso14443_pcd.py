"""The reader's side (PCD) of ISO/IEC 14443-4, as the firmware of a reader does it.

Blocks go to the antenna and come back without CRC_A. Clauses are those of the 2008 edition.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from card.apdu import MAX_EXTENDED_LE
from card.ats import Ats
from card.errors import AnswerMalformed, CardTorn, WaitCancelled
from card.simulator.boards.iso14443_blocks import PROLOGUE_AND_CRC_BYTES, RATS, Block, BlockKind

Transceive = Callable[[bytes], bytes | None]
FSDI_64: Final = 5
MAX_ANSWER_BYTES: Final = MAX_EXTENDED_LE + 2


class Type4Pcd:
    """A conversation with one activated card.

    `transceive` sends a block and returns the answer, None for silence or a transmission error. `interrupted`
    is asked at each S(WTX), so that a card can't keep its reader for ever. `retries` is how often an error is
    recovered from.
    """

    def __init__(self, transceive: Transceive, interrupted: Callable[[], bool], retries: int) -> None:
        self._transceive = transceive
        self._interrupted = interrupted
        self._retries = retries
        self._number = 0  # rule A
        self._part_bytes = 0
        self.ats: Final = self._activate()

    def exchange(self, command: bytes) -> bytes:
        """The card's answer. Raises CardTorn, AnswerMalformed, and WaitCancelled when interrupted."""
        parts = [
            command[start : start + self._part_bytes]
            for start in range(0, len(command) or 1, self._part_bytes)
        ]
        for part in parts[:-1]:
            self._expect(
                BlockKind.R_BLOCK, self._converse(Block(BlockKind.I_BLOCK, self._number, True, part))
            )
        received = self._converse(Block(BlockKind.I_BLOCK, self._number, inf=parts[-1]))
        answer = self._expect(BlockKind.I_BLOCK, received)
        while received.flag:
            received = self._converse(Block(BlockKind.R_BLOCK, self._number))
            answer += self._expect(BlockKind.I_BLOCK, received)
            if len(answer) > MAX_ANSWER_BYTES:
                raise AnswerMalformed(what="chain of blocks", detail=f"more than {MAX_ANSWER_BYTES} bytes")
        return answer

    def is_present(self) -> bool:
        """Whether the card answers R(NAK), which changes nothing (§7.5.5, method 2)."""
        return self._transceive(Block(BlockKind.R_BLOCK, self._number, True).to_bytes()) is not None

    def deselect(self) -> None:
        """End the conversation; whether the card heard it does not matter (§8)."""
        self._transceive(Block(BlockKind.S_DESELECT).to_bytes())

    def _activate(self) -> Ats:
        received = self._transceive(bytes((RATS, FSDI_64 << 4)))
        if received is None:
            raise CardTorn
        ats = Ats.from_bytes(received)
        self._part_bytes = ats.frame_size - PROLOGUE_AND_CRC_BYTES
        return ats

    def _converse(self, block: Block) -> Block:
        """The answer to a block, after time extensions and retransmissions. Rules 3 to 7."""
        sending, retries = block, self._retries
        while True:
            received = self._transceive(sending.to_bytes())
            answer = None if received is None else Block.from_bytes(received)
            if answer is not None and answer.kind is BlockKind.S_WTX:
                if self._interrupted():
                    raise WaitCancelled
                sending = Block(BlockKind.S_WTX, inf=bytes((answer.wtxm,)))
                continue
            is_lost = (
                answer is not None and answer.kind is BlockKind.R_BLOCK and answer.number != self._number
            )
            if answer is not None and not is_lost:
                return answer
            if retries == 0:
                if received is None:
                    raise CardTorn
                raise AnswerMalformed(what="block", detail="it breaks ISO/IEC 14443-4")
            retries -= 1
            is_chain = block.kind is BlockKind.R_BLOCK
            sending = block if is_lost or is_chain else Block(BlockKind.R_BLOCK, self._number, True)

    def _expect(self, kind: BlockKind, received: Block) -> bytes:
        """The INF of a block of this kind with the current number, which moves on. Rule B."""
        is_nak = kind is BlockKind.R_BLOCK and received.flag
        if received.kind is not kind or received.number != self._number or is_nak:
            raise AnswerMalformed(what="block", detail="it breaks ISO/IEC 14443-4")
        self._number ^= 1
        return received.inf
