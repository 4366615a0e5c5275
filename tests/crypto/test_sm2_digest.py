"""What a chip signs: e = SM3(Z ‖ message), against the standard's example, `sign` and openssl."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.sm2 import MAX_SIGNER_ID_BYTES, PrivateKey, PublicKey, signature_to_der, signing_digest
from tests.crypto.openssl import openssl_verifies
from tests.crypto.test_sm2 import EXAMPLE_E, EXAMPLE_POINT

KEY = PrivateKey.generate()


def test_the_digest_of_the_example_is_the_published_one() -> None:
    for point in (EXAMPLE_POINT, PublicKey.from_point(EXAMPLE_POINT).point):
        key = PublicKey.from_point(point)
        assert key.long_point == EXAMPLE_POINT
        assert signing_digest(key, b"message digest") == EXAMPLE_E
    assert signing_digest(key, b"message digest", b"8765432187654321") != EXAMPLE_E


def test_openssl_accepts_a_signature_over_the_digest(tmp_path: Path) -> None:
    der = signature_to_der(KEY.sign_digest(signing_digest(KEY.public_key, b"a tap")))
    assert openssl_verifies(tmp_path, KEY.public_key.to_pem(), b"a tap", der)
    assert not openssl_verifies(tmp_path, KEY.public_key.to_pem(), b"another tap", der)


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_a_signature_over_the_digest_is_one_over_the_message(message: bytes, signer_id: bytes) -> None:
    e = signing_digest(KEY.public_key, message, signer_id)
    assert KEY.public_key.verify(KEY.sign_digest(e), message, signer_id)
    assert not KEY.public_key.verify(KEY.sign_digest(e), message, signer_id + b"x")


def test_lengths_are_checked() -> None:
    signing_digest(KEY.public_key, b"", bytes(MAX_SIGNER_ID_BYTES))
    with pytest.raises(ValueError, match="signer id"):
        signing_digest(KEY.public_key, b"", bytes(MAX_SIGNER_ID_BYTES + 1))
    for length in (0, 31, 33):
        with pytest.raises(ValueError, match="instead of 32"):
            KEY.sign_digest(bytes(length))
