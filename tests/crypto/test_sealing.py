"""Sealing: only the centre opens, only unaltered, and the sealer itself can't go back."""

import gc
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from types import FunctionType, ModuleType

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import SealBroken
from crypto.sealing import SEGMENT_RECORDS, SegmentOpener, SegmentSealer, segment_id
from crypto.sm2 import PrivateKey
from crypto.sm3 import hmac_sm3

CENTER = PrivateKey.generate()


def test_sm4_gcm_is_the_one_of_rfc_8998() -> None:
    # RFC 8998 Appendix A.1.
    key = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
    nonce = bytes.fromhex("00001234567800000000ABCD")
    associated = bytes.fromhex("FEEDFACEDEADBEEFFEEDFACEDEADBEEFABADDAD2")
    plain = bytes.fromhex("".join(2 * 8 * letter for letter in "ABCDEFEA"))
    encryptor = Cipher(SM4(key), GCM(nonce)).encryptor()
    encryptor.authenticate_additional_data(associated)
    sealed = encryptor.update(plain) + encryptor.finalize()
    assert sealed.hex().upper() == (
        "17F399F08C67D5EE19D0DC9969C4BB7D5FD46FD3756489069157B282BB200735"
        "D82710CA5C22F0CCFA7CBF93D496AC15A56834CBCF98C397B4024A2691233B8D"
    )
    assert encryptor.tag.hex().upper() == "83DE3541E4C2B58177E065A9BF7B62EC"


@given(
    st.lists(st.tuples(st.binary(max_size=200), st.binary(max_size=50)), min_size=1, max_size=5), st.randoms()
)
def test_the_centre_opens_every_record_in_any_order(
    records: list[tuple[bytes, bytes]], random: Random
) -> None:
    sealer = SegmentSealer(CENTER.public_key)
    sealed = [(sealer.seal(plain, context), plain, context) for plain, context in records]
    opener = SegmentOpener(CENTER, sealer.header)
    random.shuffle(sealed)
    for record, plain, context in sealed:
        assert opener.open(record.index, record.ciphertext, context) == plain


def test_an_altered_record_context_index_or_key_does_not_open() -> None:
    sealer = SegmentSealer(CENTER.public_key)
    record = sealer.seal(b"who and why", b"clear part")
    opener = SegmentOpener(CENTER, sealer.header)
    for position in range(len(record.ciphertext)):
        altered = bytearray(record.ciphertext)
        altered[position] ^= 1
        with pytest.raises(SealBroken):
            opener.open(record.index, bytes(altered), b"clear part")
    with pytest.raises(SealBroken):
        opener.open(record.index, record.ciphertext, b"clear parT")
    with pytest.raises(SealBroken):
        opener.open(record.index + 1, record.ciphertext, b"clear part")
    with pytest.raises(SealBroken):
        SegmentOpener(PrivateKey.generate(), sealer.header)


def test_no_record_opens_in_another_s_place_or_segment() -> None:
    sealer, other = SegmentSealer(CENTER.public_key), SegmentSealer(CENTER.public_key)
    records = [sealer.seal(b"record", b"") for _ in range(4)]
    opener, foreign = SegmentOpener(CENTER, sealer.header), SegmentOpener(CENTER, other.header)
    for place in range(4):
        with pytest.raises(SealBroken):
            foreign.open(place, records[place].ciphertext, b"")
        for record in records:
            if record.index != place:
                with pytest.raises(SealBroken):
                    opener.open(place, record.ciphertext, b"")
        assert opener.open(place, records[place].ciphertext, b"") == b"record"


@pytest.mark.parametrize(("index", "length"), [(-1, 40), (SEGMENT_RECORDS, 40), (0, 15), (0, 0)])
def test_an_index_or_length_out_of_range_is_refused(index: int, length: int) -> None:
    opener = SegmentOpener(CENTER, SegmentSealer(CENTER.public_key).header)
    with pytest.raises(SealBroken, match="out of range"):
        opener.open(index, bytes(length), b"")


def test_a_segment_ends_and_its_last_record_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crypto.sealing.SEGMENT_RECORDS", 3)
    sealer = SegmentSealer(CENTER.public_key)
    records = []
    while not sealer.is_full:
        records.append(sealer.seal(b"record", b""))
    assert [record.index for record in records] == [0, 1, 2]
    with pytest.raises(ValueError, match="full"):
        sealer.seal(b"record", b"")
    assert SegmentOpener(CENTER, sealer.header).open(2, records[2].ciphertext, b"") == b"record"


def test_preparing_changes_nothing_but_when_the_work_is_done() -> None:
    sealer = SegmentSealer(CENTER.public_key)
    opener = SegmentOpener(CENTER, sealer.header)
    for number in range(6):
        for _ in range(number % 3):
            sealer.prepare()
        assert sealer.next_index == number
        record = sealer.seal(b"record", b"clear")
        assert record.index == number
        assert opener.open(number, record.ciphertext, b"clear") == b"record"


