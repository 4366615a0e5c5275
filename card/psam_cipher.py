"""The authentication method `psam-cipher`: symmetric keys alone, and a PSAM that works with them.

    terminal → card   EXTERNAL AUTHENTICATE: the card's random enciphered, by the PSAM
    card → terminal   INTERNAL AUTHENTICATE: the terminal's random enciphered, compared with the PSAM's
    card → terminal   every record with a MAC over a new random of the terminal's

Each direction has a key of its own, or a card's answers could be sent back to it as a terminal's. The records
themselves are plain on their way, as they are with the cards that this follows: `mutual-sm4` hides them too.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Final

import msgspec

from card.apdu import MAX_SHORT_LE, CommandApdu, Instruction, ResponseApdu, StatusWord
from card.application import CardApplication, Channel, Role
from card.cipher_psam import CipherPsam
from card.connection import CardConnection
from card.errors import (
    AnswerMalformed,
    ApduRefused,
    AuthenticationRefused,
    CardProfileRefused,
    ProfileLacks,
    SecureMessagingBroken,
)
from card.exchange import ANY_STATUS, Exchange
from card.files import Name, Record
from card.profile import CardProfile, HexByte
from card.psam_cipher_mac import MAC_BYTES, PROPRIETARY_SECURE_MESSAGING, mac_message
from card.secure_messaging import pad
from card.status_word import describe_status_word
from crypto.explained import Text
from crypto.sm4 import equal_in_constant_time

DIVERSIFIER_PART_BYTES: Final = 8


class Take(StrEnum):
    """Which 8 bytes of a longer value go into the diversifier."""

    START = "start"
    END = "end"


class PsamCipherParameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What differs between issuers.

    Attributes:
        public_file: has what diversification needs, one field a record, readable by everybody.
        diversifier: two of its fields, in the order in which the PSAM wants them.
        take: which end of a value that is longer than 8 bytes.
        challenge_bytes: of the randoms of card and terminal; with padding they fill one block.
        reader_key, issuer_key: numbers of the keys for EXTERNAL AUTHENTICATE, the same on card and PSAM.
        card_key: number of the key for INTERNAL AUTHENTICATE.
        read_mac_key, update_mac_key: numbers of the keys for MACs.
    """

    public_file: Name
    diversifier: Annotated[tuple[Name, ...], msgspec.Meta(min_length=2, max_length=2)]
    take: Take
    challenge_bytes: Annotated[int, msgspec.Meta(ge=8, le=15)]
    reader_key: HexByte
    issuer_key: HexByte
    card_key: HexByte
    read_mac_key: HexByte
    update_mac_key: HexByte

    @classmethod
    def of(cls, profile: CardProfile) -> PsamCipherParameters:
        """Those of a profile. Raises CardProfileRefused where they are not sound."""
        parameters = profile.parameters(cls)
        numbers = parameters.numbers
        if len(set(numbers)) != len(numbers):
            # One key for two purposes lets an answer of the one pass for the other.
            raise CardProfileRefused(
                file=profile.id,
                problem="[full_data.parameters] two keys have the same number",
                instead=Text(zh="请为每个密钥写不同的编号", en="Give each key a number of its own"),
            )
        file = profile.file_named(parameters.public_file)
        if not file.is_field_a_record:
            raise CardProfileRefused(
                file=profile.id,
                problem=f"[full_data.parameters] public_file = {file.name!r}: its records are templates",
                instead=Text(
                    zh="请指定每条记录只有一个字段的文件", en="Name a file of which each record is one field"
                ),
            )
        for name in parameters.diversifier:
            if file.field_named(name) is None:
                raise ProfileLacks(profile=profile.id, what=f"[[file]] {file.name!r}, field {name!r}")
        return parameters

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers of all keys."""
        return (*self.authentication_numbers, *self.mac_numbers)

    @property
    def authentication_numbers(self) -> tuple[int, ...]:
        """Of the keys for EXTERNAL and INTERNAL AUTHENTICATE."""
        return tuple(int(key, 16) for key in (self.reader_key, self.issuer_key, self.card_key))

    @property
    def mac_numbers(self) -> tuple[int, ...]:
        """Of the keys for MACs."""
        return tuple(int(key, 16) for key in (self.read_mac_key, self.update_mac_key))

    def key_of(self, role: Role, profile: CardProfile) -> int:
        """The number of the key with which a role authenticates. Raises ProfileLacks."""
        match role:
            case Role.READER:
                return int(self.reader_key, 16)
            case Role.ISSUER:
                return int(self.issuer_key, 16)
            case Role.TRANSPORT:
                raise ProfileLacks(profile=profile.id, what="transport_key")


def diversifier(profile: CardProfile, public: Record) -> bytes:
    """The 16 bytes that make a card's keys its own, from the record of its public file.

    Raises AnswerMalformed for values that are too short, FieldMalformed, CardProfileRefused, ProfileLacks.
    """
    parameters = PsamCipherParameters.of(profile)
    file = profile.file_named(parameters.public_file)
    parts = b""
    for name in parameters.diversifier:
        field, value = file.field_named(name), public.get(name)
        encoded = b"" if field is None or value is None else field.encode(value).value
        if len(encoded) < DIVERSIFIER_PART_BYTES:
            raise AnswerMalformed(what=file.title.text, detail=f"`{name}` has {len(encoded)} bytes")
        is_end = parameters.take is Take.END
        parts += encoded[-DIVERSIFIER_PART_BYTES:] if is_end else encoded[:DIVERSIFIER_PART_BYTES]
    return parts


@dataclass(frozen=True, repr=False)
class Session:
    """What an authentication settled: the card's diversifier and the random that its MAC keys come of."""

    parameters: PsamCipherParameters
    diversifier: bytes
    random: bytes


