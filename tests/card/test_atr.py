"""Answers to reset and to select: what others wrote in them, and what nobody should believe."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.atr import Atr, InterfaceBytes, StorageCard, contactless_atr, storage_card_atr
from card.ats import Ats
from card.errors import AnswerMalformed

ATR_LIST = Path("/usr/share/pcsc/smartcard_list.txt")  # Debian pcsc-tools

optional_bytes = st.none() | st.integers(0, 255)
groups = st.builds(InterfaceBytes, optional_bytes, optional_bytes, optional_bytes)


@st.composite
def atrs(draw: st.DrawFn) -> Atr:
    """Any answer of at most 33 bytes."""
    interface = draw(st.lists(groups, min_size=1, max_size=4))
    protocols = draw(st.lists(st.integers(0, 15), min_size=len(interface) - 1, max_size=len(interface) - 1))
    return Atr(
        tuple(interface), tuple(protocols), draw(st.binary(max_size=12)), draw(st.sampled_from((0x3B, 0x3F)))
    )


@given(atrs())
def test_an_atr_survives_the_round_trip(atr: Atr) -> None:
    assert Atr.from_bytes(atr.to_bytes()) == atr


@given(st.binary(max_size=40) | st.binary(max_size=32).map(lambda rest: b"\x3b" + rest))
def test_any_bytes_are_an_atr_or_malformed(encoded: bytes) -> None:
    try:
        atr = Atr.from_bytes(encoded)
    except AnswerMalformed:
        return
    assert atr.historical in encoded


def test_the_atrs_that_people_collected_come_back_byte_for_byte() -> None:
    collected = re.findall(r"^((?:[0-9A-F]{2} ){3,}[0-9A-F]{2})$", ATR_LIST.read_text("utf-8"), re.MULTILINE)
    read, same = 0, 0
    for line in collected:
        encoded = bytes.fromhex(line)
        try:
            atr = Atr.from_bytes(encoded)
        except AnswerMalformed:
            continue
        read += 1
        same += atr.to_bytes() == encoded
    # The rest are copied wrong: cut, grown, or with another card's check character.
    assert read > 0.98 * len(collected)
    assert same > 0.97 * len(collected)


def test_a_storage_cards_atr_is_the_one_of_the_standard() -> None:
    # PC/SC part 3 §3.1.3.2.3.2; smartcard_list.txt calls it "MIFARE Classic 1K (as of PCSC std part3)".
    expected = "3B 8F 80 01 80 4F 0C A0 00 00 03 06 03 00 01 00 00 00 00 6A"
    assert storage_card_atr(StorageCard.MIFARE_CLASSIC_1K) == bytes.fromhex(expected)


def test_more_historical_bytes_than_an_atr_carries_are_refused() -> None:
    with pytest.raises(ValueError, match="15"):
        contactless_atr(bytes(16))


@given(
    st.builds(
        Ats,
        fsci=st.integers(0, 15),
        bit_rates=st.integers(0, 255),
        fwi=st.integers(0, 15),
        sfgi=st.integers(0, 15),
        options=st.integers(0, 255),
        historical=st.binary(max_size=20),
    )
)
def test_an_ats_survives_the_round_trip(ats: Ats) -> None:
    assert Ats.from_bytes(ats.to_bytes()) == ats


@given(st.binary(max_size=30) | st.binary(max_size=30).map(lambda rest: bytes((len(rest) + 1,)) + rest))
def test_any_bytes_are_an_ats_or_malformed(encoded: bytes) -> None:
    try:
        ats = Ats.from_bytes(encoded)
    except AnswerMalformed:
        return
    assert 16 <= ats.frame_size <= 256
    assert 0 < ats.frame_waiting_seconds < 5
    assert 0 <= ats.guard_seconds < 5


def test_an_ats_of_its_length_alone_means_the_defaults() -> None:
    ats = Ats.from_bytes(b"\x01")
    assert (ats.frame_size, round(ats.frame_waiting_seconds * 1000, 1), ats.guard_seconds) == (32, 4.8, 0)
