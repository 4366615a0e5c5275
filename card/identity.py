"""The identity application's session: what a terminal asks of a card, in the terminal's terms."""

from __future__ import annotations

from card.apdu import CommandApdu, Instruction
from card.application import CardApplication
from card.connection import CardConnection
from card.errors import AnswerMalformed
from card.fci import Fci
from card.profile import CardProfile
from crypto.errors import TapProofMalformed
from crypto.tap_proof import TapProof


class IdentitySession:
    """One visit to the identity application of a card on an open connection."""

    def __init__(self, connection: CardConnection, profile: CardProfile) -> None:
        self._application = CardApplication(connection, profile)
        self._profile = profile

    def select(self) -> Fci:
        """SELECT the application by its AID (ISO/IEC 7816-4 clause 11).

        Raises ForeignCard for any card without it, CardDeactivated, AnswerMalformed, CardTorn, and what a
        reader raises.
        """
        return Fci.from_bytes(self._application.select(), self._profile)

    def internal_authenticate(self, challenge: bytes) -> TapProof:
        """The card's signature over a tap challenge and its counter (ISO/IEC 7816-4 clause 11).

        `challenge` is a TapChallenge's bytes. Raises ApduRefused, AnswerMalformed, CardTorn, and what a
        reader raises; ValueError when the challenge has not the length that the profile gives.
        """
        return internal_authenticate(self._application, challenge)


def internal_authenticate(application: CardApplication, challenge: bytes) -> TapProof:
    """INTERNAL AUTHENTICATE in a visit that goes on; as IdentitySession.internal_authenticate()."""
    layout = application.profile.tap_path.internal_authenticate
    if len(challenge) != layout.challenge_bytes:
        raise ValueError(f"a challenge has {layout.challenge_bytes} bytes, not {len(challenge)}")
    command = CommandApdu(
        0x00,
        Instruction.INTERNAL_AUTHENTICATE,
        int(layout.algorithm, 16),
        int(layout.key, 16),
        challenge,
        le=256,
    )
    data = application.exchange.send(command, "INTERNAL AUTHENTICATE")
    try:
        return TapProof.from_bytes(data)
    except TapProofMalformed as error:
        raise AnswerMalformed(what="tap proof", detail=error.facts["detail"]) from error
