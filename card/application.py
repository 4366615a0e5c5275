"""A visit to a card's application: select it, authenticate through a PSAM, read and write its files.

    application = CardApplication(connection, profile)
    application.select()
    application.authenticate(sam_connection)
    [holder] = application.read_file("holder")

What may be read without authentication is read the same way, without that line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import cache
from importlib.metadata import entry_points
from typing import Final, Protocol

from card.apdu import CommandApdu, Instruction, select_by_df_name
from card.connection import CardConnection
from card.errors import AnswerMalformed, ApduRefused, CardDeactivated, CardProfileRefused, ForeignCard
from card.exchange import MAX_ANSWER_BYTES, MAX_SHORT_COMMAND, Exchange, LengthLimits
from card.fci import DF_NAME_TAG
from card.files import FileLayout, Record, Structure
from card.profile import CardProfile, LengthLayout
from card.status_word import StatusWord
from crypto.errors import TlvMalformed
from crypto.explained import Text
from crypto.tlv import Tlv

METHODS: Final = "tongka.card_authentication"  # entry points: name → a module, an AuthenticationMethod
BY_SHORT_FILE_ID: Final = 0x80  # P1 of READ and UPDATE BINARY: bits 5-1 are the short EF identifier
RECORD_BY_NUMBER: Final = 0x04  # P2 bits 3-1 of READ and UPDATE RECORD; bits 8-4 are the short EF identifier
RECORDS_FROM_NUMBER: Final = 0x05  # of ERASE RECORD: this one and all after it
SHORT_PART_BYTES: Final = 223  # with secure messaging around them, still a short command or answer
EXTENDED_PART_BYTES: Final = 4096
OVERHEAD_BYTES: Final = 64  # heads, padding, status and MAC of secure messaging, generously


_BLOCKED: Final = (StatusWord.SELECTED_FILE_DEACTIVATED, StatusWord.SELECTED_FILE_TERMINATED)


class Role(StrEnum):
    """As whom a terminal authenticates."""

    READER = "reader"
    ISSUER = "issuer"
    TRANSPORT = "transport"  # the chip maker's key, before personalisation


class Channel(Protocol):
    """How commands reach the card: plain, or under secure messaging."""

    def send(self, command: CommandApdu, name: str, *, max_answer: int = ...) -> bytes:
        """The answer's data. Raises ApduRefused, AnswerMalformed and what the connection raises."""


class AuthenticationMethod(Protocol):
    """One way of opening a card's files: a module, which a profile names and an entry point provides."""

    def open_files(self, application: CardApplication, psam: CardConnection, role: Role) -> Channel:
        """Authenticate over the application's `exchange` and give the channel that has the rights."""

    def check_parameters(self, profile: CardProfile) -> None:
        """Raise CardProfileRefused or ProfileLacks for a profile that the method can't work with."""


