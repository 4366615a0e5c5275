"""Refuses to publish rule packs in which `tongka rules lint` finds faults."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Final

from crypto.explained import Text
from sync.errors import RulesFaulty
from terminal.content.content import Content
from terminal.decisions.decide import local_date
from terminal.rule_checks.finding import Check, Finding, Level
from terminal.rule_checks.lint import lint, lint_book
from terminal.rule_checks.loading import pack_files, read_catalogue

# Told by what reads and signs the content, with the file's name.
_TOLD_ELSEWHERE: Final = frozenset({Check.UNREADABLE, Check.INCONSISTENT})
_MOST_TOLD: Final = 3


def require_no_faults(content: Path, now: datetime) -> None:
    """Check the packs in a folder of content as `tongka rules lint` does, from the day of `now` on.

    Raises RulesFaulty, RuleSpaceTooLarge, and as the folder's rules and catalogue are read.
    """
    report = lint(pack_files([content]), read_catalogue(content), _day(now), whole=True)
    _refuse_faults(report.findings)


def require_still_no_faults(published: Content, now: datetime) -> None:
    """Check what was published before and is to be published again: rules in force run out.

    Raises RulesFaulty, RuleSpaceTooLarge.
    """
    _refuse_faults(lint_book(published.rules, published.catalogue, _day(now), whole=True))


def _day(now: datetime) -> date:
    return local_date(int(now.timestamp() * 1000))


def _refuse_faults(findings: Iterable[Finding]) -> None:
    faults = [
        finding
        for finding in findings
        if finding.level is Level.FAULT and finding.check not in _TOLD_ELSEWHERE
    ]
    if faults:
        faults.sort(key=lambda fault: fault.check is not Check.BELOW_LAW)
        raise RulesFaulty(faults=_named(faults))


def _named(faults: list[Finding]) -> Text:
    told, more = faults[:_MOST_TOLD], len(faults) - _MOST_TOLD
    return Text(
        zh="；".join(f"{fault.subject}：{fault.says.zh}" for fault in told)
        + (f"；另有 {more} 处" if more > 0 else ""),
        en="; ".join(f"{fault.subject}: {fault.says.en}" for fault in told)
        + (f"; and {more} more" if more > 0 else ""),
    )
