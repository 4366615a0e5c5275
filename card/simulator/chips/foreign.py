"""Cards that are not ours, for tests and training: they answer what is needed to tell them, and no more.

What each says is made up in the form of the family's standard; nothing is copied from a card.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from card.apdu import SELECT_BY_DF_NAME, CommandApdu, Instruction, StatusWord
from card.atr import Atr, InterfaceBytes, contactless_atr
from card.errors import CommandMalformed
from card.status_word import StatusClass

SSSE: Final = "sx1.sh.社会保障".encode("gbk")
T_UNION: Final = bytes.fromhex("A000000632010105")
EMRTD: Final = bytes.fromhex("A0000002471001")
NDEF_TAG: Final = bytes.fromhex("D2760000850101")

NO_ERROR: Final = StatusWord.NO_ERROR.to_bytes(2, "big")


class ForeignKind(StrEnum):
    """Kinds of cards; the values are ids of the families in `card/profiles/foreign/`."""

    OTHER = "other"
    BANK = "bank"
    IDENTITY_DOCUMENT = "identity-document"
    NFC_TAG = "nfc-tag"
    RESIDENT_ID = "resident-id"
    SOCIAL_SECURITY = "social-security"
    TRANSIT = "transit"


@dataclass(frozen=True)
class _Card:
    """Its ATR, the FCI of each DF name that it knows, and what it says to everything else."""

    atr: bytes
    fcis: Mapping[bytes, bytes] = field(default_factory=dict)
    otherwise: StatusWord = StatusWord.FILE_NOT_FOUND
    hands_out: bool = False  # the FCI waits for GET RESPONSE, as over T=0


class ForeignCardChip:
    """A chip of one kind. It refuses our SELECT with 6A82, as most cards do; the resident ID, with 6D00."""

    def __init__(self, kind: ForeignKind = ForeignKind.OTHER) -> None:
        self._card = _CARDS[kind]
        self._waiting = b""

    @property
    def atr(self) -> bytes:
        """The kind's own."""
        return self._card.atr

    def power_on(self) -> None:
        """Nothing waits any more."""
        self._waiting = b""

    def power_off(self) -> None:
        """Nothing to do: power_on() starts anew."""

    def process(self, command: bytes) -> bytes:
        """Answer one command."""
        try:
            parsed = CommandApdu.from_bytes(command)
        except CommandMalformed:
            return StatusWord.WRONG_LENGTH.to_bytes(2, "big")
        waiting, self._waiting = self._waiting, b""
        if parsed.ins == Instruction.GET_RESPONSE and waiting:
            return waiting + NO_ERROR
        if (parsed.ins, parsed.p1) == (Instruction.SELECT, SELECT_BY_DF_NAME):
            fci = self._card.fcis.get(parsed.data)
            if fci is not None:
                return self._selected(fci)
        return self._card.otherwise.to_bytes(2, "big")

    def _selected(self, fci: bytes) -> bytes:
        if not self._card.hands_out:
            return fci + NO_ERROR
        self._waiting = fci
        return bytes((StatusClass.BYTES_AVAILABLE, len(fci)))


def _object(tag: str, *members: bytes) -> bytes:
    """A data object of less than 128 bytes; EMV's tags are not all in the form that `crypto.tlv` asks for."""
    value = b"".join(members)
    return bytes.fromhex(tag) + bytes((len(value),)) + value


def _ppse(aid: str, label: str) -> dict[bytes, bytes]:
    """A PPSE with one application of priority 1 (EMV Contactless Book B, FCI of the PPSE)."""
    name = b"2PAY.SYS.DDF01"
    entry = _object(
        "61", _object("4F", bytes.fromhex(aid)), _object("50", label.encode()), _object("87", b"\x01")
    )
    return {name: _object("6F", _object("84", name), _object("A5", _object("BF0C", entry)))}


_CARDS: Final[Mapping[ForeignKind, _Card]] = MappingProxyType(
    {
        ForeignKind.OTHER: _Card(contactless_atr(b"")),
        ForeignKind.BANK: _Card(contactless_atr(b""), _ppse("A000000333010101", "UnionPay Debit")),
        ForeignKind.TRANSIT: _Card(
            contactless_atr(b""),
            {
                **_ppse("A000000632010105", "MOT_T_EP"),
                T_UNION: _object("6F", _object("84", T_UNION), _object("A5", _object("9F08", b"\x02"))),
            },
        ),
        # An ATQB without application data, as many passports have; SELECT answers 9000 alone.
        ForeignKind.IDENTITY_DOCUMENT: _Card(
            contactless_atr(bytes.fromhex("00 00 00 00 77 83 B3 00")), {EMRTD: b""}
        ),
        ForeignKind.NFC_TAG: _Card(contactless_atr(b"\x80"), {NDEF_TAG: b""}),
        ForeignKind.RESIDENT_ID: _Card(
            contactless_atr(bytes.fromhex("D1 03 86 05 00 80 80 00")),
            otherwise=StatusWord.INSTRUCTION_NOT_SUPPORTED,
        ),
        # T=0 over contacts; chip maker 00 81, operating system, card maker 86 60, date and serial number.
        ForeignKind.SOCIAL_SECURITY: _Card(
            Atr(
                interface=(InterfaceBytes(tb=0, tc=0),),
                historical=bytes.fromhex("00 81 54 31 00 86 60 20 01 01 00 00 01"),
            ).to_bytes(),
            {SSSE: _object("6F", _object("84", SSSE), _object("A5", _object("88", b"\x01")))},
            hands_out=True,
        ),
    }
)
