"""A recording with a need: looked at by its head, sealed, kept until the centre signed for it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from card.errors import CardHotlisted
from card.simulator.boards.link import InProcessConnection
from crypto.errors import SealBroken
from crypto.sm2 import PrivateKey
from crypto.sm3 import sm3
from sync.agent.state import UploadState
from terminal.assembly import Terminal, open_terminal
from terminal.events.errors import EventMalformed
from terminal.events.voice import (
    MAX_VOICE_BYTES,
    SealedVoice,
    SignedVoiceReceipt,
    VoiceReceipt,
    seal_voice,
    sign_voice_receipt,
)
from terminal.journal.errors import TapNotRecorded
from terminal.journal.reader import JournalReader
from terminal.journal.upkeep import JournalUpkeep
from terminal.needs.contents import Need, VoiceNote, need
from terminal.needs.errors import VoiceRefused
from terminal.needs.leaving import leave_need
from terminal.needs.recording_form import recording_suffix, require_recording
from tests.terminal.enrolled import Enrolled, SetClock, chip, enrol
from tests.terminal.needs.cast import WHEELCHAIR, credential, words_of
from tests.terminal.needs.recordings import opus, wav
from tests.terminal.own_mount import SMALL_DISK, run_on_mount

CENTER = PrivateKey.generate()


@pytest.mark.parametrize("recording", [wav(), wav(rate=48_000, channels=2), wav(width=1), opus(), opus(2)])
def test_recordings_that_players_know_are_taken(recording: bytes) -> None:
    require_recording(recording)
    assert recording_suffix(recording) in (".wav", ".opus")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"ID3\x04" + bytes(100),
        wav()[:30],
        wav(rate=96_000),
        wav(width=3),
        wav().replace(b"WAVE", b"AVI "),
        wav().replace(b"fmt ", b"junk"),
        wav().replace(b"\x01\x00\x01\x00", b"\x03\x00\x01\x00", 1),  # floating point
        opus().replace(b"OpusHead", b"\x01vorbis"),
        opus()[:20],
        opus(3),
        wav() + bytes(MAX_VOICE_BYTES),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(VoiceRefused):
        require_recording(data)


@given(st.binary(max_size=200), st.sampled_from([b"", wav(0.01), opus()]), st.integers(0, 300))
@example(b"RIFF\xff\xff\xff\xffWAVE" + b"junk\xff\xff\xff\xff", b"", 0)
def test_no_bytes_are_too_strange(data: bytes, start: bytes, place: int) -> None:
    spoilt = start[:place] + data + start[place + len(data) :]
    try:
        require_recording(spoilt)
    except VoiceRefused:
        return
    assert spoilt[:4] in (b"RIFF", b"OggS")


@given(st.binary(max_size=300))
def test_a_sealed_recording_and_its_receipt_have_one_form(data: bytes) -> None:
    for shape in (SealedVoice, SignedVoiceReceipt):
        try:
            found = shape.from_bytes(data)
        except EventMalformed:
            continue
        assert found.to_bytes() == data


def test_a_recording_opens_for_the_centre_and_for_its_own_event() -> None:
    sealed = seal_voice(b"terminal", 1, 7, b"speech", CENTER.public_key)
    assert SealedVoice.from_bytes(sealed.to_bytes()).open(CENTER) == b"speech"
    with pytest.raises(SealBroken):
        sealed.open(PrivateKey.generate())
    for other in ({"sequence": 8}, {"epoch": 2}, {"terminal": b"another."}):
        fields = {"terminal": b"terminal", "epoch": 1, "sequence": 7} | other
        moved = SealedVoice(**fields, header=sealed.header, sealed=sealed.sealed)  # type: ignore[arg-type]
        with pytest.raises(SealBroken):
            moved.open(CENTER)


@pytest.fixture
def bus(tmp_path: Path) -> Enrolled:
    return enrol(tmp_path / "bus")


@pytest.fixture
def terminal(bus: Enrolled) -> Iterator[Terminal]:
    with open_terminal(bus.directory, SetClock()) as terminal:
        yield terminal
        terminal.desk.day_keys.destroy()


def left_speaking(bus: Enrolled, terminal: Terminal, recording: bytes) -> int:
    """A need with this recording; the sequence of its event."""
    with InProcessConnection(chip(bus.card())) as connection:
        return leave_need(terminal, connection, need(WHEELCHAIR, voice=recording), recording).sequence


def kept(bus: Enrolled) -> dict[int, bytes]:
    """The sealed recordings on the terminal."""
    with JournalReader(bus.directory.journal) as journal:
        return {sequence: journal.voice(sequence) or b"" for sequence in journal.waiting_voices()}


def test_a_recording_is_kept_sealed_beside_its_event_which_names_it(
    bus: Enrolled, terminal: Terminal
) -> None:
    recording = wav()
    sequence = left_speaking(bus, terminal, recording)
    [(place, data)] = kept(bus).items()
    sealed = SealedVoice.from_bytes(data)
    assert (place, sealed.sequence, sealed.terminal) == (sequence, sequence, terminal.desk.owner.terminal)
    assert sealed.open(bus.center) == recording
    said = words_of(bus, bus.events()[-1])
    assert isinstance(said, Need)
    assert said.voice == VoiceNote(sm3(recording), len(recording))


def test_a_need_and_its_recording_belong_together(bus: Enrolled, terminal: Terminal) -> None:
    with InProcessConnection(chip(bus.card())) as connection:
        for names, comes in ((wav(), b""), (b"", wav()), (wav(), opus())):
            with pytest.raises(ValueError):
                leave_need(terminal, connection, need(WHEELCHAIR, voice=names), comes)
        with pytest.raises(VoiceRefused):
            leave_need(terminal, connection, need(WHEELCHAIR, voice=b"speech"), b"speech")
    assert bus.events() == []


def test_a_refused_card_leaves_no_recording(bus: Enrolled, terminal: Terminal) -> None:
    card, recording = bus.card(), wav()
    bus.put_hotlist(credential(card).card_id)
    with InProcessConnection(chip(card)) as connection, pytest.raises(CardHotlisted):
        leave_need(terminal, connection, need(WHEELCHAIR, voice=recording), recording)
    assert kept(bus) == {}


def test_a_recording_takes_no_room_of_taps(tmp_path: Path) -> None:
    """On a disk of 80 MiB with 40 MiB left: words and taps go on, recordings are refused."""
    output = run_on_mount(
        tmp_path / "disk",
        SMALL_DISK,
        """
