"""What a terminal works without, named: so that whoever runs it hears when that begins and when it ends.

`degradations` is pure; `LiveCondition` asks a running terminal, at a cost of some microseconds a tap.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from crypto.explained import ExplainedError
from terminal.configuration import CareSettings
from terminal.content.content import Content
from terminal.content.live import ContentSource
from terminal.decisions.decide import local_date
from terminal.hotlist.errors import StandingListMissing
from terminal.journal.writer import CHECKPOINT_EVERY
from terminal.modes.clock_report import clock_trouble
from terminal.modes.errors import HotlistStale, JournalUnsigned, TrainingMode
from terminal.timekeeping import Moment, Timekeeper

#: A checkpoint that could not be stored is made up for at the next; two in a row are no accident.
MAX_UNSIGNED: Final = 2 * CHECKPOINT_EVERY


class DegradationKind(StrEnum):
    """Everything that a terminal can be told to work without."""

    CONTENT_UNUSABLE = "content_unusable"  # the newest publication; the one before it is in force
    LISTS_MISSING = "lists_missing"
    HOTLIST_STALE = "hotlist_stale"
    CLOCK_DOUBTFUL = "clock_doubtful"
    DISK_NEARLY_FULL = "disk_nearly_full"
    JOURNAL_UNSIGNED = "journal_unsigned"
    NO_PSAM = "no_psam"
    TRAINING = "training"

    @property
    def is_serious(self) -> bool:
        """Whether somebody may be decided upon wrongly, or soon not at all, until it is mended."""
        return self not in (DegradationKind.JOURNAL_UNSIGNED, DegradationKind.TRAINING)


@dataclass(frozen=True)
class Degradation:
    """One of them, and what to tell of it: cause and next step."""

    kind: DegradationKind
    error: ExplainedError


class StorageState(Protocol):
    """The disk that the journal lies on."""

    def trouble(self) -> ExplainedError | None:
        """What whoever looks after the terminal should know of it now."""


class PsamState(Protocol):
    """The PSAM that the terminal is set to have."""

    def trouble(self) -> ExplainedError | None:
        """Why it can't be used now."""


@dataclass(frozen=True)
class Condition:
    """How a terminal stands at one moment; `content` is what is in force, None where there is none.

    `content_trouble`: why the newest publication is not in force. `unsigned`: how many events stand unsigned.
    """

    moment: Moment
    content: Content | None
    content_trouble: ExplainedError | None = None
    storage: ExplainedError | None = None
    psam: ExplainedError | None = None
    unsigned: int = 0
    is_training: bool = False


def degradations(condition: Condition, care: CareSettings) -> tuple[Degradation, ...]:
    """What is wanting, in the order of DegradationKind."""
    found: dict[DegradationKind, ExplainedError | None] = {
        DegradationKind.CONTENT_UNUSABLE: condition.content_trouble,
        DegradationKind.LISTS_MISSING: None if condition.content is None else condition.content.missing,
        DegradationKind.HOTLIST_STALE: _stale_hotlist(condition, care),
        DegradationKind.CLOCK_DOUBTFUL: clock_trouble(condition.moment),
        DegradationKind.DISK_NEARLY_FULL: condition.storage,
        DegradationKind.JOURNAL_UNSIGNED: _unsigned_journal(condition),
        DegradationKind.NO_PSAM: condition.psam,
        DegradationKind.TRAINING: TrainingMode() if condition.is_training else None,
    }
    return tuple(Degradation(kind, error) for kind, error in found.items() if error is not None)


@dataclass
class DegradationWatch:
    """Remembers what was told, so that each is told when it begins or changes its code, and when it ends."""

    care: CareSettings
    _told: dict[DegradationKind, Degradation] = field(default_factory=dict)

    def changes(self, condition: Condition) -> tuple[Sequence[Degradation], Sequence[Degradation]]:
        """What has begun since the last call, and what has ended."""
        now = {one.kind: one for one in degradations(condition, self.care)}
        begun = [
            one
            for one in now.values()
            if (told := self._told.get(one.kind)) is None or told.error.code != one.error.code
        ]
        ended = [one for kind, one in self._told.items() if kind not in now]
        self._told = now
        return begun, ended


class LiveCondition:
    """How a running terminal stands, each time it is called."""

    def __init__(  # noqa: PLR0917  what it asks
        self,
        contents: ContentSource,
        timekeeper: Timekeeper,
        unsigned: Callable[[], int],
        storage: StorageState,
        psam: PsamState | None,
        is_training: bool,
    ) -> None:
        self._contents, self._timekeeper, self._unsigned = contents, timekeeper, unsigned
        self._storage, self._psam, self._is_training = storage, psam, is_training
        self._content: Content | None = None
        self._content_trouble: ExplainedError | None = None

    def __call__(self) -> Condition:
        """The terminal's condition now."""
        content = self._contents.current()
        if content is not self._content:
            # What came after the trouble is in force.
            self._content, self._content_trouble = content, None
        trouble = self._contents.take_trouble()
        # Of content that is in force, it says itself which lists it lacks.
        if trouble is not None and not isinstance(trouble, StandingListMissing):
            self._content_trouble = trouble
        return Condition(
            moment=self._timekeeper.now(),
            content=content,
            content_trouble=self._content_trouble,
            storage=self._storage.trouble(),
            psam=None if self._psam is None else self._psam.trouble(),
            unsigned=self._unsigned(),
            is_training=self._is_training,
        )


def _stale_hotlist(condition: Condition, care: CareSettings) -> HotlistStale | None:
    if condition.content is None:
        return None
    age = condition.content.hotlist.age(local_date(condition.moment.time_ms))
    return HotlistStale(age=age, allowed=care.hotlist_days) if age > care.hotlist_days else None


def _unsigned_journal(condition: Condition) -> JournalUnsigned | None:
    if condition.unsigned <= MAX_UNSIGNED:
        return None
    return JournalUnsigned(unsigned=condition.unsigned, allowed=MAX_UNSIGNED)
