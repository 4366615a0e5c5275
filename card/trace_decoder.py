"""From an exchange to a line of a trace: what was asked and answered, without what is personal.

Nothing is shown unless a declaration says that it may be: fields with `personal = false`, and the tags that a
profile's `shown` lists. Everything else is a length. Tags are named only where the form of the data is
declared, so that bytes which happen to look like TLV show nothing of themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from card.apdu import SELECT_BY_DF_NAME, CommandApdu, Instruction, ResponseApdu
from card.application import BY_SHORT_FILE_ID
from card.cipher_psam import CipherPsamInstruction
from card.errors import FieldMalformed
from card.exchange import CHAINING_BIT
from card.fci import SERIAL_TAG
from card.files import FieldLayout, FileLayout
from card.foreign_cards import foreign_cards
from card.profile import CardProfile
from card.psam import PSAM_CLA, PsamInstruction, PsamTag
from card.readers.pseudo_apdu import ATS_P1, GET_DATA, READER_CLASS, UID_P1
from card.secure_messaging import SmTag
from card.status_word import StatusClass
from card.trace import TracedExchange
from card.trace_record import (
    MAX_DEPTH,
    MAX_OBJECTS,
    MAX_SHOWN_BYTES,
    DataObject,
    TraceRecord,
    is_protected,
)
from crypto.credential import CredentialTag
from crypto.errors import TlvMalformed
from crypto.tap_proof import TapProofTag
from crypto.tlv import Tlv

# Longer data fields are parts of a photo or a card's attempt to keep the tracer busy.
MAX_DECODED_BYTES: Final = 4352
SHORT_FILE_ID_BITS: Final = 0x1F
NAMES: Final[Mapping[int, str]] = {one.value: one.name.replace("_", " ") for one in Instruction}
PSAM_NAMES: Final[Mapping[int, str]] = {
    one.value: one.name.replace("_", " ") for one in (*PsamInstruction, *CipherPsamInstruction)
}
MUTUAL_AUTHENTICATE: Final = "MUTUAL AUTHENTICATE"  # ISO/IEC 7816-4 clause 11: EXTERNAL AUTHENTICATE with Le
READER_SUBJECTS: Final[Mapping[int, str]] = {UID_P1: "uid", ATS_P1: "ats"}

Show = Callable[[bytes], str | None]
LENGTH_STEP: Final = 16


@dataclass(frozen=True)
class _Form:
    """What belongs in a data field.

    Attributes:
        templates: tags whose members are looked at.
        named: tags that are told, with their lengths.
        shown: tags whose values are told, and as what.
        only_with: bytes without which nothing is shown: those that say whose data this is.
    """

    templates: frozenset[int] = frozenset()
    named: frozenset[int] = frozenset()
    shown: Mapping[int, Show] = field(default_factory=dict)
    only_with: bytes = b""


_LENGTH_ALONE: Final = _Form()
_PROTECTED: Final = _Form(named=frozenset(SmTag))
_TAP_PROOF: Final = _Form(
    templates=frozenset((TapProofTag.TEMPLATE,)),
    named=frozenset((TapProofTag.COUNTER, TapProofTag.SIGNATURE)),
)
_ANY_FCI: Final = _Form(templates=frozenset((PsamTag.FCI, PsamTag.PROPRIETARY)), named=frozenset(PsamTag))


@dataclass(frozen=True)
class _Meaning:
    """What a command asks, and the forms of both data fields."""

    command: str | None = None
    subject: str | None = None
    offset: int | None = None
    record: int | None = None
    sent: _Form = _LENGTH_ALONE
    received: _Form = _LENGTH_ALONE
    is_personal: bool = False


class TraceDecoder:
    """Decodes the exchanges of one connection, in their order. Raises nothing, whatever passes."""

    def __init__(self, profile: CardProfile) -> None:
        self._fci = _fci_form(profile)
        self._by_short_id = {file.sfi: file for file in profile.file}
        self._by_id = {bytes.fromhex(file.fid): file for file in profile.file}
        self._applications = _applications(profile)
        self._aid = profile.aid_bytes
        self._file: FileLayout | None = None  # the current one, as far as the commands tell
        self._waiting = _LENGTH_ALONE  # what GET RESPONSE will fetch
        self._in_chain = False

    def decode(self, exchange: TracedExchange, connection: int, at: int) -> TraceRecord:
        """The line of one exchange; `at` is its time in the trace, in microseconds."""
        command, answer = exchange.command, exchange.answer
        meaning = self._meaning(command)
        begins_in_chain, self._in_chain = self._in_chain, _is_link(command)
        is_part = begins_in_chain or self._in_chain
        return TraceRecord(
            connection=connection,
            at=at,
            took=(exchange.ended - exchange.begun) // 1000,
            cla=f"{command.cla:02X}",
            ins=f"{command.ins:02X}",
            p1=f"{command.p1:02X}",
            p2=f"{command.p2:02X}",
            lc=_told(len(command.data), meaning),
            le=command.le,
            extended=command.extended,
            command=meaning.command,
            subject=meaning.subject,
            offset=meaning.offset,
            record=meaning.record,
            sent=() if is_part else _objects(command.data, meaning.sent),
            sw=None if answer is None else f"{answer.sw:04X}",
            answered=0 if answer is None else _told(len(answer.data), meaning),
            received=() if answer is None else self._received(answer, meaning.received),
            error=exchange.error,
        )

    def _received(self, answer: ResponseApdu, form: _Form) -> tuple[DataObject, ...]:
        if answer.sw1 == StatusClass.BYTES_AVAILABLE:
            self._waiting = _LENGTH_ALONE if answer.data else form
            return ()
        self._waiting = _LENGTH_ALONE
        return _objects(answer.data, form)

    def _meaning(self, command: CommandApdu) -> _Meaning:
        if command.cla == READER_CLASS and command.ins == GET_DATA:
            return _Meaning("GET DATA", READER_SUBJECTS.get(command.p1))
        if command.cla == PSAM_CLA:
            return _Meaning(PSAM_NAMES.get(command.ins))
        if command.cla >= PSAM_CLA:
            return _Meaning()
        return self._interindustry(command)

    def _interindustry(self, command: CommandApdu) -> _Meaning:
        match command.ins:
            case Instruction.SELECT:
                return self._select(command)
            case Instruction.READ_BINARY | Instruction.UPDATE_BINARY | Instruction.ERASE_BINARY:
                return self._binary(command)
            case Instruction.READ_RECORD | Instruction.UPDATE_RECORD | Instruction.ERASE_RECORD:
                return self._record(command)
            case _:
                return self._other(command)

    def _other(self, command: CommandApdu) -> _Meaning:
        name = NAMES.get(command.ins)
        if command.ins == Instruction.GET_RESPONSE:
            return _Meaning(name, received=self._waiting)
        if is_protected(command.cla):
            return _Meaning(name, sent=_PROTECTED, received=_PROTECTED)
        if command.ins == Instruction.INTERNAL_AUTHENTICATE:
            return _Meaning(name, received=_TAP_PROOF)
        if command.ins == Instruction.EXTERNAL_AUTHENTICATE and command.le is not None:
            return _Meaning(MUTUAL_AUTHENTICATE)
        return _Meaning(name)

    def _select(self, command: CommandApdu) -> _Meaning:
        self._file = None
        if command.p1 == SELECT_BY_DF_NAME:
            form = self._fci if command.data == self._aid else _ANY_FCI
            return _Meaning("SELECT", self._applications.get(command.data), received=form)
        self._file = self._by_id.get(command.data)
        return _Meaning("SELECT", None if self._file is None else self._file.name)

    def _binary(self, command: CommandApdu) -> _Meaning:
        if command.p1 & BY_SHORT_FILE_ID:
            self._file = self._by_short_id.get(command.p1 & SHORT_FILE_ID_BITS)
            offset = command.p2
        else:
            offset = command.p1 << 8 | command.p2
        # From the middle of a file on, bytes are no data objects, whatever they look like.
        return self._on_file(command, _file_form(self._file) if offset == 0 else _LENGTH_ALONE, offset=offset)

    def _record(self, command: CommandApdu) -> _Meaning:
        if short_id := command.p2 >> 3:
            self._file = self._by_short_id.get(short_id)
        return self._on_file(command, _file_form(self._file), record=command.p1)

    def _on_file(
        self, command: CommandApdu, form: _Form, *, offset: int | None = None, record: int | None = None
    ) -> _Meaning:
        if is_protected(command.cla):
            form = _PROTECTED
        subject = None if self._file is None else self._file.name
        is_personal = self._file is None or any(field.personal for field in self._file.field)
        return _Meaning(
            NAMES[command.ins], subject, offset, record, sent=form, received=form, is_personal=is_personal
        )


def _told(length: int, meaning: _Meaning) -> int:
    """A length as it is told: of personal data in steps, or it would tell how long a name is."""
    return -(-length // LENGTH_STEP) * LENGTH_STEP if meaning.is_personal else length


def _is_link(command: CommandApdu) -> bool:
    """Whether the command is not the last of its chain (ISO/IEC 7816-4 §5.4.1)."""
    return command.cla < PSAM_CLA and bool(command.cla & CHAINING_BIT)


def _applications(profile: CardProfile) -> Mapping[bytes, str]:
    """Names of the DF names that are declared: ours, the PSAM's, those by which foreign cards are told."""
    known: dict[bytes, str] = {}
    for family in foreign_cards().families:
        for df_name in dict.fromkeys(probe.df_name_bytes for probe in family.probe):
            known[df_name] = f"{known[df_name]}-or-{family.id}" if df_name in known else family.id
    if profile.full_data is not None:
        known[profile.full_data.psam_aid_bytes] = "psam"
    known[profile.aid_bytes] = profile.id
    return known


