"""Every face, in every language and style, on both screens: it fits, it is drawn, and it keeps quiet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest
from PyQt6.QtCore import QRect
from PyQt6.QtGui import QImage
from PyQt6.QtWidgets import QLabel, QPushButton, QScrollArea, QWidget

from crypto.explained import Language, Text
from kiosk_ui import gallery
from kiosk_ui.gallery import LANDSCAPE, PORTRAIT, SCREENS, STYLES, Sample, Screen
from kiosk_ui.look import Preferences
from kiosk_ui.measures import MM_PER_INCH, TARGET_MM
from kiosk_ui.states import ResultShown
from kiosk_ui.window import KioskWindow
from terminal.events.outcome import Outcome
from tests.kiosk_ui.kiosk_help import made_result

# As many words and digits as a result can have.
COSTLY = Sample(
    "nine-companions-four-admitted",
    ResultShown(
        made_result(
            Outcome.GRANTED_WITH_COMPANION,
            fare=88_800,
            companions=9,
            holder_pays=44_400,
            companion_pays=44_400,
            companions_admitted=4,
        ),
        15_000,
        15_000,
    ),
    Text(zh="古典园林", en="Classical garden"),
    88_800,
)
SAMPLES = (*gallery.samples(), COSTLY)
LOOKS = [
    (screen, replace(style, language=language, still=True))
    for screen, style, language in product(SCREENS, STYLES.values(), Language)
]
# Kinds and grades of disability, in the words of GB/T 26341 and in those of everyday life.
CATEGORY = re.compile(
    r"视力|听力|言语|肢体|智力|精神|多重|残疾|[盲聋哑]|[一二三四1-4]级|轮椅"
    r"|visual|hearing|speech|physical|intellectual|mental|psych|disab|blind|deaf|grade|wheelchair",
    re.IGNORECASE,
)
# Refusals that bystanders must not be able to tell from each other.
PRIVATE = (
    Outcome.NOT_ELIGIBLE,
    Outcome.EXPIRED,
    Outcome.NOT_YET_VALID,
    Outcome.BLOCKED,
    Outcome.FORGED,
    Outcome.CLONED,
    Outcome.UNKNOWN_ISSUER,
)


def look_id(value: object) -> str:
    if isinstance(value, Screen):
        return value.name
    assert isinstance(value, Preferences)
    return f"{value.language}-{value.high_contrast:d}{value.large_text:d}"


def shown(window: KioskWindow, kind: type[QWidget]) -> Iterator[QWidget]:
    for widget in window.findChildren(kind):
        assert isinstance(widget, QWidget)
        if widget.isVisible():
            yield widget


def place(widget: QWidget, window: QWidget) -> QRect:
    return QRect(widget.mapTo(window, widget.rect().topLeft()), widget.size())


def said(window: KioskWindow) -> str:
    """Everything that can be seen, and everything that assistive technology is told of what is shown."""
    parts = [window.windowTitle()]
    for widget in window.findChildren(QWidget):
        if widget.isVisible():
            parts += [widget.accessibleName(), widget.accessibleDescription(), widget.toolTip()]
        if isinstance(widget, QLabel | QPushButton) and widget.isVisible():
            parts.append(widget.text())
    return "\n".join(parts)


def drawn(outcome: Outcome, details: bool = False, **changes: object) -> QImage:
    state = ResultShown(made_result(outcome, **changes), 8_000, 8_000, details)  # type: ignore[arg-type]
    sample = Sample("made", state, Text(zh="公交", en="bus"), 200)
    return gallery.picture(sample, LANDSCAPE, Preferences(still=True)).toImage()


@pytest.mark.parametrize(("screen", "preferences"), LOOKS, ids=look_id)
def test_every_face_fits_its_screen(screen: Screen, preferences: Preferences) -> None:
    for sample in SAMPLES:
        window = gallery.open_sample(sample, screen, preferences)
        try:
            assert window.size().width() == screen.width, sample.name
            for label in shown(window, QLabel):
                assert isinstance(label, QLabel)
                _assert_label_fits(label, window, sample.name)
            _assert_nothing_overlaps(window, sample.name)
            target = TARGET_MM / MM_PER_INCH * screen.dots_per_inch
            for button in shown(window, QPushButton):
                assert min(button.width(), button.height()) >= target, (sample.name, button.accessibleName())
                assert button.width() >= button.sizeHint().width(), (sample.name, button.accessibleName())
                assert window.rect().contains(place(button, window)), (sample.name, button.accessibleName())
        finally:
            window.close()


def _assert_label_fits(label: QLabel, window: KioskWindow, name: str) -> None:
    scrolled = any(area.isAncestorOf(label) for area in window.findChildren(QScrollArea))
    assert scrolled or window.rect().contains(place(label, window)), (name, label.text())
    if label.wordWrap():
        assert label.heightForWidth(label.width()) <= label.height(), (name, label.text())
        words = re.split(r"[ \n\u3000-\uffff]+", label.text())
        widest = max(label.fontMetrics().horizontalAdvance(word) for word in words)
        assert widest <= label.width(), (name, label.text())
    else:
        assert label.sizeHint().width() <= label.width(), (name, label.text())
        assert label.sizeHint().height() <= label.height(), (name, label.text())


def _assert_nothing_overlaps(window: KioskWindow, name: str) -> None:
    scrolled = [child for area in window.findChildren(QScrollArea) for child in area.findChildren(QWidget)]
    leaves = [*shown(window, QLabel), *shown(window, QPushButton)]
    places = [(place(leaf, window), leaf) for leaf in leaves if leaf not in scrolled]
    for index, (one, leaf) in enumerate(places):
        for other, other_leaf in places[index + 1 :]:
            assert not one.intersects(other), (name, leaf.accessibleName(), other_leaf.accessibleName())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_every_face_is_drawn_in_its_colours(sample: Sample) -> None:
    for style in (STYLES["normal"], STYLES["high-contrast"]):
        image = gallery.picture(sample, LANDSCAPE, replace(style, still=True)).toImage()
        colours = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
        assert len(colours) > 20, "letters have smooth edges"
        corner = image.pixelColor(1, 1).name()
        assert corner == ("#000000" if style.high_contrast else "#ffffff")


@pytest.mark.parametrize("language", list(Language))
def test_default_faces_say_nothing_of_a_category(language: Language) -> None:
    for sample in SAMPLES:
        if isinstance(sample.state, ResultShown) and sample.state.details:
            continue
        window = gallery.open_sample(sample, PORTRAIT, Preferences(language, still=True))
        try:
            assert CATEGORY.findall(said(window)) == [], sample.name
        finally:
            window.close()


def test_the_search_for_category_words_finds_them() -> None:
    state = ResultShown(made_result(holder="视力一级免费"), 8_000, 8_000, details=True)
    window = gallery.open_sample(
        Sample("made", state, Text(zh="公交", en="bus"), 200), PORTRAIT, Preferences()
    )
    try:
        assert {"视力", "一级"} <= set(CATEGORY.findall(said(window)))
    finally:
        window.close()


@pytest.mark.parametrize("outcome", PRIVATE)
def test_whoever_stands_by_sees_the_same_for_every_private_reason(outcome: Outcome) -> None:
    assert drawn(outcome, holder=f"理由{outcome}") == drawn(Outcome.EXPIRED, holder="别的理由")


@pytest.mark.parametrize("outcome", PRIVATE)
def test_private_reasons_look_the_same_for_a_party_too(outcome: Outcome) -> None:
    one = drawn(outcome, holder=f"理由{outcome}", companions=3)
    assert one == drawn(Outcome.EXPIRED, holder="别的理由", companions=3)
    assert one != drawn(outcome, companions=2), "what the party pays is there to be seen"


PARTIES = {
    "result-granted-3-companions-none-admitted": {
        Language.ZH: {"应付 ¥6.00", "持卡人 ¥0.00；同行 3 人 × ¥2.00"},
        Language.EN: {"To pay ¥6.00", "Holder ¥0.00; Companions 3 × ¥2.00"},
    },
    "result-granted-3-companions-1-admitted": {
        Language.ZH: {"应付 ¥140.00", "持卡人 ¥0.00；同行 1 人 × ¥0.00；其余 2 人 × ¥70.00"},
        Language.EN: {"To pay ¥140.00", "Holder ¥0.00; Companions 1 × ¥0.00; Others 2 × ¥70.00"},
    },
    "result-expired-3-companions": {
        Language.ZH: {"应付 ¥8.00", "持卡人 ¥2.00；同行 3 人 × ¥2.00"},
        Language.EN: {"To pay ¥8.00", "Holder ¥2.00; Companions 3 × ¥2.00"},
    },
}


@pytest.mark.parametrize("name", PARTIES)
@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("screen", SCREENS, ids=look_id)
def test_a_party_sees_its_total_and_who_of_it_pays_what(
    name: str, language: Language, screen: Screen
) -> None:
    (sample,) = (sample for sample in SAMPLES if sample.name == name)
    window = gallery.open_sample(sample, screen, Preferences(language, still=True))
    try:
        joint = "；" if language is Language.ZH else "; "
        texts = {
            label.text().replace("\u00a0", " ").replace("\n", joint)
            for label in window.findChildren(QLabel)
            if label.isVisible()
        }
        assert PARTIES[name][language] <= texts
    finally:
        window.close()


def test_one_alone_is_not_told_of_companions() -> None:
    (sample,) = (sample for sample in SAMPLES if sample.name == "result-granted")
    window = gallery.open_sample(sample, PORTRAIT, Preferences(still=True))
    try:
        assert "应付 ¥0.00" in said(window)
        assert "持卡人" not in said(window)
    finally:
        window.close()


@pytest.mark.parametrize("name", ["trouble", "result-foreign_card"])
@pytest.mark.parametrize("language", list(Language))
def test_whom_the_kiosk_can_not_serve_is_sent_to_the_staff(name: str, language: Language) -> None:
    (sample,) = (sample for sample in SAMPLES if sample.name == name)
    window = gallery.open_sample(sample, LANDSCAPE, Preferences(language, still=True))
    try:
        hint = {Language.ZH: "向工作人员出示证件", Language.EN: "show your certificate to the staff"}
        labels = [label for label in window.findChildren(QLabel) if label.isVisible()]
        (shown_hint,) = (label for label in labels if hint[language] in label.text())
        code = [label for label in labels if "CRD-104" in label.text()]
        assert len(code) == (name == "trouble")
        for label in code:
            assert label.font().pixelSize() < shown_hint.font().pixelSize()
            assert place(label, window).top() > place(shown_hint, window).bottom()
    finally:
        window.close()


def test_whoever_stands_by_sees_the_same_for_every_rule() -> None:
    assert drawn(Outcome.GRANTED, holder="视力一级") == drawn(Outcome.GRANTED, holder="智力四级")
    assert drawn(Outcome.GRANTED, details=True, holder="视力一级") != drawn(
        Outcome.GRANTED, details=True, holder="智力四级"
    )


def test_what_people_act_on_looks_different() -> None:
    faces = [
        drawn(outcome)
        for outcome in (
            Outcome.GRANTED,
            Outcome.GRANTED_WITH_COMPANION,
            Outcome.EXPIRED,
            Outcome.UNREADABLE,
            Outcome.FOREIGN_CARD,
        )
    ]
    for index, face in enumerate(faces):
        assert face not in faces[index + 1 :]


def test_signs_differ_without_their_colours() -> None:
    faces = [
        drawn(outcome).convertToFormat(QImage.Format.Format_Grayscale8).copy(0, 120, 400, 400)
        for outcome in (Outcome.GRANTED, Outcome.EXPIRED, Outcome.UNREADABLE, Outcome.FOREIGN_CARD)
    ]
    outlines = [face.convertToFormat(QImage.Format.Format_Mono) for face in faces]
    for index, outline in enumerate(outlines):
        assert outline not in outlines[index + 1 :]


def test_the_details_of_a_benefit_say_what_must_be_seen_to_soon() -> None:
    reminder = Text(zh="请在本月内办理年审", en="Please have it reviewed this month")
    plain = drawn(Outcome.GRANTED, details=True)
    assert drawn(Outcome.GRANTED, details=True, reminder=reminder) != plain
    # It is nobody's business who sees the result alone.
    assert drawn(Outcome.GRANTED, reminder=reminder) == drawn(Outcome.GRANTED)
