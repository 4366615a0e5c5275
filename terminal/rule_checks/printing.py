"""What the verbs of `tongka rules` print for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from crypto.explained import Language, Text
from terminal.decisions.decide import Decision
from terminal.decisions.trial import RuleTrial
from terminal.rule_checks.axes import GRADES, digit_spans
from terminal.rule_checks.case_run import CaseResult
from terminal.rule_checks.diff import ChangeKind, Comparison
from terminal.rule_checks.finding import Finding, Level
from terminal.rule_checks.matrix import MatrixRow
from terminal.rule_checks.quotations import Untried

_LEVELS = {
    Level.FAULT: ("bold red", Text(zh="错误", en="fault")),
    Level.WARNING: ("yellow", Text(zh="警告", en="warning")),
    Level.NOTE: ("dim", Text(zh="说明", en="note")),
}
_FOUND = Text(
    zh="{rules} 条规则：错误 {faults}，警告 {warnings}，说明 {notes}",
    en="{rules} rules: {faults} faults, {warnings} warnings, {notes} notes",
)
_RAN = Text(
    zh="用例 {cases} 个，不符 {failed} 个",
    en="{cases} cases, {failed} decided otherwise than the source says",
)
_MISMATCH = Text(
    zh="    {field}：应为 {expected}，得到 {got}", en="    {field}: expected {expected}, got {got}"
)
_MISQUOTED = Text(
    zh="    出处中没有这句话，或引得太短：{source}",
    en="    its source does not say this, or too little of it is quoted: {source}",
)
_MISQUOTING = Text(
    zh="用例 {cases} 个的引文不在出处中", en="{cases} quoted otherwise than the source is written"
)
_UNTRIED_CLAUSE = Text(
    zh="说明 {at}: 出处中这句话没有用例：{clause}",
    en="note {at}: no case tries what its source says: {clause}",
)
_MATRIX = Text(zh="各地各类别各等级", en="By place, category and grade")
_NOTHING_CHANGES = Text(zh="没有任何人的结果改变。", en="Nobody's outcome changes.")
_NO_TRIED_CHANGES = Text(
    zh="试过的取值中没有变化，未试的可能有：", en="No value that was tried changes; others may:"
)
_UNTRIED = Text(
    zh="{at}：条件用 {variables} 做运算，只比较了部分取值",
    en="{at}: conditions reckon with {variables}; only some values were compared",
)
_MORE_SERVICES = Text(zh="等 {number} 处", en=" and {number} more")
_MOST_SERVICES = 4
_FILE_WIDTH = 140  # of tables in a file or a pipe


class Printer:
    """A terminal window and the reader's language."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console = Console(highlight=False, width=_FILE_WIDTH)
        self.language = Language.from_environment()

    def say(self, text: Text, style: str = "") -> None:
        """One line, as it is."""
        self._console.print(escape(text.in_language(self.language)), style=style or None, soft_wrap=True)

    def table(self, table: Table) -> None:
        """A table that was made elsewhere."""
        self._console.print(table)

    def findings(self, found: Iterable[Finding], rules: int) -> None:
        """Each finding with its places, and how many there are of each level."""
        counts = dict.fromkeys(Level, 0)
        for finding in found:
            counts[finding.level] += 1
            style, name = _LEVELS[finding.level]
            head = f"[{style}]{name.in_language(self.language)}[/] {escape(finding.subject)}"
            says = escape(finding.says.in_language(self.language))
            self._console.print(f"{head}: {says} ({finding.check.value})", soft_wrap=True)
            for place in finding.where:
                self._console.print(f"    {escape(place.in_language(self.language))}", soft_wrap=True)
        self.say(
            _FOUND.format(
                rules=rules,
                faults=counts[Level.FAULT],
                warnings=counts[Level.WARNING],
                notes=counts[Level.NOTE],
            )
        )

    def case_results(self, results: Iterable[CaseResult]) -> None:
        """Each case that failed, exactly; and how many there were."""
        listed = list(results)
        for result in listed:
            if not result.passed:
                self._failed(result)
        otherwise = sum(bool(result.mismatches) for result in listed)
        misquoting = sum(not result.quoted for result in listed)
        if misquoting:
            self.say(_MISQUOTING.format(cases=misquoting))
        self.say(_RAN.format(cases=len(listed), failed=otherwise))

    def _failed(self, result: CaseResult) -> None:
        file, case = result.file, result.case
        self._console.print(f"[bold red]{escape(file.file)}[/] {escape(case.name)}", soft_wrap=True)
        self.say(Text(zh=f"    原文：{case.says}", en=f"    source: {case.says}"))
        if not result.quoted:
            self.say(_MISQUOTED.format(source=file.source))
        for mismatch in result.mismatches:
            expected, got = mismatch.expected or "—", mismatch.got or "—"
            self.say(_MISMATCH.format(field=mismatch.field, expected=expected, got=got))
        if result.mismatches:
            self.tried(result.decision)

    def untried(self, clauses: Iterable[Untried]) -> None:
        """Each clause of a source that no case tries: a note, for not all of it is for rules to decide."""
        for untried in clauses:
            at = f"{untried.file}, {untried.rule}" if untried.rule else untried.file
            self.say(_UNTRIED_CLAUSE.format(at=at, clause=untried.clause), style="dim")

    def tried(self, decision: Decision) -> None:
        """Every rule that was tried and why it applied or not."""
        for trial in decision.tried:
            why = trial.result.why.in_language(self.language)
            self._console.print(escape(f"    {trial.rule}: {why}{self.trouble(trial)}"), soft_wrap=True)
        if not decision.tried:
            self.say(Text(zh="    没有规则可试", en="    no rule was there to try"))

    def trouble(self, trial: RuleTrial) -> str:
        """What is wrong with a rule that could not be worked out, and what to do; else nothing."""
        if trial.trouble is None:
            return ""
        told = trial.trouble.explain(self.language)
        return f" ({told.code}: {told.cause} {told.next_step})"

    def matrix(self, rows: Iterable[MatrixRow]) -> None:
        """Places and categories by grades."""
        table = Table(title=_MATRIX.in_language(self.language))
        table.add_column(Text(zh="地方", en="place").in_language(self.language))
        table.add_column(Text(zh="类别", en="categories").in_language(self.language))
        for grade in GRADES:
            table.add_column(Text(zh=f"{grade} 级", en=f"grade {grade}").in_language(self.language))
        shown = ""
        for row in rows:
            place = row.place.in_language(self.language)
            table.add_row(
                "" if place == shown else escape(place),
                digit_spans(row.categories),
                *(escape(pays.in_language(self.language)) for pays in row.pays),
            )
            shown = place
        self._console.print(table)

    def comparison(self, found: Comparison) -> None:
        """Each change in a line, and what was not compared; that nobody's outcome changes if that is so."""
        for change in found.changes:
            at = self._services(change.services)
            style = "bold" if change.kind is ChangeKind.OUTCOME else "dim"
            who, before, after = (
                escape(text.in_language(self.language)) for text in (change.who, change.before, change.after)
            )
            self._console.print(f"{escape(at)}: {who}: [{style}]{before} → {after}[/]", soft_wrap=True)
        if not found:
            self.say(_NOTHING_CHANGES)
        elif not found.changes:
            self.say(_NO_TRIED_CHANGES)
        for untried in found.untried:
            self.say(
                _UNTRIED.format(at=self._services(untried.services), variables=", ".join(untried.variables))
            )

    def _services(self, services: Sequence[Text]) -> str:
        at = "; ".join(service.in_language(self.language) for service in services[:_MOST_SERVICES])
        if (more := len(services) - _MOST_SERVICES) > 0:
            at += _MORE_SERVICES.format(number=more).in_language(self.language)
        return at
