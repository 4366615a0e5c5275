"""Checks against the law: no place may give less than the nation's own rules, which come with the package.

The law that grants free rides (article 50) knows no exception for an operator or a place, so a pack has no
way to claim one. docs/adr/0027-precedence.md says why.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Final

from crypto.explained import Text
from terminal.decisions.catalogue import Catalogue
from terminal.decisions.region import NATION
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import Rule, RulePack
from terminal.rule_checks.finding import Check, Finding
from terminal.rule_checks.grid import Grid, grids_of
from terminal.rule_checks.marks import Marks
from terminal.rule_checks.outcomes import judge, pays_more
from terminal.rule_checks.sites import Site, catalogue_sites, rules_at, sites_of
from terminal.starter import starter_rule_book


def check_law(book: RuleBook, catalogue: Catalogue | None, since: date, *, whole: bool) -> Iterator[Finding]:
    """Whom a rule leaves paying more than the law does; days before `since` are left out.

    `whole`: these are all packs that a terminal will have, and not some of them to be checked by themselves.
    Then who is given nothing at a service of the `catalogue` is found too; who is given less there is found
    in any case. Raises RuleSpaceTooLarge.
    """
    sweep = _LawSweep(book, since)
    for site in sites_of(sweep.packs):
        # Packs without the nation's rules are read beside these, which then serve whom they leave out.
        sweep.over(site, all_are_here=any(pack.region == NATION for pack in _covering(book, site)))
    found = list(sweep.findings())
    yield from found
    if catalogue is not None:
        told = {(finding.subject, finding.says) for finding in found}
        for finding in _at_services(book, catalogue, since, whole):
            if (finding.subject, finding.says) not in told:
                yield finding


def _at_services(book: RuleBook, catalogue: Catalogue, since: date, whole: bool) -> Iterator[Finding]:
    """What the true services show: invented ones have not every operator and code that conditions may ask."""
    sweep = _LawSweep(book, since)
    for site in catalogue_sites(catalogue):
        covering = _covering(book, site)
        all_are_here = whole or any(pack.region == NATION for pack in covering)
        if covering or all_are_here:
            sweep.over(site, all_are_here=all_are_here)
    yield from sweep.findings()


@cache
def _law() -> RuleBook:
    return RuleBook(pack for pack in starter_rule_book().packs if pack.region == NATION)


def _covering(book: RuleBook, site: Site) -> list[RulePack]:
    return [pack for pack in book.packs if rules_at([pack], site.service)]


class _LawSweep:
    """Goes over sites cell by cell and compares what is given with what the law gives."""

    def __init__(self, book: RuleBook, since: date) -> None:
        self._book = book
        self._marks = Marks(since)
        known = {pack.digest for pack in book.packs}
        self.packs: Final = (*book.packs, *(pack for pack in _law().packs if pack.digest not in known))

    def over(self, site: Site, *, all_are_here: bool) -> None:
        """Every cell of the site's grids; `all_are_here`: who is refused by this book is refused."""
        served = {rule.card_kind for rule in rules_at(_law().packs, site.service)}
        if not served:
            return
        for grid in grids_of(site, self.packs):
            if grid.card_kind in served:
                self._compare(grid, all_are_here)

    def _compare(self, grid: Grid, all_are_here: bool) -> None:
        for cell, situation in grid.situations():
            fares = grid.span("fare", cell)
            if (due := judge(situation, _law(), fares).rule) is None:
                continue
            given = judge(situation, self._book, fares).rule
            if given is not None and pays_more(given, due, situation, fares):
                self._marks.mark(Check.BELOW_LAW, given.name, _citing(_LESS, due), grid, cell)
            elif given is None and all_are_here:
                self._marks.mark(Check.BELOW_LAW, due.name, _citing(_NOTHING, due), grid, cell)

    def findings(self) -> Iterator[Finding]:
        """What was met, each with whom and when it concerns."""
        yield from self._marks.findings()


def _citing(says: Text, due: Rule) -> Text:
    basis = due.legal_basis
    return Text(
        zh=says.zh.format(law=due.name, basis=basis.zh), en=says.en.format(law=due.name, basis=basis.en)
    )


_LESS: Final = Text(
    zh="给得比全国规则 {law} 少（{basis}）；法律没有例外，地方只能多给",
    en="gives less than the nation's rule {law} ({basis}); the law has no exception, only more may be given",
)
_NOTHING: Final = Text(
    zh="没有规则给予它所给的优惠（{basis}）；请保留全国规则包",
    en="no rule gives what it gives ({basis}); keep the nation's pack",
)
