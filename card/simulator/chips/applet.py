"""The reference applet as docs/reference-applet.md gives it, for a chip that is software.

It works on raw APDU bytes, knows nothing of readers, and answers every input with a status word.
"""

from __future__ import annotations

from dataclasses import replace
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
from card.application import Role
from card.atr import contactless_atr
from card.exchange import CHAINING_BIT
from card.fci import Fci, blank_fci
from card.mutual_authentication import RANDOM_BYTES, TOKEN_BYTES, StaticKeys
from card.mutual_sm4 import MutualSm4Parameters
from card.personalisation import GENERATE, PUT_KEYS
from card.profile import reference_profile
from card.secure_messaging import PROTECTED, protected_length
from card.simulator.chips.applet_chain import CommandChain
from card.simulator.chips.applet_channel import AppletChannel
from card.simulator.chips.applet_files import AppletFiles, with_file
from card.simulator.chips.command_table import Handler, parsed
from card.simulator.chips.contents import MAX_COUNTER, MAX_TRIES, ChipContents, ChipMemory, LifeCycle
from card.simulator.chips.refusal import ChipRefused, require
from card.status_word import StatusClass
from crypto.credential import CredentialTag
from crypto.sm2 import POINT_BYTES, PrivateKey
from crypto.tap_proof import TAP_PROOF_BYTES, TapProof, tap_message
from crypto.tlv import Tlv

# Historical bytes (ISO/IEC 7816-4 §12.1.1): category 80, card capabilities (selection by full DF name; data
# units of one byte; command chaining and extended length), card issuer's data "TKREF".
HISTORICAL_BYTES: Final = bytes.fromhex("80 73 80 01 C0 55") + b"TKREF"
KEYS_BYTES: Final = 33

ECHOED_BYTES: Final = 5  # the head of a generated public key: 7F49, its length, 86, its length

_MANUFACTURED: Final = frozenset((LifeCycle.MANUFACTURED,))
_OPERATIONAL: Final = frozenset((LifeCycle.OPERATIONAL,))
_WRITABLE: Final = _MANUFACTURED | _OPERATIONAL
_NOT_TERMINATED: Final = frozenset(LifeCycle) - {LifeCycle.TERMINATED}
_BLOCKABLE: Final = frozenset((LifeCycle.OPERATIONAL, LifeCycle.DEACTIVATED))

_SELECTED: Final = MappingProxyType(
    {
        LifeCycle.DEACTIVATED: StatusWord.SELECTED_FILE_DEACTIVATED,
        LifeCycle.TERMINATED: StatusWord.SELECTED_FILE_TERMINATED,
    }
)

_PROTECTED_CLASSES: Final = (bytes((PROTECTED,)), bytes((PROTECTED | CHAINING_BIT,)))


