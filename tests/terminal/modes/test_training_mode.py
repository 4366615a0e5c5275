"""Training mode: a terminal taps as ever, says so in every line, and nothing of it counts."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from terminal.assembly import open_terminal
from terminal.data_directory import TERMINAL_KEY
from terminal.events.event import UsageEvent
from terminal.events.outcome import Outcome
from terminal.journal.reader import JournalReader
from terminal.journal.training import training_owner
from terminal.journal.verification import verify_journal
from terminal.tap import tap
from tests.demo.processes import Running, tongka
from tests.terminal.enrolled import SetClock, chip
from tests.terminal.modes.gate import gate


def test_a_terminal_trains_beside_the_real_one_and_uses_up_nothing(tmp_path: Path) -> None:
    bus = gate(tmp_path / "bus")  # two rides a month
    card, clock = bus.card(), SetClock()

    def ride(is_training: bool) -> Outcome:
        with (
            open_terminal(bus.directory, clock, is_training=is_training) as terminal,
            InProcessConnection(chip(card)) as connection,
        ):
            return tap(terminal.desk, connection, terminal.request()).outcome

    with open_terminal(bus.directory, clock):
        trained = [ride(is_training=True) for _ in range(3)]
    assert trained == [Outcome.GRANTED, Outcome.GRANTED, Outcome.QUOTA_USED_UP]
    assert bus.events() == []
    assert ride(is_training=False) is Outcome.GRANTED
    (real,) = bus.events()
    with JournalReader(bus.directory.training_journal, is_training=True) as reader:
        events = [UsageEvent.from_bytes(one.data) for one in reader.events(0, 10)]
    assert [event.terminal for event in events] == [bytes(8)] * 3
    assert real.holder_ref not in {event.holder_ref for event in events}
    key = bus.directory.keystore.load(TERMINAL_KEY).public_key
    epoch = bus.directory.load_configuration().epoch
    report = verify_journal(
        bus.directory.training_journal, key, is_training=True, expected=training_owner(epoch)
    )
    assert (report.events, report.faults) == (3, ())


def test_every_line_says_so_and_no_real_journal_begins(tmp_path: Path, private_pcscd: PrivatePcscd) -> None:
    bus = gate(tmp_path / "bus")
    card = bus.card(issued=date.today())
    place = ("--data", bus.directory.path, "--reader", private_pcscd.readers[0], "--training", "--json")
    environment = private_pcscd.environment()
    with Running(tmp_path / "log", "terminal", "run", *place, environment=environment) as terminal:
        begun = terminal.message("degraded")
        while begun["kind"] != "training":
            begun = terminal.message("degraded")
        terminal.message("ready")
        with VpcdLink(chip(card), private_pcscd.ports[0]):
            result = terminal.message("result")
        assert terminal.end() == 0
    assert (begun["code"], begun["training"]) == ("TRM-721", True)
    assert (result["outcome"], result["training"]) == ("granted", True)
    assert not bus.directory.journal.exists()
    listed = tongka(
        *("journal", "list", "--data", bus.directory.path, "--training", "--json"), environment=environment
    )
    assert len(listed.splitlines()) == 1 and json.loads(listed)
