"""Opening the sealed parts of events with the centre's key."""

from __future__ import annotations

from typing import Final

from crypto.errors import SealBroken
from crypto.sealing import SegmentOpener, segment_id
from sync.center.directory import Center
from terminal.events.event import SealedEvidence, UsageEvent

# A record that was sealed but could not be written leaves its index unused; a few such are nothing unusual,
# but an index far ahead would make the centre turn the ratchet for seconds.
MAX_UNUSED_INDEXES: Final = 1000


class Unsealer:
    """Opens the sealed parts of events, remembering the segment it is in."""

    def __init__(self, center: Center) -> None:
        self._store, self._key = center.store, center.keys.sealing
        self._place: tuple[bytes, int, bytes] | None = None
        self._opener: SegmentOpener | None = None
        self._first_sequence = 0
        self._next_index = 0

    def knows(self, event: UsageEvent) -> bool:
        """Whether the header of the event's segment is here."""
        place = (event.terminal, event.epoch, event.segment)
        if self._place == place:
            return True
        if event.segment_header and segment_id(event.segment_header) == event.segment:
            self._remember(place, event)
        with self._store.reading() as connection:
            row = connection.execute(
                "SELECT header, first_sequence FROM segments "
                "WHERE terminal = ? AND epoch = ? AND segment = ?",
                place,
            ).fetchone()
        if row is None:
            return False
        header, self._first_sequence = row
        try:
            self._opener = SegmentOpener(self._key, header)
        except SealBroken:
            self._opener = None
        self._place, self._next_index = place, 0
        return True

    def open(self, event: UsageEvent) -> SealedEvidence:
        """The sealed part of an event; later ones of a segment only after earlier ones.

        Raises SealBroken or EventMalformed.
        """
        if not self.knows(event) or self._opener is None:
            raise SealBroken(detail="its segment has no header for this centre")
        ahead = event.index - (event.sequence - self._first_sequence)
        if not 0 <= ahead <= MAX_UNUSED_INDEXES or event.index < self._next_index:
            raise SealBroken(detail="its index does not fit its place in the segment")
        self._next_index = event.index + 1
        return SealedEvidence.from_bytes(self._opener.open(event.index, event.sealed, event.seal_context()))

    def _remember(self, place: tuple[bytes, int, bytes], event: UsageEvent) -> None:
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT INTO segments (terminal, epoch, segment, header, first_sequence) "
                "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (*place, event.segment_header, event.sequence),
            )
