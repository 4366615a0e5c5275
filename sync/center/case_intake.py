"""Taking up what holders left: needs become cases, ratings rows; and reading a case's words for staff.

Only what was examined and found proven is taken up. The words themselves are opened for whoever reads a case,
which the audit tells, and are stored nowhere but sealed in their events.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from crypto.credential import TapCredential
from crypto.errors import CredentialMalformed, SealBroken
from crypto.explained import Text
from sync.center.audit import AuditEntry, enter
from sync.center.cases import Case, find_case
from sync.center.directory import Center
from sync.center.evidence import examine_events
from sync.center.unsealing import Unsealer
from sync.errors import CaseNotReadable, VoiceNotThere
from terminal.events.errors import EventMalformed
from terminal.events.event import SealedEvidence, UsageEvent
from terminal.events.voice import SealedVoice
from terminal.needs.answers import CaseStatus, answer_secret
from terminal.needs.contents import Left, Need, VoiceNote, left_from_text
from terminal.needs.errors import NeedMalformed

_NEW = """
    SELECT bytes, examined.operator, examined.day, examined.card
    FROM examined JOIN events USING (terminal, epoch, sequence)
    WHERE examined.kind IN ('need', 'rating') AND examined.proof = 'valid' AND examined.agrees
    AND NOT EXISTS (SELECT 1 FROM needs AS taken WHERE taken.terminal = events.terminal
        AND taken.epoch = events.epoch AND taken.sequence = events.sequence)
    AND NOT EXISTS (SELECT 1 FROM ratings AS taken WHERE taken.terminal = events.terminal
        AND taken.epoch = events.epoch AND taken.sequence = events.sequence)
    ORDER BY terminal, epoch, sequence
"""
_NONE_LEFT: Final = Text(zh="没有留录音", en="none was left")
_NOT_SENT: Final = Text(zh="终端尚未上传", en="its terminal has not sent it yet")
_ANOTHER: Final = Text(zh="收到的不是持卡人留下的那份", en="what came is not what the holder left")


@dataclass(frozen=True)
class CaseWords:
    """A case with what was said."""

    case: Case
    need: Need


def take_up(center: Center, now_ms: int) -> int:
    """Examine what is new, and take up the needs and ratings among it; how many. Safe to repeat any time."""
    examine_events(center)
    with center.store.reading() as connection:
        rows = connection.execute(_NEW).fetchall()
    found = list(_opened(center, rows))
    with center.store.transaction() as connection:
        for new in found:
            new.keep(connection, now_ms)
    return len(found)


def read_case(center: Center, case: int, actor: str, now_ms: int) -> CaseWords:
    """What a holder said; entered in the audit with `actor` before. Raises CaseUnknown, CaseNotReadable."""
    found = find_case(center.store, case)
    with center.store.transaction() as connection:
        _audit(connection, found, "need-read", actor, now_ms)
        row = connection.execute(
            "SELECT bytes FROM events WHERE terminal = ? AND epoch = ? AND sequence = ?",
            (found.terminal, found.epoch, found.sequence),
        ).fetchone()
    try:
        left = left_from_text(Unsealer(center).open(UsageEvent.from_bytes(row[0] if row else b"")).words)
    except (EventMalformed, SealBroken, NeedMalformed) as error:
        raise CaseNotReadable(case=case) from error
    if not isinstance(left, Need):
        raise CaseNotReadable(case=case)
    return CaseWords(found, left)


def hear_case(center: Center, case: int, actor: str, now_ms: int) -> bytes:
    """The recording that goes with a case, as its event names it. Raises also VoiceNotThere."""
    said = read_case(center, case, actor, now_ms)
    if said.need.voice is None:
        raise VoiceNotThere(case=case, detail=_NONE_LEFT)
    with center.store.transaction() as connection:
        _audit(connection, said.case, "need-heard", actor, now_ms)
        row = connection.execute(
            "SELECT bytes FROM voices WHERE terminal = ? AND epoch = ? AND sequence = ?",
            (said.case.terminal, said.case.epoch, said.case.sequence),
        ).fetchone()
    if row is None:
        raise VoiceNotThere(case=case, detail=_NOT_SENT)
    try:
        voice = SealedVoice.from_bytes(row[0]).open(center.keys.sealing)
    except (EventMalformed, SealBroken) as error:
        raise VoiceNotThere(case=case, detail=_ANOTHER) from error
    if VoiceNote.of(voice) != said.need.voice:
        raise VoiceNotThere(case=case, detail=_ANOTHER)
    return voice


def _audit(connection: sqlite3.Connection, case: Case, action: str, actor: str, now_ms: int) -> None:
    enter(connection, AuditEntry(now_ms, actor, action, case.terminal, case.epoch, case.sequence))


@dataclass(frozen=True)
class _New:
    """One event to be taken up, opened."""

    event: UsageEvent
    operator: str
    day: str
    card: bytes
    credential: TapCredential
    left: Left

    def keep(self, connection: sqlite3.Connection, now_ms: int) -> None:
        """Its row; nothing where it is there already."""
        place = (self.event.terminal, self.event.epoch, self.event.sequence)
        if isinstance(self.left, Need):
            connection.execute(
                "INSERT INTO needs (terminal, epoch, sequence, operator, item, relation, card, asked_ms, "
                "secret, status, zh, en, changed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', ?) "
                "ON CONFLICT DO NOTHING",
                (
                    *place,
                    self.operator,
                    self.left.item,
                    self.left.relation,
                    self.card,
                    self.event.time_ms,
                    answer_secret(self.credential),
                    CaseStatus.RECEIVED,
                    now_ms,
                ),
            )
            return
        connection.execute(
            "INSERT INTO ratings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                *place,
                self.event.refers_to,
                self.operator,
                self.event.service,
                self.day,
                self.card,
                self.left.stars,
            ),
        )


def _opened(center: Center, rows: list[tuple[bytes, str, str, bytes]]) -> Iterator[_New]:
    unsealer = Unsealer(center)
    for data, operator, day, card in rows:
        try:
            event = UsageEvent.from_bytes(data)
            evidence: SealedEvidence = unsealer.open(event)
            credential = TapCredential.from_bytes(evidence.credential)
            left = left_from_text(evidence.words)
        except (EventMalformed, SealBroken, CredentialMalformed, NeedMalformed):
            # It opened when it was examined: the store was altered since, which `tongka reconcile` tells.
            continue
        yield _New(event, operator, day, card, credential, left)
