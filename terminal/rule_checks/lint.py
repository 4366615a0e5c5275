"""Everything that can be found in rule packs without a case to try them on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from crypto.explained import ExplainedError, Language, Text
from terminal.decisions.catalogue import Catalogue
from terminal.decisions.errors import RuleBookInconsistent, RulePackMalformed
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import RulePack
from terminal.rule_checks.finding import Check, Finding, Level
from terminal.rule_checks.law_checks import check_law
from terminal.rule_checks.loading import read_pack
from terminal.rule_checks.space_checks import check_space
from terminal.rule_checks.written_checks import check_days, check_regions, check_services, check_texts


@dataclass(frozen=True)
class Report:
    """What was found, the gravest first, in how many rules."""

    findings: tuple[Finding, ...]
    rules: int


def lint(files: Sequence[Path], catalogue: Catalogue | None, since: date, *, whole: bool = False) -> Report:
    """What is found in the packs of `files` as one book; `since`: see check_space, `whole`: check_law.

    A file that can't be read as a pack is found, and the others are checked without it. Raises FileNotRead
    and RuleSpaceTooLarge.
    """
    packs: list[RulePack] = []
    found: list[Finding] = []
    for file in files:
        try:
            packs.append(read_pack(file))
        except RulePackMalformed as error:
            found.append(Finding(Check.UNREADABLE, str(file), _explained(error)))
    if packs:
        try:
            found += lint_book(RuleBook(packs), catalogue, since, whole=whole)
        except RuleBookInconsistent as error:
            found.append(Finding(Check.INCONSISTENT, "", _explained(error)))
    order = list(Level)
    found.sort(key=lambda finding: order.index(finding.level))
    return Report(tuple(found), sum(len(pack.rules) for pack in packs))


def lint_book(
    book: RuleBook, catalogue: Catalogue | None, since: date, *, whole: bool = False
) -> list[Finding]:
    """What is found in packs that fit together; `whole`: see check_law. Raises RuleSpaceTooLarge."""
    found = [
        *check_space(book, catalogue, since),
        *check_law(book, catalogue, since, whole=whole),
        *check_texts(book.packs),
        *check_regions(book.packs),
        *check_days(book),
    ]
    if catalogue is not None:
        found += check_services(book.packs, catalogue)
    return found


def _explained(error: ExplainedError) -> Text:
    zh, en = (error.explain(language) for language in (Language.ZH, Language.EN))
    return Text(zh=f"{zh.code} {zh.cause}{zh.next_step}", en=f"{en.code} {en.cause} {en.next_step}")
