"""What is fuzzed: every parser of bytes from a card, a reader, a serial line or a file that is sent in.

A target takes any bytes, and says whether it accepted them. It lets the package's own errors pass and nothing
else; what it accepts must encode to the same bytes again, so that one value has one form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from card.apdu import CommandApdu, Instruction, ResponseApdu, StatusWord
from card.atr import Atr
from card.ats import Ats
from card.cipher_psam import CipherPsam
from card.connection import CardConnection
from card.errors import CardError
from card.exchange import Exchange
from card.fci import Fci
from card.field_encoding import Encoding, decode_field
from card.files import FileLayout
from card.psam import PsamIdentity
from card.psam_cipher import MacChannel, PsamCipherParameters, Session, diversifier
from card.psam_cipher_mac import PROPRIETARY_SECURE_MESSAGING, mac_message
from card.readers.frame_codec import FrameDecoder
from card.readers.reader_features import ReaderProperties, parse_features
from card.secure_messaging import SecureMessaging, SessionCipher, SessionKeys, SmTag
from card.simulator.boards.link import InProcessConnection
from card.simulator.chips.chip import Chip
from card.status_word import StatusClass
from card.trace_file import Trace
from crypto.credential import TapCredential
from crypto.errors import CryptoError
from crypto.tap_proof import TapProof
from crypto.tlv import Tlv
from firmware_profiles.frame_format import FrameFormat
from firmware_profiles.reader_profile import reader_profiles
from tests.fuzz import fixed_cards
from tests.fuzz.catalogue_targets import CATALOGUE_TARGETS
from tests.fuzz.counter_targets import COUNTER_TARGETS
from tests.fuzz.decision_targets import DECISION_TARGETS
from tests.fuzz.fixed_cards import PROFILE, PSAM_PROFILE, RECORDS, same_randoms
from tests.fuzz.journal_targets import JOURNAL_TARGETS
from tests.fuzz.local_api_targets import LOCAL_API_TARGETS
from tests.fuzz.needs_targets import NEEDS_TARGETS
from tests.fuzz.receipt_targets import RECEIPT_TARGETS
from tests.fuzz.relay_targets import RELAY_TARGETS
from tests.fuzz.trust_targets import TRUST_TARGETS

Target = Callable[[bytes], bool]

KEYS: Final = SessionKeys(bytes(16), bytes(range(16)))
PSAM_AID: Final = PROFILE.full_data_path.psam_aid_bytes
FIELDS: Final = tuple((file, field) for file in PSAM_PROFILE.file for field in file.field)
ENCODINGS: Final = tuple(Encoding)
CARD_RANDOM: Final = bytes(range(8))
UPDATE: Final = CommandApdu(0x00, Instruction.UPDATE_RECORD, 0x10, 0x3C, b"\x10\x02\x11\x42")
UPDATE_MAC_KEY: Final = 0x05
DIVERSIFIER: Final = diversifier(PSAM_PROFILE, RECORDS["card"])
READ: Final = CommandApdu(0x00, Instruction.READ_RECORD, 0x10, 0x3C, le=8)


def tlv(data: bytes) -> bool:
    """Data objects, nested ones too."""
    pending = [data]
    is_whole = True
    while pending:
        inside = pending.pop()
        try:
            items = Tlv.parse_list(inside)
        except CryptoError:
            is_whole = False
            continue
        assert b"".join(items) == inside
        pending += [item.value for item in items if item.is_constructed]
    return is_whole


def fci(data: bytes) -> bool:
    """The answer to SELECT, and the credential in it."""
    try:
        parsed = Fci.from_bytes(data, PROFILE)
    except CardError:
        return False
    assert parsed.to_bytes(PROFILE) == data
    return credential(parsed.credential)


def credential(data: bytes) -> bool:
    """The tap credential."""
    try:
        parsed = TapCredential.from_bytes(data)
    except CryptoError:
        return False
    assert parsed.to_bytes() == data
    return True


def tap_proof(data: bytes) -> bool:
    """The answer to INTERNAL AUTHENTICATE."""
    try:
        parsed = TapProof.from_bytes(data)
    except CryptoError:
        return False
    assert parsed.to_bytes() == data
    return True


def apdu(data: bytes) -> bool:
    """Commands and answers."""
    is_taken = False
    for kind in (CommandApdu, ResponseApdu):
        try:
            parsed = kind.from_bytes(data)
        except CardError:
            continue
        assert kind.from_bytes(parsed.to_bytes()) == parsed
        is_taken = True
    return is_taken


def atr(data: bytes) -> bool:
    """Answers to reset and to select."""
    return True in {_is_taken(kind.from_bytes, data) for kind in (Atr, Ats)}


def secure_messaging(data: bytes) -> bool:
    """A protected answer: nobody without the keys makes one that is taken."""
    messaging = SecureMessaging(KEYS)
    messaging.wrap(CommandApdu(0x00, Instruction.READ_BINARY, 0x82, 0x00, le=223))
    try:
        messaging.unwrap(ResponseApdu.from_bytes(data))
    except CardError:
        return False
    assert data == genuine_answer(), "a protected answer was made without the keys"
    return True


def genuine_answer() -> bytes:
    """The one answer that the session of `secure_messaging` takes: what a card with the keys says."""
    cipher = SessionCipher(KEYS)
    cipher.step()
    cipher.step()
    covered = cipher.cryptogram(b"data") + bytes(Tlv(SmTag.STATUS, b"\x90\x00"))
    return covered + cipher.mac(covered) + b"\x90\x00"


def mac_channel(data: bytes) -> bool:
    """A card's answer with a MAC: nobody without the keys makes one that is taken."""
    chip = _Answering({Instruction.GET_CHALLENGE: CARD_RANDOM + b"\x90\x00"}, data)
    with InProcessConnection(chip) as line, InProcessConnection(fixed_cards.cipher_psam()) as slot:
        module = _selected(slot)
        session = Session(PsamCipherParameters.of(PSAM_PROFILE), DIVERSIFIER, CARD_RANDOM)
        channel = MacChannel(Exchange(line), module, session)
        is_read = _is_taken(partial(channel.send, name="READ RECORD"), READ)
        is_written = _is_taken(partial(channel.send, name="UPDATE RECORD"), UPDATE)
    assert not is_read, "a record was made without the keys"
    assert not is_written or data == genuine_confirmation(), "a confirmation was made without the keys"
    return is_written


