"""What a reader says of itself is believed only in the form that PC/SC part 10 gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.errors import CardInUse, ReaderAnswerMalformed, ReaderGone
from card.readers.pcsc import PcscReader
from card.readers.reader_features import Feature, ReaderProperties, parse_features, read_features
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from tests.card.cards import applet

SECONDS = 10.0
READER = "reader"


def test_a_virtual_reader_is_asked_with_and_without_a_card(private_pcscd: PrivatePcscd) -> None:
    name = private_pcscd.readers[0]
    empty = read_features(name)
    with PcscReader(name) as reader:
        with VpcdLink(applet(), private_pcscd.ports[0]):
            reader.wait_for_card(SECONDS).close()
            assert read_features(name) == empty
            with reader.wait_for_card(SECONDS), pytest.raises(CardInUse):
                read_features(name)
        reader.wait_for_removal(SECONDS)
    # ifd-vpcd.c: nothing up to vpcd 3.3; from 2023 on one feature with one property.
    assert (set(empty.codes), empty.properties) in (
        (set(), ReaderProperties()),
        ({Feature.GET_TLV_PROPERTIES}, ReaderProperties(max_apdu_data=0x10000)),
    )


def test_a_reader_that_is_not_there_is_gone(private_pcscd: PrivatePcscd) -> None:
    with pytest.raises(ReaderGone):
        read_features("No Such Reader")


def test_the_lists_of_a_ccid_reader_are_read() -> None:
    # The form of libccid's answers: ccid_ifdhandler.c, IFDHControl.
    codes = parse_features(
        bytes.fromhex("06 04 42330006 07 04 42330007 12 04 42330012 7F 04 00000000"), READER
    )
    assert dict(codes) == {
        Feature.VERIFY_PIN_DIRECT: 0x42330006,
        Feature.MODIFY_PIN_DIRECT: 0x42330007,
        Feature.GET_TLV_PROPERTIES: 0x42330012,
    }
    properties = bytes.fromhex("01 02 0000 08 04 322E3130 0A 04 00000100 0B 02 2F07 0C 02 0090")
    assert ReaderProperties.from_bytes(properties, READER) == ReaderProperties(
        "2.10", 0x10000, 0x072F, 0x9000
    )


@pytest.mark.parametrize(
    "encoded", ["06", "0604", "0604423300", "0603423300", "060442330006 060442330006", "0600"]
)
def test_a_broken_feature_list_is_refused(encoded: str) -> None:
    with pytest.raises(ReaderAnswerMalformed):
        parse_features(bytes.fromhex(encoded), READER)


@pytest.mark.parametrize("encoded", ["0A", "0A0300000A", "0B0100", "08021B5B", "0801FF", "0841" + "41" * 65])
def test_a_broken_property_list_is_refused(encoded: str) -> None:
    with pytest.raises(ReaderAnswerMalformed):
        ReaderProperties.from_bytes(bytes.fromhex(encoded), READER)


@given(st.dictionaries(st.sampled_from(Feature), st.integers(0, 2**32 - 1)))
def test_a_feature_list_is_read_as_it_was_written(codes: dict[Feature, int]) -> None:
    encoded = b"".join(bytes((tag, 4)) + code.to_bytes(4, "big") for tag, code in codes.items())
    assert dict(parse_features(encoded, READER)) == codes


@given(st.binary(max_size=80))
def test_no_bytes_raise_anything_but_our_own_error(data: bytes) -> None:
    for parse in (parse_features, ReaderProperties.from_bytes):
        try:
            parse(data, READER)
        except ReaderAnswerMalformed as error:
            assert READER in str(error)
