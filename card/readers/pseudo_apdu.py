"""Commands that the reader answers itself: the card's UID and historical bytes (PC/SC part 3 §3.2.2.1.3).

A contactless card sends its UID to the reader before any APDU; these commands ask the reader for it. A UID
tells one card from another as a number would: show it to a person who asks, keep it out of logs.
"""

from __future__ import annotations

from typing import Final

from card.apdu import CommandApdu
from card.connection import CardConnection
from card.errors import AnswerMalformed, ApduRefused
from card.exchange import Exchange

READER_CLASS: Final = 0xFF  # no card's class (ISO/IEC 7816-4 §5.4.1): the reader is meant
GET_DATA: Final = 0xCA
UID_P1: Final = 0x00
ATS_P1: Final = 0x01
# ISO/IEC 14443-3: UID of 4, 7 or 10 bytes, PUPI of 4; ISO/IEC 15693 and FeliCa (IDm): 8.
UID_LENGTHS: Final = frozenset((4, 7, 8, 10))
MAX_ATS_BYTES: Final = 254  # ISO/IEC 14443-4 §5.2.2: FSD - 2


def read_uid(connection: CardConnection) -> bytes | None:
    """The card's UID; None when the reader does not tell, or the card has none.

    Raises AnswerMalformed for an answer that no UID has, and what the connection raises.
    """
    uid = _get_data(connection, UID_P1, "UID")
    if uid is not None and len(uid) not in UID_LENGTHS:
        raise AnswerMalformed(what="UID", detail=f"{len(uid)} bytes")
    return uid


def read_ats(connection: CardConnection) -> bytes | None:
    """The historical bytes of the card's ATS (some readers: all of it); None when the reader does not tell.

    Raises AnswerMalformed for an answer that no ATS has, and what the connection raises.
    """
    ats = _get_data(connection, ATS_P1, "ATS")
    if ats is not None and len(ats) > MAX_ATS_BYTES:
        raise AnswerMalformed(what="ATS", detail=f"{len(ats)} bytes")
    return ats


def _get_data(connection: CardConnection, p1: int, name: str) -> bytes | None:
    try:
        return Exchange(connection).send(CommandApdu(READER_CLASS, GET_DATA, p1, 0x00, le=256), name)
    except ApduRefused:
        return None
