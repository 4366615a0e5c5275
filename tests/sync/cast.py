"""What the tests of `sync` act with: an issuer, cards, honest and dishonest terminals, a bad network."""

from __future__ import annotations

import secrets
import shutil
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
import uvicorn

from crypto.credential import TapCredential, issue_credential
from crypto.issuer_request import IssuerRequest
from crypto.sealing import SegmentSealer
from crypto.signer import Signer
from crypto.sm2 import PrivateKey, PublicKey
from crypto.sm3 import sm3
from crypto.tap_proof import TapProof, tap_message
from crypto.trust import IssuerKey
from sync.agent.enrolment import enrol
from sync.center.app import create_app
from sync.center.directory import Center, create_center, open_center
from sync.center.enrolment import Assignment, issue_code
from sync.center.standing_lists import ListChanges, ListRegisters
from sync.protocol.batch import Batch
from terminal.clock import SystemClock
from terminal.configuration import Mode
from terminal.content.asked_lists import asked_lists
from terminal.content.content import Content, load_trust
from terminal.data_directory import TERMINAL_KEY, DataDirectory
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.decide import Decision, decide
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.decisions.standing import Standing
from terminal.events.checkpoint import Checkpoint, sign_checkpoint
from terminal.events.event import (
    EVENT_VERSION,
    NO_PREVIOUS,
    ClockTrust,
    QuotaUses,
    SealedEvidence,
    UsageEvent,
)
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.schema import JournalOwner
from terminal.journal.writer import EventDraft, JournalWriter
from tests.terminal.hotlists import hotlist_of

CENTER = "center"
ISSUER_KEY_ID = b"TEST-SYN"
BUS = Assignment("test-bus", "500103", "BUS-1")
EVENTS_START = 1_790_000_000_000  # 2026-09-21 22:13:20 in China
# Publications come before the taps that are judged by them.
MADE = datetime(2026, 9, 20, tzinfo=UTC)


@dataclass
class Card:
    """A genuine card: it signs whatever challenge it is given, and counts."""

    key: PrivateKey
    credential: TapCredential
    counter: int = 0

    def prove(self, challenge: bytes) -> TapProof:
        self.counter += 1
        return TapProof(self.counter, self.key.sign(tap_message(challenge, self.counter)))


@dataclass
class Issuer:
    """A test issuer of cards."""

    key: PrivateKey = field(default_factory=PrivateKey.generate)

    def card(
        self,
        categories: tuple[int, ...] = (1,),
        grade: int = 1,
        key: Signer | None = None,
        card_id: bytes | None = None,
        expires: date = date(2034, 1, 1),
    ) -> Card:
        chip = PrivateKey.generate()
        credential = issue_credential(
            issuer_key=key or self.key,
            issuer_key_id=ISSUER_KEY_ID,
            card_id=card_id or secrets.token_bytes(8),
            categories=categories,
            grade=grade,
            region="500103",
            issued=date(2024, 1, 1),
            expires=expires,
            card_key=chip.public_key,
        )
        return Card(chip, credential)

    def public_file(self, path: Path) -> Path:
        issuer = IssuerKey(ISSUER_KEY_ID, self.key.public_key, date(2020, 1, 1), date(2050, 1, 1))
        path.write_bytes(IssuerRequest.make(self.key, issuer).to_bytes())
        return path


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def write_content(folder: Path) -> Path:
    """The starter catalogue and rules, and an empty hotlist."""
    with as_file(files("terminal.starter")) as starter:
        folder.mkdir(parents=True)
        shutil.copy(starter / "catalogue.toml", folder)
        shutil.copytree(starter / "rules", folder / "rules")
    put_hotlist(folder)
    return folder


def put_hotlist(folder: Path, *listed: bytes, version: int = 1) -> None:
    """A hotlist of these cards, into a folder of content."""
    (folder / "hotlist").mkdir(exist_ok=True)
    data = hotlist_of(listed, version, date(2026, 9, 1))
    (folder / "hotlist" / "base.bin").write_bytes(data)


