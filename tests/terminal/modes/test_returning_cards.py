"""A card that comes back: repeats, transfers, anti-passback; one benefit, one count, nobody turned away."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from card.apdu import CommandApdu, ResponseApdu
from card.connection import CardConnection
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.contents import ChipContents
from crypto.credential import TapCredential
from terminal.amendments import cancel
from terminal.data_directory import TERMINAL_KEY
from terminal.events.kind import EventKind
from terminal.events.outcome import Outcome
from terminal.journal.verification import verify_journal
from terminal.presence import TapRequest
from terminal.return_windows import within
from terminal.succession import Succession
from terminal.tap import TapResult
from terminal.wording import LOOK_AT_SCREEN
from tests.category_words import CATEGORY_WORDS
from tests.terminal.enrolled import NOON, Enrolled, SetClock, chip
from tests.terminal.modes.gate import (
    MINUTE,
    PACK,
    SECOND,
    WITHOUT_QUOTA,
    gate,
    opened,
)

# Beside `PACK`: a party rides free without using up anything.
PARTY = """
[[rules]]
id = "party"
applies_to = { kinds = ["transit"] }
condition = "companions > 0"
benefit = { kind = "free", companions = 2, companion_pays = 25 }
legal_basis = { zh = "测试办法", en = "test rules" }
holder_text = { zh = "免费", en = "free" }
staff_text = { zh = "免费", en = "free" }
source = { cites = "test", mark = "G" }
"""


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    """A bus terminal with the settings that it has where terminal.toml says nothing."""
    return gate(tmp_path / "bus")


def test_the_same_card_within_seconds_is_the_same_tap(bus: Enrolled) -> None:
    card = bus.card()
    with opened(bus, SetClock()) as here:
        assert here.tap(card).outcome is Outcome.GRANTED
        for _ in range(3):
            again = here.tap(card)
            assert (again.outcome, again.party_pays) == (Outcome.REPEATED, 0)
            assert again.bystander_text.zh.startswith("已刷过")
        here.pass_time(6 * SECOND)
        # None of the repeats has used up the second of two rides a month.
        assert here.tap(card).outcome is Outcome.GRANTED
        here.pass_time(6 * SECOND)
        assert here.tap(card).outcome is Outcome.QUOTA_USED_UP
    first, *repeats, _second, _third = bus.events()
    assert {event.outcome for event in repeats} == {Outcome.REPEATED}
    assert {event.refers_to for event in repeats} == {first.sequence}
    assert {event.holder_ref for event in repeats} == {first.holder_ref}
    key = bus.directory.keystore.load(TERMINAL_KEY).public_key
    assert verify_journal(bus.directory.journal, key).faults == ()


def test_repeats_do_not_draw_the_window_out(bus: Enrolled) -> None:
    card = bus.card()
    with opened(bus, SetClock()) as here:
        outcomes = []
        for _ in range(4):
            outcomes.append(here.tap(card).outcome)
            here.pass_time(2 * SECOND)
    assert outcomes == [Outcome.GRANTED, Outcome.REPEATED, Outcome.REPEATED, Outcome.GRANTED]


def test_a_restart_opens_no_loophole(bus: Enrolled) -> None:
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        here.tap(card)
    with opened(bus, clock) as here:
        assert here.tap(card).outcome is Outcome.REPEATED
        assert here.tap(bus.card()).outcome is Outcome.GRANTED


def test_another_card_right_behind_is_nobody_s_repeat(bus: Enrolled) -> None:
    with opened(bus, SetClock()) as here:
        assert {here.tap(bus.card()).outcome for _ in range(5)} == {Outcome.GRANTED}


def test_a_tap_that_gave_nothing_is_decided_anew(bus: Enrolled) -> None:
    card, clock = bus.card(grade=4), SetClock()
    with opened(bus, clock) as here:
        for _ in range(2):
            assert (here.tap(card).outcome, bus.events()[-1].refers_to) == (Outcome.NOT_ELIGIBLE, 0)


def test_where_the_first_was_cancelled_the_repeat_is_a_first(bus: Enrolled) -> None:
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        cancel(here.terminal.desk, here.tap(card).sequence)
        second = here.tap(card)
        assert second.outcome is Outcome.GRANTED
        cancel(here.terminal.desk, second.sequence)
    with opened(bus, clock) as here:
        assert here.tap(card).outcome is Outcome.GRANTED


def test_a_larger_party_takes_the_earlier_tap_s_place_and_uses_one_ride(bus: Enrolled) -> None:
    card = bus.card()
    with opened(bus, SetClock()) as here:
        here.tap(card)
        second = here.tap(card, companions=1)
        assert (second.outcome, second.party_pays) == (Outcome.GRANTED_WITH_COMPANION, 50)
        smaller = here.tap(card)
        assert (smaller.outcome, smaller.party_pays) == (Outcome.REPEATED, 0)
        here.pass_time(6 * SECOND)
        assert here.tap(card).outcome is Outcome.GRANTED  # the second ride of the month
        here.pass_time(6 * SECOND)
        assert here.tap(card).outcome is Outcome.QUOTA_USED_UP
    assert [event.refers_to for event in bus.events()] == [0, 1, 2, 0, 0]


@pytest.mark.parametrize("tapped_before", [0, 1])
def test_a_restart_costs_nobody_a_ride(bus: Enrolled, tapped_before: int) -> None:
    """A larger party takes the earlier tap's place, and its ride, in another process as well."""
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        for _ in range(tapped_before):
            here.tap(card)
            here.pass_time(MINUTE)
        assert here.tap(card).quota_left == 1 - tapped_before
    with opened(bus, clock) as here:
        larger = here.tap(card, companions=1)
        assert (larger.outcome, larger.quota_left) == (Outcome.GRANTED_WITH_COMPANION, 1 - tapped_before)
        assert here.tap(card, companions=2).quota_left == 1 - tapped_before
    assert [event.refers_to for event in bus.events()[tapped_before:]] == [
        0,
        tapped_before + 1,
        tapped_before + 2,
    ]


