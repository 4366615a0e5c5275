"""The counter: who came, what staff saw, what was registered, and what is left of it: nothing personal."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from msgspec import structs

from card.application import Role
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.faults import TearingChip
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from card.simulator.chips.psam import PsamChip
from card.simulator.issuing.personalisation import TestIssuer
from crypto.assurance import Assurance
from crypto.credential import TapCredential
from crypto.explained import Language
from crypto.sealed_once import TAG_BYTES
from terminal.data_directory import TERMINAL_KEY
from terminal.events.event import SEALED_BLOCK_BYTES
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.verification import verify_journal
from terminal.modes.counter_displays import CounterJsonDisplay
from terminal.modes.counter_note import CounterNote, EyeCheck, Purpose
from terminal.modes.staff_stream import StaffStream
from terminal.modes.visit import Visit
from terminal.succession import TOGETHER_MS
from tests.terminal.enrolled import NOON, Enrolled, SetClock, chip
from tests.terminal.modes.counter_cast import (
    COMPANION,
    COMPANION_PHOTO,
    GUARDIAN,
    NAME,
    NUMBER,
    PHOTO,
    SECRETS,
    Screen,
    companion_of,
    counter_at,
    counter_desk,
    evidence_of,
    holder,
    psam_of,
    receive,
    seen,
)
from tests.terminal.modes.desk_script import Do, Move, Script, passing
from tests.terminal.modes.sale_cast import journal_of

VISIT: Final = EventKind.VISIT
APPLY: Final = (
    '{"do": "register", "visit": 1, "service": "CERT-RENEW", "purpose": "application", "documents": [1, 0]}'
)
MATCHES: Final = '{"do": "check", "visit": 1, "photo": "matches"}'
DIFFERS: Final = '{"do": "check", "visit": 1, "photo": "differs"}'
COMPANION_MATCHES: Final = '{"do": "check", "visit": 1, "companion": "matches"}'
ISSUER: Final = Assurance.ISSUER
UNSALTED: Final = bytes(16)
AWAY: Final = Move.TAKE_AWAY


@pytest.fixture
def counter(tmp_path: Path) -> Enrolled:
    """A counter of the Federation's."""
    return counter_at(tmp_path / "counter")


def links(counter: Enrolled) -> list[tuple[str, int, Outcome]]:
    """Each event's service, what it refers to and its outcome; all of them are visits without money."""
    events = journal_of(counter)
    assert {(event.kind, event.fare, event.holder_pays) for event in events} <= {(VISIT, 0, 0)}
    key = counter.directory.keystore.load(TERMINAL_KEY).public_key
    assert verify_journal(counter.directory.journal, key).faults == ()
    return [(event.service, event.refers_to, event.outcome) for event in events]


def notes(counter: Enrolled) -> list[CounterNote | None]:
    """What is sealed with each event; the card signed for each, under a salt of its own."""
    found = [CounterNote.from_words(one.words) if one.words else None for one in evidence_of(counter)]
    for note, event in zip(found, journal_of(counter), strict=True):
        assert note is None or note.commitment(event.refers_to) == event.nonce
    written = [note for note in found if note is not None]
    assert len({note.salt for note in written}) == len(written)
    return [note and structs.replace(note, salt=UNSALTED) for note in found]


# --- what staff see -----------------------------------------------------------------------------------


def test_a_program_of_staff_s_gets_the_holder_and_standard_output_gets_nobody(counter: Enrolled) -> None:
    heard = receive(counter, chip(holder(counter)), psam=psam_of(counter))
    [visit] = heard.told("visit")
    assert (visit["sequence"], visit["card"], visit["data"]) == (1, "verified", "issuer")
    assert heard.staff == [
        {
            "state": "holder",
            "sequence": 1,
            "data": "issuer",
            "name": NAME,
            "certificate_number": NUMBER,
            "guardian": [GUARDIAN],
            "companions": [COMPANION],  # the other one was a companion until January
            "photo": base64.b64encode(PHOTO).decode(),
            "companion_photo": base64.b64encode(COMPANION_PHOTO).decode(),
        },
        {"state": "wiped"},
    ]
    assert [one["state"] for one in heard.out] == ["ready", "reading", "visit", "wiped", "ready"]
    said = str(heard.out)
    assert NAME not in said and NUMBER not in said and "测试二" not in said


