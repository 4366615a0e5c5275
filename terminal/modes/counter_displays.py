"""What a counter shows. Names and photos go to a screen of staff's alone, never to a log or a bystander."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final, TextIO

from card.card_reading import Assurance
from crypto.explained import Language, Text
from terminal.decisions.catalogue import ServiceItem
from terminal.displays import JsonDisplay, LineDisplay
from terminal.modes.counter import Visit
from terminal.modes.counter_note import CounterNote, EyeCheck, Purpose

# What cryptography showed is said in one line, and what somebody saw in another.
_VISIT: Final = Text(
    zh="第 {number} 号来访：卡片已验证（芯片与发卡签名）。",
    en="Visit {number}: the card is VERIFIED by cryptography (chip and issuer's signature).",
)
_DATA: Final[Mapping[Assurance, Text]] = MappingProxyType(
    {
        Assurance.NONE: Text(
            zh="卡内资料：未读取，请查看证面。",
            en="Data on the card: NOT READ. Look at what is printed on it.",
        ),
        Assurance.PSAM: Text(zh="卡内资料：经 PSAM 读取。", en="Data on the card: read through the PSAM."),
        Assurance.CHIP: Text(
            zh="卡内资料：经 PSAM 读取，芯片已验证。",
            en="Data on the card: read through the PSAM, chip verified.",
        ),
        Assurance.ISSUER: Text(
            zh="卡内资料：经 PSAM 读取，芯片与发卡签名已验证。",
            en="Data on the card: read through the PSAM, chip and issuer verified.",
        ),
    }
)
_SEEN: Final = Text(
    zh="肉眼核对：照片{photo}，陪护人{companion}。", en="Seen by eye: photo {photo}, companion {companion}."
)
_CHECKS: Final[Mapping[EyeCheck, Text]] = MappingProxyType(
    {
        EyeCheck.MATCHES: Text(zh="相符", en="matches"),
        EyeCheck.DIFFERS: Text(zh="不符", en="DIFFERS"),
        EyeCheck.NOT_CHECKED: Text(zh="未核对", en="not checked"),
    }
)
_NAME: Final = Text(zh="姓名 {name}", en="Name {name}")
_GUARDIAN: Final = Text(zh="监护人 {guardian}", en="Guardian {guardian}")
_COMPANIONS: Final = Text(zh="陪护人 {companions}", en="Companions {companions}")
_PHOTO: Final = Text(zh="照片 {count} 字节", en="Photo of {count} bytes")
_REGISTERED: Final[Mapping[Purpose, Text]] = MappingProxyType(
    {
        Purpose.VISIT: Text(
            zh="已登记来访：{service}（第 {number} 号）", en="Visit registered: {service} (no. {number})"
        ),
        Purpose.APPLICATION: Text(
            zh="已登记申请：{service}（第 {number} 号），已出示材料 {documents} 份",
            en="Application registered: {service} (no. {number}), {documents} documents shown",
        ),
    }
)
_NO_DOCUMENTS: Final = Text(zh="没有列明材料。", en="No documents are listed.")
_WITHOUT_PSAM: Final = Text(
    zh="没有 PSAM：只验证卡片，不能显示姓名、照片和监护人，请查看证面。",
    en="No PSAM: cards are verified, but name, photo and guardian can't be shown. Look at what is printed.",
)
_WIPED: Final = Text(zh="个人信息已清除。", en="Personal data are wiped.")
# Erase the screen and what was scrolled off it (ECMA-48 ED; 3 is xterm's).
_ERASE: Final = "\x1b[H\x1b[2J\x1b[3J"


class CounterLineDisplay(LineDisplay):
    """Lines for a person; personal data only where standard output is a screen."""

    def visit(self, visit: Visit) -> None:
        """A holder is here, or staff noted what they saw."""
        self._say(_VISIT.format(number=visit.sequence).in_language(self._language))
        self._say(f"  {_DATA[visit.assurance].in_language(self._language)}")
        seen = _SEEN.format(
            photo=_CHECKS[visit.photo].in_language(self._language),
            companion=_CHECKS[visit.companion].in_language(self._language),
        )
        self._say(f"  {seen.in_language(self._language)}")
        if self._out.isatty():
            for line in _personal(visit):
                self._say(f"  {_printable(line.in_language(self._language))}")

    def documents(self, service: ServiceItem) -> None:
        """Which papers a service asks for."""
        for number, document in enumerate(service.guide.documents, start=1):
            self._say(f"  {number}. {document.in_language(self._language)}")
        if not service.guide.documents:
            self._say(f"  {_NO_DOCUMENTS.in_language(self._language)}")

    def registered(self, sequence: int, service: ServiceItem, note: CounterNote) -> None:
        """Something was registered."""
        text = _REGISTERED[note.purpose].format(
            service=service.name.in_language(self._language), number=sequence, documents=len(note.documents)
        )
        self._say(text.in_language(self._language))

    def wiped(self) -> None:
        """Nothing of the holder may be seen any more."""
        if self._out.isatty():
            self._out.write(_ERASE)
        self._say(_WIPED.in_language(self._language))

    def without_psam(self) -> None:
        """Names and photos can't be read here."""
        self._say(_WITHOUT_PSAM.in_language(self._language))


