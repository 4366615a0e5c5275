"""What a check finds in rule packs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from crypto.explained import Text


class Level(StrEnum):
    """How much a finding matters; only faults fail a check."""

    FAULT = "fault"
    WARNING = "warning"
    NOTE = "note"


class Check(StrEnum):
    """What is looked for; the value stands in `--json`."""

    UNREADABLE = "unreadable"  # the file is no rule pack
    INCONSISTENT = "inconsistent"  # the packs can't be in force together
    UNREACHABLE = "unreachable"  # a rule that applies to nobody
    UNREACHED = "unreached"  # a rule that applied to nobody, though not everybody could be tried
    FAILS = "fails"  # a condition or a price that can't be worked out for somebody
    GAP = "gap"  # no rule grants, and nothing says what to do instead
    BELOW_LAW = "below_law"  # somebody pays more than by the nation's own rules
    LESS_FIRST = "less_first"  # of two rules that both hold, the one that gives less comes first
    OVERLAP = "overlap"  # two rules both hold and give different things; the better comes first
    HOLE = "hole"  # days between two versions of a pack
    TEXT = "text"  # a text that looks unfinished
    UNKNOWN_SERVICE = "unknown_service"  # a rule names what the catalogue does not have
    UNKNOWN_REGION = "unknown_region"  # a pack or a condition names a region that there is not
    OUTSIDE_REGION = "outside_region"  # a condition names a region that the pack is not for
    NOWHERE = "nowhere"  # a rule that covers no service of the catalogue
    SAMPLED = "sampled"  # not all of the space could be tried


LEVELS: Final = {
    Check.UNREADABLE: Level.FAULT,
    Check.INCONSISTENT: Level.FAULT,
    Check.UNREACHABLE: Level.FAULT,
    Check.UNREACHED: Level.WARNING,
    Check.FAILS: Level.FAULT,
    Check.GAP: Level.FAULT,
    Check.BELOW_LAW: Level.FAULT,
    Check.LESS_FIRST: Level.WARNING,
    Check.OVERLAP: Level.NOTE,
    Check.HOLE: Level.WARNING,
    Check.TEXT: Level.WARNING,
    Check.UNKNOWN_SERVICE: Level.WARNING,
    Check.UNKNOWN_REGION: Level.FAULT,
    Check.OUTSIDE_REGION: Level.WARNING,
    Check.NOWHERE: Level.NOTE,
    Check.SAMPLED: Level.NOTE,
}


@dataclass(frozen=True)
class Finding:
    """One finding. `subject`: a rule "pack/id", a pack or a file; `where`: whom it concerns, and when."""

    check: Check
    subject: str
    says: Text
    where: tuple[Text, ...] = ()

    @property
    def level(self) -> Level:
        """How much it matters."""
        return LEVELS[self.check]

    def as_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {
            "level": self.level.value,
            "check": self.check.value,
            "subject": self.subject,
            "says": text_as_json(self.says),
            "where": [text_as_json(place) for place in self.where],
        }


def text_as_json(text: Text) -> dict[str, str]:
    """Both languages."""
    return {"zh": text.zh, "en": text.en}
