"""The days over which a quota counts."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias

MonthDay: TypeAlias = tuple[int, int]


@dataclass(frozen=True)
class Window:
    """First and last day, both included; nothing of one window is carried over to the next."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError("a window ends before it begins")

    @classmethod
    def day_of(cls, day: date) -> Window:
        """This day."""
        return cls(day, day)

    @classmethod
    def month_of(cls, day: date) -> Window:
        """The calendar month of this day."""
        _, days = monthrange(day.year, day.month)
        return cls(day.replace(day=1), day.replace(day=days))

    @classmethod
    def year_of(cls, day: date) -> Window:
        """The calendar year of this day."""
        return cls(date(day.year, 1, 1), date(day.year, 12, 31))

    @classmethod
    def season_of(cls, day: date, from_month_day: MonthDay, until_month_day: MonthDay) -> Window:
        """The season of this day's year, whether the day lies in it or not.

        The two are (month, day), the first no later than the second and neither 29 February, which not every
        year has. Raises ValueError otherwise.
        """
        return cls(date(day.year, *from_month_day), date(day.year, *until_month_day))

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last
