"""Errors of a decision's rules: TRM-203, and TRM-320 to 329."""

from __future__ import annotations

from crypto.explained import Text
from terminal.decisions.failure import Failure
from terminal.errors import TerminalError


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
