"""A centre on loopback, two terminals enrolled at it, and the genuine pcscd: needs from tap to answer."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.contents import ChipContents
from card.simulator.issuing.personalisation import Holder, TestIssuer
from crypto.trust import IssuerKey
from sync.agent.agent import Agent
from sync.center.directory import Center
from terminal.data_directory import DataDirectory
from terminal.local_api.role import Role
from tests.card.psam_cards import empty_readers
from tests.demo.processes import tongka
from tests.sync.cast import ISSUER_KEY_ID, Issuer, enrolled
from tests.terminal.enrolled import chip
from tests.terminal.local_api.served import Served, serving_at

SINCE, UNTIL = date(2020, 1, 1), date(2050, 1, 1)


@dataclass
class Circle:
    """Centre, two terminals, and an issuer whose cards are chips."""

    folder: Path
    center: Center
    issuer: TestIssuer
    pcscd: PrivatePcscd
    near: DataDirectory
    far: DataDirectory

    def card(self) -> ChipContents:
        """A card, issued today."""
        today = date.today()
        return self.issuer.personalise(Holder((4,), 2, "500103", today, today + timedelta(days=3650)))

    def needs(
        self, card: ChipContents, verb: str, at: DataDirectory, *arguments: str | Path, words: str = ""
    ) -> dict[str, Any]:
        """`tongka needs VERB` at a terminal, with this card on its reader; what it prints for a program."""
        environment = self.pcscd.environment()
        reader = ("--reader", self.pcscd.readers[0])
        empty_readers(self.pcscd)
        with VpcdLink(chip(card), self.pcscd.ports[0]):
            said = tongka(
                *("needs", verb, "--data", at.path, *reader, "--json", *arguments),
                environment=environment,
                stdin=words,
            )
        shown: dict[str, Any] = json.loads(said)
        return shown

    def serving(self, at: DataDirectory, log: Path) -> AbstractContextManager[Served]:
        """A terminal that serves programs, on the reader that `needs` uses."""
        return serving_at(at, self.pcscd, log, "--sales-only", reader=0)

    def asked(self, api: Served, card: ChipContents, address: str, body: object = None) -> dict[str, Any]:
        """The same as `needs` by the local API: what it answers when this card is put down."""
        staff = api.caller(Role.STAFF)
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(staff.ask, "POST", f"{address}?wait=60", body)
            api.wait_for_errand()
            with api.laid(chip(card)):
                return asking.result()

    def at_the_centre(self, *arguments: str | Path) -> Any:
        """`tongka center needs …`; what it prints for a program."""
        data = ("--data", self.folder / "authority" / "center", "--json")
        return json.loads(tongka("center", "needs", *arguments, *data, environment=self.pcscd.environment()))


def circle_of(folder: Path, center: Center, url: str, issuer: Issuer, pcscd: PrivatePcscd) -> Circle:
    """The circle around a serving centre."""
    issuer_key = IssuerKey(ISSUER_KEY_ID, issuer.key.public_key, SINCE, UNTIL)
    chips = replace(TestIssuer.generate(SINCE, UNTIL), private_key=issuer.key, issuer_key=issuer_key)
    near, far = (enrolled(center, url, folder / name) for name in ("near", "far"))
    return Circle(folder, center, chips, pcscd, near, far)


def synchronise(directory: DataDirectory) -> None:
    """One synchronisation."""
    agent = Agent(directory)
    with agent.working():
        assert agent.run_once()
