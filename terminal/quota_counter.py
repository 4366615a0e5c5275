"""How much of each quota the holder of the card in hand has used at this terminal."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
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

    def before_last(self) -> CountedQuota:
        """The same with one use less."""
        return replace(self, uses=max(0, self.uses - 1))


class QuotaCounter:
    """Counts by references that live as long as a quota's window; forgets windows that have ended.

    What a sale uses is counted in memory alone until it is confirmed, and on the disk with the confirmation:
    whatever ends the process before has cost nobody a use, and after it nobody has one too many.
    """

    def __init__(self, journal: JournalWriter, keys: WindowKeys) -> None:
        self._journal, self._keys = journal, keys
        self._settled: date | None = None
        self._used: OrderedDict[int, QuotaCount] = OrderedDict()
        self._unconfirmed: dict[int, QuotaCount] = {}

    def counted(
        self, quotas: Iterable[OpenQuota], card_id: bytes, today: date, settled: date
    ) -> tuple[CountedQuota, ...]:
        """The holder's uses of these quotas.

        `settled`: the last day that has certainly begun; windows that ended before it are forgotten.

        Raises FileNotWritten, KeystoreRefused, JournalUnavailable.
        """
        if settled != self._settled:
            # Tidying up can wait for another day; a tap can't.
            with suppress(JournalUnavailable):
                self._journal.forget_uses(settled)
            self._keys.destroy_ended(settled)
            self._settled = settled
        return tuple(self._counted(quota, card_id, today) for quota in quotas)

    def note_used(self, sequence: int, count: QuotaCount) -> None:
        """The event with this sequence used a quota: kept in memory alone, so that no file links taps."""
        self._used[sequence] = count
        while len(self._used) > REMEMBERED:
            self._used.popitem(last=False)

    def note_unconfirmed(self, sequence: int, count: QuotaCount) -> None:
        """The event with this sequence will have used a quota once its sale is confirmed."""
        self._unconfirmed[sequence] = count

    def note_given_back(self, sequence: int) -> None:
        """What the event with this sequence used was given back, and is not to be given back again."""
        self._used.pop(sequence, None)
        self._unconfirmed.pop(sequence, None)

    def confirm(self) -> None:
        """The open sale is sold, and what it used is counted. Raises JournalUnavailable, JournalDamaged."""
        self._journal.sell(self._unconfirmed.values())
        for sequence, count in self._unconfirmed.items():
            self.note_used(sequence, count)
        self._unconfirmed.clear()

    def used_by(self, sequence: int) -> QuotaCount | None:
        """What an event of this process used and was counted for, if it is one of the last."""
        return self._used.get(sequence)

    def _counted(self, quota: OpenQuota, card_id: bytes, today: date) -> CountedQuota:
        reference = self._keys.reference(card_id, quota.window, today)
        count = QuotaCount(quota.name, quota.window.last, reference)
        held = list(self._unconfirmed.values()).count(count)
        return CountedQuota(quota, count, self._journal.uses(count) + held)