def test_a_card_without_data_of_its_holder_is_said_to_have_none(counter: Enrolled) -> None:
    shown = seen(counter, chip(holder(counter, holder=[])), out=Screen(), psam=psam_of(counter))
    assert "  卡内没有持卡人资料，请查看证面。\n" in shown and "姓名" not in shown


def test_staff_see_name_guardian_companion_and_photos_and_no_number(counter: Enrolled) -> None:
    screen = Screen()
    shown = seen(counter, chip(holder(counter)), "p y", out=screen, psam=psam_of(counter))
    for line in (
        "第 1 号来访：卡片已验证（芯片与发卡签名）。",
        "卡内资料：经 PSAM 读取，芯片与发卡签名已验证。",
        "姓名 测试一",
        "监护人 测试二 母亲 0571-00000000",
        "陪护人 测试三，至 2099-06-30",
        "肉眼核对：照片相符，监护人或陪护人未核对。",
    ):
        assert f"  {line}\n" in shown
    assert "测试四" not in shown
    assert NUMBER not in shown
    assert shown.count("▀") > 2 * 44 * 20
    # Once the card has left nothing can be scrolled back to.
    assert screen.left == "个人信息已清除。\n请刷卡\n"


def test_a_log_and_a_bystander_get_the_same_few_words_for_everybody(counter: Enrolled) -> None:
    logs = []
    for category in range(1, 8):
        steps = (chip(holder(counter, (category,))), "p n", "g y", "a SUB-CARE 1", AWAY)
        logs.append(seen(counter, *steps, out=io.StringIO(), psam=psam_of(counter)))
    assert len(set(logs)) == 1
    assert logs[0].splitlines() == [
        *("请刷卡", "正在读卡，请勿移开…", "已登记来访，请稍候"),
        *["已登记"] * 3,
        *("个人信息已清除。", "请刷卡"),
    ]


def test_what_was_read_is_shown_for_so_long_and_no_longer(counter: Enrolled) -> None:
    clock, screen = SetClock(), Screen()
    looked: list[str] = []
    steps = (
        *(chip(holder(counter)), passing(clock, 4_000), Do(lambda: looked.append(screen.left))),
        *(passing(clock, 2_000), "p y", Do(lambda: looked.append(screen.left)), "v CERT-RENEW"),
    )
    seen(counter, *steps, out=screen, psam=psam_of(counter), clock=clock, shown_ms=5_000)
    before, after = looked
    assert NAME in before
    assert NAME not in after
    assert "▀" not in after
    # Work goes on with the card that lies there.
    assert [note.purpose for note in notes(counter) if note] == [Purpose.COMPARISON, Purpose.VISIT]


def test_pictures_are_overwritten_and_texts_dropped(counter: Enrolled) -> None:
    kept: list[Visit] = []
    pictures: list[bytearray] = []

    class Keeping(CounterJsonDisplay):
        def visit(self, visit: Visit) -> None:
            assert visit.data is not None
            kept.append(visit)
            pictures.extend((visit.data.photo, visit.data.companion_photo))
            super().visit(visit)

    script = Script(chip(holder(counter)))
    display = Keeping(None, io.StringIO())
    with counter_desk(counter, script, display, psam_of(counter), SetClock()) as (loop, desk):
        loop.run()
        assert pictures == [bytes(len(PHOTO)), bytes(len(COMPANION_PHOTO))]
        assert kept[0].data is None
        # Nor does anything that lives on give them away when it is printed.
        state = vars(desk)
        assert NAME not in repr([state["_visit"], state["_left"], *kept])


# --- what is recorded ---------------------------------------------------------------------------------


def test_a_visit_and_an_application_are_signed_by_the_card_and_sealed_in_codes(counter: Enrolled) -> None:
    card = holder(counter)
    heard = receive(counter, chip(card), MATCHES, APPLY, psam=psam_of(counter))
    assert links(counter) == [
        ("CERT-CHECK", 0, Outcome.RECORDED),
        ("CERT-CHECK", 1, Outcome.RECORDED),
        ("CERT-CHECK", 1, Outcome.RECORDED),
    ]
    visit, seen_by_eye, application = notes(counter)
    assert visit is None
    assert seen_by_eye == CounterNote(
        salt=UNSALTED, purpose=Purpose.COMPARISON, photo=EyeCheck.MATCHES, data=ISSUER
    )
    assert application == CounterNote(
        salt=UNSALTED,
        purpose=Purpose.APPLICATION,
        service="CERT-RENEW",
        documents=(0, 1),
        photo=EyeCheck.MATCHES,
        data=ISSUER,
    )
    told = [(one["sequence"], one["visit"]) for one in heard.told("registered")]
    assert told == [(2, 1), (3, 1)]
    [_check, registered] = [one for one in heard.staff if one["state"] == "registered"]
    assert (registered["sequence"], registered["service"], registered["documents"]) == (
        3,
        "CERT-RENEW",
        [0, 1],
    )
    assert registered["photo_seen"] == "matches"
    assert {one.credential for one in evidence_of(counter)} == {card.credential}
    assert len({one.signature for one in evidence_of(counter)}) == 3


