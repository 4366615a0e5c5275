"""The hotlist's files, byte by byte: what stands where, and what is no such file."""

import struct
import zlib
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crypto.sm3 import sm3
from terminal.hotlist.base import HotlistBase
from terminal.hotlist.building import Issued, Listed, build_base, build_delta, build_reasons
from terminal.hotlist.delta import HotlistDelta, delta_bytes
from terminal.hotlist.errors import HotlistCountWrong, HotlistFormatUnknown, HotlistMalformed, HotlistTorn
from terminal.hotlist.hotlist import Hotlist
from terminal.hotlist.reason import REASONS, HotlistReason
from terminal.hotlist.reasons import HotlistReasons

DAY = date(2026, 11, 1)
EARLIER = date(2020, 1, 1)
ISSUED = {(card * 0x0123_4567_89AB_CDEF % 2**64).to_bytes(8): EARLIER for card in range(1, 301)}
LISTED = {card: REASONS[1 + place % 3] for place, card in enumerate(list(ISSUED)[:60])}
REGISTER, DEAD = Issued.of(ISSUED), Listed.of(LISTED)
BASE = build_base(REGISTER, DEAD, 7, DAY)
REASONS_FILE = build_reasons(BASE, REGISTER, DEAD)
DELTA = build_delta(
    Hotlist.from_files(BASE, (), REASONS_FILE), REGISTER, Listed.of(dict(list(LISTED.items())[9:])), DAY
)
PARSERS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "base": (BASE, HotlistBase.from_bytes),
    "reasons": (REASONS_FILE, lambda data: HotlistReasons.from_bytes(data, len(LISTED))),
    "delta": (DELTA, HotlistDelta.from_bytes),
}
files = pytest.mark.parametrize("kind", PARSERS)
HEAD = 16


def sealed(data: bytes) -> bytes:
    """The file with a checksum that fits what it holds now."""
    return data[:-4] + struct.pack(">I", zlib.crc32(data[:-4]))


def patched(data: bytes, place: int, new: bytes) -> bytes:
    return sealed(data[:place] + new + data[place + len(new) :])


def test_the_smallest_base_byte_by_byte() -> None:
    nobody = "544b4842 02 000000 00000007 013528ed 00000000 00000000 00 000000"
    assert build_base(Issued.of({}), Listed.of({}), 7, DAY) == sealed(bytes.fromhex(nobody) + bytes(4))
    everybody = "544b4842 02 000000 00000007 013528ed 0000012c 0000012c 00 000000"
    all_lost = Listed.of(dict.fromkeys(ISSUED, HotlistReason.LOST))
    base = build_base(REGISTER, all_lost, 7, DAY)
    assert base == sealed(bytes.fromhex(everybody) + bytes(4))
    reasons = bytes.fromhex("544b4852 02 000000 00000007 013528ed") + sm3(base) + b"\x01\x01"
    assert build_reasons(base, REGISTER, all_lost) == sealed(reasons + bytes(4))


def test_a_delta_byte_by_byte() -> None:
    changes = {bytes.fromhex("ff00000000000001"): 6, bytes.fromhex("0100000000000002"): 0}
    made = delta_bytes(8, DAY, sm3(BASE), changes)
    head = bytes.fromhex("544b4844 02 000000 00000008 013528ed") + sm3(BASE) + bytes.fromhex("00000002")
    assert made == sealed(head + bytes.fromhex("0100000000000002 ff00000000000001 00 06") + bytes(4))
    read = HotlistDelta.from_bytes(made)
    assert (list(read.cards), read.states) == ([0x0100000000000002, 0xFF00000000000001], b"\x00\x06")


def test_a_base_is_read_by_its_description() -> None:
    """The format's description, followed without the code under test."""
    mask = 2**64 - 1

    def mix(value: int) -> int:
        value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 & mask
        value = (value ^ value >> 27) * 0x94D049BB133111EB & mask
        return value ^ value >> 31

    universe, part, columns = struct.unpack_from(">IIB", BASE, HEAD)
    assert (universe, part, columns) == (300, 60, 1)
    bodies, place = [], HEAD + 12
    for count in (columns, 1):
        _keys, shards, width, seed = struct.unpack_from(">IIHB", BASE, place)
        assert shards == 1
        place += 11
        bodies.append(
            (
                seed,
                [
                    int.from_bytes(BASE[place + i * width : place + (i + 1) * width], "little")
                    for i in range(count)
                ],
                8 * width,
            )
        )
        place += count * width
    assert place == len(BASE) - 4
    for card in ISSUED:
        found = []
        for stream, (seed, solutions, slots) in enumerate(bodies):
            spread = mix(mix(int.from_bytes(card)) ^ (2 * seed + stream + 1) * 0x9E3779B97F4A7C15 & mask)
            row, first = mix(spread) | 1, (spread >> 32) * (slots - 63) >> 32
            bits = [(solution >> first & row).bit_count() & 1 for solution in solutions]
            found.append(bits == [spread & 1] if stream == 0 else bits == [1])
        assert all(found) == (card in LISTED)


