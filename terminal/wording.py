"""What a terminal says of each outcome: to the holder, to staff, and to whoever stands by.

Bystander texts are the same for every category and every person; a refusal shows them no reason at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from card.errors import CardHotlisted, ForeignCard, RefusalReason, TapRefused
from crypto.explained import Text
from terminal.events.outcome import Outcome
from terminal.hotlist.reason import HotlistReason

LOOK_AT_SCREEN: Final = Text(zh="请看屏幕提示", en="Please see the screen")
_ANOTHER_CARD_HELD: Final = Text(
    zh="您放的是{card}，请换用第三代智能化证卡。",
    en="This is {card}. Please use the third-generation smart certificate instead.",
)


@dataclass(frozen=True)
class OutcomeWording:
    """Texts of one outcome. `holder` says what to do next; `staff` what to do at the counter."""

    holder: Text
    staff: Text


# Granted and not-eligible outcomes carry the texts of the rule that decided; these are for refused cards.
REFUSED: Final = MappingProxyType(
    {
        Outcome.EXPIRED: OutcomeWording(
            holder=Text(
                zh="这张证已过有效期，请到残联窗口换领新证。",
                en="This certificate has expired. Please renew it at a Disabled Persons' Federation counter.",
            ),
            staff=Text(
                zh="证件过期：按票价收取，可指引其换领。",
                en="Expired: charge the list fare and point to renewal.",
            ),
        ),
        Outcome.NOT_YET_VALID: OutcomeWording(
            holder=Text(
                zh="这张证还没有生效，请在生效日之后使用。",
                en="This certificate is not valid yet. Please use it from its first day on.",
            ),
            staff=Text(
                zh="证件未生效：按票价收取；若日期不符请检查终端时钟。",
                en="Not valid yet: charge the list fare; if that is wrong, check the terminal's clock.",
            ),
        ),
        Outcome.BLOCKED: OutcomeWording(
            holder=Text(
                zh="这张证已停用。如是您本人的证，请联系发证残联，可补办新证。",
                en="This certificate is no longer in use. If it is yours, ask its issuer for a new one.",
            ),
            staff=Text(
                zh="证件在停用名单上：按票价收取，不扣卡，请对方联系发证残联。",
                en="On the hotlist: charge the list fare, do not keep the card, point to its issuer.",
            ),
        ),
        Outcome.UNREADABLE: OutcomeWording(
            holder=Text(
                zh="没有读完，请把证放回读卡区，停留一秒。",
                en="Not read to the end. Please put the card back and hold it for a second.",
            ),
            staff=Text(
                zh="读卡中断：请再刷一次；多次失败请换读卡器。",
                en="Reading was interrupted: tap again; if it keeps failing, try another reader.",
            ),
        ),
        Outcome.FOREIGN_CARD: OutcomeWording(
            holder=Text(
                zh="这张卡不能在这里使用，请换用第三代智能化证卡。",
                en="This card is not used here. Please use the third-generation smart certificate.",
            ),
            staff=Text(
                zh="不是可在此使用的证卡：请持卡人换用第三代智能化证卡。",
                en="Not a card that is used here: ask for the third-generation smart certificate.",
            ),
        ),
        Outcome.FORGED: OutcomeWording(
            holder=Text(
                zh="这张证无法验证，请到残联窗口核查。",
                en="This certificate can't be verified. Please have it checked at a Federation counter.",
            ),
            staff=Text(
                zh="发证签名无效：按票价收取，不给优惠，不扣卡；记录已留存。",
                en="The issuer's signature is wrong: list fare, do not keep the card; it is recorded.",
            ),
        ),
        Outcome.CLONED: OutcomeWording(
            holder=Text(
                zh="这张证无法验证，请到残联窗口核查。",
                en="This certificate can't be verified. Please have it checked at a Federation counter.",
            ),
            staff=Text(
                zh="芯片未能证明自己：按票价收取，不给优惠，不扣卡；记录已留存。",
                en="The chip can't prove itself: list fare, do not keep the card; it is recorded.",
            ),
        ),
        Outcome.UNKNOWN_ISSUER: OutcomeWording(
            holder=Text(
                zh="暂时无法识别发证机构，请到人工窗口。",
                en="The issuer is not known here yet. Please go to the counter.",
            ),
            staff=Text(
                zh="发证机构不在信任库：请更新终端内容，人工核验证件。",
                en="Issuer not in the trust store: update the terminal, check the certificate by eye.",
            ),
        ),
        Outcome.ISSUER_REVOKED: OutcomeWording(
            holder=Text(
                zh="这张证需要换新，并非您的过错。请到人工窗口办理。",
                en="This certificate must be replaced, through no fault of yours. Please go to the counter.",
            ),
            staff=Text(
                zh="该批发卡密钥已吊销：此卡不能证明优惠资格。不扣卡，请人工核验证件，并告知持卡人换卡。",
                en="The key that issued it was revoked, so the card proves nothing: do not keep it, check "
                "the certificate by eye, and tell the holder to have it replaced.",
            ),
        ),
    }
)


@dataclass(frozen=True)
class EventWording:
    """Texts for a tap at which no rule was asked; `bystander` is the same for everybody."""

    bystander: Text
    holder: Text
    staff: Text


# At the exit of a gate that also has an entrance.
LEFT: Final = EventWording(
    bystander=Text(zh="请通行", en="Please go ahead"),
    holder=Text(zh="已离场，欢迎再来。", en="You have left. Goodbye."),
    staff=Text(zh="已离场：同一张证可再次进入。", en="Left: the card may enter again."),
)
# A card that comes back: nothing was decided, so no rule brings a text.
RETURNED: Final = MappingProxyType(
    {
        Outcome.REPEATED: EventWording(
            bystander=Text(zh="已刷过，以上次为准", en="Already tapped: the earlier tap counts"),
            holder=Text(
                zh="这张证刚刚刷过，以上次结果为准，不会重复付费或计次。",
                en="This card was tapped just now. That tap counts; nothing is due or counted again.",
            ),
            staff=Text(
                zh="重复刷卡：以上次结果为准，不再收费，不再计次。",
                en="The same card again: the earlier result stands, nothing more is due.",
            ),
        ),
        Outcome.TRANSFERRED: EventWording(
            bystander=Text(zh="换乘有效", en="Transfer accepted"),
            holder=Text(
                zh="在换乘时间内，本次行程继续有效，无需再付。",
                en="You are within the time for a transfer: your journey goes on, nothing more is due.",
            ),
            staff=Text(
                zh="换乘：行程继续，不再收费，不再计次。",
                en="Transfer: the journey goes on, nothing more is due.",
            ),
        ),
        Outcome.ALREADY_INSIDE: EventWording(
            bystander=LOOK_AT_SCREEN,
            holder=Text(
                zh="这张证刚刚在这里进入过，暂不能再次进入。如需帮助，请找工作人员。",
                en="This card was used to enter here a short while ago and can't be used again yet. "
                "Please ask the staff if you need help.",
            ),
            staff=Text(
                zh="此证已入场且未离场：同一张证不能带入第二人；持卡人本人确需再入的，请核对照片后放行。",
                en="This card has entered and not left: it admits no second person. Let the holder in again "
                "after a look at the photo.",
            ),
        ),
    }
)


# Where the outcome alone would say too little: the same outcome has several reasons.
_BY_REASON: Final[Mapping[RefusalReason, OutcomeWording]] = MappingProxyType(
    {
        RefusalReason.TOO_SLOW: OutcomeWording(
            holder=Text(
                zh="卡片回答太慢，未能完成。请到人工窗口。",
                en="Your card answered too slowly. Please go to the counter.",
            ),
            staff=Text(
                zh="卡片回答超时，可能经过转接：按票价收取；请人工核验证件，屡次如此请持卡人换卡。",
                en="The card answered too late, as one would that is relayed: list fare; check the "
                "certificate by eye, and have the card replaced if it keeps happening.",
            ),
        ),
        RefusalReason.UNREADABLE: OutcomeWording(
            holder=Text(
                zh="卡片内容读不懂。请再试一次，仍不行请到人工窗口。",
                en="Your card can't be understood. Please try once more, then go to the counter.",
            ),
            staff=Text(
                zh="卡片的回答不符合规范：按票价收取；请持卡人到发卡机构检查卡片。",
                en="The card's answers are not as they should be: list fare; have the card checked.",
            ),
        ),
        RefusalReason.REPLAYED: OutcomeWording(
            holder=Text(
                zh="这张证无法验证，请到残联窗口核查。",
                en="This certificate can't be verified. Please have it checked at a Federation counter.",
            ),
            staff=Text(
                zh="卡片重放了以前的刷卡证明：按票价收取，不给优惠，不扣卡；记录已留存。",
                en="The card replayed an earlier proof: list fare, do not keep the card; it is recorded.",
            ),
        ),
    }
)


# What staff at a counter can do about a listed card, where the terminal holds the list's reasons. The holder
# is told the same in every case: why a card is listed is nobody's business who stands by.
_LISTED: Final[Mapping[str, Text]] = MappingProxyType(
    {
        HotlistReason.LOST: Text(
            zh="此卡已挂失：按票价收取，不扣卡；请持卡人用补办的新证，找回旧证的请到残联窗口解除挂失。",
            en="Reported lost: list fare, do not keep it; ask for the replacement, or send the holder to a "
            "Federation counter if the card was found again.",
        ),
        HotlistReason.SUPERSEDED: Text(
            zh="此卡已换发新证：请持卡人改用新证，旧证不扣留。",
            en="A newer card was issued: ask for that one, do not keep the old.",
        ),
        HotlistReason.WITHDRAWN: Text(
            zh="此卡已停用：按票价收取，不扣卡；请持卡人到发证残联查询。",
            en="Withdrawn: list fare, do not keep it; the holder can ask the Federation that issued it.",
        ),
        HotlistReason.CANCELLED: Text(
            zh="此卡已注销：按票价收取，不扣卡；请持卡人到发证残联查询。",
            en="Cancelled: list fare, do not keep it; the holder can ask the Federation that issued it.",
        ),
        HotlistReason.DECEASED: Text(
            zh="登记信息与此卡不符：按票价收取，不扣卡；如系本人，请到发证残联更正登记。",
            en="The register disagrees with this card: list fare, do not keep it; a holder who is here in "
            "person can have the register corrected by the Federation that issued it.",
        ),
        HotlistReason.MISUSE: Text(
            zh="此卡在停用期内：按票价收取，不扣卡；停用期满自动恢复，有异议可向发证残联申诉。",
            en="Barred for a time: list fare, do not keep it; it is taken again when the bar ends, and the "
            "holder can appeal to the Federation that issued it.",
        ),
    }
)


def refusal_wording(outcome: Outcome, error: TapRefused | None) -> OutcomeWording:
    """Texts of a refused card; a foreign one of a known family is called by its name."""
    if isinstance(error, CardHotlisted) and error.status in _LISTED:
        return OutcomeWording(holder=REFUSED[outcome].holder, staff=_LISTED[error.status])
    if isinstance(error, ForeignCard) and error.family is not None:
        title = error.family.title
        holder = Text(
            zh=_ANOTHER_CARD_HELD.zh.format(card=title.zh), en=_ANOTHER_CARD_HELD.en.format(card=title.en)
        )
        return OutcomeWording(holder=holder, staff=error.family.sentence.text)
    by_reason = None if error is None else _BY_REASON.get(error.reason)
    return by_reason or REFUSED[outcome]
