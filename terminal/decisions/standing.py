"""What a terminal knows of a card beyond its credential, for rules that ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True)
class Standing:
    """A card's standing at the moment of a tap; none of it shows in its repr, so none reaches a log.

    lists: the standing lists that the card is on, exact signed sets of the centre's such as `minors`.
    uses: how often a quota ("pack/id") was used in the window open now; one that is not named was not used.
    follows_holder: whether this is a companion card, tapped directly after its holder's.
    """

    lists: frozenset[str] = field(default=frozenset(), repr=False)
    uses: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    follows_holder: bool = field(default=False, repr=False)


#: On no list, nothing used yet, nobody tapped before.
NOTHING_KNOWN: Final = Standing()