def test_no_order_of_records_costs_an_opener_much(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0

    def counted(key: bytes, data: bytes) -> bytes:
        nonlocal steps
        steps += data == b"next"
        return hmac_sm3(key, data)

    sealer = SegmentSealer(CENTER.public_key)
    records = [sealer.seal(b"record", b"") for _ in range(1000)]
    opener = SegmentOpener(CENTER, sealer.header)
    monkeypatch.setattr("crypto.sealing.hmac_sm3", counted)
    with pytest.raises(SealBroken):
        opener.open(SEGMENT_RECORDS - 1, bytes(40), b"")
    assert steps == SEGMENT_RECORDS - 1
    for index in (999, 0, 998, 1, 500):
        steps = 0
        assert opener.open(index, records[index].ciphertext, b"") == b"record"
        assert steps < 256
    steps = 0
    for record in records:
        opener.open(record.index, record.ciphertext, b"")
    assert steps < 1500


@given(st.binary(max_size=300))
def test_no_header_crashes_the_opener(header: bytes) -> None:
    with pytest.raises(SealBroken):
        SegmentOpener(CENTER, header)


def test_a_header_of_something_else_is_refused() -> None:
    with pytest.raises(SealBroken, match="no seed"):
        SegmentOpener(CENTER, CENTER.public_key.encrypt(b"short"))


def test_nothing_that_a_sealer_refers_to_opens_what_it_has_sealed() -> None:
    sealer = SegmentSealer(CENTER.public_key)
    records = [sealer.seal(b"who and why", b"") for _ in range(3)]
    sealer.prepare()
    sealer.seal(b"another", b"")
    kept = list(secrets_of(sealer))
    assert kept, "the sealer keeps its ratchet; if not, this test looks in the wrong place"
    next_key = hmac_sm3(kept[0], b"key")[:16]
    for record in records:
        for value in kept:
            for key in (value[:16], value[16:], hmac_sm3(value, b"key")[:16]):
                assert not opens(key, record.ciphertext)
    assert opens(next_key, sealer.seal(b"who and why", b"").ciphertext), "the attack of this test works"


def secrets_of(sealer: SegmentSealer) -> Iterator[bytes]:
    """Every bytes object of a key's length that the sealer leads to, the header apart."""
    seen: set[int] = set()
    pending: list[object] = [sealer]
    while pending:
        item = pending.pop()
        if id(item) in seen or isinstance(item, type | FunctionType | ModuleType):
            continue
        seen.add(id(item))
        if isinstance(item, bytes | bytearray) and len(item) == 32:
            yield bytes(item)
        pending += gc.get_referents(item)


def opens(key: bytes, sealed: bytes) -> bool:
    """Whether this SM4 key opens a sealed record."""
    decryptor = Cipher(SM4(key), GCM(bytes(12), sealed[-16:])).decryptor()
    decryptor.update(sealed[:-16])
    try:
        decryptor.finalize()
    except InvalidTag:
        return False
    return True


SEALING_PROCESS = """
import sys
from crypto.sealing import SegmentSealer
from crypto.sm2 import PublicKey
sealer = SegmentSealer(PublicKey.from_point(bytes.fromhex(sys.argv[1])))
for number in range(50):
    sealer.seal(b"record %d" % number, b"clear")
print(sealer.header.hex(), flush=True)
sys.stdin.read()
"""


def test_the_memory_of_a_running_terminal_opens_nothing_it_has_sealed() -> None:
    """As an attacker who stops the process would: every writable page, freed memory and stacks included."""
    with subprocess.Popen(
        [sys.executable, "-c", SEALING_PROCESS, CENTER.public_key.point.hex()],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        seed = CENTER.decrypt(bytes.fromhex(process.stdout.readline()))
        pages = writable_pages(process.pid)
        process.communicate("")
    assert seed not in pages
    chain = hmac_sm3(seed, b"chain")
    for _ in range(50):
        key = hmac_sm3(chain, b"key")
        assert chain not in pages
        assert key[:16] not in pages
        chain = hmac_sm3(chain, b"next")
    assert chain in pages, "the ratchet's present state is there; if not, this test looks in the wrong place"


def writable_pages(pid: int) -> bytes:
    """All memory of a process that it can write, end to end."""
    found = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            region = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if region is not None:
                begin, end = (int(edge, 16) for edge in region.groups())
                memory.seek(begin)
                found.append(memory.read(end - begin))
    return b"\x00".join(found)


def test_two_segments_share_nothing() -> None:
    one, two = SegmentSealer(CENTER.public_key), SegmentSealer(CENTER.public_key)
    assert one.segment_id != two.segment_id
    assert one.segment_id == segment_id(one.header)
    assert one.seal(b"same", b"").ciphertext != two.seal(b"same", b"").ciphertext
