"""The format of a rule pack's TOML file, which docs/add-a-benefit-rule.md describes for its authors."""

from __future__ import annotations

from datetime import date
from types import MappingProxyType
from typing import Annotated, Final

import msgspec

from crypto.explained import Text
from terminal.decisions.benefit import AnyBenefit, Rounding
from terminal.decisions.card_facts import CardKind
from terminal.decisions.catalogue import ServiceItem, ServiceKind
from terminal.decisions.conditions import VARIABLES
from terminal.decisions.errors import RulePackMalformed
from terminal.decisions.quota import QuotaPeriod
from terminal.decisions.source import Source
from terminal.decisions.toml_document import BilingualText, DocumentShape, ServiceCode, Slug

RegionScope = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(?:CN|[1-9][0-9]|[1-9][0-9](?!00)[0-9]{2}|[1-9][0-9](?!00)[0-9]{2}(?!00)[0-9]{2})\Z"
    ),
]
# Any day that every year has.
MonthDayText = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(?:02-(?:0[1-9]|1[0-9]|2[0-8])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
        r"|(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01]))\Z"
    ),
]


class AppliesTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which services a rule is for: any of the kinds or codes, of this operator only if one is named."""

    kinds: tuple[ServiceKind, ...] = ()
    services: tuple[ServiceCode, ...] = ()
    operator: Slug | None = None

    def covers(self, service: ServiceItem) -> bool:
        """Whether a rule for these services is one for `service`."""
        if self.operator is not None and self.operator != service.operator:
            return False
        return service.kind in self.kinds or service.code in self.services


class RuleEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One rule."""

    id: Slug
    card_kind: CardKind = msgspec.field(default=CardKind.HOLDER, name="for")
    applies_to: AppliesTo
    condition: str
    companion_required: str | None = None
    quota: Slug | None = None
    benefit: AnyBenefit
    legal_basis: BilingualText
    holder_text: BilingualText
    staff_text: BilingualText
    source: Source
    note: BilingualText | None = None


class Otherwise(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person can do instead, at these services, when no rule grants anything."""

    kinds: tuple[ServiceKind, ...] = ()
    services: tuple[ServiceCode, ...] = ()
    operator: Slug | None = None
    instead: BilingualText
    card_kind: CardKind = msgspec.field(default=CardKind.HOLDER, name="for")

    @property
    def applies_to(self) -> AppliesTo:
        """The services that it is advice for."""
        return AppliesTo(kinds=self.kinds, services=self.services, operator=self.operator)


class QuotaEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One quota; a season alone has a first and a last day."""

    id: Slug
    uses: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    per: QuotaPeriod
    first: MonthDayText | None = msgspec.field(default=None, name="from")
    last: MonthDayText | None = msgspec.field(default=None, name="until")


class EnabledEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The pack serves only cards on this standing list."""

    list_name: Slug = msgspec.field(name="list")
    instead: BilingualText


class ReviewEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The pack serves no card on the list `due`; one on the list `soon` it serves, with a reminder."""

    due: Slug
    soon: Slug | None = None
    instead: BilingualText


class MisuseEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What misuse brings: `following_years` barred after the present one."""

    withdrawn: bool
    following_years: Annotated[int, msgspec.Meta(ge=0, le=20)]
    legal_basis: BilingualText


class PackFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The file as it is written. Notes are for whoever reads it; nothing is decided by them."""

    name: Slug
    version: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z.]{1,16}\Z")]
    region: RegionScope
    effective_from: date
    effective_until: date | None = None
    note: BilingualText | None = None
    expiry_grace_days: Annotated[int, msgspec.Meta(ge=0, le=366)] = 0
    enabled: EnabledEntry | None = None
    review: ReviewEntry | None = None
    misuse: MisuseEntry | None = None
    quotas: Annotated[tuple[QuotaEntry, ...], msgspec.Meta(max_length=20)] = ()
    rules: Annotated[tuple[RuleEntry, ...], msgspec.Meta(max_length=500)] = ()
    otherwise: tuple[Otherwise, ...] = ()


