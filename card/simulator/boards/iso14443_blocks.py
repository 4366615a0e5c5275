"""Blocks of ISO/IEC 14443-4 (§7.1) without CID and NAD, which neither side here uses, and without CRC."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

RATS: Final = 0xE0  # start byte (§5.1)
PROLOGUE_AND_CRC_BYTES: Final = 3
NUMBER: Final = 0x01
MORE: Final = 0x10  # in an I-block: chaining goes on
NAK: Final = 0x10  # in an R-block
MAX_WTXM: Final = 59  # §7.3


class BlockKind(IntEnum):
    """PCB of each kind with its variable bits clear (§7.1.1.1)."""

    I_BLOCK = 0x02
    R_BLOCK = 0xA2
    S_DESELECT = 0xC2
    S_WTX = 0xF2


VARIABLE_BITS: Final = {
    BlockKind.I_BLOCK: MORE | NUMBER,
    BlockKind.R_BLOCK: NAK | NUMBER,
    BlockKind.S_DESELECT: 0,
    BlockKind.S_WTX: 0,
}
INF_BYTES: Final = {BlockKind.R_BLOCK: 0, BlockKind.S_DESELECT: 0, BlockKind.S_WTX: 1}


@dataclass(frozen=True)
class Block:
    """One block. `flag` is MORE of an I-block or NAK of an R-block; `inf` of S(WTX) is one byte, the WTXM."""

    kind: BlockKind
    number: int = 0
    flag: bool = False
    inf: bytes = b""

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Block | None:
        """Parse a block; None for anything else, which either side must take for a transmission error."""
        if not encoded:
            return None
        pcb, inf = encoded[0], encoded[1:]
        for kind in BlockKind:
            variable = pcb & VARIABLE_BITS[kind]
            if pcb - variable == kind and len(inf) == INF_BYTES.get(kind, len(inf)):
                return cls(kind, variable & NUMBER, bool(variable & MORE), inf)
        return None

    def to_bytes(self) -> bytes:
        """The block without CRC."""
        return bytes((self.kind | self.number | (MORE if self.flag else 0),)) + self.inf

    @property
    def wtxm(self) -> int:
        """The waiting time's multiplier in S(WTX); bits 8 and 7 are the card's power level (§7.3, §7.4)."""
        return self.inf[0] & 0x3F

    def __repr__(self) -> str:
        """Header and length only: the data may belong to the holder."""
        return f"Block({self.kind.name} {self.number} flag={self.flag}, {len(self.inf)} bytes)"
