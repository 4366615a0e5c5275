"""What an attendance desk shows: the same for everybody, and never who is here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Final

from crypto.explained import Text
from terminal.displays import JsonDisplay
from terminal.modes.attendance import AttendanceBook
from terminal.modes.attendance_answer import Attendance
from terminal.modes.unpaid_display import UnpaidLineDisplay
from terminal.wording import LOOK_AT_SCREEN

_CHINA: Final = timezone(timedelta(hours=8))
_BYSTANDER: Final[Mapping[Attendance, Text]] = MappingProxyType(
    {
        Attendance.CAME: Text(zh="已签到", en="Checked in"),
        Attendance.LEFT: Text(zh="已签退", en="Checked out"),
        Attendance.ACCOMPANIED: Text(zh="已登记", en="Recorded"),
        Attendance.AGAIN: Text(zh="刚才已刷过", en="Done already"),
        Attendance.FULL: LOOK_AT_SCREEN,
        Attendance.COMPANION_ALONE: LOOK_AT_SCREEN,
    }
)
_STAFF: Final[Mapping[Attendance, Text]] = MappingProxyType(
    {
        Attendance.FULL: Text(zh="人数已满，没有签到。", en="No room is left: not checked in."),
        Attendance.COMPANION_ALONE: Text(
            zh="请先刷持卡人的证，再刷这张。", en="Tap the holder's card first, then this one."
        ),
    }
)
_PRESENT: Final = Text(zh="{text}　在场 {present} 人", en="{text}  present: {present}")
_NEEDS_GUARDIAN: Final = Text(
    zh="请监护人随后刷卡，或由工作人员确认：g 在场，x 不在场",
    en="Let the guardian tap next, or confirm: g here, x not here",
)
_GUARDIAN: Final[Mapping[bool, Text]] = MappingProxyType(
    {
        True: Text(zh="第 {sequence} 号：监护人已确认", en="No. {sequence}: guardian confirmed"),
        False: Text(zh="第 {sequence} 号：没有监护人，已撤销", en="No. {sequence}: no guardian, withdrawn"),
    }
)
_ON_THE_LIST: Final = Text(zh="第 {sequence} 号，{since} 起", en="No. {sequence}, since {since}")
_UNMATCHED: Final = Text(
    zh="本机重启前签到的 {count} 人不在其内，他们的签退无法对上，请人工核对。",
    en="{count} who came before this machine was started anew are not among them: their leaving can't be "
    "matched, count them by eye.",
)
_INTERRUPTED: Final = Text(
    zh="上次运行中断：{count} 次没有等到确认的刷卡已撤销。",
    en="The program was broken off before: {count} taps that nobody had confirmed are withdrawn.",
)
_DAY_CLOSED: Final = Text(
    zh="{day} 已结束：{count} 人未签退，考勤按日重新开始。",
    en="{day} is over: {count} had not checked out. Attendance starts anew each day.",
)


class CheckInLineDisplay(UnpaidLineDisplay):
    """Lines for a person."""

    def attendance(self, answer: Attendance, sequence: int, present: int, needs_guardian: bool) -> None:
        """A tap was recorded."""
        text = _BYSTANDER[answer].in_language(self._language)
        self._say(_PRESENT.format(text=text, present=present).in_language(self._language))
        if needs_guardian:
            self._say(f"  {_NEEDS_GUARDIAN.in_language(self._language)}")
        if answer in _STAFF:
            self._say_to_staff(_STAFF[answer].in_language(self._language))

    def guardian(self, sequence: int, is_here: bool, present: int) -> None:
        """A coming or going that waited for a guardian is settled."""
        text = _GUARDIAN[is_here].format(sequence=sequence).in_language(self._language)
        self._say(_PRESENT.format(text=text, present=present).in_language(self._language))

    def presences(self, book: AttendanceBook) -> None:
        """Who is here."""
        for line in presence_lines(book):
            self._say(line.in_language(self._language))

    def interrupted(self, withdrawn: int) -> None:
        """The desk before was broken off with the program."""
        self._say(_INTERRUPTED.format(count=withdrawn).in_language(self._language))

    def day_closed(self, day: date, still_present: int) -> None:
        """Midnight."""
        self._say(_DAY_CLOSED.format(day=day, count=still_present).in_language(self._language))


class CheckInJsonDisplay(JsonDisplay):
    """JSON lines for a program."""

    def attendance(self, answer: Attendance, sequence: int, present: int, needs_guardian: bool) -> None:
        """A tap was recorded."""
        self._write(
            {
                "state": "attendance",
                "answer": answer.value,
                "sequence": sequence,
                "present": present,
                "needs_guardian": needs_guardian,
                "bystander_zh": _BYSTANDER[answer].zh,
                "bystander_en": _BYSTANDER[answer].en,
            }
        )

    def guardian(self, sequence: int, is_here: bool, present: int) -> None:
        """A coming or going that waited for a guardian is settled."""
        self._write({"state": "guardian", "sequence": sequence, "here": is_here, "present": present})

    def presences(self, book: AttendanceBook) -> None:
        """Who is here."""
        self._write({"state": "presences", **presence_document(book)})

    def interrupted(self, withdrawn: int) -> None:
        """The desk before was broken off with the program."""
        self._write({"state": "interrupted", "cancelled": withdrawn})

    def day_closed(self, day: date, still_present: int) -> None:
        """Midnight."""
        self._write({"state": "day_closed", "day": day.isoformat(), "still_present": still_present})


def presence_lines(book: AttendanceBook) -> list[Text]:
    """Who is here, for a person."""
    lines = [_PRESENT.format(text=book.day.isoformat(), present=book.present)]
    lines += [
        _ON_THE_LIST.format(
            sequence=one.sequence, since=datetime.fromtimestamp(one.since_ms / 1000, _CHINA).strftime("%H:%M")
        )
        for one in book.presences()
    ]
    if book.unmatched:
        lines.append(_UNMATCHED.format(count=book.unmatched))
    return lines


def presence_document(book: AttendanceBook) -> dict[str, object]:
    """Who is here, for a program."""
    return {
        "day": book.day.isoformat(),
        "present": book.present,
        "unmatched": book.unmatched,
        "list": [
            {
                "sequence": one.sequence,
                "since": datetime.fromtimestamp(one.since_ms / 1000, UTC).isoformat(timespec="seconds"),
            }
            for one in book.presences()
        ],
    }
