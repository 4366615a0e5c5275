"""What a decision may know of the person: facts from a verified card and the size of the party."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from crypto.credential import TapCredential

MOST_MILD: Final = 4  # grades go from 1, the most severe, to this


class CardKind(StrEnum):
    """Whose card it is; a rule is for one of them alone, and for holders' cards unless it says otherwise."""

    HOLDER = "holder"
    COMPANION = "companion-card"


@dataclass(frozen=True)
class CardFacts:
    """The facts of a card that rules may ask for; none of them shows in its repr, so none reaches a log.

    categories: GB/T 26341, 1 visual, 2 hearing, 3 speech, 4 physical, 5 intellectual, 6 mental, 7 multiple.
    grade: 1 (most severe) to 4. A companion card has no categories and grade 0.
    region: six digits of GB/T 2260, where the certificate was issued.
    """

    categories: tuple[int, ...] = field(repr=False)
    grade: int = field(repr=False)
    region: str = field(repr=False)
    issued: date = field(repr=False)
    expires: date = field(repr=False)

    @classmethod
    def from_credential(cls, credential: TapCredential) -> CardFacts:
        """The facts that the issuer signed."""
        return cls(
            categories=credential.categories,
            grade=credential.grade,
            region=credential.region,
            issued=credential.issued,
            expires=credential.expires,
        )

    @property
    def kind(self) -> CardKind | None:
        """Whose card it is; None for facts that no card has, which no rule may serve.

        Grades of the scale of ten, of work injuries and of the military, are such: they are never taken for
        grades 1 to 4.
        """
        if self.categories and 1 <= self.grade <= MOST_MILD:
            return CardKind.HOLDER
        return CardKind.COMPANION if not self.categories and self.grade == 0 else None


@dataclass(frozen=True)
class Party:
    """Who comes along: `companions` is the number of people besides the holder (0 to 255)."""

    companions: int = 0
