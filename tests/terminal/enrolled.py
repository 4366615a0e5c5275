"""An enrolled terminal on disk, with the keys that a centre and an issuer would hold, made without either."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.contents import ChipContents, VolatileMemory
from card.simulator.issuing.personalisation import Holder, TestIssuer
from crypto.content_signature import SignedContext, sign_content
from crypto.sm2 import PrivateKey
from crypto.trust import TrustStore
from terminal.configuration import Mode, TerminalConfiguration
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.hotlist import Hotlist, HotlistReason
from terminal.starter import CATALOGUE_FILE, starter_files

TERMINAL_ID = bytes.fromhex("0011223344556677")
# A day within every starter rule and every card below, in milliseconds: 2026-11-24 12:00 in China.
NOON = 1_795_492_800_000


class SetClock:
    """A clock that a test sets."""

    def __init__(self, now_ms: int = NOON) -> None:
        self.now = now_ms

    def now_ms(self) -> int:
        """The set time, a millisecond later at each call."""
        self.now += 1
        return self.now


@dataclass(frozen=True)
class Enrolled:
    """The directory, and the private keys of everybody else."""

    directory: DataDirectory
    issuer: TestIssuer
    center: PrivateKey
    content_key: PrivateKey

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

    def put_content(self, name: str, data: bytes, context: SignedContext) -> None:
        """Store one signed file of content."""
        path = self.directory.content / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        path.with_name(f"{path.name}.sig").write_bytes(sign_content(self.content_key, context, data))

    def put_hotlist(self, *card_ids: bytes) -> None:
        """Store a hotlist with these cards."""
        hotlist = Hotlist.of(1, date(2026, 11, 1), dict.fromkeys(card_ids, HotlistReason.LOST))
        self.put_content("hotlist.bin", hotlist.to_bytes(), SignedContext.HOTLIST)


def enrol(path: Path, service: str = "BUS-1", mode: Mode = Mode.TEST) -> Enrolled:
    """An enrolled terminal in `path`."""
    directory = DataDirectory(path)
    issuer = TestIssuer.generate(date(2020, 1, 1), date(2030, 12, 31))
    center, content_key = PrivateKey.generate(), PrivateKey.generate()
    trust = TrustStore(
        {issuer.issuer_key.key_id: issuer.issuer_key},
        center.public_key,
        center.public_key,
        content_key.public_key,
    )
    configuration = TerminalConfiguration(
        terminal=TERMINAL_ID.hex(),
        epoch=1,
        operator="test-bus",
        region="500103",
        service=service,
        center="http://127.0.0.1:1",
        mode=mode,
    )
    path.mkdir(parents=True, exist_ok=True)
    directory.configuration_file.write_bytes(configuration.to_bytes())
    directory.trust_file.write_bytes(trust.to_bytes())
    directory.keystore.create(TERMINAL_KEY)
    enrolled = Enrolled(directory, issuer, center, content_key)
    for name, data in starter_files().items():
        context = SignedContext.CATALOGUE if name == CATALOGUE_FILE else SignedContext.RULE_PACK
        enrolled.put_content(name, data, context)
    enrolled.put_hotlist()
    return enrolled


def chip(card: ChipContents) -> ReferenceApplet:
    """A chip that works as it should."""
    return ReferenceApplet(VolatileMemory(card))