class CardApplication:
    """One visit to a card's application on an open connection."""

    def __init__(self, connection: CardConnection, profile: CardProfile) -> None:
        self.profile: Final = profile
        self.exchange: Final = Exchange(connection, _limits(profile.lengths, connection.max_apdu))
        self._max_apdu: Final = connection.max_apdu
        self.fci = b""
        self._channel: Channel = self.exchange

    def select(self, *, deactivated_too: bool = False) -> bytes:
        """SELECT the application by its AID; what it answers (ISO/IEC 7816-4 clause 11).

        Ends an authentication. `deactivated_too`: for the issuer, who must reach a card that was blocked.
        Raises ForeignCard for any card without the application, CardDeactivated, and what the connection
        raises.
        """
        self._channel = self.exchange
        command = select_by_df_name(self.profile.aid_bytes)
        try:
            answer = self.exchange.send_for_response(command, "SELECT", accept=_BLOCKED)
        except ApduRefused as error:
            raise ForeignCard from error
        if answer.sw in _BLOCKED:
            # Other cards may use these status words in other senses: ours names itself.
            if bytes(Tlv(DF_NAME_TAG, self.profile.aid_bytes)) not in answer.data:
                raise ForeignCard
            if not (deactivated_too and answer.sw == StatusWord.SELECTED_FILE_DEACTIVATED):
                raise CardDeactivated
        self.fci = answer.data
        return self.fci

    def authenticate(self, psam: CardConnection, role: Role = Role.READER) -> None:
        """Open the files through the PSAM, by the profile's method, after select().

        Raises AuthenticationRefused, PsamRefused, ProfileLacks, CardProfileRefused (unknown method), and what
        the connections raise.
        """
        self._channel = authentication_method(self.profile).open_files(self, psam, role)

    def read_file(self, name: str) -> tuple[Record, ...]:
        """A file's records; a transparent file is one, and one that was never written none.

        Raises ApduRefused, AnswerMalformed, SecureMessagingBroken, ProfileLacks and what the connection
        raises.
        """
        file = self.profile.file_named(name)
        if file.structure is Structure.TRANSPARENT:
            data = self._read_binary(file)
            return (file.decode(data),) if data else ()
        if file.is_field_a_record:
            return (self._read_field_records(file),)
        return tuple(file.decode(record) for record in self._read_records(file))

    def write_file(self, name: str, records: tuple[Record, ...]) -> None:
        """Write a file anew, as the issuer: nothing of what was in it stays.

        A transparent file has one record, or none when it is to be empty. Raises FieldMalformed, and as
        read_file().
        """
        file = self.profile.file_named(name)
        encoded = [data for record in records for data in _encoded(file, record)]
        if file.structure is Structure.TRANSPARENT:
            data = b"".join(encoded[:1])
            self._write_binary(file, data)
            self._erase_binary(file, len(data))
            return
        for number, data in enumerate(encoded, start=1):
            if data:
                self._write_record(file, number, data)
            else:
                self._erase_records(file, number, RECORD_BY_NUMBER)
        if not file.is_field_a_record:
            self._erase_records(file, len(encoded) + 1, RECORDS_FROM_NUMBER)

    def send(self, command: CommandApdu, name: str, max_answer: int = MAX_ANSWER_BYTES) -> bytes:
        """Any other command over the channel. Raises ApduRefused and as read_file()."""
        return self._channel.send(command, name, max_answer=max_answer)

    def _read_binary(self, file: FileLayout) -> bytes:
        """The template in a transparent file; its first part tells how long it is."""
        p1, p2 = _address(file, 0)
        le = min(SHORT_PART_BYTES, file.max_bytes)
        data = self.send(CommandApdu(0x00, Instruction.READ_BINARY, p1, p2, le=le), "READ BINARY")
        total = _object_length(data, file)
        if total > file.max_bytes:
            raise AnswerMalformed(what=file.title.text, detail=f"{total} bytes, at most {file.max_bytes}")
        while len(data) < total:
            part = self._read_part(file, len(data), total - len(data))
            if not part:
                raise AnswerMalformed(what=file.title.text, detail=f"it ends after {len(data)} bytes")
            data += part
        return data[:total]

    def _read_part(self, file: FileLayout, offset: int, wanted: int) -> bytes:
        p1, p2 = _address(file, offset)
        le = min(wanted, self._part_bytes())
        command = CommandApdu(0x00, Instruction.READ_BINARY, p1, p2, le=le, extended=le > SHORT_PART_BYTES)
        return self.send(command, "READ BINARY", max_answer=le + SHORT_PART_BYTES)

    def _part_bytes(self) -> int:
        """How much of a file one answer brings, with secure messaging around it."""
        if not self.profile.lengths.extended:
            return SHORT_PART_BYTES
        return max(SHORT_PART_BYTES, min(EXTENDED_PART_BYTES, self._max_apdu - OVERHEAD_BYTES))

    def _read_records(self, file: FileLayout) -> Iterator[bytes]:
        for number in range(1, file.max_records + 1):
            try:
                yield self._read_record(file, number)
            except ApduRefused as error:
                if error.sw == StatusWord.RECORD_NOT_FOUND:
                    return
                raise

    def _read_field_records(self, file: FileLayout) -> Record:
        found: dict[str, str | bytes] = {}
        for field in file.field:
            try:
                data = self._read_record(file, field.record or 0)
            except ApduRefused as error:
                if error.sw == StatusWord.RECORD_NOT_FOUND and field.optional:
                    continue
                raise
            found[field.name] = file.decode_field_record(field, data)
        return found

    def _read_record(self, file: FileLayout, number: int) -> bytes:
        p2 = file.sfi << 3 | RECORD_BY_NUMBER
        le = min(256, file.max_bytes)
        return self.send(CommandApdu(0x00, Instruction.READ_RECORD, number, p2, le=le), "READ RECORD")

    def _write_record(self, file: FileLayout, number: int, data: bytes) -> None:
        p2 = file.sfi << 3 | RECORD_BY_NUMBER
        self.send(CommandApdu(0x00, Instruction.UPDATE_RECORD, number, p2, data), "UPDATE RECORD")

    def _erase_records(self, file: FileLayout, number: int, which: int) -> None:
        """Erase a record, or all from it on, where they exist."""
        if number > file.max_records:
            return
        command = CommandApdu(0x00, Instruction.ERASE_RECORD, number, file.sfi << 3 | which)
        try:
            self.send(command, "ERASE RECORD")
        except ApduRefused as error:
            if error.sw != StatusWord.RECORD_NOT_FOUND:
                raise

    def _erase_binary(self, file: FileLayout, offset: int) -> None:
        """Erase a transparent file from an offset on."""
        if offset >= file.max_bytes:
            return
        p1, p2 = _address(file, offset)
        self.send(CommandApdu(0x00, Instruction.ERASE_BINARY, p1, p2), "ERASE BINARY")

    def _write_binary(self, file: FileLayout, data: bytes) -> None:
        for offset in range(0, len(data), SHORT_PART_BYTES):
            p1, p2 = _address(file, offset)
            part = data[offset : offset + SHORT_PART_BYTES]
            self.send(CommandApdu(0x00, Instruction.UPDATE_BINARY, p1, p2, part), "UPDATE BINARY")


