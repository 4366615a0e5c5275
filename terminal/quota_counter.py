"""How much of each quota the holder of the card in hand has used at this terminal."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Final

from terminal.decisions.quota import OpenQuota
from terminal.holder_reference import WindowKeys
from terminal.journal.errors import JournalUnavailable
from terminal.journal.uses import QuotaCount
from terminal.journal.writer import JournalWriter

# So many of the last uses can be given back when a tap is cancelled.
REMEMBERED: Final = 64


@dataclass(frozen=True)
class CountedQuota:
    """A quota, where its uses by one holder are counted, and how many there were before this tap."""

    quota: OpenQuota
    count: QuotaCount
    uses: int

    @property
    def left(self) -> int:
        """How often it can still be used."""
        return max(0, self.quota.uses - self.uses)


class QuotaCounter:
    """Counts by references that live as long as a quota's window; forgets windows that have ended."""

    def __init__(self, journal: JournalWriter, keys: WindowKeys) -> None:
        self._journal, self._keys = journal, keys
        self._today: date | None = None
        self._used: OrderedDict[int, QuotaCount] = OrderedDict()

    def counted(
        self, quotas: Iterable[OpenQuota], card_id: bytes, today: date, instead_of: int = 0
    ) -> tuple[CountedQuota, ...]:
        """The holder's uses of these quotas, but for that of the event with the sequence `instead_of`.

        Raises FileNotWritten, KeystoreRefused, JournalUnavailable.
        """
        if today != self._today:
            # Tidying up can wait for another day; a tap can't.
            with suppress(JournalUnavailable):
                self._journal.forget_uses(today)
            self._today = today
        return tuple(self._counted(quota, card_id, today, self.used_by(instead_of)) for quota in quotas)

    def note_used(self, sequence: int, count: QuotaCount) -> None:
        """The event with this sequence used a quota: kept in memory alone, so that no file links taps."""
        self._used[sequence] = count
        while len(self._used) > REMEMBERED:
            self._used.popitem(last=False)

    def note_given_back(self, sequence: int) -> None:
        """What the event with this sequence used was given back, and is not to be given back again."""
        self._used.pop(sequence, None)

    def used_by(self, sequence: int) -> QuotaCount | None:
        """What an event of this process used, if it is one of the last."""
        return self._used.get(sequence)

    def _counted(
        self, quota: OpenQuota, card_id: bytes, today: date, given_back: QuotaCount | None
    ) -> CountedQuota:
        reference = self._keys.reference(card_id, quota.window, today)
        count = QuotaCount(quota.name, quota.window.last, reference)
        uses = self._journal.uses(count)
        return CountedQuota(quota, count, max(0, uses - 1) if count == given_back else uses)
