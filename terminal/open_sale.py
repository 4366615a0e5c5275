"""Which taps belong to a sale that is not confirmed yet, on the disk, so that no power cut sells anything.

The file names places in the journal and nothing else. It is written before a tap takes its place and removed
by the confirmation; whatever it still names when a terminal starts was never sold and is cancelled then.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import msgspec

from terminal.amendments import cancel
from terminal.durable_file import remove_durably, write_durably
from terminal.events.event import Sequence
from terminal.events.kind import EventKind
from terminal.journal.schema import JournalOwner
from terminal.open_sale_errors import OpenSaleUnreadable
from terminal.presence import TapDesk
from terminal.quota_counter import REMEMBERED

# While it runs a terminal can give back the quotas of so many taps.
MAX_TAPS: Final = REMEMBERED
_MAX_BYTES: Final = 4096


class OpenSale(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The taps of an unconfirmed sale by their sequences, in the journal of this terminal and epoch."""

    terminal: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]
    epoch: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    sequences: Annotated[tuple[Sequence, ...], msgspec.Meta(max_length=MAX_TAPS)]

    @classmethod
    def from_bytes(cls, data: bytes) -> OpenSale:
        """Parse the file's JSON. Raises OpenSaleUnreadable."""
        try:
            return msgspec.json.decode(data, type=cls)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise OpenSaleUnreadable(file="open-sale.json", detail=error) from error

    def to_bytes(self) -> bytes:
        """The file's JSON."""
        return msgspec.json.encode(self)


class OpenSaleFile:
    """The file of one terminal; names a sale of its owner's journal, or is not there."""

    def __init__(self, path: Path, owner: JournalOwner) -> None:
        self._path, self._owner = path, owner

    def write(self, sequences: Iterable[int]) -> None:
        """These are not confirmed. Raises FileNotWritten."""
        sale = OpenSale(self._owner.terminal.hex(), self._owner.epoch, tuple(sequences))
        write_durably(self._path, sale.to_bytes())

    def read(self) -> tuple[int, ...]:
        """What is not confirmed in the owner's journal. Raises OpenSaleUnreadable."""
        try:
            with self._path.open("rb") as file:
                data = file.read(_MAX_BYTES)
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise OpenSaleUnreadable(file=self._path.name, detail=error.strerror) from error
        sale = OpenSale.from_bytes(data)
        is_own = (sale.terminal, sale.epoch) == (self._owner.terminal.hex(), self._owner.epoch)
        return sale.sequences if is_own else ()

    def remove(self) -> None:
        """Nothing is unconfirmed. Raises FileNotWritten."""
        remove_durably(self._path)


def cancel_granted(desk: TapDesk, sequences: Iterable[int]) -> int:
    """Cancel those of these taps that gave a benefit and still count; how many.

    Passes over places that no event ever took. Raises TapNotRecorded, JournalUnavailable, JournalDamaged.
    """
    cancelled = 0
    for sequence in sequences:
        event = desk.journal.event(sequence)
        if event is None or event.kind is not EventKind.TAP or not event.outcome.granted:
            continue
        if not desk.journal.is_cancelled(sequence):
            cancel(desk, sequence)
            cancelled += 1
    return cancelled


def cancel_unconfirmed(desk: TapDesk, file: OpenSaleFile) -> int:
    """Cancel what a process before this one left unconfirmed; how many taps that were.

    Called before anything else is recorded, or other events could have taken the places that are named.
    Raises OpenSaleUnreadable, FileNotWritten and as cancel_granted().
    """
    cancelled = cancel_granted(desk, file.read())
    file.remove()
    return cancelled