def with_scarce(old: str, new: str) -> str:
    """`PACK` with a rule before its own that differs so, and gives one ride a month by a quota of its own."""
    quota = '[[quotas]]\nid = "scarce"\nuses = 1\nper = "month"\n\n'
    _, free, _carer = PACK.split("[[rules]]")
    assert old in free
    rule = free.replace(old, new).replace('id = "free"', 'id = "scarce"').replace('"rides"', '"scarce"')
    return PACK.replace("[[rules]]", f"{quota}[[rules]]{rule}[[rules]]", 1)


@pytest.mark.parametrize(("fares", "left"), [((200, 100), 0), ((100, 200), 1)])
def test_after_a_restart_a_ride_is_given_back_to_the_quota_that_it_was_of(
    tmp_path: Path, fares: tuple[int, int], left: int
) -> None:
    bus = gate(tmp_path / "bus", with_scarce("grade <= 3", "fare <= 150"))
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        for fare in fares:
            here.pass_time(MINUTE)
            assert here.tap(card, companions=1, fare=fare).outcome.granted
    with opened(bus, clock) as here:
        larger = here.tap(card, companions=2, fare=fares[1])
    assert (larger.outcome, larger.quota_left) == (Outcome.GRANTED_WITH_COMPANION, left)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("companions = 2", "companions = 1"),
        ("companion_pays = 25", "companion_pays = 30"),
        ('kind = "free"', 'kind = "percentage", pays_percent = 50'),
    ],
)
def test_what_was_given_tells_after_a_restart_which_of_two_quotas_it_was(
    tmp_path: Path, old: str, new: str
) -> None:
    bus = gate(tmp_path / "bus", with_scarce(old, new))
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        for left in (0, 1):
            here.pass_time(MINUTE)
            assert here.tap(card, companions=2).quota_left == left
    with opened(bus, clock) as here:
        assert here.tap(card, companions=3).quota_left == 1


def test_the_last_free_ride_of_what_costs_nothing_is_known_after_a_restart(bus: Enrolled) -> None:
    """A refusal would have come to the same sums."""
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        for left in (1, 0):
            here.pass_time(MINUTE)
            assert here.tap(card, fare=0).quota_left == left
    with opened(bus, clock) as here:
        assert here.tap(card, companions=1, fare=0).outcome is Outcome.GRANTED_WITH_COMPANION


def test_where_two_quotas_would_have_given_the_same_none_is_given_back(tmp_path: Path) -> None:
    """It can't be told any more, and a ride too many would be another's to pay."""
    bus = gate(tmp_path / "bus", with_scarce("grade <= 3", "grade <= 2"))
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        assert [here.tap(card).quota_left, here.tap(card, companions=1).quota_left] == [0, 0]
        here.pass_time(MINUTE)
        assert here.tap(card).quota_left == 1
    with opened(bus, clock) as here:
        assert here.tap(card, companions=1).quota_left == 0
        here.pass_time(MINUTE)
        assert here.tap(card).outcome is Outcome.QUOTA_USED_UP