class MacChannel:
    """Records with a MAC, made and checked by the PSAM; a `Channel`."""

    def __init__(self, exchange: Exchange, psam: CipherPsam, session: Session) -> None:
        self._exchange = exchange
        self._psam = psam
        self._session = session
        self._read_key_is_loaded = False

    def send(self, command: CommandApdu, name: str, *, max_answer: int = MAX_SHORT_LE) -> bytes:
        """The answer's data, checked; a command that changes something carries a MAC itself.

        Answers are short: `max_answer` is never reached.
        Raises SecureMessagingBroken for whatever the card did not protect, ApduRefused with 6A83 for a record
        that is not there, PsamRefused, and what the connections raise.
        """
        protected = replace(command, cla=command.cla | PROPRIETARY_SECURE_MESSAGING)
        if command.data or command.ins == Instruction.ERASE_RECORD:
            return self._update(protected, name)
        data = self._read(protected, name)
        if not data:
            raise ApduRefused(name, StatusWord.RECORD_NOT_FOUND)
        return data

    def _read(self, command: CommandApdu, name: str) -> bytes:
        if not self._read_key_is_loaded:
            self._load(self._session.parameters.read_mac_key, self._session.random)
            self._read_key_is_loaded = True
        random = secrets.token_bytes(self._session.parameters.challenge_bytes)
        le = min(MAX_SHORT_LE, (command.le or MAX_SHORT_LE) + MAC_BYTES)
        return self._checked(replace(command, data=random, le=le), name, random)

    def _update(self, command: CommandApdu, name: str) -> bytes:
        random = _card_random(self._exchange, self._session.parameters)
        self._load(self._session.parameters.update_mac_key, random)
        self._read_key_is_loaded = False
        mac = self._psam.mac(mac_message(random, command, command.data))
        return self._checked(replace(command, data=command.data + mac, le=MAX_SHORT_LE), name, random)

    def _load(self, key: HexByte, random: bytes) -> None:
        self._psam.load_mac_key(int(key, 16), self._session.diversifier, random)

    def _checked(self, command: CommandApdu, name: str, random: bytes) -> bytes:
        """The answer without its MAC. Raises SecureMessagingBroken unless every byte of it is the card's."""
        answer = self._exchange.send_for_response(command, name, accept=ANY_STATUS, max_answer=MAX_SHORT_LE)
        data, mac = _parted(answer)
        if not equal_in_constant_time(mac, self._psam.mac(mac_message(random, command, data))):
            raise SecureMessagingBroken(detail="the MAC is wrong")
        return data


def check_parameters(profile: CardProfile) -> None:
    """Raise CardProfileRefused or ProfileLacks for parameters that are not sound."""
    PsamCipherParameters.of(profile)


def open_files(application: CardApplication, psam: CardConnection, role: Role) -> Channel:
    """Authenticate terminal and card to each other. An `AuthenticationMethod`.

    Raises AuthenticationRefused, PsamRefused, AnswerMalformed, ApduRefused, CardProfileRefused, ProfileLacks
    and what the connections raise.
    """
    profile, exchange = application.profile, application.exchange
    parameters = PsamCipherParameters.of(profile)
    key = parameters.key_of(role, profile)
    [public] = application.read_file(parameters.public_file)
    module = CipherPsam(psam, profile.full_data_path.psam_aid_bytes)
    module.select()
    card_diversifier = diversifier(profile, public)
    module.load_authentication_key(key, card_diversifier)
    random = _card_random(exchange, parameters)
    _prove_terminal(exchange, key, module.encipher(pad(random)))
    module.load_authentication_key(int(parameters.card_key, 16), card_diversifier)
    _require_genuine_card(exchange, module, parameters)
    return MacChannel(exchange, module, Session(parameters, card_diversifier, random))


def _card_random(exchange: Exchange, parameters: PsamCipherParameters) -> bytes:
    command = CommandApdu(0x00, Instruction.GET_CHALLENGE, 0x00, 0x00, le=parameters.challenge_bytes)
    random = exchange.send(command, "GET CHALLENGE")
    if len(random) != parameters.challenge_bytes:
        raise AnswerMalformed(what="GET CHALLENGE", detail=f"{len(random)} bytes")
    return random


def _prove_terminal(exchange: Exchange, key: int, cryptogram: bytes) -> None:
    try:
        exchange.send(
            CommandApdu(0x00, Instruction.EXTERNAL_AUTHENTICATE, 0x00, key, cryptogram),
            "EXTERNAL AUTHENTICATE",
        )
    except ApduRefused as error:
        raise AuthenticationRefused(detail=describe_status_word(error.sw)) from error


def _require_genuine_card(exchange: Exchange, psam: CipherPsam, parameters: PsamCipherParameters) -> None:
    random = secrets.token_bytes(parameters.challenge_bytes)
    number = int(parameters.card_key, 16)
    command = CommandApdu(0x00, Instruction.INTERNAL_AUTHENTICATE, 0x00, number, random, le=MAX_SHORT_LE)
    try:
        answer = exchange.send(command, "INTERNAL AUTHENTICATE")
    except ApduRefused as error:
        raise AuthenticationRefused(detail=describe_status_word(error.sw)) from error
    if not equal_in_constant_time(answer, psam.encipher(pad(random))):
        raise AuthenticationRefused(detail="the card does not know its key")


def _parted(answer: ResponseApdu) -> tuple[bytes, bytes]:
    """Data and MAC. Raises SecureMessagingBroken for an answer that can have none."""
    if answer.sw != StatusWord.NO_ERROR or len(answer.data) < MAC_BYTES:
        raise SecureMessagingBroken(detail=f"the answer is not protected (SW={answer.sw:04X})")
    return answer.data[:-MAC_BYTES], answer.data[-MAC_BYTES:]
