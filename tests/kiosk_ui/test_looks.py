"""Contrast, sizes and fonts: computed, not believed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PyQt6.QtGui import QColor, QFontInfo, QFontMetricsF

from crypto.explained import Language
from kiosk_ui.fonts import chinese_family, font
from kiosk_ui.gallery import SCREENS, Screen
from kiosk_ui.measures import ASSUMED_DPI, MM_PER_INCH, Measures, TextRole, believed
from kiosk_ui.theme import HIGH_CONTRAST, STANDARD, Theme


def luminance(colour: str) -> float:
    """WCAG 2.2, "relative luminance"."""
    parts = [part / 255 for part in (QColor(colour).red(), QColor(colour).green(), QColor(colour).blue())]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, "contrast ratio"."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_wcag_does() -> None:
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # W3C's well-known example


@pytest.mark.parametrize("theme", [STANDARD, HIGH_CONTRAST], ids=["standard", "high-contrast"])
def test_text_and_lines_have_the_contrast_people_need(theme: Theme) -> None:
    assert {pair: contrast(*pair) for pair in theme.text_pairs() if contrast(*pair) < 7} == {}
    assert {pair: contrast(*pair) for pair in theme.line_pairs() if contrast(*pair) < 7} == {}


def test_high_contrast_is_higher() -> None:
    lowest = [min(contrast(*pair) for pair in theme.text_pairs()) for theme in (STANDARD, HIGH_CONTRAST)]
    assert lowest[1] > lowest[0]


@pytest.mark.parametrize("screen", SCREENS, ids=lambda screen: screen.name)
@pytest.mark.parametrize("role", list(TextRole))
def test_letters_are_as_high_on_the_glass_as_promised(screen: Screen, role: TextRole) -> None:
    heights = {}
    for large in (False, True):
        measures = Measures.of_window(screen.width, screen.height, screen.dots_per_inch, large)
        pixels = QFontMetricsF(font(chinese_family(), measures, role)).capHeight()
        heights[large] = pixels / screen.dots_per_inch * MM_PER_INCH
    assert heights[False] >= 4.8
    assert heights[True] > heights[False]


@pytest.mark.parametrize(
    ("reported", "used"), [(96.0, 96.0), (0.0, ASSUMED_DPI), (7.0, ASSUMED_DPI), (2e4, ASSUMED_DPI)]
)
def test_a_screen_that_lies_about_its_size_is_not_believed(reported: float, used: float) -> None:
    assert believed(reported) == used


def test_the_font_chosen_is_the_font_drawn() -> None:
    family = chinese_family()
    measures = Measures.of_window(1280, 800, 149, large_text=False)
    for role in TextRole:
        drawn = font(family, measures, role)
        assert QFontInfo(drawn).family() == family
        assert all(QFontMetricsF(drawn).inFont(character) for character in "残疾证¥，“0A")


def test_without_a_chinese_font_the_kiosk_says_so(tmp_path: Path) -> None:
    configuration = tmp_path / "fonts.conf"
    configuration.write_text(f"<fontconfig><dir>{tmp_path}</dir><cachedir>{tmp_path}</cachedir></fontconfig>")
    ended = subprocess.run(
        [Path(sys.executable).with_name("tongka"), "kiosk", "pictures", "--out", tmp_path],
        env={**os.environ, "FONTCONFIG_FILE": str(configuration), "TONGKA_LANG": Language.EN},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert "KSK-102" in ended.stderr
    assert "fonts-noto-cjk" in ended.stderr
