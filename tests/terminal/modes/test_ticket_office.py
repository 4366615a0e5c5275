"""The ticket office as staff and programs use it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from card.errors import CardTorn, PcscServiceGone, ReaderGone
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from crypto.explained import Language
from terminal.events.kind import EventKind
from terminal.modes.counter_errors import EntryRefused
from terminal.modes.desk_loop import DeskLoop
from terminal.modes.entries import MAX_LINE, Entries
from terminal.modes.office_displays import OfficeJsonDisplay, OfficeLineDisplay
from terminal.modes.office_orders import (
    CancelSale,
    ConfirmSale,
    NextPerson,
    RemoveLine,
    json_order,
    typed_order,
)
from terminal.modes.sale import IDLE_MS
from terminal.modes.ticket_office import TicketOffice
from terminal.modes.ticket_office_commands import app
from tests.card.psam_cards import empty_readers
from tests.terminal.enrolled import Enrolled, SetClock, chip
from tests.terminal.modes.desk_process import DeskProcess
from tests.terminal.modes.desk_script import Do, Script, Step
from tests.terminal.modes.sale_cast import journal_of, park, selling


@pytest.fixture
def office(tmp_path: Path) -> Enrolled:
    """A ticket office."""
    return park(tmp_path / "park")


def typed(office: Enrolled, *steps: Step, clock: SetClock | None = None) -> str:
    """What a person at the keyboard sees of this script."""
    out, script = io.StringIO(), Script(*steps)
    with selling(office, clock) as (terminal, sales):
        desk = TicketOffice(terminal, sales, OfficeLineDisplay(Language.ZH, out), typed_order)
        DeskLoop(terminal.desk.contents, script, script, desk).run()
    return out.getvalue()


def sent(office: Enrolled, *steps: Step) -> list[dict[str, Any]]:
    """What a program gets of this script."""
    out, script = io.StringIO(), Script(*steps)
    with selling(office) as (terminal, sales):
        desk = TicketOffice(terminal, sales, OfficeJsonDisplay(out), json_order)
        DeskLoop(terminal.desk.contents, script, script, desk).run()
    return [json.loads(line) for line in out.getvalue().splitlines()]


def test_a_person_sells_to_a_family(office: Enrolled) -> None:
    shown = typed(
        office,
        *("2", chip(office.card(grade=1))),
        *("half", chip(office.card(grade=4))),
        *("half", "-", chip(office.card(grade=4))),
        *("r 3", "c"),
    )
    # Two came along with the first: one at half price, one at the full; the second has a class of its own.
    assert "持卡人 2 人 ¥45.00 · 同行优惠 1 人 ¥45.00 · 其余同行 1 人 ¥90.00" in shown
    assert "第 1 号 ¥135.00 · 第 2 号 ¥45.00 · 第 3 号 ¥90.00" in shown
    assert shown.splitlines()[-2] == "已确认：2 张证，实收 ¥180.00"
    events = journal_of(office)
    assert [(event.companions, event.ticket) for event in events] == [(2, ""), (0, "half"), (0, "")]


def test_nobody_who_stands_by_learns_what_a_card_says(office: Enrolled) -> None:
    shown = typed(office, *(chip(office.card((category,), 1)) for category in range(1, 8)), "c")
    for word in ("视力", "听力", "言语", "肢体", "智力", "精神", "多重", "级", "免票"):
        assert word not in shown


def test_what_was_entered_counts_for_one_card(office: Enrolled) -> None:
    typed(office, "3", chip(office.card()), chip(office.card()), "c")
    assert [event.companions for event in journal_of(office)] == [3, 0]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("first-class", "TRM-735"),
        ("r x", "TRM-738"),
        ("r 0", "TRM-738"),
        ("r 9", "TRM-736"),
        ("?", "TRM-738"),
        ("一", "TRM-738"),
        ("\x00", "TRM-738"),
    ],
)
def test_an_entry_that_makes_no_sense_changes_nothing(office: Enrolled, entry: str, code: str) -> None:
    shown = typed(office, chip(office.card()), entry, "c")
    assert code in shown
    assert "已确认：1 张证，实收 ¥0.00" in shown


@pytest.mark.parametrize("entry", ["c", "x", "r 1"])
def test_without_a_sale_there_is_nothing_to_end(office: Enrolled, entry: str) -> None:
    assert "TRM-730" in typed(office, entry)
    assert journal_of(office) == []


def test_a_sale_that_staff_walked_away_from_is_cancelled_and_said_so(office: Enrolled) -> None:
    clock = SetClock()

    def walk_away() -> None:
        clock.now, clock.monotonic = clock.now + IDLE_MS + 1000, clock.monotonic + IDLE_MS + 1000

    shown = typed(office, chip(office.card()), Do(walk_away), "c", clock=clock)
    assert "TRM-732" in shown
    assert "已撤销：1 张证，不收费" in shown
    assert [event.kind for event in journal_of(office)] == [EventKind.TAP, EventKind.CANCELLATION]


def test_trouble_with_a_reader_or_card_is_told_once_and_the_sale_goes_on(office: Enrolled) -> None:
    card = office.card()
    told = sent(
        office,
        chip(card),
        ReaderGone(reader="r"),
        CardTorn(),
        PcscServiceGone(),
        chip(card),
        '{"do": "confirm"}',
    )
    assert [one["code"] for one in told if one["state"] == "trouble"] == [
        *("CRD-101", "CRD-103", "CRD-102"),
        "TRM-733",
    ]
    assert [one["phase"] for one in told if one["state"] == "sale"] == ["open", "confirmed"]
    assert told[-2]["lines"] == [1]


def test_a_program_gets_every_sum_in_fen(office: Enrolled) -> None:
    told = sent(office, '{"do": "next", "companions": 2}', chip(office.card()), '{"do": "cancel"}')
    [opened, cancelled] = [one for one in told if one["state"] == "sale"]
    assert opened == {
        "state": "sale",
        "phase": "open",
        "lines": [1],
        "holders": 1,
        "holders_pay": 0,
        "companions_admitted": 1,
        "companions_admitted_pay": 4500,
        "companions_further": 1,
        "companions_further_pay": 9000,
        "to_pay": 13_500,
    }
    assert cancelled == opened | {"phase": "cancelled"}


def test_the_command_sells_over_pcsc_and_cancels_what_a_kill_left_open(
    office: Enrolled, private_pcscd: PrivatePcscd
) -> None:
    empty_readers(private_pcscd)
    cards = [office.card(issued=date.today()) for _ in range(3)]
    place = ("run", "--data", office.directory.path, "--reader", private_pcscd.readers[0], "--json")
    command = ("terminal.modes.ticket_office_commands", *place)
    with DeskProcess(*command, environment=private_pcscd.environment()) as process:
        for card in cards[:2]:
            process.message("ready")
            process.enter(do="next", companions=1)
            with VpcdLink(chip(card), private_pcscd.ports[0]):
                assert process.message("result")["companions_admitted"] == 1
        process.enter(do="confirm")
        while (sale := process.message("sale"))["phase"] != "confirmed":
            pass
        assert (sale["lines"], sale["to_pay"]) == ([1, 2], 9000)
        process.message("ready")
        with VpcdLink(chip(cards[2]), private_pcscd.ports[0]):
            process.message("result")
            process.kill()
    empty_readers(private_pcscd)
    with DeskProcess(*command, environment=private_pcscd.environment()) as process:
        assert process.message("interrupted") == {"state": "interrupted", "cancelled": 1}
        process.message("ready")
        assert process.end() == 0
    assert [(event.kind, event.refers_to) for event in journal_of(office)] == [
        *[(EventKind.TAP, 0)] * 3,
        (EventKind.CANCELLATION, 3),
    ]


def test_the_office_closes_with_its_input_and_wrong_usage_is_2(office: Enrolled) -> None:
    ended = CliRunner().invoke(app, ["run", "--data", str(office.directory.path), "--json"], input="")
    assert ended.exit_code == 0, ended.output
    assert CliRunner().invoke(app, ["run"]).exit_code == 2
    assert "Example: tongka ticket-office run" in CliRunner().invoke(app, ["run", "--help"]).output


@pytest.mark.parametrize(
    "long", ["a" * MAX_LINE + "c", "c" + " " * MAX_LINE, " " * MAX_LINE + "c", "c" * 200_000, "\t" * 5_000]
)
def test_a_line_that_is_too_long_is_refused_whole_and_once(long: str) -> None:
    """Neither its beginning nor what lies behind the longest line is an order of its own."""
    whole = "x" * MAX_LINE
    entries = Entries(io.StringIO(f"a\n\n  b \n{whole}\n{long}\nd\n{long}"))
    entries._read()
    assert [entries.take() for _ in range(3)] == ["a", "b", whole]
    with pytest.raises(EntryRefused):
        entries.take()
    assert entries.take() == "d"
    with pytest.raises(EntryRefused):
        entries.take()
    assert not entries.ended
    assert entries.take() is None
    assert entries.ended


def test_a_line_in_another_encoding_is_no_order_and_ends_nothing() -> None:
    """As a keyboard or a program with GBK sends it."""
    typed = b"p y\n" + "照片不符".encode("gbk") + b"\nc\n"
    entries = Entries(io.TextIOWrapper(io.BytesIO(typed), encoding="utf-8"))
    entries._read()
    before, spoilt, after = (entries.take() for _ in range(3))
    assert (before, after) == ("p y", "c")
    assert spoilt is not None
    with pytest.raises(EntryRefused):
        typed_order(spoilt)


def test_the_end_of_a_line_that_is_too_long_confirms_no_sale(office: Enrolled) -> None:
    out = io.StringIO()
    entries = Entries(io.StringIO("a" * 200_000 + "c\n"))
    entries._read()
    with selling(office) as (terminal, sales):
        desk = TicketOffice(terminal, sales, OfficeJsonDisplay(out), typed_order)
        tap_of = Script(chip(office.card()))
        DeskLoop(terminal.desk.contents, tap_of, tap_of, desk).run()
        said = len(out.getvalue().splitlines())
        DeskLoop(terminal.desk.contents, Script(), entries, desk).run()
        told = [json.loads(line) for line in out.getvalue().splitlines()[said:]]
        assert sales.current is not None
    assert [one["code"] for one in told if one["state"] == "trouble"] == ["TRM-738"]


def test_an_interrupted_sale_is_told_to_a_person_too(office: Enrolled) -> None:
    out = io.StringIO()
    with selling(office) as (terminal, sales):
        interrupted = replace(terminal, cancelled_at_start=2)
        TicketOffice(interrupted, sales, OfficeLineDisplay(Language.EN, out), typed_order)
    assert out.getvalue().startswith("The sale before was broken off: 2 taps were cancelled.")


@given(st.text(max_size=60))
def test_any_entry_is_an_order_or_refused(text: str) -> None:
    for read in (typed_order, json_order):
        try:
            order = read(text)
        except EntryRefused:
            continue
        assert isinstance(order, NextPerson | RemoveLine | ConfirmSale | CancelSale)
