"""Trying one rule on one card: what came of it, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from crypto.explained import Text
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.conditions import Circumstances
from terminal.decisions.errors import ConditionFailed, RuleFailed, TicketClassUnknown
from terminal.decisions.failure import Failure
from terminal.decisions.rule_pack import Rule
from terminal.decisions.standing import Standing


class TrialResult(StrEnum):
    """What came of trying one rule."""

    APPLIED = "applied"
    OTHER_CARD = "other_card"
    CONDITION_FALSE = "condition_false"
    CARD_EXPIRED = "card_expired"
    NOT_ENABLED = "not_enabled"
    REVIEW_DUE = "review_due"
    COMPANION_MISSING = "companion_missing"
    OUT_OF_SEASON = "out_of_season"
    QUOTA_USED = "quota_used"
    FAILED = "failed"

    @property
    def why(self) -> Text:
        """The result in a sentence for staff and auditors."""
        return _WHY[self]


_WHY: Final = {
    TrialResult.APPLIED: Text(
        zh="条件成立，按此规则给予优惠", en="Its condition holds; the benefit is this rule's"
    ),
    TrialResult.OTHER_CARD: Text(zh="不适用于这种证卡", en="It is not for this kind of card"),
    TrialResult.CONDITION_FALSE: Text(zh="条件不成立", en="Its condition does not hold"),
    TrialResult.CARD_EXPIRED: Text(
        zh="条件成立，但证件已过期", en="Its condition holds, but the card has expired"
    ),
    TrialResult.NOT_ENABLED: Text(
        zh="条件成立，但此证尚未开通", en="Its condition holds, but the benefit was not opened for the card"
    ),
    TrialResult.REVIEW_DUE: Text(
        zh="条件成立，但年审已逾期", en="Its condition holds, but the annual review is overdue"
    ),
    TrialResult.COMPANION_MISSING: Text(
        zh="条件成立，但须有人陪同", en="Its condition holds, but the holder must be accompanied"
    ),
    TrialResult.OUT_OF_SEASON: Text(
        zh="条件成立，但现在不是优惠季节", en="Its condition holds, but this is not its season"
    ),
    TrialResult.QUOTA_USED: Text(
        zh="条件成立，但本期次数已用完", en="Its condition holds, but its uses are spent for now"
    ),
    TrialResult.FAILED: Text(
        zh="条件无法求值，未给予优惠", en="Its condition could not be worked out; it granted nothing"
    ),
}


@dataclass(frozen=True)
class RuleTrial:
    """One rule that was tried; `failure` says why it could not be worked out, where that is the result."""

    rule: str
    result: TrialResult
    failure: Failure | None = None

    @property
    def trouble(self) -> RuleFailed | None:
        """What to tell whoever publishes the rules; None where there is nothing to tell."""
        return None if self.failure is None else RuleFailed(self.rule, self.failure)


@dataclass(frozen=True)
class Attempt:
    """A card's tap, as rules are tried on it."""

    card: CardFacts
    service: ServiceItem
    on: date
    fare: int
    party: Party
    standing: Standing
    circumstances: Circumstances


def try_rule(rule: Rule, attempt: Attempt) -> RuleTrial:
    """What comes of trying `rule`; one that fails in any way grants nothing."""
    if attempt.card.kind is not rule.card_kind:
        return RuleTrial(rule.name, TrialResult.OTHER_CARD)
    try:
        return RuleTrial(rule.name, _result(rule, attempt))
    except ConditionFailed as failed:
        return RuleTrial(rule.name, TrialResult.FAILED, failed.failure)
    except TicketClassUnknown:
        return RuleTrial(rule.name, TrialResult.FAILED, Failure.TICKET_UNPRICED)


def _result(rule: Rule, attempt: Attempt) -> TrialResult:
    """Raises ConditionFailed and TicketClassUnknown."""
    if not rule.condition.holds(attempt.circumstances):
        return TrialResult.CONDITION_FALSE
    if (hindrance := _hindrance(rule, attempt)) is not None:
        return hindrance
    required = rule.companion_required
    if required is not None and attempt.party.companions == 0 and required.holds(attempt.circumstances):
        return TrialResult.COMPANION_MISSING
    rule.benefit.holder_fare(attempt.fare, attempt.service.tickets)
    return _quota_result(rule, attempt)


def _hindrance(rule: Rule, attempt: Attempt) -> TrialResult | None:
    """What of the pack's terms the card does not meet."""
    terms, lists = rule.terms, attempt.standing.lists
    if attempt.on - attempt.card.expires > timedelta(days=terms.expiry_grace_days):
        return TrialResult.CARD_EXPIRED
    if terms.enabled is not None and terms.enabled.list_name not in lists:
        return TrialResult.NOT_ENABLED
    if terms.review_due is not None and terms.review_due.list_name in lists:
        return TrialResult.REVIEW_DUE
    return None


def _quota_result(rule: Rule, attempt: Attempt) -> TrialResult:
    if rule.quota is None:
        return TrialResult.APPLIED
    if rule.quota.opened(attempt.on) is None:
        return TrialResult.OUT_OF_SEASON
    used = attempt.standing.uses.get(rule.quota.name, 0)
    return TrialResult.APPLIED if used < rule.quota.uses else TrialResult.QUOTA_USED
