"""The validator as it runs in a vehicle: a process of its own behind the genuine pcscd."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from queue import Queue

import pytest

from card.connection import CardConnection
from card.errors import CardInUse, CardTorn, PcscServiceGone, ReaderGone, WaitCancelled
from card.readers.pcsc import PcscReader
from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.faults import TearingChip
from crypto.closing import Closing
from crypto.explained import ExplainedError
from terminal.assembly import open_terminal
from terminal.journal.reader import JournalReader
from terminal.modes.degraded import Degradation
from terminal.modes.inspection import Inspection
from terminal.tap import TapResult
from terminal.validator import Validator
from tests.demo.processes import Running
from tests.terminal.enrolled import Enrolled, chip, enrol


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    """A bus terminal."""
    return enrol(tmp_path / "bus")


@contextmanager
def running(bus: Enrolled, pcscd: PrivatePcscd, log: Path) -> Iterator[Running]:
    """`tongka terminal run` on the first virtual reader."""
    with Running(
        log,
        *("terminal", "run", "--data", bus.directory.path, "--reader", pcscd.readers[0], "--json"),
        environment=pcscd.environment(),
    ) as process:
        yield process


def test_a_terminal_taps_card_after_card_and_stops_when_told(
    bus: Enrolled, private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    card = bus.card(issued=date.today())
    with running(bus, private_pcscd, tmp_path / "log") as process:
        outcomes = []
        for virtual in (chip(card), TearingChip(chip(card), after_apdus=1), chip(card)):
            process.message("ready")
            with VpcdLink(virtual, private_pcscd.ports[0]):
                outcomes.append(process.message("result")["outcome"])
        assert process.end() == 0
    assert outcomes == ["granted", "unreadable", "repeated"]
    with JournalReader(bus.directory.journal) as reader:
        assert len(reader.events(0, 10)) == 3


def test_a_terminal_without_a_named_reader_taps_on_whichever_has_a_card(
    bus: Enrolled, private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    place = ("terminal", "run", "--data", bus.directory.path, "--json")
    with Running(tmp_path / "log", *place, environment=private_pcscd.environment()) as process:
        outcomes = []
        for port in private_pcscd.ports:
            process.message("ready")
            with VpcdLink(chip(bus.card(issued=date.today())), port):
                outcomes.append(process.message("result")["outcome"])
        assert process.end() == 0
    assert outcomes == ["granted", "granted"]


def test_companions_typed_by_staff_count_for_one_tap(tmp_path: Path, private_pcscd: PrivatePcscd) -> None:
    garden = enrol(tmp_path / "garden", service="GARDEN")
    cards = [garden.card((4,), 1, issued=date.today()) for _ in range(2)]
    with running(garden, private_pcscd, tmp_path / "log") as process:
        process.message("ready")
        process.type("x")
        process.type("1")
        with VpcdLink(chip(cards[0]), private_pcscd.ports[0]):
            first = process.message("result")
        process.message("ready")
        with VpcdLink(chip(cards[1]), private_pcscd.ports[0]):
            second = process.message("result")
    assert (first["outcome"], first["companions_admitted"]) == ("granted_with_companion", 1)
    assert (second["outcome"], second["companions_admitted"]) == ("granted", 0)
    assert (first["companions"], second["companions"]) == (1, 0)
    assert "0" in (tmp_path / "log").read_text()


@dataclass
class Screen:
    """A display that a test reads."""

    said: Queue[str | TapResult] = field(default_factory=Queue)

    def ready(self) -> None:
        self.said.put("ready")

    def reading(self) -> None:
        self.said.put("reading")

    def result(self, result: TapResult) -> None:
        self.said.put(result)

    def trouble(self, error: ExplainedError) -> None:
        self.said.put(error.code)

    def inspected(self, found: Inspection | None) -> None:
        self.said.put("not tapped" if found is None else f"tapped: {found.sequence} {found.is_valid}")

    def degraded(self, degradation: Degradation) -> None:
        self.said.put(f"degraded: {degradation.kind}")

    def recovered(self, degradation: Degradation) -> None:
        self.said.put(f"recovered: {degradation.kind}")


@dataclass
class ScriptedReader(Closing):
    """A reader that gives one scripted thing after another, and then ends the loop."""

    name = "scripted"
    script: list[CardConnection | ExplainedError]
    removals: int = 0
    removal_errors: list[ExplainedError] = field(default_factory=list)

    def wait_for_card(self, timeout: float | None) -> CardConnection:
        if not self.script:
            raise WaitCancelled
        given = self.script.pop(0)
        if isinstance(given, ExplainedError):
            raise given
        return given

    def wait_for_removal(self, timeout: float | None) -> None:
        self.removals += 1
        if self.removal_errors:
            raise self.removal_errors.pop(0)

    def cancel(self) -> None:
        self.script.clear()

    def close(self) -> None:
        self.script.clear()


def heard(screen: Screen) -> list[str | TapResult]:
    """What the screen has been told, but for what the starter's content lacks from the beginning."""
    said = [screen.said.get_nowait() for _ in range(screen.said.qsize())]
    return [one for one in said if not (isinstance(one, str) and one.startswith("degraded"))]