def test_what_a_holder_came_for_is_told_to_staff_and_the_centre_alone(counter: Enrolled) -> None:
    """Many a service names the category of those whom it is for."""
    apply = '{"do": "register", "visit": 1, "service": "REHAB-MED", "purpose": "application"}'
    ask = '{"do": "documents", "service": "REHAB-MED"}'
    heard = receive(counter, chip(holder(counter)), DIFFERS, MATCHES, ask, apply, psam=psam_of(counter))
    said = json.dumps(heard.out)
    assert not any(told in said for told in ("REHAB", "application", "photo", "matches", "differs"))
    events = journal_of(counter)
    assert {(event.service, event.kind, len(event.sealed)) for event in events} == {
        ("CERT-CHECK", EventKind.VISIT, SEALED_BLOCK_BYTES + TAG_BYTES)
    }
    assert b"REHAB-MED" not in b"".join(
        path.read_bytes() for path in counter.directory.path.rglob("*.db*") if path.is_file()
    )
    assert [note and note.service for note in notes(counter)] == [None, None, None, "REHAB-MED"]
    assert [one["service"] for one in heard.staff if one["state"] in {"registered", "documents"}] == [
        None,
        None,
        "REHAB-MED",
        "REHAB-MED",
    ]


def test_each_reason_to_come_has_a_letter(counter: Enrolled) -> None:
    screen = Screen()
    letters = ("v CERT-RENEW", "a CERT-RENEW 2 1", "s CERT-RENEW 3", "c CERT-RENEW", "d CERT-RENEW")
    shown = seen(counter, chip(holder(counter)), *letters, out=screen, language=Language.EN)
    assert [note and (note.purpose.value, note.documents) for note in notes(counter)] == [
        None,
        ("visit", ()),
        ("application", (0, 1)),
        ("supplement", (2,)),
        ("collection", ()),
    ]
    assert "Application registered: Renew the certificate (no. 3), 2 documents shown" in shown
    assert "  1. " in shown


def test_a_photo_that_differs_is_recorded_at_once_and_nothing_else_is(counter: Enrolled) -> None:
    heard = receive(counter, chip(holder(counter)), DIFFERS, APPLY, psam=psam_of(counter))
    assert [one["code"] for one in heard.told("trouble")] == ["TRM-738"]
    assert [note and note.photo for note in notes(counter)] == [None, EyeCheck.DIFFERS]


def test_a_photo_that_differed_differs_still_when_the_card_is_put_back(counter: Enrolled) -> None:
    card = holder(counter)
    steps = (chip(card), DIFFERS, AWAY, chip(card), APPLY, MATCHES, APPLY)
    heard = receive(counter, *steps, psam=psam_of(counter))
    assert [one["code"] for one in heard.told("trouble")] == ["TRM-738"]
    assert [note.purpose for note in notes(counter) if note][-1] is Purpose.APPLICATION


def test_a_guardian_may_come_in_the_holder_s_stead(counter: Enrolled) -> None:
    receive(counter, chip(holder(counter)), DIFFERS, COMPANION_MATCHES, APPLY, psam=psam_of(counter))
    last = notes(counter)[-1]
    assert last is not None
    assert (last.purpose, last.photo, last.companion) == (
        Purpose.APPLICATION,
        EyeCheck.DIFFERS,
        EyeCheck.MATCHES,
    )


def test_whoever_looked_twice_may_say_so(counter: Enrolled) -> None:
    receive(counter, chip(holder(counter)), DIFFERS, MATCHES, APPLY, psam=psam_of(counter))
    assert [note and note.photo for note in notes(counter)] == [None, "differs", "matches", "matches"]


# --- companion cards ----------------------------------------------------------------------------------