def _fci_form(profile: CardProfile) -> _Form:
    """The answer to SELECT of our application, with the credential in it."""
    if profile.tap is None:
        return _ANY_FCI
    layout = profile.tap.fci
    df_name = int(layout.df_name, 16)
    templates = {int(tag, 16) for tag in (layout.template, *layout.credential)}
    shown: dict[int, Show] = {int(tag, 16): _hexadecimal for tag in layout.shown}
    return _Form(
        templates=frozenset({*templates, CredentialTag.BODY, CredentialTag.PUBLIC_KEY}),
        named=frozenset({*CredentialTag, df_name, SERIAL_TAG}),
        shown={**shown, df_name: partial(_if_equal, profile.aid_bytes)},
        only_with=bytes(Tlv(df_name, profile.aid_bytes)),
    )


def _file_form(file: FileLayout | None) -> _Form:
    """A template with a file's fields, or a record that is one field."""
    if file is None:
        return _LENGTH_ALONE
    return _Form(
        templates=frozenset() if file.template is None else frozenset((int(file.template, 16),)),
        named=frozenset(int(one.tag, 16) for one in file.field),
        shown={int(one.tag, 16): partial(_field_text, one) for one in file.field if not one.personal},
    )


def _field_text(layout: FieldLayout, value: bytes) -> str | None:
    try:
        decoded = layout.decode(Tlv(int(layout.tag, 16), value))
    except FieldMalformed:
        return None
    return decoded if isinstance(decoded, str) else _hexadecimal(decoded)


