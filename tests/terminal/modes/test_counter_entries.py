"""What goes into a counter from outside: entries, notes that the centre opens, and pictures from cards."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from PIL import Image

from crypto.assurance import Assurance
from crypto.explained import Language
from crypto.sm3 import sm3
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


SALT: Final = bytes(range(16))
_WRITTEN: Final = '"AAECAwQFBgcICQoLDA0ODw=="'


def _note(about: tuple[Purpose, str | None], **others: Any) -> CounterNote:
    return CounterNote(salt=SALT, purpose=about[0], service=about[1], **others)


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


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("P Y", Check(photo=EyeCheck.MATCHES)),
        ("ｇ　－", Check(companion=EyeCheck.NOT_CHECKED)),
        ("a cert-renew １ 3", Register("CERT-RENEW", Purpose.APPLICATION, (0, 2))),
    ],
)
def test_what_an_input_method_makes_of_it_is_the_same_order(text: str, order: object) -> None:
    assert typed_order(text) == order


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        *(("q", "word 1"), ("王小明", "word 1"), ("p", "word 2"), ("p x", "word 2"), ("a", "word 2")),
        *(("a 不", "word 2"), ("a CERT-RENEW 1 x", "word 4"), ("a CERT-RENEW 0", "word 3")),
        *(("a CERT-RENEW 1_0", "word 3"), ("a CERT-RENEW 1 +2", "word 4")),
    ],
)
def test_which_part_of_a_typed_line_is_wrong_is_said_and_not_what_stands_there(text: str, wrong: str) -> None:
    with pytest.raises(EntryRefused) as refused:
        typed_order(text)
    said = refused.value.explain(Language.EN)
    assert wrong in said.cause and "王小明" not in f"{said}"


def test_which_member_of_a_program_s_order_is_wrong_is_said() -> None:
    with pytest.raises(EntryRefused) as refused:
        json_order('{"do": "check", "visit": 1, "photo": "王小明"}')
    assert "photo" in refused.value.explain(Language.EN).cause
    assert "王小明" not in str(refused.value)


@given(NOTES)
def test_every_note_fits_into_an_event_and_comes_back(note: CounterNote) -> None:
    assert len(note.to_words()) <= MAX_WORDS
    assert CounterNote.from_words(note.to_words()) == note


def test_the_longest_note_fits() -> None:
    longest = CounterNote(
        salt=SALT,
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
    for purpose, service in ((Purpose.COMPARISON, "X"), (Purpose.APPLICATION, None)):
        with pytest.raises(ValueError, match="about"):
            CounterNote(salt=SALT, purpose=purpose, service=service)
    for about in ('"comparison","X"', '"application",null'):
        with pytest.raises(EventMalformed):
            CounterNote.from_words(_written(about))


def _written(about: str = '"visit","X"', documents: str = "[]", photo: str = '"matches"') -> str:
    """A note as it stands in an event, these parts of it as given."""
    return f'["note",{_WRITTEN},{about},{documents},{photo},"not_checked",0,"none"]'


def test_a_note_is_written_as_documented() -> None:
    note = CounterNote(salt=SALT, purpose=Purpose.VISIT, service="X", photo=EyeCheck.MATCHES)
    assert note.to_words() == _written()
    assert CounterNote.from_words(_written()) == note


def test_what_the_card_signs_for_a_note_is_as_documented() -> None:
    note = CounterNote.from_words(_written())
    assert note.commitment(7) == sm3(b"TONGKA-NOTE\x01" + bytes(5) + b"\x07" + _written().encode())[:8]
    others = [note.commitment(8), structs.replace(note, salt=bytes(16)).commitment(7)]
    others.append(structs.replace(note, service="Y").commitment(7))
    assert len({note.commitment(7), *others}) == 4


@pytest.mark.parametrize(
    "words",
    [
        "",
        "again",  # an attendance desk's
        "{}",
        _written(documents="[1,0]"),
        _written(documents="[1,1]"),
        _written(documents="[20]"),
        _written(about='"visit","名"'),
        _written(about='"theft","X"'),
        _written(photo="true"),
        _written().replace(_WRITTEN, '"AAAA"'),
        _written().replace(_WRITTEN, '"AAECAwQFBgcICQoLDA0ODx=="'),  # the same salt, written otherwise
        _written() + " ",
        _written().removesuffix(',0,"none"]') + "]",
        _written()[:-1] + ',"x"]',
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
