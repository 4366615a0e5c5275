"""What time it is for validity, rules and the journal, however the wall clock was set.

Time never runs back behind what is known: the time of the last event that was not doubtful, moved on by the
monotonic clock, and what the centre signed. A wall clock that reads earlier is marked, and the known time is
taken in its place; so nobody makes an expired card valid, or yesterday's quota fresh, by turning it back.

A free clock that jumps ahead is judged by, and marked, but teaches nothing: once it is right again, so is the
terminal. One that is over a year ahead of everything is not even judged by. What a jump is depends on what
can be told: over a boot the machine may have been off; once a clock was right on a boot, the monotonic clock
shows every setting. So what is known outruns the true time by REST_MS a boot and DRIFT_MS, whatever is set.

    keeper = Timekeeper(clock)
    keeper.learn(event)  # each event, in order
    moment = keeper.now()
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from terminal.clock import Clock, ClockReading, ClockSource
from terminal.events.event import ClockTrust

# Less than this is the drift of two clocks and the time between two readings, no setting.
TOLERANCE_MS: Final = 2_000
# A free clock that moves on by more than this against the monotonic one was set.
STEP_MS: Final = 60_000
# Nor may lesser steps come to more than this on one boot: two years of a quartz that somebody keeps right.
DRIFT_MS: Final = 3_600_000
# For so long a terminal may be off and its free clock still be taken for right: the longest holiday is nine
# days. It is also the most by which a clock that was wrong at a boot can move the known time ahead.
REST_MS: Final = 10 * 86_400_000
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
        known_ms: what has certainly passed; 0 where nothing is known.
    """

    time_ms: int
    trust: ClockTrust
    reading: ClockReading
    known_ms: int

    @property
    def settled_ms(self) -> int:
        """The time for what can't be undone, as destroying a key: of a doubtful clock only what is known."""
        return self.known_ms if self.trust is ClockTrust.STEPPED else self.time_ms


class Stamped(Protocol):
    """What an event says of its time (terminal.events.event.UsageEvent)."""

    @property
    def time_ms(self) -> int:
        """By which it was judged."""

    @property
    def clock(self) -> ClockTrust:
        """What that was worth."""

    @property
    def boot(self) -> bytes:
        """The boot that the monotonic clock counted from."""

    @property
    def monotonic_ms(self) -> int:
        """Where that stood."""


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
        # When the clock was first right on its boot, or last kept by a time service. Until then it may be
        # behind, and whoever sets it right sets it ahead.
        self._right = self._known
        self._last_ms = self._signed_ms = 0

    def learn(self, event: Stamped) -> None:
        """An event was recorded. While the clock is ahead, its time teaches only that it was seen before."""
        self._last_ms = event.time_ms
        if event.clock is ClockTrust.STEPPED:
            return
        self._known = _Known(event.time_ms, event.boot, event.monotonic_ms)
        if event.clock is ClockTrust.FREE and event.boot == self._right.boot:
            return  # or it could be walked ahead, a little a tap
        if event.clock is not ClockTrust.SET_BACK:
            self._right = self._known

    def learn_signed(self, time_ms: int) -> None:
        """The centre signed something at this time."""
        self._signed_ms = max(self._signed_ms, time_ms)

    def runs_on(self, boot: bytes) -> bool:
        """Whether the monotonic clock still counts from this boot."""
        return self._clock.read().boot == boot

    def now(self) -> Moment:
        """The time, judged."""
        reading = self._clock.read()
        passed = self._known.by_now(reading)
        if reading.source is ClockSource.SYNCHRONISED and reading.wall_ms + LEEWAY_MS >= self._signed_ms:
            corrected = reading.wall_ms + TOLERANCE_MS < passed
            trust = ClockTrust.CORRECTED if corrected else ClockTrust.SYNCHRONISED
            return Moment(reading.wall_ms, trust, reading, reading.wall_ms)
        known = max(passed, self._signed_ms)
        if reading.wall_ms + TOLERANCE_MS < known:
            return Moment(known, ClockTrust.SET_BACK, reading, known)
        if known and reading.wall_ms - max(known, self._last_ms) > PLAUSIBLE_MS:
            # A clock without a battery may start anywhere: by 2037 every card has expired. Against the last
            # event, too, so that time goes on where nothing is signed for years after a long rest.
            return Moment(known, ClockTrust.STEPPED, reading, known)
        trust = ClockTrust.STEPPED if known and self._has_jumped(reading, known) else ClockTrust.FREE
        return Moment(max(reading.wall_ms, known), trust, reading, known)

    def _has_jumped(self, reading: ClockReading, known: int) -> bool:
        """Whether a free clock is further ahead of what is known than it can be without having been set."""
        if self._right.boot != reading.boot:
            return reading.wall_ms - known > REST_MS
        least = max(self._right.by_now(reading), self._signed_ms)
        return reading.wall_ms - known > STEP_MS or reading.wall_ms - least > DRIFT_MS
