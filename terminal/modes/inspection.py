"""Inspection: has the card in hand been tapped here today?

Nothing is recorded, for an inspection that were would follow people about: the challenge that proves the card
to be genuine is no tap's and names no terminal, so that its proof is worth nothing to anybody afterwards. The
answer is what the inspector has to know, when, for what, and what was to pay; not why.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Container, Iterable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from card.connection import CardConnection
from card.profile import CardProfile, reference_profile
from card.seen_proofs import SeenProofs
from card.verification import VerifiedCard, verify
from crypto.explained import Language, Text
from crypto.pki.certificate import Certificate
from terminal.clock import Clock
from terminal.configuration import Mode
from terminal.content.live import ContentSource, LiveContent
from terminal.data_directory import DataDirectory
from terminal.decisions.decide import local_date
from terminal.events.challenge import CHALLENGE_BYTES
from terminal.events.event import UsageEvent
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.holder_reference import DayKeys
from terminal.journal.reader import JournalReader
from terminal.journal.wholeness import signed_for
from terminal.known_time import learn_enrolment, learn_journal
from terminal.modes.errors import InspectorIsAnother, NothingToInspect
from terminal.modes.todays_events import todays_events
from terminal.presence import TapDesk
from terminal.timekeeping import Timekeeper

#: In place of a tap challenge's `TKT2`, before random bytes.
MAGIC: Final = b"TKI1"
_CHINA: Final = timezone(timedelta(hours=8))
_BENEFIT: Final = Text(
    zh="有效：{time} 已刷卡（{service}），优惠已生效，合计应付 ¥{yuan}，同行优惠 {companions} 人",
    en="Valid: tapped at {time} ({service}), discount applied, ¥{yuan} in all, {companions} companions",
)
_FARE: Final = Text(
    zh="{time} 已刷卡（{service}），按票价付费 ¥{yuan}", en="Tapped at {time} ({service}), fare due: ¥{yuan}"
)
_FORGOTTEN: Final = Text(
    zh="本终端今天断过电，{time} 及之前的刷卡已无法查对，查不到不等于没刷",
    en="the terminal lost its power today; taps up to {time} can't be looked up, so the card may well have "
    "been tapped",
)
_NONE: Final = Text(zh="今天在本终端没有刷卡记录", en="No tap of this card here today")


@dataclass(frozen=True)
class Inspection:
    """The last tap of a card today that counts; nothing in it says whose. Sums in fen.

    `is_valid`: a benefit was given then, or the journey of an earlier one went on. `party_pays`: holder and
    companions together.
    """

    sequence: int
    time_ms: int
    service: str
    is_valid: bool
    holder_pays: int
    party_pays: int
    companions_admitted: int

    def text(self) -> Text:
        """For the inspector; whoever reads along learns no reason."""
        template = _BENEFIT if self.is_valid else _FARE
        return template.format(
            time=_clock_time(self.time_ms),
            service=self.service,
            yuan=f"{self.party_pays // 100}.{self.party_pays % 100:02d}",
            companions=self.companions_admitted,
        )


def inspection_text(found: Inspection | None) -> Text:
    """What to tell of an inspection; None: the card was not tapped here today."""
    return _NONE if found is None else found.text()


class Inspector:
    """Looks cards up in one terminal's journal of the day."""

    def __init__(  # noqa: PLR0917  what it looks with
        self,
        contents: ContentSource,
        day_keys: DayKeys,
        timekeeper: Timekeeper,
        service: str,
        events: Callable[[date], Iterable[UsageEvent]],
        aside: Executor,
        profile: CardProfile,
    ) -> None:
        self._contents, self._day_keys, self._timekeeper = contents, day_keys, timekeeper
        self._service, self._events, self._aside, self._profile = service, events, aside, profile
        self._seen = SeenProofs()

    @classmethod
    def at(cls, desk: TapDesk, service: str) -> Inspector:
        """One at an open terminal that serves `service`; used by the thread that taps."""

        def events(today: date) -> list[UsageEvent]:
            last = desk.journal.next_place().sequence - 1
            return _confirmed(todays_events(desk.journal.event, last, today), desk.journal.unconfirmed())

        return cls(
            desk.contents, desk.day_keys, desk.journal.timekeeper, service, events, desk.aside, desk.profile
        )

    def look(self, connection: CardConnection) -> Inspection | None:
        """The last tap today of the card on `connection`, if it counts; None if there is none.

        Raises NothingToInspect where the card is not accepted, or may have tapped before a power cut, with
        which the day's key is gone and none of the taps before can be told any more; ReaderGone,
        PcscServiceGone, PcscFailed, FileNotWritten, JournalUnavailable, JournalDamaged.
        """
        content = self._contents.current()
        self._timekeeper.learn_signed(content.made_ms)
        moment = self._timekeeper.now()
        time_ms = moment.time_ms
        self._contents.learn(time_ms)
        today = local_date(time_ms)
        card = verify(
            connection,
            self._profile,
            content.trust,
            MAGIC + secrets.token_bytes(CHALLENGE_BYTES - len(MAGIC)),
            today,
            content.hotlist,
            self._aside,
            self._seen,
            content.rules.expiry_grace_days(content.catalogue.item(self._service), today),
        )
        if not isinstance(card, VerifiedCard):
            shown = {language: card.error.explain(language).cause for language in Language}
            raise NothingToInspect(reason=Text(zh=shown[Language.ZH], en=shown[Language.EN]))
        self._day_keys.settle(local_date(moment.settled_ms))
        reference = self._day_keys.reference(card.credential.card_id, today)
        events = list(self._events(today))
        found = last_that_counts(events, reference)
        before = [one.time_ms for one in events if one.holder_ref and one.boot != moment.reading.boot]
        if found is None and before:
            raise NothingToInspect(reason=_FORGOTTEN.format(time=_clock_time(before[-1])))
        return found


