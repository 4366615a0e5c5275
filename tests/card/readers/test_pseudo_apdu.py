"""What a reader tells of a contactless card by itself: UID and historical bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.errors import AnswerMalformed
from card.readers.pcsc import PcscReader
from card.readers.pseudo_apdu import MAX_ATS_BYTES, UID_LENGTHS, read_ats, read_uid
from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.applet import HISTORICAL_BYTES
from card.simulator.chips.t0 import T0Card
from tests.card.cards import ScriptedChip, applet

SECONDS = 10.0


def answering(answer: bytes) -> InProcessConnection:
    """A connection where everything gets this answer."""
    return InProcessConnection(ScriptedChip(lambda command: answer))


def test_a_virtual_reader_tells_uid_and_ats(private_pcscd: PrivatePcscd) -> None:
    with PcscReader(private_pcscd.readers[0]) as reader:
        with VpcdLink(applet(), private_pcscd.ports[0]), reader.wait_for_card(SECONDS) as connection:
            uid = read_uid(connection)
            assert read_uid(connection) == uid
            assert read_ats(connection) == HISTORICAL_BYTES
        reader.wait_for_removal(SECONDS)
    assert uid is not None
    assert len(uid) == 4
    assert uid[0] == 0x08


def test_a_card_has_another_uid_in_every_field(private_pcscd: PrivatePcscd) -> None:
    uids = set()
    with PcscReader(private_pcscd.readers[0]) as reader:
        for _field in range(2):
            with VpcdLink(applet(), private_pcscd.ports[0]), reader.wait_for_card(SECONDS) as connection:
                uids.add(read_uid(connection))
            reader.wait_for_removal(SECONDS)
    assert len(uids) == 2


def test_a_contact_card_has_neither() -> None:
    with InProcessConnection(T0Card(applet())) as connection:
        assert read_uid(connection) is None
        assert read_ats(connection) is None


@pytest.mark.parametrize("status", ["6A81", "6D00", "6E00", "6300"])
def test_a_reader_that_does_not_tell_is_no_trouble(status: str) -> None:
    with answering(bytes.fromhex(status)) as connection:
        assert read_uid(connection) is None
        assert read_ats(connection) is None


@given(st.binary(max_size=400), st.sampled_from([b"\x90\x00", b"\x61\x00", b"\x6c\x00", b"\x62\x82", b""]))
def test_no_answer_raises_anything_but_our_own_error(data: bytes, status: bytes) -> None:
    with answering(data + status) as connection:
        try:
            uid = read_uid(connection)
        except AnswerMalformed:
            uid = None
        try:
            ats = read_ats(connection)
        except AnswerMalformed:
            ats = None
    assert uid is None or len(uid) in UID_LENGTHS
    assert ats is None or len(ats) <= MAX_ATS_BYTES


@given(st.binary(max_size=20).filter(lambda data: len(data) not in UID_LENGTHS))
def test_a_uid_of_no_known_length_is_refused(data: bytes) -> None:
    with answering(data + b"\x90\x00") as connection, pytest.raises(AnswerMalformed):
        read_uid(connection)
