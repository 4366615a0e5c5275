"""What time it is for validity, rules and the journal, however the wall clock was set.

Time never runs back behind what is known: the time of the event before, moved on by the monotonic clock, and
the date of content that the centre signed. A wall clock that reads earlier is marked, and the known time is
taken in its place; so nobody makes an expired card valid, or yesterday's quota fresh, by turning it back. A
time service alone may correct a clock that was ahead. A free clock that is over a year ahead of everything
known is not believed either.

    keeper = Timekeeper(clock, Known(last_event_ms, reading_of_last_event, signed_ms))
    moment = keeper.now()
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from terminal.clock import Clock, ClockReading, ClockSource
from terminal.events.event import ClockTrust

# Less than this is the drift of two clocks and the time between two readings, no setting.
TOLERANCE_MS: Final = 2_000
# A free clock that moves on by more than this against the monotonic one was set.
STEP_MS: Final = 60_000
# A free clock that is further ahead than this of all that is known is not believed.
PLAUSIBLE_MS: Final = 400 * 86_400_000
# The centre's clock and a time service's may differ by this.
LEEWAY_MS: Final = 86_400_000


@dataclass(frozen=True)
class Moment:
    """A judged time.

    Attributes:
        time_ms: by which everything is judged; milliseconds since 1970 UTC.
        trust: what it is worth.
        reading: what the clocks said.
    """

    time_ms: int
    trust: ClockTrust
    reading: ClockReading


class _Known(NamedTuple):
    """A time that has certainly passed, and where the monotonic clock stood then."""

    time_ms: int
    boot: bytes
    monotonic_ms: int

    def by_now(self, reading: ClockReading) -> int:
        """The least that the time can be at a later reading."""
        if self.boot != reading.boot:
            return self.time_ms
        return self.time_ms + max(0, reading.monotonic_ms - self.monotonic_ms)


class Timekeeper:
    """Judges the clock against what is known; one a journal."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known = _Known(0, b"", 0)
        self._signed_ms = 0

    def learn(self, time_ms: int, boot: bytes, monotonic_ms: int) -> None:
        """An event was judged at this time when the monotonic clock of that boot stood there."""
        self._known = _Known(time_ms, boot, monotonic_ms)

    def learn_signed(self, time_ms: int) -> None:
        """The centre signed something at this time."""
        self._signed_ms = max(self._signed_ms, time_ms)

    def now(self) -> Moment:
        """The time, judged."""
        reading = self._clock.read()
        least = self._known.by_now(reading)
        if reading.source is ClockSource.SYNCHRONISED and reading.wall_ms + LEEWAY_MS >= self._signed_ms:
            corrected = reading.wall_ms + TOLERANCE_MS < least
            trust = ClockTrust.CORRECTED if corrected else ClockTrust.SYNCHRONISED
            return Moment(reading.wall_ms, trust, reading)
        least = max(least, self._signed_ms)
        if reading.wall_ms + TOLERANCE_MS < least:
            return Moment(least, ClockTrust.SET_BACK, reading)
        if least and reading.wall_ms - least > PLAUSIBLE_MS:
            # A clock without a battery may start anywhere. Whoever believes 2037 once refuses every card as
            # expired for years; a terminal that did stand still so long gets the time with new content.
            return Moment(least, ClockTrust.STEPPED, reading)
        stepped = self._known.boot == reading.boot and reading.wall_ms - least > STEP_MS
        trust = ClockTrust.STEPPED if stepped else ClockTrust.FREE
        return Moment(max(reading.wall_ms, least), trust, reading)