def test_trouble_is_said_once_and_the_loop_goes_on(bus: Enrolled) -> None:
    screen = Screen()
    card = bus.card(issued=date.today())
    reader = ScriptedReader(
        [PcscServiceGone(), CardInUse(reader="r"), CardTorn(), InProcessConnection(chip(card))]
    )
    with open_terminal(bus.directory) as terminal:
        Validator(terminal, reader, screen).run()
    told = heard(screen)
    assert [one for one in told if isinstance(one, str) and one.startswith("CRD")] == [
        "CRD-102",
        "CRD-105",
        "CRD-103",
    ]
    assert [one.outcome.granted for one in told if isinstance(one, TapResult)] == [True]
    # A card that troubles is not tried again while it lies there.
    assert reader.removals == 4


def test_it_is_ready_again_only_when_the_reader_is_back(bus: Enrolled) -> None:
    screen = Screen()
    reader = ScriptedReader([InProcessConnection(chip(bus.card(issued=date.today())))])
    reader.removal_errors = [ReaderGone(reader="r"), ReaderGone(reader="r")]
    with open_terminal(bus.directory) as terminal:
        Validator(terminal, reader, screen).run()
    told = [one for one in heard(screen) if isinstance(one, str)]
    assert told == ["ready", "reading", "CRD-101", "ready"]
    assert reader.removals == 3


def test_a_tap_that_can_not_be_recorded_is_trouble_and_no_benefit(bus: Enrolled) -> None:
    screen = Screen()
    card = bus.card(issued=date.today())
    with open_terminal(bus.directory) as terminal:
        blocker = sqlite3.connect(bus.directory.journal)
        blocker.execute("BEGIN IMMEDIATE")
        terminal.desk.journal._connection.execute("PRAGMA busy_timeout = 0")
        Validator(terminal, ScriptedReader([InProcessConnection(chip(card))]), screen).run()
        blocker.rollback()
        blocker.close()
    told = heard(screen)
    assert "TRM-504" in told
    assert not [one for one in told if isinstance(one, TapResult)]


def test_stop_ends_the_loop_from_another_thread(bus: Enrolled, private_pcscd: PrivatePcscd) -> None:
    screen = Screen()
    with open_terminal(bus.directory) as terminal, PcscReader(private_pcscd.readers[1]) as reader:
        validator = Validator(terminal, reader, screen)

        def stop_when_ready() -> None:
            screen.said.get(timeout=20)
            validator.stop()

        stopper = threading.Thread(target=stop_when_ready)
        stopper.start()
        validator.run()
        stopper.join()


def test_json_lines_tell_nothing_of_the_person(
    bus: Enrolled, private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    card = bus.card((5,), 1, issued=date.today())
    with running(bus, private_pcscd, tmp_path / "log") as process:
        process.message("ready")
        with VpcdLink(chip(card), private_pcscd.ports[0]):
            result = process.message("result")
    line = json.dumps(result, ensure_ascii=False)
    assert set(result) == {
        *("state", "sequence", "outcome", "fare", "companions", "party_pays"),
        *("holder_pays", "companion_pays", "companions_admitted"),
        *("bystander_zh", "bystander_en", "microseconds"),
    }
    assert "智力" not in line
