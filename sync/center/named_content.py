"""Which publication a chain of events had reached: whoever had a newer one once has it still."""

from __future__ import annotations

from sync.center.directory import Center
from sync.center.examination import StoredEvent
from terminal.content.content import Content


class NamedContent:
    """The newest publication that the earlier events of each chain were judged by; asked in their order."""

    def __init__(self, center: Center) -> None:
        self._store, self._publications = center.store, center.publications
        self._seen: dict[tuple[bytes, int], tuple[int, int]] = {}

    def before(self, stored: StoredEvent) -> Content | None:
        """What the chain had before this event; None at its beginning. Raises ContentInvalid."""
        chain = (stored.terminal, stored.epoch)
        after, newest = self._seen.get(chain, (0, 0))
        with self._store.reading() as connection:
            (found,) = connection.execute(
                "SELECT MAX(content) FROM examined WHERE terminal = ? AND epoch = ? "
                "AND sequence > ? AND sequence < ?",
                (*chain, after, stored.sequence),
            ).fetchone()
        newest = max(newest, found or 0)
        self._seen[chain] = (stored.sequence - 1, newest)
        return self._publications.numbered(newest) if newest else None

    def note(self, stored: StoredEvent, content: int) -> None:
        """This event, whose result is not stored yet, was judged by that publication."""
        _after, newest = self._seen.get((stored.terminal, stored.epoch), (0, 0))
        self._seen[stored.terminal, stored.epoch] = (stored.sequence, max(newest, content))