@files
def test_a_torn_file_is_no_file(kind: str) -> None:
    data, parse = PARSERS[kind]
    parse(data)
    for length in range(len(data)):
        with pytest.raises(HotlistTorn):
            parse(data[:length])
    with pytest.raises(HotlistTorn):
        parse(data + b"\x00")


@files
def test_every_bit_counts(kind: str) -> None:
    data, parse = PARSERS[kind]
    for place in range(len(data)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        with pytest.raises(HotlistFormatUnknown if place < 5 else HotlistTorn):
            parse(bytes(flipped))


@files
def test_a_wrong_length_under_a_right_checksum_is_a_wrong_count(kind: str) -> None:
    data, parse = PARSERS[kind]
    for length in range(HEAD, len(data) - 4):
        with pytest.raises(HotlistCountWrong):
            parse(sealed(data[:length] + bytes(4)))
    with pytest.raises(HotlistCountWrong):
        parse(sealed(data[:-4] + bytes(5)))


@files
def test_another_kind_of_file_is_named_as_such(kind: str) -> None:
    _data, parse = PARSERS[kind]
    for other, (data, _parse) in PARSERS.items():
        if other != kind:
            with pytest.raises(HotlistFormatUnknown):
                parse(data)


@pytest.mark.parametrize(
    ("kind", "place", "new", "error"),
    [
        ("base", 4, b"\x01", HotlistFormatUnknown),
        ("base", 4, b"\x03", HotlistFormatUnknown),
        ("base", 6, b"\x01", HotlistMalformed),  # reserved
        ("base", 12, struct.pack(">I", 20_261_301), HotlistMalformed),  # no such month
        ("base", HEAD, struct.pack(">I", 59), HotlistCountWrong),  # universe
        ("base", HEAD + 4, struct.pack(">I", 61), HotlistCountWrong),  # part
        ("base", HEAD + 4, struct.pack(">I", 0), HotlistCountWrong),
        ("base", HEAD + 8, b"\x00", HotlistCountWrong),  # columns
        ("base", HEAD + 8, b"\x02", HotlistCountWrong),
        ("base", HEAD + 8, b"\x21", HotlistCountWrong),
        ("base", HEAD + 9, b"\x01", HotlistMalformed),
        ("base", HEAD + 12, struct.pack(">I", 59), HotlistCountWrong),  # the first ribbon's cards
        ("base", HEAD + 16, struct.pack(">I", 0), HotlistCountWrong),  # its shards
        ("base", HEAD + 16, struct.pack(">I", 2**32 - 1), HotlistCountWrong),
        ("base", HEAD + 20, struct.pack(">H", 7), HotlistCountWrong),  # its width
        ("base", HEAD + 20, struct.pack(">H", 65_535), HotlistCountWrong),
        ("reasons", HEAD + 32, b"\x00", HotlistCountWrong),
        ("reasons", HEAD + 32, b"\xff", HotlistCountWrong),
        ("reasons", HEAD + 33, b"\x07", HotlistMalformed),  # a reason nobody knows
        ("reasons", HEAD + 33, b"\x00", HotlistMalformed),
        ("reasons", HEAD + 33, b"\x02\x02", HotlistMalformed),
        ("reasons", HEAD + 36, struct.pack(">I", 61), HotlistCountWrong),
        ("delta", HEAD + 32, struct.pack(">I", 8), HotlistCountWrong),
        ("delta", HEAD + 32, struct.pack(">I", 2**32 - 1), HotlistCountWrong),
        ("delta", HEAD + 36, b"\xff", HotlistMalformed),  # out of order
        ("delta", len(DELTA) - 8, b"\x07", HotlistMalformed),  # a state nobody knows
    ],
)
def test_a_wrong_field_is_refused(kind: str, place: int, new: bytes, error: type[HotlistMalformed]) -> None:
    data, parse = PARSERS[kind]
    with pytest.raises(error):
        parse(patched(data, place, new))


def test_a_card_stands_once_in_a_delta() -> None:
    card = DELTA[HEAD + 36 : HEAD + 44]
    with pytest.raises(HotlistMalformed):
        HotlistDelta.from_bytes(patched(DELTA, HEAD + 44, card))


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(PARSERS)), st.integers(HEAD, 120), st.binary(min_size=1, max_size=8))
@example("base", HEAD, b"\xff" * 8)
def test_whatever_a_bad_maker_writes_is_refused_or_answers(kind: str, place: int, new: bytes) -> None:
    """With a right checksum, too: an error of the tree, or a list that can be asked without a crash."""
    wrong = patched(PARSERS[kind][0], min(place, len(PARSERS[kind][0]) - 12), new)
    given_files = {name: data for name, (data, _parse) in PARSERS.items()} | {kind: wrong}
    try:
        hotlist = Hotlist.from_files(given_files["base"], (given_files["delta"],), given_files["reasons"])
    except HotlistMalformed:
        return
    for card in list(ISSUED)[:20]:
        hotlist.status(card, EARLIER)


@given(st.binary(max_size=200))
def test_noise_is_refused(data: bytes) -> None:
    for _data, parse in PARSERS.values():
        with pytest.raises(HotlistMalformed):
            parse(data)
