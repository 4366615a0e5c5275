"""SM3 and HMAC-SM3 against published vectors."""

import pytest

from crypto.sm3 import hmac_sm3, sm3


@pytest.mark.parametrize(
    ("message", "digest"),
    [  # GB/T 32905-2016 Annex A
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3(message: bytes, digest: str) -> None:
    assert sm3(message).hex() == digest


def test_hmac_sm3() -> None:
    # GM/T 0042-2015 Annex D.3, example 1: a key of one block (32 bytes 01 to 20).
    key = bytes(range(1, 33))
    message = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq" * 2
    assert hmac_sm3(key, message).hex() == "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a"
