"""Errors of decisions beyond those of packs and conditions: TRM-320 to 329."""

from crypto.explained import Text
from terminal.errors import TerminalError


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
