"""What a decision gives, in a form that can be compared for all fares of a cell at once."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from crypto.explained import Text
from crypto.sm3 import sm3
from terminal.decisions.benefit import (
    AnyBenefit,
    Benefit,
    CeilingBenefit,
    FreeBenefit,
    PercentageBenefit,
    Rounding,
    TicketClassBenefit,
)
from terminal.decisions.decide import Decision
from terminal.decisions.quota import Quota, QuotaPeriod
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import Rule
from terminal.decisions.trial import TrialResult
from terminal.rule_checks.axes import yuan
from terminal.rule_checks.situation import Situation

_NOTHING_SAID: Final = Text(zh="", en="")

# Within a cell every sum is, from one fare to the one 10,000 fen higher, the same and a constant more: shares
# are whole percentages rounded to 1, 10 or 100 fen, and ceilings lie between cells. So two sums that agree on
# two such stretches agree on all of the cell.
_STRETCH: Final = 20_000

_REFUSALS: Final = (
    TrialResult.CARD_EXPIRED,
    TrialResult.NOT_ENABLED,
    TrialResult.REVIEW_DUE,
    TrialResult.COMPANION_MISSING,
    TrialResult.OUT_OF_SEASON,
    TrialResult.QUOTA_USED,
)
_ADVICE_NAMES_A_DAY: Final = frozenset({TrialResult.OUT_OF_SEASON, TrialResult.QUOTA_USED})


@dataclass(frozen=True)
class Given:
    """What the person gets in a cell; equal if nobody in the cell could tell two apart.

    holder, companion: digests of what is paid, over the cell's fares; empty where the list fare is due.
    refused: what stood in the way where a rule would have granted, CONDITION_FALSE where none came near, None
    where something was granted.
    """

    refused: TrialResult | None
    holder: bytes = b""
    companion: bytes = b""
    admitted: int = 0
    quota: tuple[int, QuotaPeriod, object] | None = None


@dataclass(frozen=True)
class Said:
    """The texts that go with it.

    `instead`: what is advised where nothing was granted, unless it names a day; `reminder` may be empty too.
    """

    legal_basis: Text
    holder: Text
    staff: Text
    instead: Text
    reminder: Text

    @property
    def texts(self) -> tuple[Text, ...]:
        """All of them, in this order."""
        return self.legal_basis, self.holder, self.staff, self.instead, self.reminder


@dataclass(frozen=True)
class Judged:
    """A decision, the rule that gave the benefit if one did, and what was given."""

    decision: Decision
    rule: Rule | None
    given: Given

    @property
    def said(self) -> Said:
        """The texts that go with it."""
        decision = self.decision
        # What is advised when uses are spent names a day, and so differs within a cell.
        instead = None if self.given.refused in _ADVICE_NAMES_A_DAY else decision.instead
        return Said(
            decision.legal_basis,
            decision.holder_text,
            decision.staff_text,
            instead or _NOTHING_SAID,
            decision.reminder or _NOTHING_SAID,
        )

    @property
    def words(self) -> Text:
        """What was given, in words."""
        if self.rule is not None:
            return benefit_in_words(self.rule.benefit, self.given.admitted, self.rule.quota)
        return _REFUSED_WORDS[self.given.refused or TrialResult.CONDITION_FALSE]


def judge(situation: Situation, book: RuleBook, fares: tuple[int, int]) -> Judged:
    """What `book` decides in a cell that holds the `fares` (first and last, fen)."""
    decision = situation.decide(book)
    if not decision.rule:
        results = [trial.result for trial in decision.tried]
        refused = next((result for result in results if result in _REFUSALS), TrialResult.CONDITION_FALSE)
        return Judged(decision, None, Given(refused))
    rules = book.rules_for(situation.service, situation.on)
    rule = next(rule for rule in rules if rule.name == decision.rule)
    return Judged(decision, rule, given_by(rule, situation, fares))


def given_by(rule: Rule, situation: Situation, fares: tuple[int, int]) -> Given:
    """What `rule` gives in a cell where it applies."""
    tickets = tuple(sorted(situation.service.tickets.items()))
    admitted = min(situation.companions, rule.benefit.companions)
    quota = rule.quota
    return Given(
        refused=None,
        holder=_holder_sums(rule.benefit, tickets, *fares),
        companion=_companion_sums(rule.benefit, *fares) if admitted else b"",
        admitted=admitted,
        quota=None if quota is None else (quota.uses, quota.per, quota.season),
    )


def gives_more(later: Rule, first: Rule, situation: Situation, fares: tuple[int, int]) -> bool:
    """Whether `later` would leave someone more money than `first` at a fare of the cell (a few are tried)."""
    tickets: Mapping[str, int] = situation.service.tickets
    people = situation.companions
    return any(
        _party_pays(later.benefit, fare, people, tickets) < _party_pays(first.benefit, fare, people, tickets)
        for fare in {fares[0], min(fares[0] + 9_999, fares[1]), fares[1]}
    )


def pays_more(rule: Rule, due: Rule, situation: Situation, fares: tuple[int, int]) -> bool:
    """Whether `rule` leaves the holder paying more than `due` does at a fare of the cell."""
    tickets = tuple(sorted(situation.service.tickets.items()))
    return _costs_more(rule.benefit, due.benefit, tickets, *fares)


@cache
def _costs_more(
    benefit: AnyBenefit, due: AnyBenefit, tickets: tuple[tuple[str, int], ...], first: int, last: int
) -> bool:
    priced = dict(tickets)
    return any(
        benefit.holder_fare(fare, priced) > due.holder_fare(fare, priced)
        for fare in (*_stretch(first, last), last)
    )


def _party_pays(benefit: AnyBenefit, fare: int, people: int, tickets: Mapping[str, int]) -> int:
    admitted = min(people, benefit.companions)
    return (
        benefit.holder_fare(fare, tickets)
        + admitted * benefit.companion_fare(fare)
        + (people - admitted) * fare
    )


@cache
def _holder_sums(benefit: AnyBenefit, tickets: tuple[tuple[str, int], ...], first: int, last: int) -> bytes:
    priced = dict(tickets)
    return _digest([benefit.holder_fare(fare, priced) for fare in _stretch(first, last)])


@cache
def _companion_sums(benefit: Benefit, first: int, last: int) -> bytes:
    return _digest([benefit.companion_fare(fare) for fare in _stretch(first, last)])


def _stretch(first: int, last: int) -> range:
    return range(first, min(last, first + _STRETCH) + 1)


def _digest(sums: list[int]) -> bytes:
    return sm3(struct.pack(f">{len(sums)}I", *sums))


def benefit_in_words(benefit: AnyBenefit, admitted: int, quota: Quota | None) -> Text:
    """What a benefit gives, with that of `admitted` companions."""
    parts = [_holder_words(benefit)]
    if admitted:
        parts.append(_companion_words(benefit, admitted))
    if quota is not None:
        parts.append(_quota_words(quota))
    return Text(zh="，".join(part.zh for part in parts), en=", ".join(part.en for part in parts))


def _holder_words(benefit: AnyBenefit) -> Text:
    match benefit:
        case FreeBenefit():
            return Text(zh="免费", en="free")
        case PercentageBenefit():
            rounded = _ROUNDED[benefit.rounding]
            return Text(
                zh=f"付 {benefit.pays_percent}%{rounded.zh}", en=f"pays {benefit.pays_percent}%{rounded.en}"
            )
        case CeilingBenefit():
            most = yuan(benefit.ceiling_fen)
            return Text(zh=f"最多付 {most}", en=f"pays at most {most}")
        case TicketClassBenefit():
            return Text(zh=f"按 {benefit.ticket} 票价付", en=f"pays the {benefit.ticket} ticket")


def _companion_words(benefit: Benefit, admitted: int) -> Text:
    one = admitted == 1
    if benefit.companion_pays == "free":
        return Text(zh=f"{admitted} 名同行人免费", en=f"{admitted} companion{'' if one else 's'} free")
    pays, rounded = benefit.companion_pays, _ROUNDED[benefit.rounding]
    return Text(
        zh=f"{admitted} 名同行人付 {pays}%{rounded.zh}",
        en=f"{admitted} companion{' pays' if one else 's pay'} {pays}%{rounded.en}",
    )


def _quota_words(quota: Quota) -> Text:
    if quota.season is None:
        period = _PERIODS[quota.per]
    else:
        first, last = (f"{month:02}-{day:02}" for month, day in quota.season)
        period = Text(zh=f"每年 {first} 至 {last}", en=f"from {first} to {last} each year")
    return Text(zh=f"{period.zh} {quota.uses} 次", en=f"{quota.uses} times {period.en}")


_ROUNDED: Final = {
    Rounding.DOWN_TO_FEN: Text(zh="", en=""),
    Rounding.DOWN_TO_JIAO: Text(zh="（舍到角）", en=" (down to 0.10)"),
    Rounding.DOWN_TO_YUAN: Text(zh="（舍到元）", en=" (down to 1.00)"),
}
_PERIODS: Final = {
    QuotaPeriod.DAY: Text(zh="每日", en="a day"),
    QuotaPeriod.MONTH: Text(zh="每月", en="a month"),
    QuotaPeriod.YEAR: Text(zh="每年", en="a year"),
}
_REFUSED_WORDS: Final = {
    TrialResult.CONDITION_FALSE: Text(zh="无优惠", en="no benefit"),
    TrialResult.CARD_EXPIRED: Text(zh="无优惠（证件过期）", en="no benefit (card expired)"),
    TrialResult.NOT_ENABLED: Text(zh="无优惠（未开通）", en="no benefit (not enabled)"),
    TrialResult.REVIEW_DUE: Text(zh="无优惠（年审逾期）", en="no benefit (review due)"),
    TrialResult.COMPANION_MISSING: Text(zh="无优惠（须有人陪同）", en="no benefit (must be accompanied)"),
    TrialResult.OUT_OF_SEASON: Text(zh="无优惠（非优惠季节）", en="no benefit (out of season)"),
    TrialResult.QUOTA_USED: Text(zh="无优惠（次数用完）", en="no benefit (uses spent)"),
}
