"""Standing lists: exact over every card issued, bound to their names, and no card to be read out of them."""

import random
import secrets
import struct
import subprocess
import sys
import zlib
from contextlib import suppress
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.sm3 import sm3
from terminal.hotlist.base import HotlistBase
from terminal.hotlist.building import DAYS_APART, Issued
from terminal.hotlist.card_hash import mix
from terminal.hotlist.errors import (
    HotlistFormatUnknown,
    HotlistMalformed,
    HotlistNotBuilt,
    StandingListDeltaForeign,
    StandingListForeign,
    StandingListMalformed,
)
from terminal.hotlist.hotlist import Hotlist
from terminal.hotlist.standing_list import StandingList
from terminal.hotlist.standing_list_building import build_list, build_list_delta
from tests.terminal.hotlists import hotlist_of, members_of

DAY = date(2026, 11, 1)
NEXT = DAY + timedelta(days=1)
LATER = DAY + timedelta(days=20)
EARLIER = date(2020, 1, 1)
World = dict[bytes, date]


def cards(count: int, day: date = EARLIER) -> World:
    return {secrets.token_bytes(8): day for _ in range(count)}


def base(issued: World, members: set[bytes], name: str = "minors", version: int = 7) -> bytes:
    return build_list(name, Issued.of(issued), members_of(members), version, DAY)


def delta(held: StandingList, issued: World, members: set[bytes], dated: date = NEXT) -> bytes:
    return build_list_delta(held, Issued.of(issued), members_of(members), held.version + 1, dated)


def on(held: StandingList, issued: World) -> set[bytes]:
    return {card for card, day in issued.items() if held.holds(mix(int.from_bytes(card)), day)}


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(
        st.binary(min_size=8, max_size=8),
        st.tuples(
            st.dates(date(2020, 1, 1), LATER),
            st.integers(-DAYS_APART, DAYS_APART),  # by how many days the credential's day is another
            st.booleans(),  # on the list at first
            st.booleans(),  # on it on the next day
            st.booleans(),  # and much later
            st.booleans(),  # registered late
        ),
        max_size=80,
    )
)
def test_no_answer_is_wrong_about_any_card_ever_issued(
    world: dict[bytes, tuple[date, int, bool, bool, bool, bool]],
) -> None:
    registered = {card: entry[0] for card, entry in world.items()}
    signed = {card: entry[0] + timedelta(days=entry[1]) for card, entry in world.items()}
    at_first = {card: day for card, day in registered.items() if not world[card][5]}
    members = {card for card in at_first if world[card][2]}
    first = base(at_first, members)
    held = StandingList.from_files("minors", first)
    assert (held.version, held.dated, held.count) == (7, DAY, len(members))
    for days in (registered, signed):
        known = {card: days[card] for card in at_first}
        assert on(held, known) == {card for card in members if known[card] <= DAY}

    next_day = {card for card, entry in world.items() if entry[3]}
    newer = StandingList.from_files("minors", first, delta(held, registered, next_day))
    assert (newer.version, newer.dated, newer.count) == (8, NEXT, len(next_day))
    for days in (registered, signed):
        assert on(newer, days) == {card for card in next_day if days[card] <= NEXT}

    # The delta after that takes its place, and needs only the base.
    in_the_end = {card for card, entry in world.items() if entry[4]}
    newest = StandingList.from_files("minors", first, delta(newer, registered, in_the_end, LATER))
    assert (newest.version, newest.dated, newest.count) == (9, LATER, len(in_the_end))
    for days in (registered, signed):
        assert on(newest, days) == {card for card in in_the_end if days[card] <= LATER}


def test_a_card_issued_since_is_put_on_no_list_by_accident() -> None:
    old, new = cards(2_000), cards(2_000, LATER)
    first = base(old, set(list(old)[:1_000]))
    held = StandingList.from_files("minors", first)
    assert on(held, new) == set()
    assert on(held, dict.fromkeys(new, DAY))  # the filter itself does have accidents
    changed = StandingList.from_files("minors", first, delta(held, old, set(list(old)[500:1_500])))
    assert on(changed, new) == set()
    assert on(changed, dict.fromkeys(new, NEXT))
    joined = set(list(new)[:5])
    named = StandingList.from_files("minors", first, delta(held, old | new, joined, LATER))
    assert on(named, new) == joined


