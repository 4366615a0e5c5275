"""A terminal with its certificate, taps made on it by the real pipeline, and what a checker holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from crypto.pki.certificate import Certificate
from crypto.pki.issuing import Subject, issue
from crypto.pki.role import Role
from crypto.signer import KeyHolder
from crypto.sm2 import PrivateKey
from crypto.trust import TrustDocument
from terminal.assembly import open_terminal
from terminal.configuration import Mode
from terminal.data_directory import TERMINAL_KEY
from terminal.events.event import UsageEvent
from terminal.journal.reader import JournalReader
from terminal.receipts.benefit_receipt import (
    BenefitReceipt,
    SignedBenefitReceipt,
    sign_benefit_receipt,
)
from terminal.receipts.making import make_receipt
from terminal.receipts.verification import ReceiptTrust
from terminal.tap import tap
from tests.terminal.enrolled import NOON, TERMINAL_ID, Enrolled, SetClock, chip, enrol

AT = datetime.fromtimestamp(NOON / 1000, UTC) + timedelta(minutes=5)
NAME = f"{TERMINAL_ID.hex()}.1"
KEY = PrivateKey.generate()
# A receipt of no terminal.
RECEIPT = BenefitReceipt(
    terminal=bytes(range(8)),
    epoch=1,
    sequence=70_000,
    event=bytes(range(32)),
    time=1_795_492_800,
    service="BUS-1",
    fare=200,
    holder_pays=0,
    party_pays=200,
    companions_admitted=0,
)
SIGNED = sign_benefit_receipt(RECEIPT, KEY)


@dataclass
class Bus:
    """An enrolled bus terminal and its certificate."""

    enrolled: Enrolled
    key: KeyHolder
    certificate: Certificate

    @property
    def trust(self) -> ReceiptTrust:
        """What an inspector holds: the trust store as it stands now."""
        return ReceiptTrust.of_document(self.enrolled.authority.root, self.document)

    @property
    def document(self) -> TrustDocument:
        """The trust store."""
        return self.enrolled.authority.trust(self.enrolled.version)

    def tap(self, *cards: ChipContents, companions: int = 0, fare: int | None = None) -> list[UsageEvent]:
        """Tap these cards one after the other; their events, read back from the journal."""
        with open_terminal(self.enrolled.directory, SetClock()) as terminal:
            sequences = []
            for card in cards:
                with InProcessConnection(chip(card)) as connection:
                    request = terminal.request(companions, fare)
                    sequences.append(tap(terminal.desk, connection, request).sequence)
        with JournalReader(self.enrolled.directory.journal) as reader:
            return [UsageEvent.from_bytes(reader.events(sequence - 1, 1)[0].data) for sequence in sequences]

    def receipt(
        self, *, companions: int = 0, fare: int | None = None, short: bool = False
    ) -> SignedBenefitReceipt:
        """The receipt of one more granted tap."""
        [event] = self.tap(self.enrolled.card(), companions=companions, fare=fare)
        return make_receipt(event, self.key, None if short else self.certificate)


def bus(path: Path, mode: Mode = Mode.TEST, service: str = "BUS-1") -> Bus:
    """A new one in `path`."""
    enrolled = enrol(path, service, mode)
    key = enrolled.directory.keystore.load(TERMINAL_KEY)
    certificate = certify(enrolled, key, NAME)
    enrolled.directory.certificate_file.write_bytes(certificate.pem)
    return Bus(enrolled, key, certificate)


def certify(
    enrolled: Enrolled,
    key: KeyHolder,
    name: str,
    since: datetime = datetime(2026, 1, 1, tzinfo=UTC),
    until: datetime = datetime(2028, 1, 1, tzinfo=UTC),
) -> Certificate:
    """A certificate for a terminal's key from the province."""
    return issue(
        enrolled.authority.authority,
        Subject(name, key.public_key),
        Role.TERMINAL,
        serial=77,
        not_before=since,
        not_after=until,
    )