_BOTH_LANGUAGES: Final = Text(
    zh='{ zh = "…", en = "…" }，各 1–300 字', en='{ zh = "…", en = "…" } with 1 to 300 characters each'
)
_KINDS: Final = Text(zh=f"列表，可含：{', '.join(ServiceKind)}", en=f"a list of {', '.join(ServiceKind)}")
_NAMED_SERVICES: Final = Text(
    zh=f"kinds 与 services 至少写一个；{_KINDS.zh}", en=f"kinds or services, at least one; {_KINDS.en}"
)
_CODES: Final = Text(zh="服务代码列表", en="a list of service codes")
_OPERATOR: Final = Text(zh="运营单位代码", en="the operator's id")
_CONDITION: Final = Text(
    zh=f"一个得出 true 或 false 的 CEL 表达式，变量有：{', '.join(VARIABLES)}",
    en=f"a CEL expression that is true or false, in the variables {', '.join(VARIABLES)}",
)
_DAY: Final = Text(
    zh="日期，如 2026-01-01，不早于 effective_from", en="a day as 2026-01-01, effective_from or later"
)
_SLUG: Final = Text(
    zh="1–32 位小写字母、数字或连字符，不重复", en="1 to 32 small letters, digits or hyphens, used once"
)
_LIST: Final = Text(
    zh="资格名单名：1–32 位小写字母、数字或连字符，如 minors",
    en="a standing list's name: 1 to 32 small letters, digits or hyphens, as minors",
)
_FOR: Final = Text(
    zh="holder（持证人的证，默认）或 companion-card（陪护卡）",
    en="holder (the holder's card, the default) or companion-card",
)
_SEASON_FIRST: Final = Text(
    zh='仅 per = "season" 时写：首日，如 05-01（不可写 02-29）',
    en='for per = "season" alone: its first day, as 05-01, not 02-29',
)
_SEASON_LAST: Final = Text(
    zh='仅 per = "season" 时写：末日，如 10-31，不早于 from；跨年的季节请写两个名额',
    en='for per = "season" alone: its last day, as 10-31, from or later; over New Year write two quotas',
)

