"""Cards with full data, and terminals with a PSAM, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Final

from card.apdu import CommandApdu, ResponseApdu
from card.application import CardApplication, Role
from card.connection import CardConnection
from card.profile import reference_profile
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.psam import PsamChip
from card.simulator.issuing.personalisation import Holder
from crypto.closing import Closing
from tests.card.cards import ISSUER

PHOTO: Final = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 30 + b"\xff\xd9"
FILES: Final = {
    "holder": [
        {
            "name": "测试一",
            "certificate_number": "33010619900307009X11",
            "sex": "2",
            "nation": "01",
            "birth_date": "1990-03-07",
            "address": "测试路1号",
            "authority": "测试残联",
        }
    ],
    "disability": [{"grades": "1142", "assessed": "2026-01-31", "review_due": "2031-01-31"}],
    "guardian": [{"name": "测试二", "relation": "母亲", "telephone": "0571-00000000"}],
    "companions": [
        {"name": "测试三", "card_id": "8F1D4C02A97BE365", "until": "2027-06-30"},
        {"name": "测试四", "until": "2027-06-30"},
    ],
    "photo": [{"picture": PHOTO.hex()}],
    "services": [{"service": "BUS", "region": "130300", "from": "2026-03-01"}],
}
SECRETS: Final = (
    "测试一".encode("gb18030"),
    b"33010619900307009X11",
    "母亲".encode("gb18030"),
    PHOTO[100:140],
)


def full_card() -> ChipContents:
    """A personalised card with every file but the companion's photo."""
    return ISSUER.personalise(Holder((1, 4), 1, "330106", date(2026, 1, 1), date(2036, 1, 1), {**FILES}))


class Tap(Closing):
    """A connection that keeps what passes, and lets a test change an answer on its way."""

    def __init__(self, connection: CardConnection) -> None:
        self._connection = connection
        self.commands: list[CommandApdu] = []
        self.answers: list[ResponseApdu] = []

    @property
    def atr(self) -> bytes:
        """The card's."""
        return self._connection.atr

    @property
    def max_apdu(self) -> int:
        """As long as the connection's."""
        return self._connection.max_apdu

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Passed on, and kept."""
        self.commands.append(command)
        answer = self.changed(self._connection.transmit(command))
        self.answers.append(answer)
        return answer

    def changed(self, answer: ResponseApdu) -> ResponseApdu:
        """The answer as the terminal gets it."""
        return answer

    def close(self) -> None:
        """Close the connection behind."""
        self._connection.close()


@contextmanager
def psam_slot(*roles: Role) -> Iterator[InProcessConnection]:
    """A connection to a PSAM of the tests' issuer."""
    with InProcessConnection(PsamChip(ISSUER.psam_for(*(roles or (Role.READER,))))) as connection:
        yield connection


@contextmanager
def opened(chip: Chip, role: Role = Role.READER) -> Iterator[tuple[CardApplication, Tap]]:
    """A visit to a card that is authenticated, and the line that it goes over."""
    with Tap(InProcessConnection(chip)) as line, psam_slot(role) as psam:
        application = CardApplication(line, reference_profile())
        application.select()
        application.authenticate(psam, role)
        yield application, line
