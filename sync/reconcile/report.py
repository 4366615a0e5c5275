"""The reconciliation as a whole, and its HTML form: one file, no scripts, nothing loaded from elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

import jinja2

from sync.reconcile.findings import Finding, find_all
from sync.reconcile.ledger import Ledger
from sync.reconcile.settlement import Claim, OperatorTotal, SettlementLine, settle


@dataclass(frozen=True)
class Coverage:
    """How much the report rests on: events stored, examined, and waiting for a gap to be filled."""

    stored: int
    examined: int
    pending: int


@dataclass(frozen=True)
class Reconciliation:
    """Everything that one run found."""

    at_ms: int
    coverage: Coverage
    lines: list[SettlementLine]
    totals: list[OperatorTotal]
    claims: list[Claim]
    findings: list[Finding]


def reconcile(ledger: Ledger, coverage: Coverage, at_ms: int) -> Reconciliation:
    """Findings and settlement of a ledger."""
    settlement = settle(ledger)
    return Reconciliation(
        at_ms=at_ms,
        coverage=coverage,
        lines=settlement.lines,
        totals=settlement.totals,
        claims=settlement.claims,
        findings=find_all(ledger),
    )


def to_html(result: Reconciliation) -> str:
    """The report for people; escapes whatever came from outside."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("sync.reconcile", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["yuan"] = yuan
    behind = {
        key: list(group)
        for key, group in groupby(result.claims, key=lambda claim: (claim.operator, claim.day, claim.service))
    }
    at = datetime.fromtimestamp(result.at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return environment.get_template("report.html").render(result=result, behind=behind, at=at)


def yuan(fen: int) -> str:
    """A sum in fen as yuan with two decimals."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
