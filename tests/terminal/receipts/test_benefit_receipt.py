"""The receipt's form: what it says, what it does not, and that no other bytes are taken for one."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.errors import TerminalError
from terminal.events.outcome import Outcome
from terminal.receipts.base45 import ALPHABET, to_base45
from terminal.receipts.benefit_receipt import (
    PREFIX,
    SignedBenefitReceipt,
)
from terminal.receipts.errors import NoReceiptDue, ReceiptMalformed
from terminal.receipts.making import make_receipt
from terminal.receipts.packed_certificate import DICTIONARY, pack_certificate, unpack_certificate
from tests.terminal.receipts.cast import KEY, NAME, RECEIPT, SIGNED, Bus, bus


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Bus:
    """A bus terminal."""
    return bus(tmp_path_factory.mktemp("bus"))


def test_a_receipt_says_what_the_event_says(line: Bus) -> None:
    [event] = line.tap(line.enrolled.card())
    receipt = make_receipt(event, line.key, line.certificate).receipt
    assert (receipt.terminal, receipt.epoch, receipt.sequence) == (event.terminal, 1, event.sequence)
    assert receipt.event == event.hash
    assert receipt.dated == datetime.fromtimestamp(event.time_ms // 1000, UTC)
    assert (receipt.service, receipt.fare, receipt.holder_pays) == ("BUS-1", event.fare, event.holder_pays)
    assert (receipt.companions_admitted, receipt.party_pays) == (0, event.holder_pays)
    assert receipt.number == f"{NAME}-{event.sequence}"


def test_the_text_holds_characters_of_the_alphanumeric_mode_alone(line: Bus) -> None:
    text = line.receipt().to_text()
    assert text.startswith(PREFIX)
    assert set(text) <= set(ALPHABET)
    assert SignedBenefitReceipt.from_text(text).to_text() == text


def test_two_receipts_of_one_person_share_no_more_than_those_of_two(line: Bus) -> None:
    """Compared as wholes, byte runs of four and more: what links A's two receipts links A's and B's too."""
    ana, ben = line.enrolled.card(), line.enrolled.card()
    first, second, third, fourth = (
        make_receipt(event, line.key, line.certificate).to_bytes() for event in line.tap(ana, ana, ben, ben)
    )
    runs = [runs_of_four(one) for one in (first, second, third, fourth)]
    assert runs[0] & runs[1] == runs[0] & runs[2] == runs[1] & runs[2] == runs[0] & runs[3]


def runs_of_four(data: bytes) -> set[bytes]:
    return {data[start : start + 4] for start in range(len(data) - 3)}


def test_receipts_of_different_categories_and_grades_differ_in_nothing_but_place_and_signature(
    line: Bus,
) -> None:
    """A blind person's, and a wheelchair user's of another grade and region who rides free as well."""
    cards = (
        line.enrolled.card((1,), 1, "500103"),
        line.enrolled.card((4,), 2, "110101"),
        line.enrolled.card((5, 6), 1, "500103"),
    )
    events = line.tap(*cards)
    assert {event.outcome for event in events} == {Outcome.GRANTED}
    receipts = [make_receipt(event, line.key, None) for event in events]
    assert len({len(receipt.to_bytes()) for receipt in receipts}) == 1
    bare = {
        msgspec.structs.replace(receipt.receipt, sequence=1, event=bytes(32), time=0) for receipt in receipts
    }
    assert len(bare) == 1


def test_a_refused_tap_has_no_receipt(line: Bus) -> None:
    expired = line.enrolled.card(expires=datetime(2026, 2, 1, tzinfo=UTC).date())
    [event] = line.tap(expired)
    with pytest.raises(NoReceiptDue) as refused:
        make_receipt(event, line.key, line.certificate)
    assert refused.value.facts["sequence"] == event.sequence


