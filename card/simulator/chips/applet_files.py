"""The elementary files on the simulated chip: offsets, records, and who may read and write."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from card.apdu import MAX_SHORT_LE, CommandApdu
from card.application import BY_SHORT_FILE_ID, RECORD_BY_NUMBER, RECORDS_FROM_NUMBER, Role
from card.files import Access, FileLayout, Structure
from card.profile import CardProfile
from card.simulator.chips.contents import ChipContents
from card.simulator.chips.refusal import ChipRefused, require
from card.status_word import StatusWord

SHORT_FILE_ID_BITS: Final = 0x1F

# A role has the rights of those after its access condition.
_RIGHTS: Final = MappingProxyType(
    {
        Access.ALWAYS: frozenset((None, Role.READER, Role.ISSUER, Role.TRANSPORT)),
        Access.READER: frozenset((Role.READER, Role.ISSUER, Role.TRANSPORT)),
        Access.ISSUER: frozenset((Role.ISSUER, Role.TRANSPORT)),
        # What nobody may change is written once, before the application is activated.
        Access.NEVER: frozenset((Role.TRANSPORT,)),
    }
)


class AppletFiles:
    """The files of the selected application; remembers the current file until the next selection."""

    def __init__(self, profile: CardProfile) -> None:
        self._profile = profile
        self._current: FileLayout | None = None

    def forget(self) -> None:
        """No file is current: the application was selected anew."""
        self._current = None

    def read_binary(self, command: CommandApdu, contents: ChipContents, role: Role | None) -> bytes:
        """READ BINARY (ISO/IEC 7816-4 clause 11): at most Le bytes from an offset."""
        file, offset = self._addressed(command)
        _require_right(file.read, role)
        require(not command.data, StatusWord.WRONG_LENGTH)
        image = _image(file, contents)
        require(offset < len(image), StatusWord.WRONG_P1_P2)
        self._current = file
        return image[offset : offset + (command.le or MAX_SHORT_LE)]

    def update_binary(self, command: CommandApdu, contents: ChipContents, role: Role | None) -> bytes:
        """UPDATE BINARY: the file's new content."""
        file, offset = self._addressed(command)
        _require_right(file.update, role)
        require(bool(command.data), StatusWord.WRONG_LENGTH)
        image = bytearray(_image(file, contents))
        require(offset + len(command.data) <= len(image), StatusWord.WRONG_P1_P2)
        image[offset : offset + len(command.data)] = command.data
        self._current = file
        return bytes(image).rstrip(b"\x00")

    def erase_binary(self, command: CommandApdu, contents: ChipContents, role: Role | None) -> bytes:
        """ERASE BINARY: the file's new content, 00 from the offset on."""
        file, offset = self._addressed(command)
        _require_right(file.update, role)
        require(not command.data, StatusWord.WRONG_LENGTH)
        image = _image(file, contents)
        require(offset < len(image), StatusWord.WRONG_P1_P2)
        self._current = file
        return image[:offset].rstrip(b"\x00")

    def read_record(self, command: CommandApdu, contents: ChipContents, role: Role | None) -> bytes:
        """READ RECORD by number."""
        file, number = self._record(command)
        _require_right(file.read, role)
        require(not command.data, StatusWord.WRONG_LENGTH)
        records = contents.files.get(file.name, ())
        require(number <= len(records), StatusWord.RECORD_NOT_FOUND)
        self._current = file
        return records[number - 1]

    def update_record(
        self, command: CommandApdu, contents: ChipContents, role: Role | None
    ) -> tuple[bytes, ...]:
        """UPDATE RECORD by number, the next one after the last included: the file's new records."""
        file, number = self._record(command)
        _require_right(file.update, role)
        records = list(contents.files.get(file.name, ()))
        require(number <= min(len(records) + 1, file.max_records), StatusWord.RECORD_NOT_FOUND)
        require(0 < len(command.data) <= file.max_bytes, StatusWord.NOT_ENOUGH_MEMORY)
        records[number - 1 : number] = [command.data]
        self._current = file
        return tuple(records)

    def erase_record(
        self, command: CommandApdu, contents: ChipContents, role: Role | None
    ) -> tuple[bytes, ...]:
        """ERASE RECORD: the file's new records, without this one and all after it."""
        file, number = self._record(command, RECORDS_FROM_NUMBER)
        _require_right(file.update, role)
        require(not command.data, StatusWord.WRONG_LENGTH)
        records = contents.files.get(file.name, ())
        require(number <= len(records), StatusWord.RECORD_NOT_FOUND)
        self._current = file
        return records[: number - 1]

    @property
    def current_name(self) -> str:
        """The file that the last command that was not refused addressed."""
        return self._current.name if self._current is not None else ""

    def _addressed(self, command: CommandApdu) -> tuple[FileLayout, int]:
        """The transparent file and the offset that P1-P2 mean."""
        file, offset = self._current, command.p1 << 8 | command.p2
        if command.p1 & BY_SHORT_FILE_ID:
            require(not command.p1 & 0x60, StatusWord.INCORRECT_P1_P2)
            file, offset = self._by_short_id(command.p1 & SHORT_FILE_ID_BITS), command.p2
        if file is None or file.structure is not Structure.TRANSPARENT:
            raise ChipRefused(StatusWord.COMMAND_NOT_ALLOWED)
        return file, offset

    def _record(self, command: CommandApdu, which: int = RECORD_BY_NUMBER) -> tuple[FileLayout, int]:
        require(command.p2 & 0x07 == which, StatusWord.INCORRECT_P1_P2)
        short_id = command.p2 >> 3
        file = self._by_short_id(short_id) if short_id else self._current
        if file is None or file.structure is not Structure.LINEAR_VARIABLE:
            raise ChipRefused(StatusWord.COMMAND_NOT_ALLOWED)
        require(1 <= command.p1 <= 254, StatusWord.RECORD_NOT_FOUND)
        return file, command.p1

    def _by_short_id(self, short_id: int) -> FileLayout:
        for file in self._profile.file:
            if file.sfi == short_id:
                return file
        raise ChipRefused(StatusWord.FILE_NOT_FOUND)


def with_file(
    contents: ChipContents, name: str, records: tuple[bytes, ...]
) -> MappingProxyType[str, tuple[bytes, ...]]:
    """The files with one of them replaced."""
    return MappingProxyType({**contents.files, name: records})


def _image(file: FileLayout, contents: ChipContents) -> bytes:
    """A transparent file's whole memory, 00 where nothing was written."""
    return b"".join(contents.files.get(file.name, ())).ljust(file.max_bytes, b"\x00")


def _require_right(access: Access, role: Role | None) -> None:
    require(role in _RIGHTS[access], StatusWord.SECURITY_CONDITION_NOT_SATISFIED)
