"""Cards that are not what their issuer made: forged, copied, of other days, or a recording."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from card.errors import HolderRefused
from card.identity import IdentitySession
from card.profile import reference_profile
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.faults import SUCCESS, asks_for_proof
from card.simulator.chips.wrapped_chip import WrappedChip
from card.simulator.issuing.personalisation import TestIssuer
from crypto.credential import TapCredential, issue_credential
from crypto.errors import CredentialMalformed
from crypto.sm2 import PrivateKey


def forge(card: ChipContents) -> ChipContents:
    """The card with a credential that names the issuer but was signed by somebody else."""
    credential = TapCredential.from_bytes(card.credential)
    signature = PrivateKey.generate().sign(credential.body_bytes())
    return replace(card, credential=replace(credential, signature=signature).to_bytes())


def clone(card: ChipContents) -> ChipContents:
    """A copy of everything that can be read from the card, on a chip with another private key."""
    return replace(card, private_key=PrivateKey.generate())


def reissue(card: ChipContents, issuer: TestIssuer, issued: date, expires: date) -> ChipContents:
    """The card with other days of validity, signed by this issuer: a stale one, or one not yet valid.

    Raises HolderRefused for days that the issuer's key does not cover or that make no credential.
    """
    old = TapCredential.from_bytes(card.credential)
    if not issuer.issuer_key.covers(issued):
        raise HolderRefused(detail="the issuer's key does not cover the day of issue")
    try:
        credential = issue_credential(
            issuer.private_key,
            issuer_key_id=issuer.issuer_key.key_id,
            card_id=old.card_id,
            categories=old.categories,
            grade=old.grade,
            region=old.region,
            issued=issued,
            expires=expires,
            card_key=old.card_key,
        )
    except CredentialMalformed as error:
        raise HolderRefused(detail=error.facts["detail"]) from error
    return replace(card, credential=credential.to_bytes())


class ReplayingChip(WrappedChip):
    """A card that can be read but not asked: to each challenge it plays back one proof, recorded earlier.

    The recording is made when the chip is wrapped. Raises what IdentitySession raises for a chip that gives
    no proof.
    """

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        profile = reference_profile()
        with InProcessConnection(chip) as connection:
            session = IdentitySession(connection, profile)
            session.select()
            challenge = bytes(profile.tap_path.internal_authenticate.challenge_bytes)
            self._recording = session.internal_authenticate(challenge).to_bytes() + SUCCESS

    def process(self, command: bytes) -> bytes:
        """The recording where a proof is asked for, else the chip's answer. Raises CardTorn."""
        return self._recording if asks_for_proof(command) else super().process(command)
