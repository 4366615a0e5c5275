"""Companion cards: a card that a carer holds, which counts only beside one holder's own card.

It has a chip, a key and a credential like any other, but no categories and grade 0: it says nothing of any
disability. Its card id is derived from the holder's, so a terminal that has just verified the holder's card
knows the companion's by its id alone, and a companion card names nobody to those who don't hold the other id.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from crypto.sm3 import sm3

_DOMAIN: Final = b"TONGKA-COMPANION-CARD"


def companion_card_id(holder_card_id: bytes, issued: date) -> bytes:
    """The 8-byte id of the companion card to a holder's card.

    `issued` is the companion card's own first day: so its replacement has another id, and a hotlist can tell
    the two apart.
    """
    return sm3(_DOMAIN + holder_card_id + issued.isoformat().encode())[: len(holder_card_id)]