PACK_SHAPE: Final = DocumentShape(
    error=RulePackMalformed,
    entries="rules",
    label="id",
    entry_noun="rule",
    hints=MappingProxyType(
        {
            "name": _SLUG,
            "version": Text(
                zh="1–16 位字母、数字或点，如 2026.1", en="1 to 16 letters, digits or dots, as 2026.1"
            ),
            "region": Text(
                zh="CN（全国）、省 2 位、市 4 位或县 6 位的 GB/T 2260 代码，末尾不带 00",
                en="CN for the nation, or GB/T 2260 without final zeros: 2 digits province, 4 city, 6 county",
            ),
            "effective_from": Text(zh="起始日期，如 2026-01-01", en="the first day, as 2026-01-01"),
            "effective_until": _DAY,
            "note": _BOTH_LANGUAGES,
            "expiry_grace_days": Text(
                zh="证件到期后仍给优惠的天数，0–366 的整数",
                en="for how many days after a card's last day it is served, 0 to 366",
            ),
            "enabled": Text(zh="一个表，含 list 与 instead", en="a table with list and instead"),
            "enabled.list": _LIST,
            "enabled.instead": _BOTH_LANGUAGES,
            "review": Text(
                zh="一个表，含 due、instead，可含 soon", en="a table with due and instead, perhaps soon"
            ),
            "review.due": _LIST,
            "review.soon": _LIST,
            "review.instead": _BOTH_LANGUAGES,
            "misuse": Text(
                zh="一个表，含 withdrawn、following_years、legal_basis",
                en="a table with withdrawn, following_years and legal_basis",
            ),
            "misuse.withdrawn": Text(
                zh="true（收回证卡）或 false", en="true if the card is taken back, or false"
            ),
            "misuse.following_years": Text(
                zh="本年之后还停用几个日历年，0–20 的整数",
                en="for how many calendar years after the present one, 0 to 20",
            ),
            "misuse.legal_basis": _BOTH_LANGUAGES,
            "quotas": Text(zh="至多 20 个 [[quotas]]", en="at most 20 [[quotas]]"),
            "quotas.id": _SLUG,
            "quotas.uses": Text(
                zh="每张证每期可用次数，1–10000 的整数", en="how many uses a card has, 1 to 10000"
            ),
            "quotas.per": Text(
                zh=f"以下之一：{', '.join(QuotaPeriod)}", en=f"one of {', '.join(QuotaPeriod)}"
            ),
            "quotas.from": _SEASON_FIRST,
            "quotas.until": _SEASON_LAST,
            "rules": Text(
                zh="1–500 个 [[rules]]；只有写了 [misuse] 才可一个都没有",
                en="1 to 500 [[rules]]; none at all only beside [misuse]",
            ),
            "rules.id": _SLUG,
            "rules.for": _FOR,
            "rules.applies_to": Text(
                zh="至少给出 kinds 或 services", en="a table with kinds or services, at least one of them"
            ),
            "rules.applies_to.kinds": _KINDS,
            "rules.applies_to.services": _CODES,
            "rules.applies_to.operator": _OPERATOR,
            "rules.condition": _CONDITION,
            "rules.companion_required": _CONDITION,
            "rules.quota": Text(zh="本包 [[quotas]] 之一的 id", en="the id of one of this pack's [[quotas]]"),
            "rules.benefit": Text(zh="一个表，先写 kind", en="a table that begins with kind"),
            "rules.benefit.kind": Text(
                zh="以下之一：free, percentage, ceiling, ticket_class",
                en="one of free, percentage, ceiling, ticket_class",
            ),
            "rules.benefit.pays_percent": Text(
                zh="持证人所付百分比，1–99 的整数",
                en="the share the holder pays, a whole percentage from 1 to 99",
            ),
            "rules.benefit.ceiling_fen": Text(
                zh="持证人最多付多少分，1–1000000 的整数",
                en="the most the holder pays, in fen, a whole number from 1 to 1000000",
            ),
            "rules.benefit.ticket": Text(
                zh="票种代码，目录条目的 tickets 中须有其票价",
                en="a class of ticket, priced in `tickets` of the service's catalogue entry",
            ),
            "rules.benefit.rounding": Text(
                zh=f"以下之一：{', '.join(Rounding)}", en=f"one of {', '.join(Rounding)}"
            ),
            "rules.benefit.companions": Text(
                zh="享受同行优惠的人数，0–9；大于 0 时 companion_pays 须为 free 或百分比",
                en="how many companions have a fare of their own, 0 to 9; if any, say what companion_pays",
            ),
            "rules.benefit.companion_pays": Text(
                zh='"full"、"free" 或 1–99 的百分比；不为 "full" 时 companions 须大于 0',
                en='"full", or with companions above 0: "free" or a percentage from 1 to 99',
            ),
            "rules.legal_basis": _BOTH_LANGUAGES,
            "rules.holder_text": _BOTH_LANGUAGES,
            "rules.staff_text": _BOTH_LANGUAGES,
            "rules.source": Text(zh="一个表，含 cites 与 mark", en="a table with cites and mark"),
            "rules.source.cites": Text(
                zh="出处，1–300 字", en="the source in words that let others find it, 1 to 300 characters"
            ),
            "rules.source.mark": Text(
                zh='"V"（见于公开来源）或 "G"（一般知识，待核实）',
                en='"V" (seen in a public source) or "G" (general knowledge, to be confirmed)',
            ),
            "rules.note": _BOTH_LANGUAGES,
            "otherwise": Text(zh="零个或多个 [[otherwise]]", en="any number of [[otherwise]]"),
            "otherwise.kinds": _NAMED_SERVICES,
            "otherwise.services": _CODES,
            "otherwise.operator": _OPERATOR,
            "otherwise.instead": _BOTH_LANGUAGES,
            "otherwise.for": _FOR,
        }
    ),
)
