"""What a counter shows. Staff's lines go to a screen alone, names and photos never to a log."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final, TextIO

from crypto.assurance import Assurance
from crypto.explained import Text
from terminal.decisions.catalogue import ServiceItem
from terminal.displays import JsonDisplay
from terminal.modes.counter_note import CounterNote, EyeCheck, Purpose
from terminal.modes.holder_data import HolderData
from terminal.modes.photo_lines import photo_lines
from terminal.modes.staff_stream import StaffStream
from terminal.modes.unpaid_display import UnpaidLineDisplay
from terminal.modes.visit import Visit
from terminal.wording import LOOK_AT_SCREEN

_VISIT_FOR_ALL: Final = Text(zh="已登记来访，请稍候", en="Visit recorded, one moment please")
_RECORDED_FOR_ALL: Final = Text(zh="已登记", en="Recorded")

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
    zh="肉眼核对：照片{photo}，监护人或陪护人{companion}。",
    en="Seen by eye: photo {photo}, guardian or companion {companion}.",
)
_CHECKS: Final[Mapping[EyeCheck, Text]] = MappingProxyType(
    {
        EyeCheck.MATCHES: Text(zh="相符", en="matches"),
        EyeCheck.DIFFERS: Text(zh="不符", en="DIFFERS"),
        EyeCheck.NOT_CHECKED: Text(zh="未核对", en="not checked"),
    }
)
_COMPANION_CARD: Final = Text(
    zh="陪护卡：随后刷过（第 {number} 号），已验证。",
    en="Companion card: tapped behind it (no. {number}), VERIFIED by cryptography.",
)
_PUT_BACK: Final = Text(
    zh="第 {number} 号来访：陪护卡已验证。请把持卡人的证放回。",
    en="Visit {number}: the companion card is VERIFIED. Put the holder's card back.",
)
_COMPANION_ALONE: Final = Text(
    zh="这是陪护卡：请先放持卡人的证，再刷这张。",
    en="This is a companion card: the holder's card comes first, then this one.",
)
_NAME: Final = Text(zh="姓名 {name}", en="Name {name}")
_NO_NAME: Final = Text(
    zh="卡内没有持卡人资料，请查看证面。",
    en="The card holds no data of its holder. Look at what is printed on it.",
)
_GUARDIAN: Final = Text(
    zh="监护人 {name} {relation} {telephone}", en="Guardian {name} {relation} {telephone}"
)
_COMPANION: Final = Text(zh="陪护人 {name}，至 {until}", en="Companion {name}, until {until}")
_PHOTO: Final = Text(zh="照片：", en="Photo:")
_COMPANION_PHOTO: Final = Text(zh="陪护人照片：", en="Companion's photo:")
_NO_PHOTO: Final = Text(
    zh="没有能显示的照片，请查看证面。", en="no photo that can be shown; look at the printed one."
)
_REGISTERED: Final[Mapping[Purpose, Text]] = MappingProxyType(
    {
        Purpose.COMPARISON: Text(
            zh="已记录核对结果（第 {number} 号）", en="Comparison recorded (no. {number})"
        ),
        Purpose.VISIT: Text(
            zh="已登记来访：{service}（第 {number} 号）", en="Visit registered: {service} (no. {number})"
        ),
        Purpose.APPLICATION: Text(
            zh="已登记申请：{service}（第 {number} 号），已出示材料 {documents} 份",
            en="Application registered: {service} (no. {number}), {documents} documents shown",
        ),
        Purpose.SUPPLEMENT: Text(
            zh="已登记补交材料：{service}（第 {number} 号），{documents} 份",
            en="Papers handed in: {service} (no. {number}), {documents} documents",
        ),
        Purpose.COLLECTION: Text(
            zh="已登记领取：{service}（第 {number} 号）", en="Collection registered: {service} (no. {number})"
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


class CounterLineDisplay(UnpaidLineDisplay):
    """Lines for a person: to all what anybody may read, to staff the rest, where there is a screen."""

    def visit(self, visit: Visit) -> None:
        """A holder is here."""
        self._tell_all(_VISIT_FOR_ALL)
        self._tell_staff(_VISIT.format(number=visit.sequence))
        self._tell_staff(_DATA[visit.assurance])
        if visit.companion_tap:
            self._tell_staff(_COMPANION_CARD.format(number=visit.companion_tap))
        if visit.data is not None:
            for text in _personal(visit.data):
                self._tell_staff(text)
            self._picture(_PHOTO, visit.data.photo)
            if visit.data.companion_photo:
                self._picture(_COMPANION_PHOTO, visit.data.companion_photo)

    def companion(self, sequence: int, visit: int) -> None:
        """A companion card was tapped behind the visit of this number; 0: behind nobody's."""
        self._tell_all(_RECORDED_FOR_ALL if visit else LOOK_AT_SCREEN)
        self._tell_staff(_PUT_BACK.format(number=visit) if visit else _COMPANION_ALONE)

    def registered(self, sequence: int, visit: int, service: ServiceItem, note: CounterNote) -> None:
        """Something was registered, if only what staff saw."""
        self._tell_all(_RECORDED_FOR_ALL)
        name = service.name.in_language(self._language)
        self._tell_staff(
            _REGISTERED[note.purpose].format(service=name, number=sequence, documents=len(note.documents))
        )
        photo, companion = (
            _CHECKS[seen].in_language(self._language) for seen in (note.photo, note.companion)
        )
        self._tell_staff(_SEEN.format(photo=photo, companion=companion))

    def documents(self, service: ServiceItem) -> None:
        """Which papers a service asks for."""
        for number, document in enumerate(service.guide.documents, start=1):
            self._say_to_staff(f"{number}. {document.in_language(self._language)}")
        if not service.guide.documents:
            self._tell_staff(_NO_DOCUMENTS)

    def wiped(self) -> None:
        """Nothing of the holder may be seen any more."""
        if self._out.isatty():
            self._out.write(_ERASE)
        self._tell_all(_WIPED)

    def without_psam(self) -> None:
        """Names and photos can't be read here."""
        self._tell_all(_WITHOUT_PSAM)

    def _tell_all(self, text: Text) -> None:
        self._say(text.in_language(self._language))

    def _tell_staff(self, text: Text) -> None:
        self._say_to_staff(text.in_language(self._language))

    def _picture(self, title: Text, jpeg: bytearray) -> None:
        if not self._out.isatty():
            return
        self._tell_staff(title)
        for line in photo_lines(jpeg) or (_NO_PHOTO.in_language(self._language),):
            self._say_to_staff(line)


