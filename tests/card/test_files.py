"""A card's files: what the declaration says is what is written and read, and nothing else passes."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.errors import AnswerMalformed, FieldMalformed
from card.field_encoding import Encoding, FieldValue, decode_field, encode_field
from card.files import FieldLayout, FileLayout
from card.profile import reference_profile
from crypto.tlv import Tlv

FILES = reference_profile().file
FIELDS = [(file, field) for file in FILES for field in file.field]


def vector(file: FileLayout) -> tuple[dict[str, FieldValue], bytes]:
    """The file's own test vector."""
    return dict(file.record_of(file.vector[0].fields)), bytes.fromhex(file.vector[0].encoded)


def ids(value: object) -> str:
    return value.name if isinstance(value, FileLayout | FieldLayout) else ""


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_the_vectors_hold_both_ways(file: FileLayout) -> None:
    record, encoded = vector(file)
    assert file.encode(record) == encoded
    assert file.decode(encoded) == record


@pytest.mark.parametrize(("file", "field"), FIELDS, ids=ids)
def test_a_field_that_is_missing_is_missed(file: FileLayout, field: FieldLayout) -> None:
    record, encoded = vector(file)
    record.pop(field.name, None)
    kept = Tlv.parse_list(Tlv.unpack(int(file.template or "", 16), encoded))
    without = Tlv(
        int(file.template or "", 16), b"".join(item for item in kept if item.tag != int(field.tag, 16))
    )
    if field.optional:
        assert file.decode(without) == record
    else:
        with pytest.raises(AnswerMalformed):
            file.decode(without)
        with pytest.raises(FieldMalformed):
            file.encode(record)


WRONG = {
    Encoding.ASCII: ["", "00", "E9", "0A"],
    Encoding.GB18030: ["", "00", "80", "B2", "0A", "FFFF"],
    Encoding.DIGITS: ["", "F1", "1A", "FF", "1F2F"],
    Encoding.DATE: ["", "2026", "20261301", "20260230", "202611250A", "0000000A"],
    Encoding.INTEGER: [""],
    Encoding.BINARY: [""],
    Encoding.JPEG: ["", "FFD8", "FFD8FF", "00FFD8FFD9", "FFD8FFE000"],
}


@pytest.mark.parametrize(("encoding", "data"), [(one, data) for one, many in WRONG.items() for data in many])
def test_wrong_bytes_are_no_value(encoding: Encoding, data: str) -> None:
    with pytest.raises(FieldMalformed):
        decode_field(encoding, bytes.fromhex(data))


@pytest.mark.parametrize(("file", "field"), FIELDS, ids=ids)
def test_every_field_refuses_wrong_and_too_many_bytes(file: FileLayout, field: FieldLayout) -> None:
    _record, encoded = vector(file)
    items = Tlv.parse_list(Tlv.unpack(int(file.template or "", 16), encoded))
    assert int(field.tag, 16) in [item.tag for item in items], "a vector holds every field of its file"
    long_value = bytes(field.max_bytes + 1)
    for value in (*(bytes.fromhex(data) for data in WRONG[field.encoding]), long_value):
        spoilt = b"".join(Tlv(item.tag, value) if item.tag == int(field.tag, 16) else item for item in items)
        with pytest.raises(AnswerMalformed):
            file.decode(Tlv(int(file.template or "", 16), spoilt))


@pytest.mark.parametrize("file", FILES, ids=ids)
def test_fields_in_another_order_or_twice_are_refused(file: FileLayout) -> None:
    _record, encoded = vector(file)
    tag = int(file.template or "", 16)
    items = Tlv.parse_list(Tlv.unpack(tag, encoded))
    for spoilt in ([*items, items[-1]], [*items, Tlv(0xD0, b"\x01")], [*items[1:], items[0], items[0]]):
        with pytest.raises(AnswerMalformed):
            file.decode(Tlv(tag, b"".join(spoilt)))


@pytest.mark.parametrize("file", FILES, ids=ids)
@given(data=st.binary(max_size=80))
def test_random_bytes_raise_our_own_error_alone(file: FileLayout, data: bytes) -> None:
    for candidate in (data, bytes(Tlv(int(file.template or "", 16), data))):
        try:
            record = file.decode(candidate)
        except AnswerMalformed:
            continue
        assert file.encode(record) == candidate


TEXT_VALUES = {
    Encoding.ASCII: st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1),
    Encoding.GB18030: st.text(min_size=1).filter(str.isprintable),
    Encoding.DIGITS: st.from_regex(r"[0-9]+\Z", fullmatch=True),
    Encoding.DATE: st.dates().map(str),
    Encoding.INTEGER: st.integers(0, 2**40).map(str),
}


@given(st.data())
def test_what_is_encoded_is_decoded(data: st.DataObject) -> None:
    encoding = data.draw(st.sampled_from(sorted(TEXT_VALUES)))
    value = data.draw(TEXT_VALUES[Encoding(encoding)])
    assert decode_field(Encoding(encoding), encode_field(Encoding(encoding), value)) == value


@given(st.sampled_from(Encoding), st.binary(max_size=40))
def test_what_is_decoded_has_one_encoding(encoding: Encoding, data: bytes) -> None:
    try:
        value = decode_field(encoding, data)
    except FieldMalformed:
        return
    length = len(data) if encoding is Encoding.INTEGER else None
    assert encode_field(encoding, value, length) == data


@pytest.mark.parametrize(
    ("encoding", "value"),
    [
        (Encoding.ASCII, "é"),
        (Encoding.ASCII, ""),
        (Encoding.ASCII, b"A"),
        (Encoding.GB18030, "a\nb"),
        (Encoding.GB18030, "\ud800"),
        (Encoding.DIGITS, "12a"),
        (Encoding.DIGITS, "１２"),
        (Encoding.DATE, "2026-02-30"),
        (Encoding.DATE, "20260225"),
        (Encoding.INTEGER, "007"),
        (Encoding.INTEGER, "-1"),
        (Encoding.JPEG, "text"),
        (Encoding.JPEG, b"GIF89a"),
    ],
)
def test_what_has_no_encoding_is_refused(encoding: Encoding, value: FieldValue) -> None:
    with pytest.raises(FieldMalformed):
        encode_field(encoding, value)


def test_a_number_that_is_too_big_for_its_bytes_is_refused() -> None:
    with pytest.raises(FieldMalformed):
        encode_field(Encoding.INTEGER, "256", 1)


def test_a_record_with_an_unknown_field_is_refused() -> None:
    file = reference_profile().file_named("guardian")
    with pytest.raises(FieldMalformed):
        file.encode({**vector(file)[0], "shoe_size": "41"})


def test_a_file_that_is_too_long_is_refused() -> None:
    file = msgspec.structs.replace(reference_profile().file_named("guardian"), max_bytes=40)
    with pytest.raises(FieldMalformed):
        file.encode({**vector(file)[0], "relation": "母亲" * 8})


def test_an_error_quotes_nobody_s_data() -> None:
    file = reference_profile().file_named("holder")
    record = {**vector(file)[0], "name": "张\n三"}
    with pytest.raises(FieldMalformed) as refused:
        file.encode(record)
    assert "张" not in str(refused.value)
