"""What shows that data which were read of a card are that card's."""

from __future__ import annotations

from enum import StrEnum


class Assurance(StrEnum):
    """What shows that the data are the card's; each of the last three has what the one before has.

    NONE: nothing. PSAM: card and PSAM authenticated each other; whoever has a PSAM's master keys can pose as
    any card. CHIP: and the chip proved the key in its credential; who signed that was not looked at. ISSUER:
    and a trusted issuer signed it.
    """

    NONE = "none"
    PSAM = "psam"
    CHIP = "chip"
    ISSUER = "issuer"
