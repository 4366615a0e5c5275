"""The signing card of docs/reference-signing-card.md: a chip makes SM2 keys and keeps them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Final

from card.apdu import (
    FIRST_OR_ONLY_RETURN_FCI,
    MAX_SHORT_LE,
    SELECT_BY_DF_NAME,
    CommandApdu,
    Instruction,
    ResponseApdu,
    StatusWord,
)
from card.atr import Atr, InterfaceBytes
from card.errors import SigningCardRefused
from card.fci import SERIAL_BYTES
from card.signing_card.data_objects import (
    AID,
    MAX_KEY_REFERENCE,
    MAX_PIN_CHARACTERS,
    PIN_TRIES,
    PLAIN_PADDING_INDICATOR,
    SET_FOR_COMPUTATION,
    KeyDescription,
    KeyUse,
    SigningCardFci,
    SigningCardInstruction,
    SigningCardParameter,
    is_pin_block,
    key_reference,
    public_key_to_bytes,
)
from card.simulator.chips.command_table import CommandTable, handler, parsed
from card.simulator.chips.refusal import ChipRefused, require
from card.status_word import StatusClass
from crypto.errors import DecryptionFailed, TlvMalformed
from crypto.sm2 import PrivateKey
from crypto.sm3 import DIGEST_BYTES
from crypto.sm4 import equal_in_constant_time
from crypto.tlv import Tlv

HISTORICAL_BYTES: Final = b"TKSIG1"
T1: Final = 1
TRIES_LEFT: Final = 0x63C0  # SW2's low digit is the number (ISO/IEC 7816-4 clause 5)


@dataclass(frozen=True, repr=False)
class HeldKey:
    """A key in the chip. No `repr`."""

    description: KeyDescription
    private_key: PrivateKey


@dataclass(frozen=True, repr=False)
class SigningCardContents:
    """What the chip keeps without power. No `repr`.

    Attributes:
        serial: 8 bytes.
        pin: 12 bytes, filled with FF; empty until it is set.
        tries: PINs that may still be wrong.
        keys: by key reference.
    """

    serial: bytes
    pin: bytes = b""
    tries: int = PIN_TRIES
    keys: Mapping[int, HeldKey] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def blank(cls) -> SigningCardContents:
        """A card as its maker delivers it: a serial number, no PIN, no keys."""
        return cls(secrets.token_bytes(SERIAL_BYTES))


class SigningCardChip:
    """One chip. A `Chip`. `contents` is its memory; `store` gets it before it changes, to keep it."""

    def __init__(
        self, contents: SigningCardContents, store: Callable[[SigningCardContents], object] | None = None
    ) -> None:
        self.contents = contents
        self._store = store
        self.power_on()
        self._handlers: CommandTable = {
            (0x00, Instruction.SELECT): self._select,
            (0x00, SigningCardInstruction.VERIFY): self._verify,
            (0x00, SigningCardInstruction.CHANGE_REFERENCE_DATA): self._change_pin,
            (0x00, SigningCardInstruction.GENERATE_ASYMMETRIC_KEY_PAIR): self._key_pair,
            (0x00, SigningCardInstruction.GET_DATA): self._get_data,
            (0x00, SigningCardInstruction.MANAGE_SECURITY_ENVIRONMENT): self._choose_key,
            (0x00, SigningCardInstruction.PERFORM_SECURITY_OPERATION): self._perform,
        }

    @property
    def atr(self) -> bytes:
        """A contact card's ATR: T=1, no interface bytes of its own."""
        return Atr((InterfaceBytes(), InterfaceBytes()), (T1,), HISTORICAL_BYTES).to_bytes()

    def power_on(self) -> None:
        """Reset: nothing is selected, no PIN was given, no key is chosen."""
        self._selected = False
        self._forget()

    def power_off(self) -> None:
        """The same."""
        self.power_on()

    def process(self, command: bytes) -> bytes:
        """Answer one command."""
        try:
            apdu = parsed(command)
            answer = self._run(apdu)
            require(len(answer) <= (apdu.le or MAX_SHORT_LE), StatusClass.WRONG_LE << 8 | len(answer))
            return ResponseApdu(answer, StatusWord.NO_ERROR).to_bytes()
        except ChipRefused as refused:
            return ResponseApdu(b"", refused.sw).to_bytes()

    def _run(self, command: CommandApdu) -> bytes:
        work = handler(self._handlers, command)
        require(not command.extended, StatusWord.WRONG_LENGTH)
        is_selected = self._selected or command.ins == Instruction.SELECT
        require(is_selected, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        return work(command)

    def _forget(self) -> None:
        self._verified = False
        self._chosen: dict[KeyUse, int] = {}

    def _change(self, **changes: object) -> None:
        contents = replace(self.contents, **changes)  # type: ignore[arg-type]  # members by their names
        if self._store is not None:
            self._store(contents)
        self.contents = contents

    def _select(self, command: CommandApdu) -> bytes:
        is_known = command.p1 == SELECT_BY_DF_NAME and command.p2 == FIRST_OR_ONLY_RETURN_FCI
        require(is_known, StatusWord.INCORRECT_P1_P2)
        require(command.data == AID, StatusWord.FILE_NOT_FOUND)
        self._selected = True
        self._forget()
        return SigningCardFci(self.contents.serial).to_bytes()

    # --- the PIN --------------------------------------------------------------------------------------

    def _verify(self, command: CommandApdu) -> bytes:
        require(_parameters(command) == SigningCardParameter.VERIFY_PIN, StatusWord.INCORRECT_P1_P2)
        require(bool(self.contents.pin), StatusWord.REFERENCED_DATA_NOT_FOUND)
        if not command.data:
            require(self._verified, self._tries_status())
            return b""
        self._verified = False
        require(len(command.data) == MAX_PIN_CHARACTERS, StatusWord.WRONG_LENGTH)
        self._compare(command.data)
        self._verified = True
        return b""

    def _change_pin(self, command: CommandApdu) -> bytes:
        match _parameters(command):
            case SigningCardParameter.SET_FIRST_PIN:
                require(not self.contents.pin, StatusWord.COMMAND_NOT_ALLOWED)
                old, new = b"", command.data
            case SigningCardParameter.CHANGE_PIN:
                require(bool(self.contents.pin), StatusWord.REFERENCED_DATA_NOT_FOUND)
                old, new = command.data[:MAX_PIN_CHARACTERS], command.data[MAX_PIN_CHARACTERS:]
                require(len(old) == MAX_PIN_CHARACTERS, StatusWord.WRONG_LENGTH)
            case _:
                raise ChipRefused(StatusWord.INCORRECT_P1_P2)
        require(len(new) == MAX_PIN_CHARACTERS, StatusWord.WRONG_LENGTH)
        require(is_pin_block(new), StatusWord.INCORRECT_DATA)
        self._verified = False
        if old:
            self._compare(old)
        self._change(pin=new)
        return b""

    def _compare(self, pin: bytes) -> None:
        """Refuse a PIN that is not the card's. The count moves first: a tear in between gains no try."""
        require(self.contents.tries > 0, StatusWord.AUTHENTICATION_METHOD_BLOCKED)
        self._change(tries=self.contents.tries - 1)
        require(equal_in_constant_time(pin, self.contents.pin), self._tries_status())
        self._change(tries=PIN_TRIES)

    def _tries_status(self) -> int:
        tries = self.contents.tries
        return TRIES_LEFT | tries if tries else StatusWord.AUTHENTICATION_METHOD_BLOCKED

    # --- the keys -------------------------------------------------------------------------------------

    def _key_pair(self, command: CommandApdu) -> bytes:
        match _parameters(command):
            case SigningCardParameter.GENERATE:
                return self._generate(command)
            case SigningCardParameter.READ_PUBLIC_KEY:
                use, reference = _template(command.data)
                return public_key_to_bytes(self._held(use, reference).private_key.public_key)
            case _:
                raise ChipRefused(StatusWord.INCORRECT_P1_P2)

    def _generate(self, command: CommandApdu) -> bytes:
        require(self._verified, StatusWord.SECURITY_CONDITION_NOT_SATISFIED)
        try:
            description = KeyDescription.from_bytes(command.data)
        except SigningCardRefused as error:
            raise ChipRefused(StatusWord.INCORRECT_DATA) from error
        labels = {held.description.label for held in self.contents.keys.values()}
        is_new = description.reference not in self.contents.keys and description.label not in labels
        require(is_new, StatusWord.COMMAND_NOT_ALLOWED)
        held = HeldKey(description, PrivateKey.generate())
        self._change(keys=MappingProxyType({**self.contents.keys, description.reference: held}))
        return public_key_to_bytes(held.private_key.public_key)

    def _get_data(self, command: CommandApdu) -> bytes:
        require(command.p1 == SigningCardParameter.KEYS >> 8, StatusWord.INCORRECT_P1_P2)
        require(command.p2 <= MAX_KEY_REFERENCE, StatusWord.INCORRECT_P1_P2)
        require(not command.data, StatusWord.WRONG_LENGTH)
        if command.p2 == 0:
            return bytes(sorted(self.contents.keys))
        held = self.contents.keys.get(command.p2)
        if held is None:
            raise ChipRefused(StatusWord.REFERENCED_DATA_NOT_FOUND)
        return held.description.to_bytes()

    def _choose_key(self, command: CommandApdu) -> bytes:
        require(command.p1 == SET_FOR_COMPUTATION and command.p2 in set(KeyUse), StatusWord.INCORRECT_P1_P2)
        use = KeyUse(command.p2)
        self._chosen.pop(use, None)
        reference = _reference(command.data)
        self._held(use, reference)
        self._chosen[use] = reference
        return b""

    def _perform(self, command: CommandApdu) -> bytes:
        match _parameters(command):
            case SigningCardParameter.SIGN_DIGEST:
                key = self._ready(KeyUse.SIGN)
                require(len(command.data) == DIGEST_BYTES, StatusWord.WRONG_LENGTH)
                return key.sign_digest(command.data)
            case SigningCardParameter.DECIPHER:
                key = self._ready(KeyUse.DECIPHER)
                require(command.data[:1] == PLAIN_PADDING_INDICATOR, StatusWord.INCORRECT_DATA)
                try:
                    return key.decrypt(command.data[1:])
                except DecryptionFailed as error:
                    raise ChipRefused(StatusWord.INCORRECT_DATA) from error
            case _:
                raise ChipRefused(StatusWord.INCORRECT_P1_P2)

    def _ready(self, use: KeyUse) -> PrivateKey:
        """The key chosen for this use, once the PIN was given."""
        require(self._verified, StatusWord.SECURITY_CONDITION_NOT_SATISFIED)
        require(use in self._chosen, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        return self._held(use, self._chosen[use]).private_key

    def _held(self, use: KeyUse, reference: int) -> HeldKey:
        held = self.contents.keys.get(reference)
        if held is None or use not in held.description.uses:
            raise ChipRefused(StatusWord.REFERENCED_DATA_NOT_FOUND)
        return held


def _parameters(command: CommandApdu) -> int:
    return command.p1 << 8 | command.p2


def _reference(data: bytes) -> int:
    """The key reference in 83 01 reference. Refused with 6A80."""
    try:
        return key_reference(data)
    except TlvMalformed as error:
        raise ChipRefused(StatusWord.INCORRECT_DATA) from error


def _template(data: bytes) -> tuple[KeyUse, int]:
    """Use and reference in B6 { 83 reference } or B8 { 83 reference }. Refused with 6A80."""
    try:
        (template,) = Tlv.parse_list(data)
        return KeyUse(template.tag), _reference(template.value)
    except (TlvMalformed, ValueError) as error:
        raise ChipRefused(StatusWord.INCORRECT_DATA) from error