class CounterJsonDisplay(JsonDisplay):
    """JSON lines for a program; `for_staff`: it shows personal data to staff, and keeps nothing of them."""

    def __init__(self, for_staff: bool, out: TextIO = sys.stdout) -> None:
        super().__init__(out)
        self._for_staff = for_staff

    def visit(self, visit: Visit) -> None:
        """A holder is here, or staff noted what they saw."""
        document: dict[str, object] = {
            "state": "visit",
            "sequence": visit.sequence,
            "card": "verified",
            "data": visit.assurance.value,
            "photo_seen": visit.photo.value,
            "companion_seen": visit.companion.value,
        }
        if self._for_staff and visit.data is not None:
            document["holder"] = {
                "name": visit.data.name,
                "guardian": list(visit.data.guardian),
                "companions": list(visit.data.companions),
                "photo": base64.b64encode(visit.data.photo).decode(),
            }
        self._write(document)

    def documents(self, service: ServiceItem) -> None:
        """Which papers a service asks for."""
        documents = [{"zh": one.zh, "en": one.en} for one in service.guide.documents]
        self._write({"state": "documents", "service": service.code, "documents": documents})

    def registered(self, sequence: int, service: ServiceItem, note: CounterNote) -> None:
        """Something was registered."""
        self._write(
            {
                "state": "registered",
                "sequence": sequence,
                "service": service.code,
                "purpose": note.purpose.value,
                "documents": list(note.documents),
                "photo_seen": note.photo.value,
                "companion_seen": note.companion.value,
                "data": note.data.value,
            }
        )

    def wiped(self) -> None:
        """Nothing of the holder may be seen any more."""
        self._write({"state": "wiped"})

    def without_psam(self) -> None:
        """Names and photos can't be read here."""
        self._write({"state": "without_psam", "zh": _WITHOUT_PSAM.zh, "en": _WITHOUT_PSAM.en})


def counter_display(as_json: bool, for_staff: bool) -> CounterJsonDisplay | CounterLineDisplay:
    """The display that was asked for, on standard output."""
    return CounterJsonDisplay(for_staff) if as_json else CounterLineDisplay(Language.from_environment())


def _personal(visit: Visit) -> Iterator[Text]:
    data = visit.data
    if data is None:
        return
    yield _NAME.format(name=data.name)
    if data.guardian:
        yield _GUARDIAN.format(guardian=" ".join(data.guardian))
    if data.companions:
        yield _COMPANIONS.format(companions="、".join(data.companions))
    yield _PHOTO.format(count=len(data.photo))


def _printable(text: str) -> str:
    """What a card says, without what would steer the screen."""
    return "".join(character if character.isprintable() else "�" for character in text)
