"""Checks over the whole space: rules that apply to nobody, gaps, overlaps, and conditions that fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Final, TypeAlias

from crypto.explained import Text
from terminal.decisions.card_facts import CardKind
from terminal.decisions.catalogue import Catalogue
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import Rule, RulePack
from terminal.decisions.trial import RuleTrial, TrialResult, try_rule
from terminal.rule_checks.finding import Check, Finding
from terminal.rule_checks.grid import Grid, grids_of
from terminal.rule_checks.marks import Marks
from terminal.rule_checks.outcomes import Judged, given_by, gives_more, judge
from terminal.rule_checks.sites import Site, catalogue_sites, questions_at, rules_at, sites_of
from terminal.rule_checks.situation import Situation


@dataclass
class _RuleTally:
    """What became of one rule over the whole space.

    sampled: variables of its own conditions of which only some values were tried; beside: those of the rules
    at its services, too.
    """

    held: bool = False
    applied: bool = False
    results: set[TrialResult] = field(default_factory=set)
    shadows: set[str] = field(default_factory=set)
    sampled: set[str] = field(default_factory=set)
    beside: set[str] = field(default_factory=set)

    @property
    def untried(self) -> set[str]:
        """Variables other values of which might let the rule apply; empty: it is proven that none does."""
        return self.beside if self.held else self.sampled


# A rule's name is the same in each version of its pack; the rule itself is not.
_Tallies: TypeAlias = dict[int, _RuleTally]


def check_space(book: RuleBook, catalogue: Catalogue | None, since: date) -> Iterator[Finding]:
    """What can be found by trying every cell of the space.

    Days before `since` count for whether a rule ever applies, and for nothing else: what was amiss then can't
    be mended any more. Raises RuleSpaceTooLarge.
    """
    tallies = {id(rule): _RuleTally() for pack in book.packs for rule in pack.rules}
    sweep = _Sweep(book, since, tallies)
    for site in sites_of(book.packs):
        sweep.over(site)
    at_services = [] if catalogue is None else _at_services(book, catalogue, since, tallies)
    yield from _unreachable(book, tallies)
    yield from sweep.findings()
    yield from at_services


def _at_services(book: RuleBook, catalogue: Catalogue, since: date, tallies: _Tallies) -> list[Finding]:
    """What only the true services show: prices that are missing, gaps by feature."""
    sweep = _Sweep(book, since, tallies)
    for site in catalogue_sites(catalogue):
        if rules_at(book.packs, site.service):
            sweep.over(site)
    return [finding for finding in sweep.findings() if finding.check in {Check.GAP, Check.FAILS}]


def _unreachable(book: RuleBook, tallies: _Tallies) -> Iterator[Finding]:
    """Rules that applied nowhere, and why."""
    for pack in book.packs:
        for rule in pack.rules:
            tally = tallies[id(rule)]
            if tally.applied:
                continue
            if tally.untried:
                says = _NOT_MET.format(variables=", ".join(sorted(tally.untried)))
                yield Finding(Check.UNREACHED, _versioned(rule, pack), says)
            else:
                yield Finding(Check.UNREACHABLE, _versioned(rule, pack), _why_never(tally))


class _Sweep:
    """Goes over sites cell by cell and collects what it meets."""

    def __init__(self, book: RuleBook, since: date, tallies: _Tallies) -> None:
        self._book = book
        self._marks = Marks(since)
        self._tallies = tallies

    def over(self, site: Site) -> None:
        """Every cell of the site's grids."""
        for grid in grids_of(site, self._book.packs):
            concerned = [
                rule for rule in rules_at(self._book.packs, site.service) if rule.card_kind is grid.card_kind
            ]
            if grid.card_kind is CardKind.COMPANION and not concerned:
                continue
            if grid.sampled:
                self._doubt(concerned, grid)
                self._marks.mark(Check.SAMPLED, ", ".join(sorted(grid.sampled)), _SAMPLED, grid, None)
            for cell, situation in grid.situations():
                self._cell(grid, cell, situation)

    def _doubt(self, concerned: Iterable[Rule], grid: Grid) -> None:
        for rule in concerned:
            tally = self._tallies[id(rule)]
            tally.sampled |= grid.sampled & questions_at([rule]).opaque
            tally.beside |= grid.sampled

    def _cell(self, grid: Grid, cell: tuple[int, ...], situation: Situation) -> None:
        fares = grid.span("fare", cell)
        judged = judge(situation, self._book, fares)
        rules = self._book.rules_for(situation.service, situation.on)
        tried = judged.decision.tried
        for rule, trial in zip(rules, tried, strict=False):
            self._tally(rule, trial.result)
            self._fails(trial, grid, cell)
        if judged.rule is not None:
            self._after(grid, cell, situation, judged, judged.rule, rules[len(tried) :])
        elif judged.given.refused is TrialResult.CONDITION_FALSE and rules:
            advice = self._book.instead_for(situation.service, situation.on, grid.card_kind)
            if advice is None:
                self._marks.mark(Check.GAP, grid.site.words.en, _GAP, grid, cell)

    def _after(  # noqa: PLR0917  where, who, what won, and what is left
        self,
        grid: Grid,
        cell: tuple[int, ...],
        situation: Situation,
        judged: Judged,
        winner: Rule,
        later: Iterable[Rule],
    ) -> None:
        """What the rules after the one that applied would have given."""
        tally = self._tallies[id(winner)]
        tally.applied = True
        attempt = None
        for rule in later:
            attempt = attempt or situation.attempt()
            trial = try_rule(rule, attempt)
            self._tally(rule, trial.result)
            self._fails(trial, grid, cell)
            if trial.result is not TrialResult.APPLIED:
                continue
            self._tallies[id(rule)].shadows.add(winner.name)
            fares = grid.span("fare", cell)
            if given_by(rule, situation, fares) != judged.given:
                less = gives_more(rule, winner, situation, fares)
                says = (_LESS_FIRST if less else _OVERLAP).format(later=rule.name)
                check = Check.LESS_FIRST if less else Check.OVERLAP
                self._marks.mark(check, winner.name, says, grid, cell)

    def _fails(self, trial: RuleTrial, grid: Grid, cell: tuple[int, ...]) -> None:
        if trial.failure is not None:
            words = trial.failure.words
            says = Text(zh=_FAILS.zh.format(failure=words.zh), en=_FAILS.en.format(failure=words.en))
            self._marks.mark(Check.FAILS, trial.rule, says, grid, cell)

    def _tally(self, rule: Rule, result: TrialResult) -> None:
        tally = self._tallies[id(rule)]
        tally.results.add(result)
        tally.held |= result is TrialResult.APPLIED

    def findings(self) -> Iterator[Finding]:
        """What was met, each with whom and when it concerns."""
        yield from self._marks.findings()


