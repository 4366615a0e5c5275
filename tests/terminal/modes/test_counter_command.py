"""`tongka counter run` over a genuine pcscd with a card and a PSAM, as programs and people use it."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.faults import TearingChip
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from terminal.events.outcome import Outcome
from terminal.modes.counter_commands import app
from terminal.modes.counter_note import CounterNote, EyeCheck, Purpose
from tests.card.psam_cards import empty_readers
from tests.terminal.enrolled import Enrolled, chip
from tests.terminal.modes.counter_cast import (
    NAME,
    NUMBER,
    PHOTO,
    SECRETS,
    companion_of,
    counter_at,
    evidence_of,
    holder,
    psam_chip,
)
from tests.terminal.modes.desk_process import DeskProcess
from tests.terminal.modes.sale_cast import journal_of
from tests.terminal.modes.test_counter import image

MODULE: Final = "terminal.modes.counter_commands"
SECONDS: Final = 30.0
CHECK: Final = {"do": "check", "visit": 1, "photo": "matches"}
APPLY: Final = {
    "do": "register",
    "visit": 1,
    "service": "CERT-RENEW",
    "purpose": "application",
    "documents": [0],
}


@pytest.fixture
def counter(tmp_path: Path) -> Enrolled:
    """A counter of the Federation's."""
    return counter_at(tmp_path / "counter")


@pytest.fixture(autouse=True)
def _empty_readers(private_pcscd: PrivatePcscd) -> Iterator[None]:
    empty_readers(private_pcscd)
    yield
    empty_readers(private_pcscd)


class StaffScreen:
    """The program that shows a holder to staff: the other end of the pipe."""

    def __init__(self) -> None:
        reading, self.descriptor = os.pipe()
        self._pipe = os.fdopen(reading, "rb")
        self.heard: list[dict[str, Any]] = []
        self._thread = threading.Thread(target=self._read, name="staff-screen")
        self._thread.start()

    def close(self) -> None:
        """When the counter has ended."""
        self._thread.join(SECONDS)
        self._pipe.close()

    def _read(self) -> None:
        for line in self._pipe:
            self.heard.append(json.loads(line))


@contextmanager
def running(
    counter: Enrolled, pcscd: PrivatePcscd, *options: str
) -> Iterator[tuple[DeskProcess, list[dict[str, Any]]]]:
    """The command in a process of its own, and what staff's screen heard."""
    screen = StaffScreen()
    process = DeskProcess(
        MODULE,
        *("run", "--data", str(counter.directory.path), "--reader", pcscd.readers[0]),
        *("--json", "--staff-fd", str(screen.descriptor), *options),
        environment=pcscd.environment(),
        pass_fds=(screen.descriptor,),
    )
    try:
        with process:
            os.close(screen.descriptor)
            yield process, screen.heard
    finally:
        screen.close()


def today_s(counter: Enrolled) -> ChipContents:
    """A holder's card that is in force on whatever day it is."""
    return holder(counter, issued=date.today())


def test_a_holder_with_a_companion_card_applies_over_pcsc_with_a_psam(
    counter: Enrolled, private_pcscd: PrivatePcscd
) -> None:
    card = today_s(counter)
    carer = companion_of(counter, card, issued=date.today())
    reader, slot = private_pcscd.ports
    with (
        VpcdLink(psam_chip(counter), slot),
        running(counter, private_pcscd, "--psam", private_pcscd.readers[1]) as (process, screen),
    ):
        limits = Path(f"/proc/{process.pid}/limits")
        process.message("ready")
        [core] = [line for line in limits.read_text().splitlines() if line.startswith("Max core file size")]
        assert core.split()[4:6] == ["0", "0"]
        with VpcdLink(chip(card), reader):
            assert process.message("visit")["data"] == "issuer"
            process.enter(**CHECK)
            assert process.message("registered")["visit"] == 1
        process.message("wiped")
        with VpcdLink(chip(carer), reader):
            assert process.message("companion")["visit"] == 1
        process.message("ready")
        with VpcdLink(chip(card), reader):
            assert process.message("visit")["companion_tap"] == 3
            process.enter(**APPLY)
            told = process.message("registered")
        process.message("wiped")
        assert process.end() == 0
    assert (told["sequence"], told["visit"]) == (5, 1)
    assert [one["state"] for one in screen] == ["holder", "registered", "wiped"] * 2
    assert (screen[1]["photo_seen"], screen[4]["documents"]) == ("matches", [0])
    assert (screen[0]["name"], screen[0]["certificate_number"]) == (NAME, NUMBER)
    assert len(screen[0]["photo"]) > len(PHOTO)
    words = [one.words for one in evidence_of(counter)]
    assert words[0] == words[2] == words[3] == ""
    note = CounterNote.from_words(words[4])
    assert (note.purpose, note.companion_tap, note.photo) == (Purpose.APPLICATION, 3, EyeCheck.NOT_CHECKED)
    disk = image(counter.directory.path)
    assert not any(secret in disk for secret in SECRETS)


