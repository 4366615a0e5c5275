"""Where fuzzing starts: whole, valid inputs, so that it reaches what lies behind the first checks."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from card.apdu import CommandApdu
from card.application import Role
from card.readers.frame_codec import FrameCodec
from card.simulator.boards.link import InProcessConnection
from card.trace import TracedConnection
from card.trace_file import TraceFile
from crypto.tap_proof import TapProof
from firmware_profiles.reader_profile import reader_profiles
from tests.card.cards import CHALLENGE, applet, personalised
from tests.fuzz import fixed_cards
from tests.fuzz.catalogue_seeds import catalogue_seeds
from tests.fuzz.counter_targets import counter_seeds
from tests.fuzz.decision_targets import decision_seeds
from tests.fuzz.fixed_cards import IDENTITY, PROFILE, PSAM_PROFILE, RECORDS
from tests.fuzz.journal_targets import journal_seeds
from tests.fuzz.local_api_targets import local_api_seeds
from tests.fuzz.needs_targets import needs_seeds
from tests.fuzz.receipt_targets import receipt_seeds
from tests.fuzz.relay_targets import relay_seeds
from tests.fuzz.targets import ENCODINGS, FIELDS, PSAM_AID, genuine_answer, genuine_confirmation
from tests.fuzz.trust_seeds import trust_seeds

SELECT = bytes.fromhex("00A4040007F0544B5245463100")
AUTHENTICATE = bytes.fromhex("0088000037") + CHALLENGE + b"\x00"
# libccid's answers (ccid_ifdhandler.c, IFDHControl).
FEATURES = bytes.fromhex("060442330006070442330007120442330012")
PROPERTIES = bytes.fromhex("010200000804322E31300A04000001000B022F070C020090")


def seeds(target: str) -> list[bytes]:
    """Inputs that the target accepts."""
    return _all_seeds().get(target, [])


@cache
def _all_seeds() -> dict[str, list[bytes]]:
    """The inputs of every target: made at once, as many come from one visit of a card."""
    card = personalised()
    chip = applet(card)
    chip.power_on()
    fci, proof = chip.process(SELECT)[:-2], chip.process(AUTHENTICATE)[:-2]
    whole = {
        "tlv": [fci, proof],
        "fci": [fci],
        "credential": [card.credential],
        "tap-proof": [TapProof.from_bytes(proof).to_bytes()],
        "apdu": [SELECT, AUTHENTICATE, bytes.fromhex("00B0820000FFFF"), bytes.fromhex("00D60000000002ABCD")],
        "atr": [chip.atr, bytes.fromhex("0A7880700248454C4C4F")],
        "secure-messaging": [genuine_answer()],
        "mac-channel": [genuine_confirmation()],
        "psam-identity": [IDENTITY.to_bytes(PSAM_AID)],
        "features": [FEATURES, PROPERTIES],
        "field": list(_fields()),
        "field-record": list(_field_records()),
        "trace": [_trace()],
        **_visits(),
        **trust_seeds(),
        **journal_seeds(),
        **needs_seeds(),
        **receipt_seeds(),
        **local_api_seeds(),
        **counter_seeds(),
        **relay_seeds(),
        **decision_seeds(),
        **catalogue_seeds(),
    }
    whole["applet"].append(b"".join(bytes((len(command),)) + command for command in (SELECT, AUTHENTICATE)))
    for file in PROFILE.file:
        whole[f"file-{file.name}"] = [bytes.fromhex(file.vector[0].encoded)]
    for profile in reader_profiles():
        if profile.serial is not None:
            frame = FrameCodec(profile.serial.frame).encode({}, bytes(range(20)))
            whole[f"frames-{profile.id}"] = [b"\x40" + frame]
    return whole


def _visits() -> dict[str, list[bytes]]:
    """What passes to cards and PSAMs in a reader's visit and in an issuer's."""
    found: dict[str, list[bytes]] = {"applet": [], "psam": [], "psam-card": [], "psam-cipher": []}
    for role in (Role.READER, Role.ISSUER):
        to_card, to_psam = fixed_cards.visit(fixed_cards.card(), fixed_cards.psam(), PROFILE, role)
        found["applet"].append(to_card)
        found["psam"].append(to_psam)
        to_card, to_psam = fixed_cards.visit(
            fixed_cards.psam_card(), fixed_cards.cipher_psam(), PSAM_PROFILE, role
        )
        found["psam-card"].append(to_card)
        found["psam-cipher"].append(to_psam)
    return found


def _fields() -> Iterator[bytes]:
    """A value of each encoding, after its number."""
    for file in (*PROFILE.file, *PSAM_PROFILE.file):
        for name, value in file.record_of(file.vector[0].fields).items():
            field = file.field_named(name)
            if field is not None:
                yield bytes((ENCODINGS.index(field.encoding),)) + field.encode(value).value


def _field_records() -> Iterator[bytes]:
    """A record of each field, after its number."""
    for number, (file, field) in enumerate(FIELDS):
        yield bytes((number,)) + field.encode(RECORDS[file.name][field.name])


def _trace() -> bytes:
    """The trace of a tap."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "trace"
        with TraceFile(path, PROFILE, _raise) as sink, InProcessConnection(applet()) as line:
            connection = TracedConnection(line, sink, "reader")
            for command in (SELECT, AUTHENTICATE):
                connection.transmit(CommandApdu.from_bytes(command))
        return path.read_bytes()


def _raise(error: Exception) -> None:
    raise error