def test_a_dearer_ride_takes_the_earlier_one_s_after_a_restart(bus: Enrolled) -> None:
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        assert here.tap(card, companions=1, fare=150).companion_pays == 37
    with opened(bus, clock) as here:
        assert here.tap(card, companions=1, fare=200).quota_left == 1


def test_a_companion_card_s_dearer_ride_takes_its_earlier_one_s_after_a_restart(tmp_path: Path) -> None:
    bus = gate(tmp_path / "bus", PACK.replace('"follows_holder"', '"follows_holder"\nquota = "rides"'))
    card, clock = bus.card(), SetClock()
    carer = bus.companion_card(card)
    with opened(bus, clock) as here:
        assert [here.tap(one, fare=150).quota_left for one in (card, carer)] == [1, 1]
    with opened(bus, clock) as here:
        assert [here.tap(one, fare=200).quota_left for one in (card, carer)] == [1, 1]


def test_nothing_is_given_back_after_a_restart_by_rules_that_have_changed(bus: Enrolled) -> None:
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        assert here.tap(card).quota_left == 1
    bus.put_content("rules/twice.toml", PACK.replace("2026.1", "2026.2").encode())
    with opened(bus, clock) as here:
        assert here.tap(card, companions=1).quota_left == 0


def test_a_larger_party_that_gets_nothing_after_a_restart_gives_nothing_back(tmp_path: Path) -> None:
    alone = 'condition = "grade <= 3 && companions == 0"'
    bus = gate(tmp_path / "bus", PACK.replace('condition = "grade <= 3"', alone))
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        here.tap(card)
    with opened(bus, clock) as here:
        assert here.tap(card, companions=1).outcome is Outcome.NOT_ELIGIBLE
        here.pass_time(MINUTE)
        assert here.tap(card).quota_left == 0


def test_a_larger_party_that_gets_nothing_takes_nobody_s_place(tmp_path: Path) -> None:
    alone = 'condition = "grade <= 3 && companions == 0"'
    bus = gate(tmp_path / "bus", PACK.replace('condition = "grade <= 3"', alone))
    card = bus.card()
    with opened(bus, SetClock()) as here:
        outcomes = [here.tap(card, companions).outcome for companions in (0, 1, 0)]
    assert outcomes == [Outcome.GRANTED, Outcome.NOT_ELIGIBLE, Outcome.REPEATED]
    assert [event.refers_to for event in bus.events()] == [0, 0, 1]


def test_a_dearer_ride_is_decided_anew_and_a_cheaper_one_is_not(bus: Enrolled) -> None:
    card = bus.card()
    with opened(bus, SetClock()) as here:
        outcomes = [here.tap(card, fare=fare).outcome for fare in (150, 150, 151, 100, 151)]
    assert outcomes == [
        Outcome.GRANTED,
        Outcome.REPEATED,
        Outcome.GRANTED,
        Outcome.REPEATED,
        Outcome.REPEATED,
    ]
    assert [event.refers_to for event in bus.events()] == [0, 1, 1, 3, 3]


def test_whoever_left_and_comes_back_at_once_is_no_repeat(bus: Enrolled) -> None:
    card = bus.card()
    with opened(bus, SetClock()) as here:
        here.tap(card)
        here.leave(card)
        again = here.tap(card)
        assert (again.outcome, again.quota_left) == (Outcome.GRANTED, 0)


def test_behind_a_holder_who_got_nothing_a_companion_card_counts_for_nothing(bus: Enrolled) -> None:
    card = bus.card(grade=4)
    with opened(bus, SetClock()) as here:
        outcomes = [here.tap(one).outcome for one in (card, bus.companion_card(card))]
    assert outcomes == [Outcome.NOT_ELIGIBLE, Outcome.NOT_ELIGIBLE]


