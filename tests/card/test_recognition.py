"""Naming a card that is not ours: right, in two commands at most, and never a reason to fail."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.answer_time import TimelyConnection
from card.apdu import MAX_APDU_BYTES, CommandApdu, ResponseApdu
from card.atr import Atr, contactless_atr
from card.errors import AnswerMalformed, ApduRefused, CardTorn, ForeignCard, ReaderGone
from card.foreign_cards import foreign_cards
from card.identity import IdentitySession
from card.profile import reference_profile
from card.recognition import name_foreign_card, naming_foreign_cards
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.chip import Chip
from card.simulator.chips.faults import AnswerFault, FaultyChip, TearingChip
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from tests.card.cards import applet

OUR_AID = reference_profile().aid_bytes
PPSE = b"2PAY.SYS.DDF01"
SOCIAL_SECURITY = "sx1.sh.社会保障".encode("gbk")


class CountingConnection(InProcessConnection):
    """Keeps the names that were asked for."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self.asked: list[bytes] = []

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Passed on."""
        self.asked.append(command.data)
        return super().transmit(command)


class AnsweringConnection:
    """A card of this ATR that gives this answer, or raises this error."""

    def __init__(self, atr: bytes, answer: bytes | Exception) -> None:
        self.atr = atr
        self._answer = answer
        self.commands = 0

    @property
    def max_apdu(self) -> int:
        """Of any length."""
        return MAX_APDU_BYTES

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """As given. Raises AnswerMalformed for what is no answer."""
        self.commands += 1
        if isinstance(self._answer, Exception):
            raise self._answer
        return ResponseApdu.from_bytes(self._answer)

    def close(self) -> None:
        """Nothing to do."""

    def __enter__(self) -> "AnsweringConnection":
        return self

    def __exit__(self, *_exception: object) -> None:
        """Nothing to do."""


@contextmanager
def tapped(chip: Chip) -> Iterator[tuple[CountingConnection, ForeignCard]]:
    """The refusal of a card that is not ours, and the connection that it came over."""
    with CountingConnection(chip) as connection:
        with pytest.raises(ForeignCard) as refused, naming_foreign_cards(connection):
            IdentitySession(connection, reference_profile()).select()
        yield connection, refused.value


@pytest.mark.parametrize("kind", ForeignKind)
def test_every_kind_is_named_in_two_commands_at_most(kind: ForeignKind) -> None:
    with tapped(ForeignCardChip(kind)) as (connection, refused):
        assert refused.family is not None
        assert refused.family.id == kind
        assert len(connection.asked) <= 2
        assert connection.asked[0] == OUR_AID


def test_a_card_that_its_atr_names_is_asked_nothing_more() -> None:
    with tapped(ForeignCardChip(ForeignKind.RESIDENT_ID)) as (connection, _refused):
        assert connection.asked == [OUR_AID]


@pytest.mark.parametrize(
    ("atr", "asked"),
    [
        ("3B80800101", PPSE),  # contactless, nothing said
        ("3B81800180 80", bytes.fromhex("D2760000850101")),  # DESFire or NTAG 4xx DNA
        ("3B88800100000000 7783B300 4E", bytes.fromhex("A0000002471001")),  # as passports have it
        ("3B00", SOCIAL_SECURITY),  # over contacts, nothing said
        ("3B6D0000008154310086602001010000 01", SOCIAL_SECURITY),  # as social-security cards have it
        ("3B6800000073C84000009000", b"1PAY.SYS.DDF01"),  # a chip that bank cards have, among others
        ("", PPSE),
        ("3B", PPSE),
        ("3BFF", PPSE),
        ("000102", PPSE),
    ],
)
def test_the_one_question_follows_the_atr(atr: str, asked: bytes) -> None:
    class Chip(ForeignCardChip):
        @property
        def atr(self) -> bytes:
            return bytes.fromhex(atr)

    with CountingConnection(Chip()) as connection:
        assert name_foreign_card(connection, connection.atr).id == "other"
        assert connection.asked == [asked]


def test_the_refusal_keeps_its_cause() -> None:
    with tapped(ForeignCardChip()) as (_connection, refused):
        assert isinstance(refused.__cause__, ApduRefused)


def test_our_own_card_is_left_alone() -> None:
    with CountingConnection(applet()) as connection:
        with naming_foreign_cards(connection):
            IdentitySession(connection, reference_profile()).select()
        assert connection.asked == [OUR_AID]


def test_other_findings_pass() -> None:
    with CountingConnection(applet()) as connection:
        with pytest.raises(AnswerMalformed), naming_foreign_cards(connection):
            raise AnswerMalformed(what="FCI", detail="cut off")
        assert connection.asked == []


def test_a_card_that_leaves_before_the_second_command_is_torn() -> None:
    leaving = TearingChip(ForeignCardChip(), after_apdus=1)
    with (
        InProcessConnection(leaving) as connection,
        pytest.raises(CardTorn),
        naming_foreign_cards(connection),
    ):
        IdentitySession(connection, reference_profile()).select()


def test_a_card_that_is_late_with_the_second_answer_is_foreign_all_the_same() -> None:
    late = FaultyChip(ForeignCardChip(ForeignKind.SOCIAL_SECURITY), AnswerFault.SLOW, first=2, seconds=0.2)
    with InProcessConnection(late) as connection:
        timely = TimelyConnection(connection, seconds=0.1)
        with pytest.raises(ForeignCard) as refused, naming_foreign_cards(timely):
            IdentitySession(timely, reference_profile()).select()
    assert refused.value.family == foreign_cards().generic


def test_a_reader_that_goes_is_not_the_cards_doing() -> None:
    with pytest.raises(ReaderGone):
        name_foreign_card(AnsweringConnection(contactless_atr(b""), ReaderGone(reader="R")), b"")


@given(st.binary(max_size=40), st.binary(max_size=80))
def test_no_atr_and_no_answer_is_too_strange(atr: bytes, answer: bytes) -> None:
    connection = AnsweringConnection(atr, answer)
    assert name_foreign_card(connection, atr).sentence.zh
    assert connection.commands <= 1


@given(
    st.binary(max_size=15), st.binary(max_size=80), st.sampled_from([b"\x90\x00", b"\x61\x10", b"\x62\x83"])
)
def test_no_historical_bytes_and_no_answer_are_too_strange(historical: bytes, data: bytes, sw: bytes) -> None:
    fci = bytes.fromhex("6F") + bytes((len(data) + 16,)) + bytes.fromhex("840E") + PPSE + data
    for answer in (data + sw, fci + sw):
        connection = AnsweringConnection(contactless_atr(historical), answer)
        assert name_foreign_card(connection, connection.atr).sentence.zh
        assert connection.commands <= 1


@given(st.binary(max_size=40))
def test_an_atr_that_can_be_read_is_read_again_as_it_was_written(data: bytes) -> None:
    try:
        atr = Atr.from_bytes(data)
    except AnswerMalformed:
        return
    assert Atr.from_bytes(atr.to_bytes()) == atr