def write_register(path: Path, cards: Mapping[bytes, date]) -> Path:
    """The cards issued, as a CSV."""
    path.write_text("".join(f"{card.hex()},{day}\n" for card, day in cards.items()))
    return path


def write_members(path: Path, cards: Iterable[bytes]) -> Path:
    """The members of a standing list, as a CSV."""
    path.write_text("".join(f"{card.hex()}\n" for card in cards))
    return path


def asked_of_nobody(folder: Path) -> ListChanges:
    """Every standing list that the rules in a folder of content ask for, with no card on it."""
    rules = RuleBook(RulePack.from_bytes(path.read_bytes()) for path in (folder / "rules").glob("*.toml"))
    nobody = write_members(folder / "nobody.csv", ())
    members = dict.fromkeys(asked_lists(rules), nobody)
    return ListChanges(ListRegisters(nobody, date(2026, 9, 1), members))


@contextmanager
def new_center(
    folder: Path, issuer: Issuer, packs: Mapping[str, str] = MappingProxyType({})
) -> Iterator[Center]:
    """A centre of its own in `folder`; `packs`, by file name, come to the starter's."""
    make_center(folder, issuer, packs)
    with open_center(folder / CENTER) as center:
        yield center


def make_center(folder: Path, issuer: Issuer, packs: Mapping[str, str]) -> None:
    """The same, not opened."""
    folder.mkdir(parents=True, exist_ok=True)
    content = write_content(folder / "content-source")
    for name, pack in packs.items():
        (content / "rules" / name).write_text(pack)
    public = issuer.public_file(folder / "issuer.json")
    create_center(folder / CENTER, public, content, MADE, lists=asked_of_nobody(content))


