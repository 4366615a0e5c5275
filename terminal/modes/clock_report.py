"""What a terminal's clock reads, what is certain, and by which time taps are judged: for technicians."""

from __future__ import annotations

from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

import msgspec

from crypto.explained import ExplainedError, Text
from terminal.errors import ClockAhead, ClockDoubtful
from terminal.events.event import ClockTrust
from terminal.timekeeping import Moment

_SAID: Final = Text(
    zh="时间：现按 {judged} 判断（{trust}；时钟显示 {reads}，确知已到 {known}）",
    en="Time: judged by {judged} ({trust}; the clock reads {reads}, certain is {known})",
)
_TRUST: Final = MappingProxyType(
    {
        ClockTrust.SYNCHRONISED: Text(zh="时间同步", en="kept by a time service"),
        ClockTrust.CORRECTED: Text(zh="时间同步已校正", en="corrected by a time service"),
        ClockTrust.FREE: Text(zh="未同步，未见异常", en="kept by nobody, nothing against it"),
        ClockTrust.STEPPED: Text(zh="未同步，曾向前跳变", en="kept by nobody, it jumped ahead"),
        ClockTrust.SET_BACK: Text(zh="落后于确知的时间", en="behind what is certain"),
    }
)


class ClockReport(msgspec.Struct, frozen=True, kw_only=True):
    """A judged time; milliseconds since 1970 UTC, `known_ms` what has certainly passed."""

    trust: ClockTrust
    reads_ms: int
    known_ms: int
    judged_ms: int

    @classmethod
    def of(cls, moment: Moment) -> ClockReport:
        """The report of this moment."""
        return cls(
            trust=moment.trust,
            reads_ms=moment.reading.wall_ms,
            known_ms=moment.known_ms,
            judged_ms=moment.time_ms,
        )

    def to_text(self) -> Text:
        """The same for people."""
        trust = _TRUST[self.trust]
        times = {
            "judged": _shown(self.judged_ms),
            "reads": _shown(self.reads_ms),
            "known": _shown(self.known_ms),
        }
        return Text(zh=_SAID.zh.format(trust=trust.zh, **times), en=_SAID.en.format(trust=trust.en, **times))


def clock_trouble(moment: Moment) -> ExplainedError | None:
    """Why this moment's clock is doubtful; None where it is not."""
    if moment.trust not in (ClockTrust.SET_BACK, ClockTrust.STEPPED):
        return None
    reads, known = _shown(moment.reading.wall_ms), _shown(moment.known_ms)
    # Judged by another time than it shows: it is behind what is known, or ahead beyond belief.
    is_ahead = moment.time_ms == moment.reading.wall_ms
    return ClockAhead(reads=reads, known=known) if is_ahead else ClockDoubtful(reads=reads, known=known)


def _shown(at_ms: int) -> str:
    return datetime.fromtimestamp(max(0, at_ms) // 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
