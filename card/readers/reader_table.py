"""Which readers are there and which cards lie on them, as the events tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from card.readers.reader_event import ReaderEvent, ReaderEventKind
from card.readers.sam_slots import is_sam_slot


@dataclass(eq=False)
class LyingCard:
    """One card's stay on a reader. `done`: it was tapped and waited for, and is not to be tapped again."""

    reader: str
    done: bool = False


class ReaderTable:
    """All readers but slots for a PSAM. `cards` begins with the one that lies there longest.

    A card on a reader that leaves and comes back with a card at once (the service was restarted, or the
    reader replugged) stays the same LyingCard.
    """

    def __init__(self) -> None:
        self.readers: set[str] = set()
        self.cards: list[LyingCard] = []
        self.service_gone = False
        self._away: dict[str, LyingCard] = {}  # cards on readers that left

    def take(self, events: Sequence[ReaderEvent]) -> None:
        """Take up events that belong together (ReaderWatch.next_together())."""
        removed: dict[str, LyingCard] = {}
        for event in events:
            reader = event.reader
            match event.kind:
                case ReaderEventKind.SERVICE_GONE:
                    self.service_gone = True
                case ReaderEventKind.SERVICE_BACK:
                    self.service_gone = False
                case ReaderEventKind.READER_ARRIVED if not is_sam_slot(reader):
                    self.readers.add(reader)
                case ReaderEventKind.READER_LEFT if reader in self.readers:
                    self.readers.remove(reader)
                    if reader in removed:
                        self._away[reader] = removed[reader]
                case ReaderEventKind.CARD_PRESENT if reader in self.readers:
                    self.cards.append(self._away.pop(reader) if reader in self._away else LyingCard(reader))
                case ReaderEventKind.CARD_REMOVED if reader in self.readers:
                    removed[reader] = next(card for card in self.cards if card.reader == reader)
                    self.cards.remove(removed[reader])
                case _:
                    pass
        # Readers that came back without their card: it was taken while they were away.
        for reader in self.readers & self._away.keys():
            del self._away[reader]
