"""Cards, an issuer and a hotlist for tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from types import MappingProxyType

from card.connection import CardConnection
from card.errors import RefusalReason
from card.profile import reference_profile
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import ChipContents, VolatileMemory
from card.simulator.issuing.personalisation import Holder, TestIssuer
from card.verification import CardStatusList, Refusal, Verification, VerifiedCard, verify
from crypto.sm2 import PrivateKey, PublicKey
from crypto.trust import TrustStore

TODAY = date(2026, 6, 1)
ISSUER = TestIssuer.generate(date(2020, 1, 1), date(2030, 12, 31))
STRANGER = TestIssuer.generate(date(2020, 1, 1), date(2030, 12, 31))
CENTER_KEY = PrivateKey.generate().public_key
TRUST = TrustStore(
    1, MappingProxyType({ISSUER.issuer_key.key_id: ISSUER.issuer_key}), CENTER_KEY, CENTER_KEY, CENTER_KEY
)
CHALLENGE = b"TKT1" + bytes(range(51))


class Listed:
    """A hotlist of these card ids."""

    def __init__(self, *card_ids: bytes) -> None:
        self._card_ids = card_ids

    def status(self, card_id: bytes, issued: date) -> str | None:
        """`lost` when listed, whenever issued."""
        return "lost" if card_id in self._card_ids else None


def personalised(
    issuer: TestIssuer = ISSUER, issued: date = date(2026, 1, 1), expires: date = date(2036, 1, 1)
) -> ChipContents:
    """A card that passes today unless its dates say otherwise."""
    return issuer.personalise(
        Holder(categories=(1,), grade=1, region="330106", issued=issued, expires=expires)
    )


def card_key(card: ChipContents) -> PublicKey:
    """The public key of a personalised chip."""
    assert card.private_key is not None
    return card.private_key.public_key


def applet(card: ChipContents | None = None) -> ReferenceApplet:
    """A chip with this card, never tapped."""
    return ReferenceApplet(VolatileMemory(card or personalised()))


def check(connection: CardConnection, hotlist: CardStatusList | None = None) -> Verification:
    """verify() with the test's trust store, challenge and day."""
    return verify(connection, reference_profile(), TRUST, CHALLENGE, TODAY, hotlist or Listed())


def check_chip(chip: Chip, hotlist: CardStatusList | None = None) -> Verification:
    """check() over an in-process link."""
    with InProcessConnection(chip) as connection:
        return check(connection, hotlist)


def reason(verification: Verification) -> RefusalReason | None:
    """Why a card was refused; None when it was verified."""
    if isinstance(verification, VerifiedCard):
        return None
    assert isinstance(verification, Refusal)
    return verification.reason


class ScriptedChip:
    """A chip whose answers a test computes; counts the commands."""

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self.commands: list[bytes] = []

    @property
    def atr(self) -> bytes:
        """Some ATR."""
        return bytes.fromhex("3B80800101")

    def power_on(self) -> None:
        """No state."""

    def power_off(self) -> None:
        """No state."""

    def process(self, command: bytes) -> bytes:
        """What the test says."""
        self.commands.append(command)
        return self._answer(command)
