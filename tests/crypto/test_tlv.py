"""BER-TLV: strict, one encoding per value, no bytes that crash it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import TlvMalformed
from crypto.tlv import Tlv

_TAGS = st.sampled_from([0x42, 0x53, 0x5F20, 0x5F37, 0x6F, 0x7C, 0x7F21, 0x7F49, 0x80, 0x84, 0xDF8101])


@given(_TAGS, st.binary(max_size=400))
def test_an_object_survives_its_bytes(tag: int, value: bytes) -> None:
    made = Tlv(tag, value)
    parsed, rest = Tlv.parse_from(made + b"rest")
    assert (parsed, parsed.tag, parsed.value, rest) == (made, tag, value, b"rest")
    assert Tlv.unpack(tag, made) == value


@given(st.binary(max_size=300))
def test_no_bytes_crash_the_parser_and_what_parses_is_kept(data: bytes) -> None:
    try:
        items = Tlv.parse_list(data)
    except TlvMalformed:
        return
    assert b"".join(items) == data


@given(_TAGS, st.binary(min_size=1, max_size=300), st.data())
def test_a_cut_object_is_refused(tag: int, value: bytes, data: st.DataObject) -> None:
    whole = Tlv(tag, value)
    cut = data.draw(st.integers(min_value=0, max_value=len(whole) - 1))
    with pytest.raises(TlvMalformed):
        Tlv.unpack(tag, whole[:cut])


@pytest.mark.parametrize(
    "encoded",
    [
        "",  # nothing
        "00",  # tag 00
        "5F",  # a tag cut off
        "5F1E00",  # a long tag for a number that fits a short one
        "5F8000",  # a long tag that starts with zero
        "5F81818100",  # a tag of four bytes
        "4280",  # indefinite length
        "428101AA",  # a long length for a short value
        "42820001AA",  # likewise, two bytes
        "4283000001AA",  # a length of three bytes
        "4202AA",  # a value cut off
        "4281",  # a length cut off
    ],
)
def test_what_is_not_in_shortest_form_is_refused(encoded: str) -> None:
    with pytest.raises(TlvMalformed):
        Tlv.parse_from(bytes.fromhex(encoded))


def test_unpack_names_the_wrong_tag_and_what_is_left_over() -> None:
    with pytest.raises(TlvMalformed, match="tag 42 where 53 belongs"):
        Tlv.unpack(0x53, Tlv(0x42, b"x"))
    with pytest.raises(TlvMalformed, match="1 bytes after tag 42"):
        Tlv.unpack(0x42, Tlv(0x42, b"x") + b"y")


def test_what_can_not_be_encoded_is_a_mistake_of_the_program() -> None:
    with pytest.raises(ValueError, match="no BER-TLV tag"):
        Tlv(0x5F, b"")
    with pytest.raises(ValueError, match="no BER-TLV tag"):
        Tlv(0x4242, b"")
    with pytest.raises(ValueError, match="too long"):
        Tlv(0x42, bytes(65536))


def test_a_constructed_object_says_so() -> None:
    assert Tlv(0x7F21, b"").is_constructed
    assert not Tlv(0x5F37, b"").is_constructed
    assert repr(Tlv(0x5F37, b"secret")) == "Tlv(tag=0x5F37, 6 bytes)"
