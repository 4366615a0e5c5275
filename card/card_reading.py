"""All that a terminal with a PSAM may read of a card, in one visit."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from card.answer_time import ANSWER_SECONDS, TimelyConnection
from card.application import CardApplication
from card.connection import CardConnection
from card.fci import Fci
from card.field_encoding import Encoding
from card.files import Access, FileLayout, Record
from card.identity import internal_authenticate
from card.profile import CardProfile
from card.verification import known_issuer, require_issuer_signature, require_tap_proof
from crypto.assurance import Assurance
from crypto.credential import TapCredential
from crypto.trust import TrustStore

# All files of the reference profile, full, are 35 kB: some 160 short commands, 15 seconds with a slow card on
# a slow reader.
VISIT_SECONDS: Final = 60.0


@dataclass(frozen=True, repr=False)
class CardReading:
    """What was read from a card, and what shows that it is the card's. No `repr`: it is the holder's.

    One assurance is for all of it: the kinds are never mixed in one reading. `credential`: the one whose key
    the chip proved, None where it proved none.
    """

    profile: CardProfile
    assurance: Assurance
    files: tuple[tuple[FileLayout, tuple[Record, ...]], ...]
    credential: TapCredential | None = None

    @classmethod
    def of(
        cls,
        connection: CardConnection,
        psam: CardConnection | None,
        profile: CardProfile,
        names: tuple[str, ...],
        *,
        trust: TrustStore | None = None,
        seconds: float = VISIT_SECONDS,
    ) -> Self:
        """Read these files, or without names all; without a PSAM only what everybody may read.

        With a PSAM, a chip whose profile has a tap path proves its key, too; `trust`: and its issuer is
        looked at, for which there must be such a path. `seconds`: how long the card's answers may take
        together.
        Raises ForeignCard, CardDeactivated, CardCloned, UnknownIssuer, CredentialForged, AnswerTooLate,
        AuthenticationRefused, PsamRefused, ApduRefused, AnswerMalformed, SecureMessagingBroken, ProfileLacks
        and what the connections raise.
        """
        readable = (Access.ALWAYS,) if psam is None else (Access.ALWAYS, Access.READER)
        files = [profile.file_named(name) for name in names] or [
            file for file in profile.file if file.read in readable
        ]
        application = CardApplication(TimelyConnection(connection, ANSWER_SECONDS, seconds), profile)
        application.select()
        assurance, credential = Assurance.NONE, None
        if psam is not None:
            # The chip's proof comes first: a plain command would end the session that authenticate() begins.
            assurance, credential = _public_key_checks(application, trust)
            application.authenticate(psam)
        read = tuple((file, application.read_file(file.name)) for file in files)
        return cls(profile, assurance, read, credential)

    def pictures(self) -> Iterator[bytes]:
        """The pictures, in the order of the files."""
        for file, records in self.files:
            for field in file.field:
                for record in records:
                    value = record.get(field.name)
                    if field.encoding is Encoding.JPEG and isinstance(value, bytes):
                        yield value


def _public_key_checks(
    application: CardApplication, trust: TrustStore | None
) -> tuple[Assurance, TapCredential | None]:
    """The checks that need no PSAM, as far as profile and trust store allow them."""
    profile = application.profile
    if trust is None and profile.tap is None:
        return Assurance.PSAM, None
    challenge = secrets.token_bytes(profile.tap_path.internal_authenticate.challenge_bytes)
    credential = Fci.from_bytes(application.fci, profile).tap_credential()
    if trust is not None:
        issuer = known_issuer(credential, trust)
        require_issuer_signature(credential.verify_signature(issuer.public_key))
    require_tap_proof(internal_authenticate(application, challenge), challenge, credential)
    return (Assurance.CHIP if trust is None else Assurance.ISSUER), credential
