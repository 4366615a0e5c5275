"""The hotlist that a terminal holds: a base, the days' deltas on it, the reasons where staff needs them."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from crypto.credential import CARD_ID_BYTES
from terminal.hotlist.base import HotlistBase
from terminal.hotlist.card_hash import mix
from terminal.hotlist.delta import HotlistDelta
from terminal.hotlist.errors import HotlistDeltaForeign, HotlistDeltaMissing, HotlistReasonsForeign
from terminal.hotlist.reason import IN_FORCE, REASONS, HotlistReason
from terminal.hotlist.reasons import HotlistReasons


@dataclass(frozen=True)
class Hotlist:
    """Which cards must not be accepted. `dated` is the day whose knowledge it holds; `version` only rises."""

    version: int
    dated: date
    base: HotlistBase = field(repr=False)
    reasons: HotlistReasons | None = field(repr=False)
    #: Every card that a delta names, ascending, and beside it what the newest of them says.
    changed: array[int] = field(repr=False)
    states: bytes = field(repr=False)

    @classmethod
    def from_files(cls, base: bytes, deltas: Sequence[bytes] = (), reasons: bytes | None = None) -> Hotlist:
        """The list in these files, `deltas` in ascending order.

        Raises HotlistMalformed: HotlistTorn, HotlistFormatUnknown, HotlistCountWrong, HotlistDeltaForeign,
        HotlistDeltaMissing, HotlistReasonsForeign.
        """
        held = HotlistBase.from_bytes(base)
        version, dated = held.version, held.dated
        states: dict[int, int] = {}
        for data in deltas:
            delta = HotlistDelta.from_bytes(data)
            if delta.base != held.digest:
                raise HotlistDeltaForeign(detail=delta.version)
            if delta.version != version + 1 or delta.dated < dated:
                raise HotlistDeltaMissing(after=version, detail=f"{delta.version}, {delta.dated}")
            version, dated = delta.version, delta.dated
            states.update(zip(delta.cards, delta.states, strict=True))
        changed = array("Q", sorted(states))
        return cls(
            version=version,
            dated=dated,
            base=held,
            reasons=_reasons(reasons, held),
            changed=changed,
            states=bytes(states[card] for card in changed),
        )

    def status(self, card_id: bytes, issued: date) -> HotlistReason | None:
        """Why the card with this id (8 bytes) and day of issue is listed, or None if it is not.

        A card that was issued after the base's date is listed by a delta or not at all. Raises ValueError for
        an id of another length.
        """
        if len(card_id) != CARD_ID_BYTES:
            raise ValueError(f"a card id has {CARD_ID_BYTES} bytes, not {len(card_id)}")
        number = int.from_bytes(card_id)
        place = bisect_left(self.changed, number)
        if place < len(self.changed) and self.changed[place] == number:
            state = self.states[place]
            return None if state == IN_FORCE else REASONS.get(state, HotlistReason.UNSTATED)
        if issued > self.base.dated:
            return None
        hashed = mix(number)
        if not self.base.listed.holds(hashed):
            return None
        return HotlistReason.UNSTATED if self.reasons is None else self.reasons.reason(hashed)

    @property
    def count(self) -> int:
        """How many cards are listed, to the best of what the files say."""
        count = self.base.listed.part
        for number, state in zip(self.changed, self.states, strict=True):
            # Of a card outside the base's universe the base says anything: the count may be off by a few.
            count += (state != IN_FORCE) - self.base.listed.holds(mix(number))
        return max(0, count)

    def age(self, today: date) -> int:
        """How many days old the list is on `today`; negative if it is dated later."""
        return (today - self.dated).days


def _reasons(data: bytes | None, base: HotlistBase) -> HotlistReasons | None:
    if data is None:
        return None
    reasons = HotlistReasons.from_bytes(data, base.listed.part)
    if reasons.base != base.digest:
        raise HotlistReasonsForeign
    return reasons