class CounterJsonDisplay(JsonDisplay):
    """JSON lines for a program, with nothing personal; `staff`: where a holder's data go, if anywhere."""

    def __init__(
        self, staff: StaffStream | None = None, out: TextIO = sys.stdout, *, is_training: bool = False
    ) -> None:
        super().__init__(out, is_training=is_training)
        self._staff = staff

    def visit(self, visit: Visit) -> None:
        """A holder is here."""
        self._write(
            {
                "state": "visit",
                "sequence": visit.sequence,
                "card": "verified",
                "data": visit.assurance.value,
                "companion_tap": visit.companion_tap,
                **_bystander(_VISIT_FOR_ALL),
            }
        )
        self._to_staff(lambda staff: staff.holder(visit))

    def companion(self, sequence: int, visit: int) -> None:
        """A companion card was tapped behind the visit of this number; 0: behind nobody's."""
        text = _RECORDED_FOR_ALL if visit else LOOK_AT_SCREEN
        self._write({"state": "companion", "sequence": sequence, "visit": visit, **_bystander(text)})

    def registered(self, sequence: int, visit: int, service: ServiceItem, note: CounterNote) -> None:
        """Something was registered, if only what staff saw."""
        self._write(
            {"state": "registered", "sequence": sequence, "visit": visit, **_bystander(_RECORDED_FOR_ALL)}
        )
        self._to_staff(lambda staff: staff.registered(sequence, note))

    def documents(self, service: ServiceItem) -> None:
        """Which papers a service asks for."""
        self._to_staff(lambda staff: staff.documents(service))

    def wiped(self) -> None:
        """Nothing of the holder may be seen any more."""
        self._to_staff(StaffStream.wiped)
        self._write({"state": "wiped"})

    def without_psam(self) -> None:
        """Names and photos can't be read here."""
        self._write({"state": "without_psam", "zh": _WITHOUT_PSAM.zh, "en": _WITHOUT_PSAM.en})

    def _to_staff(self, tell: Callable[[StaffStream], None]) -> None:
        """Tell staff's program, if there is one; where it has gone the counter goes on without."""
        if self._staff is None:
            return
        try:
            tell(self._staff)
        except OSError:
            self._staff.close()
            self._staff = None
            self._write({"state": "staff_stream_lost"})


def _bystander(text: Text) -> dict[str, str]:
    """For a screen that is turned to whoever stands there."""
    return {"bystander_zh": text.zh, "bystander_en": text.en}


def _personal(data: HolderData) -> Iterator[Text]:
    yield _NAME.format(name=data.name) if data.name else _NO_NAME
    for one in data.guardians:
        yield _GUARDIAN.format(name=one.name, relation=one.relation, telephone=one.telephone)
    for companion in data.companions:
        yield _COMPANION.format(name=companion.name, until=companion.until)
