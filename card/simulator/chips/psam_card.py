"""The card of the profile `reference-psam`, as docs/reference-psam-card.md gives it."""

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
from card.application import RECORD_BY_NUMBER, Role
from card.atr import contactless_atr
from card.cipher_psam import FIRST_INITIAL_VALUE
from card.fci import DF_NAME_TAG, FCI_TAG
from card.files import Access, FileLayout
from card.profile import CardProfile
from card.psam_cipher import PsamCipherParameters
from card.psam_cipher_mac import MAC_BYTES, PROPRIETARY_SECURE_MESSAGING, mac_message
from card.secure_messaging import pad
from card.simulator.chips.command_table import CommandTable, handler, parsed
from card.simulator.chips.contents import MAX_TRIES
from card.simulator.chips.psam_cipher_keys import cbc_mac, session_key
from card.simulator.chips.refusal import ChipRefused, require
from card.status_word import StatusClass
from crypto.sm4 import equal_in_constant_time, sm4_block
from crypto.tlv import Tlv

HISTORICAL_BYTES: Final = b"TKREF2"
SELECT_BY_FILE_ID: Final = 0x02  # P1 (ISO/IEC 7816-4 clause 11, SELECT: EF under the current DF)

_RIGHTS: Final = MappingProxyType(
    {
        Access.ALWAYS: frozenset((None, Role.READER, Role.ISSUER)),
        Access.READER: frozenset((Role.READER, Role.ISSUER)),
        Access.ISSUER: frozenset((Role.ISSUER,)),
        Access.NEVER: frozenset[Role](),
    }
)


@dataclass(frozen=True, repr=False)
class PsamCardContents:
    """What the card keeps without power. No `repr`.

    Attributes:
        keys: 16-byte keys by number, the card's own.
        files: records by file name and number.
        tries: failed authentications in a row, by key number.
    """

    keys: Mapping[int, bytes]
    files: Mapping[str, Mapping[int, bytes]]
    tries: Mapping[int, int] = field(default_factory=lambda: MappingProxyType({}))


