"""What a card is that is not ours: named after at most two APDUs, the refused SELECT among them.

The ATR alone names many cards. For the others one more SELECT goes out, of the name that the ATR hints at or
that most cards would know. A card that stays unknown belongs to the generic family: naming helps the clerk,
and nothing depends on it.

    with naming_foreign_cards(connection):
        fci = session.select()
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from card.apdu import select_by_df_name
from card.atr import Atr
from card.connection import CardConnection
from card.errors import AnswerMalformed, AnswerTooLate, ForeignCard
from card.foreign_cards import ForeignCardFamily, foreign_cards


def name_foreign_card(connection: CardConnection, atr: bytes) -> ForeignCardFamily:
    """The family of a card that refused our SELECT, after at most one more command.

    Never fails because of what the card is or says. Raises CardTorn when it leaves, and what a reader raises.
    """
    cards = foreign_cards()
    parsed = _parsed(atr)
    named = None if parsed is None else cards.named_by(parsed)
    if named is not None:
        return named
    probe = cards.best_probe(parsed)
    try:
        # Straight over the connection: fetching what 61xx announces would be a third command, and the status
        # word alone says that the card knows the name.
        answer = connection.transmit(select_by_df_name(probe.df_name_bytes))
    except (AnswerMalformed, AnswerTooLate):
        return cards.generic
    return cards.confirmed_by(probe, answer) or cards.generic


@contextmanager
def naming_foreign_cards(connection: CardConnection) -> Iterator[None]:
    """Raise a ForeignCard with its family in place of one that has none; let everything else pass.

    Raises CardTorn in its place when the card leaves meanwhile, and what a reader raises.
    """
    try:
        yield
    except ForeignCard as error:
        raise ForeignCard(name_foreign_card(connection, connection.atr)) from error.__cause__


def _parsed(atr: bytes) -> Atr | None:
    try:
        return Atr.from_bytes(atr)
    except AnswerMalformed:
        return None
