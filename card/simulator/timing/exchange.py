"""What a tap sends over the air, measured on the reference applet itself."""

from __future__ import annotations

from datetime import date
from typing import Final

from card.identity import IdentitySession
from card.profile import reference_profile
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import VolatileMemory
from card.simulator.chips.wrapped_chip import WrappedChip
from card.simulator.issuing.personalisation import Holder, TestIssuer
from card.simulator.timing.model import ApduSizes, TapExchange

VALID: Final = (date(2026, 1, 1), date(2036, 1, 1))  # any days do: every credential has the same length


def recorded_tap(chip: Chip | None = None) -> TapExchange:
    """Tap a chip in this process, a reference applet made for the purpose by default, and measure its APDUs.

    Raises what IdentitySession raises for a chip that is no reference applet.
    """
    recorder = _Recorder(chip or _reference_applet())
    profile = reference_profile()
    with InProcessConnection(recorder) as connection:
        session = IdentitySession(connection, profile)
        session.select()
        session.internal_authenticate(bytes(profile.tap_path.internal_authenticate.challenge_bytes))
    return TapExchange(historical_byte_count(recorder.atr), tuple(recorder.apdus))


def historical_byte_count(atr: bytes) -> int:
    """How many historical bytes an ATR, and so the ATS that it was made of, has (ISO/IEC 7816-3 §8.2, T0)."""
    return atr[1] & 0x0F


class _Recorder(WrappedChip):
    """Notes the size of every command and answer."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self.apdus: list[ApduSizes] = []

    def process(self, command: bytes) -> bytes:
        answer = super().process(command)
        self.apdus.append(ApduSizes.of(command, answer))
        return answer


def _reference_applet() -> ReferenceApplet:
    first, last = VALID
    issuer = TestIssuer.generate(first, last)
    card = issuer.personalise(Holder((1,), grade=1, region="330106", issued=first, expires=last))
    return ReferenceApplet(VolatileMemory(card))
