"""What a person is told when no rule grants anything: the outcome, its basis, and what to do instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

from crypto.explained import Text
from terminal.decisions.errors import RuleFailed
from terminal.decisions.rule_pack import Rule
from terminal.decisions.trial import TrialResult
from terminal.events.outcome import Outcome

_NO_RULE: Final = Text(zh="没有适用的规则", en="No rule applies")
_NOTHING_HERE: Final = Text(zh="此服务没有适用的优惠", en="There is no benefit for you at this service")
_COLLECT_FARE: Final = Text(zh="无优惠，按票价收取", en="No benefit: the list fare is due")
_PAY_FARE: Final = Text(
    zh="可按票价使用；当地优惠请向服务窗口询问。",
    en="You can use it at the list fare; ask at the counter what else applies here.",
)


@dataclass(frozen=True)
class Refusal:
    """A refusal's outcome and texts; the list fare is due."""

    outcome: Outcome
    legal_basis: Text
    holder: Text
    staff: Text
    instead: Text


def nothing_here(advice: Text | None) -> Refusal:
    """No rule comes near; `advice` is what the packs say to do instead, if they do."""
    return Refusal(Outcome.NOT_ELIGIBLE, _NO_RULE, _NOTHING_HERE, _COLLECT_FARE, advice or _PAY_FARE)


def not_worked_out(rule: Rule, advice: Text | None) -> Refusal:
    """No rule granted, and this one might have but could not be worked out; `advice` as in nothing_here."""
    return Refusal(
        Outcome.NOT_ELIGIBLE,
        rule.legal_basis,
        _NOT_WORKED_OUT,
        _STAFF_NOT_WORKED_OUT.format(code=RuleFailed.code),
        advice or _PAY_FARE,
    )


def refusal_of(rule: Rule, result: TrialResult, on: date) -> Refusal | None:
    """The refusal by a rule that would have granted but for one thing; None if it is not for this card."""
    frame = _FRAMES.get(result)
    if frame is None:
        return None
    outcome, holder, staff = frame
    return Refusal(outcome, rule.legal_basis, holder, staff, _instead(rule, result, on))


def _instead(rule: Rule, result: TrialResult, on: date) -> Text:
    gates = {
        TrialResult.NOT_ENABLED: rule.terms.enabled,
        TrialResult.REVIEW_DUE: rule.terms.review_due,
    }
    if (gate := gates.get(result)) is not None:
        return gate.instead
    text = _INSTEAD[result]
    return text if rule.quota is None else text.format(day=rule.quota.opens_next(on).isoformat())


_NOT_WORKED_OUT: Final = Text(
    zh="此服务有一条优惠规则暂时算不出结果，不是您的证有问题",
    en="A rule of this service can't be worked out at present; nothing is wrong with your card",
)
_STAFF_NOT_WORKED_OUT: Final = Text(
    zh="规则算不出结果（{code}）：按票价收取，并请报告规则发布单位。",
    en="A rule can't be worked out ({code}): charge the list fare and tell whoever publishes the rules.",
)
_COMPANION_MISSING: Final = Text(
    zh="此项优惠须有陪护人员同行", en="This benefit is for you together with a companion"
)
_STAFF_COMPANION_MISSING: Final = Text(
    zh="须有陪护同行：若有陪护同行，请录入人数后请其再刷；否则按票价收取。",
    en="Must be accompanied: if so, enter how many and ask for another tap; else charge the list fare.",
)
_OUT_OF_SEASON: Final = Text(zh="此项优惠现在不在优惠季节", en="This benefit is out of season now")
_STAFF_OUT_OF_SEASON: Final = Text(zh="不在优惠季节：按票价收取。", en="Out of season: charge the list fare.")
_BRING_COMPANION: Final = Text(
    zh="请与陪护人员同行，并在刷卡前告知同行人数。",
    en="Come with a companion, and have the companion entered before you tap.",
)
_EXPIRED: Final = Text(zh="这张证已过有效期", en="This card has expired")
_STAFF_EXPIRED: Final = Text(
    zh="证件过期：按票价收取，可指引其换领。", en="Expired: charge the list fare and point to renewal."
)
_RENEW: Final = Text(
    zh="可按票价使用；请到残联窗口换领新证。",
    en="You can use it at the list fare; please renew the card at a Disabled Persons' Federation counter.",
)
_NOT_ENABLED: Final = Text(zh="这张证尚未开通此项优惠", en="This benefit was not opened for your card yet")
_STAFF_NOT_ENABLED: Final = Text(
    zh="尚未开通：按票价收取，可指引其开通。",
    en="Not opened yet: charge the list fare and point to the counter.",
)
_REVIEW_DUE: Final = Text(zh="此项优惠需要年审后继续使用", en="This benefit needs its annual review first")
_STAFF_REVIEW_DUE: Final = Text(
    zh="年审逾期：按票价收取，可指引其年审。",
    en="Review overdue: charge the list fare and point to the counter.",
)
_QUOTA_USED: Final = Text(zh="本期优惠次数已用完", en="Your benefits of this period are used up")
_STAFF_QUOTA_USED: Final = Text(
    zh="次数已用完：按票价收取。", en="All uses of this period are spent: charge the list fare."
)
_QUOTA_OPENS: Final = Text(
    zh="可按票价使用；{day} 起可再次享受优惠。",
    en="You can use it at the list fare; the benefit is there again from {day} on.",
)
_SEASON_OPENS: Final = Text(
    zh="可按票价使用；优惠自 {day} 起。", en="You can use it at the list fare; the benefit begins on {day}."
)

_INSTEAD: Final = {
    TrialResult.COMPANION_MISSING: _BRING_COMPANION,
    TrialResult.CARD_EXPIRED: _RENEW,
    TrialResult.OUT_OF_SEASON: _SEASON_OPENS,
    TrialResult.QUOTA_USED: _QUOTA_OPENS,
}
# Every way in which a rule would have granted but for one thing: the outcome, the words for holder and staff.
_FRAMES: Final = {
    TrialResult.COMPANION_MISSING: (Outcome.NOT_ELIGIBLE, _COMPANION_MISSING, _STAFF_COMPANION_MISSING),
    TrialResult.OUT_OF_SEASON: (Outcome.NOT_ELIGIBLE, _OUT_OF_SEASON, _STAFF_OUT_OF_SEASON),
    TrialResult.CARD_EXPIRED: (Outcome.EXPIRED, _EXPIRED, _STAFF_EXPIRED),
    TrialResult.NOT_ENABLED: (Outcome.NOT_ENABLED, _NOT_ENABLED, _STAFF_NOT_ENABLED),
    TrialResult.REVIEW_DUE: (Outcome.REVIEW_DUE, _REVIEW_DUE, _STAFF_REVIEW_DUE),
    TrialResult.QUOTA_USED: (Outcome.QUOTA_USED_UP, _QUOTA_USED, _STAFF_QUOTA_USED),
}