def test_a_companion_card_behind_its_holder_s_belongs_to_the_visit(counter: Enrolled) -> None:
    card = holder(counter)
    steps = (chip(card), DIFFERS, AWAY, chip(companion_of(counter, card)), AWAY, chip(card), APPLY)
    heard = receive(counter, *steps, psam=psam_of(counter))
    assert [(one["sequence"], one["visit"]) for one in heard.told("companion")] == [(3, 1)]
    # The card was away: a photo that matched would have to be looked at anew.
    assert [(one["sequence"], one["companion_tap"]) for one in heard.told("visit")] == [(1, 0), (1, 3)]
    assert [refers_to for _service, refers_to, _outcome in links(counter)] == [0, 1, 1, 1, 1]
    assert notes(counter)[-1] == CounterNote(
        salt=UNSALTED,
        purpose=Purpose.APPLICATION,
        service="CERT-RENEW",
        documents=(0, 1),
        photo=EyeCheck.DIFFERS,
        companion_tap=3,
        data=ISSUER,
    )


def test_with_a_companion_card_a_photo_may_differ(counter: Enrolled) -> None:
    card = holder(counter)
    steps = (chip(card), AWAY, chip(companion_of(counter, card)), AWAY, chip(card), DIFFERS, APPLY)
    heard = receive(counter, *steps)
    assert heard.told("trouble") == []
    assert len(links(counter)) == 5


@pytest.mark.parametrize("how", ["first", "late", "another's", "after another"])
def test_a_companion_card_that_is_not_behind_its_holder_s_is_nobody_s(counter: Enrolled, how: str) -> None:
    clock, card, other = SetClock(), holder(counter), holder(counter)
    carer = companion_of(counter, card)
    steps = {
        "first": (chip(carer), AWAY, chip(card)),
        "late": (chip(card), AWAY, passing(clock, TOGETHER_MS + 1), chip(carer)),
        "another's": (chip(other), AWAY, chip(carer)),
        "after another": (chip(card), AWAY, chip(other), AWAY, chip(carer)),
    }[how]
    last = MATCHES.replace('"visit": 1', '"visit": 2') if how == "first" else MATCHES
    heard = receive(counter, *steps, last, clock=clock)
    assert [one["visit"] for one in heard.told("companion")] == [0]
    assert {one["bystander_zh"] for one in heard.told("companion")} == {"请看屏幕提示"}
    assert all(refers_to == 0 for _service, refers_to, _outcome in links(counter)[:-1])
    # Nor is it a holder whom anything could be registered for.
    assert [one["code"] for one in heard.told("trouble")] == ([] if how == "first" else ["TRM-739"])


def test_an_order_for_one_holder_is_never_carried_out_for_the_next(counter: Enrolled) -> None:
    heard = receive(counter, chip(holder(counter)), AWAY, chip(holder(counter)), MATCHES, APPLY)
    assert [one["code"] for one in heard.told("trouble")] == ["TRM-739", "TRM-739"]
    assert len(links(counter)) == 2
    nameless = APPLY.replace('"visit": 1, ', "")
    heard = receive(counter, chip(holder(counter)), nameless)
    assert [one["code"] for one in heard.told("trouble")] == ["TRM-738"]


def test_who_comes_back_later_is_another_visit(counter: Enrolled) -> None:
    clock, card = SetClock(), holder(counter)
    steps = (chip(card), AWAY, passing(clock, TOGETHER_MS + 1), chip(card))
    assert [one["sequence"] for one in receive(counter, *steps, clock=clock).told("visit")] == [1, 2]
    assert [refers_to for _service, refers_to, _outcome in links(counter)] == [0, 0]


# --- what goes wrong ----------------------------------------------------------------------------------


def test_without_a_psam_it_is_said_and_visits_and_applications_go_on(counter: Enrolled) -> None:
    heard = receive(counter, chip(holder(counter)), MATCHES, APPLY)
    assert heard.out[0]["state"] == "without_psam"
    assert [one["data"] for one in heard.told("visit")] == ["none"]
    assert [one["state"] for one in heard.staff] == ["registered", "registered", "wiped"]
    assert [note and note.data for note in notes(counter)] == [None, "none", "none"]
    shown = seen(counter, chip(holder(counter)), out=Screen())
    assert "没有 PSAM" in shown
    assert "卡内资料：未读取，请查看证面。" in shown


