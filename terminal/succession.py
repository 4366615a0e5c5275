"""Which tap came directly after which: a companion card counts only right behind its holder's."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from crypto.credential import TapCredential

# Whoever boards together taps together; beyond this, somebody else's trip has begun.
TOGETHER_MS: Final = 60_000
# As many as one sale can take back.
REMEMBERED: Final = 64


@dataclass(frozen=True)
class _HolderTap:
    sequence: int
    time_ms: int
    card_id: bytes


class Succession:
    """Remembers the last tap, in memory and only by the card's random id, until the next one."""

    def __init__(self) -> None:
        self._last: _HolderTap | None = None
        self._companions: deque[int] = deque(maxlen=REMEMBERED)

    def follows(self, credential: TapCredential, time_ms: int) -> int:
        """The sequence of the holder's tap right before this companion card's; 0 if there is none."""
        last = self._last
        if last is None or not together(last.time_ms, time_ms):
            return 0
        return last.sequence if credential.is_companion_of(last.card_id) else 0

    def note(self, sequence: int, time_ms: int, credential: TapCredential | None, granted: bool) -> None:
        """A tap was recorded: of this verified card, or of one that was refused (None)."""
        if credential is not None and granted and self.follows(credential, time_ms):
            self._companions.append(sequence)
        if credential is None or credential.is_companion_card or not granted:
            self._last = None
        else:
            self._last = _HolderTap(sequence, time_ms, credential.card_id)

    def has_companion(self, sequence: int) -> bool:
        """Whether the tap after this one was a companion card's, granted because it came behind this one."""
        return sequence + 1 in self._companions

    def forget(self) -> None:
        """Something other than a tap came between."""
        self._last = None


def together(first_ms: int, second_ms: int) -> bool:
    """Whether two taps at these times belong together."""
    return 0 <= second_ms - first_ms <= TOGETHER_MS
