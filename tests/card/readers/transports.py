"""Every way of reaching a card, for tests that must hold over all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import Final

from card.connection import CardConnection
from card.readers.address import open_reader
from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.pn532_board import Pn532Board
from card.simulator.boards.serial_ccid_board import SerialCcidBoard
from card.simulator.boards.serial_command_response_board import SerialCommandResponseBoard
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.chip import Chip
from card.simulator.chips.t0 import T0Card

SECONDS: Final = 20.0

# Puts a chip on a reader of that kind and connects to it; the service is there for those that need one.
Transport = Callable[[Chip, PrivatePcscd], AbstractContextManager[CardConnection]]


@contextmanager
def in_process(chip: Chip, _service: PrivatePcscd) -> Iterator[CardConnection]:
    """No reader at all."""
    with InProcessConnection(chip) as connection:
        yield connection


@contextmanager
def pcscd(chip: Chip, service: PrivatePcscd) -> Iterator[CardConnection]:
    """A genuine pcscd and vpcd, T=1."""
    with open_reader(service.readers[0]) as reader:
        # pcscd does not see an exchange between two of its looks, and would take this card for the last one.
        reader.wait_for_removal(SECONDS)
        with VpcdLink(chip, service.ports[0]), reader.wait_for_card(SECONDS) as connection:
            yield connection
            connection.close()


@contextmanager
def pcscd_t0(chip: Chip, service: PrivatePcscd) -> Iterator[CardConnection]:
    """A genuine pcscd and vpcd, T=0: every answer is fetched by GET RESPONSE."""
    with pcscd(T0Card(chip), service) as connection:
        yield connection


@contextmanager
def nfcpy(chip: Chip, _service: PrivatePcscd) -> Iterator[CardConnection]:
    """nfcpy's own stack, on a PN532 at a pty."""
    with Pn532Board() as board, open_reader(f"nfc:{board.path}") as reader:
        board.put(chip)
        with reader.wait_for_card(SECONDS) as connection:
            yield connection


@contextmanager
def serial_ccid(chip: Chip, _service: PrivatePcscd) -> Iterator[CardConnection]:
    """CCID over a serial line."""
    with SerialCcidBoard() as board, open_reader(f"serial:acs-ccid-serial:{board.path}") as reader:
        board.put(chip)
        with reader.wait_for_card(SECONDS) as connection:
            yield connection


@contextmanager
def serial_pn532(chip: Chip, _service: PrivatePcscd) -> Iterator[CardConnection]:
    """A PN532 on a serial line whose own firmware speaks ISO/IEC 14443-4."""
    with Pn532Board() as board, open_reader(f"serial:pn532-hsu:{board.path}") as reader:
        board.put(chip)
        with reader.wait_for_card(SECONDS) as connection:
            yield connection


@contextmanager
def serial_stx_etx(chip: Chip, _service: PrivatePcscd) -> Iterator[CardConnection]:
    """STX, length, command … BCC, ETX on a serial line."""
    with (
        SerialCommandResponseBoard() as board,
        open_reader(f"serial:stx-etx-generic:{board.path}") as reader,
    ):
        board.put(chip)
        with reader.wait_for_card(SECONDS) as connection:
            yield connection


TRANSPORTS: Final[Mapping[str, Transport]] = MappingProxyType(
    {
        "in-process": in_process,
        "pcscd+vpcd": pcscd,
        "pcscd+vpcd T=0": pcscd_t0,
        "nfcpy+PN532 pty": nfcpy,
        "serial CCID pty": serial_ccid,
        "serial PN532 pty": serial_pn532,
        "serial STX-ETX pty": serial_stx_etx,
    }
)
