"""Frames to and from bytes: printed frames of public manuals, and what is guaranteed of a disturbed line."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from card.errors import FrameTooLong
from card.readers.frame_checksum import checksum
from card.readers.frame_codec import Frame, FrameCodec, FrameDecoder, Signal
from firmware_profiles.frame_format import (
    ByteOrder,
    Checksum,
    ChecksumKind,
    FieldName,
    FrameFormat,
    Header,
    HeaderField,
    Part,
)
from firmware_profiles.reader_profile import profile_by_id


def shipped(profile: str) -> FrameFormat:
    """The frame format of a profile that we ship."""
    serial = profile_by_id(profile).serial
    assert serial is not None
    return serial.frame


ACS = shipped("acs-ccid-serial")
PN532 = shipped("pn532-hsu")
STX_ETX = shipped("stx-etx-generic")
# FEIG's advanced protocol frame (ID CPR30.xx manual H01114-0e §2.3.2, §2.3.3): STX, ALENGTH that counts
# everything, COM-ADR, COMMAND, data, CRC16 with its low byte first, and no end byte.
FEIG = FrameFormat(
    start="02",
    headers=(
        Header(
            (
                HeaderField(FieldName.LENGTH, size=2),
                HeaderField(FieldName.ADDRESS),
                HeaderField(FieldName.COMMAND),
            )
        ),
    ),
    length_counts=(Part.START, Part.HEADER, Part.DATA, Part.CHECKSUM),
    checksum=Checksum(
        ChecksumKind.CRC16_MCRF4XX, covers=(Part.START, Part.HEADER, Part.DATA), byte_order=ByteOrder.LITTLE
    ),
    max_frame=300,
)
FORMATS = {"acs": ACS, "pn532": PN532, "stx-etx": STX_ETX, "feig": FEIG}

formats = st.sampled_from(sorted(FORMATS)).map(FORMATS.__getitem__)


def named(command: int, slot: int, sequence: int, parameters: str) -> dict[FieldName, bytes]:
    """The fields of a CCID message."""
    return {
        FieldName.COMMAND: bytes((command,)),
        FieldName.SLOT: bytes((slot,)),
        FieldName.SEQUENCE: bytes((sequence,)),
        FieldName.PARAMETERS: bytes.fromhex(parameters),
    }


@pytest.mark.parametrize(
    ("printed", "fields", "data"),
    [
        # ACR1281S specification V1.01, page 18: the buzzer, with its checksums as printed.
        (
            "02 6B 06 00 00 00 01 00 00 00 00 E0 00 00 28 01 05 A0 03",
            named(0x6B, 1, 0, "00 00 00"),
            "E0 00 00 28 01 05",
        ),
        (
            "02 83 06 00 00 00 01 00 02 00 00 E1 00 00 00 01 05 63 03",
            named(0x83, 1, 0, "02 00 00"),
            "E1 00 00 00 01 05",
        ),
        # ACR122S communication protocol V2.01, §5.1 and §5.3; it prints [Checksum], worked out by hand here.
        ("02 62 00 00 00 00 00 01 01 00 00 62 03", named(0x62, 0, 1, "01 00 00"), ""),
        (
            "02 80 0D 00 00 00 00 01 00 00 00 3B 2A 00 80 65 24 B0 00 02 00 82 90 00 FC 03",
            named(0x80, 0, 1, "00 00 00"),
            "3B 2A 00 80 65 24 B0 00 02 00 82 90 00",
        ),
        (
            "02 6F 05 00 00 00 00 03 00 00 00 80 84 00 00 08 65 03",
            named(0x6F, 0, 3, "00 00 00"),
            "80 84 00 00 08",
        ),
        (
            "02 80 0A 00 00 00 00 03 00 00 00 E3 51 B0 FC 88 AA 2D 18 90 00 F0 03",
            named(0x80, 0, 3, "00 00 00"),
            "E3 51 B0 FC 88 AA 2D 18 90 00",
        ),
    ],
)
def test_frames_that_acs_prints_are_written_and_read(
    printed: str, fields: dict[FieldName, bytes], data: str
) -> None:
    assert FrameCodec(ACS).encode(fields, bytes.fromhex(data)) == bytes.fromhex(printed)
    assert list(FrameDecoder(ACS).feed(bytes.fromhex(printed))) == [Frame(fields, bytes.fromhex(data))]


@pytest.mark.parametrize(
    ("profile", "printed", "signal"),
    [
        # ACR1281S specification V1.01, page 23; ACR122L communication protocol V1.03, §4.1; UM0701-02 §6.2.1.
        (ACS, "02 00 00 03", Signal.ACK),
        (ACS, "02 FF FF 03", Signal.NAK),
        (ACS, "02 FE FE 03", Signal.NAK),
        (ACS, "02 FD FD 03", Signal.NAK),
        (ACS, "02 FC FC 03", Signal.NAK),
        (ACS, "02 99 99 03", Signal.NAK),
        (ACS, "02 50 03 53 03", Signal.NOTICE),
        (PN532, "00 00 FF 00 FF 00", Signal.ACK),
        (STX_ETX, "06", Signal.ACK),
        (STX_ETX, "15", Signal.NAK),
    ],
)
def test_signals_are_told_from_frames(profile: FrameFormat, printed: str, signal: Signal) -> None:
    assert list(FrameDecoder(profile).feed(bytes.fromhex(printed))) == [signal]


@pytest.mark.parametrize(
    ("printed", "data"),
    [
        # As nfcpy 1.0.4 sends and expects them (nfc/clf/pn532.py, init).
        ("0000FF02FED4022A00", "D4 02"),
        ("0000FF05FBD4140100001700", "D4 14 01 00 00"),
        ("0000FF02FED5151600", "D5 15"),
        # The error frame (UM0701-02 §6.2.1.5).
        ("0000FF01FF7F8100", "7F"),
    ],
)
def test_frames_of_the_pn532_are_written_and_read(printed: str, data: str) -> None:
    assert FrameCodec(PN532).encode({}, bytes.fromhex(data)) == bytes.fromhex(printed)
    assert list(FrameDecoder(PN532).feed(bytes.fromhex(printed))) == [Frame({}, bytes.fromhex(data))]


def test_a_long_frame_of_the_pn532_is_extended() -> None:
    assert FrameCodec(PN532).encode({}, bytes(255))[:5] == bytes.fromhex("0000FFFF01")
    assert FrameCodec(PN532).encode({}, bytes(256))[:8] == bytes.fromhex("0000FFFFFF0100FF")
    assert FrameCodec(PN532).encode({}, bytes(265))[:8] == bytes.fromhex("0000FFFFFF0109F6")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        # The check values of the catalogue of parametrised CRC algorithms.
        (ChecksumKind.CRC16_MCRF4XX, "6F91"),
        (ChecksumKind.CRC16_IBM_3740, "29B1"),
        (ChecksumKind.XOR, "31"),
        (ChecksumKind.SUM_COMPLEMENT, "23"),
    ],
)
def test_checksums_of_the_nine_digits(kind: ChecksumKind, value: str) -> None:
    guard = Checksum(kind, covers=(Part.DATA,))
    assert checksum(guard, b"123456789") == bytes.fromhex(value)
    swapped = msgspec.structs.replace(guard, byte_order=ByteOrder.LITTLE)
    assert checksum(swapped, b"123456789") == bytes.fromhex(value)[::-1]


def test_a_frame_too_long_for_the_reader_is_refused() -> None:
    for frame_format in FORMATS.values():
        codec = FrameCodec(frame_format)
        codec.encode({}, bytes(codec.max_data))
        with pytest.raises(FrameTooLong):
            codec.encode({}, bytes(codec.max_data + 1))


def test_a_frame_shows_no_data() -> None:
    assert "0102" not in repr(Frame({}, b"\x01\x02")) and "x01" not in repr(Frame({}, b"\x01\x02"))


@st.composite
def frames(draw: st.DrawFn, frame_format: FrameFormat) -> tuple[Frame, bytes]:
    """A frame of the format and its bytes."""
    sizes: dict[FieldName, int] = {
        field.name: field.size
        for field in frame_format.headers[0].fields
        if field.name not in {FieldName.LENGTH, FieldName.LENGTH_CHECK}
    }
    fields: dict[FieldName, bytes] = {
        name: draw(st.binary(min_size=size, max_size=size)) for name, size in sizes.items()
    }
    data = draw(st.binary(min_size=1, max_size=frame_format.max_data))
    return Frame(fields, data), FrameCodec(frame_format).encode(fields, data)


@st.composite
def disturbed_streams(draw: st.DrawFn) -> tuple[FrameFormat, bytes]:
    """Frames, halves and damaged ones of them, false starts and noise, in any order."""
    frame_format = draw(formats)
    piece = st.one_of(
        frames(frame_format).map(lambda made: made[1]),
        st.tuples(frames(frame_format), st.integers(1, 300)).map(lambda cut: cut[0][1][: cut[1]]),
        st.tuples(frames(frame_format), st.integers(0, 300)).map(lambda hit: _damage(hit[0][1], hit[1])),
        st.binary(max_size=20),
        st.binary(max_size=8).map(lambda rest: bytes.fromhex(frame_format.start) + rest),
    )
    return frame_format, b"".join(draw(st.lists(piece, max_size=6)))


def _damage(frame: bytes, position: int) -> bytes:
    at = position % len(frame)
    return frame[:at] + bytes((frame[at] ^ 0x20,)) + frame[at + 1 :]


def in_pieces(stream: bytes, cuts: list[int]) -> Iterator[bytes]:
    """The stream in the pieces in which it may arrive."""
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    for start, end in pairwise(places):
        yield stream[start:end]


def whole_items(frame_format: FrameFormat, stream: bytes) -> list[Frame | Signal]:
    """The guarantee taken at its word: from left to right, whatever is whole at a place, then behind it."""
    found: list[Frame | Signal] = []
    at, within_noise = 0, False
    while at < len(stream):
        item, size = _item_at(frame_format, stream[at:])
        if isinstance(item, Frame) or (item is not None and (size > 1 or not within_noise)):
            found.append(item)
            within_noise = False
        else:
            within_noise = True
        at += size
    return found


def _item_at(frame_format: FrameFormat, stream: bytes) -> tuple[Frame | Signal | None, int]:
    """What is whole at the beginning: a signal, or a piece that the encoder makes of its own fields."""
    signals = frame_format.signals
    for kind, texts in (
        (Signal.ACK, (signals.ack,)),
        (Signal.NAK, signals.nak),
        (Signal.NOTICE, signals.notices),
    ):
        for text in filter(None, texts):
            pattern = text.split()
            if len(stream) >= len(pattern) and all(
                digits in {"??", f"{byte:02X}"} for digits, byte in zip(pattern, stream, strict=False)
            ):
                return kind, len(pattern)
    if stream.startswith(bytes.fromhex(frame_format.start)):
        for header in frame_format.headers:
            for size in range(frame_format.overhead(header), min(len(stream), frame_format.max_frame) + 1):
                if (frame := _frame_of(frame_format, header, stream[:size])) is not None:
                    return frame, size
    return None, 1


def _frame_of(frame_format: FrameFormat, header: Header, piece: bytes) -> Frame | None:
    """The frame with this form of the header that is exactly this piece."""
    at = len(bytes.fromhex(frame_format.start)) + len(bytes.fromhex(header.marker))
    fields: dict[FieldName, bytes] = {}
    for field in header.fields:
        if field.name not in {FieldName.LENGTH, FieldName.LENGTH_CHECK}:
            fields[field.name] = piece[at : at + field.size]
        at += field.size
    data = piece[at : at + len(piece) - frame_format.overhead(header)]
    longest = min(frame_format.max_frame, frame_format.longest(header))
    if len(piece) > longest:
        return None
    only = msgspec.structs.replace(frame_format, headers=(header,), max_frame=longest, preamble="")
    return Frame(fields, data) if FrameCodec(only).encode(fields, data) == piece else None


@given(disturbed_streams(), st.lists(st.integers(0, 2000), max_size=8))
def test_whatever_is_whole_is_found_however_it_arrives(
    made: tuple[FrameFormat, bytes], cuts: list[int]
) -> None:
    frame_format, stream = made
    decoder = FrameDecoder(frame_format)
    found = [item for piece in in_pieces(stream, cuts) for item in decoder.feed(piece)]
    found += decoder.silence()
    assert found == whole_items(frame_format, stream)


@given(st.data())
def test_a_frame_behind_noise_without_a_false_start_is_found_at_once(data: st.DataObject) -> None:
    frame_format = data.draw(formats)
    start = bytes.fromhex(frame_format.start)[0]
    signals = {start, 0x06, 0x15}
    noise = data.draw(st.lists(st.integers(0, 255).filter(lambda byte: byte not in signals), max_size=30))
    frame, encoded = data.draw(frames(frame_format))
    assert list(FrameDecoder(frame_format).feed(bytes(noise) + encoded)) == [frame]


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_frame_behind_a_half_frame_is_found_when_the_line_falls_silent(name: str) -> None:
    frame_format = FORMATS[name]
    encoded = FrameCodec(frame_format).encode({}, bytes(range(100, 150)))
    [frame] = FrameDecoder(frame_format).feed(encoded)
    for cut in range(1, len(encoded)):
        decoder = FrameDecoder(frame_format)
        found = [*decoder.feed(encoded[:cut] + encoded), *decoder.silence()]
        # Where nothing but PN532's last 00 is cut off, the 00 before the next frame takes its place.
        assert found in ([frame], [frame, frame]), cut
        assert list(decoder.feed(encoded)) == [frame], cut


@given(formats, st.lists(st.binary(max_size=400), max_size=6))
def test_random_bytes_never_raise_and_never_pile_up(frame_format: FrameFormat, pieces: list[bytes]) -> None:
    decoder = FrameDecoder(frame_format)
    for piece in pieces:
        for item in decoder.feed(piece):
            assert isinstance(item, Frame | Signal)
        assert len(decoder._buffer) < frame_format.max_frame
    list(decoder.silence())
    assert len(decoder._buffer) == 0


def test_bytes_of_a_damaged_frame_are_no_signals_but_a_later_one_is() -> None:
    encoded = bytearray(FrameCodec(STX_ETX).encode({}, b"\x15\x06\x15"))
    encoded[-2] ^= 0x01
    decoder = FrameDecoder(STX_ETX)
    assert list(decoder.feed(bytes(encoded))) == []
    assert decoder.disturbed
    assert list(decoder.silence()) == []
    assert list(decoder.feed(b"\x15")) == [Signal.NAK]


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("acs", "02 80 06 01 00 00 00 00 00 00 00"),
        ("pn532", "00 FF FF FF 01 0A F5"),
        ("pn532", "00 FF 10 10"),  # the length's own check is wrong
        ("stx-etx", "02 00 FF FF 00 00"),
        ("feig", "02 01 2D 00 00"),
        ("feig", "02 00 06 00 00"),  # less than the frame without data
    ],
)
def test_a_garbage_length_is_given_up_at_once(name: str, head: str) -> None:
    encoded = FrameCodec(FORMATS[name]).encode({}, b"after")
    found = list(FrameDecoder(FORMATS[name]).feed(bytes.fromhex(head) + encoded))
    assert [item.data for item in found if isinstance(item, Frame)] == [b"after"]


@given(st.data())
def test_frames_come_back_as_they_were_sent(data: st.DataObject) -> None:
    frame_format = data.draw(formats)
    frame, encoded = data.draw(frames(frame_format))
    assert list(FrameDecoder(frame_format).feed(encoded)) == [frame]
