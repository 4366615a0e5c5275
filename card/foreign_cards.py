"""Families of cards that are not ours, as data: what each is called, what to say, and how to tell it.

Each family is one TOML file in `profiles/foreign/`. Example:

    id = "nfc-tag"
    title = { zh = "电子标签", en = "an electronic tag" }
    sentence = { zh = "这是电子标签，请…", en = "This is an electronic tag. Please …" }

    [[probe]]
    df_name = "D2760000850101"
    interface = "contactless"
    bare_answer = true
    source = "standard"
    cite = "NFC Forum Type 4 Tag 1.2, clause 5.4"

    [[atr]]
    historical = ["80 4F 0C A0 00 00 03 06 03 00 03 *"]
    certain = true
    source = "standard"
    cite = "PC/SC part 3 supplemental document, card names"

`card.recognition` uses them on a card; nothing here talks to one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib import resources
from typing import Annotated, Final

import msgspec

from card.apdu import ResponseApdu
from card.atr import Atr, contactless_atr
from card.errors import CardProfileRefused
from card.status_word import StatusClass, StatusWord
from crypto.errors import TlvMalformed
from crypto.explained import Text
from crypto.tlv import Tlv
from firmware_profiles.strict_toml import read_toml
from firmware_profiles.title import Title

FCI_TEMPLATE: Final = 0x6F
DF_NAME: Final = 0x84
PROPRIETARY_TEMPLATE: Final = 0xA5
# A directory entry's AID, tag 4F with 5 to 16 bytes (EMV Contactless Book B, FCI of the PPSE). It is looked
# for as bytes: EMV's tags around it (BF0C, 9F0C) are not in the shortest form that `crypto.tlv` asks for.
DIRECTORY_ENTRY: Final = rb"\x4F[\x05-\x10]"
GENERIC: Final = "other"
_CONTACTLESS_FORM: Final = Atr.from_bytes(contactless_atr(b""))

DfName = Annotated[str, msgspec.Meta(pattern=r"^(?:[0-9A-F]{2}){5,16}\Z")]
# Bytes in hexadecimal, `.` for any digit, `*` before or after for any bytes.
BYTES_PATTERN: Final = re.compile(r"(?:\* )?[0-9A-F.]{2}(?: [0-9A-F.]{2})*(?: \*)?")


class CardInterface(StrEnum):
    """How the chip is reached (PC/SC part 3 gives contactless cards an ATR of their own form)."""

    CONTACT = "contact"
    CONTACTLESS = "contactless"

    @classmethod
    def of(cls, atr: Atr) -> CardInterface:
        """The interface that an ATR speaks of."""
        is_made_by_reader = atr == replace(_CONTACTLESS_FORM, historical=atr.historical)
        return cls.CONTACTLESS if is_made_by_reader else cls.CONTACT


class Source(StrEnum):
    """Where a fact comes from."""

    STANDARD = "standard"  # a published standard says so
    ATR_LIST = "atr-list"  # pcsc-tools' smartcard_list.txt, a public registry of ATRs that people sent in
    FIELD = "field"  # public programs or writings of the field; no standard was seen


class Probe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An application whose presence shows the family.

    Attributes:
        df_name: what SELECT asks for.
        interface: where it is asked.
        cite: the clause or document.
        bare_answer: whether 9000 without an FCI is enough; such cards send none.
        directory: AIDs, or their first bytes, of which one must stand in the FCI's directory.
        first_choice: asked when the ATR says nothing of the family; one a card interface.
    """

    df_name: DfName
    interface: CardInterface
    source: Source
    cite: str
    bare_answer: bool = False
    directory: tuple[DfName, ...] = ()
    first_choice: bool = False

    @property
    def df_name_bytes(self) -> bytes:
        """The name as SELECT sends it."""
        return bytes.fromhex(self.df_name)

    def confirmed_at(self, answer: ResponseApdu) -> int | None:
        """Where in the answer the confirmation stands (0 for the name itself); None when there is none.

        A directory entry that comes first comes from the card's first choice of application.
        """
        if not answer.data:
            return 0 if self._is_confirmed_by_status(answer) else None
        if answer.sw not in (StatusWord.NO_ERROR, StatusWord.SELECTED_FILE_DEACTIVATED):
            return None
        try:
            members = Tlv.parse_list(Tlv.unpack(FCI_TEMPLATE, answer.data))
        except TlvMalformed:
            return None
        # A card may answer with the whole name where the first bytes of it were asked for.
        if not any(
            member.tag == DF_NAME and member.value.startswith(self.df_name_bytes) for member in members
        ):
            return None
        if not self.directory:
            return len(answer.data)
        found = [
            entry.start()
            for member in members
            if member.tag == PROPRIETARY_TEMPLATE
            for entry in self._directory_entries(member.value)
        ]
        return min(found, default=None)

    def _is_confirmed_by_status(self, answer: ResponseApdu) -> bool:
        """61xx and 6Cxx: there is an FCI, which would take another command; 6283: there, but blocked."""
        if self.directory:
            return False
        if answer.sw1 in tuple(StatusClass) or answer.sw == StatusWord.SELECTED_FILE_DEACTIVATED:
            return True
        return self.bare_answer and answer.sw == StatusWord.NO_ERROR

    def _directory_entries(self, proprietary: bytes) -> Iterator[re.Match[bytes]]:
        starts = b"|".join(re.escape(bytes.fromhex(aid)) for aid in self.directory)
        return re.finditer(DIRECTORY_ENTRY + b"(?:" + starts + b")", proprietary, re.DOTALL)


class AtrEvidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What historical bytes say of the family.

    Attributes:
        historical: patterns for all of an ATR's historical bytes.
        certain: whether they name the family; otherwise they only say that its probe is worth asking.
        cite: what the pattern stands for, or where it is from.
        interface: where only one counts.
    """

    historical: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    source: Source
    cite: str
    certain: bool = False
    interface: CardInterface | None = None

    def __post_init__(self) -> None:
        for given in self.historical:
            if not BYTES_PATTERN.fullmatch(given):
                raise ValueError(
                    f"`{given}` is no pattern of bytes",
                    Text(
                        zh="请写如 `80 5. *` 的字节：`.` 代表任一数字，首尾的 `*` 代表任意字节",
                        en="Write bytes such as `80 5. *`: `.` is any digit, `*` at either end any bytes",
                    ),
                )

    def strength(self, atr: Atr) -> int:
        """Digits that the best pattern fixes of this ATR; 0 when none fits."""
        if self.interface not in (None, CardInterface.of(atr)):
            return 0
        return max(
            (_fixed_digits(given) for given in self.historical if _compiled(given).fullmatch(atr.historical)),
            default=0,
        )


class ForeignCardFamily(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One family.

    Attributes:
        id: its key.
        title: its name, in English with an article.
        sentence: what a clerk can say to the one who presented such a card. It never names the card that
            belongs here by what it says about its holder: others may be listening.
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z-]*\Z")]
    title: Title
    sentence: Title
    probe: tuple[Probe, ...] = ()
    atr: tuple[AtrEvidence, ...] = ()

    @classmethod
    def from_bytes(cls, data: bytes, file: str) -> ForeignCardFamily:
        """Parse one TOML file. Raises CardProfileRefused with the file's name."""
        return read_toml(data, cls, file, CardProfileRefused)

    def strength(self, atr: Atr, *, certain: bool) -> int:
        """Digits that this family's best pattern of that kind fixes of the ATR; 0 when none fits."""
        return max((item.strength(atr) for item in self.atr if item.certain is certain), default=0)

    def probe_over(self, interface: CardInterface) -> Probe | None:
        """The first application to ask for over this interface."""
        return next((probe for probe in self.probe if probe.interface is interface), None)


@dataclass(frozen=True)
class ForeignCards:
    """All families, and the generic one for every other card."""

    families: tuple[ForeignCardFamily, ...]
    generic: ForeignCardFamily

    def named_by(self, atr: Atr) -> ForeignCardFamily | None:
        """The family that the ATR alone makes certain; the pattern that fixes most digits decides."""
        return self._strongest(atr, certain=True)

    def best_probe(self, atr: Atr | None) -> Probe:
        """The one application to ask for; an ATR of None stands for one that could not be read.

        What the ATR hints at is asked for. Where it says nothing:

        - Contactless: the PPSE. Bank cards, cards in telephones and China T-Union transit cards all answer
          it, the last with their own AID in its directory, so that one question tells two families. No other
          name is known to as many cards.
        - Contact: the social-security DF name. Nearly every resident holds that card, and it goes to the very
          counters this is for; its bank application answers the PSE as well, so the PSE would misname it,
          while a plain bank card is mostly known by its ATR.
        """
        # Terminals that make no ATR are contactless.
        interface = CardInterface.CONTACTLESS if atr is None else CardInterface.of(atr)
        hinted = None if atr is None else self._strongest(atr, certain=False)
        probe = None if hinted is None else hinted.probe_over(interface)
        return probe or self._first_choice(interface)

    def confirmed_by(self, probe: Probe, answer: ResponseApdu) -> ForeignCardFamily | None:
        """The family that the answer to this probe shows; of several, the one whose entry comes first."""
        confirmed = [
            (place, family)
            for family in self.families
            for other in family.probe
            if (other.df_name, other.interface) == (probe.df_name, probe.interface)
            and (place := other.confirmed_at(answer)) is not None
        ]
        return min(confirmed, key=lambda found: found[0])[1] if confirmed else None

    def _strongest(self, atr: Atr, *, certain: bool) -> ForeignCardFamily | None:
        best = max(self.families, key=lambda family: family.strength(atr, certain=certain))
        return best if best.strength(atr, certain=certain) else None

    def _first_choice(self, interface: CardInterface) -> Probe:
        return next(
            probe
            for family in self.families
            for probe in family.probe
            if probe.first_choice and probe.interface is interface
        )


@cache
def foreign_cards() -> ForeignCards:
    """The families that come with this distribution. Raises CardProfileRefused."""
    folder = resources.files("card") / "profiles" / "foreign"
    files = sorted(folder.iterdir(), key=lambda file: file.name)
    families = {
        family.id: family
        for file in files
        if file.name.endswith(".toml")
        for family in (ForeignCardFamily.from_bytes(file.read_bytes(), file.name),)
    }
    generic = families.pop(GENERIC)
    return ForeignCards(tuple(families.values()), generic)


@cache
def _compiled(pattern: str) -> re.Pattern[bytes]:
    return re.compile(b"".join(_expression(part) for part in pattern.split()), re.DOTALL)


def _expression(part: str) -> bytes:
    if part == "*":
        return b".*"
    digits = "0123456789ABCDEF"
    high, low = (digits if digit == "." else digit for digit in part)
    return b"[" + b"".join(b"\\x%02x" % int(one + other, 16) for one in high for other in low) + b"]"


@cache
def _fixed_digits(pattern: str) -> int:
    return sum(character not in " .*" for character in pattern)