import os, sys
from pathlib import Path
from card.simulator.boards.link import InProcessConnection
from terminal.assembly import open_terminal
from terminal.journal import disk
from terminal.journal.errors import DiskNearlyFull
from terminal.journal.reader import JournalReader
from terminal.needs.contents import need
from terminal.needs.leaving import leave_need
from tests.terminal.enrolled import SetClock, chip, enrol
from tests.terminal.needs.cast import tapped
from tests.terminal.needs.recordings import wav

folder = Path(sys.argv[1])
bus, speech = enrol(folder / "bus"), wav()
card = bus.card()

def leave(terminal, recording):
    with InProcessConnection(chip(card)) as connection:
        leave_need(terminal, connection, need("REHAB-FIX", "fix", voice=recording), recording)

with open_terminal(bus.directory, SetClock()) as terminal:
    leave(terminal, speech)
    with open(folder / "ballast", "ab") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, os.statvfs(folder).f_bavail * 4096 - 40 * disk.MIB)
    try:
        leave(terminal, speech)
    except DiskNearlyFull as error:
        print(error.code)
    leave(terminal, b"")
    print(tapped(terminal, card).sequence)
    terminal.desk.day_keys.destroy()
with JournalReader(bus.directory.journal) as journal:
    print(journal.waiting_voices())
""",
    )
    assert output.split("\n")[:3] == ["TRM-421", "3", "[1]"]


def test_event_and_recording_are_there_together_or_not_at_all(bus: Enrolled, terminal: Terminal) -> None:
    with terminal.desk.journal.transaction() as connection:
        connection.execute(
            "CREATE TRIGGER failing BEFORE INSERT ON voices BEGIN SELECT RAISE(FAIL, 'x'); END"
        )
    with pytest.raises(TapNotRecorded):
        left_speaking(bus, terminal, wav())
    assert (bus.events(), kept(bus)) == ([], {})
    with terminal.desk.journal.transaction() as connection:
        connection.execute("DROP TRIGGER failing")
    assert list(kept(bus)) == [] and left_speaking(bus, terminal, wav()) == 1


def test_training_keeps_no_recording(bus: Enrolled, terminal: Terminal) -> None:
    with open_terminal(bus.directory, SetClock(), is_training=True) as training:
        left_speaking(bus, training, wav())
        training.desk.day_keys.destroy()
    with JournalReader(bus.directory.training.journal, is_training=True) as reader:
        assert reader.waiting_voices() == []
    assert kept(bus) == {}


def receipt_for(data: bytes, signer: PrivateKey, **lies: object) -> SignedVoiceReceipt:
    """The centre's word for a sealed recording, or a liar's."""
    sealed = SealedVoice.from_bytes(data)
    fields = {"terminal": sealed.terminal, "epoch": sealed.epoch, "sequence": sealed.sequence}
    fields |= {"digest": sm3(data), "time_ms": 1} | lies
    return sign_voice_receipt(VoiceReceipt(**fields), signer)  # type: ignore[arg-type]


def upkept(bus: Enrolled, terminal: Terminal, *receipts: SignedVoiceReceipt) -> dict[int, bytes]:
    """What is left once upkeep has looked at these receipts of the agent's."""
    with UploadState(bus.directory.uploads, 1) as state:
        for receipt in receipts:
            state.record_voice(receipt)
    key, before = bus.authority.receipt.public_key, kept(bus)
    deadline = time.monotonic() + 1
    with JournalUpkeep(terminal.desk.journal, bus.directory.uploads, lambda: key, checkpoint_seconds=0.05):
        while kept(bus) == before and time.monotonic() < deadline:
            time.sleep(0.02)
    return kept(bus)


def test_what_the_centre_signed_for_is_let_go_and_nothing_else(bus: Enrolled, terminal: Terminal) -> None:
    first, second = (left_speaking(bus, terminal, wav()) for _ in range(2))
    before = kept(bus)
    after = upkept(bus, terminal, receipt_for(before[first], bus.authority.receipt))
    assert after == {second: before[second]}
    assert before[first][-200:] not in bus.directory.journal.read_bytes()


def test_no_other_word_lets_a_recording_go(bus: Enrolled, terminal: Terminal) -> None:
    for lies in ({"digest": bytes(32)}, {"epoch": 2}, {"terminal": bytes(8)}):
        left_speaking(bus, terminal, wav(0.05))
        sequence = max(kept(bus))
        receipt = receipt_for(kept(bus)[sequence], bus.authority.receipt, **lies)
        assert sequence in upkept(bus, terminal, receipt)
    left_speaking(bus, terminal, wav(0.05))
    last = max(kept(bus))
    assert last in upkept(bus, terminal, receipt_for(kept(bus)[last], PrivateKey.generate()))
