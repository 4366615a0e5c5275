"""The hotlist answers exactly, and takes no bytes that are not a hotlist."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.errors import HotlistMalformed
from terminal.hotlist import Hotlist, HotlistReason

DAY = date(2026, 5, 17)
FIRST, SECOND, THIRD = bytes(7) + b"\x01", bytes(7) + b"\x02", b"\xff" * 8
CARDS = {
    THIRD: HotlistReason.MISUSE,
    FIRST: HotlistReason.LOST,
    SECOND: HotlistReason.SUPERSEDED,
}
# Written by hand from the format: list version 7 of 17 May 2026, three entries.
FILE = bytes.fromhex(
    "544b484c 01 00000007 013526a5 00000003 000000000000000101 000000000000000205 ffffffffffffffff06"
)

card_ids = st.binary(min_size=8, max_size=8)
listed = st.dictionaries(card_ids, st.sampled_from(HotlistReason), max_size=50)


def test_file_is_the_documented_bytes() -> None:
    assert Hotlist.of(7, DAY, CARDS).to_bytes() == FILE


def test_every_member_of_the_file_is_read() -> None:
    hotlist = Hotlist.from_bytes(FILE)

    assert (hotlist.version, hotlist.dated, hotlist.count) == (7, DAY, 3)
    assert {card_id: hotlist.status(card_id) for card_id in CARDS} == CARDS


@given(listed, card_ids, st.integers(0, 2**32 - 1), st.dates())
def test_listed_cards_are_found_and_no_others(
    cards: dict[bytes, HotlistReason], other: bytes, version: int, dated: date
) -> None:
    hotlist = Hotlist.from_bytes(Hotlist.of(version, dated, cards).to_bytes())

    assert {card_id: hotlist.status(card_id) for card_id in cards} == cards
    assert hotlist.status(other) == cards.get(other)
    assert (hotlist.version, hotlist.dated, hotlist.count) == (version, dated, len(cards))


@given(listed)
def test_round_trip(cards: dict[bytes, HotlistReason]) -> None:
    data = Hotlist.of(1, DAY, cards).to_bytes()

    assert Hotlist.from_bytes(data).to_bytes() == data


@given(st.binary(max_size=100) | st.binary(max_size=40).map(lambda tail: FILE[:17] + tail))
def test_random_bytes_raise_the_package_s_error_only(data: bytes) -> None:
    try:
        hotlist = Hotlist.from_bytes(data)
    except HotlistMalformed:
        return
    assert hotlist.to_bytes() == data


@given(st.integers(0, len(FILE) - 1))
def test_a_torn_file_is_refused(length: int) -> None:
    with pytest.raises(HotlistMalformed):
        Hotlist.from_bytes(FILE[:length])


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (b"", "0 bytes are too few"),
        (b"X" + FILE[1:], "does not begin with TKHL"),
        (FILE[:4] + b"\x02" + FILE[5:], "format 2 is not known"),
        (FILE[:9] + (20261301).to_bytes(4, "big") + FILE[13:], "20261301 is no date"),
        (FILE[:9] + bytes(4) + FILE[13:], "0 is no date"),
        (FILE[:9] + b"\xff" * 4 + FILE[13:], "4294967295 is no date"),
        (FILE[:13] + (2).to_bytes(4, "big") + FILE[17:], "27 bytes of entries are not 2 entries"),
        (FILE[:13] + b"\xff" * 4 + FILE[17:], "4294967295 entries are too many"),
        (FILE + b"\x00", "28 bytes of entries are not 3 entries"),
        (FILE[:17] + FILE[26:35] + FILE[17:26] + FILE[35:], "entry 1 is out of order"),
        (FILE[:17] + FILE[17:26] * 2 + FILE[35:], "entry 1 stands twice"),
        (FILE[:25] + b"\x00" + FILE[26:], "entry 0 has the unknown reason 0"),
        (FILE[:43] + b"\x07", "entry 2 has the unknown reason 7"),
    ],
)
def test_fault_is_named(data: bytes, detail: str) -> None:
    with pytest.raises(HotlistMalformed) as refused:
        Hotlist.from_bytes(data)

    assert detail in str(refused.value.facts["detail"])


@pytest.mark.parametrize("card_id", [b"", bytes(7), bytes(9)])
def test_a_card_id_of_another_length_can_not_be_listed(card_id: bytes) -> None:
    with pytest.raises(HotlistMalformed):
        Hotlist.of(1, DAY, {card_id: HotlistReason.LOST})


def test_a_card_id_of_another_length_is_not_listed() -> None:
    hotlist = Hotlist.from_bytes(FILE)

    assert hotlist.status(FIRST[:7]) is None
    assert hotlist.status(FIRST + b"\x00") is None
    assert Hotlist.of(1, DAY, {}).status(b"") is None


def test_version_out_of_range_is_refused() -> None:
    with pytest.raises(HotlistMalformed):
        Hotlist.of(2**32, DAY, {})


@pytest.mark.parametrize(
    ("today", "days"), [(DAY, 0), (date(2026, 5, 18), 1), (date(2027, 5, 17), 365), (date(2026, 5, 16), -1)]
)
def test_age_in_days(today: date, days: int) -> None:
    assert Hotlist.from_bytes(FILE).age(today) == days


def test_a_reason_is_the_text_that_staff_see() -> None:
    status: str | None = Hotlist.from_bytes(FILE).status(FIRST)

    assert status == "lost"
