"""A terminal's whole disk in the hands of somebody who has every card's id: it tells nobody's name or needs.

The attacker has all files (the terminal's own key, unprotected as tests have it, among them), knows the cards
that may have tapped, and tries every run of bytes on the disk as a key.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from card.simulator.boards.link import InProcessConnection
from card.simulator.issuing.personalisation import Holder
from crypto.credential import TapCredential
from crypto.errors import SealBroken
from crypto.sealing import TAG_BYTES, SegmentOpener
from crypto.sm2 import PrivateKey
from crypto.sm3 import hmac_sm3
from terminal.assembly import open_terminal
from terminal.content.manifest import ANSWERS, LIST_BASE, LIST_DELTA, list_file
from terminal.data_directory import TERMINAL_KEY
from terminal.events.event import SealedEvidence
from terminal.events.voice import SealedVoice
from terminal.hotlist.building import Issued
from terminal.hotlist.card_hash import mix
from terminal.hotlist.standing_list import StandingList
from terminal.hotlist.standing_list_building import build_list, build_list_delta
from terminal.journal.reader import JournalReader
from terminal.needs.answers import answer_secret, seal_answers
from terminal.needs.contents import Relation, need, rating
from terminal.needs.leaving import leave_need, rate
from terminal.tap import tap
from tests.card.full_cards import FILES, PHOTO, SECRETS
from tests.terminal.enrolled import Enrolled, SetClock, chip, enrol
from tests.terminal.hotlists import members_of, rules_asking
from tests.terminal.needs.cast import ANSWER, asked, tapped
from tests.terminal.needs.recordings import wav

CATEGORIES = (1, 4, 5)
SINCE, UNTIL = date(2026, 1, 1), date(2035, 12, 31)


@dataclass(frozen=True)
class Stolen:
    """A terminal at which three people tapped, their credentials, and every byte on its disk."""

    bus: Enrolled
    credentials: list[TapCredential]
    image: bytes


@pytest.fixture
def stolen(tmp_path: Path) -> Stolen:
    """With the power cut in mid-work: write-ahead log, locks and all."""
    bus = enrol(tmp_path / "bus")
    credentials = []
    with open_terminal(bus.directory, SetClock()) as terminal:
        for category in CATEGORIES:
            holder = Holder((category,), 2, "500103", SINCE, UNTIL, FILES)
            card = bus.issuer.personalise(holder)
            credentials.append(TapCredential.from_bytes(card.credential))
            with InProcessConnection(chip(card)) as connection:
                tap(terminal.desk, connection, terminal.request())
        image = _image(bus.directory.path)
        terminal.desk.day_keys.destroy()
    assert b"BUS-1" in image
    return Stolen(bus, credentials, image)


def _image(folder: Path) -> bytes:
    """All files but the public content, one after the other."""
    return b"\x00".join(
        path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "blobs" not in path.parts
    )


def _runs(image: bytes, length: int) -> set[bytes]:
    """Every run of so many bytes, once: most of the journal's log is zeros."""
    return {image[start : start + length] for start in range(len(image) - length + 1)}


def test_no_name_number_photo_card_or_key_is_on_it(stolen: Stolen) -> None:
    credentials, image = stolen.credentials, stolen.image
    for credential in credentials:
        for trace in (credential.card_id, credential.card_key.point[1:], credential.signature):
            assert trace not in image
            assert trace.hex().encode() not in image.lower()
    for secret in (PHOTO[:64], *SECRETS):
        assert secret not in image


WORDS = "轮椅坏了，三楼的老李"