def genuine_confirmation() -> bytes:
    """The one answer that `mac_channel` takes for its update: what a card with the keys says."""
    sent = replace(UPDATE, cla=PROPRIETARY_SECURE_MESSAGING)
    with InProcessConnection(fixed_cards.cipher_psam()) as slot:
        module = _selected(slot)
        module.load_mac_key(UPDATE_MAC_KEY, DIVERSIFIER, CARD_RANDOM)
        return module.mac(mac_message(CARD_RANDOM, sent, b"")) + b"\x90\x00"


def _selected(slot: CardConnection) -> CipherPsam:
    module = CipherPsam(slot, PSAM_PROFILE.full_data_path.psam_aid_bytes)
    module.select()
    return module


def psam_identity(data: bytes) -> bool:
    """A PSAM's answer to SELECT."""
    try:
        parsed = PsamIdentity.from_bytes(data, PSAM_AID)
    except CardError:
        return False
    assert parsed.to_bytes(PSAM_AID) == data
    return True


def file_content(file: FileLayout, data: bytes) -> bool:
    """A file of the reference profile."""
    try:
        record = file.decode(data)
    except CardError:
        return False
    assert file.encode(record) == data
    return True


def field_record(data: bytes) -> bool:
    """A record of the profile `reference-psam`, its field chosen by the first byte."""
    if not data:
        return False
    file, layout = FIELDS[data[0] % len(FIELDS)]
    try:
        value = file.decode_field_record(layout, data[1:])
    except CardError:
        return False
    assert layout.encode(value) == data[1:]
    return True


def field(data: bytes) -> bool:
    """A field, its encoding chosen by the first byte."""
    if not data:
        return False
    return _is_taken(partial(decode_field, ENCODINGS[data[0] % len(ENCODINGS)]), data[1:])


