"""An invented card at a service on a day: all that a decision rests on besides the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from terminal.decisions.card_facts import CardFacts, Party
from terminal.decisions.catalogue import ServiceItem
from terminal.decisions.conditions import Circumstances
from terminal.decisions.decide import Decision, decide
from terminal.decisions.rule_book import RuleBook
from terminal.decisions.standing import Standing
from terminal.decisions.trial import Attempt

#: Noon in China, as UTC.
_NOON: Final = time(4)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
#: An invented card is valid throughout unless a case says otherwise.
ALWAYS_ISSUED: Final = date(1970, 1, 1)
NEVER_EXPIRES: Final = date(9999, 12, 31)

#: A companion card carries these.
NO_CATEGORIES: Final[tuple[int, ...]] = ()
NO_GRADE: Final = 0


@dataclass(frozen=True)
class Situation:
    """One tap as a rule's author thinks of it; `on`: China's date; `fare`: list fare a person, in fen."""

    card: CardFacts
    service: ServiceItem
    on: date
    fare: int
    companions: int = 0
    lists: frozenset[str] = frozenset()
    uses: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    follows_holder: bool = False
    ticket: str = ""
    hotlist_age: int = 0

    def decide(self, rules: RuleBook) -> Decision:
        """What `rules` say at noon of the day. Raises DecisionInputInvalid."""
        return decide(
            self.card,
            self.service,
            (datetime.combine(self.on, _NOON, UTC) - _EPOCH) // timedelta(milliseconds=1),
            self.fare,
            Party(self.companions),
            rules,
            hotlist_age=self.hotlist_age,
            standing=self._standing,
            ticket=self.ticket,
        )

    def attempt(self) -> Attempt:
        """The same, for trying single rules."""
        party = Party(self.companions)
        circumstances = Circumstances(
            self.card, self.service, self.fare, party, self.on, self.hotlist_age, self._standing, self.ticket
        )
        return Attempt(self.card, self.service, self.on, self.fare, party, self._standing, circumstances)

    @property
    def _standing(self) -> Standing:
        return Standing(self.lists, self.uses, self.follows_holder)


def invented_card(categories: tuple[int, ...], grade: int, region: str) -> CardFacts:
    """A card of nobody, valid on every day."""
    return CardFacts(categories, grade, region, ALWAYS_ISSUED, NEVER_EXPIRES)
