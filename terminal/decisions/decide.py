"""The decision: may this card have this service here and now, what is paid, and why.

Pure: no clock, no I/O, whole fen only. The centre recomputes a terminal's decision with this same function
from the event and the rule book of that version, and gets the same Decision. Whether the card is genuine,
valid and not on the hotlist was settled before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from crypto.explained import Text
from terminal.decisions.benefit import Rounding
from terminal.decisions.card_facts import CardFacts, CardKind, Party
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.conditions import Circumstances
from terminal.decisions.errors import DecisionInputInvalid
from terminal.decisions.refusal import Refusal, not_worked_out, nothing_here, refusal_of
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import Rule
from terminal.decisions.standing import NOTHING_KNOWN, Standing
from terminal.decisions.trial import Attempt, RuleTrial, TrialResult, try_rule
from terminal.events.challenge import MAX_COMPANIONS, MAX_FARE
from terminal.events.outcome import Outcome

# China keeps UTC+8 in all its parts, without summer time since 1992.
_LOCAL_OFFSET_MS: Final = 8 * 3_600_000
_DAY_MS: Final = 86_400_000
_EPOCH: Final = date(1970, 1, 1)
# A year before the calendar's end, so that every quota's next window can be named.
_LAST_DAY: Final = (date(9998, 12, 31) - _EPOCH).days

BYSTANDER_GRANTED: Final = Text(zh="优惠已生效", en="Discount applied")
_BYSTANDER_OTHERWISE: Final = Text(zh="请看屏幕提示", en="Please see the screen")


@dataclass(frozen=True)
class Decision:
    """The answer to one tap; sums in fen.

    rule: "pack/id" of the rule that gave the benefit, empty if none. holder_pays: what the holder pays.
    companions_admitted: how many companions have the companion's fare; each of them pays companion_pays, any
    further one the list fare. With none admitted, companion_pays is the list fare.
    rounding: how the sums were rounded, None where the list fare is due. quota: "pack/id" of the quota that
    this grant uses up one of, empty for none.
    bystander_text is one of two constants; every other text is for the person addressed alone. What could
    give the category away stays out of the repr, and so out of logs.
    instead: what the person can do, if nothing was granted; else None. reminder: what the person must see to
    soon, if something was granted; else None.
    tried: every rule in the order it was tried; the last is the one that applied, if one did.
    """

    outcome: Outcome
    rule: str = field(repr=False)
    holder_pays: int
    companion_pays: int
    companions_admitted: int
    rounding: Rounding | None
    quota: str = field(repr=False)
    legal_basis: Text = field(repr=False)
    holder_text: Text = field(repr=False)
    staff_text: Text = field(repr=False)
    bystander_text: Text
    instead: Text | None = field(repr=False)
    reminder: Text | None = field(repr=False)
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
    standing: Standing = NOTHING_KNOWN,
    ticket: str = "",
) -> Decision:
    """What the rules in force give the holder of `card` at `service`.

    `at_ms`: milliseconds since 1970 UTC; `fare`: list fare a person, in fen; `hotlist_age`: how many days old
    the terminal's hotlist is, for rules that ask; `standing`: what is known of the card beyond its
    credential; `ticket`: the class of ticket that was asked for, empty for the standard one.

    The first rule that holds gives the benefit, in the order of RuleBook.rules_for; one that fails grants
    nothing. Where none does, the first that would have but for one thing (a used-up quota, an overdue review)
    says what the person can do; then one that failed, that it could not be worked out.
    Raises DecisionInputInvalid for a fare, party or time outside what a tap can carry.
    """
    if not 0 <= fare <= MAX_FARE:
        raise DecisionInputInvalid(field="fare", value=fare)
    if not 0 <= party.companions <= MAX_COMPANIONS:
        raise DecisionInputInvalid(field="companions", value=party.companions)
    on = local_date(at_ms)
    circumstances = Circumstances(card, service, fare, party, on, hotlist_age, standing, ticket)
    attempt = Attempt(card, service, on, fare, party, standing, circumstances)
    tried: list[RuleTrial] = []
    refusal: Refusal | None = None
    failed: Rule | None = None
    for rule in rules.rules_for(service, on):
        trial = try_rule(rule, attempt)
        tried.append(trial)
        if trial.result is TrialResult.APPLIED:
            return _granted(rule, attempt, tuple(tried), rules.version)
        refusal = refusal or refusal_of(rule, trial.result, on)
        failed = failed or (rule if trial.result is TrialResult.FAILED else None)
    if refusal is None:
        advice = rules.instead_for(service, on, card.kind or CardKind.HOLDER)
        refusal = nothing_here(advice) if failed is None else not_worked_out(failed, advice)
    return Decision(
        outcome=refusal.outcome,
        rule="",
        holder_pays=fare,
        companion_pays=fare,
        companions_admitted=0,
        rounding=None,
        quota="",
        legal_basis=refusal.legal_basis,
        holder_text=refusal.holder,
        staff_text=refusal.staff,
        bystander_text=_BYSTANDER_OTHERWISE,
        instead=refusal.instead,
        reminder=None,
        tried=tuple(tried),
        pack_version=rules.version,
    )


def _granted(rule: Rule, attempt: Attempt, tried: tuple[RuleTrial, ...], version: str) -> Decision:
    benefit, fare = rule.benefit, attempt.fare
    admitted = min(attempt.party.companions, benefit.companions)
    soon = rule.terms.review_soon
    return Decision(
        outcome=Outcome.GRANTED_WITH_COMPANION if admitted else Outcome.GRANTED,
        rule=rule.name,
        holder_pays=benefit.holder_fare(fare, attempt.service.tickets),
        companion_pays=benefit.companion_fare(fare) if admitted else fare,
        companions_admitted=admitted,
        rounding=benefit.rounding,
        quota="" if rule.quota is None else rule.quota.name,
        legal_basis=rule.legal_basis,
        holder_text=rule.holder_text,
        staff_text=rule.staff_text,
        bystander_text=BYSTANDER_GRANTED,
        instead=None,
        reminder=soon.instead if soon is not None and soon.list_name in attempt.standing.lists else None,
        tried=tried,
        pack_version=version,
    )