def test_a_list_over_a_hundred_thousand_cards_is_right_about_each() -> None:
    source = random.Random(20)
    issued = {source.randbytes(8): date(2020, 1, 1) for _ in range(100_000)}
    order = list(issued)
    members = set(order[:1_000])
    first = base(issued, members)
    held = StandingList.from_files("minors", first)
    assert on(held, issued) == members
    changed = members - set(order[:30]) | set(order[1_000:1_060])
    small = delta(held, issued, changed)
    assert on(StandingList.from_files("minors", first, small), issued) == changed
    # 90 cards changed: fewer bytes than their ids alone, and a tenth of the base.
    assert len(small) < 90 * 8 < len(first)


def test_no_card_can_be_read_out_of_the_files() -> None:
    """Whoever has the files but no card's id can't name a card on the list, or one that came or went."""
    source = random.Random(21)
    issued = {source.randbytes(8): date(2020, 1, 1) for _ in range(20_000)}
    order = list(issued)
    members = set(order[:200])
    first = base(issued, members)
    changed = set(order[100:300])
    second = delta(StandingList.from_files("minors", first), issued, changed)
    held = StandingList.from_files("minors", first, second)
    whole = first + second
    for card in members | changed:
        for trace in (card, card[::-1], mix(int.from_bytes(card)).to_bytes(8)):
            for form in (trace, trace[::-1]):
                assert form not in whole
                assert form[:4] not in whole or form[4:] not in whole
    # There is no room for the ids of those who are on it, nor of those who changed.
    assert len(first) < 8 * len(members)
    assert len(second) < 8 * len(members ^ changed)
    # Of the 2^64 ids that one might try, the files affirm far more than there are cards.
    tried = 20_000
    affirmed = sum(held.holds(mix(source.getrandbits(64)), EARLIER) for _ in range(tried))
    assert affirmed * 2**64 / tried > 1_000_000 * len(issued)


def test_even_a_list_of_one_card_does_not_tell_which() -> None:
    source = random.Random(22)
    issued = {source.randbytes(8): EARLIER for _ in range(20_000)}
    only = next(iter(issued))
    held = StandingList.from_files("minors", base(issued, {only}))
    assert on(held, issued) == {only}
    # So of 2^64 ids more than 2^48 would pass for it.
    assert any(held.holds(mix(source.getrandbits(64)), EARLIER) for _ in range(200_000))


def test_the_file_of_another_list_is_named() -> None:
    issued = cards(300)
    members = set(list(issued)[:30])
    minors, wheelchairs = base(issued, members), base(issued, members, "wheelchair-users")
    held = StandingList.from_files("minors", minors)
    other = StandingList.from_files("wheelchair-users", wheelchairs)
    with pytest.raises(StandingListForeign, match=r"list minors is the file of another, wheelchair-users\."):
        StandingList.from_files("minors", wheelchairs)
    with pytest.raises(StandingListForeign):
        StandingList.from_files("minors", minors, delta(other, issued, members))
    again = base(issued, members, version=8)
    with pytest.raises(StandingListDeltaForeign):
        StandingList.from_files("minors", again, delta(held, issued, members))
    with pytest.raises(StandingListDeltaForeign):
        delta(held, issued, members, DAY - timedelta(days=1))
    with pytest.raises(StandingListDeltaForeign):
        build_list_delta(held, Issued.of(issued), members_of(members), held.version, NEXT)


