"""A card that nobody here wrote, the Virtual Smart Card project's, is named as foreign within two APDUs."""

from pathlib import Path

import pytest

from card.apdu import CommandApdu, Instruction, ResponseApdu
from card.connection import CardConnection
from card.errors import ForeignCard
from card.foreign_cards import foreign_cards
from card.identity import IdentitySession
from card.profile import reference_profile
from card.readers.pcsc import PcscReader
from card.recognition import naming_foreign_cards
from card.simulator.boards.pcscd import PrivatePcscd
from tests.card.test_foreign_tools import SECONDS, vicc


class Counting:
    """An open connection; keeps what was sent over it. The one who opened it closes it."""

    def __init__(self, connection: CardConnection) -> None:
        self._connection = connection
        self.sent: list[CommandApdu] = []

    @property
    def atr(self) -> bytes:
        """The connection's."""
        return self._connection.atr

    @property
    def max_apdu(self) -> int:
        """The connection's."""
        return self._connection.max_apdu

    def transmit(self, command: CommandApdu) -> ResponseApdu:
        """Passed on."""
        self.sent.append(command)
        return self._connection.transmit(command)

    def close(self) -> None:
        """Nothing to do."""

    def __enter__(self) -> "Counting":
        return self

    def __exit__(self, *_exception: object) -> None:
        """Nothing to do."""


def test_the_card_of_vicc_is_of_the_generic_family_after_two_commands(
    private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    with PcscReader(private_pcscd.readers[1]) as reader:
        with vicc(private_pcscd.ports[1], tmp_path), reader.wait_for_card(SECONDS) as connection:
            counting = Counting(connection)
            with pytest.raises(ForeignCard) as refused, naming_foreign_cards(counting):
                IdentitySession(counting, reference_profile()).select()
        reader.wait_for_removal(SECONDS)
    assert refused.value.family == foreign_cards().generic
    assert [command.ins for command in counting.sent] == [Instruction.SELECT] * 2
    assert counting.sent[0].data == reference_profile().aid_bytes
