"""What goes into a counter from outside: entries, notes that the centre opens, and pictures from cards."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from card.card_reading import Assurance
from terminal.events.challenge import MAX_SEQUENCE
from terminal.events.errors import EventMalformed
from terminal.events.event import MAX_WORDS, SEALED_BLOCK_BYTES, SealedEvidence
from terminal.modes.counter_errors import EntryRefused
from terminal.modes.counter_note import MAX_DOCUMENTS, CounterNote, EyeCheck, Purpose
from terminal.modes.counter_orders import Check, ListDocuments, Register, json_order, typed_order
from terminal.modes.photo_lines import COLUMNS, photo_lines
from tests.terminal.modes.counter_cast import COMPANION_PHOTO, PHOTO, jpeg

_ABOUT = st.one_of(
    st.just((Purpose.COMPARISON, None)),
    st.tuples(
        st.sampled_from(sorted(set(Purpose) - {Purpose.COMPARISON})),
        st.from_regex(r"[A-Z0-9][A-Z0-9-]{0,11}", fullmatch=True),
    ),
)


def _note(about: tuple[Purpose, str | None], **others: Any) -> CounterNote:
    return CounterNote(purpose=about[0], service=about[1], **others)


NOTES = st.builds(
    _note,
    _ABOUT,
    documents=st.sets(st.integers(0, MAX_DOCUMENTS - 1)).map(lambda found: tuple(sorted(found))),
    photo=st.sampled_from(EyeCheck),
    companion=st.sampled_from(EyeCheck),
    companion_tap=st.integers(0, MAX_SEQUENCE),
    data=st.sampled_from(Assurance),
)


@given(st.text(max_size=60))
def test_any_entry_is_an_order_or_refused(text: str) -> None:
    read: Callable[[str], object]
    for read in (typed_order, json_order):
        try:
            order = read(text)
        except EntryRefused:
            continue
        assert isinstance(order, Check | ListDocuments | Register)


@pytest.mark.parametrize(
    "text",
    [
        '{"do": "check", "visit": 1}',
        '{"do": "check", "photo": "matches"}',
        '{"do": "check", "visit": 0, "photo": "matches"}',
        '{"do": "register", "service": "CERT-RENEW"}',
        '{"do": "register", "visit": 1, "service": "CERT-RENEW", "purpose": "comparison"}',
        '{"do": "register", "visit": 1, "service": "CERT-RENEW", "documents": [20]}',
        '{"do": "register", "visit": 1, "service": "CERT-RENEW", "name": "x"}',
        '{"do": "register", "visit": 1, "service": "不"}',
        '{"do": "show"}',
        "[]",
    ],
)
def test_a_program_s_order_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(EntryRefused):
        json_order(text)


@given(NOTES)
def test_every_note_fits_into_an_event_and_comes_back(note: CounterNote) -> None:
    assert len(note.to_words()) <= MAX_WORDS
    assert CounterNote.from_words(note.to_words()) == note


def test_the_longest_note_fits() -> None:
    longest = CounterNote(
        purpose=Purpose.APPLICATION,
        service="A" * 12,
        documents=tuple(range(MAX_DOCUMENTS)),
        photo=EyeCheck.NOT_CHECKED,
        companion=EyeCheck.NOT_CHECKED,
        companion_tap=MAX_SEQUENCE,
        data=Assurance.ISSUER,
    )
    assert 150 < len(longest.to_words()) <= MAX_WORDS
    # No longer than a visit about which nothing was written down.
    evidence = SealedEvidence(bytes(156), 2**32 - 1, bytes(64), "", "", words=longest.to_words())
    assert len(evidence.to_bytes()) == SEALED_BLOCK_BYTES


def test_a_comparison_is_about_no_service_and_all_else_about_one() -> None:
    for words in ('{"purpose":"comparison","service":"X"}', '{"purpose":"application"}'):
        with pytest.raises(EventMalformed):
            CounterNote.from_words(words)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "again",  # an attendance desk's
        "{}",
        '{"purpose":"visit","service":"X","documents":[1,0]}',
        '{"purpose":"visit","service":"X","documents":[1,1]}',
        '{"purpose":"visit","service":"X","documents":[20]}',
        '{"purpose":"visit","name":"x"}',
        '{"purpose":"theft"}',
        '{"purpose":"visit","photo":true}',
        "\ud800",
    ],
)
def test_words_that_are_no_note_are_refused(words: str) -> None:
    with pytest.raises(EventMalformed):
        CounterNote.from_words(words)


@given(st.text(max_size=MAX_WORDS))
def test_any_words_are_a_note_or_refused(words: str) -> None:
    try:
        note = CounterNote.from_words(words)
    except EventMalformed:
        return
    assert isinstance(note, CounterNote)


# --- pictures -----------------------------------------------------------------------------------------


def greys(lines: tuple[str, ...]) -> list[int]:
    """The upper half of each cell, row by row."""
    return [int(cell.split(";")[2]) - 232 for line in lines for cell in line.split("\x1b[38")[1:]]


def test_a_photo_keeps_its_proportions_and_shades() -> None:
    lines = photo_lines(PHOTO)
    assert len(lines) == round(COLUMNS * 160 / 120 / 2)
    assert {line.count("▀") for line in lines} == {COLUMNS}
    middle = len(lines) // 2 * COLUMNS + COLUMNS // 2
    # As light around it as it was drawn; the face of the one darker than that of the other.
    assert greys(lines)[0] == 230 * 24 // 256
    assert abs(greys(lines)[middle] - 40 * 24 // 256) <= 1
    assert abs(greys(photo_lines(COMPANION_PHOTO))[middle] - 120 * 24 // 256) <= 1


def test_what_is_no_photo_or_a_bomb_gives_no_lines() -> None:
    png = io.BytesIO()
    Image.new("L", (10, 10)).save(png, "PNG")
    huge = bytearray(jpeg(40, (64, 64)))
    height = huge.index(b"\xff\xc0") + 5
    huge[height : height + 4] = b"\xff\xff\xff\xff"  # as if it were 65,535 × 65,535
    for data in (b"", b"\xff\xd8\xff\xd9", png.getvalue(), bytes(huge), jpeg(40, (41, 400)), PHOTO[:300]):
        assert photo_lines(data) == ()


@given(st.data())
def test_a_spoilt_photo_is_shown_or_not_and_breaks_nothing(data: st.DataObject) -> None:
    spoilt = bytearray(PHOTO)
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    for line in photo_lines(spoilt[: data.draw(st.integers(0, len(spoilt)))]):
        assert line.endswith("\x1b[0m")
        assert line.isprintable() or "\n" not in line


@given(st.binary(max_size=200))
def test_any_bytes_are_a_picture_or_none(data: bytes) -> None:
    assert isinstance(photo_lines(b"\xff\xd8" + data + b"\xff\xd9"), tuple)
