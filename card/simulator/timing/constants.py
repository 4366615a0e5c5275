"""Constants of the timing model, each with its source. Names tell the unit; cycles are the carrier's, 1/fc.

Clauses of ISO/IEC 14443-3 are those of the 2018 edition.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

CARRIER_HZ: Final = 13_560_000  # fc; ISO/IEC 14443-2, frequency of the operating field
MS_CYCLES: Final = CARRIER_HZ // 1000


class BitRate(IntEnum):
    """Bit rates in kbit/s, the same in both directions. ISO/IEC 14443-3 §6.1."""

    KBIT_106 = 106
    KBIT_212 = 212
    KBIT_424 = 424
    KBIT_848 = 848

    @property
    def etu(self) -> int:
        """One bit: 128/fc, 64/fc, 32/fc or 16/fc."""
        return 128 * BitRate.KBIT_106 // self


class UidSize(IntEnum):
    """Bytes of a card's UID. ISO/IEC 14443-3 §6.5.4."""

    SINGLE = 4
    DOUBLE = 7

    @property
    def cascade_levels(self) -> int:
        """How many rounds of anticollision it takes."""
        return 1 if self is UidSize.SINGLE else 2


class FrameSize(IntEnum):
    """Bytes of the longest frame that one side takes, prologue and CRC included (FSD, FSC).

    ISO/IEC 14443-4 §5.1. As readers ask for it in RATS: 64, BALTECH (reference manual, Iso14a.RequestATS: at
    least 64) and libnfc's own examples (E0 50); 128, nfcpy 1.0.4 on chips with short host frames (E0 70);
    256, nfcpy on a PN532 (E0 80) and readers to the PBOC 3.0 specification, part 11 (FSDI 8).
    """

    BYTES_64 = 64
    BYTES_128 = 128
    BYTES_256 = 256


# Frames, in bits. ISO/IEC 14443-3 §6.2.3.1, §6.2.3.2.1, §6.2.3.3 (the anticollision frames are two whole
# standard frames as long as there is no collision).
SHORT_FRAME_BITS: Final = 7  # REQA, without parity
BYTE_BITS: Final = 9  # eight and odd parity
START_BITS: Final = 1
READER_END_BITS: Final = 2  # a logic 0 and one bit without a pause; ISO/IEC 14443-2, coding of type A, PCD
CARD_END_BITS: Final = 1  # without subcarrier, at 106 kbit/s; faster, the last parity bit tells it
FAST_CARD_START_CYCLES: Final = 32 * 16  # above 106 kbit/s: 32 cycles of the subcarrier; ISO/IEC 14443-2
CRC_BYTES: Final = 2  # CRC_A; §6.2.4

# Silence between frames.
RESPONSE_CYCLES: Final = 1172  # from the reader's last pause, when the last bit is 0; §6.2.1.1
PAUSE_CYCLES: Final = 41  # the pause itself, 40.5 at most at 106 kbit/s; ISO/IEC 14443-2, t1
READER_CYCLES: Final = 1172  # from the card's last modulation; §6.2.1.2, kept at every bit rate (assumption)
FIELD_MS: Final = 5.1  # a field without modulation before the first request; §5.2.1, note

# Frames of the activation, in bytes without CRC_A.
ATQA_BYTES: Final = 2  # §6.5.2, without CRC_A
ANTICOLLISION_BYTES: Final = (2, 5)  # SEL, NVB; UID part and BCC, both without CRC_A; §6.5.3
SELECT_BYTES: Final = (7, 1)  # SEL, NVB, UID part, BCC; SAK; §6.4.2, §6.5.3.4
RATS_BYTES: Final = 2  # ISO/IEC 14443-4 §5.1
ATS_FIXED_BYTES: Final = 5  # TL, T0, TA(1), TB(1), TC(1); ISO/IEC 14443-4 §5.2
PPS_BYTES: Final = (3, 1)  # PPSS, PPS0, PPS1; PPSS; ISO/IEC 14443-4 §5.3, §5.4

# Blocks. ISO/IEC 14443-4 §7.1.
PCB_BYTES: Final = 1
CID_BYTES: Final = 1
WTXM_BYTES: Final = 1

# FWT = 256 x 16/fc x 2^FWI and SFGT = 256 x 16/fc x 2^SFGI. ISO/IEC 14443-4 §5.2.5, §7.2.
WAITING_UNIT_CYCLES: Final = 256 * 16
MAX_FWI: Final = 14
MAX_WTXM: Final = 59  # §7.3

# The chip. No public data sheet of a dual-interface chip with SM2 gives these.
SELECT_MS: Final = 5.0  # assumption: find the application, copy the FCI out of its memory
COUNTER_WRITE_MS: Final = 5.0  # assumption: as an EEPROM's page write, 5 ms at most (ST M95512-W data sheet)
COMMAND_MS: Final = 2.0  # assumption: any other command
ATS_MS: Final = 1.0  # assumption; at most 65,536/fc, 4.8 ms (ISO/IEC 14443-4, activation frame waiting time)
FWI: Final = 8  # 77 ms; assumption, as many cards answer; the same in card/simulator/boards/iso14443_4.py
SFGI: Final = 0  # the default: no guard time after the ATS; ISO/IEC 14443-4 §5.2.5
WTXM: Final = 1  # assumption: the least that a chip may ask for at a time, so the most requests

# The reader and its host, per APDU. USB full speed hands a bulk transfer over in frames of 1 ms (USB 2.0
# §8.4.3): one for the command, one for the answer. Assumption; a phone's stack takes 20 ms (100 to 120 ms for
# the five APDUs of a bank card: wwopenfare.com, "IsoDep Transceive Times").
TURNAROUND_MS: Final = 2.0


@dataclass(frozen=True)
class Goal:
    """On-air time, in ms, that a tap may take at a bit rate with a chip that signs in `signature_ms`."""

    bit_rate: BitRate
    signature_ms: float
    on_air_ms: float


GOALS: Final = (Goal(BitRate.KBIT_106, 100, 180), Goal(BitRate.KBIT_424, 40, 100))
SIGNATURES_MS: Final = (20.0, 40.0, 60.0, 100.0)