def _hexadecimal(value: bytes) -> str:
    return value.hex().upper()


def _if_equal(expected: bytes, value: bytes) -> str | None:
    return _hexadecimal(value) if value == expected else None


def _objects(data: bytes, form: _Form) -> tuple[DataObject, ...]:
    """The data objects of a data field; none where it is not of the form at all."""
    if not form.named or len(data) > MAX_DECODED_BYTES:
        return ()
    shown = form.shown if form.only_with in data else {}
    try:
        found = tuple(_walk(data, form, shown, 0))
    except TlvMalformed:
        return ()
    # What does not begin as the form does is something else, and even its "lengths" would be bytes of that.
    is_of_the_form = bool(found) and found[0].tag is not None
    return found if is_of_the_form and len(found) <= MAX_OBJECTS else ()


def _walk(data: bytes, form: _Form, shown: Mapping[int, Show], depth: int) -> Iterator[DataObject]:
    while data.strip(b"\x00"):  # a file's memory goes on after its last object
        item, data = Tlv.parse_from(data)
        tag, length = item.tag, len(item.value)
        if tag in form.templates and depth < MAX_DEPTH:
            yield DataObject(depth, f"{tag:02X}", length)
            yield from _walk(item.value, form, shown, depth + 1)
        elif tag in form.named:
            yield DataObject(depth, f"{tag:02X}", length, _shown(shown.get(tag), item.value))
        else:
            yield DataObject(depth, None, length)


def _shown(show: Show | None, value: bytes) -> str | None:
    if show is None or len(value) > MAX_SHOWN_BYTES:
        return None
    text = show(value)
    return text if text is not None and text.isprintable() else None
