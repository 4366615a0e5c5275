"""Everything by keyboard alone, everything by touch alone, and what assistive technology is told."""

from __future__ import annotations

from PyQt6.QtCore import QPoint, Qt
from PyQt6.QtTest import QTest
from PyQt6.QtWidgets import QLabel, QPushButton, QWidget

from card.errors import ReaderGone
from crypto.explained import Language
from kiosk_ui.look import Preferences
from kiosk_ui.states import Idle, KioskTimes, Phase, ResultShown, TroubleShown
from kiosk_ui.widgets.button import KioskButton
from kiosk_ui.widgets.pictogram_view import PictogramView
from terminal.events.outcome import Outcome
from tests.kiosk_ui.kiosk_help import ScreenOnly, made_result, screen_only, wait_until

Key = Qt.Key


def press(screen: ScreenOnly, *keys: Qt.Key) -> None:
    """Press keys, each on whatever has the focus."""
    for key in keys:
        QTest.keyClick(screen.focused(), key)  # type: ignore[call-overload] # static, whatever PyQt6's stubs say
        screen.settle()


def touch(widget: QWidget, at: QPoint | None = None) -> None:
    """Touch a widget in its middle, or elsewhere."""
    position = widget.rect().center() if at is None else at
    left, alone = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(widget, left, alone, position)  # type: ignore[call-overload] # static too


def show_result(screen: ScreenOnly, outcome: Outcome = Outcome.GRANTED, holder: str = "只给本人") -> None:
    """A tap whose card is gone again."""
    screen.presenter.ready()
    screen.presenter.reading()
    screen.presenter.decided(made_result(outcome, holder=holder))
    screen.presenter.ready()
    screen.settle()


def shown_result(screen: ScreenOnly) -> ResultShown:
    state = screen.presenter.state
    assert isinstance(state, ResultShown)
    return state


def phase(screen: ScreenOnly) -> Phase:
    return screen.presenter.state.phase


def visible_texts(screen: ScreenOnly) -> list[str]:
    return [label.text() for label in screen.window.findChildren(QLabel) if label.isVisible()]


def test_tab_reaches_every_button_and_space_or_enter_presses_it() -> None:
    with screen_only() as screen:
        show_result(screen)
        buttons = {button for button in screen.window.findChildren(QPushButton) if button.isVisible()}
        reached: set[QWidget] = set()
        for _ in range(len(buttons) + 3):
            press(screen, Key.Key_Tab)
            reached.add(screen.focused())
        assert buttons <= reached
        screen.window.result_face.show_details.setFocus()
        press(screen, Key.Key_Space)
        assert shown_result(screen).details
        screen.window.result_face.done.setFocus()
        press(screen, Key.Key_Return)
        assert screen.presenter.state == Idle()


def test_focus_can_be_seen_on_every_button() -> None:
    with screen_only() as screen:
        show_result(screen)
        for button in screen.window.findChildren(KioskButton):
            if not button.isVisible():
                continue
            screen.window.setFocus()
            without = button.grab().toImage()
            button.setFocus()
            assert button.grab().toImage() != without, button.accessibleName()


def test_a_face_reached_by_keyboard_shows_its_focus_and_one_reached_by_touch_does_not() -> None:
    with screen_only() as screen:
        show_result(screen)
        headline = screen.window.result_face.summary.headline
        assert screen.focused() is headline
        by_touch = headline.grab().toImage()
        press(screen, Key.Key_X)
        assert headline.grab().toImage() != by_touch
        touch(screen.window, QPoint(2, 2))
        assert headline.grab().toImage() == by_touch


def test_any_key_gives_more_time() -> None:
    with screen_only(times=KioskTimes(result=8_000, extended=20_000)) as screen:
        show_result(screen)
        screen.clock.now = 5_000
        press(screen, Key.Key_X)
        assert shown_result(screen).until_ms == 25_000
        screen.clock.now = 6_000
        press(screen, Key.Key_Tab)
        assert shown_result(screen).until_ms == 26_000
        assert any("20 秒" in text for text in visible_texts(screen))


def test_the_more_time_button_and_any_touch_give_more_time() -> None:
    with screen_only(times=KioskTimes(result=8_000, extended=20_000)) as screen:
        show_result(screen)
        screen.clock.now = 1_000
        touch(screen.window.result_face.more_time)
        assert shown_result(screen).until_ms == 21_000
        screen.clock.now = 2_000
        touch(screen.window, QPoint(2, 2))
        assert shown_result(screen).until_ms == 22_000


def test_d_shows_details_and_hides_them_again() -> None:
    with screen_only() as screen:
        show_result(screen, Outcome.NOT_ELIGIBLE, holder="只给本人")
        assert not any("只给本人" in text for text in visible_texts(screen))
        press(screen, Key.Key_D)
        assert {"只给本人", "您可以只给本人"} <= set(visible_texts(screen))
        assert screen.focused() is screen.window.result_face.details.holder
        press(screen, Key.Key_D)
        assert not any("只给本人" in text for text in visible_texts(screen))