def _versioned(rule: Rule, pack: RulePack) -> str:
    return f"{rule.name}@{pack.version}"


def _why_never(tally: _RuleTally) -> Text:
    if tally.held:
        names = sorted(tally.shadows)
        return (_SHADOWED if len(names) == 1 else _SHADOWED_BY_ONE_OF).format(rules=", ".join(names))
    whys = [
        result.why for result in sorted(tally.results - {TrialResult.CONDITION_FALSE, TrialResult.OTHER_CARD})
    ]
    if not whys:
        return _NEVER
    return Text(
        zh=_HINDERED.zh.format(results="；".join(why.zh for why in whys)),
        en=_HINDERED.en.format(results="; ".join(why.en for why in whys)),
    )


_SAMPLED: Final = Text(
    zh="条件用这些变量做运算，只能抽取若干取值检查",
    en="conditions reckon with these variables; only some of their values were tried",
)
_FAILS: Final = Text(
    zh="规则无法求值（{failure}），不给优惠（TRM-321）",
    en="the rule can't be worked out ({failure}) and grants nothing (TRM-321)",
)
_GAP: Final = Text(
    zh="没有规则给予优惠，也没有 [[otherwise]] 说明可以怎么办",
    en="no rule grants anything, and no [[otherwise]] says what to do instead",
)
_OVERLAP: Final = Text(
    zh="{later} 也成立，优惠不同；在前的这条更优惠，按它办",
    en="{later} holds too and gives something else; this one comes first and gives no less",
)
_LESS_FIRST: Final = Text(
    zh="{later} 也成立且更优惠，却排在后面，不起作用",
    en="{later} holds too and gives more, but comes later and so has no effect",
)
_SHADOWED: Final = Text(
    zh="永远用不上：凡它成立时，{rules} 都先成立",
    en="never applies: wherever it holds, {rules} holds before it",
)
_SHADOWED_BY_ONE_OF: Final = Text(
    zh="永远用不上：凡它成立时，{rules} 总有其中一条先成立",
    en="never applies: wherever it holds, one of {rules} holds before it",
)
_NOT_MET: Final = Text(
    zh="试过的取值中没有用上它的；{variables} 只试了部分取值，请写一个用得上它的用例",
    en="no value that was tried lets it apply; of {variables} only some were: write a case in which it does",
)
_NEVER: Final = Text(
    zh="永远用不上：没有任何证卡、服务、日期使条件成立",
    en="never applies: its condition holds for no card, service or day",
)
_HINDERED: Final = Text(
    zh="永远用不上：条件成立之处总有别的阻碍（{results}）",
    en="never applies: wherever its condition holds something else hinders it ({results})",
)