def other_psam(_counter: Enrolled) -> InProcessConnection:
    """A PSAM of another issuer."""
    stranger = TestIssuer.generate(date(2020, 1, 1), date(2030, 12, 31))
    return InProcessConnection(PsamChip(stranger.psam_for(Role.READER)))


def card_for_psam(counter: Enrolled) -> InProcessConnection:
    """A holder's card in the PSAM's slot."""
    return InProcessConnection(chip(holder(counter)))


@pytest.mark.parametrize(
    ("slot", "code"), [(other_psam, "CRD-124"), (card_for_psam, "CRD-143")], ids=["another", "no PSAM"]
)
def test_a_psam_that_opens_nothing_leaves_the_visit(
    counter: Enrolled, slot: Callable[[Enrolled], InProcessConnection], code: str
) -> None:
    heard = receive(counter, chip(holder(counter)), APPLY, psam=lambda: slot(counter))
    assert [one["code"] for one in heard.told("trouble")] == [code]
    assert [one["data"] for one in heard.told("visit")] == ["none"]
    assert len(links(counter)) == 2
    assert "holder" not in {one["state"] for one in heard.staff}


def test_a_foreign_card_is_named_and_registers_nothing(counter: Enrolled) -> None:
    foreign = ForeignCardChip(ForeignKind.BANK)
    heard = receive(counter, foreign, APPLY, psam=psam_of(counter))
    assert [one["outcome"] for one in heard.told("result")] == ["foreign_card"]
    assert [one["code"] for one in heard.told("trouble")] == ["TRM-739"]
    assert [outcome for _service, _refers_to, outcome in links(counter)] == [Outcome.FOREIGN_CARD]
    shown = seen(counter, ForeignCardChip(ForeignKind.BANK), out=io.StringIO())
    assert "¥" not in shown


def test_a_card_that_is_taken_away_in_the_middle_leaves_nothing_of_its_holder(counter: Enrolled) -> None:
    card, past = holder(counter), 0
    for after in range(1, 30):
        torn = TearingChip(chip(card), after_apdus=after)
        apply = APPLY.replace('"visit": 1', f'"visit": {past + 1}')
        heard = receive(counter, torn, apply, psam=psam_of(counter))
        events, past = journal_of(counter)[past:], len(journal_of(counter))
        if after < 2:
            assert [event.outcome for event in events] == [Outcome.UNREADABLE]
            continue
        # The tap was whole: the visit counts; the rest of the card was not read, or not to its end.
        assert [event.outcome for event in events][:1] == [Outcome.RECORDED]
        if heard.told("visit")[0]["data"] == "none":
            assert "CRD-103" in [one["code"] for one in heard.told("trouble")]
            assert "holder" not in {one["state"] for one in heard.staff}
        else:
            assert [one["state"] for one in heard.staff] == ["holder", "registered", "wiped"]
            return
    pytest.fail("the card was never read to its end")


def test_nothing_is_registered_without_the_holder_s_card(counter: Enrolled) -> None:
    card = holder(counter)
    for steps in ((APPLY,), (chip(card), AWAY, APPLY), (chip(card), AWAY, MATCHES)):
        heard = receive(counter, *steps)
        assert [one["code"] for one in heard.told("trouble")] == ["TRM-739"]


def test_another_card_that_slipped_under_ends_the_visit(counter: Enrolled) -> None:
    """Between two looks at the reader: whose data are shown must be who signs."""
    first, second = chip(holder(counter)), chip(holder(counter))
    script = Script(first, Do(lambda: setattr(script, "lying", second)), APPLY, APPLY)
    out = io.StringIO()
    with counter_desk(counter, script, CounterJsonDisplay(None, out), None, SetClock()) as (loop, _desk):
        loop.run()
    assert out.getvalue().count("TRM-739") == 2
    assert len(journal_of(counter)) == 1


class _OtherCardBehind:
    """A relay that answers the tap with one genuine card and everything after it with another."""

    def __init__(self, first: ChipContents, then: ChipContents) -> None:
        self._chips: tuple[Chip, Chip] = (chip(first), chip(then))
        self._commands = 0

    @property
    def atr(self) -> bytes:
        """Both cards'."""
        return self._chips[0].atr

    def power_on(self) -> None:
        """Both."""
        for one in self._chips:
            one.power_on()

    def power_off(self) -> None:
        """Both."""
        for one in self._chips:
            one.power_off()

    def process(self, command: bytes) -> bytes:
        """A tap is two commands."""
        self._commands += 1
        return self._chips[0 if self._commands <= 2 else 1].process(command)


