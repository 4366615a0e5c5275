"""Running cases: what was expected, what came out, and every rule that was tried."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from terminal.decisions.decide import Decision
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.rule_pack import Rule
from terminal.rule_checks.case_file import Case, CaseFile
from terminal.rule_checks.finding import text_as_json
from terminal.rule_checks.quotations import is_quoted


@dataclass(frozen=True)
class Mismatch:
    """A field that came out otherwise."""

    field: str
    expected: str
    got: str


@dataclass(frozen=True)
class CaseResult:
    """What came of one case; `mismatches` is empty where all is as it expects.

    `rule`: what decided it, None where nothing was granted. `quoted`: whether the case quotes its source.
    """

    file: CaseFile
    case: Case
    decision: Decision
    rule: Rule | None
    mismatches: tuple[Mismatch, ...]
    quoted: bool

    @property
    def passed(self) -> bool:
        """Whether the rules decide as the source says, and it says so."""
        return self.quoted and not self.mismatches

    def as_json(self) -> dict[str, object]:
        """As `--json` prints it."""
        return {
            "file": self.file.file,
            "case": self.case.name,
            "says": self.case.says,
            "quoted": self.quoted,
            "passed": self.passed,
            "mismatches": [
                {"field": mismatch.field, "expected": mismatch.expected, "got": mismatch.got}
                for mismatch in self.mismatches
            ],
            "tried": tried_as_json(self.decision),
        }


def tried_as_json(decision: Decision) -> list[dict[str, object]]:
    """Every rule that was tried and why it applied or not."""
    return [
        {
            "rule": trial.rule,
            "result": trial.result.value,
            "why": text_as_json(trial.result.why),
            "failure": "" if trial.failure is None else trial.failure.value,
            "code": "" if trial.trouble is None else trial.trouble.code,
        }
        for trial in decision.tried
    ]


def run_cases(book: RuleBook, files: Iterable[CaseFile]) -> Iterator[CaseResult]:
    """Every case of `files`, decided by `book`. Raises DecisionInputInvalid for a day that no tap has."""
    for file in files:
        for case in file.cases:
            situation = case.situation
            decision = situation.decide(book)
            rules = {rule.name: rule for rule in book.rules_for(situation.service, situation.on)}
            rule = rules.get(decision.rule)
            mismatches = tuple(_mismatches(case, decision))
            yield CaseResult(file, case, decision, rule, mismatches, is_quoted(case, file, rule))


def _mismatches(case: Case, decision: Decision) -> Iterator[Mismatch]:
    expected = case.expected
    compared: dict[str, tuple[object, object]] = {
        "outcome": (expected.outcome, decision.outcome),
        "holder_pays": (expected.holder_pays, decision.holder_pays),
        "companion_pays": (expected.companion_pays, decision.companion_pays),
        "companions_admitted": (expected.companions_admitted, decision.companions_admitted),
        "rule": (expected.rule, decision.rule),
        "quota": (expected.quota, decision.quota),
        "reminded": (expected.reminded, decision.reminder is not None),
    }
    for field, (wanted, got) in compared.items():
        if wanted is not None and wanted != got:
            yield Mismatch(field, str(wanted), str(got))