class ReferenceApplet:
    """One chip. A `Chip`. Its contents lie in `memory`."""

    def __init__(self, memory: ChipMemory) -> None:
        self._memory = memory
        self._contents = memory.load()
        self._profile = reference_profile()
        parameters = self._profile.parameters(MutualSm4Parameters)
        self._channel = AppletChannel({parameters.key(role): role for role in Role})
        self._transport_key = parameters.key(Role.TRANSPORT)
        self._card_keys = frozenset((parameters.key(Role.READER), parameters.key(Role.ISSUER)))
        self._files = AppletFiles(self._profile)
        self._selected = False
        self._chain = CommandChain()
        # Who may do what: the command, the life cycles in which it exists, and its work.
        self._handlers: dict[int, tuple[frozenset[LifeCycle], Handler]] = {
            Instruction.SELECT: (frozenset(LifeCycle), self._select),
            Instruction.INTERNAL_AUTHENTICATE: (_OPERATIONAL, self._internal_authenticate),
            Instruction.GET_CHALLENGE: (_NOT_TERMINATED, self._get_challenge),
            Instruction.EXTERNAL_AUTHENTICATE: (_NOT_TERMINATED, self._mutual_authenticate),
            Instruction.READ_BINARY: (_WRITABLE, self._read_binary),
            Instruction.READ_RECORD: (_WRITABLE, self._read_record),
            Instruction.UPDATE_BINARY: (_WRITABLE, self._update_binary),
            Instruction.UPDATE_RECORD: (_WRITABLE, self._update_record),
            Instruction.PUT_DATA: (_WRITABLE, self._put_data),
            Instruction.ERASE_BINARY: (_WRITABLE, self._erase_binary),
            Instruction.ERASE_RECORD: (_WRITABLE, self._erase_record),
            Instruction.GENERATE_ASYMMETRIC_KEY_PAIR: (_MANUFACTURED, self._generate_key_pair),
            Instruction.ACTIVATE_FILE: (_NOT_TERMINATED, self._activate),
            Instruction.DEACTIVATE_FILE: (_OPERATIONAL, self._deactivate),
            Instruction.TERMINATE_DF: (_BLOCKABLE, self._terminate),
        }

    @property
    def atr(self) -> bytes:
        """A contactless card's ATR as a PC/SC reader makes it."""
        return contactless_atr(HISTORICAL_BYTES)

    def power_on(self) -> None:
        """Reset: nothing is selected any more, and every session is over."""
        self._contents = self._memory.load()
        self._selected = False
        self._forget_session()

    def power_off(self) -> None:
        """Nothing to do: power_on() starts anew."""

    def process(self, command: bytes) -> bytes:
        """Answer one command."""
        # Whatever is not protected in a session could come from anybody in between: the session is over.
        if command[:1] not in _PROTECTED_CLASSES:
            self._channel.end_session()
        try:
            return self._answer(parsed(command)).to_bytes()
        except ChipRefused as refused:
            return ResponseApdu(b"", refused.sw).to_bytes()

    def _answer(self, command: CommandApdu) -> ResponseApdu:
        if command.cla & ~(PROTECTED | CHAINING_BIT):
            raise ChipRefused(StatusWord.CLASS_NOT_SUPPORTED)
        if command.cla & CHAINING_BIT:
            self._chain.add(command)
            return ResponseApdu(b"", StatusWord.NO_ERROR)
        command = self._chain.complete(command)
        if command.cla & PROTECTED == PROTECTED and command.ins != Instruction.SELECT:
            return self._protected(command)
        require(not command.cla & PROTECTED, StatusWord.SECURE_MESSAGING_NOT_SUPPORTED)
        return _deliver(self._run(command), command.le, self._status(command))

    def _protected(self, command: CommandApdu) -> ResponseApdu:
        plain = self._channel.unwrap(command)
        before = self._contents.life_cycle
        try:
            # Refused before anything is done: the answer would not fit a short one.
            fits = command.extended or protected_length(plain.le or 0) <= MAX_SHORT_LE
            require(fits, StatusWord.WRONG_LENGTH)
            answer = _deliver(self._run(plain), plain.le, StatusWord.NO_ERROR)
        except ChipRefused as refused:
            answer = ResponseApdu(b"", refused.sw)
        protected = self._channel.wrap(answer)
        if self._contents.life_cycle is not before:
            self._channel.close()  # a role is one of a life cycle
        return protected

    def _status(self, command: CommandApdu) -> StatusWord:
        """A blocked application is still selected, with a warning: the issuer must reach it."""
        if command.ins != Instruction.SELECT:
            return StatusWord.NO_ERROR
        return _SELECTED.get(self._contents.life_cycle, StatusWord.NO_ERROR)

    def _run(self, command: CommandApdu) -> bytes:
        handler = self._handlers.get(command.ins)
        if handler is None:
            raise ChipRefused(StatusWord.INSTRUCTION_NOT_SUPPORTED)
        life_cycles, work = handler
        require(
            command.ins == Instruction.SELECT
            or (self._selected and self._contents.life_cycle in life_cycles),
            StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED,
        )
        return work(command)

    def _store(self, contents: ChipContents) -> None:
        self._memory.store(contents)
        self._contents = contents

    def _forget_session(self) -> None:
        self._channel.close()
        self._files.forget()
        self._chain.forget()

    # --- commands for everybody -----------------------------------------------------------------

    def _select(self, command: CommandApdu) -> bytes:
        require(command.p1 == SELECT_BY_DF_NAME, StatusWord.INCORRECT_P1_P2)
        require(command.p2 == FIRST_OR_ONLY_RETURN_FCI, StatusWord.INCORRECT_P1_P2)
        require(command.data == self._profile.aid_bytes, StatusWord.FILE_NOT_FOUND)
        fci = self._fci()
        _require_room(command, len(fci))
        self._forget_session()
        self._selected = True
        return fci

    def _fci(self) -> bytes:
        if self._contents.life_cycle is LifeCycle.MANUFACTURED:
            return blank_fci(self._contents.serial, self._profile)
        return Fci(self._profile.aid_bytes, self._contents.credential).to_bytes(self._profile)

    def _internal_authenticate(self, command: CommandApdu) -> bytes:
        layout = self._profile.tap_path.internal_authenticate
        require(command.p1 == int(layout.algorithm, 16), StatusWord.INCORRECT_P1_P2)
        require(command.p2 == int(layout.key, 16), StatusWord.INCORRECT_P1_P2)
        require(len(command.data) == layout.challenge_bytes, StatusWord.WRONG_LENGTH)
        key, counter = _present(self._contents.private_key), self._contents.counter + 1
        require(counter <= MAX_COUNTER, StatusWord.AUTHENTICATION_METHOD_BLOCKED)
        _require_room(command, TAP_PROOF_BYTES)
        # The counter moves before the signature is made: a tear may skip a number but never repeats one.
        self._store(replace(self._contents, counter=counter))
        return TapProof(counter, key.sign(tap_message(command.data, counter))).to_bytes()

    def _get_challenge(self, command: CommandApdu) -> bytes:
        require(command.p1 == command.p2 == 0, StatusWord.INCORRECT_P1_P2)
        require(not command.data, StatusWord.WRONG_LENGTH)
        _require_room(command, RANDOM_BYTES)
        return self._channel.challenge()

    def _mutual_authenticate(self, command: CommandApdu) -> bytes:
        require(command.p1 == 0, StatusWord.INCORRECT_P1_P2)
        number, tries = command.p2, self._contents.tries.get(command.p2, 0)
        keys = self._contents.keys.get(number)
        if keys is None or not self._is_usable(number):
            raise ChipRefused(StatusWord.REFERENCED_DATA_NOT_FOUND)
        require(tries < MAX_TRIES, StatusWord.AUTHENTICATION_METHOD_BLOCKED)
        self._channel.require_challenge()
        _require_room(command, TOKEN_BYTES)
        # Counted before the token is looked at: whoever cuts the power in between gains no further try.
        self._store_tries(number, tries + 1)
        token = self._channel.authenticate(number, command.data, keys)
        self._store_tries(number, 0)
        return token

    def _is_usable(self, number: int) -> bool:
        """The transport pair before personalisation alone, the others after it alone."""
        is_transport = number == self._transport_key
        return is_transport is (self._contents.life_cycle is LifeCycle.MANUFACTURED)

    def _store_tries(self, number: int, tries: int) -> None:
        counted = MappingProxyType({**self._contents.tries, number: tries})
        self._store(replace(self._contents, tries=counted))

    # --- files ----------------------------------------------------------------------------------

    def _read_binary(self, command: CommandApdu) -> bytes:
        return self._files.read_binary(command, self._contents, self._channel.role)

    def _read_record(self, command: CommandApdu) -> bytes:
        return self._files.read_record(command, self._contents, self._channel.role)

    def _update_binary(self, command: CommandApdu) -> bytes:
        image = self._files.update_binary(command, self._contents, self._channel.role)
        return self._store_file((image,))

    def _update_record(self, command: CommandApdu) -> bytes:
        return self._store_file(self._files.update_record(command, self._contents, self._channel.role))

    def _erase_binary(self, command: CommandApdu) -> bytes:
        image = self._files.erase_binary(command, self._contents, self._channel.role)
        return self._store_file((image,))

    def _erase_record(self, command: CommandApdu) -> bytes:
        return self._store_file(self._files.erase_record(command, self._contents, self._channel.role))

    def _store_file(self, records: tuple[bytes, ...]) -> bytes:
        files = with_file(self._contents, self._files.current_name, records)
        self._store(replace(self._contents, files=files))
        return b""

    # --- personalisation and life cycle -----------------------------------------------------------

    def _put_data(self, command: CommandApdu) -> bytes:
        match command.p1 << 8 | command.p2:
            case CredentialTag.CREDENTIAL:
                self._require_role(Role.ISSUER, Role.TRANSPORT)
                require(0 < len(command.data) <= 255, StatusWord.INCORRECT_DATA)
                self._store(replace(self._contents, credential=command.data))
            case value if value == PUT_KEYS:
                is_blank = self._contents.life_cycle is LifeCycle.MANUFACTURED
                require(is_blank, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
                self._require_role(Role.TRANSPORT)
                require(len(command.data) == KEYS_BYTES, StatusWord.INCORRECT_DATA)
                require(command.data[0] in self._card_keys, StatusWord.INCORRECT_DATA)
                keys = {
                    **self._contents.keys,
                    command.data[0]: StaticKeys.from_bytes(command.data[1:]),
                }
                self._store(replace(self._contents, keys=MappingProxyType(keys)))
            case _:
                raise ChipRefused(StatusWord.REFERENCED_DATA_NOT_FOUND)
        return b""

    def _generate_key_pair(self, command: CommandApdu) -> bytes:
        self._require_role(Role.TRANSPORT)
        require(command.p1 << 8 | command.p2 == GENERATE, StatusWord.INCORRECT_P1_P2)
        require(not command.data, StatusWord.WRONG_LENGTH)
        _require_room(command, ECHOED_BYTES + POINT_BYTES)
        key = PrivateKey.generate()
        self._store(replace(self._contents, private_key=key))
        return bytes(Tlv(CredentialTag.PUBLIC_KEY, Tlv(CredentialTag.POINT, key.public_key.point)))

    def _activate(self, command: CommandApdu) -> bytes:
        _require_bare(command)
        contents = self._contents
        if contents.life_cycle is LifeCycle.MANUFACTURED:
            self._require_role(Role.TRANSPORT)
            complete = bool(contents.credential) and contents.private_key is not None
            require(complete, StatusWord.CONDITIONS_OF_USE_NOT_SATISFIED)
            keys = {number: pair for number, pair in contents.keys.items() if number != self._transport_key}
            contents = replace(contents, keys=MappingProxyType(keys))
        else:
            self._require_role(Role.ISSUER)
        self._store(replace(contents, life_cycle=LifeCycle.OPERATIONAL))
        return b""

    def _deactivate(self, command: CommandApdu) -> bytes:
        _require_bare(command)
        self._require_role(Role.ISSUER)
        self._store(replace(self._contents, life_cycle=LifeCycle.DEACTIVATED))
        return b""

    def _terminate(self, command: CommandApdu) -> bytes:
        _require_bare(command)
        self._require_role(Role.ISSUER)
        self._store(replace(self._contents, life_cycle=LifeCycle.TERMINATED))
        return b""

    def _require_role(self, *roles: Role) -> None:
        require(self._channel.role in roles, StatusWord.SECURITY_CONDITION_NOT_SATISFIED)


def _require_bare(command: CommandApdu) -> None:
    require(command.p1 == command.p2 == 0, StatusWord.INCORRECT_P1_P2)
    require(not command.data, StatusWord.WRONG_LENGTH)


def _require_room(command: CommandApdu, length: int) -> None:
    """Refuse with 6Cxx before anything is done, unless Le leaves room for an answer of this length."""
    require(command.le is None or command.le >= length, StatusClass.WRONG_LE << 8 | length)


def _present(key: PrivateKey | None) -> PrivateKey:
    if key is None:
        raise ChipRefused(StatusWord.AUTHENTICATION_METHOD_BLOCKED)
    return key


def _deliver(data: bytes, le: int | None, sw: StatusWord) -> ResponseApdu:
    """Answer data if Le leaves room for them, else 6Cxx with their length.

    A missing Le counts as 00, as on many contactless cards: there are host programs that never send one.
    """
    if le is not None and le < len(data):
        require(len(data) <= MAX_SHORT_LE, StatusWord.WRONG_LENGTH)
        return ResponseApdu(b"", StatusClass.WRONG_LE << 8 | len(data) & 0xFF)
    return ResponseApdu(data, sw)