@contextmanager
def open_inspector(directory: DataDirectory, clock: Clock) -> Iterator[Inspector]:
    """An inspector beside a terminal that may be running: it takes no lock and writes nothing to the disk.

    Raises TerminalNotEnrolled, ConfigurationMalformed, what `LiveContent` raises, JournalMissing,
    JournalDamaged, and InspectorIsAnother.
    """
    configuration = directory.load_configuration()
    is_production = configuration.mode is Mode.PRODUCTION
    root = directory.load_root()
    with (
        JournalReader(directory.journal) as reader,
        LiveContent(directory.content, root, configuration.service, is_production) as contents,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside-the-card") as aside,
    ):
        _require_its_user(directory.journal)

        def last() -> int:
            head = reader.head()
            return 0 if head is None else head[0]

        def events(today: date) -> list[UsageEvent]:
            with reader.snapshot():
                return _confirmed(todays_events(reader.event, last(), today), reader.unconfirmed())

        timekeeper = Timekeeper(clock)
        if (newest := reader.event(last())) is not None:
            learn_journal(timekeeper, newest, reader.event)
        held = signed_for(directory.uploads, reader.owner, contents.current().trust.center_receipt_key)
        own = Certificate.from_pem(directory.read(directory.certificate_file))
        learn_enrolment(timekeeper, own, held)
        yield Inspector(
            contents,
            DayKeys(configuration.terminal_id),
            timekeeper,
            configuration.service,
            events,
            aside,
            reference_profile(),
        )


def last_that_counts(events: Iterable[UsageEvent], reference: bytes) -> Inspection | None:
    """The last of the day's taps with this reference that was decided and not taken back since."""
    taps: dict[int, UsageEvent] = {}
    for event in events:
        if event.kind is EventKind.CANCELLATION:
            _take_out(taps, event.refers_to)
        elif event.kind is EventKind.TAP and event.holder_ref == reference and not _adds_nothing(event):
            if event.outcome.granted:
                _take_out(taps, event.refers_to)  # whose place it takes
            taps[event.sequence] = event
    if not taps:
        return None
    valid = [event for event in taps.values() if event.outcome.admits]
    last = max(valid or taps.values(), key=lambda event: event.sequence)
    return Inspection(
        sequence=last.sequence,
        time_ms=last.time_ms,
        service=last.service,
        is_valid=last.outcome.admits,
        holder_pays=last.holder_pays,
        party_pays=_party_pays(last),
        companions_admitted=last.companions_admitted,
    )


def _confirmed(events: Iterable[UsageEvent], unconfirmed: Container[int]) -> list[UsageEvent]:
    """Without those of a sale that is open, or was when the process was killed: nothing was sold yet."""
    return [event for event in events if event.sequence not in unconfirmed]


def _party_pays(event: UsageEvent) -> int:
    further = event.companions - event.companions_admitted
    return event.holder_pays + event.companions_admitted * event.companion_pays + further * event.fare


def _require_its_user(journal: Path) -> None:
    """Day keys are each user's own; with another's, every card would seem not to have been tapped."""
    if (owner := journal.stat().st_uid) != os.geteuid():
        raise InspectorIsAnother(user=owner)


def _clock_time(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC).astimezone(_CHINA):%H:%M:%S}"


def _take_out(taps: dict[int, UsageEvent], sequence: int) -> None:
    """This tap does not count any more, nor do those that went on with its journey."""
    gone = [one.sequence for one in taps.values() if sequence and sequence in (one.sequence, one.refers_to)]
    for one in gone:
        del taps[one]


def _adds_nothing(event: UsageEvent) -> bool:
    return event.outcome in (Outcome.REPEATED, Outcome.ALREADY_INSIDE)
