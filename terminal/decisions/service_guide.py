"""What a person needs to know to use a service: in plain words, where, when, with which papers.

Nothing is decided by it; kiosks show it and the search finds by it. All of it may be missing, since a
terminal can serve an item that nobody has described yet: `tongka catalogue lint` says what is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from crypto.explained import Text
from terminal.decisions.source import Source, SourceMark
from terminal.decisions.toml_document import BilingualText, ServiceCode

#: Pictograms for services, by the name that a kiosk draws them under. None shows a kind of disability.
PICTOGRAMS: Final = (
    "aid",
    "bus",
    "care",
    "certificate",
    "child",
    "culture",
    "day-care",
    "event",
    "feedback",
    "health",
    "help",
    "home",
    "housing",
    "insurance",
    "law",
    "library",
    "medicine",
    "message",
    "metro",
    "money",
    "park",
    "parking",
    "phone",
    "plane",
    "rehabilitation",
    "repair",
    "school",
    "ship",
    "shop",
    "sports",
    "talk",
    "tax",
    "ticket",
    "train",
    "training",
    "vehicle",
    "work",
)

MAX_URL: Final = 200
USUAL_RANK: Final = 5


class Weekday(StrEnum):
    """Days as hours are written."""

    MONDAY = "mon"
    TUESDAY = "tue"
    WEDNESDAY = "wed"
    THURSDAY = "thu"
    FRIDAY = "fri"
    SATURDAY = "sat"
    SUNDAY = "sun"


class ChannelKind(StrEnum):
    """How a service is reached."""

    ONLINE = "online"
    AT_KIOSK = "at_kiosk"
    ON_SITE = "on_site"


TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]\Z|^24:00\Z")]
_Url = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^https://[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?(?:/[!-~]*)?\Z", max_length=MAX_URL
    ),
]
_Phone = Annotated[str, msgspec.Meta(pattern=r"^\+?[0-9](?:[0-9 -]{0,18}[0-9])\Z")]
_SearchWord = Annotated[str, msgspec.Meta(min_length=1, max_length=40, pattern=r"^\S(?:.*\S)?\Z")]
_Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?\Z")]
_Pinyin = Annotated[str, msgspec.Meta(pattern=r"^[a-z]{1,6}(?: [a-z]{1,6}){0,99}\Z")]


class Hours(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Open from `opens` to `closes` (HH:MM, 24:00 is the day's end) on each of `days`."""

    days: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)]
    opens: TimeOfDay
    closes: TimeOfDay

    def overlaps(self, other: Hours) -> bool:
        """Whether both are open at some moment."""
        shares_day = not set(self.days).isdisjoint(other.days)
        return shares_day and self.opens < other.closes and other.opens < self.closes


@dataclass(frozen=True)
class Channel:
    """One way to a service. `url` (https) of an online one; `where` says more of it, if anything does."""

    kind: ChannelKind
    url: str = ""
    where: Text | None = None


@dataclass(frozen=True)
class ServiceGuide:
    """The words for people. `pinyin`: one syllable a Hanzi of the name, ü as v, where it is read irregularly.

    `words`: what people also call the service; `asked`: words that it is found by and that no screen shows,
    as they may name a disability; `rank`: 1 to 9, the smaller comes first of services found equally well;
    `related`: codes of other items; `pictogram`: of PICTOGRAMS, or one that a later version draws.
    """

    easy_read: Text | None = None
    pictogram: str = ""
    pinyin: str = ""
    words: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    rank: int = USUAL_RANK
    documents: tuple[Text, ...] = ()
    offered_by: Text | None = None
    hours: tuple[Hours, ...] = ()
    hours_remark: Text | None = None
    phone: str = ""
    channels: tuple[Channel, ...] = ()
    related: tuple[str, ...] = ()
    legal_basis: Text | None = None
    source: Source | None = None


NO_GUIDE: Final = ServiceGuide()


class _ChannelEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    kind: ChannelKind
    url: _Url | None = None
    where: BilingualText | None = None

    def channel(self) -> Channel:
        return Channel(self.kind, self.url or "", _text(self.where))


