"""The authentication method `mutual-sm4`: card and PSAM prove their keys, then secure messaging under SM4."""

from __future__ import annotations

from typing import Final

import msgspec

from card.apdu import CommandApdu, Instruction
from card.application import OVERHEAD_BYTES, CardApplication, Channel, Role
from card.connection import CardConnection
from card.errors import (
    AnswerMalformed,
    ApduRefused,
    AuthenticationRefused,
    CardProfileRefused,
    ProfileLacks,
)
from card.exchange import ANY_STATUS, MAX_ANSWER_BYTES, Exchange
from card.fci import Fci, serial_of_blank
from card.mutual_authentication import RANDOM_BYTES
from card.profile import CardProfile, HexByte
from card.psam import Psam
from card.secure_messaging import SecureMessaging, SessionKeys
from card.status_word import StatusWord, describe_status_word
from crypto.explained import Text

KEY_VERSION_FIELD: Final = "key_version"


class MutualSm4Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The numbers of the key pairs, one a role, the same on card and PSAM.

    `key_version_file` is the file, free to read, whose field `key_version` must be the PSAM's.
    """

    reader_key: HexByte
    issuer_key: HexByte
    transport_key: HexByte
    key_version_file: str = ""

    def key(self, role: Role) -> int:
        """The number of a role's pair."""
        by_role = {
            Role.READER: self.reader_key,
            Role.ISSUER: self.issuer_key,
            Role.TRANSPORT: self.transport_key,
        }
        return int(by_role[role], 16)


class ProtectedChannel:
    """Commands under secure messaging; a `Channel`."""

    def __init__(self, exchange: Exchange, keys: SessionKeys) -> None:
        self._exchange = exchange
        self._messaging = SecureMessaging(keys)

    def send(self, command: CommandApdu, name: str, *, max_answer: int = MAX_ANSWER_BYTES) -> bytes:
        """The answer's data in plain.

        Raises ApduRefused for a status word other than 9000, SecureMessagingBroken, and what the connection
        raises.
        """
        answer = self._exchange.send_for_response(
            self._messaging.wrap(command), name, accept=ANY_STATUS, max_answer=max_answer + OVERHEAD_BYTES
        )
        plain = self._messaging.unwrap(answer)
        if plain.sw != StatusWord.NO_ERROR:
            raise ApduRefused(name, plain.sw)
        return plain.data


def open_files(application: CardApplication, psam: CardConnection, role: Role) -> Channel:
    """Authenticate card and PSAM to each other.

    Raises AuthenticationRefused, PsamRefused, AnswerMalformed, ApduRefused and what the connections raise.
    """
    profile = application.profile
    key = profile.parameters(MutualSm4Parameters).key(role)
    module = Psam(psam, profile.full_data_path.psam_aid_bytes)
    identity = module.select()
    if role is Role.READER:
        _require_key_version(application, identity.key_version)
    random = _card_random(application.exchange)
    token = module.prepare_authentication(key, _diversifier(application, role), random)
    return ProtectedChannel(
        application.exchange, module.finish_authentication(_card_token(application, key, token))
    )


def check_parameters(profile: CardProfile) -> None:
    """Three numbers that differ, and a file with a key version. Raises CardProfileRefused, ProfileLacks."""
    parameters = profile.parameters(MutualSm4Parameters)
    if len({parameters.key(role) for role in Role}) != len(Role):
        raise CardProfileRefused(
            file=profile.id,
            problem="full_data.parameters",
            instead=Text(zh="请为每个角色写不同的密钥编号", en="Give each role a key number of its own"),
        )
    if name := parameters.key_version_file:
        file = profile.file_named(name)
        if file.field_named(KEY_VERSION_FIELD) is None:
            raise ProfileLacks(profile=profile.id, what=f"{name}.{KEY_VERSION_FIELD}")


def _require_key_version(application: CardApplication, of_psam: int) -> None:
    """A PSAM of another key version would cost the card one of its tries, and open nothing."""
    name = application.profile.parameters(MutualSm4Parameters).key_version_file
    for record in application.read_file(name) if name else ():
        of_card = record[KEY_VERSION_FIELD]
        if of_card != str(of_psam):
            raise AuthenticationRefused(detail=f"key version {of_card!s} of the card, {of_psam} of the PSAM")


def _diversifier(application: CardApplication, role: Role) -> bytes:
    """What makes the card's keys its own: the card id or, before there is one, the chip's serial number."""
    if role is Role.TRANSPORT:
        return serial_of_blank(application.fci, application.profile)
    return Fci.from_bytes(application.fci, application.profile).tap_credential().card_id


def _card_random(exchange: Exchange) -> bytes:
    command = CommandApdu(0x00, Instruction.GET_CHALLENGE, 0x00, 0x00, le=RANDOM_BYTES)
    random = exchange.send(command, "GET CHALLENGE")
    if len(random) != RANDOM_BYTES:
        raise AnswerMalformed(what="GET CHALLENGE", detail=f"{len(random)} bytes")
    return random


def _card_token(application: CardApplication, key: int, token: bytes) -> bytes:
    command = CommandApdu(0x00, Instruction.EXTERNAL_AUTHENTICATE, 0x00, key, token, le=256)
    try:
        return application.exchange.send(command, "MUTUAL AUTHENTICATE")
    except ApduRefused as error:
        raise AuthenticationRefused(detail=describe_status_word(error.sw)) from error