def features(data: bytes) -> bool:
    """A PC/SC reader's features and properties."""
    parsers = (parse_features, ReaderProperties.from_bytes)
    return True in {_is_taken(partial(parse, reader="reader"), data) for parse in parsers}


def trace(data: bytes) -> bool:
    """A trace that a technician sends in, and what is shown of it."""
    try:
        parsed = Trace.from_bytes(data, "trace")
    except CardError:
        return False
    for record in parsed.records:
        assert record.text.zh.isprintable() and record.text.en.isprintable()
        assert all(str(item).isprintable() for item in record.sent + record.received)
    return True


def frames(frame_format: FrameFormat, data: bytes) -> bool:
    """A serial line that brings anything, in parts of the first byte's size."""
    decoder = FrameDecoder(frame_format)
    size = 1 + (data[0] if data else 0)
    found = [item for start in range(1, len(data), size) for item in decoder.feed(data[start : start + size])]
    return bool(found + list(decoder.silence()))


def applet(data: bytes) -> bool:
    """The simulated card: any commands, each with a length before it."""
    return _converse(fixed_cards.card(), data)


def psam(data: bytes) -> bool:
    """The simulated PSAM."""
    return _converse(fixed_cards.psam(), data)


def psam_card(data: bytes) -> bool:
    """The simulated card that needs a PSAM."""
    return _converse(fixed_cards.psam_card(), data)


def psam_cipher(data: bytes) -> bool:
    """The simulated PSAM that enciphers."""
    return _converse(fixed_cards.cipher_psam(), data)


def _converse(chip: Chip, data: bytes) -> bool:
    """Say all this to a chip; whether it took every command of it."""
    words = []
    with same_randoms():
        chip.power_on()
        while data:
            length = data[0]
            words.append(ResponseApdu.from_bytes(chip.process(data[1 : 1 + length])).sw)
            data = data[1 + length :]
    return bool(words) and all(
        sw == StatusWord.NO_ERROR or sw >> 8 == StatusClass.BYTES_AVAILABLE for sw in words
    )


def _is_taken(parse: Callable[[Any], object], data: object) -> bool:
    """Whether a parser takes it; refused, it raises one of the package's own errors."""
    try:
        parse(data)
    except CardError:
        return False
    return True


class _Answering:
    """A `Chip` that says the same to everything, but for some instructions."""

    def __init__(self, fixed: Mapping[int, bytes], answer: bytes) -> None:
        self._fixed, self._answer = fixed, answer

    @property
    def atr(self) -> bytes:
        """Some ATR."""
        return bytes.fromhex("3B80800101")

    def power_on(self) -> None:
        """No state."""

    def power_off(self) -> None:
        """No state."""

    def process(self, command: bytes) -> bytes:
        """What was given."""
        return self._fixed.get(command[1], self._answer)


TARGETS: Final[Mapping[str, Target]] = MappingProxyType(
    {
        "tlv": tlv,
        "fci": fci,
        "credential": credential,
        "tap-proof": tap_proof,
        "apdu": apdu,
        "atr": atr,
        "secure-messaging": secure_messaging,
        "psam-identity": psam_identity,
        "field": field,
        "features": features,
        "applet": applet,
        "psam": psam,
        "psam-card": psam_card,
        "psam-cipher": psam_cipher,
        "mac-channel": mac_channel,
        "field-record": field_record,
        "trace": trace,
        **TRUST_TARGETS,
        **JOURNAL_TARGETS,
        **NEEDS_TARGETS,
        **RECEIPT_TARGETS,
        **LOCAL_API_TARGETS,
        **COUNTER_TARGETS,
        **RELAY_TARGETS,
        **DECISION_TARGETS,
        **CATALOGUE_TARGETS,
        **{f"file-{file.name}": partial(file_content, file) for file in PROFILE.file},
        **{
            f"frames-{profile.id}": partial(frames, profile.serial.frame)
            for profile in reader_profiles()
            if profile.serial is not None
        },
    }
)
