"""Sealing: only the centre opens, only unaltered, and the sealer itself can't go back."""

from random import Random

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import SealBroken
from crypto.sealing import SegmentOpener, SegmentSealer, segment_id
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


@pytest.mark.parametrize(("index", "length"), [(-1, 40), (2**24, 40), (0, 15), (0, 0)])
def test_an_index_or_length_out_of_range_is_refused(index: int, length: int) -> None:
    opener = SegmentOpener(CENTER, SegmentSealer(CENTER.public_key).header)
    with pytest.raises(SealBroken):
        opener.open(index, bytes(length), b"")


@given(st.binary(max_size=300))
def test_no_header_crashes_the_opener(header: bytes) -> None:
    with pytest.raises(SealBroken):
        SegmentOpener(CENTER, header)


def test_a_header_of_something_else_is_refused() -> None:
    with pytest.raises(SealBroken, match="no seed"):
        SegmentOpener(CENTER, CENTER.public_key.encrypt(b"short"))


def test_what_the_sealer_keeps_opens_nothing_it_has_sealed() -> None:
    sealer = SegmentSealer(CENTER.public_key)
    record = sealer.seal(b"who and why", b"")
    kept = [value for value in vars(sealer).values() if isinstance(value, bytes) and len(value) == 32]
    assert kept, "the sealer keeps its ratchet; if not, this test looks in the wrong place"
    for value in kept:
        for key in (value[:16], value[16:], hmac_sm3(value, b"key")[:16]):
            decryptor = Cipher(SM4(key), GCM(bytes(12), record.ciphertext[-16:])).decryptor()
            decryptor.update(record.ciphertext[:-16])
            with pytest.raises(InvalidTag):
                decryptor.finalize()


def test_two_segments_share_nothing() -> None:
    one, two = SegmentSealer(CENTER.public_key), SegmentSealer(CENTER.public_key)
    assert one.segment_id != two.segment_id
    assert one.segment_id == segment_id(one.header)
    assert one.seal(b"same", b"").ciphertext != two.seal(b"same", b"").ciphertext