class GuideFields(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A guide as a catalogue's item has it, beside the item's other fields."""

    easy_read: BilingualText | None = None
    pictogram: _Name | None = None
    pinyin: _Pinyin | None = None
    words: Annotated[tuple[_SearchWord, ...], msgspec.Meta(max_length=40)] = ()
    asked: Annotated[tuple[_SearchWord, ...], msgspec.Meta(max_length=40)] = ()
    rank: Annotated[int, msgspec.Meta(ge=1, le=9)] = USUAL_RANK
    documents: Annotated[tuple[BilingualText, ...], msgspec.Meta(max_length=20)] = ()
    offered_by: BilingualText | None = None
    hours: Annotated[tuple[Hours, ...], msgspec.Meta(max_length=20)] = ()
    hours_remark: BilingualText | None = None
    phone: _Phone | None = None
    channels: Annotated[tuple[_ChannelEntry, ...], msgspec.Meta(max_length=10)] = ()
    related: Annotated[tuple[ServiceCode, ...], msgspec.Meta(max_length=20)] = ()
    legal_basis: BilingualText | None = None
    source: Source | None = None

    def guide(self) -> ServiceGuide:
        """The same as every other module knows it."""
        return ServiceGuide(
            easy_read=_text(self.easy_read),
            pictogram=self.pictogram or "",
            pinyin=self.pinyin or "",
            words=self.words,
            asked=self.asked,
            rank=self.rank,
            documents=tuple(document.text for document in self.documents),
            offered_by=_text(self.offered_by),
            hours=self.hours,
            hours_remark=_text(self.hours_remark),
            phone=self.phone or "",
            channels=tuple(entry.channel() for entry in self.channels),
            related=self.related,
            legal_basis=_text(self.legal_basis),
            source=self.source,
        )

    def guide_fault(self) -> tuple[str, Text] | None:
        """What the types can't say: the field at fault, and what is wrong with it."""
        if any(hours.closes <= hours.opens for hours in self.hours):
            return "hours.closes", Text(zh="不晚于 opens", en="it is not after opens")
        if any(one.overlaps(other) for one, other in combinations(self.hours, 2)):
            return "hours", Text(zh="有两段时间重叠", en="two of them overlap")
        for entry in self.channels:
            if (entry.url is not None) != (entry.kind is ChannelKind.ONLINE):
                return "channels.url", Text(
                    zh="只有 online 才有网址，且必须有", en="an online channel has one, no other channel has"
                )
        return None


def _text(bilingual: BilingualText | None) -> Text | None:
    return None if bilingual is None else bilingual.text


_BOTH_LANGUAGES: Final = Text(
    zh='{ zh = "…", en = "…" }，各 1–300 字', en='{ zh = "…", en = "…" } with 1 to 300 characters each'
)
_TIME: Final = Text(zh='时刻，如 "08:30"，不晚于 "24:00"', en='a time as "08:30", at most "24:00"')
_DAYS: Final = ", ".join(Weekday)
_CHANNELS: Final = ", ".join(ChannelKind)

#: What to write in each field, by its path within an item.
GUIDE_HINTS: Final = MappingProxyType(
    {
        "easy_read": _BOTH_LANGUAGES,
        "pictogram": Text(zh=f"以下之一：{', '.join(PICTOGRAMS)}", en=f"one of {', '.join(PICTOGRAMS)}"),
        "pinyin": Text(
            zh="名称逐字的拼音，不带声调，空格隔开，ü 写作 v，如 chong qing",
            en="the name's pinyin, a syllable for each Hanzi, no tones, v for ü, as chong qing",
        ),
        "words": Text(zh="列表，每个词 1–40 字", en="a list of words of 1 to 40 characters"),
        "asked": Text(
            zh="列表，每个词 1–40 字；只用来搜索，不显示",
            en="a list of words of 1 to 40 characters that are searched and never shown",
        ),
        "rank": Text(
            zh="1–9：同样符合时小的在前，不写为 5",
            en="1 to 9: of services found equally well the small one comes first; 5 if left out",
        ),
        "documents": Text(
            zh='列表，每项 { zh = "…", en = "…" }', en='a list of { zh = "…", en = "…" }, one for each paper'
        ),
        "offered_by": _BOTH_LANGUAGES,
        "hours": Text(
            zh='列表，每项 { days = ["mon", …], opens = "08:30", closes = "12:00" }，互不重叠',
            en='a list of { days = ["mon", …], opens = "08:30", closes = "12:00" } without overlaps',
        ),
        "hours.days": Text(zh=f"列表，可含：{_DAYS}", en=f"a list of {_DAYS}"),
        "hours.opens": _TIME,
        "hours.closes": Text(
            zh="晚于 opens 的时刻；过午夜的写成两段", en="a time after opens; split a night"
        ),
        "hours_remark": _BOTH_LANGUAGES,
        "phone": Text(zh="数字、空格或连字符，如 12385", en="digits, spaces or hyphens, as 12385"),
        "channels": Text(zh='列表，每项 { kind = "…" }', en='a list of { kind = "…" }'),
        "channels.kind": Text(zh=f"以下之一：{_CHANNELS}", en=f"one of {_CHANNELS}"),
        "channels.url": Text(
            zh=f"online 的网址，以 https:// 开头，至多 {MAX_URL} 字符",
            en=f"an online channel's address, https:// and at most {MAX_URL} characters",
        ),
        "channels.where": _BOTH_LANGUAGES,
        "related": Text(zh="本目录中其他服务的代码", en="codes of other items of this catalogue"),
        "legal_basis": _BOTH_LANGUAGES,
        "source": Text(zh="一个表，含 cites 与 mark", en="a table with cites and mark"),
        "source.cites": Text(
            zh="出处，1–300 字", en="the source in words that let others find it, 1 to 300 characters"
        ),
        "source.mark": Text(
            zh=f'"{SourceMark.SEEN}"（见于公开来源）或 "{SourceMark.GENERAL}"（一般知识，待核实）',
            en=f'"{SourceMark.SEEN}" (seen in a public source) or "{SourceMark.GENERAL}" (general '
            "knowledge, to be confirmed)",
        ),
    }
)
