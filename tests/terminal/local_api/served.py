"""`tongka api serve` in a process of its own, with a client for each role and a reader to put cards on."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final, Self

import httpx
from msgspec.structs import replace

from card.readers.pcsc import PcscReader
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.chip import Chip
from crypto.closing import Closing
from terminal.configuration import TerminalConfiguration
from terminal.data_directory import DataDirectory
from terminal.local_api.role import Role
from terminal.local_api.tokens import TokenStore
from tests.demo.processes import Running
from tests.terminal.enrolled import Enrolled, chip
from tests.terminal.modes.sale_cast import park

SECONDS: Final = 30.0
Json = dict[str, Any]


class Caller(Closing):
    """One program with one token, over the Unix socket or TCP; keeps the last answer."""

    def __init__(self, base: str, token: str) -> None:
        # A connection that idles counts among those that a terminal has room for.
        limits = httpx.Limits(max_keepalive_connections=0)
        is_socket = base.startswith("unix:")
        uds = base.removeprefix("unix:") if is_socket else None
        self.token = token
        self.http = httpx.Client(
            base_url="http://localhost" if is_socket else base,
            transport=httpx.HTTPTransport(uds=uds, limits=limits),
            headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
            timeout=SECONDS,
        )

    def ask(self, method: str, address: str, body: object = None, status: int | None = None) -> Json:
        """The answer's JSON, where it is a 2xx or has this status."""
        answer = self.http.request(method, f"/v1{address}", json=body)
        assert answer.status_code == status if status else answer.is_success, answer.text
        document: Json = answer.json()
        return document

    def refused(self, method: str, address: str, status: int, code: str, body: object = None) -> None:
        """It is refused with this status and code, in words."""
        said = self.ask(method, address, body, status)
        assert set(said) == {"code", "cause", "next_step"} and all(said.values())
        assert said["code"] == code, said

    def begin(self, *lines: Json) -> Json:
        """A sale."""
        return self.ask("POST", "/sales", {"lines": list(lines) or [{}]})

    def sale(self, sale: Json) -> Json:
        """The same sale as it stands now."""
        return self.ask("GET", f"/sales/{sale['id']}")

    def wait(self, sale: Json, until: Callable[[Json], bool]) -> Json:
        """The same sale as soon as it is so."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            sale = self.ask("GET", f"/sales/{sale['id']}?seen={sale['revision']}&wait=5")
            if until(sale):
                return sale
        raise AssertionError(sale)

    def close(self) -> None:
        """End the connection."""
        self.http.close()


@dataclass
class Served:
    """The process and whoever talks to it."""

    directory: DataDirectory
    process: Running
    pcscd: PrivatePcscd
    log: Path
    socket: str
    url: str
    tokens: dict[Role, str]
    stack: ExitStack
    reader: int = 0

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self.url.rpartition(":")[2])

    def caller(self, role: Role, token: str = "", *, over_tcp: bool = False) -> Caller:
        """A program with a token of this role, or with this one."""
        base = self.url if over_tcp else self.socket
        return self.stack.enter_context(Caller(base, token or self.tokens[role]))

    @property
    def till(self) -> Caller:
        """A till."""
        return self.caller(Role.TILL)

    @property
    def staff(self) -> Caller:
        """A till whose screen staff alone see."""
        return self.caller(Role.STAFF)

    def more_tokens(self, name: str, role: Role) -> str:
        """One more token."""
        return TokenStore(self.directory.api_tokens).create(name, role)

    def wait_for_errand(self, *, is_there: bool = True) -> None:
        """Until the next card is for somebody who waits for it, or for nobody."""
        second = self.caller(Role.STAFF)
        expected = "TRM-707" if is_there else "CRD-106"
        deadline = time.monotonic() + SECONDS
        while (found := second.http.post("/v1/needs/answers?wait=0").json()["code"]) != expected:
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    @contextmanager
    def laid(self, card: Chip) -> Iterator[VpcdLink]:
        """The card lies on the reader for this block; afterwards the reader is seen to be empty."""
        with VpcdLink(card, self.pcscd.ports[self.reader]) as link:
            yield link
        with PcscReader(self.pcscd.readers[self.reader]) as reader:
            reader.wait_for_removal(SECONDS)

    def tap(self, caller: Caller, sale: Json, card: Chip) -> Json:
        """Put a card down for a sale, wait for what came of it, and take it away."""
        before = caller.sale(sale)
        with self.laid(card):
            return caller.wait(before, lambda now: bool(now["revision"] > before["revision"]))

    def messages(self) -> str:
        """Everything that it wrote on standard error."""
        return self.log.read_text()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stack.close()


@dataclass
class ServedApi(Served):
    """The same at a terminal whose issuer is at hand, too."""

    enrolled: Enrolled = field(kw_only=True)

    def card(self, *categories: int, grade: int = 1) -> ReferenceApplet:
        """A card that was issued today."""
        return chip(self.enrolled.card(categories or (1,), grade, issued=date.today()))


def office(path: Path, psam: str = "") -> Enrolled:
    """A park's ticket office, content with the hotlist that it has; `psam` is the slot of its PSAM."""
    enrolled = park(path)
    file = enrolled.directory.configuration_file
    configuration = TerminalConfiguration.from_bytes(file.read_bytes())
    care = replace(configuration.care, hotlist_days=365, psam=psam)
    file.write_bytes(replace(configuration, care=care).to_bytes())
    return enrolled


@contextmanager
def serving(
    enrolled: Enrolled, pcscd: PrivatePcscd, log: Path, *options: str, reader: int = 1
) -> Iterator[ServedApi]:
    """`tongka api serve` on a virtual reader, over its socket and TCP; 0 is the one that a module shares."""
    enrolled.certify_now()
    with serving_at(enrolled.directory, pcscd, log, *options, reader=reader) as served:
        yield ServedApi(**vars(served), enrolled=enrolled)


@contextmanager
def serving_at(
    directory: DataDirectory, pcscd: PrivatePcscd, log: Path, *options: str, reader: int = 1
) -> Iterator[Served]:
    """The same for any terminal."""
    store = TokenStore(directory.api_tokens)
    held = {one.name for one in store.kept()}
    tokens = {
        role: store.rotate(role.value) if role.value in held else store.create(role.value, role)
        for role in Role
    }
    command = ("api", "serve", "--data", directory.path, "--reader", pcscd.readers[reader], "--json")
    with (
        Running(log, *command, "--port", "0", *options, environment=pcscd.environment()) as process,
        ExitStack() as stack,
    ):
        socket, url = json.loads(process.line())["addresses"]
        yield Served(directory, process, pcscd, log, socket, url, tokens, stack, reader)
