"""Putting an enrolled terminal together from its data directory."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from card.profile import reference_profile
from card.seen_proofs import SeenProofs
from terminal.clock import Clock, SystemClock
from terminal.configuration import Mode, TerminalConfiguration
from terminal.content import load_content
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.decisions.card_facts import Party
from terminal.decisions.catalogue import ServiceItem
from terminal.holder_reference import DayKeys
from terminal.journal.schema import JournalOwner
from terminal.journal.writer import JournalWriter
from terminal.tap import TapDesk, TapRequest


@dataclass(frozen=True)
class Terminal:
    """An enrolled terminal that is ready to tap."""

    configuration: TerminalConfiguration
    desk: TapDesk
    service: ServiceItem

    def request(self, companions: int = 0, fare: int | None = None) -> TapRequest:
        """A tap for this terminal's service, at its list fare unless `fare` (fen) says otherwise."""
        return TapRequest(self.service, self.service.fare if fare is None else fare, Party(companions))


@contextmanager
def open_terminal(directory: DataDirectory, clock: Clock | None = None) -> Iterator[Terminal]:
    """The terminal of a data directory; owns its journal while open.

    Raises TerminalNotEnrolled, ConfigurationMalformed, TestKeyRefused (production mode), ServiceUnknown, what
    `load_content` raises, KeystoreRefused, and JournalLocked, JournalOfAnother or JournalDamaged.
    """
    configuration = directory.load_configuration()
    trust = directory.load_trust()
    if configuration.mode is Mode.PRODUCTION:
        trust.require_production()
    content = load_content(directory.content, trust.content_key)
    service = content.catalogue.item(configuration.service)
    owner = JournalOwner(configuration.terminal_id, configuration.epoch)
    signer = directory.keystore.load(TERMINAL_KEY)
    clock = clock or SystemClock()
    with (
        JournalWriter(directory.journal, owner, signer, trust.center_sealing_key, clock) as journal,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside-the-card") as aside,
    ):
        desk = TapDesk(
            owner=owner,
            profile=reference_profile(),
            trust=trust,
            content=content,
            journal=journal,
            day_keys=DayKeys(owner.terminal),
            aside=aside,
            seen=SeenProofs(),
        )
        yield Terminal(configuration, desk, service)