@contextmanager
def serving(center: Center) -> Iterator[str]:
    """The centre behind a genuine uvicorn on loopback; gives its URL."""
    ready = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(create_app(center, ready.set), log_level="critical", access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            assert ready.wait(20)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(20)


def enrolled(center: Center, url: str, target: Path) -> DataDirectory:
    """A terminal for the bus, enrolled over HTTP."""
    code = issue_code(center, BUS, datetime.now(UTC))
    enrol(url, code, target, Mode.TEST, SystemClock())
    return DataDirectory(target)


def sealing_key(directory: DataDirectory) -> PublicKey:
    """The centre's, as the terminal knows it."""
    return load_trust(directory.content, directory.load_root(), now_ms()).center_sealing_key


@contextmanager
def open_journal(directory: DataDirectory) -> Iterator[JournalWriter]:
    configuration = directory.load_configuration()
    with JournalWriter(
        directory.journal,
        JournalOwner(configuration.terminal_id, configuration.epoch),
        directory.keystore.load(TERMINAL_KEY),
        sealing_key(directory),
        SystemClock(),
    ) as journal:
        yield journal


def tap_often(
    directory: DataDirectory,
    times: int,
    outcome: Outcome = Outcome.FOREIGN_CARD,
    *,
    is_unconfirmed: bool = False,
) -> None:
    """That many refused taps in the terminal's own journal."""
    with open_journal(directory) as journal:
        for _ in range(times):
            journal.append(
                journal.next_place(),
                EventDraft("BUS-1", 200, 0, outcome, 200, 200, "rules", 1, secrets.token_bytes(8), b""),
                SealedEvidence(b"", 0, b"", "", "CRD-101"),
                is_unconfirmed=is_unconfirmed,
            )


@dataclass
class Chain:
    """A terminal's chain of events in memory, in the hands of whoever holds its key, honest or not."""

    terminal: bytes
    epoch: int
    key: Signer
    sealing_key: PublicKey
    content: Content
    events: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.new_segment()

    def new_segment(self) -> None:
        """As after a restart of the terminal."""
        self._sealer = SegmentSealer(self.sealing_key)
        self._header = self._sealer.header

    def waste(self, records: int) -> None:
        """Seal so many records that never reach the journal."""
        for _ in range(records):
            self._sealer.seal(b"", b"")

    def fork(self, length: int) -> Chain:
        """A clone of the terminal with the first events in common."""
        return replace(self, events=self.events[:length])

    def decision(  # noqa: PLR0917  as `decide`
        self, card: Card, time_ms: int, fare: int, companions: int, service: str, standing: Standing
    ) -> Decision:
        facts = CardFacts.from_credential(card.credential)
        item = self.content.catalogue.item(service)
        return decide(facts, item, time_ms, fare, Party(companions), self.content.rules, standing=standing)

    def tap(
        self,
        card: Card | None = None,
        *,
        service: str = "BUS-1",
        fare: int = 200,
        companions: int = 0,
        **lies: Any,
    ) -> UsageEvent:
        """One tap as the terminal software records it, then altered by `lies` (fields of the event).

        `lies` may also hold `evidence`, which replaces what is sealed, and `signed`, the
        fields that the card was really asked to sign where they differ; `uses` of quotas and the tap that
        it `follows`, as they are sealed and believed; and `words`, sealed too.
        """
        evidence: SealedEvidence | None = lies.pop("evidence", None)
        signed: dict[str, Any] = lies.pop("signed", {})
        uses: dict[str, int] = lies.pop("uses", {})
        follows: int = lies.pop("follows", 0)
        words: str = lies.pop("words", "")
        event = UsageEvent(
            version=EVENT_VERSION,
            terminal=self.terminal,
            epoch=self.epoch,
            sequence=len(self.events) + 1,
            previous=sm3(self.events[-1]) if self.events else NO_PREVIOUS,
            time_ms=EVENTS_START + len(self.events) * 1000,
            wall_ms=EVENTS_START + len(self.events) * 1000,
            monotonic_ms=len(self.events) * 1000,
            boot=b"one boot",
            clock=ClockTrust.SYNCHRONISED,
            content=self.content.version,
            kind=EventKind.TAP,
            refers_to=0,
            service=service,
            fare=fare,
            ticket="",
            companions=companions,
            outcome=Outcome.FOREIGN_CARD,
            holder_pays=fare,
            companion_pays=fare,
            companions_admitted=0,
            pack_version=self.content.rules.version,
            nonce=secrets.token_bytes(8),
            holder_ref=b"",
            segment=self._sealer.segment_id,
            segment_header=self._header,
            index=self._sealer.next_index,
            sealed=b"",
        )
        sealed = SealedEvidence(b"", 0, b"", "", "CRD-101")
        if card is not None:
            standing = Standing(uses=uses, follows_holder=follows != 0)
            decision = self.decision(card, event.time_ms, fare, companions, service, standing)
            event = msgspec.structs.replace(
                event,
                outcome=decision.outcome,
                holder_pays=decision.holder_pays,
                companion_pays=decision.companion_pays,
                companions_admitted=decision.companions_admitted,
            )
            asked = msgspec.structs.replace(event, **signed).challenge()
            proof = card.prove(asked.to_bytes())
            credential = card.credential.to_bytes()
            sealed = SealedEvidence(
                credential,
                proof.counter,
                proof.signature,
                decision.rule,
                "",
                tuple(QuotaUses(quota, count) for quota, count in uses.items()),
                follows,
                words,
            )
        event = msgspec.structs.replace(event, **lies)
        record = self._sealer.seal((evidence or sealed).to_bytes(), event.seal_context())
        event = event.with_sealed(record.ciphertext)
        self._header = b""
        self.events.append(event.to_bytes())
        return event

    def amend(self, kind: EventKind, sequence: int, fare: int = 200, companions: int = 0) -> UsageEvent:
        """Take an earlier event back, in whole or in part."""
        return self.tap(
            fare=fare, companions=companions, kind=kind, refers_to=sequence, outcome=Outcome.RECORDED
        )

    def batch(self, first: int = 1, last: int | None = None, key: Signer | None = None) -> Batch:
        """Events `first` to `last` under a signed head."""
        chosen = self.events[first - 1 : last]
        return self.signed(chosen, key)

    def signed(self, chosen: Sequence[bytes], key: Signer | None = None) -> Batch:
        """A batch of these bytes, whatever they are."""
        place = self.events.index(chosen[-1]) + 1 if chosen[-1] in self.events else 1
        head = Checkpoint(self.terminal, self.epoch, place, sm3(chosen[-1]), EVENTS_START)
        return Batch(
            terminal=self.terminal,
            epoch=self.epoch,
            events=list(chosen),
            head=sign_checkpoint(head, key or self.key),
        )


def chain_of(center: Center, url: str, folder: Path) -> Chain:
    """A newly enrolled terminal's empty chain."""
    directory = enrolled(center, url, folder)
    configuration = directory.load_configuration()
    return Chain(
        terminal=configuration.terminal_id,
        epoch=configuration.epoch,
        key=directory.keystore.load(TERMINAL_KEY),
        sealing_key=sealing_key(directory),
        content=center.publications.current,
    )


def snapshot(center: Center, *tables: str) -> dict[str, list[Any]]:
    """Everything in these tables of the centre's store (all that hold the chain, if none is named)."""
    with center.store.reading() as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3").fetchall()  # noqa: S608
            for table in tables or ("terminals", "events", "heads", "forks", "examined")
        }


