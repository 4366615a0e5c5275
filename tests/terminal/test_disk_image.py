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
from terminal.content.manifest import LIST_BASE, LIST_DELTA, list_file
from terminal.data_directory import TERMINAL_KEY
from terminal.events.event import SealedEvidence, UsageEvent
from terminal.hotlist.building import Issued
from terminal.hotlist.card_hash import mix
from terminal.hotlist.standing_list import StandingList
from terminal.hotlist.standing_list_building import build_list, build_list_delta
from terminal.journal.reader import JournalReader
from terminal.tap import tap
from tests.card.full_cards import FILES, PHOTO, SECRETS
from tests.terminal.enrolled import Enrolled, SetClock, chip, enrol
from tests.terminal.hotlists import members_of, rules_asking

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


def _events(bus: Enrolled) -> list[UsageEvent]:
    with JournalReader(bus.directory.journal) as journal:
        return [UsageEvent.from_bytes(one.data) for one in journal.events(0, 10)]


def test_no_name_number_photo_card_or_key_is_on_it(stolen: Stolen) -> None:
    credentials, image = stolen.credentials, stolen.image
    for credential in credentials:
        for trace in (credential.card_id, credential.card_key.point[1:], credential.signature):
            assert trace not in image
            assert trace.hex().encode() not in image.lower()
    for secret in (PHOTO[:64], *SECRETS):
        assert secret not in image


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
    last = _events(bus)[-1]
    body, tag = last.sealed[:-TAG_BYTES], last.sealed[-TAG_BYTES:]
    for start in range(len(image) - 16):
        decryptor = Cipher(SM4(image[start : start + 16]), GCM(bytes(12), tag)).decryptor()
        decryptor.authenticate_additional_data(last.seal_context())
        decryptor.update(body)
        with pytest.raises(InvalidTag):
            decryptor.finalize()
    with pytest.raises(SealBroken):
        own = bus.directory.keystore.load(TERMINAL_KEY)
        SegmentOpener(own, _events(bus)[0].segment_header)


def test_no_bytes_of_it_link_a_card_to_its_taps(stolen: Stolen) -> None:
    bus, credentials, image = stolen.bus, stolen.credentials, stolen.image
    references = {event.holder_ref for event in _events(bus)}
    assert len(references) == len(CATEGORIES)
    for length in (16, 32):
        for start in range(len(image) - length):
            tried = hmac_sm3(image[start : start + length], credentials[0].card_id)
            assert tried[:16] not in references


def test_the_centre_and_nobody_else_reads_it(stolen: Stolen) -> None:
    bus, credentials = stolen.bus, stolen.credentials
    events = _events(bus)
    opener = SegmentOpener(bus.center, events[0].segment_header)
    opened = [
        SealedEvidence.from_bytes(opener.open(event.index, event.sealed, event.seal_context()))
        for event in events
    ]
    assert [one.credential for one in opened] == [one.to_bytes() for one in credentials]
    with pytest.raises(SealBroken):
        SegmentOpener(PrivateKey.generate(), events[0].segment_header)