def test_a_standing_list_and_a_hotlist_are_not_taken_for_each_other() -> None:
    issued = cards(300)
    minors = base(issued, set(list(issued)[:30]))
    change = delta(StandingList.from_files("minors", minors), issued, set())
    with pytest.raises(HotlistFormatUnknown):
        HotlistBase.from_bytes(minors)
    with pytest.raises(HotlistFormatUnknown):
        Hotlist.from_files(hotlist_of(()), (change,))
    for wrong in (hotlist_of(()), change):
        with pytest.raises(StandingListMalformed, match="no standing list"):
            StandingList.from_files("minors", wrong)
    with pytest.raises(StandingListMalformed, match="no standing list"):
        StandingList.from_files("minors", minors, minors)


def sealed(data: bytes) -> bytes:
    """The file with a checksum that fits what it holds now."""
    return data[:-4] + struct.pack(">I", zlib.crc32(data[:-4]))


def test_every_bit_and_every_byte_of_the_files_counts() -> None:
    issued = cards(300)
    first = base(issued, set(list(issued)[:30]))
    second = delta(StandingList.from_files("minors", first), issued, set(list(issued)[10:40]))
    for kind, data in (("base", first), ("delta", second)):

        def read(changed: bytes, kind: str = kind) -> StandingList:
            files = (first, changed) if kind == "delta" else (changed,)
            return StandingList.from_files("minors", *files)

        read(data)
        for place in range(len(data)):
            flipped = bytearray(data)
            flipped[place] ^= 1 << place % 8
            with pytest.raises(StandingListMalformed):
                read(bytes(flipped))
            with pytest.raises(StandingListMalformed):
                read(data[:place])
        for length in range(16, len(data) - 4):
            with pytest.raises(StandingListMalformed):
                read(sealed(data[:length] + bytes(4)))
        with pytest.raises(StandingListMalformed):
            read(sealed(data[:-4] + bytes(5)))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 60))
def test_no_bytes_are_too_strange_for_a_list(junk: bytes, place: int) -> None:
    issued = {(card * 0x0123_4567_89AB_CDEF % 2**64).to_bytes(8): EARLIER for card in range(1, 101)}
    first = base(issued, set(list(issued)[:20]))
    second = delta(StandingList.from_files("minors", first), issued, set(list(issued)[10:30]))
    for data in (junk, sealed(first[: 16 + place] + junk + bytes(4))):
        with suppress(StandingListMalformed):
            StandingList.from_files("minors", data).holds(mix(1), EARLIER)
    for data in (junk, sealed(second[: 16 + place] + junk + bytes(4))):
        with suppress(StandingListMalformed):
            StandingList.from_files("minors", first, data).holds(mix(1), EARLIER)


def test_the_smallest_files_byte_by_byte() -> None:
    nobody = build_list("minors", Issued.of({}), members_of(()), 7, DAY)
    head = bytes.fromhex("02 000000 00000007 013528ed 06") + b"minors"
    empty = bytes(12)
    assert nobody == sealed(b"TKLB" + head + empty + bytes(4))
    held = StandingList.from_files("minors", nobody)
    change = build_list_delta(held, Issued.of({}), members_of(()), 8, NEXT)
    head = bytes.fromhex("02 000000 00000008 013528ee 06") + b"minors"
    assert change == sealed(b"TKLD" + head + sm3(nobody) + bytes(4) + empty + empty + bytes(4))
    assert StandingList.from_files("minors", nobody, change).count == 0


def test_a_member_that_was_never_issued_is_a_mistake() -> None:
    stranger = np.array([2**64 - 1], np.uint64)
    with pytest.raises(HotlistNotBuilt):
        build_list("minors", Issued.of(cards(5)), stranger, 1, DAY)
    held = StandingList.from_files("minors", base(cards(5), set()))
    with pytest.raises(HotlistNotBuilt):
        build_list_delta(held, Issued.of(cards(5)), stranger, 8, NEXT)
    with pytest.raises(HotlistMalformed):
        build_list("minors", Issued.of({}), members_of(()), 2**32, DAY)


def test_a_terminal_looks_up_without_numpy() -> None:
    code = "import sys, terminal.hotlist.standing_list; assert not {'numpy', 'duckdb'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
