"""APDU traces: what a technician sees of a session, and that nobody's data and no key are in it."""

from __future__ import annotations

import json
import re
import resource
import stat
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import reduce
from importlib import resources
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Final

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from card.apdu import CommandApdu, Instruction, ResponseApdu
from card.application import CardApplication, Role
from card.card_commands import app
from card.errors import (
    AuthenticationRefused,
    CardError,
    CardProfileRefused,
    ForeignCard,
    RefusalReason,
    TraceFull,
    TraceNotWritten,
    TraceRefused,
)
from card.files import FieldLayout, Record
from card.identity import IdentitySession
from card.personalisation import personalise_chip
from card.profile import CardProfile, reference_profile
from card.readers.any_reader import AnyReader
from card.readers.pcsc import PcscReader
from card.readers.pseudo_apdu import read_uid
from card.recognition import naming_foreign_cards
from card.secure_messaging import SecureMessaging, SessionKeys
from card.simulator.boards.link import InProcessConnection
from card.simulator.boards.pcscd import PrivatePcscd
from card.simulator.boards.vpcd import VpcdLink
from card.simulator.chips.applet import ReferenceApplet
from card.simulator.chips.chip import Chip
from card.simulator.chips.contents import ChipContents, VolatileMemory
from card.simulator.chips.faults import AnswerFault, FaultyChip, TearingChip
from card.simulator.chips.foreign import ForeignCardChip, ForeignKind
from card.simulator.chips.psam import PsamChip
from card.simulator.issuing.altered_cards import clone, forge
from card.simulator.issuing.personalisation import Holder
from card.trace import TracedConnection, TracedExchange
from card.trace_decoder import TraceDecoder
from card.trace_file import MAX_LINE_BYTES, MAX_TRACE_BYTES, Trace, TraceFile, traced
from card.trace_record import TraceRecord
from crypto.credential import TapCredential
from crypto.errors import TapProofMalformed
from crypto.explained import Language
from crypto.tap_proof import TapProof
from crypto.tlv import Tlv
from tests.card.cards import CHALLENGE, ISSUER, STRANGER, ScriptedChip, applet, check, reason
from tests.card.full_cards import FILES, Tap, full_card
from tests.card.psam_cards import PSAM_PROFILE, RECORDS, cipher_psam, psam_card

SECONDS = 20.0
PROFILE = reference_profile()
CARD = full_card()
UID = bytes.fromhex("04A1B2C3D4E5F6")
PSAM = ISSUER.psam_for(Role.READER)
HOLDER = Holder((1, 4), 1, "330106", date(2026, 1, 1), date(2036, 1, 1), {**FILES})
ENTITLEMENT = bytes.fromhex("0901330106")  # categories 1 and 4, grade 1, region
RUN = 4  # so many bytes of a data field in a row must not be found
LONG = 100  # of a longer value a part is looked for: no command carries the whole


class Recording:
    """A session that is traced, and all that passed in it, to look for."""

    def __init__(self, path: Path, profile: CardProfile = PROFILE) -> None:
        self.path = path
        self.said: list[CardError] = []
        self.trace = TraceFile(path, profile, self.said.append)
        self.lines: list[Tap] = []
        self.plain: list[bytes] = []  # under secure messaging
        self.session_keys: list[bytes] = []
        self.told: list[bytes] = []  # what a program would write of the records that it read

    def connect(self, chip: Chip) -> TracedConnection:
        """A traced line to a chip."""
        line = Tap(InProcessConnection(chip))
        self.lines.append(line)
        return TracedConnection(line, self.trace)

    @property
    def passed(self) -> list[bytes]:
        """Every data field, protected ones as they passed and in plain."""
        commands = [command.data for line in self.lines for command in line.commands]
        answers = [answer.data for line in self.lines for answer in line.answers]
        return [data for data in (*commands, *answers, *self.plain) if data]

    @property
    def written(self) -> bytes:
        """The trace file."""
        return self.path.read_bytes()

    @property
    def records(self) -> tuple[TraceRecord, ...]:
        """The trace file, read."""
        return Trace.load(self.path).records


@pytest.fixture
def recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recording]:
    """A recording that also hears what passes under secure messaging, and with which keys."""
    recording = Recording(tmp_path / "trace.jsonl")
    begin, wrap, unwrap = SecureMessaging.__init__, SecureMessaging.wrap, SecureMessaging.unwrap

    def begun(messaging: SecureMessaging, keys: SessionKeys) -> None:
        recording.session_keys += [keys.cipher, keys.mac]
        begin(messaging, keys)

    def wrapped(messaging: SecureMessaging, command: CommandApdu) -> CommandApdu:
        recording.plain.append(command.data)
        return wrap(messaging, command)

    def unwrapped(messaging: SecureMessaging, answer: ResponseApdu) -> ResponseApdu:
        plain = unwrap(messaging, answer)
        recording.plain.append(plain.data)
        return plain

    monkeypatch.setattr(SecureMessaging, "__init__", begun)
    monkeypatch.setattr(SecureMessaging, "wrap", wrapped)
    monkeypatch.setattr(SecureMessaging, "unwrap", unwrapped)
    with recording.trace:
        yield recording