def integrity(center: Center) -> str:
    """SQLite's own check of the store, through a connection of its own."""
    with center.store.reading() as connection:
        (_, _, path) = connection.execute("PRAGMA database_list").fetchone()
    other = sqlite3.connect(path)
    try:
        return str(other.execute("PRAGMA integrity_check").fetchone()[0])
    finally:
        other.close()


@contextmanager
def answering(answer: Callable[[bytes], tuple[int, bytes]]) -> Iterator[str]:
    """An HTTP server that is no centre: it gives status and body for each body that is posted."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, reply = answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(status)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # It looks for the order to stop at this interval.
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class BadNetwork:
    """A TCP forwarder in front of the centre that misbehaves on command; `url` is its own address."""

    def __init__(self, target: str) -> None:
        host, _, port = target.removeprefix("http://").partition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cut_requests_after: int | None = None
        self.answers_to_swallow = 0
        self.request_was_cut = threading.Event()
        self.answer_arrived = threading.Event()
        self.hold_answers = threading.Event()
        self.hold_answers.set()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> BadNetwork:
        return self

    def __exit__(self, *_: object) -> None:
        self.hold_answers.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(near,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, near: socket.socket) -> None:
        with ExitStack() as stack:
            stack.enter_context(near)
            far = stack.enter_context(socket.create_connection(self._target))
            upward = threading.Thread(target=self._upward, args=(near, far), daemon=True)
            upward.start()
            with suppress(OSError):
                while data := far.recv(65536):
                    self.answer_arrived.set()
                    self.hold_answers.wait()
                    if self.answers_to_swallow:
                        self.answers_to_swallow -= 1
                        break
                    near.sendall(data)
            for one in (near, far):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            upward.join()

    def _upward(self, near: socket.socket, far: socket.socket) -> None:
        sent = 0
        with suppress(OSError):
            while data := near.recv(4096):
                limit = self.cut_requests_after
                if limit is not None and sent + len(data) > limit:
                    far.sendall(data[: limit - sent])
                    near.shutdown(socket.SHUT_RDWR)
                    self.request_was_cut.set()
                    break
                far.sendall(data)
                sent += len(data)
        with suppress(OSError):
            far.shutdown(socket.SHUT_WR)
