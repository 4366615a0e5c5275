"""Status words (ISO/IEC 7816-4 clause 5, status bytes)."""

from __future__ import annotations

from enum import IntEnum


class StatusWord(IntEnum):
    """SW1-SW2 values with a meaning of their own."""

    NO_ERROR = 0x9000
    END_OF_FILE = 0x6282
    SELECTED_FILE_DEACTIVATED = 0x6283
    SELECTED_FILE_TERMINATED = 0x6285
    VERIFICATION_FAILED = 0x6300
    MEMORY_FAILURE = 0x6581
    WRONG_LENGTH = 0x6700
    LOGICAL_CHANNEL_NOT_SUPPORTED = 0x6881
    SECURE_MESSAGING_NOT_SUPPORTED = 0x6882
    LAST_COMMAND_OF_CHAIN_EXPECTED = 0x6883
    SECURITY_CONDITION_NOT_SATISFIED = 0x6982
    AUTHENTICATION_METHOD_BLOCKED = 0x6983
    CONDITIONS_OF_USE_NOT_SATISFIED = 0x6985
    COMMAND_NOT_ALLOWED = 0x6986
    SECURE_MESSAGING_MISSING = 0x6987
    SECURE_MESSAGING_INCORRECT = 0x6988
    INCORRECT_DATA = 0x6A80
    FUNCTION_NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    RECORD_NOT_FOUND = 0x6A83
    NOT_ENOUGH_MEMORY = 0x6A84
    INCORRECT_P1_P2 = 0x6A86
    REFERENCED_DATA_NOT_FOUND = 0x6A88
    WRONG_P1_P2 = 0x6B00
    INSTRUCTION_NOT_SUPPORTED = 0x6D00
    CLASS_NOT_SUPPORTED = 0x6E00
    NO_PRECISE_DIAGNOSIS = 0x6F00


class StatusClass(IntEnum):
    """SW1 values whose SW2 is a number of bytes."""

    BYTES_AVAILABLE = 0x61
    WRONG_LE = 0x6C


_NAMES = {word.value: word.name for word in StatusWord}
_CLASS_NAMES = {word.value: word.name for word in StatusClass}


def describe_status_word(sw: int) -> str:
    """How a status word is printed, e.g. `SW=0x6982 (SECURITY_CONDITION_NOT_SATISFIED)`."""
    name = _NAMES.get(sw) or _CLASS_NAMES.get(sw >> 8, "UNKNOWN")
    return f"SW=0x{sw:04X} ({name})"