@pytest.mark.parametrize(
    ("milliseconds", "expected"), [(0, True), (MINUTE, True), (MINUTE + 1, False), (-1, False)]
)
def test_a_companion_card_follows_for_a_minute(bus: Enrolled, milliseconds: int, expected: bool) -> None:
    card = bus.card()
    succession, holder = Succession(), TapCredential.from_bytes(card.credential)
    companion = TapCredential.from_bytes(bus.companion_card(card).credential)
    succession.note(7, NOON, holder, granted=True)
    assert succession.follows(companion, NOON + milliseconds) == (7 if expected else 0)


def test_a_ride_is_given_back_once_however_often_its_tap_is_taken_back(bus: Enrolled) -> None:
    card = bus.card(grade=1)
    with opened(bus, SetClock()) as here:
        for _ in range(2):
            first, larger = here.tap(card), here.tap(card, companions=1)
            assert first.outcome.granted and larger.outcome.granted
            cancel(here.terminal.desk, first.sequence)
            here.pass_time(MINUTE)
        assert here.tap(card).outcome is Outcome.QUOTA_USED_UP


def test_a_ride_is_given_back_where_the_larger_party_rides_by_another_rule(tmp_path: Path) -> None:
    alone = 'condition = "grade <= 3 && companions == 0"'
    bus = gate(tmp_path / "bus", PACK.replace('condition = "grade <= 3"', alone) + PARTY)
    card = bus.card(grade=1)
    with opened(bus, SetClock()) as here:
        for companions in (0, 1):
            assert here.tap(card, companions).outcome.granted
        for _ in range(2):
            here.pass_time(MINUTE)
            assert here.tap(card).outcome is Outcome.GRANTED
        here.pass_time(MINUTE)
        assert here.tap(card).outcome is Outcome.QUOTA_USED_UP


def test_a_companion_card_behind_its_holder_s_is_no_repeat_of_it(bus: Enrolled) -> None:
    card = bus.card()
    carer = bus.companion_card(card)
    with opened(bus, SetClock()) as here:
        outcomes = [here.tap(one).outcome for one in (carer, card, carer, carer, card, carer)]
    assert outcomes == [
        Outcome.NOT_ELIGIBLE,  # ahead of its holder's
        Outcome.GRANTED,
        Outcome.GRANTED,
        Outcome.REPEATED,
        Outcome.REPEATED,
        Outcome.REPEATED,
    ]


def test_a_holder_s_second_tap_does_not_shut_the_companion_out(bus: Enrolled) -> None:
    card = bus.card()
    with opened(bus, SetClock()) as here:
        outcomes = [here.tap(one).outcome for one in (card, card, bus.companion_card(card))]
    assert outcomes == [Outcome.GRANTED, Outcome.REPEATED, Outcome.GRANTED]


def test_within_the_transfer_window_a_journey_goes_on(tmp_path: Path) -> None:
    bus = gate(tmp_path / "bus", transfer_minutes=60)
    card, clock = bus.card(), SetClock()
    with opened(bus, clock) as here:
        first = here.tap(card)
        here.pass_time(30 * MINUTE)
        transfer = here.tap(card)
        assert (transfer.outcome, transfer.party_pays) == (Outcome.TRANSFERRED, 0)
        assert here.tap(bus.companion_card(card)).outcome is Outcome.GRANTED
        assert here.tap(card).outcome is Outcome.REPEATED
    with opened(bus, clock) as here:
        here.pass_time(29 * MINUTE)
        assert here.tap(card).outcome is Outcome.TRANSFERRED
        # From the first tap of the journey, not from its last.
        here.pass_time(2 * MINUTE)
        assert here.tap(card).outcome is Outcome.GRANTED
    events = bus.events()
    assert [event.refers_to for event in events if event.outcome is Outcome.TRANSFERRED] == [
        first.sequence
    ] * 2
    assert [event.refers_to for event in events if event.outcome is Outcome.REPEATED] == [2]


def test_a_journey_lasts_from_its_first_tap_and_the_next_one_from_its_own(tmp_path: Path) -> None:
    bus = gate(tmp_path / "bus", WITHOUT_QUOTA, transfer_minutes=60)
    card = bus.card()
    with opened(bus, SetClock()) as here:

        def after(minutes: int, companions: int = 0) -> Outcome:
            here.pass_time(minutes * MINUTE)
            return here.tap(card, companions).outcome

        # A larger party takes the first tap's place, and its time.
        assert [after(0), after(40, 1), after(30)] == [
            Outcome.GRANTED,
            Outcome.GRANTED_WITH_COMPANION,
            Outcome.GRANTED,
        ]
        assert [after(50), after(20), after(50)] == [
            Outcome.TRANSFERRED,
            Outcome.GRANTED,
            Outcome.TRANSFERRED,
        ]


