"""How an issuer personalises, blocks and unblocks a card: under secure messaging, through its PSAM."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from card.apdu import CommandApdu, Instruction
from card.application import CardApplication, Role
from card.connection import CardConnection
from card.errors import AnswerMalformed
from card.files import Record
from card.mutual_authentication import StaticKeys
from card.profile import CardProfile
from crypto.credential import CredentialTag
from crypto.errors import KeyMalformed, TlvMalformed
from crypto.sm2 import PublicKey
from crypto.tlv import Tlv

PUT_KEYS: Final = 0x00E9  # P1-P2 of PUT DATA: key number ‖ K.ENC ‖ K.MAC
GENERATE: Final = 0x8000  # P1-P2: make a new key pair (ISO/IEC 7816-8, GENERATE ASYMMETRIC KEY PAIR)


class LifeCycleCommand(IntEnum):
    """Commands that move the application's life cycle (ISO/IEC 7816-9)."""

    DEACTIVATE = Instruction.DEACTIVATE_FILE
    ACTIVATE = Instruction.ACTIVATE_FILE
    TERMINATE = Instruction.TERMINATE_DF


@dataclass(frozen=True, repr=False)
class Personalisation:
    """What an issuer puts on a chip. No `repr`: it is the holder's.

    Attributes:
        credential: makes the tap credential for the key that the chip generated.
        keys: the card's own key pairs by number.
        files: records by file name; a transparent file has one.
    """

    credential: Callable[[PublicKey], bytes]
    keys: Mapping[int, StaticKeys]
    files: Mapping[str, tuple[Record, ...]]


def personalise_chip(
    connection: CardConnection, psam: CardConnection, profile: CardProfile, what: Personalisation
) -> None:
    """Personalise a chip as its maker delivers it, and activate it.

    `psam` is the issuer's, with the transport key. Raises FieldMalformed, AuthenticationRefused, PsamRefused,
    ApduRefused (a chip that is personalised already), AnswerMalformed, and what the connections raise.
    """
    application = CardApplication(connection, profile)
    application.select()
    application.authenticate(psam, Role.TRANSPORT)
    for number, pair in what.keys.items():
        _put_data(application, PUT_KEYS, bytes((number,)) + pair.to_bytes())
    _put_data(application, CredentialTag.CREDENTIAL, what.credential(_generated_key(application)))
    for name, records in what.files.items():
        application.write_file(name, records)
    change_life_cycle(application, LifeCycleCommand.ACTIVATE)


def open_as_issuer(connection: CardConnection, psam: CardConnection, profile: CardProfile) -> CardApplication:
    """A visit with the issuer's rights, also to a card that was blocked.

    Raises ForeignCard, AuthenticationRefused, PsamRefused, and what the connections raise.
    """
    application = CardApplication(connection, profile)
    application.select(deactivated_too=True)
    application.authenticate(psam, Role.ISSUER)
    return application


def change_life_cycle(application: CardApplication, command: LifeCycleCommand) -> None:
    """Block, unblock or end the application. Raises ApduRefused and what the connection raises."""
    application.send(CommandApdu(0x00, command, 0x00, 0x00), command.name)


def _put_data(application: CardApplication, tag: int, data: bytes) -> None:
    application.send(CommandApdu(0x00, Instruction.PUT_DATA, tag >> 8, tag & 0xFF, data), "PUT DATA")


def _generated_key(application: CardApplication) -> PublicKey:
    name = "GENERATE ASYMMETRIC KEY PAIR"
    command = CommandApdu(
        0x00, Instruction.GENERATE_ASYMMETRIC_KEY_PAIR, GENERATE >> 8, GENERATE & 0xFF, le=256
    )
    try:
        template = Tlv.unpack(CredentialTag.PUBLIC_KEY, application.send(command, name))
        return PublicKey.from_point(Tlv.unpack(CredentialTag.POINT, template))
    except (TlvMalformed, KeyMalformed) as error:
        raise AnswerMalformed(what=name, detail=error.facts["detail"]) from error
