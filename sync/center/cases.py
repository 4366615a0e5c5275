"""Needs as cases that staff work on: their state, their answers, and what of them is published.

This module never sees a holder's words: they stay sealed in their events (sync.center.case_intake).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from sync.center.audit import AuditEntry, enter
from sync.center.store import CenterStore
from sync.errors import CaseUnknown
from terminal.decisions.decide import local_date
from terminal.needs.answers import (
    MAX_ANSWER_BYTES,
    MAX_ANSWER_CHARACTERS,
    MAX_ENTRIES,
    NO_ANSWERS,
    Answer,
    CaseStatus,
    NeedAnswers,
    seal_answers,
)
from terminal.needs.wording_rules import cleaned

#: How long a closed case is still shown to its holder.
CLOSED_SHOWN_MS: Final = 90 * 86_400_000


@dataclass(frozen=True)
class Case:
    """One need as staff see it in a list; `card` is the holder's pseudonym, times in milliseconds."""

    id: int
    terminal: bytes
    epoch: int
    sequence: int
    operator: str
    item: str
    relation: str
    card: bytes
    asked_ms: int
    status: CaseStatus
    zh: str
    en: str
    changed_ms: int

    def __repr__(self) -> str:
        return f"Case({self.id})"


_NAMES: Final = tuple(field.name for field in fields(Case))
_COLUMNS: Final = ", ".join(_NAMES)


def list_cases(store: CenterStore, status: CaseStatus | None = None) -> list[Case]:
    """All cases, or those that stand so; oldest first."""
    with store.reading() as connection:
        rows = connection.execute(
            f"SELECT {_COLUMNS} FROM needs WHERE ? IN ('', status) ORDER BY id",  # noqa: S608 - our own names
            (status or "",),
        ).fetchall()
    return [_case(row) for row in rows]


def find_case(store: CenterStore, case: int) -> Case:
    """One case. Raises CaseUnknown."""
    with store.reading() as connection:
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM needs WHERE id = ?",  # noqa: S608 - our own names
            (case,),
        ).fetchone()
    if row is None:
        raise CaseUnknown(case=case)
    return _case(row)


def answer_case(  # noqa: PLR0917  what is said, who says it, and when
    store: CenterStore, case: int, status: CaseStatus, zh: str, en: str, actor: str, now_ms: int
) -> Case:
    """Put a case into this state; an empty text leaves what was answered before.

    Entered in the audit with `actor`. Raises CaseUnknown, and WordsRefused for a text that can't be shown.
    """
    said = [cleaned(text, MAX_ANSWER_CHARACTERS, MAX_ANSWER_BYTES) for text in (zh, en)]
    found = find_case(store, case)
    with store.transaction() as connection:
        connection.execute(
            "UPDATE needs SET status = ?, zh = ?, en = ?, changed_ms = ? WHERE id = ?",
            (status, said[0] or found.zh, said[1] or found.en, now_ms, case),
        )
        entry = AuditEntry(now_ms, actor, f"need-{status}", found.terminal, found.epoch, found.sequence)
        enter(connection, entry)
    return find_case(store, case)


def published_answers(store: CenterStore, now_ms: int) -> NeedAnswers:
    """What the next publication tells holders: all cases but those closed long ago."""
    with store.reading() as connection:
        rows = connection.execute(
            "SELECT secret, id, item, asked_ms, status, changed_ms, zh, en FROM needs "
            "WHERE status <> ? OR changed_ms > ? ORDER BY changed_ms DESC",
            (CaseStatus.CLOSED, now_ms - CLOSED_SHOWN_MS),
        ).fetchall()
    by_card: dict[bytes, list[Answer]] = defaultdict(list)
    for secret, case, item, asked_ms, status, changed_ms, zh, en in rows:
        # Where there are more cards than a file takes, those that wait longest for news do without.
        if secret in by_card or len(by_card) < MAX_ENTRIES:
            asked, changed = local_date(asked_ms), local_date(changed_ms)
            by_card[secret].append(Answer(case, item, asked, CaseStatus(status), changed, zh, en))
    return seal_answers(by_card) if by_card else NO_ANSWERS


def _case(row: Sequence[Any]) -> Case:
    case = dict(zip(_NAMES, row, strict=True))
    return Case(**case | {"status": CaseStatus(case["status"])})
