"""terminal.toml: what makes a machine this terminal and not another."""

from __future__ import annotations

import tomllib
from enum import StrEnum
from typing import Annotated

import msgspec
import tomli_w

from terminal.errors import ConfigurationMalformed
from terminal.return_windows import (
    MAX_PASSBACK_MINUTES,
    MAX_REPEAT_SECONDS,
    MAX_TRANSFER_MINUTES,
    ReturnWindows,
)

FILE_NAME = "terminal.toml"


class Mode(StrEnum):
    """Whether test keys are accepted."""

    TEST = "test"
    PRODUCTION = "production"


class ValidatorSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a card that comes back gets, at a terminal that validates tap after tap; 0 turns a window off.

    Attributes:
        repeat_seconds: the same card within this time is the same tap again.
        transfer_minutes: within this time of its first tap a journey goes on, and nothing more is due.
        passback_minutes: for this long, or until it left, a card that was let in lets nobody in again.
        exit_reader: pattern for the name of the reader at which cards leave; empty for none.
    """

    repeat_seconds: Annotated[int, msgspec.Meta(ge=0, le=MAX_REPEAT_SECONDS)] = 5
    transfer_minutes: Annotated[int, msgspec.Meta(ge=0, le=MAX_TRANSFER_MINUTES)] = 0
    passback_minutes: Annotated[int, msgspec.Meta(ge=0, le=MAX_PASSBACK_MINUTES)] = 0
    exit_reader: Annotated[str, msgspec.Meta(max_length=100)] = ""

    @property
    def windows(self) -> ReturnWindows:
        """The three windows."""
        return ReturnWindows.of(self.repeat_seconds, self.transfer_minutes, self.passback_minutes)


class CareSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a terminal should have, and tells of when it has not.

    Attributes:
        hotlist_days: how old its hotlist may be.
        psam: address of the reader that is its PSAM's slot; empty for a terminal without one.
    """

    hotlist_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 7
    psam: Annotated[str, msgspec.Meta(max_length=200)] = ""


class TerminalConfiguration(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The terminal's identity and task.

    Attributes:
        terminal: its id, 16 hexadecimal digits, given at enrolment.
        epoch: counts its re-installations, so that a new journal is no fork of the old.
        operator: code of the operator who is paid for its taps.
        region: six digits of GB/T 2260 where it stands.
        service: code of the catalogue item that it serves.
        center: base URL of the card data centre.
        mode: whether test keys are accepted.
        validator: the table [validator], what a card that comes back gets.
        care: the table [care], what is told of when it is wanting.
    """

    terminal: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{16}\Z")]
    epoch: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF)]
    operator: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    region: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}\Z")]
    service: Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,12}\Z")]
    center: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+\Z", max_length=200)]
    mode: Mode
    validator: ValidatorSettings = ValidatorSettings()
    care: CareSettings = CareSettings()

    @property
    def terminal_id(self) -> bytes:
        """The terminal's id as 8 bytes."""
        return bytes.fromhex(self.terminal)

    @classmethod
    def from_bytes(cls, data: bytes) -> TerminalConfiguration:
        """Parse the TOML file. Raises ConfigurationMalformed, naming the field."""
        try:
            return msgspec.convert(tomllib.loads(data.decode()), cls)
        except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
            raise ConfigurationMalformed(file=FILE_NAME, detail=str(error)) from error

    def to_bytes(self) -> bytes:
        """The TOML file."""
        return tomli_w.dumps(msgspec.to_builtins(self)).encode()
