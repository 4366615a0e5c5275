"""What a card signs when it is inspected is worth nothing to the centre, however much it looks like a tap."""

from __future__ import annotations

import secrets

import pytest

from sync.center.directory import Center
from terminal.events.challenge import MAGIC as TAP
from terminal.events.event import SealedEvidence
from terminal.modes.inspection import MAGIC
from tests.sync.cast import Chain, Issuer
from tests.sync.test_settlement import found, settle

# Ibis 12 still calls it; DuckDB 2 has another name for it.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")


@pytest.mark.parametrize("magic", [MAGIC, TAP])
def test_only_a_tap_s_own_proof_bears_a_claim(
    center: Center, chain: Chain, issuer: Issuer, magic: bytes
) -> None:
    """An inspector who chooses the challenge so that all else is the claim's gets no further than a guess."""
    card, nonce = issuer.card((1,), 1), secrets.token_bytes(8)
    claimed = chain.fork(0).tap(card, nonce=nonce).challenge().to_bytes()
    assert claimed.startswith(TAP)
    proof = card.prove(magic + claimed[len(magic) :])
    evidence = SealedEvidence(card.credential.to_bytes(), proof.counter, proof.signature, "", "")
    event = chain.tap(card, nonce=nonce, evidence=evidence)
    assert event.challenge().to_bytes() == claimed
    result = settle(center, chain)
    invalid = [("invalid_proof", 1, "proof_wrong")] if magic == MAGIC else []
    assert [one for one in found(result) if one[0] == "invalid_proof"] == invalid
    assert proof.verify(claimed, card.credential.card_key) is (magic == TAP)
