"""`tongka rules explain`: one decision for an invented person, with every rule tried and every sum."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Final

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from crypto.explained import Text
from terminal.decisions.card_facts import CardFacts
from terminal.decisions.decide import Decision
from terminal.decisions.rule_pack import Rule
from terminal.outcome_names import OUTCOME_NAMES
from terminal.rule_checks.arithmetic import sums_in_steps
from terminal.rule_checks.case_run import tried_as_json
from terminal.rule_checks.explain_options import (
    AsJson,
    Category,
    CompanionCard,
    Companions,
    Content,
    Expires,
    Fare,
    FollowsHolder,
    Grade,
    HotlistAge,
    On,
    OnList,
    PackFolder,
    Region,
    Service,
    Ticket,
    Used,
)
from terminal.rule_checks.finding import text_as_json
from terminal.rule_checks.loading import read_book, read_catalogue
from terminal.rule_checks.printing import Printer
from terminal.rule_checks.situation import ALWAYS_ISSUED, NEVER_EXPIRES, Situation

EXAMPLE: Final = (
    "例 · Example: tongka rules explain --content content --category 1 --grade 2 --region 330106 "
    "--service BUS-1 --on 2026-07-01"
)
_ONE_OF_BOTH: Final = "须写 --category 或 --companion-card 之一 / give either --category or --companion-card"
_REGION: Final = "应为六位地区代码，如 330106 / six digits of GB/T 2260 are expected, as 330106"
_USE: Final = "应为名称与次数，如 pack/quota=3 / a name and a number are expected, as pack/quota=3"


def explain(
    *,
    content: Content,
    pack_folder: PackFolder = None,
    service: Service,
    on: On,
    region: Region,
    category: Category = None,
    grade: Grade = 1,
    companion_card: CompanionCard = False,
    expires: Expires = None,
    companions: Companions = 0,
    fare: Fare = None,
    on_list: OnList = None,
    used: Used = None,
    follows_holder: FollowsHolder = False,
    ticket: Ticket = "",
    hotlist_age: HotlistAge = 0,
    as_json: AsJson = False,
) -> None:
    """解释一次判断：试过的每条规则、金额、依据。
    Explain one decision: every rule tried and why, the sums in fen, legal basis and texts.

    供规则编写者用虚构的人试算；不读卡，也不记录。

    For authors of rules, with invented people: no card is read and nothing is kept.

    --json: {"outcome", "rule", "holder_pays", "companion_pays", "companions_admitted", "quota",
    "sums": [{"zh", "en"}], "legal_basis", "holder_text", "staff_text", "bystander_text", "instead",
    "reminder", "tried": [{"rule", "result", "why", "failure", "code", "condition"}], "pack_version"}.

    退出码：0 正常；1 内容有误；2 用法有误。
    Exit code: 0 done; 1 the content is not usable; 2 wrong usage.
    """
    card = _card(category or [], grade, region, expires, is_companion=companion_card)
    book = read_book([content if pack_folder is None else pack_folder])
    item = read_catalogue(content).item(service)
    situation = Situation(
        card=card,
        service=item,
        on=on.date(),
        fare=item.fare if fare is None else fare,
        companions=companions,
        lists=frozenset(on_list or ()),
        uses=MappingProxyType(dict(map(_use, used or ()))),
        follows_holder=follows_holder,
        ticket=ticket,
        hotlist_age=hotlist_age,
    )
    decision = situation.decide(book)
    rules = {rule.name: rule for rule in book.rules_for(item, situation.on)}
    applied = rules.get(decision.rule)
    sums = list(sums_in_steps(situation, decision, None if applied is None else applied.benefit))
    if as_json:
        typer.echo(msgspec.json.encode(_as_json(decision, rules, sums)).decode())
    else:
        _show(decision, rules, sums)


def _card(
    categories: list[int], grade: int, region: str, expires: datetime | None, *, is_companion: bool
) -> CardFacts:
    if is_companion == bool(categories):
        raise typer.BadParameter(_ONE_OF_BOTH, param_hint="--category")
    if len(region) != 6 or not (region.isascii() and region.isdigit()):
        raise typer.BadParameter(_REGION, param_hint="--region")
    return CardFacts(
        categories=tuple(sorted(set(categories))),
        grade=0 if is_companion else grade,
        region=region,
        issued=ALWAYS_ISSUED,
        expires=NEVER_EXPIRES if expires is None else expires.date(),
    )


def _use(text: str) -> tuple[str, int]:
    name, _, number = text.rpartition("=")
    if not name or not number.isdecimal():
        raise typer.BadParameter(_USE, param_hint="--used")
    return name, int(number)


def _texts(decision: Decision) -> dict[str, tuple[Text, Text | None]]:
    """Each text by its name in `--json`: its heading and itself."""
    return {
        "legal_basis": (Text(zh="依据", en="legal basis"), decision.legal_basis),
        "holder_text": (Text(zh="对本人", en="to the holder"), decision.holder_text),
        "staff_text": (Text(zh="对工作人员", en="to staff"), decision.staff_text),
        "bystander_text": (Text(zh="旁人所见", en="to bystanders"), decision.bystander_text),
        "instead": (Text(zh="可以怎么办", en="what instead"), decision.instead),
        "reminder": (Text(zh="提醒", en="reminder"), decision.reminder),
    }


def _as_json(decision: Decision, rules: dict[str, Rule], sums: list[Text]) -> dict[str, object]:
    return {
        "outcome": decision.outcome.value,
        "rule": decision.rule,
        "holder_pays": decision.holder_pays,
        "companion_pays": decision.companion_pays,
        "companions_admitted": decision.companions_admitted,
        "quota": decision.quota,
        "sums": [text_as_json(line) for line in sums],
        **{
            name: None if text is None else text_as_json(text)
            for name, (_heading, text) in _texts(decision).items()
        },
        "tried": [
            {**trial, "condition": rules[str(trial["rule"])].condition.source}
            for trial in tried_as_json(decision)
        ],
        "pack_version": decision.pack_version,
    }


def _show(decision: Decision, rules: dict[str, Rule], sums: list[Text]) -> None:
    printer = Printer()
    language = printer.language
    answer = Table(show_header=False)
    outcome = OUTCOME_NAMES[decision.outcome]
    answer.add_row(Text(zh="结果", en="outcome").in_language(language), outcome.in_language(language))
    answer.add_row(Text(zh="规则", en="rule").in_language(language), decision.rule or "—")
    fares = "\n".join(line.in_language(language) for line in sums)
    answer.add_row(Text(zh="金额（分）", en="sums in fen").in_language(language), fares)
    for heading, text in _texts(decision).values():
        if text is not None:
            answer.add_row(heading.in_language(language), escape(text.in_language(language)))
    printer.table(answer)
    tried = Table(title=Text(zh="试过的规则", en="Rules tried").in_language(language))
    for column in (
        Text(zh="规则", en="rule"),
        Text(zh="条件", en="condition"),
        Text(zh="结果", en="what came of it"),
    ):
        tried.add_column(column.in_language(language))
    for trial in decision.tried:
        why = trial.result.why.in_language(language)
        what = escape(why + printer.trouble(trial))
        tried.add_row(trial.rule, escape(rules[trial.rule].condition.source), what)
    printer.table(tried)
