"""The PSAM of the reference profile: the security module in a terminal's SAM slot.

To the terminal it is a card. It holds the issuer's master keys; neither they nor any card's keys leave it.
docs/reference-applet.md has its commands.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from card.apdu import CommandApdu, ResponseApdu, select_by_df_name
from card.connection import CardConnection
from card.errors import AnswerMalformed, ApduRefused, AuthenticationRefused, PsamRefused
from card.exchange import Exchange
from card.fci import DF_NAME_TAG, FCI_TAG
from card.mutual_authentication import TOKEN_BYTES
from card.secure_messaging import SessionKeys
from card.status_word import StatusWord
from crypto.errors import TlvMalformed
from crypto.sm4 import KEY_BYTES
from crypto.tlv import Tlv

PSAM_CLA: Final = 0x80  # proprietary class (ISO/IEC 7816-4 §5.4.1)
PSAM_ID_BYTES: Final = 8


class PsamInstruction(IntEnum):
    """Commands of the reference PSAM beside SELECT."""

    PREPARE_AUTHENTICATION = 0x88
    FINISH_AUTHENTICATION = 0x8A


class PsamTag(IntEnum):
    """Tags of the answer to SELECT."""

    FCI = FCI_TAG
    DF_NAME = DF_NAME_TAG
    PROPRIETARY = 0xA5
    PSAM_ID = 0xC1
    KEY_VERSION = 0xC2


@dataclass(frozen=True)
class PsamIdentity:
    """Which PSAM this is: its 8-byte id and the version of its keys."""

    psam_id: bytes
    key_version: int

    @classmethod
    def from_bytes(cls, data: bytes, aid: bytes) -> Self:
        """Parse the answer to SELECT: 6F { 84 AID, A5 { C1 id, C2 key version } }. Raises PsamRefused."""
        try:
            df_name, proprietary = Tlv.parse_list(Tlv.unpack(PsamTag.FCI, data))
            psam_id, key_version = Tlv.parse_list(proprietary.value)
        except (TlvMalformed, ValueError) as error:
            raise _not_a_psam() from error
        tags = [item.tag for item in (df_name, proprietary, psam_id, key_version)]
        if tags != [PsamTag.DF_NAME, PsamTag.PROPRIETARY, PsamTag.PSAM_ID, PsamTag.KEY_VERSION]:
            raise _not_a_psam()
        if df_name.value != aid or len(psam_id.value) != PSAM_ID_BYTES or len(key_version.value) != 1:
            raise _not_a_psam()
        return cls(psam_id.value, key_version.value[0])

    def to_bytes(self, aid: bytes) -> bytes:
        """The answer to SELECT."""
        proprietary = Tlv(PsamTag.PSAM_ID, self.psam_id) + Tlv(
            PsamTag.KEY_VERSION, bytes((self.key_version,))
        )
        return bytes(Tlv(PsamTag.FCI, Tlv(PsamTag.DF_NAME, aid) + Tlv(PsamTag.PROPRIETARY, proprietary)))


class Psam:
    """One visit to the application of a PSAM on an open connection. Raises what the connection raises."""

    def __init__(self, connection: CardConnection, aid: bytes) -> None:
        self._exchange = Exchange(connection)
        self._aid = aid

    def select(self) -> PsamIdentity:
        """SELECT the application. Raises PsamRefused where this is no PSAM of the profile."""
        return PsamIdentity.from_bytes(self.send(select_by_df_name(self._aid), "SELECT"), self._aid)

    def prepare_authentication(self, key: int, card_id: bytes, card_random: bytes) -> bytes:
        """The PSAM's token for a card. `key`: number of the master pair. Raises PsamRefused."""
        command = CommandApdu(
            PSAM_CLA, PsamInstruction.PREPARE_AUTHENTICATION, 0x00, key, card_id + card_random, le=256
        )
        token = self.send(command, "PREPARE AUTHENTICATION")
        if len(token) != TOKEN_BYTES:
            raise PsamRefused(command="PREPARE AUTHENTICATION", status=f"{len(token)} bytes")
        return token

    def finish_authentication(self, token: bytes) -> SessionKeys:
        """The session's keys, for the card's token.

        Raises AuthenticationRefused when the PSAM does not accept the card, and PsamRefused.
        """
        command = CommandApdu(PSAM_CLA, PsamInstruction.FINISH_AUTHENTICATION, 0x00, 0x00, token, le=256)
        not_accepted = StatusWord.SECURITY_CONDITION_NOT_SATISFIED
        answer = self._send_for_response(command, "FINISH AUTHENTICATION", accept=(not_accepted,))
        if answer.sw == not_accepted:
            raise AuthenticationRefused(detail="the PSAM does not accept the card")
        keys = answer.data
        if len(keys) != 2 * KEY_BYTES:
            raise PsamRefused(command="FINISH AUTHENTICATION", status=f"{len(keys)} bytes")
        return SessionKeys(keys[:KEY_BYTES], keys[KEY_BYTES:])

    def send(self, command: CommandApdu, name: str) -> bytes:
        """A command's answer. Raises PsamRefused: a PSAM's refusal says nothing of the card on the reader."""
        return self._send_for_response(command, name).data

    def _send_for_response(
        self, command: CommandApdu, name: str, accept: tuple[StatusWord, ...] = ()
    ) -> ResponseApdu:
        try:
            return self._exchange.send_for_response(command, name, accept=accept)
        except ApduRefused as error:
            raise PsamRefused.by_status(name, error.sw) from error
        except AnswerMalformed as error:
            raise PsamRefused(command=name, status=error.facts["detail"]) from error


def _not_a_psam() -> PsamRefused:
    return PsamRefused(command="SELECT", status="not a PSAM of this profile")
