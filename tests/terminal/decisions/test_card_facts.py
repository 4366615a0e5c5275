"""A decision knows of a card what its issuer signed, and no more."""

from __future__ import annotations

from crypto.credential import issue_credential
from crypto.sm2 import PrivateKey
from terminal.decisions.card_facts import CardFacts
from tests.terminal.decisions.writing import EXPIRES, ISSUED, card


def test_facts_are_the_credential_s() -> None:
    credential = issue_credential(
        issuer_key=PrivateKey.generate(),
        issuer_key_id=b"TEST0001",
        card_id=bytes(8),
        categories=(1, 4),
        grade=2,
        region="500103",
        issued=ISSUED,
        expires=EXPIRES,
        card_key=PrivateKey.generate().public_key,
    )

    assert CardFacts.from_credential(credential) == card((1, 4), 2, "500103")
