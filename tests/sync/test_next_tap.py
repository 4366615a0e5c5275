"""What the centre publishes changes the very next tap after one synchronisation, over the genuine pcscd.

Centre, agent and terminal are processes of their own; the terminal goes on running all the while.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import msgspec
import pytest

from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.contents import ChipContents
from card.simulator.issuing.personalisation import ISSUER_FILE, Holder, TestIssuer
from crypto.credential import TapCredential
from terminal.configuration import ValidatorSettings
from terminal.content.asked_lists import asked_lists
from terminal.data_directory import DataDirectory
from terminal.starter import starter_files, starter_rule_book
from tests.demo.processes import Running, tongka
from tests.terminal.enrolled import chip

TODAY = date.today()


@dataclass
class World:
    """An issuer, a centre that serves, a terminal that taps."""

    folder: Path
    issuer: TestIssuer
    pcscd: PrivatePcscd
    environment: dict[str, str]
    terminal: Running

    def card(self, issuer: TestIssuer | None = None) -> ChipContents:
        """A blind person's card, issued today."""
        holder = Holder((1,), 1, "500103", TODAY, TODAY + timedelta(days=3650))
        return (issuer or self.issuer).personalise(holder)

    def tap(self, card: ChipContents) -> str:
        """The outcome of the next tap."""
        self.terminal.message("ready")
        with VpcdLink(chip(card), self.pcscd.ports[0]):
            return str(self.terminal.message("result")["outcome"])

    def run(self, *arguments: str | Path) -> str:
        """A command, whose exit status is 0."""
        return tongka(*arguments, environment=self.environment)

    def center(self, *arguments: str | Path) -> str:
        """A command of the centre."""
        return self.run("center", *arguments, "--data", self.folder / "center")

    def synchronise(self) -> None:
        """One synchronisation."""
        self.run("agent", "run", "--data", self.folder / "terminal", "--until-empty")

    def content(self) -> dict[str, object]:
        """What the terminal has in force."""
        report: dict[str, object] = json.loads(
            self.run("terminal", "content", "--data", self.folder / "terminal", "--json")
        )
        return report


def register(folder: Path, cards: list[ChipContents]) -> Path:
    """The issuer's register of these cards, as CSV."""
    file = folder / "issued.csv"
    credentials = [TapCredential.from_bytes(card.credential) for card in cards]
    file.write_text("".join(f"{one.card_id.hex()},{one.issued}\n" for one in credentials))
    return file


@pytest.fixture
def world(tmp_path: Path, private_pcscd: PrivatePcscd) -> Iterator[World]:
    environment = private_pcscd.environment()
    issuer = TestIssuer.create(
        tmp_path / "issuer", TODAY - timedelta(days=3650), TODAY + timedelta(days=3650)
    )
    content = tmp_path / "content"
    for name, data in starter_files().items():
        (content / name).parent.mkdir(parents=True, exist_ok=True)
        (content / name).write_bytes(data)
    (tmp_path / "statuses.csv").write_text("")
    tongka(
        *("content", "hotlist", "--issued", register(tmp_path, []), "--statuses", tmp_path / "statuses.csv"),
        *("--version", "1", "--out", content / "hotlist"),
        environment=environment,
    )
    (content / "lists").mkdir()
    for name in asked_lists(starter_rule_book()):
        (content / "lists" / f"{name}.csv").touch()
    making = (
        *("--issuer", tmp_path / "issuer" / ISSUER_FILE, "--content", content),
        *("--lists", content / "lists", "--issued", register(tmp_path, [])),
    )
    tongka("center", "init", "--data", tmp_path / "center", *making, environment=environment)
    with ExitStack() as running:
        serving = running.enter_context(
            Running(
                tmp_path / "center.log",
                *("center", "run", "--data", tmp_path / "center", "--port", "0"),
                environment=environment,
            )
        )
        url = serving.line().removeprefix("READY ")
        assignment = ("--operator", "test-bus", "--service", "BUS-1", "--region", "500103", "--no-qr")
        code = tongka(
            "center", "terminal-code", "--data", tmp_path / "center", *assignment, environment=environment
        )
        enrolling = ("--center", url, "--data", tmp_path / "terminal", "--code-file", "-", "--test")
        tongka("enrol", *enrolling, environment=environment, stdin=code)
        # These tests tap the same card again and again, for what is in force by then.
        configuration = DataDirectory(tmp_path / "terminal").load_configuration()
        changed = msgspec.structs.replace(configuration, validator=ValidatorSettings(repeat_seconds=0))
        DataDirectory(tmp_path / "terminal").configuration_file.write_bytes(changed.to_bytes())
        terminal = running.enter_context(
            Running(
                tmp_path / "terminal.log",
                *("terminal", "run", "--data", tmp_path / "terminal"),
                *("--reader", private_pcscd.readers[0], "--json"),
                environment=environment,
            )
        )
        yield World(tmp_path, issuer, private_pcscd, environment, terminal)