def test_whoever_transfers_after_leaving_is_inside_again(tmp_path: Path) -> None:
    entrance = gate(tmp_path / "gate", transfer_minutes=60, passback_minutes=20)
    card = entrance.card()
    with opened(entrance, SetClock()) as here:
        outcomes = [here.tap(card).outcome, here.leave(card).outcome]
        for _ in range(2):
            here.pass_time(MINUTE)
            outcomes.append(here.tap(card).outcome)
    assert outcomes[2:] == [Outcome.TRANSFERRED, Outcome.ALREADY_INSIDE]
    # A transfer rests on the journey's first tap, being inside on the last.
    assert [event.refers_to for event in entrance.events()] == [0, 1, 1, 3]


def test_where_a_transfer_was_cancelled_the_journey_goes_on_from_its_first_tap(tmp_path: Path) -> None:
    bus = gate(tmp_path / "bus", transfer_minutes=60)
    card = bus.card()
    with opened(bus, SetClock()) as here:
        first = here.tap(card)
        here.pass_time(MINUTE)
        cancel(here.terminal.desk, here.tap(card).sequence)
        assert here.tap(card).outcome is Outcome.TRANSFERRED
    assert bus.events()[-1].refers_to == first.sequence


def test_where_all_of_a_journey_was_cancelled_the_next_tap_begins_one(tmp_path: Path) -> None:
    bus = gate(tmp_path / "bus", transfer_minutes=60)
    card = bus.card()
    with opened(bus, SetClock()) as here:
        first = here.tap(card)
        here.pass_time(MINUTE)
        for result in (here.tap(card), first):
            cancel(here.terminal.desk, result.sequence)
        assert here.tap(card).outcome is Outcome.GRANTED
    assert bus.events()[-1].refers_to == 0


def test_a_party_pays_once_for_a_journey_and_leaves_from_its_last_tap(tmp_path: Path) -> None:
    bus = gate(tmp_path / "bus", transfer_minutes=60)
    card = bus.card()
    with opened(bus, SetClock()) as here:
        assert here.tap(card, companions=2).party_pays == 2 * 50
        here.pass_time(MINUTE)
        results = [here.tap(card, companions=2), here.tap(card, companions=2)]
        here.leave(card)
    assert [one.outcome for one in results] == [Outcome.TRANSFERRED, Outcome.REPEATED]
    assert [one.party_pays for one in results] == [0, 0]
    assert [event.refers_to for event in bus.events()] == [0, 1, 2, 2]


def test_a_card_that_was_let_in_lets_nobody_else_in(tmp_path: Path) -> None:
    entrance = gate(tmp_path / "gate", passback_minutes=20)
    card, clock = entrance.card(), SetClock()
    with opened(entrance, clock) as here:
        assert here.tap(card).outcome is Outcome.GRANTED
        assert here.tap(card).outcome is Outcome.REPEATED
    with opened(entrance, clock) as here:
        here.pass_time(10 * SECOND)
        second = here.tap(card)
        assert (second.outcome, second.holder_pays) == (Outcome.ALREADY_INSIDE, 200)
        assert second.bystander_text == LOOK_AT_SCREEN
        here.pass_time(20 * MINUTE)
        assert here.tap(card).outcome is Outcome.GRANTED


def test_behind_a_card_that_lets_nobody_in_its_companion_s_does_not_either(tmp_path: Path) -> None:
    entrance = gate(tmp_path / "gate", passback_minutes=20)
    card = entrance.card()
    with opened(entrance, SetClock()) as here:
        here.tap(card)
        here.pass_time(MINUTE)
        outcomes = [here.tap(one).outcome for one in (card, entrance.companion_card(card))]
    assert outcomes == [Outcome.ALREADY_INSIDE, Outcome.NOT_ELIGIBLE]
    assert (entrance.events()[1].holder_pays, entrance.events()[1].companion_pays) == (200, 200)


@pytest.mark.parametrize(
    ("window", "first", "second", "expected"),
    [(5, 0, 5, True), (5, 0, 6, False), (5, 6, 1, True), (5, 6, 0, False), (0, 3, 3, False)],
)
def test_a_window_ends_with_its_last_millisecond_and_may_be_none(
    window: int, first: int, second: int, expected: bool
) -> None:
    assert within(window, first, second) is expected