def _address(file: FileLayout, offset: int) -> tuple[int, int]:
    """P1-P2 of a command for a transparent file from an offset on.

    An offset by SFI has 8 bits; so the file's beginning makes it the current file, and the rest is in that.
    """
    return (offset >> 8, offset & 0xFF) if offset else (BY_SHORT_FILE_ID | file.sfi, 0)


def _encoded(file: FileLayout, record: Record) -> list[bytes]:
    return file.encode_records(record) if file.is_field_a_record else [file.encode(record)]


def _object_length(data: bytes, file: FileLayout) -> int:
    """How long the whole object is whose beginning this is; 0 for a file that was never written.

    Raises AnswerMalformed.
    """
    if not data.strip(b"\x00"):
        return 0
    try:
        return Tlv.whole_length(data)
    except TlvMalformed as error:
        raise AnswerMalformed(what=file.title.text, detail=error.facts["detail"]) from error


def _limits(lengths: LengthLayout, max_apdu: int) -> LengthLimits:
    """What the card takes and the way to it carries."""
    extended = lengths.extended and max_apdu > MAX_SHORT_COMMAND
    return LengthLimits(extended, lengths.chaining, max_apdu if extended else MAX_SHORT_COMMAND)


@cache
def _methods() -> dict[str, Callable[[], AuthenticationMethod]]:
    return {point.name: point.load for point in entry_points(group=METHODS)}


def authentication_method(profile: CardProfile) -> AuthenticationMethod:
    """The method that a profile names. Raises CardProfileRefused for one that nobody provides."""
    name = profile.full_data_path.method
    if name not in _methods():
        known = ", ".join(sorted(_methods()))
        raise CardProfileRefused(
            file=profile.id,
            problem=f"full_data.method = {name!r}",
            instead=Text(zh=f"可用的方法：{known}", en=f"Known methods are: {known}"),
        )
    return _methods()[name]()
