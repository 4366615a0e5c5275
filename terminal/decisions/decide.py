"""The decision: may this card have this service here and now, what is paid, and why.

Pure: no clock, no I/O, whole fen only. The centre recomputes a terminal's decision with this same function
from the event and the rule book of that version, and gets the same Decision. Whether the card is genuine,
valid and not on the hotlist was settled before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from crypto.explained import Text
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.conditions import Circumstances
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import Rule
from terminal.errors import ConditionFailed, DecisionInputInvalid
from terminal.events.challenge import MAX_COMPANIONS, MAX_FARE
from terminal.events.outcome import Outcome

# China keeps UTC+8 in all its parts, without summer time since 1992.
_LOCAL_OFFSET_MS: Final = 8 * 3_600_000
_DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1)
_LAST_DAY: Final = (date.max - _EPOCH).days

_BYSTANDER_GRANTED: Final = Text(zh="优惠已生效", en="Discount applied")
_BYSTANDER_OTHERWISE: Final = Text(zh="请看屏幕提示", en="Please see the screen")
_NO_RULE: Final = Text(zh="没有适用的规则", en="No rule applies")
_NOTHING_HERE: Final = Text(zh="此服务没有适用的优惠", en="There is no benefit for you at this service")
_COLLECT_FARE: Final = Text(zh="无优惠，按票价收取", en="No benefit: the list fare is due")
_PAY_FARE: Final = Text(
    zh="可按票价使用；当地优惠请向服务窗口询问。",
    en="You can use it at the list fare; ask at the counter what else applies here.",
)
_BRING_COMPANION: Final = Text(
    zh="请与陪护人员同行，并在刷卡前告知同行人数。",
    en="Come with a companion, and have the companion entered before you tap.",
)


class TrialResult(StrEnum):
    """What came of trying one rule."""

    APPLIED = "applied"
    CONDITION_FALSE = "condition_false"
    COMPANION_MISSING = "companion_missing"
    FAILED = "failed"

    @property
    def why(self) -> Text:
        """The result in a sentence for staff and auditors."""
        return _WHY[self]


_WHY: Final = {
    TrialResult.APPLIED: Text(
        zh="条件成立，按此规则给予优惠", en="Its condition holds; the benefit is this rule's"
    ),
    TrialResult.CONDITION_FALSE: Text(zh="条件不成立", en="Its condition does not hold"),
    TrialResult.COMPANION_MISSING: Text(
        zh="条件成立，但须有人陪同", en="Its condition holds, but the holder must be accompanied"
    ),
    TrialResult.FAILED: Text(
        zh="条件无法求值，未给予优惠", en="Its condition could not be worked out; it granted nothing"
    ),
}


@dataclass(frozen=True)
class RuleTrial:
    """One rule that was tried; `failure` is the kind of failure where there was one, else empty."""

    rule: str
    result: TrialResult
    failure: str = ""


@dataclass(frozen=True)
class Decision:
    """The answer to one tap; sums in fen.

    rule: "pack/id" of the rule that gave the benefit, empty if none. holder_pays: what the holder pays.
    companions_admitted: how many companions have the companion's fare; each of them pays companion_pays, any
    further one the list fare. With none admitted, companion_pays is the list fare.
    bystander_text is one of two constants; every other text is for the person addressed alone. What could
    give the category away stays out of the repr, and so out of logs.
    instead: what the person can do, if the outcome is NOT_ELIGIBLE; else None.
    tried: every rule in the order it was tried; the last is the one that applied, if one did.
    """

    outcome: Outcome
    rule: str = field(repr=False)
    holder_pays: int
    companion_pays: int
    companions_admitted: int
    legal_basis: Text = field(repr=False)
    holder_text: Text = field(repr=False)
    staff_text: Text = field(repr=False)
    bystander_text: Text
    instead: Text | None
    tried: tuple[RuleTrial, ...] = field(repr=False)
    pack_version: str


def local_date(at_ms: int) -> date:
    """The date in China at `at_ms` (milliseconds since 1970 UTC); raises DecisionInputInvalid."""
    days = (at_ms + _LOCAL_OFFSET_MS) // _DAY_MS
    if not 0 <= days <= _LAST_DAY:
        raise DecisionInputInvalid(field="at_ms", value=at_ms)
    return _EPOCH + timedelta(days=days)


def decide(  # noqa: PLR0917  a tap's six facts, in the order in which they become known
    card: CardFacts,
    service: ServiceItem,
    at_ms: int,
    fare: int,
    party: Party,
    rules: RuleBook,
    *,
    hotlist_age: int = 0,
) -> Decision:
    """What the rules in force give the holder of `card` at `service`.

    `at_ms`: milliseconds since 1970 UTC; `fare`: list fare a person, in fen; `hotlist_age`: how many days old
    the terminal's hotlist is, for rules that ask. The first rule whose condition
    holds gives the benefit, in the order of RuleBook.rules_for; one that fails grants nothing.
    Raises DecisionInputInvalid for a fare, party or time outside what a tap can carry.
    """
    if not 0 <= fare <= MAX_FARE:
        raise DecisionInputInvalid(field="fare", value=fare)
    if not 0 <= party.companions <= MAX_COMPANIONS:
        raise DecisionInputInvalid(field="companions", value=party.companions)
    on = local_date(at_ms)
    circumstances = Circumstances(card, service, fare, party, on, hotlist_age)
    tried: list[RuleTrial] = []
    for rule in rules.rules_for(service, on):
        trial = _try(rule, circumstances, party)
        tried.append(trial)
        if trial.result is TrialResult.APPLIED:
            return _granted(rule, fare, party, tuple(tried), rules.version)
    accompanied_would_do = any(trial.result is TrialResult.COMPANION_MISSING for trial in tried)
    return Decision(
        outcome=Outcome.NOT_ELIGIBLE,
        rule="",
        holder_pays=fare,
        companion_pays=fare,
        companions_admitted=0,
        legal_basis=_NO_RULE,
        holder_text=_NOTHING_HERE,
        staff_text=_COLLECT_FARE,
        bystander_text=_BYSTANDER_OTHERWISE,
        instead=_BRING_COMPANION if accompanied_would_do else rules.instead_for(service, on) or _PAY_FARE,
        tried=tuple(tried),
        pack_version=rules.version,
    )


def _try(rule: Rule, circumstances: Circumstances, party: Party) -> RuleTrial:
    try:
        if not rule.condition.holds(circumstances):
            return RuleTrial(rule.name, TrialResult.CONDITION_FALSE)
        required = rule.companion_required
        if required is not None and party.companions == 0 and required.holds(circumstances):
            return RuleTrial(rule.name, TrialResult.COMPANION_MISSING)
    except ConditionFailed as failed:
        return RuleTrial(rule.name, TrialResult.FAILED, str(failed.facts["failure"]))
    return RuleTrial(rule.name, TrialResult.APPLIED)


def _granted(rule: Rule, fare: int, party: Party, tried: tuple[RuleTrial, ...], version: str) -> Decision:
    admitted = min(party.companions, rule.benefit.companions)
    return Decision(
        outcome=Outcome.GRANTED_WITH_COMPANION if admitted else Outcome.GRANTED,
        rule=rule.name,
        holder_pays=rule.benefit.holder_fare(fare),
        companion_pays=rule.benefit.companion_fare(fare) if admitted else fare,
        companions_admitted=admitted,
        legal_basis=rule.legal_basis,
        holder_text=rule.holder_text,
        staff_text=rule.staff_text,
        bystander_text=_BYSTANDER_GRANTED,
        instead=None,
        tried=tried,
        pack_version=version,
    )
