"""The tap proof: only the chip's key makes it, only for this challenge and counter."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.content_signature import SignedContext, sign_content
from crypto.errors import TapProofMalformed
from crypto.sm2 import PrivateKey, signature_to_der
from crypto.tap_proof import TapProof, tap_message
from tests.crypto.openssl import openssl_verifies

CARD = PrivateKey.generate()
CHALLENGE = b"TKT1" + bytes(range(51))


def prove(counter: int = 7) -> TapProof:
    """What a chip answers."""
    return TapProof(counter, CARD.sign(tap_message(CHALLENGE, counter)))


def test_a_proof_is_for_its_challenge_counter_and_key() -> None:
    proof = prove()
    assert proof.verify(CHALLENGE, CARD.public_key)
    assert not proof.verify(CHALLENGE[:-1] + b"\x00", CARD.public_key)
    assert not proof.verify(CHALLENGE, PrivateKey.generate().public_key)
    assert not TapProof(8, proof.signature).verify(CHALLENGE, CARD.public_key)


def test_a_signature_for_another_use_is_no_proof() -> None:
    message = tap_message(CHALLENGE, 7)
    for signature in (
        CARD.sign(message, signer_id=b"8765432187654321"),
        CARD.sign(CHALLENGE + (7).to_bytes(4, "big")),
        sign_content(CARD, SignedContext.RECEIPT, message),
    ):
        assert not TapProof(7, signature).verify(CHALLENGE, CARD.public_key)


def test_openssl_agrees(tmp_path: Path) -> None:
    proof = prove()
    message = tap_message(CHALLENGE, proof.counter)
    assert openssl_verifies(tmp_path, CARD.public_key.to_pem(), message, signature_to_der(proof.signature))


@given(st.integers(0, 2**32 - 1), st.binary(min_size=64, max_size=64))
def test_a_proof_survives_its_bytes(counter: int, signature: bytes) -> None:
    proof = TapProof(counter, signature)
    assert TapProof.from_bytes(proof.to_bytes()) == proof


@given(st.binary(max_size=100))
def test_no_bytes_crash_the_parser(data: bytes) -> None:
    with pytest.raises(TapProofMalformed):
        TapProof.from_bytes(data)


@given(st.data())
def test_no_cut_or_longer_proof_parses(data: st.DataObject) -> None:
    whole = prove().to_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    for wrong in (whole[:cut], whole + b"\x00"):
        with pytest.raises(TapProofMalformed):
            TapProof.from_bytes(wrong)