def test_escape_is_done_and_asks_for_a_forgotten_card() -> None:
    with screen_only() as screen:
        screen.presenter.decided(made_result())
        press(screen, Key.Key_Escape)
        assert phase(screen) is Phase.TAKE_CARD
        screen.presenter.ready()
        assert phase(screen) is Phase.IDLE
        press(screen, Key.Key_Escape)
        assert screen.window.isVisible(), "nobody closes a kiosk with Esc"


def test_one_key_each_changes_language_contrast_text_and_movement() -> None:
    with screen_only(Preferences()) as screen:
        screen.presenter.ready()
        press(screen, Key.Key_L, Key.Key_C, Key.Key_T, Key.Key_M)
        assert screen.window.look.preferences == Preferences(Language.EN, True, True, True)
        assert "Tap your card" in visible_texts(screen)
        press(screen, Key.Key_L, Key.Key_C, Key.Key_T, Key.Key_M)
        assert screen.window.look.preferences == Preferences()
        assert "请刷卡" in visible_texts(screen)


def test_a_result_changes_its_language_while_it_is_shown() -> None:
    with screen_only() as screen:
        show_result(screen)
        press(screen, Key.Key_L)
        assert "Discount applied" in visible_texts(screen)
        assert any(text.startswith("Clears in") for text in visible_texts(screen))


def test_movement_stops_when_it_is_not_wanted_or_not_seen() -> None:
    with screen_only(Preferences()) as screen:
        screen.presenter.ready()
        card = screen.window.idle_face.findChildren(PictogramView)[0]
        assert card.moves
        press(screen, Key.Key_M)
        assert not card.moves
        press(screen, Key.Key_M)
        assert card.moves
        screen.presenter.reading()
        assert not any(view.moves for view in screen.window.findChildren(PictogramView))


def test_companions_are_chosen_by_digit_or_by_touch_for_one_tap() -> None:
    with screen_only() as screen:
        screen.presenter.ready()
        press(screen, Key.Key_3)
        assert screen.party.take() == 3
        assert screen.party.take() == 0
        screen.presenter.reading()
        screen.presenter.ready()
        fewer, more = screen.window.idle_face.findChildren(KioskButton)
        for _ in range(11):
            touch(more)
        touch(fewer)
        assert screen.party.take() == 8


def test_choices_of_one_person_are_gone_when_nobody_is_there() -> None:
    with screen_only(times=KioskTimes(absence=40)) as screen:
        screen.presenter.ready()
        press(screen, Key.Key_2, Key.Key_L)
        absent = Preferences(still=True)
        wait_until(lambda: screen.window.look.preferences == absent, screen.window.windowTitleChanged)
        assert screen.party.take() == 0


def test_screen_readers_are_told_what_happened_and_how_long_it_stays() -> None:
    with screen_only() as screen:
        screen.presenter.ready()
        assert isinstance(screen.focused(), QLabel)
        assert screen.focused().property("text") == "请刷卡"
        show_result(screen)
        headline = screen.window.result_face.summary.headline
        assert screen.focused() is headline
        assert headline.text() == "优惠已生效"
        assert headline.accessibleDescription() == "应付 ¥0.00 本页 15 秒后自动清除，按任意键可延长。"
        screen.presenter.troubled(ReaderGone(reader="R"))
        assert isinstance(screen.presenter.state, TroubleShown)
        assert "CRD-101" in screen.focused().accessibleDescription()


def test_a_resized_window_tells_screen_readers_the_same() -> None:
    with screen_only() as screen:
        show_result(screen, Outcome.GRANTED_WITH_COMPANION)
        headline = screen.window.result_face.summary.headline
        before = headline.accessibleDescription()
        assert "应付 ¥1.00" in before
        font = headline.font()
        screen.window.resize(1280, 800)
        screen.settle()
        assert headline.font() != font, "everything was laid out anew"
        assert headline.accessibleDescription() == before
        screen.presenter.ready()
        press(screen, Key.Key_Escape)
        screen.window.resize(1080, 1920)
        screen.settle()
        assert headline.accessibleDescription() == ""


def test_every_button_tells_what_it_does_in_both_languages() -> None:
    with screen_only() as screen:
        show_result(screen)
        names = {}
        for language in (Language.ZH, Language.EN):
            buttons = screen.window.findChildren(KioskButton)
            names[language] = [
                (button.accessibleName(), button.accessibleDescription()) for button in buttons
            ]
            assert all(name and what for name, what in names[language])
            press(screen, Key.Key_L)
        assert not set(names[Language.ZH]) & set(names[Language.EN])