def test_a_lent_card_never_shows_the_borrower_s_own_photo(counter: Enrolled) -> None:
    heard = receive(counter, _OtherCardBehind(holder(counter), holder(counter)), psam=psam_of(counter))
    assert [one["code"] for one in heard.told("trouble")] == ["CRD-103"]
    assert [one["data"] for one in heard.told("visit")] == ["none"]
    assert heard.staff == [{"state": "wiped"}]


def test_over_midnight_the_card_is_put_down_anew(counter: Enrolled) -> None:
    clock = SetClock(now=NOON + 12 * 3_600_000 - 60_000)
    card = holder(counter)
    second = APPLY.replace('"visit": 1', '"visit": 2')
    heard = receive(
        counter, chip(card), passing(clock, 120_000), APPLY, AWAY, chip(card), second, clock=clock
    )
    assert [one["code"] for one in heard.told("trouble")] == ["TRM-739"]
    assert [refers_to for _service, refers_to, _outcome in links(counter)] == [0, 0, 2]
    assert len({event.holder_ref for event in journal_of(counter)}) == 2


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("a CERT-RENEW 9", "TRM-738"),
        ("a CERT-RENEW 0", "TRM-738"),
        ("a CERT-RENEW x", "TRM-738"),
        ("a NO-SUCH", "TRM-207"),
        ("d NO-SUCH", "TRM-207"),
        ("a", "TRM-738"),
        ("z CERT-RENEW", "TRM-738"),
        ("p", "TRM-738"),
        ("p x", "TRM-738"),
        ("?", "TRM-738"),
    ],
)
def test_an_entry_that_makes_no_sense_registers_nothing(counter: Enrolled, entry: str, code: str) -> None:
    shown = seen(counter, chip(holder(counter)), entry, out=io.StringIO())
    assert code in shown
    assert len(journal_of(counter)) == 1


def test_a_program_of_staff_s_that_died_costs_the_data_and_not_the_visit(counter: Enrolled) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    out, script = io.StringIO(), Script(chip(holder(counter)), AWAY, chip(holder(counter)))
    with StaffStream(writing) as staff:
        display = CounterJsonDisplay(staff, out)
        with counter_desk(counter, script, display, psam_of(counter), SetClock()) as (loop, _desk):
            loop.run()
    told = [json.loads(line)["state"] for line in out.getvalue().splitlines()]
    assert told.count("visit") == 2
    assert told.count("staff_stream_lost") == 1


def test_only_a_pipe_or_socket_of_its_own_takes_a_holder_s_data(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log, Path("/dev/null").open("wb") as null:
        for descriptor in (0, 1, 2, log.fileno(), null.fileno(), 999, -1):
            with pytest.raises(ValueError, match="pipe"):
                StaffStream(descriptor)
    one, other = socket.socketpair()
    with one, StaffStream(other.detach()) as staff:
        staff.wiped()
        assert one.recv(100) == b'{"state":"wiped"}\n'


# --- what is on the disk ------------------------------------------------------------------------------


def test_the_disk_holds_nothing_that_was_read_from_a_card(counter: Enrolled) -> None:
    card = holder(counter)
    steps = (chip(card), DIFFERS, COMPANION_MATCHES, APPLY)
    looked: list[bytes] = []
    look = Do(lambda: looked.append(image(counter.directory.path)))
    receive(counter, *steps, look, AWAY, chip(card), psam=psam_of(counter))
    seen(counter, chip(card), "p n", look, out=Screen(), psam=psam_of(counter))
    looked.append(image(counter.directory.path))
    assert len(looked) == 3
    card_id = TapCredential.from_bytes(card.credential).card_id
    for disk in looked:
        assert b"CERT-CHECK" in disk
        found = [secret for secret in (*SECRETS, card_id, card.credential[-40:]) if secret in disk]
        assert found == []
        # Nor what staff saw, and what the holder came for: that is sealed to the centre.
        told = (b"differs", b"application", b"comparison", b"CERT-RENEW")
        assert not any(word in disk for word in told)


def image(folder: Path) -> bytes:
    """Everything on a terminal's disk, as it is now: the write-ahead log too; but the public content."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and "content" not in path.parts]
    return b"\x00".join(path.read_bytes() for path in files)
