"""The PSAM in a terminal's SAM slot: which reader the slot is, and a line to what sits in it.

with open_psam(find_sam_slot(list_readers())) as psam:
    application.authenticate(psam)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Final

from card.apdu import CommandApdu, ResponseApdu
from card.connection import CardConnection
from card.errors import CardTorn, NoCardInTime, NoSamSlot, PsamGone, PsamMissing, SamSlotUnclear
from card.readers.address import open_reader
from card.readers.sam_slots import is_sam_slot
from crypto.closing import Closing

# A PSAM sits in its slot for years: it is there, or it is missing.
PSAM_SECONDS: Final = 2.0


def find_sam_slot(readers: Sequence[str], patterns: Sequence[str] = ()) -> str:
    """The one SAM slot among these PC/SC names.

    `patterns` are a card profile's `sam_names`, beside those of the reader profiles. Raises NoSamSlot,
    SamSlotUnclear and ProfileRefused.
    """
    slots = [
        name
        for name in readers
        if is_sam_slot(name) or any(fnmatchcase(name, pattern) for pattern in patterns)
    ]
    if not slots:
        raise NoSamSlot(present=", ".join(readers) or "–")
    if len(slots) > 1:
        raise SamSlotUnclear(slots=", ".join(slots))
    return slots[0]


@contextmanager
def open_psam(address: str) -> Iterator[CardConnection]:
    """A line to the PSAM in this slot (an address as `card.readers.address` reads it), for a block.

    Raises PsamMissing, what the address or the reader raises, and within the block PsamGone for a PSAM that
    is lost: a CardTorn there is always the holder's card.
    """
    with open_reader(address) as reader:
        try:
            connection = reader.wait_for_card(PSAM_SECONDS)
        except NoCardInTime as error:
            raise PsamMissing(reader=address) from error
        except CardTorn as error:
            raise PsamGone(reader=address) from error
        with PsamLine(connection, address) as line:
            yield line


class PsamLine(Closing):
    """A `CardConnection` to a PSAM, which says that it is the PSAM when it is lost."""

    def __init__(self, connection: CardConnection, slot: str) -> None:
        self._connection = connection
        self._slot = slot

    @property
    def atr(self) -> bytes:
        """The PSAM's answer to reset. Raises PsamGone and what the connection raises."""
        try:
            return self._connection.atr
        except CardTorn as error:
            raise PsamGone(reader=self._slot) from error

    @property
    def max_apdu(self) -> int:
        """As long as the connection's."""
        return self._connection.max_apdu

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """One command, one answer. Raises PsamGone and what the connection raises."""
        try:
            return self._connection.transmit(command)
        except CardTorn as error:
            raise PsamGone(reader=self._slot) from error

    def close(self) -> None:
        """Let go of the PSAM, which stays powered. Closing twice does nothing."""
        self._connection.close()