# --- what a leak could look like ----------------------------------------------------------------------------


FORMS: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType(
    {
        "raw": bytes,
        "hex": lambda data: data.hex().encode(),
        "HEX": lambda data: data.hex().upper().encode(),
        "spaced hex": lambda data: data.hex(" ").encode(),
        "SPACED HEX": lambda data: data.hex(" ").upper().encode(),
        "escapes": lambda data: "".join(f"\\x{byte:02x}" for byte in data).encode(),
        "numbers": lambda data: ", ".join(map(str, data)).encode(),
        "base64": b64encode,
    }
)


def marks(form: str, value: bytes) -> list[bytes]:
    """What is found of a value that lies somewhere within data written in a form."""
    if form != "base64":
        return [FORMS[form](value)]
    # Its characters depend on where in a group of three bytes it begins; those that it shares with its
    # neighbours are left out.
    return [
        b64encode(bytes(lead) + value)[-(-lead * 8 // 6) : (lead + len(value)) * 8 // 6] for lead in range(3)
    ]


def is_found(value: bytes, form: str, written: bytes) -> bool:
    return any(mark in written for mark in marks(form, value))


def forms_of_field(field: FieldLayout, value: str | bytes, record: bytes) -> dict[str, bytes]:
    """A field's value as it lies on the card, and as a program would write it."""
    item = field.encode(value)
    end = record.index(item) + len(item)
    # A short one is looked for with what lies before it, or it would be found anywhere.
    found = {"on the card": item.value if len(item.value) > RUN else record[max(0, end - 2 * RUN) : end]}
    if len(item.value) > LONG:
        found = {"on the card": item.value[LONG // 2 : LONG]}
    elif isinstance(value, str) and len(value.encode()) > RUN:
        found |= {"in UTF-8": value.encode(), "in GB 18030": value.encode("gb18030")}
        found |= {"escaped": json.dumps(value)[1:-1].encode()}
    return found


def values_about_people(profile: CardProfile, files: Mapping[str, Sequence[Record]]) -> dict[str, bytes]:
    """Everything personal in the files of a card."""
    found: dict[str, bytes] = {}
    for name, records in files.items():
        file = profile.file_named(name)
        for number, record in enumerate(records):
            encoded = b"".join(file.encode_records(record)) if file.is_field_a_record else file.encode(record)
            for key, value in record.items():
                field = file.field_named(key)
                assert field is not None
                if field.personal:
                    forms = forms_of_field(field, value, encoded)
                    found |= {f"{name} {number} {key} {form}": data for form, data in forms.items()}
    return found


PEOPLE: Final = values_about_people(
    PROFILE,
    {name: [PROFILE.file_named(name).record_of(one) for one in fields] for name, fields in FILES.items()},
)
ON_THE_CARD: Final = {name for name in PEOPLE if name.endswith("on the card")}
OF_THE_CREDENTIAL: Final = {"card id", "entitlement", "card key", "issuer's signature"}
OF_A_TAP: Final = OF_THE_CREDENTIAL | {"challenge", "proof 0"}
SESSION_KEYS: Final = {"session key 0", "session key 1"}


def values_in(recording: Recording, card: ChipContents) -> dict[str, bytes]:
    """Everything that must not be found in the trace of a session with this card."""
    credential = TapCredential.from_bytes(card.credential)
    values = {
        **PEOPLE,
        "card id": credential.card_id,
        "entitlement": ENTITLEMENT,
        "card key": credential.card_key.point,
        "issuer's signature": credential.signature,
        "challenge": CHALLENGE,
        "psam id": PSAM.identity.psam_id,
        "issuer's psam id": ISSUER.psam.identity.psam_id,
        "serial": card.serial,
        "uid": UID,
    }
    values |= {f"session key {number}": key for number, key in enumerate(recording.session_keys)}
    for number, pair in card.keys.items():
        values |= {f"cipher key {number}": pair.cipher, f"mac key {number}": pair.mac}
    proofs = []
    for data in recording.passed:
        with suppress(TapProofMalformed):
            proofs.append(TapProof.from_bytes(data).signature)
    return values | {f"proof {number}": proof for number, proof in enumerate(proofs)}


def runs(data: bytes) -> Iterator[bytes]:
    """What RUN bytes in a row look like in hexadecimal, all such runs; in base64 and as they are, a few more.

    Fewer than eight characters would be found by chance now and then.
    """
    for at in range(len(data) - RUN + 1):
        run = data[at : at + RUN]
        yield from (run.hex().encode(), run.hex().upper().encode())
    for mark in (data, *marks("base64", data)):
        yield from (mark[at : at + 2 * RUN] for at in range(len(mark) - 2 * RUN + 1))


def shows_a_run_of(data: bytes, written: bytes) -> bool:
    return any(run in written for run in runs(data))


def split(written: bytes) -> tuple[bytes, set[str]]:
    """A trace without the values that it shows, and these values."""
    shown = re.compile(rb',"((?:[^"\\]|\\.)*)"\]')
    return shown.sub(b",null]", written), {value.decode() for value in shown.findall(written)}


# --- sessions: each does something and tells which card it was with, and what passed ------------------------


def a_tap(recording: Recording) -> tuple[ChipContents, set[str]]:
    assert reason(check(recording.connect(applet(CARD)))) is None
    return CARD, OF_A_TAP


def a_full_data_read(recording: Recording) -> tuple[ChipContents, set[str]]:
    application = CardApplication(recording.connect(applet(CARD)), PROFILE)
    application.select()
    application.read_file("card")
    application.authenticate(recording.connect(PsamChip(PSAM)))
    for file in PROFILE.file:
        for record in application.read_file(file.name):
            texts = [value for value in record.values() if isinstance(value, str)]
            as_they_are = json.dumps(texts, ensure_ascii=False)
            recording.told += [
                json.dumps(texts).encode(),
                as_they_are.encode(),
                as_they_are.encode("gb18030"),
            ]
    return CARD, {*PEOPLE, *OF_THE_CREDENTIAL, *SESSION_KEYS, "psam id"}


def a_personalisation(recording: Recording) -> tuple[ChipContents, set[str]]:
    memory = VolatileMemory(ISSUER.blank_chip())
    chip, psam = recording.connect(ReferenceApplet(memory)), recording.connect(PsamChip(ISSUER.psam))
    personalise_chip(chip, psam, PROFILE, ISSUER.personalisation(HOLDER))
    card = memory.load()
    keys = {f"{kind} key {number}" for number in card.keys for kind in ("cipher", "mac")}
    assert len(keys) == 4
    return card, {*ON_THE_CARD, *OF_THE_CREDENTIAL, *SESSION_KEYS, *keys, "issuer's psam id", "serial"}


def a_cloned_card(recording: Recording) -> tuple[ChipContents, set[str]]:
    assert reason(check(recording.connect(applet(clone(CARD))))) is RefusalReason.CLONED
    return CARD, OF_A_TAP


def a_forged_card(recording: Recording) -> tuple[ChipContents, set[str]]:
    card = forge(CARD)
    assert reason(check(recording.connect(applet(card)))) is RefusalReason.FORGED
    return card, OF_THE_CREDENTIAL


def a_stranger_s_psam(recording: Recording) -> tuple[ChipContents, set[str]]:
    application = CardApplication(recording.connect(applet(CARD)), PROFILE)
    application.select()
    with pytest.raises(AuthenticationRefused):
        application.authenticate(recording.connect(PsamChip(STRANGER.psam)))
    return CARD, OF_THE_CREDENTIAL


def a_card_with_surplus_bytes(recording: Recording) -> tuple[ChipContents, set[str]]:
    chip = FaultyChip(applet(CARD), AnswerFault.WRONG_LENGTH)
    assert reason(check(recording.connect(chip))) is RefusalReason.UNREADABLE
    return CARD, OF_THE_CREDENTIAL


def a_torn_card(recording: Recording) -> tuple[ChipContents, set[str]]:
    chip = TearingChip(applet(CARD), after_apdus=1)
    assert reason(check(recording.connect(chip))) is RefusalReason.TORN
    return CARD, {*OF_THE_CREDENTIAL, "challenge"}


def a_blank_chip(recording: Recording) -> tuple[ChipContents, set[str]]:
    blank = ISSUER.blank_chip()
    assert reason(check(recording.connect(applet(blank)))) is not None
    return replace(CARD, serial=blank.serial), {"serial"}


def foreign_cards(recording: Recording) -> tuple[ChipContents, set[str]]:
    for kind in ForeignKind:
        line = recording.connect(ForeignCardChip(kind))
        with pytest.raises(ForeignCard), naming_foreign_cards(line):
            IdentitySession(line, PROFILE).select()
    return CARD, set()


def a_uid(recording: Recording) -> tuple[ChipContents, set[str]]:
    assert read_uid(recording.connect(ScriptedChip(lambda _command: UID + b"\x90\x00"))) == UID
    return CARD, {"uid"}


SESSIONS: Final = (
    a_tap,
    a_full_data_read,
    a_personalisation,
    a_cloned_card,
    a_forged_card,
    a_stranger_s_psam,
    a_card_with_surplus_bytes,
    a_torn_card,
    a_blank_chip,
    foreign_cards,
    a_uid,
)
Session = Callable[[Recording], tuple[ChipContents, set[str]]]


@pytest.mark.parametrize("session", SESSIONS)
def test_nobody_s_data_and_no_key_are_in_a_trace(session: Session, recording: Recording) -> None:
    card, expected = session(recording)
    values, written = values_in(recording, card), recording.written
    assert recording.records and not recording.said
    found = set(values)
    for form, write in FORMS.items():
        assert [name for name, value in values.items() if is_found(value, form, written)] == []
        # The same search in what somebody would have who writes everything down.
        dump = b"\n".join(write(data) for data in (*recording.passed, *recording.told))
        found &= {name for name, value in values.items() if is_found(value, form, dump)}
    assert expected <= found


@pytest.mark.parametrize("session", SESSIONS)
def test_no_run_of_bytes_of_any_data_field_is_in_a_trace(session: Session, recording: Recording) -> None:
    session(recording)
    rest, values = split(recording.written)
    assert [data for data in recording.passed if shows_a_run_of(data, rest)] == []
    for write in (bytes, bytes.hex, b64encode):
        dump = b"\n".join(
            data if isinstance(data := write(passed), bytes) else data.encode() for passed in recording.passed
        )
        assert all(shows_a_run_of(data, dump) for data in recording.passed if len(data) >= 2 * RUN)
    key_id = ISSUER.issuer_key.key_id.hex().upper()
    assert values <= {PROFILE.aid, "01", key_id, "260101", "360101", "1.0", "1"}


def test_records_that_pass_in_plain_are_not_in_a_trace(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "trace.jsonl", PSAM_PROFILE)
    with recording.trace:
        application = CardApplication(recording.connect(psam_card()), PSAM_PROFILE)
        application.select()
        application.authenticate(recording.connect(cipher_psam()))
        for file in PSAM_PROFILE.file:
            application.read_file(file.name)
    values = values_about_people(PSAM_PROFILE, {name: [record] for name, record in RECORDS.items()})
    # As a short field stands alone in its record, what lies before it on the card does not pass with it.
    on_the_card = {name: value for name, value in values.items() if len(value) != 2 * RUN}
    passed = {
        name for name, value in on_the_card.items() if is_found(value, "raw", b"\n".join(recording.passed))
    }
    assert {"holder 0 name on the card", "holder 0 certificate_number on the card"} <= passed
    # The example's birthplace is its card's city, and a day of its assessment that of its issue.
    rest, shown = split(recording.written)
    for form, write in FORMS.items():
        dump = b"\n".join(map(write, recording.passed))
        assert [name for name in passed if not is_found(values[name], form, dump)] == []
        assert [name for name, value in values.items() if is_found(value, form, rest)] == []
    assert [data for data in recording.passed if shows_a_run_of(data, rest)] == []
    card = RECORDS["card"]
    assert shown == {str(value) for name, value in card.items() if name != "card_number"}
    texts = [record.text.en for record in recording.records]
    assert "READ RECORD holder record 9 → 9000 (16 bytes, protected)" in texts
    assert "DIVERSIFY → 9000 (0 bytes)" in texts


# --- what a technician sees ---------------------------------------------------------------------------------


def decoded(
    command: CommandApdu, answer: ResponseApdu | None, decoder: TraceDecoder | None = None
) -> TraceRecord:
    error = "CRD-103" if answer is None else None
    exchange = TracedExchange(command, answer, error, begun=0, ended=1_500_000)
    return (decoder or TraceDecoder(PROFILE)).decode(exchange, connection=1, at=0)


def test_a_tap_is_told_with_the_skeleton_of_the_credential(recording: Recording) -> None:
    a_tap(recording)
    select, proof = recording.records
    assert select.text.zh == "SELECT reference → 9000 (174 字节)"
    assert " ".join(map(str, select.received)) == (
        f"6F[171] ›84[7]={PROFILE.aid} ›A5[159] ››73[156] ›››7F21[152] ››››7F4E[82] ›››››5F29[1]=01 "
        f"›››››42[8]={ISSUER.issuer_key.key_id.hex().upper()} ›››››5F20[8] ›››››7F49[35] ››››››86[33] "
        "›››››53[5] ›››››5F25[3]=260101 ›››››5F24[3]=360101 ››››5F37[64]"
    )
    assert (select.at, select.lc, select.le, select.error) == (0, 7, 256, None)
    assert proof.text.en == "INTERNAL AUTHENTICATE → 9000 (74 bytes)"
    assert " ".join(map(str, proof.received)) == "7C[72] ›80[4] ›82[64]"
    assert (proof.lc, proof.sent) == (55, ())
    assert select.took <= proof.at


def test_files_are_named_and_fields_shown_as_they_are_declared(recording: Recording) -> None:
    a_full_data_read(recording)
    texts = [record.text.zh for record in recording.records]
    assert texts[:8] == [
        "SELECT reference → 9000 (174 字节)",
        "READ BINARY card 偏移 0 → 9000 (32 字节)",
        "SELECT psam → 9000 (26 字节)",
        "READ BINARY card 偏移 0 → 9000 (32 字节)",
        "GET CHALLENGE → 9000 (16 字节)",
        "PREPARE AUTHENTICATION → 9000 (56 字节)",
        "MUTUAL AUTHENTICATE → 9000 (56 字节)",
        "FINISH AUTHENTICATION → 9000 (32 字节)",
    ]
    assert "READ BINARY holder 偏移 0 → 9000 (256 字节、受保护)" in texts
    assert "READ RECORD companions 记录 3 → 6A83 (16 字节、受保护、RECORD_NOT_FOUND)" in texts
    # The later parts of a file don't say which file it is; the trace remembers.
    assert [record.offset for record in recording.records if record.subject == "photo"] == [0, 223, 4319]
    card = recording.records[1]
    assert " ".join(map(str, card.received)) == "E1[8] ›C1[3]=1.0 ›C2[1]=1"
    assert {record.connection for record in recording.records} == {1, 2}


def test_a_torn_card_is_told_by_the_code_of_its_error(recording: Recording) -> None:
    a_torn_card(recording)
    last = recording.records[-1]
    assert (last.error, last.sw) == ("CRD-103", None)
    assert last.text.en == "INTERNAL AUTHENTICATE → CRD-103"


def test_foreign_applications_are_named_where_they_are_known(recording: Recording) -> None:
    foreign_cards(recording)
    asked = {record.subject for record in recording.records if record.command == "SELECT"}
    assert "reference" in asked
    assert any(subject is not None and "bank" in subject for subject in asked)


def test_an_answer_that_waits_for_get_response_is_told_when_it_is_fetched() -> None:
    fci = IdentitySession(InProcessConnection(applet(CARD)), PROFILE).select().to_bytes(PROFILE)
    decoder = TraceDecoder(PROFILE)
    select = CommandApdu(0x00, Instruction.SELECT, 0x04, 0x00, PROFILE.aid_bytes)
    fetch = CommandApdu(0x00, Instruction.GET_RESPONSE, 0x00, 0x00, le=len(fci))
    assert decoded(select, ResponseApdu(b"", 0x6100 | len(fci)), decoder).received == ()
    told = decoded(fetch, ResponseApdu(fci, 0x9000), decoder)
    assert (told.command, told.received[0].tag, len(told.received)) == ("GET RESPONSE", "6F", 15)
    assert decoded(fetch, ResponseApdu(fci, 0x9000), decoder).received == ()


def test_an_fci_that_names_another_application_shows_no_value() -> None:
    fci = IdentitySession(InProcessConnection(applet(CARD)), PROFILE).select().to_bytes(PROFILE)
    other = fci.replace(PROFILE.aid_bytes, bytes(len(PROFILE.aid_bytes)))
    select = CommandApdu(0x00, Instruction.SELECT, 0x04, 0x00, PROFILE.aid_bytes, le=256)
    told = decoded(select, ResponseApdu(other, 0x9000))
    assert len(told.received) == 15
    assert {item.value for item in told.received} == {None}


def test_data_of_another_form_are_told_by_their_length() -> None:
    read = CommandApdu(0x0C, Instruction.READ_BINARY, 0x82, 0x00, le=256)
    assert len(decoded(read, ResponseApdu(bytes.fromhex("990290008E020102"), 0x9000)).received) == 2
    assert decoded(read, ResponseApdu(bytes.fromhex("3102333399020102"), 0x9000)).received == ()
    assert decoded(read, ResponseApdu(bytes.fromhex("99029000") * 65, 0x9000)).received == ()


def test_a_plain_field_is_shown_only_if_it_is_declared_not_to_be_personal() -> None:
    holder = PROFILE.file_named("holder")
    data = holder.encode(holder.record_of(FILES["holder"][0]))
    update = CommandApdu(0x00, Instruction.UPDATE_BINARY, 0x80 | holder.sfi, 0x00, data)
    told = decoded(update, ResponseApdu(b"", 0x9000))
    shown = {item.tag: item.value for item in told.sent}
    assert shown.pop("C7") == "测试残联"
    assert set(shown) == {"E2", "C1", "C2", "C3", "C4", "C5", "C6"}
    assert set(shown.values()) == {None}


@pytest.mark.parametrize("cla", [0x00, 0x10])
def test_a_part_of_a_chain_is_told_by_its_length(cla: int) -> None:
    card = PROFILE.file_named("card")
    data = bytes.fromhex(card.vector[0].encoded)
    decoder = TraceDecoder(PROFILE)
    first = CommandApdu(0x10, Instruction.UPDATE_BINARY, 0x80 | card.sfi, 0x00, b"\x00")
    assert decoded(first, ResponseApdu(b"", 0x9000), decoder).sent == ()
    link = CommandApdu(cla, Instruction.UPDATE_BINARY, 0x80 | card.sfi, 0x00, data)
    assert decoded(link, ResponseApdu(b"", 0x9000), decoder).sent == ()
    alone = CommandApdu(0x00, Instruction.UPDATE_BINARY, 0x80 | card.sfi, 0x00, data)
    assert len(decoded(alone, ResponseApdu(b"", 0x9000)).sent) == 3


def test_bytes_from_the_middle_of_a_file_are_told_by_their_length() -> None:
    card = PROFILE.file_named("card")
    answer = ResponseApdu(bytes.fromhex(card.vector[0].encoded), 0x9000)
    read = CommandApdu(0x00, Instruction.READ_BINARY, 0x80 | card.sfi, 0x00, le=10)
    assert len(decoded(read, answer).received) == 3
    assert decoded(replace(read, p2=0x01), answer).received == ()


def test_a_file_is_named_by_its_file_id() -> None:
    decoder = TraceDecoder(PROFILE)
    assert decoded(CommandApdu(0x00, 0xA4, 0x02, 0x0C, b"\x00\x02"), None, decoder).subject == "holder"
    assert decoded(CommandApdu(0x00, 0xB0, 0x00, 0x10, le=16), None, decoder).text.en == (
        "READ BINARY holder offset 16 → CRD-103"
    )
    assert decoded(CommandApdu(0x00, 0xA4, 0x02, 0x0C, b"\xef\x05"), None, decoder).subject is None


@pytest.mark.parametrize("tag", ["5F20", "53", "86", "5F37", "7F49", "7F4E"])
def test_no_profile_may_show_what_tells_one_card_from_another(tag: str) -> None:
    profile = (resources.files("card") / "profiles" / "reference.toml").read_bytes()
    with pytest.raises(CardProfileRefused, match=f"Take `{tag}` out of `shown`"):
        CardProfile.from_bytes(profile.replace(b'"5F29"', f'"{tag}"'.encode()), "reference.toml")


# --- whatever passes ----------------------------------------------------------------------------------------

CLASSES = st.sampled_from((0x00, 0x04, 0x0C, 0x10, 0x1C, 0x44, 0x80, 0x84, 0xFF)) | st.integers(0, 255)
INSTRUCTIONS = st.sampled_from([*Instruction, 0x88, 0x8A, 0xCA, 0xB1]) | st.integers(0, 255)
P1 = st.sampled_from((0x00, 0x02, 0x04, 0x81, 0x82, 0x86, 0x88)) | st.integers(0, 255)
P2 = st.sampled_from((0x00, 0x0C, 0x14, 0x2C, 0x34, 0x44)) | st.integers(0, 255)
STATUS = st.sampled_from((0x9000, 0x6100, 0x6110, 0x6C20, 0x6283, 0x6A82)) | st.integers(0, 0xFFFF)
TEMPLATES = (0x6F, 0xA5, 0x73, 0x7F21, 0x7F4E, 0x7F49, 0x7C, 0xE1, 0xE2, 0xE5)
LEAVES = st.sampled_from(
    (
        *(0x84, 0x5F29, 0x42, 0x5F20, 0x86, 0x53, 0x5F25, 0x5F24, 0x5F37, 0x80, 0x82, 0x87, 0x97, 0x99, 0x8E),
        *(0xC1, 0xC2, 0xC3, 0xC7, 0x01, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09),
    )
)


def entropy(seed_and_size: tuple[int, int]) -> bytes:
    seed, size = seed_and_size
    return Random(seed).randbytes(size)


def nested(*tags: int) -> Callable[[bytes], bytes]:
    """Puts data into templates, the outermost first."""
    return lambda data: reduce(lambda inner, tag: bytes(Tlv(tag, inner)), reversed(tags), data)


def an_object(tag: int, value: bytes) -> bytes:
    return bytes(Tlv(tag, value))


NOISE = st.tuples(st.integers(0, 2**32), st.integers(0, 40)).map(entropy)
LEAF_OBJECTS = st.lists(st.builds(an_object, LEAVES, NOISE), max_size=8).map(b"".join)
IN_TEMPLATES = st.builds(an_object, st.sampled_from(TEMPLATES), LEAF_OBJECTS | NOISE)
OBJECTS = st.lists(st.builds(an_object, LEAVES, NOISE) | IN_TEMPLATES, max_size=4).map(b"".join)
AIDS = st.sampled_from((PROFILE.aid_bytes, PSAM_PROFILE.aid_bytes))
CREDENTIALS = (LEAF_OBJECTS | OBJECTS).map(nested(0xA5, 0x73, 0x7F21, 0x7F4E))
FCIS = st.builds(lambda aid, inner: nested(0x6F)(Tlv(0x84, aid) + inner), AIDS | NOISE, CREDENTIALS | OBJECTS)
DATA = FCIS | IN_TEMPLATES | OBJECTS | NOISE
ANSWERS = st.none() | st.builds(ResponseApdu, DATA, st.just(0x9000) | STATUS)
HEADERS = st.tuples(CLASSES, INSTRUCTIONS, P1, P2) | st.sampled_from(
    (
        *(
            (0x00, 0xC0, 0x00, 0x00),
            (0x00, 0x88, 0x00, 0x00),
            (0x0C, 0xB0, 0x82, 0x00),
            (0x0C, 0xD6, 0x82, 0x00),
        ),
        *(
            (0x00, 0xB0, 0x81, 0x00),
            (0x00, 0xB0, 0x82, 0x00),
            (0x00, 0xD6, 0x82, 0x00),
            (0x00, 0xB2, 0x01, 0x2C),
        ),
        *((0x00, 0xB2, 0x03, 0x34), (0x04, 0xB2, 0x08, 0x34), (0x00, 0xDC, 0x01, 0x2C)),
    )
)


def a_command(header: tuple[int, int, int, int], data: bytes, le: int | None) -> CommandApdu:
    cla, ins, p1, p2 = header
    return CommandApdu(cla, ins, p1, p2, data, le, extended=bool(data or le))


COMMANDS = st.builds(
    a_command, HEADERS, DATA | st.just(b"\x00\x02"), st.none() | st.integers(1, 65_536)
) | AIDS.map(lambda aid: CommandApdu(0x00, Instruction.SELECT, 0x04, 0x00, aid, le=256))


@settings(deadline=None)  # the first decoder loads the families of foreign cards
@given(st.sampled_from((PROFILE, PSAM_PROFILE)), st.lists(st.tuples(COMMANDS, ANSWERS), max_size=4))
def test_whatever_passes_is_told_without_a_run_of_its_bytes(
    profile: CardProfile, exchanges: list[tuple[CommandApdu, ResponseApdu | None]]
) -> None:
    decoder = TraceDecoder(profile)
    for command, answer in exchanges:
        record = decoded(command, answer, decoder)
        written = msgspec.json.encode(record)
        assert len(written) < MAX_LINE_BYTES
        assert msgspec.json.decode(written, type=TraceRecord) == record
        assert record.text.zh and record.text.en
        rest, values = split(written)
        shown = {item.tag for item in (*record.sent, *record.received) if item.value is not None}
        # Values are shown in two places alone, and there only of tags that the profile lets be shown.
        assert (
            not values or record.command in {"SELECT", "GET RESPONSE"} or record.subject in {"card", "holder"}
        )
        in_files = {"C1", "C2", "C7"} if profile is PROFILE else {"01", "03", "04", "05", "06"}
        assert shown <= {"84", "5F29", "42", "5F25", "5F24"} | in_files
        for data in (command.data, b"" if answer is None else answer.data):
            assert not shows_a_run_of(data, rest)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_trace_or_refused(data: bytes) -> None:
    with suppress(TraceRefused):
        Trace.from_bytes(data, "trace")


HEADER = b'{"type":"tongka-apdu-trace","version":1,"card":"reference"}\n'
BEGAN = b'{"type":"connection","number":1,"reader":"virtual-pcd"}\n'
APDU = (
    b'{"type":"apdu","connection":1,"at":0,"took":5,"cla":"00","ins":"A4","p1":"04","p2":"00","lc":7,"le":256,'
    b'"command":"SELECT","sw":"9000","answered":9,"received":[[0,"6F",7,null]]}\n'
)
FULL = b'{"type":"full","limit":8388608}\n'


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_an_altered_trace_is_a_trace_or_refused(place: int, put: bytes) -> None:
    whole = HEADER + BEGAN + APDU
    at = place % len(whole)
    with suppress(TraceRefused):
        trace = Trace.from_bytes(whole[:at] + put + whole[at + len(put) :], "trace")
        assert all(record.text.zh.isprintable() for record in trace.records)


@pytest.mark.parametrize(
    ("data", "line", "problem"),
    [
        (b"", 1, "cut off"),
        (b"\n", 1, "not an APDU trace"),
        (BEGAN, 1, "not an APDU trace"),
        (HEADER.replace(b'"version":1', b'"version":2'), 1, "format 2 is unknown"),
        (HEADER + APDU, 2, "does not belong there"),
        (HEADER + BEGAN + HEADER, 3, "does not belong there"),
        (HEADER + BEGAN + BEGAN, 3, "does not belong there"),
        (HEADER + BEGAN + FULL + APDU, 3, "does not belong there"),
        (HEADER + BEGAN + APDU.replace(b'"sw":"9000",', b""), 3, "does not belong there"),
        (HEADER + BEGAN + APDU.replace(b'"lc":7', b'"lc":-1'), 3, "no record of a trace"),
        (HEADER + BEGAN + APDU.replace(b'"lc":7', b'"lcd":7'), 3, "no record of a trace"),
        (HEADER + BEGAN + APDU.replace(b"7,null", b'7,"\\u001b[2J"'), 3, "no record of a trace"),
        (HEADER + BEGAN.replace(b"virtual", b"\\u001b[2J"), 2, "no record of a trace"),
        (HEADER + b"\xff\xfe\n", 2, "no record of a trace"),
        (HEADER + b'{"type":' + b"[" * 30_000 + b"\n", 2, "no record of a trace"),
        (HEADER + b'{"x":' + b'{"x":' * 10_000 + b"\n", 2, "no record of a trace"),
        (HEADER + b" " * 70_000 + b"\n", 2, "more than 65536 bytes"),
    ],
)
def test_what_is_no_whole_trace_is_refused_with_its_line(data: bytes, line: int, problem: str) -> None:
    with pytest.raises(TraceRefused) as refused:
        Trace.from_bytes(data, "trace")
    assert refused.value.facts["file"] == f"trace:{line}"
    assert problem in str(refused.value)
    assert refused.value.explain(Language.ZH).code == "CRD-127"


def test_a_trace_that_breaks_off_is_shown_as_far_as_it_is_whole() -> None:
    whole = Trace.from_bytes(HEADER + BEGAN + APDU, "x")
    cut = Trace.from_bytes(HEADER + BEGAN + APDU + APDU[:-1], "x")
    assert (cut.records, whole.is_cut, cut.is_cut) == (whole.records, False, True)


def test_a_trace_that_is_too_long_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TraceRefused, match="more than 8388608 bytes"):
        Trace.from_bytes(bytes(MAX_TRACE_BYTES + 1), "trace")
    with pytest.raises(TraceRefused):
        Trace.load(tmp_path / "none")


# --- a tap goes on, whatever becomes of its trace -----------------------------------------------------------


def test_tracing_alters_nothing_of_what_is_exchanged(recording: Recording) -> None:
    chip = ScriptedChip(lambda command: command[:1] * 300 + b"\x61\x10")
    commands = [
        CommandApdu(0x00, Instruction.SELECT, 0x04, 0x00, b"\x01\x02", le=256),
        CommandApdu(0x1C, 0xD6, 0x00, 0x00, bytes(300), extended=True),
        CommandApdu(0xFF, 0xCA, 0x00, 0x00, le=256),
    ]
    with recording.connect(chip) as line:
        answers = [line.transmit(command) for command in commands]
        assert line.atr == chip.atr
    assert chip.commands == [command.to_bytes() for command in commands]
    assert answers == [ResponseApdu(command.to_bytes()[:1] * 300, 0x6110) for command in commands]


def test_a_trace_is_for_its_owner_alone(recording: Recording) -> None:
    assert stat.S_IMODE(recording.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("name", ["there", "link", "no/folder"])
def test_a_file_that_can_t_be_made_is_said_once_and_the_tap_goes_on(tmp_path: Path, name: str) -> None:
    (tmp_path / "there").write_text("the trace of yesterday")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    said: list[CardError] = []
    with TraceFile(tmp_path / name, PROFILE, said.append) as trace:
        line = TracedConnection(InProcessConnection(applet(CARD)), trace)
        assert reason(check(line)) is None
    assert [type(error) for error in said] == [TraceNotWritten]
    assert (tmp_path / "there").read_text() == "the trace of yesterday"
    assert not (tmp_path / "elsewhere").exists()


def test_a_disk_that_fills_ends_the_trace_after_a_whole_line_and_not_the_tap(recording: Recording) -> None:
    line = recording.connect(applet(CARD))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The next line takes some seven hundred bytes.
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(recording.written) + 100, hard))
    try:
        assert reason(check(line)) is None
        assert reason(check(line)) is None
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [type(error) for error in recording.said] == [TraceNotWritten]
    assert recording.records == ()


def test_a_trace_that_is_full_says_so_in_its_last_line_and_the_tap_goes_on(tmp_path: Path) -> None:
    said: list[CardError] = []
    path = tmp_path / "trace.jsonl"
    with TraceFile(path, PROFILE, said.append, limit=2_000) as trace:
        for _ in range(5):
            line = TracedConnection(InProcessConnection(applet(CARD)), trace)
            assert reason(check(line)) is None
    assert [type(error) for error in said] == [TraceFull]
    loaded = Trace.load(path)
    assert loaded.is_full
    assert 0 < len(loaded.records) < 10
    assert path.stat().st_size <= 2_000


def test_a_reader_s_cards_are_traced_with_the_reader_s_profile(
    private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    path = tmp_path / "trace.jsonl"
    said: list[CardError] = []
    with PcscReader(private_pcscd.readers[0]) as pcsc, traced(pcsc, path, said.append) as reader:
        assert reader.name == private_pcscd.readers[0]
        for _ in range(2):
            with (
                VpcdLink(applet(CARD), port=private_pcscd.ports[0]),
                reader.wait_for_card(SECONDS) as connection,
            ):
                assert reason(check(connection)) is None
            reader.wait_for_removal(SECONDS)
    trace = Trace.load(path)
    assert (trace.card, trace.readers) == ("reference", {1: "virtual-pcd", 2: "virtual-pcd"})
    assert [record.command for record in trace.records] == ["SELECT", "INTERNAL AUTHENTICATE"] * 2
    assert [record.at for record in trace.records] == sorted(record.at for record in trace.records)
    assert not said


def test_of_several_readers_the_trace_names_the_one_that_has_the_card(
    private_pcscd: PrivatePcscd, tmp_path: Path
) -> None:
    path = tmp_path / "trace.jsonl"
    said: list[CardError] = []
    with AnyReader() as several, traced(several, path, said.append) as reader:
        with VpcdLink(applet(CARD), port=private_pcscd.ports[1]), reader.wait_for_card(SECONDS) as connection:
            assert reason(check(connection)) is None
        reader.wait_for_removal(SECONDS)
    assert Trace.load(path).readers == {1: "virtual-pcd"}
    assert not said


def test_without_a_file_a_reader_is_used_as_it_is(private_pcscd: PrivatePcscd) -> None:
    said: list[CardError] = []
    with PcscReader(private_pcscd.readers[0]) as pcsc, traced(pcsc, None, said.append) as reader:
        assert reader is pcsc


# --- the command --------------------------------------------------------------------------------------------


def printed(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["trace", *arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_trace_is_shown_as_a_table_in_both_languages(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_full_data_read(recording)
    a_torn_card(recording)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TONGKA_LANG", "zh")
    shown = printed(str(recording.path))
    assert "READ BINARY holder 偏移 0 → 9000 (256 字节、受保护)" in shown
    assert "›C1[3]=1.0" in shown
    assert "INTERNAL AUTHENTICATE → CRD-103" in shown
    monkeypatch.setenv("TONGKA_LANG", "en")
    assert "READ BINARY holder offset 0 → 9000 (256 bytes, protected)" in printed(str(recording.path))


def test_a_trace_is_printed_as_json(recording: Recording) -> None:
    a_torn_card(recording)
    lines = [json.loads(line) for line in printed(str(recording.path), "--json").splitlines()]
    assert [line["ins"] for line in lines] == ["A4", "88"]
    assert lines[1]["error"] == "CRD-103"
    assert lines[0]["en"] == "SELECT reference → 9000 (174 bytes)"


def test_a_full_trace_is_shown_with_a_word_on_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGKA_LANG", "en")
    path = tmp_path / "trace.jsonl"
    path.write_bytes(HEADER + BEGAN + APDU + FULL)
    assert "what came after is not in it" in printed(str(path))
