"""What a chip of the reference applet keeps without power, as one value that changes as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import Final, Protocol

from card.mutual_authentication import StaticKeys
from crypto.sm2 import PrivateKey

MAX_COUNTER: Final = 2**32 - 1
MAX_TRIES: Final = 10  # failed authentications in a row until a key pair is blocked


class LifeCycle(IntEnum):
    """Life cycle of the application (ISO/IEC 7816-4 §7.4.10, life cycle status byte)."""

    MANUFACTURED = 0x03  # initialisation state
    OPERATIONAL = 0x05
    DEACTIVATED = 0x04
    TERMINATED = 0x0C


@dataclass(frozen=True)
class ChipContents:
    """Everything in a chip's non-volatile memory. Its `repr` shows nothing of it.

    Attributes:
        credential: the tap credential, a 7F21 object; empty before personalisation.
        private_key: the SM2 key of the credential; None before it was generated.
        serial: 8 bytes, given by the chip's maker.
        life_cycle: of the application.
        keys: key pairs for mutual authentication by number.
        tries: failed authentications in a row, by key number.
        files: contents by file name; a transparent file is one record.
        counter: tap proofs made so far.
    """

    credential: bytes
    private_key: PrivateKey | None
    serial: bytes = bytes(8)
    life_cycle: LifeCycle = LifeCycle.OPERATIONAL
    keys: Mapping[int, StaticKeys] = field(default_factory=lambda: MappingProxyType({}))
    tries: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))
    files: Mapping[str, tuple[bytes, ...]] = field(default_factory=lambda: MappingProxyType({}))
    counter: int = 0

    def __repr__(self) -> str:
        return f"ChipContents({self.life_cycle.name}, {len(self.credential)} bytes of credential)"


class ChipMemory(Protocol):
    """Where a chip's contents lie."""

    def load(self) -> ChipContents:
        """What lies there now."""

    def store(self, contents: ChipContents) -> None:
        """Replace it, durably before this returns, whole or not at all."""


class VolatileMemory:
    """A chip's memory that lasts as long as the process."""

    def __init__(self, contents: ChipContents) -> None:
        self._contents = contents

    def load(self) -> ChipContents:
        """What was stored last."""
        return self._contents

    def store(self, contents: ChipContents) -> None:
        """Keep it."""
        self._contents = contents
