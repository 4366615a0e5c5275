"""Signing cards for tests."""

from __future__ import annotations

from card.signing_card.data_objects import KeyDescription, pin_block
from card.signing_card.session import SigningCardSession
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.signing_card import SigningCardChip, SigningCardContents

PIN = "246813"
WRONG_PIN = "135792"
KEY = KeyDescription(1, "content")


def blank_card() -> SigningCardChip:
    """A card without PIN."""
    return SigningCardChip(SigningCardContents.blank())


def signing_card() -> SigningCardChip:
    """A card with the PIN above and one key."""
    chip = blank_card()
    with InProcessConnection(chip) as line:
        session = SigningCardSession(line)
        session.set_first_pin(PIN)
        session.verify_pin(PIN)
        session.generate(KEY)
    return chip


PIN_BLOCK = pin_block(PIN)
WRONG_BLOCK = pin_block(WRONG_PIN)
