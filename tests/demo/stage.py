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
from terminal.content.asked_lists import asked_lists
from terminal.data_directory import DataDirectory
from terminal.holder_reference import DayKeys
from terminal.starter import starter_catalogue, starter_files, starter_rule_book
from tests.demo.cast import CAST, KIOSK_ROLE, TODAY, Role, Venue, issue_cards
from tests.demo.key_places import (
    KeyPlace,
    KeyPlaces,
    Keys,
    in_a_signing_card,
    in_files,
    sealed_by_a_tpm,
)
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
    keys: Keys
    chips: list[tuple[Role, ChipContents]] = field(repr=False)

    def reader(self, venue: Venue) -> tuple[str, int]:
        """The name of a venue's reader, and the port where its virtual cards are put."""
        place = list(Venue).index(venue)
        return self.readers.readers[place], self.readers.ports[place]

    def log(self, name: str) -> Path:
        """Where a process's standard error goes."""
        return self.folder / "logs" / f"{name}.log"


@contextmanager
def set_up(folder: Path, places: KeyPlaces) -> Iterator[Stage]:
    """Set the stage in a fresh folder; whatever was started is ended on the way out, and nothing else is."""
    _make_fresh(folder)
    with ExitStack() as started:
        with step(
            "启动虚拟读卡器（私有 pcscd + vpcd）", "Starting the virtual readers (a private pcscd with vpcd)"
        ):
            readers = started.enter_context(PrivatePcscd(pairs=2))
            readers.activate()
        # The tables of `tongka reconcile` come through a pipe, which has no width of its own.
        environment = {**readers.environment(), "COLUMNS": str(console.width)}
        keys = _keys(places, folder, readers, environment, started)
        with step("建立测试发卡机构并个人化虚拟卡", "Making a test issuer and personalising virtual cards"):
            issuer = TestIssuer.create(
                folder / "issuer",
                date(TODAY.year - 8, 1, 1),
                date(TODAY.year + 8, 12, 31),
                keys.authority.kind,
                keys.authority.settings,
            )
            roles = (*CAST, KIOSK_ROLE)
            cards = issue_cards(issuer, roles)
            content = _write_content(folder / "content", roles, cards, environment)
        with step("建立并启动卡数据中心", "Making and starting the card data centre"):
            center = folder / "center"
            tongka(
                *("center", "init", "--data", center, "--issuer", folder / "issuer" / ISSUER_FILE),
                *("--content", content, "--lists", content / "lists", "--issued", content / "issued.csv"),
                *keys.authority.options,
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
                venue: _enrol(folder / venue.value, venue, center, network.url, environment, keys.terminal)
                for venue in Venue
            }
            for directory in terminals.values():
                started.callback(DayKeys(directory.load_configuration().terminal_id).destroy)
        chips = list(zip(roles, cards, strict=True))
        yield Stage(folder, environment, readers, network, center, terminals, keys, chips)


def _keys(
    places: KeyPlaces,
    folder: Path,
    readers: PrivatePcscd,
    environment: dict[str, str],
    started: ExitStack,
) -> Keys:
    if places is KeyPlaces.CARD:
        with step("把发卡机构与中心的密钥放进签名卡", "A signing card for issuer's and centre's keys"):
            return in_a_signing_card(folder, readers, environment, started)
    if places is KeyPlaces.TPM:
        with step("启动软件 TPM，封存终端密钥", "A software TPM to seal the terminals' keys"):
            return sealed_by_a_tpm(folder, environment, started)
    return in_files()


def _make_fresh(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise FolderInUse(
                f"{folder}: 不是演示目录，请用 --out 另选。 No demo folder; choose another with --out."
            )
        shutil.rmtree(folder)
    (folder / "logs").mkdir(parents=True)
    (folder / MARKER).touch()


def _write_content(
    folder: Path, roles: tuple[Role, ...], cards: list[ChipContents], environment: dict[str, str]
) -> Path:
    for name, data in starter_files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    lists = folder / "lists"
    lists.mkdir()
    for name in asked_lists(starter_rule_book()):
        (lists / f"{name}.csv").touch()
    credentials = [TapCredential.from_bytes(card.credential) for card in cards]
    issued, statuses = folder / "issued.csv", folder / "statuses.csv"
    issued.write_text("".join(f"{one.card_id.hex()},{one.issued}\n" for one in credentials), "ascii")
    statuses.write_text(
        "".join(
            f"{one.card_id.hex()},lost,{TODAY},\n"
            for role, one in zip(roles, credentials, strict=True)
            if role.listed
        ),
        "ascii",
    )
    tongka(
        *("content", "hotlist", "--issued", issued, "--statuses", statuses),
        *("--version", "1", "--dated", TODAY.isoformat(), "--out", folder / "hotlist"),
        environment=environment,
    )
    return folder


def _enrol(  # noqa: PLR0917  as the command takes them
    path: Path, venue: Venue, center: Path, url: str, environment: dict[str, str], keys: KeyPlace
) -> DataDirectory:
    service = starter_catalogue().item(SERVICES[venue])
    code = tongka(
        *("center", "terminal-code", "--data", center, "--operator", service.operator),
        *("--service", service.code, "--region", service.region, "--no-qr"),
        environment=environment,
    )
    tongka(
        *("enrol", "--center", url, "--data", path, "--code-file", "-", "--test"),
        *keys.options,
        environment=environment,
        stdin=code,
    )
    return DataDirectory(path)