def test_no_word_item_star_or_recording_is_on_it_and_no_bytes_of_it_open_them(tmp_path: Path) -> None:
    """Needs, ratings and answers: with every file, the card's id and every run of bytes tried as a key."""
    bus, recording = enrol(tmp_path / "bus"), wav(0.05)
    with open_terminal(bus.directory, SetClock()) as terminal:
        card = bus.card()
        credential = TapCredential.from_bytes(card.credential)
        rated = tapped(terminal, card)
        with InProcessConnection(chip(card)) as connection:
            leave_need(terminal, connection, need("REHAB-FIX", WORDS, Relation.FAMILY, recording), recording)
            rate(terminal, connection, rated.sequence, rating(1, WORDS))
        bus.put_content(ANSWERS, seal_answers({answer_secret(credential): [ANSWER]}).to_bytes())
        assert asked(terminal, card) == (ANSWER,)
        image = b"\x00".join(one.read_bytes() for one in bus.directory.path.rglob("*") if one.is_file())
        public = bus.files["catalogue.toml"]
        private = image.replace(public, b"")
        answers = terminal.desk.contents.current().answers
        terminal.desk.day_keys.destroy()
    for told in (WORDS, "轮椅坏了", "老李", "family", ANSWER.zh, ANSWER.en, "REHAB-FIX", '"rating"'):
        assert told.encode() not in private
    for start in range(0, len(recording) - 16, 16):
        assert recording[start : start + 16] not in image
    for trace in (credential.card_id, credential.signature, answer_secret(credential)):
        assert trace not in image
    [entry] = answers.entries
    for tried in _runs(private, 16) | _runs(private, 32):
        assert hmac_sm3(tried, b"tag" + answers.salt)[:16] != entry.tag
    with JournalReader(bus.directory.journal) as journal:
        [sequence] = journal.waiting_voices()
        voice = SealedVoice.from_bytes(journal.voice(sequence) or b"")
    assert voice.open(bus.center) == recording
    with pytest.raises(SealBroken):
        SegmentOpener(bus.directory.keystore.load(TERMINAL_KEY), voice.header)


def test_no_card_can_be_read_out_of_its_standing_lists(tmp_path: Path) -> None:
    """Whoever has the disk learns of a card in his hand whether it is on a list, and of no other card."""
    bus = enrol(tmp_path / "bus")
    source = random.Random(3)
    issued = Issued.of({source.randbytes(8): SINCE for _ in range(5_000)})
    cards = [int(card).to_bytes(8) for card in issued.cards]
    members, changed = set(source.sample(cards, 50)), set(source.sample(cards, 50))
    base = build_list("minors", issued, members_of(members), 1, date(2026, 10, 30))
    held = StandingList.from_files("minors", base)
    delta = build_list_delta(held, issued, members_of(changed), 2, date(2026, 11, 1))
    bus.files |= {list_file("minors", LIST_BASE): base, list_file("minors", LIST_DELTA): delta}
    bus.put_content("rules/asking.toml", rules_asking("minors"))
    with open_terminal(bus.directory, SetClock()) as terminal:
        content = terminal.desk.contents.current()
        on = {card for card in cards if content.standing_lists(card, SINCE)}
    assert on == changed
    image = b"\x00".join(path.read_bytes() for path in bus.directory.path.rglob("*") if path.is_file())
    assert base in image
    assert delta in image
    for card in members | changed:
        for form in (card, card[::-1], mix(int.from_bytes(card)).to_bytes(8), card.hex().encode()):
            assert form not in image
    # All that the files hold is shorter than the ids of those who are or were on the list.
    assert len(base) + len(delta) < 8 * len(members | changed)


def test_no_bytes_of_it_open_what_was_sealed(stolen: Stolen) -> None:
    bus, image = stolen.bus, stolen.image
    last = bus.events()[-1]
    body, tag = last.sealed[:-TAG_BYTES], last.sealed[-TAG_BYTES:]
    for tried in _runs(image, 16):
        decryptor = Cipher(SM4(tried), GCM(bytes(12), tag)).decryptor()
        decryptor.authenticate_additional_data(last.seal_context())
        decryptor.update(body)
        with pytest.raises(InvalidTag):
            decryptor.finalize()
    with pytest.raises(SealBroken):
        own = bus.directory.keystore.load(TERMINAL_KEY)
        SegmentOpener(own, bus.events()[0].segment_header)


def test_no_bytes_of_it_link_a_card_to_its_taps(stolen: Stolen) -> None:
    bus, credentials, image = stolen.bus, stolen.credentials, stolen.image
    references = {event.holder_ref for event in bus.events()}
    assert len(references) == len(CATEGORIES)
    for tried in _runs(image, 16) | _runs(image, 32):
        assert hmac_sm3(tried, credentials[0].card_id)[:16] not in references


def test_the_centre_and_nobody_else_reads_it(stolen: Stolen) -> None:
    bus, credentials = stolen.bus, stolen.credentials
    events = bus.events()
    opener = SegmentOpener(bus.center, events[0].segment_header)
    opened = [
        SealedEvidence.from_bytes(opener.open(event.index, event.sealed, event.seal_context()))
        for event in events
    ]
    assert [one.credential for one in opened] == [one.to_bytes() for one in credentials]
    with pytest.raises(SealBroken):
        SegmentOpener(PrivateKey.generate(), events[0].segment_header)
