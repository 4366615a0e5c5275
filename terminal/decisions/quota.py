"""Quotas: how often a benefit is given in a day, a month, a year or a season."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from terminal.decisions.window import MonthDay, Window


class QuotaPeriod(StrEnum):
    """What a quota is counted over; all by the calendar in China's time."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"
    SEASON = "season"


@dataclass(frozen=True)
class OpenQuota:
    """A quota whose window is open: `name` is "pack/id", `uses` how many each card has in the window."""

    name: str
    uses: int
    window: Window


@dataclass(frozen=True)
class Quota:
    """`uses` benefits a card in each window; `season`: first and last (month, day), for that period alone."""

    name: str
    uses: int
    per: QuotaPeriod
    season: tuple[MonthDay, MonthDay] | None = None

    def window(self, on: date) -> Window:
        """The window of the day, month or year that `on` lies in; or the season of its year."""
        match self.per:
            case QuotaPeriod.DAY:
                return Window.day_of(on)
            case QuotaPeriod.MONTH:
                return Window.month_of(on)
            case QuotaPeriod.YEAR:
                return Window.year_of(on)
            case QuotaPeriod.SEASON:
                assert self.season is not None  # noqa: S101 - the pack's reading saw to it
                return Window.season_of(on, *self.season)

    def opened(self, on: date) -> OpenQuota | None:
        """The quota with its window; None out of season."""
        window = self.window(on)
        return OpenQuota(self.name, self.uses, window) if on in window else None

    def opens_next(self, on: date) -> date:
        """The first day of the first window after the one that `on` lies in, or out of which it lies."""
        window = self.window(on)
        if on < window.first:
            return window.first
        if self.per is QuotaPeriod.SEASON:
            return window.first.replace(year=on.year + 1)
        return window.last + timedelta(days=1)
