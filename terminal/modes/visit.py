"""One holder's visit to a counter, and what is remembered of it for a minute after the card left."""

from __future__ import annotations

from dataclasses import dataclass

from crypto.assurance import Assurance
from crypto.credential import TapCredential
from terminal.modes.counter_note import EyeCheck
from terminal.modes.holder_data import HolderData
from terminal.succession import together


@dataclass(repr=False)
class Visit:
    """The holder at the counter. No `repr`: the data are the holder's.

    `sequence`: the event of the visit, where the card came back that of the first time. `reference`: the
    holder's on this day; `card_id`: in memory alone. `begun_ms`: when the card was put down (monotonic).
    `data`: None where none could be read, or they were wiped. `assurance`: what showed that they were the
    card's. `photo` and `companion`: what staff saw by eye. `companion_tap`: the event of the companion card
    that was tapped behind this one, 0 for none.
    """

    sequence: int
    reference: bytes
    card_id: bytes
    begun_ms: int
    data: HolderData | None = None
    assurance: Assurance = Assurance.NONE
    photo: EyeCheck = EyeCheck.NOT_CHECKED
    companion: EyeCheck = EyeCheck.NOT_CHECKED
    companion_tap: int = 0

    @property
    def is_a_stranger(self) -> bool:
        """Whether who stands there was seen to be neither the holder nor a companion whom the card names."""
        has_companion = self.companion is EyeCheck.MATCHES or self.companion_tap != 0
        return self.photo is EyeCheck.DIFFERS and not has_companion

    def wipe(self) -> None:
        """Overwrite and drop what was read."""
        if self.data is not None:
            self.data.wipe()
            self.data = None


@dataclass(repr=False)
class LeftVisit:
    """A visit whose card was taken away: for its companion card, and for the holder who puts it back."""

    sequence: int
    reference: bytes
    card_id: bytes
    left_ms: int
    companion_tap: int = 0
    has_differed: bool = False

    @classmethod
    def of(cls, visit: Visit, now_ms: int) -> LeftVisit:
        """What is remembered of a visit; nothing of what was read, nor that a photo matched.

        Who stands there now may be another; that the photo differed stays until staff see that it matches.
        """
        differed = visit.photo is EyeCheck.DIFFERS
        return cls(visit.sequence, visit.reference, visit.card_id, now_ms, visit.companion_tap, differed)

    def is_over(self, now_ms: int) -> bool:
        """Whether what comes now is something new."""
        return not together(self.left_ms, now_ms)

    def is_of(self, reference: bytes) -> bool:
        """Whether this holder was here."""
        return self.reference == reference

    def has_companion(self, credential: TapCredential) -> bool:
        """Whether this is the companion card to the card that was here."""
        return credential.is_companion_of(self.card_id)
