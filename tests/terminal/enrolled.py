"""An enrolled terminal on disk, with the keys that a centre and an issuer would hold, made without either."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.contents import ChipContents, VolatileMemory
from card.simulator.issuing.personalisation import Holder, TestIssuer
from crypto.credential import TapCredential
from crypto.keystore.directory import make_keystore
from crypto.pki.role import Role
from crypto.sealing import SegmentOpener
from crypto.sm2 import PrivateKey
from terminal.clock import ClockReading, ClockSource
from terminal.configuration import CareSettings, Mode, TerminalConfiguration
from terminal.content.asked_lists import asked_lists
from terminal.content.manifest import HOTLIST_BASE, LIST_BASE, list_file
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.decisions.rule_pack import RulePack
from terminal.events.event import SealedEvidence, UsageEvent
from terminal.journal.reader import JournalReader
from terminal.starter import starter_files, starter_rule_book
from tests.authority import TestAuthority
from tests.terminal.hotlists import hotlist_of, standing_list_of

# Of this process alone: two test runs at once must not meet over a terminal's day keys.
TERMINAL_ID = bytes.fromhex("00112233") + os.getpid().to_bytes(4)
# A day within every starter rule and every card below, in milliseconds: 2026-11-24 12:00 in China.
NOON = 1_795_492_800_000
CERTIFIED = datetime(2026, 11, 20, tzinfo=UTC)


@dataclass
class SetClock:
    """Clocks that a test sets: the wall clock at will, the monotonic one a millisecond later at each look."""

    now: int = NOON
    source: ClockSource = ClockSource.SYNCHRONISED
    monotonic: int = 1_000
    boot: bytes = b"boot-one"

    def read(self) -> ClockReading:
        """The set time, a millisecond later at each call."""
        self.monotonic += 1
        return ClockReading(self.now_ms(), self.monotonic, self.boot, self.source)

    def now_ms(self) -> int:
        """The set time, a millisecond later at each call."""
        self.now += 1
        return self.now

    def pass_time(self, milliseconds: int) -> None:
        """Let so much time go by."""
        self.now += milliseconds
        self.monotonic += milliseconds


@dataclass
class Enrolled:
    """The directory, and the private keys of everybody else."""

    directory: DataDirectory
    issuer: TestIssuer
    authority: TestAuthority
    files: dict[str, bytes] = field(default_factory=dict)
    version: int = 0

    @property
    def center(self) -> PrivateKey:
        """The key that opens what the terminal seals."""
        return self.authority.sealing

    def card(
        self,
        categories: tuple[int, ...] = (1,),
        grade: int = 1,
        region: str = "500103",
        issued: date = date(2026, 1, 1),
        expires: date = date(2035, 12, 31),
    ) -> ChipContents:
        """A card of this issuer."""
        return self.issuer.personalise(Holder(categories, grade, region, issued, expires))

    def companion_card(self, holder: ChipContents) -> ChipContents:
        """The companion card that goes with this one."""
        card_id = TapCredential.from_bytes(holder.credential).card_id.hex()
        carer = Holder((), 0, "500103", date(2026, 1, 1), date(2035, 12, 31), companion_of=card_id)
        return self.issuer.personalise(carer)

    def events(self) -> list[UsageEvent]:
        """Everything in its journal."""
        return events_in(self.directory.journal)

    def evidence(self, event: UsageEvent) -> SealedEvidence:
        """What the centre reads in an event of its journal."""
        headers = {one.segment: one.segment_header for one in self.events() if one.segment_header}
        opener = SegmentOpener(self.center, headers[event.segment])
        return SealedEvidence.from_bytes(opener.open(event.index, event.sealed, event.seal_context()))

    def put_content(self, name: str, data: bytes) -> None:
        """Publish anew with this file."""
        self.files[name] = data
        self.publish()

    def put_only_rules(self, name: str, pack: str) -> None:
        """Publish anew with this rule pack in place of all others.

        Raises RulePackMalformed: a pack that is refused would leave the others in force.
        """
        RulePack.from_bytes(pack.encode())
        self.files = {path: data for path, data in self.files.items() if not path.startswith("rules/")}
        self.put_content(f"rules/{name}.toml", pack.encode())

    def put_hotlist(self, *card_ids: bytes) -> None:
        """Publish anew with a hotlist of these cards."""
        self.put_content(HOTLIST_BASE, hotlist_of(card_ids, version=self.version + 1))

    def certify(self, since: datetime) -> None:
        """Give the terminal a certificate of this day: so late the province knows that it is."""
        configuration = self.directory.load_configuration()
        name = f"{configuration.terminal}.{configuration.epoch}"
        key = self.directory.keystore.load(TERMINAL_KEY)
        certificate = self.authority.certify(Role.TERMINAL, name, key, since)
        self.directory.certificate_file.write_bytes(certificate.pem)

    def certify_now(self) -> None:
        """Give it one as a centre would, for tests in which it goes by the machine's own clock."""
        self.certify(datetime.now(UTC) - timedelta(days=1))

    def publish(self) -> None:
        """The next publication, with the trust store as it stands now."""
        self.version += 1
        self.authority.publish(self.directory.content, self.files, self.version)


def events_in(journal: Path) -> list[UsageEvent]:
    """Every event of a journal."""
    with JournalReader(journal) as reader:
        return [UsageEvent.from_bytes(stored.data) for stored in reader.events(0, 10_000)]


def enrol(path: Path, service: str = "BUS-1", mode: Mode = Mode.TEST) -> Enrolled:
    """An enrolled terminal in `path`."""
    directory = DataDirectory(path)
    issuer = TestIssuer.generate(date(2020, 1, 1), date(2030, 12, 31))
    authority = TestAuthority()
    authority.add_issuer(issuer.issuer_key)
    configuration = TerminalConfiguration(
        terminal=TERMINAL_ID.hex(),
        epoch=1,
        operator="test-bus",
        region="500103",
        service=service,
        center="http://127.0.0.1:1",
        mode=mode,
        # What the tests publish grows older from day to day: only those that are about it shall hear of it.
        care=CareSettings(hotlist_days=366),
    )
    path.mkdir(parents=True, exist_ok=True)
    directory.configuration_file.write_bytes(configuration.to_bytes())
    directory.authority_file.write_bytes(authority.root.pem)
    make_keystore(directory.keys).create(TERMINAL_KEY)
    enrolled = Enrolled(directory, issuer, authority, dict(starter_files()) | _asked_of_nobody())
    enrolled.certify(CERTIFIED)
    enrolled.put_hotlist()
    return enrolled


def _asked_of_nobody() -> dict[str, bytes]:
    """The standing lists that the starter rules ask for, with no card on them."""
    asked = asked_lists(starter_rule_book())
    return {list_file(name, LIST_BASE): standing_list_of(name, ()) for name in asked}


def chip(card: ChipContents) -> ReferenceApplet:
    """A chip that works as it should."""
    return ReferenceApplet(VolatileMemory(card))
