"""Conditions of rules in CEL (Common Expression Language): linear time, no side effects, yes or no.

A condition is compiled and tried when its pack is loaded; what can't answer yes or no is refused there. What
fails later, for one card or on one day, raises ConditionFailed, and the rule grants nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

from crypto.explained import Text
from terminal.decisions.card_facts import CardFacts, CardKind, Party
from terminal.decisions.catalogue import ServiceDomain, ServiceFeature, ServiceItem, ServiceKind
from terminal.decisions.cel_library import Context, Program, compile_cel
from terminal.decisions.cel_reading import asked_lists, divides_by_zero, tokens
from terminal.decisions.errors import ConditionFailed, ConditionRejected
from terminal.decisions.failure import Failure
from terminal.decisions.region import city_prefix, province_prefix
from terminal.decisions.standing import NOTHING_KNOWN, Standing

MAX_CONDITION: Final = 500  # characters

# What a condition may ask; docs/add-a-benefit-rule.md says what each means.
VARIABLES: Final = (
    "categories",
    "grade",
    "region",
    "local",
    "same_province",
    "kind",
    "service",
    "operator",
    "fare",
    "companions",
    "year",
    "month",
    "day",
    "hotlist_age",
    "lists",
    "ticket",
    "companion_card",
    "follows_holder",
    *(feature.value for feature in ServiceFeature),
)
FUNCTIONS: Final = frozenset({"contains", "endsWith", "size", "startsWith"})

# CEL's macros bind a name of the author's choice. One is enough for a list of categories; nested ones would
# make a condition's cost grow faster than its length.
_MACRO_WORD: Final = re.compile(r"\b(?:all|exists|exists_one|existsOne|map|filter)\b")
_MACRO: Final = re.compile(
    r"\.\s*(?:all|exists|exists_one|existsOne|map|filter)\s*\(\s*(?P<bound>[A-Za-z_]\w*)\s*,"
)

# The first of the parser's reports; those behind it are mostly its consequences.
_SYNTAX: Final = re.compile(r"ERROR: <input>:(?P<line>\d+):(?P<column>\d+): Syntax error: (?P<what>.*)")
_NAMED: Final = re.compile(r"'(?P<sign>.+?)'(?= at | expecting |$)")
_MAX_SIGN: Final = 40

# What the CEL library raises while it evaluates; RuntimeError covers undefined names and failed functions.
_EVALUATION_ERRORS: Final = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)


class Circumstances:
    """All variables of one decision, converted to CEL once and shared by every rule that is tried."""

    def __init__(  # noqa: PLR0917  what a condition may ask, in the order of VARIABLES
        self,
        card: CardFacts,
        service: ServiceItem,
        fare: int,
        party: Party,
        on: date,
        hotlist_age: int,
        standing: Standing = NOTHING_KNOWN,
        ticket: str = "",
    ) -> None:
        variables: dict[str, bool | int | str | list[int] | list[str]] = {
            "categories": list(card.categories),
            "grade": card.grade,
            "region": card.region,
            "local": city_prefix(card.region) == city_prefix(service.region),
            "same_province": province_prefix(card.region) == province_prefix(service.region),
            "kind": service.kind.value,
            "service": service.code,
            "operator": service.operator,
            "fare": fare,
            "companions": party.companions,
            "year": on.year,
            "month": on.month,
            "day": on.day,
            "hotlist_age": hotlist_age,
            "lists": sorted(standing.lists),
            "ticket": ticket,
            "companion_card": card.kind is CardKind.COMPANION,
            "follows_holder": standing.follows_holder,
        }
        for feature in ServiceFeature:
            variables[feature.value] = feature in service.features
        self.context: Final = Context(variables=variables)


def _probes() -> dict[CardKind, tuple[Circumstances, ...]]:
    """Cards of each kind, category and grade, local and not: a condition must answer for all of its kind."""
    service = ServiceItem(
        code="PROBE",
        name=Text(zh="试算", en="probe"),
        domain=ServiceDomain.SOCIAL,
        kind=ServiceKind.TRANSIT,
        operator="probe",
        region="330106",
        fare=200,
    )
    on = date(2026, 1, 1)

    def probe(categories: tuple[int, ...], grade: int, local: bool, follows: bool) -> Circumstances:
        card = CardFacts(categories, grade, "330106" if local else "110101", on, on)
        return Circumstances(
            card, service, 200, Party(grade), on, grade, Standing(follows_holder=follows), ""
        )

    return {
        CardKind.HOLDER: tuple(
            probe((category,), grade, bool(grade % 2), follows=False)
            for category in range(1, 8)
            for grade in range(1, 5)
        ),
        CardKind.COMPANION: tuple(
            probe((), 0, local, follows) for local in (False, True) for follows in (False, True)
        ),
    }


_PROBES: Final = _probes()


@dataclass(frozen=True)
class Condition:
    """A compiled condition; made by `compile`. `lists`: the standing lists that it asks for."""

    source: str
    program: Program
    lists: frozenset[str] = frozenset()

    @classmethod
    def compile(cls, source: str, kind: CardKind = CardKind.HOLDER) -> Condition:
        """The condition that `source` says (CEL, at most MAX_CONDITION long) of cards of this kind.

        Raises ConditionRejected.
        """
        if len(source) > MAX_CONDITION:
            raise _rejected(
                zh=f"长于 {MAX_CONDITION} 个字符", en=f"it is longer than {MAX_CONDITION} characters"
            )
        if len(_MACRO_WORD.findall(source)) > 1:
            raise _rejected(
                zh="exists、all 等宏多于一个", en="it has more than one macro such as exists or all"
            )
        try:
            program = compile_cel(source)
        except ValueError as error:
            fault = _syntax_fault(str(error))
            raise _rejected(zh=f"不是 CEL 表达式{fault.zh}", en=f"it is not CEL{fault.en}") from error
        words = tokens(source)
        if (lists := asked_lists(words)) is None:
            raise _rejected(
                zh='lists 只能写成 "名单名" in lists，名单名为小写字母、数字、连字符',
                en='lists is asked otherwise than as "name" in lists, with a name of small letters, digits '
                "and hyphens",
            )
        if divides_by_zero(words):
            raise _rejected(zh="除以零", en="it divides by zero")
        condition = cls(source=source, program=program, lists=lists)
        condition._refuse_unknown_names()
        condition._try_on_probes(kind)
        return condition

    def holds(self, circumstances: Circumstances) -> bool:
        """Whether the condition is true; raises ConditionFailed when it is neither true nor false."""
        try:
            answer = self.program.execute(circumstances.context)
        except _EVALUATION_ERRORS as error:
            # The library's message may quote the person's values; the kind of failure is all that goes on.
            raise ConditionFailed(Failure.of(error)) from None
        if not isinstance(answer, bool):
            raise ConditionFailed(Failure.NOT_YES_OR_NO)
        return answer

    def _refuse_unknown_names(self) -> None:
        references = self.program.references()
        bound = {match["bound"] for match in _MACRO.finditer(self.source)}
        if unknown := [
            name for name in references["variables"] if name not in VARIABLES and name not in bound
        ]:
            raise _rejected(zh=f"没有变量 {unknown[0]}", en=f"there is no variable {unknown[0]}")
        # Operators appear as overload names (_+_, @in, !_), which no function is called.
        named = [name for name in references["functions"] if re.fullmatch(r"[A-Za-z]\w*", name)]
        if unknown := [name for name in named if name not in FUNCTIONS]:
            raise _rejected(zh=f"不能使用函数 {unknown[0]}", en=f"the function {unknown[0]} can't be used")

    def _try_on_probes(self, kind: CardKind) -> None:
        for probe in _PROBES[kind]:
            try:
                self.holds(probe)
            except ConditionFailed as failed:
                words = failed.failure.words
                raise _rejected(zh=f"对某些证{words.zh}", en=f"{words.en} for some cards") from failed


def _syntax_fault(report: str) -> Text:
    """Where an expression stops to be CEL, and at what; empty where the library does not say."""
    if (found := _SYNTAX.search(report)) is None:
        return Text(zh="", en="")
    line, column, what = found["line"], found["column"], found["what"]
    named = _NAMED.search(what)
    sign = " ".join(named["sign"].split())[:_MAX_SIGN] if named else ""
    if sign == "<EOF>":
        return Text(zh="：没有写完", en=": it ends too early")
    if not sign:
        return Text(zh=f"：第 {line} 行第 {column} 个字符处有误", en=f" at line {line}, column {column}")
    if what.startswith("missing"):
        zh, en = f"缺少 {sign}", f"{sign} is missing"
    else:
        zh, en = f"不能有 {sign}", f"{sign} can't stand there"
    return Text(zh=f"：第 {line} 行第 {column} 个字符处{zh}", en=f": line {line}, column {column}: {en}")


def _rejected(zh: str, en: str) -> ConditionRejected:
    return ConditionRejected(problem_zh=zh, problem_en=en)
