"""The public list of ATRs of pcsc-tools, what its descriptions say of each card, and how well we name them.

The list's lines are ATRs in which `.` stands for any digit and `[..]` for one of some; under each stand the
descriptions that people sent in. What a card is follows here from the descriptions alone, and our recognition
sees nothing but the ATR. Its patterns were written by people who had seen the list, so the figures say how
well they describe it, not how well they would do on cards that nobody sent in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from card.apdu import StatusWord
from card.atr import Atr
from card.errors import AnswerMalformed, ForeignCard
from card.identity import IdentitySession
from card.profile import reference_profile
from card.recognition import naming_foreign_cards
from card.simulator.boards.link import InProcessConnection

LIST: Final = Path("/usr/share/pcsc/smartcard_list.txt")  # Debian: pcsc-tools
FILLINGS: Final = "0F5"  # what wildcards become
DIGIT: Final = re.compile(r"\[[^\]]*\]|[0-9A-F.]")


@dataclass(frozen=True)
class Rule:
    """A family's keywords, and those that speak against it; both are looked for in one description."""

    says: re.Pattern[str]
    but_not: re.Pattern[str]


def _rule(says: str, but_not: str = r"(?!)") -> Rule:
    return Rule(re.compile(says, re.IGNORECASE), re.compile(but_not, re.IGNORECASE))


# `(Bank)`, `(Transport)`, `(eID)` and `(passport)` are the list's own categories, which senders choose; older
# entries have none.
RULES: Final[Mapping[str, Rule]] = MappingProxyType(
    {
        "bank": _rule(
            r"\(bank\)|\bbank\b|\b(visa|master ?card|maestro|amex|american express|union ?pay|girocard"
            r"|geldkarte|pay ?pass|pay ?wave|bancontact|chipknip|pagobancomat|sparkasse|volksbank|hbci)\b"
            r"|\b(debit|credit|atm|ec)[- ]?cards?\b",
            r"\btoken\b|signature|personal identi|passport|insurance|gsm|\bsim\b",
        ),
        "transit": _rule(
            r"\(transport\)|public transport|\btransit\b|\bmetro\b|\bbus\b|\bsubway\b|\btramway\b|calypso"
            r"|navigo|rav-?kav|mobib|\bopus\b|suica|octopus|oyster|felica|cipurse",
            r"tachograph|driv(er|ing)|licen[cs]e|\bsam\b|secure access module|registration|\btoll|petrol"
            r"|\bfuel|\blift\b|parking|metro ?bank|company card|cl-?sam|\bshell\b|charging|operating system",
        ),
        "identity-document": _rule(
            r"\((eid|passport)\)|\be?-?passport\b|\b(identity|identification) card|\bnational id\b"
            r"|\bid[- ]card|\be-?id\b|residence permit",
            r"student|universit|employ|access|\bhid\b|token|password|company|school|travelex|visa|mastercard"
            r"|\bpiv\b|javacard|java card|people republic of china|chinese|driv|health|gsm",
        ),
        "nfc-tag": _rule(
            r"nfc forum (tag )?type [124]|nfc forum type \d tag|ultralight|topaz|jewel|\bntag|\bnfc tag"
        ),
        "resident-id": _rule(r"resident identity card of people|chinese id card"),
        "social-security": _rule(r"社会保障|china.*social security|social security.*china"),
    }
)

# What the ATR alone reaches, rounded down: (precision, recall). No Chinese social-security card is listed.
FLOORS: Final[Mapping[str, tuple[float, float]]] = MappingProxyType(
    {
        "bank": (0.9, 0.69),
        "transit": (0.95, 0.81),
        "identity-document": (0.95, 0.32),
        "nfc-tag": (1.0, 0.66),
        "resident-id": (1.0, 1.0),
    }
)


@dataclass(frozen=True)
class Entry:
    """One ATR of the list. `families` is what its descriptions say, usually one family or none."""

    pattern: str
    descriptions: tuple[str, ...]

    @property
    def families(self) -> frozenset[str]:
        """Families by the rules above; of a description with several, all."""
        return frozenset(
            family
            for family, rule in RULES.items()
            for description in self.descriptions
            if rule.says.search(description) and not rule.but_not.search(description)
        )

    def atrs(self) -> set[bytes]:
        """The ATR with its wildcards filled in each way; a check byte that is a wildcard is right."""
        return {self._filled(filling) for filling in FILLINGS}

    def _filled(self, filling: str) -> bytes:
        digits = "".join(_digit(given, filling) for given in DIGIT.findall(self.pattern.replace(".*", "")))
        atr = bytes.fromhex(digits)
        if not self.pattern.endswith(".."):
            return atr
        try:
            return Atr.from_bytes(atr).to_bytes()
        except AnswerMalformed:
            return atr


@dataclass(frozen=True)
class Score:
    """How well one family is named by ATR alone, over the entries of the list."""

    family: str
    described: int
    named: int
    right: int

    @property
    def precision(self) -> float:
        """Of the entries that we name so, those that are described so."""
        return self.right / self.named

    @property
    def recall(self) -> float:
        """Of the entries that are described so, those that we name so."""
        return self.right / self.described


class UnknowingChip:
    """A chip with this ATR that knows no name, and counts how often it is asked."""

    def __init__(self, atr: bytes) -> None:
        self._atr = atr
        self.commands = 0

    @property
    def atr(self) -> bytes:
        """As given, well-formed or not."""
        return self._atr

    def power_on(self) -> None:
        """No state."""

    def power_off(self) -> None:
        """No state."""

    def process(self, command: bytes) -> bytes:
        """FILE_NOT_FOUND."""
        self.commands += 1
        return StatusWord.FILE_NOT_FOUND.to_bytes(2, "big")


def entries() -> Iterator[Entry]:
    """The list, in its order."""
    pattern, descriptions = "", list[str]()
    for line in (*LIST.read_text("utf-8").splitlines(), "end"):
        if line.startswith("\t"):
            if not line.strip().startswith(("http:", "https:")):
                descriptions.append(line.strip())
        elif line and not line.startswith("#"):
            if pattern:
                yield Entry(pattern, tuple(descriptions))
            pattern, descriptions = line.strip(), []


def named_by_atr(atr: bytes) -> tuple[str, int]:
    """The family that a card of this ATR is given when it knows no name, and the commands that took."""
    chip = UnknowingChip(atr)
    with InProcessConnection(chip) as connection:
        try:
            with naming_foreign_cards(connection):
                IdentitySession(connection, reference_profile()).select()
        except ForeignCard as error:
            assert error.family is not None
            return error.family.id, chip.commands
    raise AssertionError(f"{atr.hex()} was taken for ours")


def scores() -> list[Score]:
    """Every family's figures. Of an entry with wildcards all fillings must be right."""
    named = [(entry.families, {named_by_atr(atr)[0] for atr in entry.atrs()}) for entry in entries()]
    return [
        Score(
            family,
            described=sum(family in described for described, _names in named),
            named=sum(family in names for _described, names in named),
            right=sum(family in described and names == {family} for described, names in named),
        )
        for family in RULES
    ]


def _digit(given: str, filling: str) -> str:
    if given == ".":
        return filling
    return given[1] if given.startswith("[") else given
