"""Conditions of rules in CEL (Common Expression Language): linear time, no side effects, yes or no.

A condition is compiled and tried when its pack is loaded; what can't answer yes or no is refused there. What
fails later, for one card or on one day, raises ConditionFailed, and the rule grants nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Final

import cel

from crypto.explained import Text
from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceDomain, ServiceFeature, ServiceItem, ServiceKind
from terminal.decisions.region import city_prefix, province_prefix
from terminal.errors import ConditionFailed, ConditionRejected

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
    *(feature.value for feature in ServiceFeature),
)
FUNCTIONS: Final = frozenset({"contains", "endsWith", "size", "startsWith"})

# CEL's macros bind a name of the author's choice. One is enough for a list of categories; nested ones would
# make a condition's cost grow faster than its length.
_MACRO_WORD: Final = re.compile(r"\b(?:all|exists|exists_one|existsOne|map|filter)\b")
_MACRO: Final = re.compile(
    r"\.\s*(?:all|exists|exists_one|existsOne|map|filter)\s*\(\s*(?P<bound>[A-Za-z_]\w*)\s*,"
)

# What the CEL library raises while it evaluates; RuntimeError covers undefined names and failed functions.
_EVALUATION_ERRORS: Final = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)


class Circumstances:
    """All variables of one decision, converted to CEL once and shared by every rule that is tried."""

    def __init__(  # noqa: PLR0917  what a condition may ask, in the order of VARIABLES
        self, card: CardFacts, service: ServiceItem, fare: int, party: Party, on: date, hotlist_age: int
    ) -> None:
        variables: dict[str, bool | int | str | list[int]] = {
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
        }
        for feature in ServiceFeature:
            variables[feature.value] = feature in service.features
        self.context: Final = cel.Context(variables=variables)


def _probes() -> tuple[Circumstances, ...]:
    """One card of each category and grade, local and not: a condition must answer for all of them."""
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
    return tuple(
        Circumstances(
            CardFacts((category,), grade, "330106" if grade % 2 else "110101", on, on),
            service,
            200,
            Party(grade),
            on,
            grade,
        )
        for category in range(1, 8)
        for grade in range(1, 5)
    )


_PROBES: Final = _probes()


@dataclass(frozen=True)
class Condition:
    """A compiled condition; made by `compile`."""

    source: str
    program: cel.Program

    @classmethod
    def compile(cls, source: str) -> Condition:
        """The condition that `source` says (CEL, at most MAX_CONDITION long); raises ConditionRejected."""
        if len(source) > MAX_CONDITION:
            raise _rejected(
                zh=f"长于 {MAX_CONDITION} 个字符", en=f"it is longer than {MAX_CONDITION} characters"
            )
        if len(_MACRO_WORD.findall(source)) > 1:
            raise _rejected(
                zh="exists、all 等宏多于一个", en="it has more than one macro such as exists or all"
            )
        try:
            program = cel.compile(source)
        except ValueError as error:
            reason = " ".join(str(error).rpartition("ERROR:")[2].split())[:160]
            raise _rejected(zh=f"不是 CEL 表达式（{reason}）", en=f"it is not CEL ({reason})") from error
        condition = cls(source=source, program=program)
        condition._refuse_unknown_names()
        condition._try_on_probes()
        return condition

    def holds(self, circumstances: Circumstances) -> bool:
        """Whether the condition is true; raises ConditionFailed when it is neither true nor false."""
        try:
            answer = self.program.execute(circumstances.context)
        except _EVALUATION_ERRORS as error:
            # The library's message may quote the person's values; the kind of failure is all that goes on.
            raise ConditionFailed(failure=type(error).__name__) from None
        if not isinstance(answer, bool):
            raise ConditionFailed(failure=f"answer of type {type(answer).__name__}")
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

    def _try_on_probes(self) -> None:
        for probe in _PROBES:
            try:
                self.holds(probe)
            except ConditionFailed as failed:
                failure = failed.facts["failure"]
                raise _rejected(
                    zh=f"得不出“是”或“否”（{failure}）", en=f"it does not answer true or false ({failure})"
                ) from failed


def _rejected(zh: str, en: str) -> ConditionRejected:
    return ConditionRejected(problem_zh=zh, problem_en=en)