def test_a_new_day_knows_nobody(tmp_path: Path) -> None:
    entrance = gate(tmp_path / "gate", passback_minutes=600, transfer_minutes=240)
    before_midnight = NOON + 12 * 3_600_000 - 2 * SECOND
    card, clock = entrance.card(), SetClock(before_midnight)
    with opened(entrance, clock) as here:
        assert here.tap(card).outcome is Outcome.GRANTED
        here.pass_time(4 * SECOND)
        assert here.tap(card).outcome is Outcome.GRANTED
    first, second = entrance.events()
    assert first.holder_ref != second.holder_ref


@pytest.mark.parametrize("repeat_seconds", [0, 60])
def test_the_window_is_as_long_as_the_terminal_says(tmp_path: Path, repeat_seconds: int) -> None:
    bus = gate(tmp_path / "bus", repeat_seconds=repeat_seconds)
    card = bus.card()
    with opened(bus, SetClock()) as here:
        here.tap(card)
        here.pass_time(50 * SECOND)
        assert here.tap(card).outcome is (Outcome.REPEATED if repeat_seconds else Outcome.GRANTED)


@pytest.mark.parametrize("category", range(1, 8))
def test_what_bystanders_see_is_the_same_for_everybody(tmp_path: Path, category: int) -> None:
    entrance = gate(tmp_path / "gate", passback_minutes=20)
    card: ChipContents = entrance.card((category,))
    with opened(entrance, SetClock()) as here:
        here.tap(card)
        repeated = here.tap(card)
        here.pass_time(MINUTE)
        inside = here.tap(card)
    for result in (repeated, inside):
        seen = f"{result.bystander_text.zh} {result.bystander_text.en} {result}".lower()
        told = f"{result.holder_text.zh} {result.holder_text.en} {result.staff_text.zh}".lower()
        assert not [word for word in CATEGORY_WORDS if word in seen + told]


def test_a_card_that_has_left_may_come_in_again(tmp_path: Path) -> None:
    entrance = gate(tmp_path / "gate", WITHOUT_QUOTA, passback_minutes=600)
    card, clock = entrance.card(), SetClock()
    with opened(entrance, clock) as here:
        first = here.tap(card)
        here.pass_time(MINUTE)
        assert here.tap(card).outcome is Outcome.ALREADY_INSIDE
        left = here.leave(card)
        assert (left.outcome, left.party_pays) == (Outcome.RECORDED, 0)
    with opened(entrance, clock) as here:
        assert here.tap(card).outcome is Outcome.GRANTED
        here.pass_time(MINUTE)
        assert here.tap(card).outcome is Outcome.ALREADY_INSIDE
    recorded = entrance.events()[2]
    assert (recorded.kind, recorded.refers_to, recorded.fare) == (EventKind.CHECK_OUT, first.sequence, 0)


def test_whoever_never_came_in_is_let_out(bus: Enrolled) -> None:
    card = bus.card()
    with opened(bus, SetClock()) as here:
        assert here.leave(card).outcome is Outcome.RECORDED
        assert here.tap(card).outcome is Outcome.GRANTED
    assert bus.events()[0].refers_to == 0


class Counted(InProcessConnection):
    """A connection that counts its commands."""

    commands = 0

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        self.commands += 1
        return super().transmit(command)


def test_a_tap_takes_two_commands_whatever_becomes_of_it(tmp_path: Path) -> None:
    entrance = gate(tmp_path / "gate", WITHOUT_QUOTA, transfer_minutes=10, passback_minutes=1)
    card = entrance.card()
    with opened(entrance, SetClock()) as here:

        def commands(tap: Callable[[CardConnection, TapRequest], TapResult]) -> tuple[Outcome, int]:
            with Counted(chip(card)) as connection:
                return tap(connection, here.terminal.request()).outcome, connection.commands

        found = [commands(here.taps.tap), commands(here.taps.tap)]
        here.pass_time(30 * SECOND)
        found.append(commands(here.taps.tap))
        here.pass_time(MINUTE)
        found += [commands(here.taps.tap), commands(here.taps.leave)]
    assert found == [
        (outcome, 2)
        for outcome in (
            Outcome.GRANTED,
            Outcome.REPEATED,
            Outcome.ALREADY_INSIDE,
            Outcome.TRANSFERRED,
            Outcome.RECORDED,
        )
    ]