def test_with_an_empty_sam_slot_every_visit_says_so_and_counts(
    counter: Enrolled, private_pcscd: PrivatePcscd
) -> None:
    with running(counter, private_pcscd, "--psam", private_pcscd.readers[1]) as (process, screen):
        process.message("ready")
        with VpcdLink(chip(today_s(counter)), private_pcscd.ports[0]):
            assert process.message("trouble")["code"] == "CRD-144"
            assert process.message("visit")["data"] == "none"
            process.enter(**APPLY)
            process.message("registered")
        assert process.end() == 0
    assert [one["state"] for one in screen] == ["registered", "wiped"]
    assert screen[0]["data"] == "none"
    assert len(journal_of(counter)) == 2


def test_without_a_sam_slot_it_is_said_at_the_start(counter: Enrolled, private_pcscd: PrivatePcscd) -> None:
    """Neither of the virtual readers is named as a SAM slot."""
    with running(counter, private_pcscd) as (process, _screen):
        assert process.message("trouble")["code"] == "CRD-145"
        assert process.message("without_psam")["zh"].startswith("没有 PSAM")
        process.message("ready")
        assert process.end() == 0


def test_foreign_torn_and_swapped_cards_leave_nobody_s_data(
    counter: Enrolled, private_pcscd: PrivatePcscd
) -> None:
    reader, slot = private_pcscd.ports
    with (
        VpcdLink(psam_chip(counter), slot),
        running(counter, private_pcscd, "--psam", private_pcscd.readers[1]) as (process, screen),
    ):
        process.message("ready")
        with VpcdLink(ForeignCardChip(ForeignKind.BANK), reader):
            assert process.message("result")["outcome"] == "foreign_card"
        process.message("ready")
        with VpcdLink(TearingChip(chip(today_s(counter)), after_apdus=12), reader):
            assert process.message("trouble")["code"] == "CRD-103"
            assert process.message("visit")["data"] == "none"
        process.message("wiped")
        process.message("ready")
        with VpcdLink(chip(today_s(counter)), reader):
            number = process.message("visit")["sequence"]
        with VpcdLink(chip(today_s(counter)), reader):
            # Whichever is seen first, the order, the gap or the other card: it is for nobody who is here.
            process.enter(**{**APPLY, "visit": number})
            process.message("wiped")
        process.message("ready")
        assert process.end() == 0
    assert screen[-1] == {"state": "wiped"}
    events = journal_of(counter)
    assert [event.outcome for event in events][:3] == [
        Outcome.FOREIGN_CARD,
        Outcome.RECORDED,
        Outcome.RECORDED,
    ]
    assert {event.service for event in events if event.outcome is Outcome.RECORDED} == {"CERT-CHECK"}


@pytest.mark.parametrize(
    ("module", "options", "state"),
    [
        (MODULE, ("--without-psam",), "visit"),
        ("terminal.modes.check_in_commands", ("--repeat-seconds", "0"), "attendance"),
        ("terminal.modes.ticket_office_commands", (), "result"),
    ],
)
def test_in_training_a_desk_works_and_nothing_counts(
    counter: Enrolled, private_pcscd: PrivatePcscd, module: str, options: tuple[str, ...], state: str
) -> None:
    counter.certify_now()
    place = ("run", "--data", str(counter.directory.path), "--reader", private_pcscd.readers[0])
    card = chip(today_s(counter))
    for number in (1, 2):
        training = (*place, "--json", "--training", *options)
        with DeskProcess(module, *training, environment=private_pcscd.environment()) as desk:
            assert desk.message("degraded")["kind"] == "training"
            desk.message("ready")
            with VpcdLink(card, private_pcscd.ports[0]):
                told = desk.message(state)
                assert (told["sequence"], told["training"]) == (number, True)
            assert desk.end() == 0
        empty_readers(private_pcscd)
    assert not counter.directory.journal.exists()
    if state == "attendance":
        # The second start found, in the journal of training, who was here.
        assert told["answer"] == "left"


def test_wrong_usage_is_2_and_help_shows_an_example(counter: Enrolled, tmp_path: Path) -> None:
    place = ["run", "--data", str(counter.directory.path)]
    with (tmp_path / "log").open("wb") as log:
        for options in (
            ["--staff-fd", "7"],  # not with JSON
            ["--json", "--staff-fd", str(log.fileno())],
            ["--json", "--staff-fd", "1"],
            ["--show-seconds", "0"],
            ["--show-seconds", "3600"],
        ):
            assert CliRunner().invoke(app, [*place, *options]).exit_code == 2, options
    assert CliRunner().invoke(app, ["run"]).exit_code == 2
    assert "Example: tongka counter run" in CliRunner().invoke(app, ["run", "--help"]).output
