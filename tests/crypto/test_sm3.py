"""SM3 and HMAC-SM3 against published vectors, and against the openssl command where nothing is published."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.sm3 import DIGEST_BYTES, hmac_sm3, sm3


@pytest.mark.parametrize(
    ("message", "digest"),
    [  # GB/T 32905-2016 Annex A, examples 1 and 2
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3(message: bytes, digest: str) -> None:
    assert sm3(message).hex() == digest


@pytest.mark.parametrize(
    ("key", "message", "code"),
    [  # GM/T 0042-2015 Annex D.3, the four examples
        (
            bytes(range(1, 33)),
            b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq" * 2,
            "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a",
        ),
        (
            bytes(range(1, 38)),
            b"\xcd" * 50,
            "220bf579ded555393f0159f66c99877822a3ecf610d1552154b41d44b94db3ae",
        ),
        (b"\x0b" * 32, b"Hi There", "c0ba18c68b90c88bc07de794bfc7d2c8d19ec31ed8773bc2b390c9604e0be11e"),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "2e87f1d16862e6d964b50a5200bf2b10b764faa9680a296a2405f24bec39f882",
        ),
    ],
)
def test_hmac_sm3(key: bytes, message: bytes, code: str) -> None:
    assert hmac_sm3(key, message).hex() == code


@settings(max_examples=10, deadline=None)
@given(st.binary(min_size=1, max_size=200), st.binary(max_size=200))
def test_openssl_agrees(key: bytes, message: bytes) -> None:
    assert sm3(message).hex() == openssl_prints(message, "dgst", "-sm3", "-r").split()[0]
    macopt = ("-macopt", f"hexkey:{key.hex()}", "-in", "/dev/stdin")
    assert hmac_sm3(key, message).hex().upper() == openssl_prints(
        message, "mac", "-digest", "SM3", *macopt, "HMAC"
    )
    assert len(sm3(message)) == len(hmac_sm3(key, message)) == DIGEST_BYTES


def openssl_prints(message: bytes, *arguments: str) -> str:
    """What the openssl command says of this message."""
    done = subprocess.run(["openssl", *arguments], input=message, capture_output=True, check=True)
    return done.stdout.decode().strip()
