"""Windows and the quotas that count in them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.decisions.quota import OpenQuota, Quota, QuotaPeriod
from terminal.decisions.window import Window

DAYS = st.dates(date(1970, 1, 1), date(9998, 12, 31))
SUMMER = Quota("p/summer", 3, QuotaPeriod.SEASON, ((5, 1), (10, 31)))
QUOTAS = [Quota("p/q", 3, per) for per in QuotaPeriod if per is not QuotaPeriod.SEASON]


@pytest.mark.parametrize(
    ("window", "first", "last"),
    [
        (Window.day_of(date(2026, 5, 17)), date(2026, 5, 17), date(2026, 5, 17)),
        (Window.month_of(date(2026, 2, 28)), date(2026, 2, 1), date(2026, 2, 28)),
        (Window.month_of(date(2028, 2, 1)), date(2028, 2, 1), date(2028, 2, 29)),
        (Window.month_of(date.max), date(9999, 12, 1), date(9999, 12, 31)),
        (Window.year_of(date(2026, 5, 17)), date(2026, 1, 1), date(2026, 12, 31)),
        (Window.season_of(date(2026, 1, 2), (5, 1), (10, 31)), date(2026, 5, 1), date(2026, 10, 31)),
    ],
)
def test_windows_are_the_calendar_s(window: Window, first: date, last: date) -> None:
    assert window == Window(first, last)


def test_a_season_does_not_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="ends before it begins"):
        Window.season_of(date(2026, 1, 2), (10, 1), (3, 31))


@given(st.sampled_from(QUOTAS), DAYS)
def test_every_day_lies_in_one_window_and_the_next_follows_at_once(quota: Quota, day: date) -> None:
    window, following = quota.window(day), quota.opens_next(day)

    assert day in window
    assert following == window.last + timedelta(days=1)
    assert quota.window(following).first == following
    assert quota.opened(day) == OpenQuota("p/q", 3, window)
    assert all(quota.window(other) == window for other in (window.first, window.last))


@pytest.mark.parametrize(
    ("day", "opened", "opens_next"),
    [
        (date(2026, 4, 30), False, date(2026, 5, 1)),
        (date(2026, 5, 1), True, date(2027, 5, 1)),
        (date(2026, 10, 31), True, date(2027, 5, 1)),
        (date(2026, 11, 1), False, date(2027, 5, 1)),
    ],
)
def test_a_season_is_open_between_its_days_alone(day: date, opened: bool, opens_next: date) -> None:
    assert (SUMMER.opened(day) is not None) is opened
    assert SUMMER.opens_next(day) == opens_next
