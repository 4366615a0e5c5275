"""Where the demo plays: its folders, issuer, centre, terminals and readers, set up and taken down again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.chips.contents import ChipContents
from card.simulator.issuing.personalisation import ISSUER_FILE, TestIssuer
from crypto.credential import TapCredential
from terminal.data_directory import DataDirectory
from terminal.holder_reference import DayKeys
from terminal.hotlist import Hotlist, HotlistReason
from terminal.starter import starter_catalogue, starter_files
from tests.demo.cast import CAST, KIOSK_ROLE, TODAY, Role, Venue, issue_cards
from tests.demo.network import Network
from tests.demo.processes import Running, tongka
from tests.demo.telling import console, step

MARKER = ".tongka-demo"
SERVICES = {Venue.BUS: "BUS-1", Venue.GARDEN: "GARDEN"}
OPERATORS = {venue: starter_catalogue().item(code).operator for venue, code in SERVICES.items()}


class FolderInUse(Exception):
    """The folder for the demo's output holds something that the demo did not make."""


@dataclass(frozen=True)
class Stage:
    """Everything that a scene needs."""

    folder: Path
    environment: dict[str, str]
    readers: PrivatePcscd
    network: Network
    center: Path
    terminals: dict[Venue, DataDirectory]
    chips: list[tuple[Role, ChipContents]] = field(repr=False)

    def reader(self, venue: Venue) -> tuple[str, int]:
        """The name of a venue's reader, and the port where its virtual cards are put."""
        place = list(Venue).index(venue)
        return self.readers.readers[place], self.readers.ports[place]

    def log(self, name: str) -> Path:
        """Where a process's standard error goes."""
        return self.folder / "logs" / f"{name}.log"


@contextmanager
def set_up(folder: Path) -> Iterator[Stage]:
    """Set the stage in a fresh folder; whatever was started is ended on the way out, and nothing else is."""
    _make_fresh(folder)
    with ExitStack() as started:
        with step(
            "启动虚拟读卡器（私有 pcscd + vpcd）", "Starting the virtual readers (a private pcscd with vpcd)"
        ):
            readers = started.enter_context(PrivatePcscd())
            readers.activate()
        # The tables of `tongka reconcile` come through a pipe, which has no width of its own.
        environment = {**readers.environment(), "COLUMNS": str(console.width)}
        with step("建立测试发卡机构并个人化虚拟卡", "Making a test issuer and personalising virtual cards"):
            issuer = TestIssuer.create(
                folder / "issuer", date(TODAY.year - 8, 1, 1), date(TODAY.year + 8, 12, 31)
            )
            roles = (*CAST, KIOSK_ROLE)
            cards = issue_cards(issuer, roles)
            content = _write_content(folder / "content", roles, cards)
        with step("建立并启动卡数据中心", "Making and starting the card data centre"):
            center = folder / "center"
            tongka(
                *("center", "init", "--data", center, "--issuer", folder / "issuer" / ISSUER_FILE),
                *("--content", content),
                environment=environment,
            )
            serving = started.enter_context(
                Running(
                    folder / "logs" / "center.log",
                    *("center", "run", "--data", center, "--port", "0"),
                    environment=environment,
                )
            )
            address = urlsplit(serving.line().removeprefix("READY "))
            assert address.hostname and address.port
            network = started.enter_context(Network(address.hostname, address.port))
        with step("用一次性登记码登记两台终端", "Enrolling two terminals with one-time codes"):
            terminals = {
                venue: _enrol(folder / venue.value, venue, center, network.url, environment)
                for venue in Venue
            }
            for directory in terminals.values():
                started.callback(DayKeys(directory.load_configuration().terminal_id).destroy)
        yield Stage(
            folder, environment, readers, network, center, terminals, list(zip(roles, cards, strict=True))
        )


def _make_fresh(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise FolderInUse(
                f"{folder}: 不是演示目录，请用 --out 另选。 No demo folder; choose another with --out."
            )
        shutil.rmtree(folder)
    (folder / "logs").mkdir(parents=True)
    (folder / MARKER).touch()


def _write_content(folder: Path, roles: tuple[Role, ...], cards: list[ChipContents]) -> Path:
    for name, data in starter_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    listed = {
        TapCredential.from_bytes(card.credential).card_id: HotlistReason.LOST
        for role, card in zip(roles, cards, strict=True)
        if role.listed
    }
    (folder / "hotlist.bin").write_bytes(Hotlist.of(1, TODAY, listed).to_bytes())
    return folder


def _enrol(path: Path, venue: Venue, center: Path, url: str, environment: dict[str, str]) -> DataDirectory:
    service = starter_catalogue().item(SERVICES[venue])
    code = tongka(
        *("center", "terminal-code", "--data", center, "--operator", service.operator),
        *("--service", service.code, "--region", service.region, "--no-qr"),
        environment=environment,
    )
    tongka(
        *("enrol", "--center", url, "--data", path, "--code-file", "-", "--test"),
        environment=environment,
        stdin=code,
    )
    return DataDirectory(path)
