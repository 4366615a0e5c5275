"""What an attendance desk answers to a tap."""

from __future__ import annotations

from enum import StrEnum


class Attendance(StrEnum):
    """What came of a tap at an attendance desk; the value of one that changed nothing is sealed with it."""

    CAME = "came"
    LEFT = "left"
    ACCOMPANIED = "accompanied"  # the companion card, directly behind its holder's
    AGAIN = "again"  # tapped twice: done already
    FULL = "full"
    COMPANION_ALONE = "companion_alone"  # a companion card whose holder did not tap before it

    @property
    def changes_nothing(self) -> bool:
        """Whether whoever was here or not is as before."""
        return self in (Attendance.AGAIN, Attendance.FULL, Attendance.COMPANION_ALONE)
