"""A service as a person or a program reads it, whole."""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

import msgspec

from crypto.explained import Language, Text
from terminal.catalogue.normal_form import fold
from terminal.catalogue.pinyin import initials, syllables
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.service_guide import Channel, ChannelKind, Hours, Weekday
from terminal.service_names import DOMAIN_NAMES, KIND_NAMES
from terminal.yuan import yuan

_DAYS: Final = MappingProxyType(
    {
        Weekday.MONDAY: Text(zh="周一", en="Mon"),
        Weekday.TUESDAY: Text(zh="周二", en="Tue"),
        Weekday.WEDNESDAY: Text(zh="周三", en="Wed"),
        Weekday.THURSDAY: Text(zh="周四", en="Thu"),
        Weekday.FRIDAY: Text(zh="周五", en="Fri"),
        Weekday.SATURDAY: Text(zh="周六", en="Sat"),
        Weekday.SUNDAY: Text(zh="周日", en="Sun"),
    }
)
_EVERY_DAY: Final = Text(zh="每天", en="every day")
_CHANNELS: Final = MappingProxyType(
    {
        ChannelKind.ONLINE: Text(zh="网上", en="online"),
        ChannelKind.AT_KIOSK: Text(zh="自助终端", en="at a kiosk"),
        ChannelKind.ON_SITE: Text(zh="现场", en="on site"),
    }
)


# `pinyin` is told whole; `asked` may name a disability, and whoever reads a document may put it on a screen.
_LEFT_OUT: Final = frozenset({"pinyin", "asked", "rank"})


def pinyin_of(item: ServiceItem) -> str:
    """The name's pinyin as the search knows it, a space between syllables."""
    return " ".join(syllables(fold(item.name.zh), item.guide.pinyin))


def document(item: ServiceItem) -> dict[str, object]:
    """The item for a program: JSON's types, all that may be shown, with pinyin and initials."""
    guide = item.guide
    fields = {
        "code": item.code,
        "name": item.name,
        "domain": item.domain,
        "kind": item.kind,
        "operator": item.operator,
        "region": item.region,
        "fare": item.fare,
        "features": sorted(item.features),
        "tickets": dict(item.tickets),
        "pinyin": pinyin_of(item),
        "initials": "".join(initials(syllables(fold(item.name.zh), guide.pinyin))),
        **{field: getattr(guide, field) for field in guide.__dataclass_fields__ if field not in _LEFT_OUT},
    }
    return {name: msgspec.to_builtins(value) for name, value in fields.items()}


def lines(item: ServiceItem, language: Language) -> Iterator[tuple[str, str]]:
    """The item for a person: what each line is about, and what it says; empty lines are left out."""
    guide = item.guide
    for heading, said in (
        (Text(zh="代码", en="code"), item.code),
        (Text(zh="名称", en="name"), item.name.in_language(language)),
        (Text(zh="拼音", en="pinyin"), pinyin_of(item)),
        (Text(zh="领域", en="domain"), DOMAIN_NAMES[item.domain].in_language(language)),
        (Text(zh="种类", en="kind"), KIND_NAMES[item.kind].in_language(language)),
        (Text(zh="地区", en="region"), item.region),
        (Text(zh="票价", en="fare"), f"¥{yuan(item.fare)}" if item.fare else ""),
        (Text(zh="易读", en="easy to read"), _said(guide.easy_read, language)),
        (Text(zh="材料", en="documents"), "\n".join(one.in_language(language) for one in guide.documents)),
        (Text(zh="办理单位", en="offered by"), _said(guide.offered_by, language)),
        (Text(zh="时间", en="hours"), "\n".join(_hours(hours, language) for hours in guide.hours)),
        (Text(zh="时间说明", en="about hours"), _said(guide.hours_remark, language)),
        (Text(zh="电话", en="phone"), guide.phone),
        (Text(zh="渠道", en="channels"), "\n".join(_channel(one, language) for one in guide.channels)),
        (Text(zh="也叫", en="also called"), ", ".join(guide.words)),
        (Text(zh="相关服务", en="related"), ", ".join(guide.related)),
        (Text(zh="依据", en="basis"), _said(guide.legal_basis, language)),
        (Text(zh="来源", en="source"), f"[{guide.source.mark}] {guide.source.cites}" if guide.source else ""),
    ):
        if said:
            yield heading.in_language(language), said


def _said(text: Text | None, language: Language) -> str:
    return "" if text is None else text.in_language(language)


def _hours(hours: Hours, language: Language) -> str:
    if set(hours.days) == set(Weekday):
        days = _EVERY_DAY.in_language(language)
    else:
        days = " ".join(_DAYS[day].in_language(language) for day in Weekday if day in hours.days)
    return f"{days} {hours.opens}–{hours.closes}"


def _channel(channel: Channel, language: Language) -> str:
    said = (_CHANNELS[channel.kind].in_language(language), channel.url, _said(channel.where, language))
    return " ".join(filter(None, said))
