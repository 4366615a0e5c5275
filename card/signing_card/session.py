"""A visit to a signing card: what a user wants of it, command by command (docs/reference-signing-card.md)."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from card.apdu import MAX_SHORT_DATA, MAX_SHORT_LE, CommandApdu, select_by_df_name
from card.connection import CardConnection
from card.errors import (
    AnswerMalformed,
    ApduRefused,
    CardError,
    SigningCardPinBlocked,
    SigningCardPinNotSet,
    SigningCardPinWrong,
    SigningCardRefused,
)
from card.exchange import ANY_STATUS, Exchange
from card.signing_card.data_objects import (
    AID,
    MAX_KEY_REFERENCE,
    PIN_TRIES,
    PLAIN_PADDING_INDICATOR,
    SET_FOR_COMPUTATION,
    KeyDescription,
    KeyUse,
    SigningCardFci,
    SigningCardInstruction,
    SigningCardParameter,
    key_reference_object,
    pin_block,
    public_key_from_bytes,
)
from card.status_word import StatusWord
from crypto.errors import DecryptionFailed
from crypto.sm2 import SIGNATURE_BYTES, PublicKey
from crypto.tlv import Tlv

TRIES_CLASS: Final = 0x63C  # 63Cx: x tries are left (ISO/IEC 7816-4 clause 5)


class SigningCardSession:
    """A signing card, selected. Raises, as all its methods, SigningCardRefused and what the line raises."""

    def __init__(self, connection: CardConnection) -> None:
        self._exchange = Exchange(connection)
        self._chosen: dict[KeyUse, int] = {}
        fci = self._send(select_by_df_name(AID), "SELECT")
        self.serial: Final = SigningCardFci.from_bytes(fci).serial.hex().upper()

    # --- the PIN --------------------------------------------------------------------------------------

    def tries_left(self) -> int:
        """PINs that may still be wrong, before any was given. Raises SigningCardPinNotSet."""
        command = _command(SigningCardInstruction.VERIFY, SigningCardParameter.VERIFY_PIN)
        sw = self._status(command, "VERIFY")
        if sw == StatusWord.NO_ERROR:
            return PIN_TRIES
        return self._tries_in(sw, "VERIFY")

    def verify_pin(self, pin: str) -> None:
        """Open the card's keys. Raises SigningCardPinWrong, …Blocked, …NotSet and …Unfit; tried once."""
        command = _command(SigningCardInstruction.VERIFY, SigningCardParameter.VERIFY_PIN, pin_block(pin))
        self._expect_pin_accepted(command, "VERIFY")

    def set_first_pin(self, pin: str) -> None:
        """Give a blank card its PIN. Raises SigningCardPinUnfit."""
        parameter = SigningCardParameter.SET_FIRST_PIN
        self._send(
            _command(SigningCardInstruction.CHANGE_REFERENCE_DATA, parameter, pin_block(pin)),
            "CHANGE REFERENCE DATA",
        )

    def change_pin(self, old: str, new: str) -> None:
        """Replace the PIN. Raises as verify_pin(); the old one is tried once."""
        data = pin_block(old) + pin_block(new)
        command = _command(
            SigningCardInstruction.CHANGE_REFERENCE_DATA, SigningCardParameter.CHANGE_PIN, data
        )
        self._expect_pin_accepted(command, "CHANGE REFERENCE DATA")

    def lock(self) -> None:
        """Let the card forget that a PIN was given, if it is still there."""
        with suppress(CardError):
            self._send(select_by_df_name(AID), "SELECT")

    # --- the keys -------------------------------------------------------------------------------------

    def held_keys(self) -> tuple[KeyDescription, ...]:
        """The keys in the card, by their references."""
        references = self._get_data(0)
        is_list = references == bytes(sorted(set(references))) and all(
            1 <= reference <= MAX_KEY_REFERENCE for reference in references
        )
        if not is_list:
            raise SigningCardRefused(command="GET DATA", status="no list of key references")
        found = tuple(KeyDescription.from_bytes(self._get_data(reference)) for reference in references)
        if bytes(key.reference for key in found) != references:
            raise SigningCardRefused(command="GET DATA", status="another key's description")
        return found

    def generate(self, description: KeyDescription) -> PublicKey:
        """Make a key in the chip; it never takes another's reference or label. The PIN was given before."""
        answer = self._send(
            _command(
                SigningCardInstruction.GENERATE_ASYMMETRIC_KEY_PAIR,
                SigningCardParameter.GENERATE,
                description.to_bytes(),
                MAX_SHORT_LE,
            ),
            "GENERATE ASYMMETRIC KEY PAIR",
        )
        return public_key_from_bytes(answer)

    def public_key(self, key: KeyDescription) -> PublicKey:
        """The public half of a key."""
        template = Tlv(min(key.uses), key_reference_object(key.reference))
        answer = self._send(
            _command(
                SigningCardInstruction.GENERATE_ASYMMETRIC_KEY_PAIR,
                SigningCardParameter.READ_PUBLIC_KEY,
                template,
                MAX_SHORT_LE,
            ),
            "GENERATE ASYMMETRIC KEY PAIR",
        )
        return public_key_from_bytes(answer)

    def sign_digest(self, reference: int, e: bytes) -> bytes:
        """The key's signature, r ‖ s, over e (crypto.sm2.signing_digest), after the PIN."""
        self._choose(KeyUse.SIGN, reference)
        signature = self._perform(SigningCardParameter.SIGN_DIGEST, e)
        if len(signature) != SIGNATURE_BYTES:
            raise SigningCardRefused(command="COMPUTE DIGITAL SIGNATURE", status=f"{len(signature)} bytes")
        return signature

    def decipher(self, reference: int, ciphertext: bytes) -> bytes:
        """What was encrypted to the key, after the PIN. Raises DecryptionFailed, also above 254 bytes."""
        data = PLAIN_PADDING_INDICATOR + ciphertext
        if not ciphertext or len(data) > MAX_SHORT_DATA:
            raise DecryptionFailed
        self._choose(KeyUse.DECIPHER, reference)
        try:
            return self._perform(SigningCardParameter.DECIPHER, data)
        except SigningCardRefused as error:
            if error.sw == StatusWord.INCORRECT_DATA:
                raise DecryptionFailed from error
            raise

    def _choose(self, use: KeyUse, reference: int) -> None:
        """Make the key the one for this use, unless it is already."""
        if self._chosen.get(use) == reference:
            return
        self._chosen.pop(use, None)
        command = CommandApdu(
            0x00,
            SigningCardInstruction.MANAGE_SECURITY_ENVIRONMENT,
            SET_FOR_COMPUTATION,
            use,
            key_reference_object(reference),
        )
        self._send(command, "MANAGE SECURITY ENVIRONMENT")
        self._chosen[use] = reference

    def _perform(self, parameter: SigningCardParameter, data: bytes) -> bytes:
        instruction = SigningCardInstruction.PERFORM_SECURITY_OPERATION
        return self._send(_command(instruction, parameter, data, MAX_SHORT_LE), "PERFORM SECURITY OPERATION")

    def _get_data(self, reference: int) -> bytes:
        parameter = SigningCardParameter.KEYS | reference
        return self._send(_command(SigningCardInstruction.GET_DATA, parameter, le=MAX_SHORT_LE), "GET DATA")

    def _expect_pin_accepted(self, command: CommandApdu, name: str) -> None:
        sw = self._status(command, name)
        if sw == StatusWord.NO_ERROR:
            return
        tries = self._tries_in(sw, name)
        raise SigningCardPinWrong(tries=tries) if tries else SigningCardPinBlocked(card=self.serial)

    def _tries_in(self, sw: int, name: str) -> int:
        if sw == StatusWord.REFERENCED_DATA_NOT_FOUND:
            raise SigningCardPinNotSet(card=self.serial)
        if sw == StatusWord.AUTHENTICATION_METHOD_BLOCKED:
            return 0
        if sw >> 4 != TRIES_CLASS:
            raise SigningCardRefused.by_status(name, sw)
        return sw & 0x0F

    def _status(self, command: CommandApdu, name: str) -> int:
        """The status word of a command whose refusals the caller judges."""
        try:
            return self._exchange.send_for_response(command, name, accept=ANY_STATUS).sw
        except AnswerMalformed as error:
            raise SigningCardRefused(command=name, status=error.facts["detail"]) from error

    def _send(self, command: CommandApdu, name: str) -> bytes:
        """A command's answer; a signing card's refusal says nothing of a holder's card on a reader."""
        try:
            return self._exchange.send(command, name)
        except ApduRefused as error:
            raise SigningCardRefused.by_status(name, error.sw) from error
        except AnswerMalformed as error:
            raise SigningCardRefused(command=name, status=error.facts["detail"]) from error


def _command(
    instruction: SigningCardInstruction, parameter: int, data: bytes = b"", le: int | None = None
) -> CommandApdu:
    return CommandApdu(0x00, instruction, parameter >> 8, parameter & 0xFF, data, le)