def test_a_rotated_issuers_card_is_known_at_the_next_tap(world: World) -> None:
    old = world.card()
    rotated = TestIssuer.rotate(world.folder / "issuer", TODAY, TODAY + timedelta(days=3650))
    new = world.card(rotated)
    assert [world.tap(new), world.tap(old)] == ["unknown_issuer", "granted"]
    world.center("issuer", "add", "--issuer", world.folder / "issuer" / ISSUER_FILE)
    assert world.tap(new) == "unknown_issuer"  # published, not yet fetched
    world.synchronise()
    assert [world.tap(new), world.tap(old)] == ["granted", "granted"]  # both keys overlap


def test_a_revoked_issuers_card_is_refused_at_the_next_tap(world: World) -> None:
    card = world.card()
    assert world.tap(card) == "granted"
    key_id = world.issuer.issuer_key.key_id.hex()
    world.center("issuer", "revoke", "--key-id", key_id)
    assert "key_compromise" in world.center("issuer", "list", "--json")
    world.synchronise()
    assert world.tap(card) == "issuer_revoked"
    assert world.content()["revoked"] == [key_id]


def test_a_revoked_terminal_serves_nobody_from_the_next_tap_on_and_still_hands_in_what_it_has(
    world: World,
) -> None:
    card = world.card()
    assert world.tap(card) == "granted"
    (enrolled,) = json.loads(world.center("terminal", "list", "--json"))
    assert (enrolled["epoch"], enrolled["received_up_to"], enrolled["revoked"]) == (1, 0, None)
    world.center("terminal", "revoke", "--terminal", enrolled["terminal"])
    world.synchronise()
    world.terminal.message("ready")
    with VpcdLink(chip(card), world.pcscd.ports[0]):
        assert world.terminal.message("trouble")["code"] == "TRM-414"
    (enrolled,) = json.loads(world.center("terminal", "list", "--json"))
    assert (enrolled["received_up_to"], enrolled["revoked"]) == (1, f"{TODAY} key_compromise")
    assert world.content()["is_terminal_revoked"] is True


def test_a_card_on_the_hotlist_is_refused_at_the_next_tap_and_again_taken_when_it_is_off(
    world: World,
) -> None:
    lost, other = world.card(), world.card()
    hotlist, issued = world.folder / "content" / "hotlist", register(world.folder, [lost, other])
    card_id = TapCredential.from_bytes(lost.credential).card_id.hex()
    assert [world.tap(lost), world.tap(other)] == ["granted", "granted"]
    for statuses, outcome in ((f"{card_id},lost,{TODAY},\n", "blocked"), ("", "granted")):
        (world.folder / "statuses.csv").write_text(statuses)
        delta = ("--hotlist", hotlist, "--issued", issued, "--statuses", world.folder / "statuses.csv")
        world.run("content", "hotlist-delta", *delta)
        world.center("publish", "--content", world.folder / "content")
        world.synchronise()
        assert [world.tap(lost), world.tap(other)] == [outcome, "granted"]
    assert (world.content()["version"], world.content()["hotlist"]) == (3, 4)  # the base came with a delta
