"""Putting an enrolled terminal together from its data directory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from card.profile import reference_profile
from card.seen_proofs import SeenProofs
from crypto.errors import TestKeyRefused
from crypto.key_wrapper import wrapper_of
from crypto.keystore.protection import require_protected
from crypto.pki.certificate import Certificate
from terminal.clock import Clock, SystemClock
from terminal.configuration import Mode, TerminalConfiguration
from terminal.content.live import LiveContent
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.decisions.card_facts import Party
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.decide import local_date
from terminal.holder_reference import DayKeys, WindowKeys
from terminal.journal.errors import JournalUnavailable, TapNotRecorded
from terminal.journal.schema import JournalOwner
from terminal.journal.training import make_training_folder, training_owner
from terminal.journal.upkeep import JournalUpkeep
from terminal.journal.wholeness import signed_for
from terminal.journal.writer import JournalWriter
from terminal.known_time import learn_enrolment
from terminal.open_sale import LeftOpen
from terminal.presence import TapDesk, TapRequest
from terminal.quota_counter import QuotaCounter
from terminal.succession import Succession


@dataclass(frozen=True)
class Terminal:
    """An enrolled terminal that is ready to tap.

    `cancelled_at_start`: how many taps a process before left that nobody had confirmed; where the disk takes
    nothing now, they are cancelled before the first tap.
    """

    configuration: TerminalConfiguration
    desk: TapDesk
    upkeep: JournalUpkeep
    cancelled_at_start: int = 0

    @property
    def service(self) -> ServiceItem:
        """What it serves, as the catalogue in force has it."""
        return self.desk.contents.current().catalogue.item(self.configuration.service)

    def request(self, companions: int = 0, fare: int | None = None) -> TapRequest:
        """A tap for this terminal's service, at its list fare unless `fare` (fen) says otherwise."""
        service = self.service
        return TapRequest(service, service.fare if fare is None else fare, Party(companions))


@contextmanager
def open_terminal(
    directory: DataDirectory, clock: Clock | None = None, *, is_training: bool = False
) -> Iterator[Terminal]:
    """The terminal of a data directory; owns its journal while open.

    `is_training`: it taps as ever, and records in a journal, counts in quotas and keeps an open sale of a
    folder apart (terminal.journal.training); the real one may run beside it.

    Raises TerminalNotEnrolled, ConfigurationMalformed, TestKeyRefused and KeystoreUnprotected (production
    mode), what `LiveContent` raises, KeystoreRefused, and JournalLocked, JournalOfAnother, JournalDamaged or
    JournalBehind.
    """
    configuration = directory.load_configuration()
    keystore = directory.keystore
    if is_training:
        owner, records = training_owner(configuration.epoch), directory.training
        make_training_folder(records.journal)
    else:
        owner, records = JournalOwner(configuration.terminal_id, configuration.epoch), directory
    clock = clock or SystemClock()
    is_production = configuration.mode is Mode.PRODUCTION
    root = directory.load_root()
    if is_production:
        require_protected(keystore)
        if root.is_test:
            raise TestKeyRefused(key_id=root.key_id.hex())
    signer = keystore.load(TERMINAL_KEY)
    own = Certificate.from_pem(directory.read(directory.certificate_file))
    with LiveContent(directory.content, root, configuration.service, is_production, own) as contents:
        trust = contents.current().trust
        held = signed_for(directory.uploads, owner, trust.center_receipt_key)
        with (
            JournalWriter(
                records.journal, owner, signer, trust.center_sealing_key, clock, held=held
            ) as journal,
            JournalUpkeep(
                journal, records.uploads, lambda: contents.current().trust.center_receipt_key
            ) as upkeep,
            ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside-the-card") as aside,
        ):
            journal.timekeeper.learn_signed(contents.current().made_ms)
            learn_enrolment(journal.timekeeper, own, held)
            moment = journal.timekeeper.now()
            contents.learn(moment.time_ms)
            settled = local_date(moment.settled_ms)
            window_keys = WindowKeys(records.window_keys, wrapper_of(keystore), settled)
            desk = TapDesk(
                owner=owner,
                profile=reference_profile(),
                contents=contents,
                journal=journal,
                day_keys=DayKeys(owner.terminal),
                quotas=QuotaCounter(journal, window_keys),
                succession=Succession(),
                aside=aside,
                seen=SeenProofs(),
                left_open=LeftOpen(journal),
            )
            # A disk that takes nothing now may do so later: whoever looks after it hears of it meanwhile.
            with suppress(JournalUnavailable, TapNotRecorded):
                desk.left_open.cancel(desk)
            yield Terminal(configuration, desk, upkeep, desk.left_open.count)