def test_a_party_is_told_by_how_many_were_admitted_and_what_all_pay(line: Bus) -> None:
    """Of three companions two ride at a quarter of the fare, one at all of it."""
    [event] = line.tap(line.enrolled.card())
    told = msgspec.structs.replace(
        event,
        outcome=Outcome.GRANTED_WITH_COMPANION,
        fare=200,
        holder_pays=100,
        companions=3,
        companions_admitted=2,
        companion_pays=50,
        ticket="half",
    )
    receipt = make_receipt(told, line.key, None).receipt
    assert (receipt.companions_admitted, receipt.party_pays, receipt.ticket) == (2, 400, "half")


def test_a_certificate_is_packed_to_two_thirds_and_comes_back(line: Bus) -> None:
    packed = pack_certificate(line.certificate)
    assert unpack_certificate(packed) == line.certificate
    assert len(packed) < len(line.certificate.der) * 2 / 3


def test_a_certificate_that_unpacks_without_end_is_refused() -> None:
    bomb = zlib.compressobj(level=9, wbits=-15, zdict=DICTIONARY)
    packed = bomb.compress(bytes(4_000_000)) + bomb.flush()
    with pytest.raises(ReceiptMalformed):
        unpack_certificate(packed)


def test_bytes_after_a_packed_certificate_are_refused(line: Bus) -> None:
    with pytest.raises(ReceiptMalformed):
        unpack_certificate(pack_certificate(line.certificate) + b"\x00")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TKR1:",
        "TKR2:" + to_base45(SIGNED.to_bytes()),
        "tkr1:" + to_base45(SIGNED.to_bytes()),
        SIGNED.to_text() + "\n",
        SIGNED.to_text()[:-3],
        SIGNED.to_text() + "000",
        PREFIX + "0" * 6000,
        # One more member in the array; a number in a longer encoding than it needs.
        PREFIX + to_base45(b"\x94" + SIGNED.to_bytes()[1:] + b"\x00"),
        PREFIX + to_base45(SIGNED.to_bytes().replace(b"\xcc\xc8", b"\xcd\x00\xc8", 1)),
        PREFIX
        + to_base45(
            SignedBenefitReceipt(msgspec.structs.replace(RECEIPT, time=2**43), SIGNED.signature).to_bytes()
        ),
        PREFIX + to_base45(msgspec.msgpack.encode([RECEIPT, SIGNED.signature[:63], b""])),
        PREFIX
        + to_base45(
            msgspec.msgpack.encode(
                [msgspec.structs.replace(RECEIPT, service="BUS\n1"), SIGNED.signature, b""]
            )
        ),
    ],
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    with pytest.raises(ReceiptMalformed):
        SignedBenefitReceipt.from_text(text)


@given(st.text(max_size=400) | st.text(ALPHABET, max_size=400).map(lambda tail: PREFIX + tail))
def test_any_text_is_parsed_or_refused_by_our_own_error(text: str) -> None:
    try:
        SignedBenefitReceipt.from_text(text)
    except TerminalError as error:
        assert error.code == "TRM-610"


@given(st.data())
def test_a_receipt_with_changed_bytes_is_refused_or_another_receipt(data: st.DataObject) -> None:
    spoilt = bytearray(SIGNED.to_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    try:
        parsed = SignedBenefitReceipt.from_text(PREFIX + to_base45(bytes(spoilt)))
    except ReceiptMalformed:
        return
    assert parsed.to_bytes() == spoilt
    assert parsed.receipt == RECEIPT or not parsed.is_signed_by(KEY.public_key)


def test_a_signature_for_another_use_is_worth_nothing(line: Bus, tmp_path: Path) -> None:
    bare = SignedBenefitReceipt(RECEIPT, KEY.sign(RECEIPT.to_bytes()))
    assert not bare.is_signed_by(KEY.public_key)
    assert SIGNED.is_signed_by(KEY.public_key)
    assert not SIGNED.is_signed_by(line.key.public_key)
