"""What happens at the readers, whatever their transport."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ReaderEventKind(StrEnum):
    """The kinds of events."""

    READER_ARRIVED = "reader_arrived"
    READER_LEFT = "reader_left"
    CARD_PRESENT = "card_present"
    CARD_REMOVED = "card_removed"
    SERVICE_GONE = "service_gone"
    SERVICE_BACK = "service_back"


@dataclass(frozen=True)
class ReaderEvent:
    """One event.

    `reader` is the reader's name, empty for events of the PC/SC service. `atr` belongs to card_present: the
    answer to reset, empty when the card does not answer or its reader did not say.
    """

    kind: ReaderEventKind
    reader: str = ""
    atr: bytes = b""