class PsamCardChip:
    """One chip. A `Chip`. `contents` is its memory; `store` gets it whenever it changes, to keep it."""

    def __init__(
        self,
        contents: PsamCardContents,
        profile: CardProfile,
        store: Callable[[PsamCardContents], object] | None = None,
    ) -> None:
        self.contents = contents
        self._store = store
        self._profile = profile
        self._parameters = PsamCipherParameters.of(profile)
        self._selected = False
        self._forget()
        self._handlers: CommandTable = {
            (0x00, Instruction.SELECT): self._select,
            (0x00, Instruction.GET_CHALLENGE): self._get_challenge,
            (0x00, Instruction.EXTERNAL_AUTHENTICATE): self._external_authenticate,
            (0x00, Instruction.INTERNAL_AUTHENTICATE): self._internal_authenticate,
            (0x00, Instruction.READ_RECORD): self._read_public_record,
            (PROPRIETARY_SECURE_MESSAGING, Instruction.READ_RECORD): self._read_record,
            (PROPRIETARY_SECURE_MESSAGING, Instruction.UPDATE_RECORD): self._update_record,
            (PROPRIETARY_SECURE_MESSAGING, Instruction.ERASE_RECORD): self._erase_record,
        }

    @property
    def atr(self) -> bytes:
        """A contactless card's ATR as a PC/SC reader makes it."""
        return contactless_atr(HISTORICAL_BYTES)

    def power_on(self) -> None:
        """Reset: nothing is selected any more, nobody is authenticated."""
        self._selected = False
        self._forget()

    def power_off(self) -> None:
        """Nothing to do: power_on() starts anew."""

    def process(self, command: bytes) -> bytes:
        """Answer one command."""
        try:
            apdu = parsed(command)
            return _deliver(self._run(apdu), apdu.le).to_bytes()
        except ChipRefused as refused:
            return ResponseApdu(b"", refused.sw).to_bytes()

    def _run(self, command: CommandApdu) -> bytes:
        work = handler(self._handlers, command)
        is_selected = self._selected or command.ins == Instruction.SELECT
        require(is_selected, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        return work(command)

    def _forget(self) -> None:
        self._random = b""
        self._session_random = b""
        self._role: Role | None = None
        self._current: FileLayout | None = None

    # --- selection and authentication -----------------------------------------------------------

    def _select(self, command: CommandApdu) -> bytes:
        require(command.p2 == FIRST_OR_ONLY_RETURN_FCI, StatusWord.INCORRECT_P1_P2)
        match command.p1:
            case value if value == SELECT_BY_DF_NAME:
                require(command.data == self._profile.aid_bytes, StatusWord.FILE_NOT_FOUND)
                self._selected = True
                self._forget()
                return bytes(Tlv(FCI_TAG, Tlv(DF_NAME_TAG, self._profile.aid_bytes)))
            case value if value == SELECT_BY_FILE_ID:
                require(self._selected, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
                wanted = command.data.hex().upper()
                self._current = _present(next((f for f in self._profile.file if f.fid == wanted), None))
                return b""
            case _:
                raise ChipRefused(StatusWord.INCORRECT_P1_P2)

    def _get_challenge(self, command: CommandApdu) -> bytes:
        require(command.p1 == command.p2 == 0, StatusWord.INCORRECT_P1_P2)
        require(not command.data, StatusWord.WRONG_LENGTH)
        self._random = secrets.token_bytes(self._parameters.challenge_bytes)
        return self._random

    def _external_authenticate(self, command: CommandApdu) -> bytes:
        require(command.p1 == 0, StatusWord.INCORRECT_P1_P2)
        roles = {self._parameters.key_of(role, self._profile): role for role in (Role.READER, Role.ISSUER)}
        require(command.p2 in roles, StatusWord.REFERENCED_DATA_NOT_FOUND)
        self._role = None
        random = self._taken_random()
        tries = self.contents.tries.get(command.p2, 0)
        require(tries < MAX_TRIES, StatusWord.AUTHENTICATION_METHOD_BLOCKED)
        # The count moves before the comparison: a tear in between gains no try.
        self._count_tries(command.p2, tries + 1)
        expected = sm4_block(self.contents.keys[command.p2], pad(random))
        require(equal_in_constant_time(command.data, expected), StatusWord.VERIFICATION_FAILED)
        self._count_tries(command.p2, 0)
        self._session_random, self._role = random, roles[command.p2]
        return b""

    def _internal_authenticate(self, command: CommandApdu) -> bytes:
        require(command.p1 == 0, StatusWord.INCORRECT_P1_P2)
        number = int(self._parameters.card_key, 16)
        require(command.p2 == number, StatusWord.REFERENCED_DATA_NOT_FOUND)
        require(self._role is not None, StatusWord.SECURITY_CONDITION_NOT_SATISFIED)
        require(len(command.data) == self._parameters.challenge_bytes, StatusWord.WRONG_LENGTH)
        return sm4_block(self.contents.keys[number], pad(command.data))

    def _count_tries(self, number: int, tries: int) -> None:
        counted = MappingProxyType({**self.contents.tries, number: tries})
        self._change(replace(self.contents, tries=counted))

    def _taken_random(self) -> bytes:
        """The random last given out, good for one command. Refused with 6985 when there is none."""
        random, self._random = self._random, b""
        require(bool(random), StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
        return random

    def _change(self, contents: PsamCardContents) -> None:
        if self._store is not None:
            self._store(contents)
        self.contents = contents

    # --- records ----------------------------------------------------------------------------------

    def _read_public_record(self, command: CommandApdu) -> bytes:
        file, number = self._addressed(command)
        require(file.read is Access.ALWAYS, StatusWord.SECURITY_CONDITION_NOT_SATISFIED)
        require(not command.data, StatusWord.WRONG_LENGTH)
        record = self._record(file, number)
        require(bool(record), StatusWord.RECORD_NOT_FOUND)
        return record

    def _read_record(self, command: CommandApdu) -> bytes:
        """With a MAC, an absent record as no data: so that nobody can say of a record that it is absent."""
        file, number = self._addressed(command)
        is_allowed = bool(self._role) and self._role in _RIGHTS[file.read]
        require(is_allowed, StatusWord.SECURITY_CONDITION_NOT_SATISFIED)
        require(len(command.data) == self._parameters.challenge_bytes, StatusWord.WRONG_LENGTH)
        record = self._record(file, number)
        return record + self._mac(
            self._parameters.read_mac_key, self._session_random, mac_message(command.data, command, record)
        )

    def _update_record(self, command: CommandApdu) -> bytes:
        file, number = self._addressed(command)
        require(self._role in _RIGHTS[file.update], StatusWord.SECURITY_CONDITION_NOT_SATISFIED)
        random, key = self._taken_random(), self._parameters.update_mac_key
        data, mac = command.data[:-MAC_BYTES], command.data[-MAC_BYTES:]
        expected = self._mac(key, random, mac_message(random, command, data))
        require(equal_in_constant_time(mac, expected), StatusWord.SECURE_MESSAGING_INCORRECT)
        require(0 < len(data) <= file.max_bytes, StatusWord.NOT_ENOUGH_MEMORY)
        self._replace_records(file, {**self.contents.files.get(file.name, {}), number: data})
        return self._mac(key, random, mac_message(random, command, b""))

    def _erase_record(self, command: CommandApdu) -> bytes:
        file, number = self._addressed(command)
        require(self._role in _RIGHTS[file.update], StatusWord.SECURITY_CONDITION_NOT_SATISFIED)
        random, key = self._taken_random(), self._parameters.update_mac_key
        expected = self._mac(key, random, mac_message(random, command, b""))
        require(equal_in_constant_time(command.data, expected), StatusWord.SECURE_MESSAGING_INCORRECT)
        kept = self.contents.files.get(file.name, {})
        self._replace_records(file, {other: data for other, data in kept.items() if other != number})
        # With data, so that its MAC is not the command's: whoever heard that could answer without erasing.
        erased = bytes((number,))
        return erased + self._mac(key, random, mac_message(random, command, erased))

    def _replace_records(self, file: FileLayout, records: dict[int, bytes]) -> None:
        files = MappingProxyType({**self.contents.files, file.name: MappingProxyType(records)})
        self._change(replace(self.contents, files=files))

    def _addressed(self, command: CommandApdu) -> tuple[FileLayout, int]:
        """The file and the record's number that P1-P2 mean."""
        require(command.p2 & 0x07 == RECORD_BY_NUMBER, StatusWord.INCORRECT_P1_P2)
        short_id = command.p2 >> 3
        if short_id:
            self._current = _present(next((f for f in self._profile.file if f.sfi == short_id), None))
        file = self._current
        if file is None:
            raise ChipRefused(StatusWord.COMMAND_NOT_ALLOWED)
        require(1 <= command.p1 <= file.max_records, StatusWord.RECORD_NOT_FOUND)
        return file, command.p1

    def _record(self, file: FileLayout, number: int) -> bytes:
        return self.contents.files.get(file.name, {}).get(number, b"")

    def _mac(self, number: str, random: bytes, message: bytes) -> bytes:
        key = session_key(self.contents.keys[int(number, 16)], random)
        return cbc_mac(key, FIRST_INITIAL_VALUE, message)[:MAC_BYTES]


def _present(file: FileLayout | None) -> FileLayout:
    if file is None:
        raise ChipRefused(StatusWord.FILE_NOT_FOUND)
    return file


def _deliver(data: bytes, le: int | None) -> ResponseApdu:
    """Answer data if Le leaves room for them, else 6Cxx with their length. A missing Le counts as 00."""
    if (le or MAX_SHORT_LE) < len(data):
        return ResponseApdu(b"", StatusClass.WRONG_LE << 8 | len(data) % MAX_SHORT_LE)
    return ResponseApdu(data, StatusWord.NO_ERROR)
