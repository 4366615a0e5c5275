"""What goes wrong with packs, conditions and decisions: TRM-201 to 208, TRM-320 to 329."""

from __future__ import annotations

from crypto.explained import Text
from terminal.decisions.failure import Failure
from terminal.errors import TerminalError


class RulePackMalformed(TerminalError):
    """A rule pack can't be used; says which file, rule and field, and what to write there.

    Facts: file, place, problem_zh, problem_en, write_zh, write_en.
    """

    code = "TRM-201"
    cause = Text(
        zh="规则包 {file} 的 {place} 有误：{problem_zh}。",
        en="Rule pack {file}, {place}: {problem_en}.",
    )
    next_step = Text(
        zh="请改写为：{write_zh}。改好之前，原有规则继续有效。",
        en="Write {write_en}. Until then the rules in force stay in force.",
    )


class ConditionRejected(TerminalError):
    """A CEL condition can't become part of a rule. Facts: problem_zh, problem_en."""

    code = "TRM-202"
    cause = Text(zh="条件表达式不可用：{problem_zh}。", en="The condition can't be used: {problem_en}.")
    next_step = Text(
        zh="请按 docs/add-a-benefit-rule.md 列出的变量改写条件。",
        en="Rewrite it with the variables that docs/add-a-benefit-rule.md lists.",
    )


class ConditionFailed(TerminalError):
    """A condition gave no yes or no for this card. Facts: failure (its kind in words, never a value)."""

    code = "TRM-203"
    cause = Text(
        zh="规则条件无法求值（{failure}）。", en="The rule's condition could not be worked out ({failure})."
    )
    next_step = Text(
        zh="此规则未给予优惠，其余规则照常；请通知规则发布单位。",
        en="This rule granted nothing, the others were tried; tell whoever publishes the rules.",
    )

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure=failure.words)
        self.failure = failure


class CatalogueMalformed(TerminalError):
    """The service catalogue can't be used; same facts as RulePackMalformed."""

    code = "TRM-204"
    cause = Text(
        zh="服务目录 {file} 的 {place} 有误：{problem_zh}。",
        en="Catalogue {file}, {place}: {problem_en}.",
    )
    next_step = Text(
        zh="请改写为：{write_zh}。改好之前，原有目录继续有效。",
        en="Write {write_en}. Until then the catalogue in force stays in force.",
    )


class RuleBookInconsistent(TerminalError):
    """Rule packs that can't be in force together. Facts: problem_zh, problem_en."""

    code = "TRM-205"
    cause = Text(
        zh="规则包不能同时使用：{problem_zh}。", en="The rule packs can't be used together: {problem_en}."
    )
    next_step = Text(
        zh="请让同名规则包的有效期首尾相接且不重叠。",
        en="Let packs of one name follow each other without overlap.",
    )


class DecisionInputInvalid(TerminalError):
    """A fare, party or time that no terminal can have meant. Facts: field, value."""

    code = "TRM-206"
    cause = Text(
        zh="无法判定：{field} 的值 {value} 超出范围。", en="No decision: {field} is out of range ({value})."
    )
    next_step = Text(
        zh="请核对票价、同行人数与终端时间。",
        en="Check the fare, the number of companions and the terminal's clock.",
    )


class ServiceUnknown(TerminalError):
    """A service code is not in the catalogue. Facts: service."""

    code = "TRM-207"
    cause = Text(zh="服务目录中没有服务“{service}”。", en="The catalogue has no service {service}.")
    next_step = Text(
        zh="请核对服务代码与服务目录 catalogue.toml 是否一致（终端的代码在 terminal.toml 的 service）。",
        en="Check the code against catalogue.toml; a terminal's is `service` in terminal.toml.",
    )


class MisuseNotRuled(TerminalError):
    """No rule pack says what misuse of a card brings there and then. Facts: region, found."""

    code = "TRM-208"
    cause = Text(
        zh="没有规则包规定 {region} 在 {found} 的违规后果。",
        en="No rule pack says what misuse brings in {region} on {found}.",
    )
    next_step = Text(
        zh="请在当地规则包写明 [misuse] 及其依据；没有依据的不得停用。",
        en="Write [misuse] with its legal basis into the local pack; without one nobody is barred.",
    )


class TicketClassUnknown(TerminalError):
    """A rule gives a class of ticket that the service does not sell. Facts: ticket (the class's id)."""

    code = "TRM-320"
    cause = Text(
        zh="规则给予票种“{ticket}”，该服务的目录条目没有此票种。",
        en="The rule gives the ticket class {ticket}, which the service's catalogue entry does not have.",
    )
    next_step = Text(
        zh="此规则未给予优惠，其余规则照常；请在 catalogue.toml 的 tickets 中写明票价。",
        en="This rule granted nothing, the others were tried; give its price in `tickets` of catalogue.toml.",
    )


class RuleFailed(TerminalError):
    """A rule could not be worked out for a tap and granted nothing. Facts: rule ("pack/id"), failure."""

    code = "TRM-321"
    cause = Text(
        zh="规则 {rule} 对这次刷卡无法求值：{failure}。",
        en="The rule {rule} could not be worked out for this tap: {failure}.",
    )
    next_step = Text(
        zh="它没有给予优惠，其余规则照常。请规则发布单位用 tongka rules lint 找出原因，改写后以新版本发布。",
        en="It granted nothing, the others were tried. Whoever publishes it finds the cause by `tongka rules "
        "lint`, rewrites it, raises the version and publishes it.",
    )

    def __init__(self, rule: str, failure: Failure) -> None:
        super().__init__(rule=rule, failure=failure.words)
